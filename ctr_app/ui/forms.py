"""Widgets made from settings objects: one widget per setting, its range, default, unit and help from the setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ..data.errors import InputError
from ..data.settings import Setting
from .words import _, error_text, plain

GROUP_TITLES = {
    "shape": "Shape",
    "learning": "Learning",
    "stopping": "Stopping",
    "fields": "Fields",
    "interactions": "Interactions",
    "labels": "Labels",
    "noise": "Noise and correlation",
}
CHOICE_NAMES = {
    "vector": "vector (DCN-V1)",
    "matrix": "matrix (DCN-V2)",
    "mix": "mix of experts (DCN-Mix)",
    "uniform": "one for all fields",
    "sqrt": "square root of the vocabulary",
    "number": "the number itself",
    "auc": "AUC",
    "prelu": "PReLU",
    "relu": "ReLU",
    "dice": "Dice",
    "disjoint": "disjoint pairs",
    "hub": "a hub and its spokes",
    "chosen": "chosen by name",
    "clicks": "clicks",
    "noise-free": "the probability itself",
}
# Words that mean something else as a choice of these settings.
NAMES_IN = {
    "numeric_embedding": {"auto": "as suits the fields", "vector": "a vector"},
    "first_vectors": {"pairs": "from pairs of fields", "random": "at random"},
}
# Settings that only matter under some values of others.
ONLY_WHEN: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "rank": lambda chosen: chosen["cross"] == "mix",
    "num_experts": lambda chosen: chosen["cross"] == "mix",
    "num_pairs": lambda chosen: chosen["layout"] != "chosen",
    "num_triples": lambda chosen: chosen["layout"] != "chosen",
    "terms": lambda chosen: chosen["layout"] == "chosen",
    "triple_strength": lambda chosen: chosen["layout"] == "chosen" or chosen["num_triples"] > 0,
    "follows": lambda chosen: chosen["correlation"] > 0,
}


def settings_form(
    settings: tuple[Setting, ...], values: Mapping[str, Any], defaults: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """All settings in columns by group; returns the values, with what cannot be used reported under its widget.

    ``values`` are the current ones, ``defaults`` those that suit the family; ``key`` starts the widgets' keys.
    """
    chosen = dict(values)
    groups = [group for group in GROUP_TITLES if any(described.group == group for described in settings)]
    for group, column in zip(groups, st.columns(len(groups)), strict=True):
        with column:
            st.markdown(f"**{_(GROUP_TITLES[group])}**")
            for described in settings:
                if described.group == group and _applies(described, chosen):
                    chosen[described.name] = setting_widget(
                        described, chosen[described.name], defaults[described.name], key
                    )
    return chosen


def choice_name(described: Setting, choice: Any) -> str:
    """One choice of a setting in words."""
    return _((CHOICE_NAMES | NAMES_IN.get(described.name, {})).get(choice, str(choice)))


def label_of(described: Setting) -> str:
    """A setting's name in words, with its unit."""
    words = {"num": "number of", "dim": "size", "mlp": "MLP"}
    name = " ".join(words.get(part, part) for part in described.name.split("_"))
    unit = f" ({_(described.unit)})" if described.unit and described.unit not in name else ""
    return _(name[:1].upper() + name[1:]) + unit


def _applies(described: Setting, chosen: Mapping[str, Any]) -> bool:
    return described.name not in ONLY_WHEN or ONLY_WHEN[described.name](chosen)


def setting_widget(described: Setting, value: Any, default: Any, key: str) -> Any:
    """The widget of one setting, its key beginning with ``key``; returns its value, or the old one if it cannot be."""
    shared: dict[str, Any] = {
        "label": label_of(described),
        "key": f"{key}-{described.name.replace('_', '-')}",
        "help": _help(described, default),
    }
    if described.kind == "choice":
        return st.selectbox(
            **shared,
            options=described.choices,
            index=described.choices.index(value),
            format_func=lambda choice: choice_name(described, choice),
        )
    if described.kind == "bool":
        return st.toggle(**shared, value=value)
    if described.kind == "int":
        return st.number_input(
            **shared,
            value=int(value),
            step=int(described.step or 1),
            min_value=int(described.minimum or 0),
            max_value=int(described.maximum or 2**31 - 1),
        )
    if described.step is not None:
        chosen = st.slider(
            **shared, value=float(value), step=described.step, min_value=described.minimum, max_value=described.maximum
        )
        return round(chosen, 6)
    text = st.text_input(**shared, value=_shown(value))
    try:
        return described.parse(text)
    except InputError as error:
        st.error(plain(error_text(error)))
        return value


def _help(described: Setting, default: Any) -> str:
    """What the setting does, its range where the widget has none of its own, and its default."""
    sentences = [_(described.help)]
    if (
        described.kind in ("float", "sizes")
        and described.step is None
        and described.minimum is not None
        and described.maximum is not None
    ):
        sentences.append(_("From {least} to {most}.", least=f"{described.minimum:g}", most=f"{described.maximum:g}"))
    shown = choice_name(described, default) if described.kind == "choice" else _shown(default)
    return " ".join([*sentences, _("Default: {default}.", default=shown)] if shown else sentences)


def _shown(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
