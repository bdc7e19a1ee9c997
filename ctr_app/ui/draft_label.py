"""Which column of a draft is the label, and which of its values counts as a click."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ..data.correcting import corrected
from ..data.errors import InputError
from ..data.facts import MOST_VALUES, Facts
from ..data.inferring import LABEL_NAMES, guess_positive, infer, judged
from ..data.schema import Corrections, Schema
from . import parts
from .state import Draft, change
from .words import _, plain

# In the choice of the value that counts as a click: none does, the number is the probability itself.
ITSELF = "\0"


def draw(draft: Draft) -> bool:
    """Ask for both; False until they are settled."""
    left, right = st.columns(2)
    with left:
        label = _choose_label(draft)
    if label is None:
        _ask(draft)
        return False
    facts = draft.inference.facts(label)
    if refusal := _why_not(label, facts):
        st.error(refusal)
        return False
    with right:
        positive, is_settled = _choose_positive(draft, label, facts)
    if not is_settled:
        st.error(
            _(
                "{label} has {count} values where two are needed. Choose the one that counts as a click; "
                "the others will be “no click”.",
                label=plain(label),
                count=parts.count(facts.distinct),
            )
        )
        return False
    if draft.schema is None or (draft.schema.label, draft.schema.positive) != (label, positive):
        with parts.sentences():
            settle(draft, label, positive)
    st.caption(_rate(facts, positive))
    return True


def settle(draft: Draft, label: str, positive: str | None) -> None:
    """Give the draft that label, whatever else was said of its columns; ``positive`` None: it is the probability.

    Raises:
        InputError: if the column cannot be the label.
    """
    frame = draft.tables["train"].frame
    said = Corrections(label=label, positive=positive, is_probability=positive is None)
    schema = corrected(frame, replace(draft.inference, schema=draft.schema), said)
    if positive is None:
        draft.inference = judged(frame, replace(draft.inference, schema=schema))
    else:
        draft.inference = infer(frame, label, positive, draft.inference.survey)
    change(draft, schema)


def choose(draft: Draft, label: str) -> None:
    """Make a column the label whose value that counts as a click needs no asking; raises InputError for any other."""
    facts = draft.inference.facts(label)
    if facts.is_probability:
        settle(draft, label, None)
    if facts.distinct != 2:
        raise InputError("Column {name} does not have two values; choose it as the label at the top.", name=label)
    settle(draft, label, guess_positive(sorted(value for value, _rows in facts.top)))


def _choose_label(draft: Draft) -> str | None:
    names = draft.tables["train"].frame.columns
    guess = next((name for name in names if name.lower() in LABEL_NAMES), None)
    current = draft.schema.label if draft.schema else guess
    return st.selectbox(
        _("Which column says whether it was clicked?"),
        names,
        index=names.index(current) if current else None,
        key=f"data-label-{draft.version}",
        format_func=str,
        placeholder=_("Choose the label"),
    )


def _ask(draft: Draft) -> None:
    if draft.inference.label_candidates:
        st.info(_("The label could not be guessed. Choose the column that the model should predict."))
    else:
        st.info(
            _(
                "No column has two values, so none can be the label as it is. Choose a column, then its value. A table "
                "of items or users goes beside one of clicks: bring that one first."
            )
        )


def _why_not(label: str, facts: Facts) -> str | None:
    """Why that column cannot be the label, or None if it can."""
    if facts.distinct < 2:
        return _(
            "{label} has one value only, so there is nothing to tell apart. Choose another column.", label=plain(label)
        )
    if facts.distinct > MOST_VALUES and not facts.is_probability:
        return _(
            "{label} has {count} values where two are needed. Choose another column as the label.",
            label=plain(label),
            count=facts.distinct,
        )
    return None


def _choose_positive(draft: Draft, label: str, facts: Facts) -> tuple[str | None, bool]:
    """The value that counts as a click (None: the number is the probability), and whether that is settled."""
    options = sorted(value for value, _rows in facts.top) if facts.distinct <= MOST_VALUES else []
    if facts.is_probability:
        options.insert(0, ITSELF)
    known = _known_positive(draft.schema, label, options)
    chosen = st.selectbox(
        _("Which value counts as a click?"),
        options,
        index=options.index(known) if known in options else None,
        key=f"data-positive-{draft.version}-{label}",
        format_func=lambda value: _("none: the number is the probability of a click") if value == ITSELF else value,
        placeholder=_("Choose a value"),
    )
    return (None if chosen == ITSELF else chosen), chosen is not None


def _known_positive(schema: Schema | None, label: str, options: list[str]) -> str | None:
    """What counts as a click as far as it is known, or needs no asking."""
    if schema is not None and schema.label == label:
        return ITSELF if schema.positive is None else schema.positive
    if options[0] == ITSELF:
        return ITSELF
    return guess_positive(options) if len(options) == 2 else None


def _rate(facts: Facts, positive: str | None) -> str:
    """The share of clicks in words, by what was counted."""
    if positive is None:
        return _("The mean probability of a click is {share:.1%}.", share=facts.mean)
    rows = dict(facts.top).get(positive, 0)
    return _("{share:.1%} of the rows are clicks.", share=rows / max(1, facts.present))
