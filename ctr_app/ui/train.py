"""What the Train page draws: the choice of data, model and settings; or the run that is watched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from ..data.errors import InputError
from ..data.store import DataSet
from ..models.registry import FAMILIES
from ..training.config import TrainingConfig
from ..training.device import available_devices
from ..training.launch import configs_for
from ..training.run_store import Run
from . import cost, parts, services, watch
from .forms import settings_form
from .navigation import go_to, link_to
from .state import forget_widgets, state
from .tours import start_run
from .words import _, error_text, plain

PICTURES = Path(__file__).with_name("pictures")
DESCRIPTIONS = {
    "fm": "A vector for every value; two fields interact as far as their vectors agree.",
    "dcn": "Layers that multiply the inputs with each other, beside an ordinary MLP.",
    "din": "Looks at each past item through the eyes of the one on offer.",
}


def draw() -> None:
    """The whole page."""
    run = _run_to_watch()
    if run is not None:
        watch.draw(run)
        return
    st.title(_("Train a model"))
    dataset = _choose_dataset()
    _describe(dataset)
    family = _choose_family()
    values = _values(family)
    plan, problem = _plan(dataset, family, values)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            _("Train"), key="train-start", type="primary", icon=":material/play_arrow:", disabled=plan is None
        )
        if plan is not None:
            cost.draw(plan)
    with st.container():  # there without a problem too, so that the settings below keep their place and stay open
        if problem:
            st.warning(plain(problem), icon=":material/info:")
    with st.expander(_("Settings"), icon=":material/tune:", expanded=False):
        _edit_settings(family, values)
    if pressed:
        with parts.sentences():
            device = values.pop("device", "auto")
            go_to("train", start_run(dataset.id, family, values, device))


def _run_to_watch() -> Run | None:
    """The run in the URL; else the session's own while it lives; else, in a new session, one that is training."""
    store = services.runs()
    wanted = st.query_params.get("run")
    if wanted:
        try:
            return services.run_called(wanted)
        except InputError as error:
            st.warning(plain(error_text(error)), icon=":material/info:")
            return None
    own = state().run_id
    live = [run for run in store.list() if run.status().is_live]
    if own is not None:
        return next((run for run in live if run.id == own), None)
    for run in live[:3]:
        link_to("train", _("Now training: {run}", run=plain(parts.run_label(run))), run, icon=":material/autorenew:")
    return None


def _choose_dataset() -> DataSet:
    found = services.datasets().list()
    usable = {dataset.id: dataset for dataset in found if dataset.preparation is not None}
    if not usable:
        parts.empty_state(_("There is no data yet. Upload a table or take a sample first."), "data", _("Go to Data"))
    ids = list(usable)
    own = state().dataset_id
    chosen = st.selectbox(
        _("Data set"),
        ids,
        index=ids.index(own) if own in usable else 0,
        key="train-dataset",
        format_func=lambda i: usable[i].name + " · " + _("{rows} rows", rows=parts.count(usable[i].rows)),
    )
    parts.remember_dataset(chosen)
    return usable[chosen]


def _describe(dataset: DataSet) -> None:
    assert dataset.preparation is not None
    schema, split = dataset.preparation.schema, dataset.preparation.split
    kinds = {_("numeric"): "numeric", _("categorical"): "categorical", _("history"): "sequence"}
    counts = [(sum(c.role.value == role for c in schema.fields), word) for word, role in kinds.items()]
    fields = ", ".join(f"{number} {word}" for number, word in counts if number)
    method = {
        "random": _("split at random"),
        "time": _("split by time"),
        "files": _("split by the given files"),
        "group": _("split at random, each user's rows together"),
        "equal": _("split at random, equal rows together"),
    }
    st.caption(
        _(
            "Predicts {label}; {fields} fields; {split}.",
            label=plain(schema.target),
            fields=fields,
            split=method[split.method],
        )
    )


def _choose_family() -> str:
    names = list(FAMILIES)
    family = st.segmented_control(
        _("Model"),
        names,
        default=state().family,
        required=True,
        key="train-family",
        format_func=lambda name: FAMILIES[name].title,
    )
    state().family = family or "fm"
    picture, words = st.columns([1, 3], vertical_alignment="center")
    picture.image(PICTURES / f"{state().family}.svg", width=220, alt=_("What this model's picture looks like"))
    words.markdown(f"**{_(FAMILIES[state().family].question)}**  \n{_(DESCRIPTIONS[state().family])}")
    return state().family


def _values(family: str) -> dict[str, Any]:
    """Current values of all settings of the family, defaults under what the user has changed."""
    return _defaults(family) | state().settings.get(family, {})


def _defaults(family: str) -> dict[str, Any]:
    """What suits the family."""
    model, training = configs_for(family, {})
    return vars(model) | vars(training) | {"device": "auto"}


def _edit_settings(family: str, values: dict[str, Any]) -> None:
    settings = FAMILIES[family].config.settings() + TrainingConfig.settings()
    chosen = settings_form(settings, values, _defaults(family), f"train-{family}")
    devices = ("auto", *available_devices())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen["device"] = st.selectbox(
            _("Device"),
            devices,
            index=devices.index(values["device"]),
            key="train-device",
            width=220,
            format_func=lambda device: _("best there is") if device == "auto" else device.upper(),
        )
        st.button(
            _("Back to defaults"), key="train-defaults", icon=":material/restart_alt:", on_click=_forget, args=(family,)
        )
    if chosen != values:
        state().settings[family] = chosen
        st.rerun()


def _forget(family: str) -> None:
    state().settings.pop(family, None)
    forget_widgets(f"train-{family}-")
    forget_widgets("train-device")


def _plan(dataset: DataSet, family: str, values: dict[str, Any]) -> tuple[cost.Plan | None, str]:
    """The training that the settings ask for; or None and why there can be none, in a sentence."""
    try:
        return cost.plan_for(dataset, family, values), ""
    except InputError as error:
        return None, error_text(error)
