"""Applying what the user says about columns, over what was inferred."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from .columns import as_text
from .errors import InputError, join_names, shorten
from .inferring import Inference, distinct_values, infer
from .profiling import guess_separator
from .schema import Column, Corrections, Role, Schema


def corrected(frame: pl.DataFrame, inference: Inference, corrections: Corrections) -> Schema:
    """The inferred schema with the user's corrections; raises InputError that names the flag that settles a doubt."""
    for name in corrections.named():
        if name not in frame.columns:
            raise InputError(
                "There is no column {name}; the table has {known}.", name=name, known=join_names(frame.columns)
            )
    schema = _settled_label(frame, inference, corrections)
    roles = dict.fromkeys(corrections.ignore, Role.IGNORED)
    roles |= dict.fromkeys(corrections.numeric, Role.NUMERIC)
    roles |= dict.fromkeys(corrections.categorical, Role.CATEGORICAL)
    for candidate in (corrections.sequences or {}).values():
        if candidate is not None:
            roles.setdefault(candidate, Role.CATEGORICAL)
    for name, role in roles.items():
        if name == schema.label:
            raise InputError("Column {name} is the label; it cannot be {role} as well.", name=name, role=role.value)
        schema = schema.with_column(replace(schema.column(name), role=role))
    for name, candidate in (corrections.sequences or {}).items():
        schema = schema.with_column(_corrected_sequence(frame, schema.column(name), candidate, corrections.separator))
    schema = replace(schema, columns=tuple(_without_lost_candidate(schema, c) for c in schema.columns))
    return replace(schema, group=corrections.group or schema.group, time=corrections.time or schema.time).check()


def check_separator(frame: pl.DataFrame, column: Column) -> None:
    """Raise InputError if the separator of a sequence column occurs in none of its cells."""
    if isinstance(frame[column.name].dtype, pl.List | pl.Array) or column.separator is None:
        return
    if not as_text(frame[column.name]).str.contains(column.separator, literal=True).any():
        raise InputError(
            "The separator “{separator}” never occurs in column {name}; its first value is “{value}”.",
            separator=column.separator,
            name=column.name,
            value=shorten(_first_value(frame[column.name])),
        )


def _settled_label(frame: pl.DataFrame, inference: Inference, corrections: Corrections) -> Schema:
    """The schema with the label that is asked for, or an InputError that says how to settle the doubt."""
    label = corrections.label or (inference.schema.label if inference.schema else None)
    if label is None:
        if not inference.label_candidates:
            raise InputError(
                "No column has two values, so none can be the label; "
                "choose one with --label COL and the value that counts as a click with --positive VALUE."
            )
        raise InputError(
            "Which column is the label? It could be {candidates}; say it with --label COL.",
            candidates=join_names(inference.label_candidates),
        )
    values = distinct_values(frame[label])
    if corrections.positive is not None and corrections.positive not in values:
        raise InputError(
            "Label {label} never has the value {value}; it has {values}.",
            label=label,
            value=corrections.positive,
            values=join_names(values),
        )
    if len(values) < 2:
        raise InputError(
            "Label {label} has only the value {values}; there is nothing to tell apart.",
            label=label,
            values=join_names(values) or "missing",
        )
    if len(values) > 2 and corrections.positive is None:
        raise InputError(
            "Label {label} has {count} values ({values}) where two are needed; "
            "say which one counts as a click with --positive VALUE.",
            label=label,
            count=len(values),
            values=join_names(values, 4),
        )
    schema = inference.schema
    if schema is None or schema.label != label:
        again = infer(frame, label)
        schema = again.schema or Schema(again.columns, "", None, None)
    return replace(schema, positive=corrections.positive or schema.positive)


def _corrected_sequence(frame: pl.DataFrame, column: Column, candidate: str | None, separator: str | None) -> Column:
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
