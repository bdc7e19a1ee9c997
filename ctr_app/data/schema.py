"""What each column of a table is: inferred, shown, corrected by the user, stored with the run, enforced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from .errors import InputError, join_names

SEPARATORS = ("|", ",", ";", " ", "^", "\t", "/")


class Role(StrEnum):
    """How a model reads a column. ``IGNORED`` columns may still be the group, the time or the names of another."""

    LABEL = "label"
    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    SEQUENCE = "sequence"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Column:
    """One column and its role.

    ``separator``, ``candidate``, ``newest_first`` and ``max_length`` matter for sequences only: the last
    ``max_length`` items are kept, oldest first. ``candidate`` names the categorical column that shares the
    sequence's values and its embedding table. ``names_from`` is a column with a readable name per value.
    ``missing`` are values that mean that nothing is known, beside those that always do (an empty cell, ``NA``, …).
    """

    name: str
    role: Role
    separator: str | None = None
    candidate: str | None = None
    newest_first: bool = False
    max_length: int = 50
    names_from: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The columns in the order of the table, the label's value that counts as a click, the group and the time.

    ``positive`` None: the label column holds the probability of a click itself, numbers from 0 to 1.
    ``weight`` is a column of numbers above 0, how much each row counts; no model reads it.
    """

    columns: tuple[Column, ...]
    positive: str | None
    group: str | None = None
    time: str | None = None
    weight: str | None = None

    @property
    def label(self) -> str:
        """The name of the label column."""
        return next(column.name for column in self.columns if column.role is Role.LABEL)

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """The columns that have ``role``, in table order."""
        return tuple(column for column in self.columns if column.role is role)

    @property
    def fields(self) -> tuple[Column, ...]:
        """The columns that a model reads: numeric, then categorical, then sequences."""
        return self.with_role(Role.NUMERIC) + self.with_role(Role.CATEGORICAL) + self.with_role(Role.SEQUENCE)

    def column(self, name: str) -> Column:
        """The column called ``name``; raises InputError that lists the columns there are."""
        for column in self.columns:
            if column.name == name:
                return column
        known = join_names([column.name for column in self.columns])
        raise InputError("There is no column {name}; the table has {known}.", name=name, known=known)

    def with_column(self, changed: Column) -> Schema:
        """The same schema with the column of that name replaced."""
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))

    def without_role(self, name: str) -> Schema:
        """The same schema with column ``name`` ignored, and compared with no history any more."""
        ignored = self.with_column(replace(self.column(name), role=Role.IGNORED))
        columns = tuple(replace(c, candidate=None) if c.candidate == name else c for c in ignored.columns)
        return replace(ignored, columns=columns)

    def with_weight(self, name: str | None) -> Schema:
        """The same schema with rows weighed by column ``name``, which no model reads then; None for equal weights."""
        return replace(self if name is None else self.without_role(name), weight=name)

    @property
    def target(self) -> str:
        """What is predicted, in short: ``click = 1``, or the label's name where it holds the probability."""
        return self.label if self.positive is None else f"{self.label} = {self.positive}"

    def check(self) -> Schema:
        """Return self, or raise InputError with the first thing that does not hold together."""
        labels = self.with_role(Role.LABEL)
        if len(labels) != 1:
            raise InputError(
                "Exactly one column must be the label, not {count}; name it with --label COL or on the Data page.",
                count=len(labels),
            )
        names = [column.name for column in self.columns]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise InputError("The schema speaks of {names} more than once.", names=join_names(repeated))
        if not self.fields:
            raise InputError("No column is left for the model to read: all but the label are ignored.")
        for column in self.with_role(Role.SEQUENCE):
            if column.candidate is not None and self.column(column.candidate).role is not Role.CATEGORICAL:
                raise InputError(
                    "History {history} is compared with {candidate}, which must be categorical but is {role}.",
                    history=column.name,
                    candidate=column.candidate,
                    role=self.column(column.candidate).role.value,
                )
            if column.max_length < 1:
                raise InputError("The maximum length of {history} must be at least 1.", history=column.name)
        for name in (self.group, self.time, self.weight, *(column.names_from for column in self.columns)):
            if name is not None:
                self.column(name)
        if self.weight is not None and self.column(self.weight).role is not Role.IGNORED:
            raise InputError(
                "Column {name} is the weight of the rows, so it must be left out as a field, but it is {role}.",
                name=self.weight,
                role=self.column(self.weight).role.value,
            )
        return self

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for a JSON file; ``from_json`` reads it back."""
        stored = asdict(self)
        if self.weight is None:
            del stored["weight"]  # older versions wrote none, and the name of what they encoded must not change
        for column in stored["columns"]:
            if not column["missing"]:
                del column["missing"]
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Schema:
        """Read what ``to_json`` wrote; raises InputError where a part is missing or of the wrong kind."""
        try:
            columns = tuple(_column(entry) for entry in stored["columns"])
            positive = None if stored["positive"] is None else str(stored["positive"])
            return cls(columns, positive, stored.get("group"), stored.get("time"), stored.get("weight")).check()
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError("The schema file is not in the form of this version ({why}).", why=error) from error


def _column(stored: Mapping[str, Any]) -> Column:
    column = Column(**{**stored, "role": Role(stored["role"]), "missing": tuple(stored.get("missing", ()))})
    texts = (column.separator, column.candidate, column.names_from, *column.missing)
    if not isinstance(column.name, str) or not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError(f"column {column.name}: names and separators are texts")
    if not isinstance(column.max_length, int):
        raise TypeError(f"column {column.name}: max_length is a whole number")
    return column


@dataclass(frozen=True)
class Corrections:
    """What a user says about columns, over what was inferred: the same object for the page and the CLI.

    ``missing`` are values of a column that mean that nothing is known; ``is_probability`` says that the label holds
    the probability of a click itself. ``min_count`` and ``split`` (a method of SplitRule) are of the whole table.
    """

    label: str | None = None
    positive: str | None = None
    ignore: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    sequences: Mapping[str, str | None] | None = None  # history -> candidate
    separator: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    missing: Mapping[str, tuple[str, ...]] | None = None
    is_probability: bool = False
    min_count: int | None = None
    split: str | None = None

    def named(self) -> Iterable[str]:
        """Every column that these corrections speak of."""
        sequences = self.sequences or {}
        yield from (name for name in (self.label, self.group, self.time, self.weight) if name)
        yield from (*self.ignore, *self.numeric, *self.categorical, *sequences, *(self.missing or {}))
        yield from (candidate for candidate in sequences.values() if candidate)
