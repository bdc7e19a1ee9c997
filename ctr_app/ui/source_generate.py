"""Generating a planted table: what is planted is chosen, shown, told in one sentence, and kept secret if wanted."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import streamlit as st

from ..data.catalogue import generator_named
from ..data.errors import InputError
from ..data.settings import Config
from ..data.synthetic import GENERATORS, Generator
from ..data.synthetic.functions import FUNCTIONS
from ..data.synthetic.generators import PAIRS
from ..data.synthetic.pair_settings import CHOSEN, field_names
from . import parts, services, truth_view
from .forms import setting_widget, settings_form
from .state import forget_widgets, state
from .words import _, error_text, plain

# The live sentence and the picture come from so many rows at most.
PREVIEW_ROWS = 20_000
MOST_KEPT = 64


def draw() -> None:
    """The form, and beside it what it would make."""
    family, table = st.columns([3, 2], gap="large")
    with family:
        generator = _choose_generator()
    values = _values(generator)
    form, result = st.columns([3, 2], gap="large")
    with table:
        chosen = values | _first_choices(generator, values)
    with form:
        chosen = _other_choices(generator, chosen)
    if chosen != values:
        state().generator_settings[generator.name] = chosen
        st.rerun()
    with result, st.container(border=True):
        _result(generator, chosen)
    if generator.name in FUNCTIONS and not state().is_secret:
        with form:
            _formula(generator.name)


def _choose_generator() -> Generator:
    """The family, and which of the ten functions."""
    names = {"pairs": _("Planted pairs"), "functions": _("Standard functions F1 to F10")}
    own = state().generator
    family = st.segmented_control(
        _("What is planted"),
        list(names),
        default="pairs" if own == PAIRS else "functions",
        required=True,
        key="generate-family",
        format_func=lambda name: names[name],
    )
    state().generator = _choose_function(own) if family == "functions" else PAIRS
    return generator_named(state().generator)


def _choose_function(own: str) -> str:
    chosen = st.segmented_control(
        _("Function"),
        list(FUNCTIONS),
        default=own if own in FUNCTIONS else "f1",
        required=True,
        key="generate-function",
        format_func=str.upper,
        help=_("Tsang, Cheng and Liu 2018, Table 1: ten variables, and sets of them that interact."),
    )
    return chosen or "f1"


def _values(generator: Generator) -> dict[str, Any]:
    return _defaults(generator) | state().generator_settings.get(generator.name, {})


def _defaults(generator: Generator) -> dict[str, Any]:
    return {described.name: described.default for described in generator.settings.settings()}


def _key(generator: Generator) -> str:
    return f"generate-{generator.name}"


def _first_choices(generator: Generator, values: dict[str, Any]) -> dict[str, Any]:
    """Rows and seed, which every generator has."""
    chosen = {}
    table = [s for s in generator.settings.settings() if s.group == "table"]
    for described, column in zip(table, st.columns(len(table)), strict=True):
        with column:
            chosen[described.name] = setting_widget(
                described, values[described.name], described.default, _key(generator)
            )
    return chosen


def _other_choices(generator: Generator, values: dict[str, Any]) -> dict[str, Any]:
    """All other settings by group; pairs that are chosen by name come from a list."""
    described = tuple(s for s in generator.settings.settings() if s.group != "table" and s.name != "terms")
    chosen = settings_form(described, values, _defaults(generator), _key(generator))
    if chosen.get("layout") == CHOSEN:
        chosen["terms"] = _choose_terms(chosen)
    if st.button(_("Back to defaults"), key="generate-defaults", icon=":material/restart_alt:"):
        _forget(generator)
    return chosen


def _choose_terms(values: dict[str, Any]) -> str:
    """The pairs that interact, from a list of all; a triple can be typed."""
    fields = field_names(values["num_categorical_fields"], values["num_numeric_fields"])
    named = [term.strip() for term in values["terms"].split(",") if term.strip()]
    chosen = st.multiselect(
        _("Pairs that interact"),
        list(dict.fromkeys([*("*".join(pair) for pair in combinations(fields, 2)), *named])),
        default=named,
        key="generate-terms",
        accept_new_options=True,
        placeholder=_("Choose pairs, or type a triple as c1*c2*c3"),
    )
    return ", ".join(chosen)


def _formula(name: str) -> None:
    """The function that is planted, over as many lines as it has."""
    lines = r" \\ &".join(FUNCTIONS[name].formula)
    st.latex(rf"\begin{{aligned}} & {lines} \end{{aligned}}", width="content")


def _forget(generator: Generator) -> None:
    state().generator_settings.pop(generator.name, None)
    for prefix in (_key(generator), "generate-terms"):
        forget_widgets(prefix)
    st.rerun()


def _result(generator: Generator, values: dict[str, Any]) -> None:
    """The picture, the sentence and the button; or why there can be no such table."""
    state().is_secret = st.toggle(
        _("Keep it a secret"),
        value=state().is_secret,
        key="generate-secret",
        help=_("The picture stays without its arcs, here and on the data set, until you reveal them."),
    )
    settings, problem = _settings(generator, values)
    if settings is None:
        st.warning(plain(problem), icon=":material/info:")
    else:
        _preview(generator, settings)
    if st.button(
        _("Generate"),
        key="generate-start",
        type="primary",
        icon=":material/science:",
        disabled=settings is None,
    ):
        assert settings is not None
        _generate(generator, settings)


def _settings(generator: Generator, values: dict[str, Any]) -> tuple[Config | None, str]:
    """The settings that the form asks for; or None and why they cannot be, in a sentence."""
    asked = values if values.get("layout") == CHOSEN else {k: v for k, v in values.items() if k != "terms"}
    try:
        return generator.with_values(asked), ""
    except InputError as error:
        return None, error_text(error)


def _preview(generator: Generator, settings: Config) -> None:
    found = _small_draw(generator.name, settings)
    pairs = [] if state().is_secret else found["pairs"]
    truth_view.picture(found["fields"], pairs, found["correlated"], "generate-picture")
    st.markdown(
        _(
            "**{fields}** fields, **{pairs}** interacting pairs, best reachable AUC **{auc:.2f}**, {rate:.0%} clicks.",
            fields=len(found["fields"]),
            pairs=len(found["pairs"]),
            auc=found["best_auc"],
            rate=found["rate"],
        )
    )


@st.cache_data(max_entries=MOST_KEPT, show_spinner=False)
def _small_draw(name: str, settings: Config) -> dict[str, Any]:
    """The truth of a table with at most PREVIEW_ROWS rows: the same plan, its AUC on fewer rows."""
    few = min(PREVIEW_ROWS, settings.to_json()["rows"])
    generator = GENERATORS[name]
    planted = generator.make(generator.with_values(settings.to_json() | {"rows": few}))
    fields = [column.name for column in planted.schema.fields]
    return planted.truth.to_json() | {"fields": fields, "rate": float(planted.probabilities.mean())}


def _generate(generator: Generator, settings: Config) -> None:
    """Make, store and encode the table; it becomes the session's data set."""
    rows = parts.count(settings.to_json()["rows"])
    with parts.sentences(), st.status(_("Drawing {rows} rows", rows=rows)) as status:
        dataset = services.datasets().add_planted(generator.name, settings)
        status.update(label=_("Encoding {rows} rows", rows=rows))
        dataset.encoded()
        status.update(label=_("{rows} rows are stored", rows=rows), state="complete")
    if state().is_secret:
        truth_view.hide()
    parts.remember_dataset(dataset.id)
