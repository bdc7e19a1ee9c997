"""Applying what the user says about columns, over what was inferred."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from .columns import as_number, as_text, is_list, value_text
from .errors import InputError, join_names, shorten
from .inferring import Inference, distinct_values, infer
from .labels import label_array
from .profiling import guess_separator
from .schema import Column, Corrections, Role, Schema
from .tables import Frame


def corrected(frame: Frame, inference: Inference, corrections: Corrections) -> Schema:
    """The inferred schema with the user's corrections; raises InputError that names the flag that settles a doubt."""
    for name in corrections.named():
        if name not in frame.columns:
            raise InputError(
                "There is no column {name}; the table has {known}.", name=name, known=join_names(frame.columns)
            )
    schema = _settled_label(frame, inference, corrections)
    for name, role in _roles(corrections).items():
        if name == schema.label:
            raise InputError("Column {name} is the label; it cannot be {role} as well.", name=name, role=role.value)
        if role is Role.NUMERIC:
            check_numbers(frame, name)
        schema = schema.with_column(replace(schema.column(name), role=role))
    for name, candidate in (corrections.sequences or {}).items():
        schema = schema.with_column(_corrected_sequence(frame, schema.column(name), candidate, corrections.separator))
    for name, values in (corrections.missing or {}).items():
        schema = schema.with_column(replace(schema.column(name), missing=tuple(values)))
    schema = replace(schema, columns=tuple(_without_lost_candidate(schema, c) for c in schema.columns))
    schema = schema.with_weight(corrections.weight or schema.weight)
    return replace(schema, group=corrections.group or schema.group, time=corrections.time or schema.time).check()


def check_numbers(frame: Frame, name: str) -> None:
    """Raise InputError if a numeric column holds values, but none that is a number."""
    if as_number(frame[name]).null_count() == frame.height and (value := _first_value(frame[name])):
        raise InputError(
            "Column {name} cannot be numeric: it holds no number; its first value is “{value}”.",
            name=name,
            value=shorten(value),
        )


def check_separator(frame: Frame, column: Column) -> None:
    """Raise InputError if the separator of a sequence column occurs in none of its cells."""
    if is_list(frame[column.name]) or column.separator is None:
        return
    if not as_text(frame[column.name]).str.contains(column.separator, literal=True).any():
        raise InputError(
            "The separator “{separator}” never occurs in column {name}; its first value is “{value}”.",
            separator=column.separator,
            name=column.name,
            value=shorten(_first_value(frame[column.name])),
        )


def _roles(corrections: Corrections) -> dict[str, Role]:
    """Each column's role as the user has it; a candidate is categorical."""
    sequences = corrections.sequences or {}
    said = {
        Role.IGNORED: corrections.ignore,
        Role.NUMERIC: corrections.numeric,
        Role.SEQUENCE: tuple(sequences),
        Role.CATEGORICAL: (*corrections.categorical, *filter(None, sequences.values())),
    }
    roles: dict[str, Role] = {}
    for role, names in said.items():
        for name in names:
            if roles.setdefault(name, role) is not role:
                raise InputError(
                    "Column {name} cannot be both {first} and {second}.",
                    name=name,
                    first=roles[name].value,
                    second=role.value,
                )
    return roles


def _settled_label(frame: Frame, inference: Inference, corrections: Corrections) -> Schema:
    """The schema with the label that is asked for, or an InputError that says how to settle the doubt."""
    schema = inference.schema
    label = corrections.label or (schema.label if schema else None)
    if label is None:
        raise _unknown_label(inference.label_candidates)
    if corrections.is_probability:
        return _with_probability(frame, inference, label)
    positive = None if corrections.positive is None else value_text(corrections.positive)
    if schema is None or schema.label != label:
        _check_label(label, distinct_values(frame[label]), positive)
        again = infer(frame, label, positive, inference.survey).schema
        assert again is not None
        return _with_label(schema, again)
    if positive is not None:
        _check_label(label, distinct_values(frame[label]), positive)
    return replace(schema, positive=positive or schema.positive)


def _with_probability(frame: Frame, inference: Inference, label: str) -> Schema:
    """The schema whose label holds the probability of a click itself."""
    schema = inference.schema
    if schema is None or schema.label != label:
        first = next((value for value, _rows in inference.facts(label).top), "")
        again = infer(frame, label, first, inference.survey).schema
        assert again is not None
        schema = _with_label(schema, again)
    schema = replace(schema, positive=None)
    label_array(frame, schema)
    return schema


def _with_label(schema: Schema | None, again: Schema) -> Schema:
    """``again``, but with what ``schema`` says of all columns except its own label and the new one."""
    if schema is None:
        return again
    labels = (schema.label, schema.column(again.label).name)
    columns = tuple(again.column(c.name) if c.name in labels else c for c in schema.columns)
    return replace(schema, columns=columns, positive=again.positive)


def _unknown_label(candidates: tuple[str, ...]) -> InputError:
    if not candidates:
        return InputError(
            "No column has two values, so none can be the label; "
            "choose one with --label COL and the value that counts as a click with --positive VALUE."
        )
    return InputError(
        "Which column is the label? It could be {candidates}; say it with --label COL.",
        candidates=join_names(candidates),
    )


def _check_label(label: str, values: list[str], positive: str | None) -> None:
    """Raise InputError unless one of the label's values, and not the only one, counts as a click."""
    if positive is not None and positive not in values:
        raise InputError(
            "Label {label} never has the value {value}; it has {values}.",
            label=label,
            value=positive,
            values=join_names(values) or "none",
        )
    if len(values) < 2:
        raise InputError(
            "Label {label} has only the value {values}; there is nothing to tell apart.",
            label=label,
            values=join_names(values) or "missing",
        )
    if len(values) > 2 and positive is None:
        raise InputError(
            "Label {label} has {count} values ({values}) where two are needed; "
            "say which one counts as a click with --positive VALUE.",
            label=label,
            count=len(values),
            values=join_names(values, 4),
        )


def _corrected_sequence(frame: Frame, column: Column, candidate: str | None, separator: str | None) -> Column:
    separator = separator or column.separator or guess_separator(frame[column.name]) or "|"
    if separator == "\\t":
        separator = "\t"
    column = replace(column, role=Role.SEQUENCE, separator=separator, candidate=candidate or column.candidate)
    check_separator(frame, column)
    return column


def _without_lost_candidate(schema: Schema, column: Column) -> Column:
    is_lost = column.candidate is not None and schema.column(column.candidate).role is not Role.CATEGORICAL
    return replace(column, candidate=None) if is_lost else column


def _first_value(series: pl.Series) -> str:
    present = as_text(series).drop_nulls()
    return present[0] if len(present) else ""
