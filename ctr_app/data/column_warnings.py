"""What may be wrong with a column, in words, and what would mend it: the same for the page and the command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .errors import join_names, spaced
from .facts import Facts
from .inferring import Inference
from .schema import Column, Corrections, Role, Schema
from .sentences import Sentence, say

MOSTLY = 0.9
MANY_RARE = 0.3
COUNTS_TO_TRY = (5, 2, 1)
LEAVE_OUT = say("Leave it out")
AS_CATEGORY = say("Read it as a category")


@dataclass(frozen=True)
class ColumnWarning:
    """One thing that may be wrong: of which kind, with which column (None: the whole table), and its remedy.

    ``action`` says in a few words what ``remedy`` does.
    """

    kind: str
    column: str | None
    sentence: Sentence
    remedy: Corrections
    action: Sentence

    def __str__(self) -> str:
        where = f"Column {self.column}: " if self.column else ""
        return f"{where}{self.sentence} {self.action} with {flags(self.remedy)}."


@dataclass(frozen=True)
class _Looked:
    """One field as a check sees it."""

    column: Column
    facts: Facts
    inference: Inference
    min_count: int
    is_candidate: bool
    is_stored_as_float: bool

    @property
    def name(self) -> str:
        return self.column.name


Finding = tuple[Sentence, Corrections, Sentence] | None


def find_warnings(
    inference: Inference, schema: Schema, min_count: int = 2, split: str = "random"
) -> tuple[ColumnWarning, ...]:
    """Everything to look at in the fields that a model would read, gravest kinds first; no data are read for it."""
    candidates = {column.candidate for column in schema.columns}
    fields = [
        _Looked(
            column,
            inference.facts(column.name),
            inference,
            min_count,
            column.name in candidates,
            inference.survey.sample[column.name].dtype.is_float(),
        )
        for column in schema.columns
        if column.role not in (Role.LABEL, Role.IGNORED)
    ]
    found = [
        ColumnWarning(kind, field.name, *finding)
        for kind, check in CHECKS.items()
        for field in fields
        if (finding := check(field)) is not None
    ]
    return (*found, *_copies(inference, split))


def flags(remedy: Corrections) -> str:
    """The flags of the command line that say the same."""
    return " ".join(shlex.quote(word) for word in _flag_words(remedy))


def _flag_words(remedy: Corrections) -> Iterator[str]:
    for flag, names in (("--ignore", remedy.ignore), ("--categorical", remedy.categorical)):
        if names:
            yield from (flag, ",".join(f'"{name}"' if "," in name else name for name in names))
    for name, values in (remedy.missing or {}).items():
        for value in values:
            yield from ("--missing", f"{name}={value}")
    if remedy.min_count is not None:
        yield from ("--min-count", str(remedy.min_count))
    if remedy.split is not None:
        yield from ("--split", remedy.split)


def merged(remedies: Iterable[Corrections]) -> Corrections:
    """Several remedies of one kind as one."""
    remedies = list(remedies)
    counts = [remedy.min_count for remedy in remedies if remedy.min_count is not None]
    return Corrections(
        ignore=tuple(name for remedy in remedies for name in remedy.ignore),
        categorical=tuple(name for remedy in remedies for name in remedy.categorical),
        missing={name: values for remedy in remedies for name, values in (remedy.missing or {}).items()} or None,
        min_count=min(counts, default=None),
        split=next((remedy.split for remedy in remedies if remedy.split), None),
    )


def _leak(field: _Looked) -> Finding:
    auc = field.inference.leaks.get(field.name)
    if auc is None or field.column.role is Role.SEQUENCE:
        return None
    sentence = say(
        "alone it tells the label almost perfectly (AUC {auc:.3f} on rows held out): a leak? "
        "It may have been written after the click.",
        auc=auc,
    )
    return sentence, Corrections(ignore=(field.name,)), LEAVE_OUT


def _own_values(field: _Looked) -> Finding:
    if field.column.role is not Role.CATEGORICAL or not field.facts.is_own:
        return None
    sentence = say(
        "{distinct} values in {rows} rows: nearly every row has one of its own, so there is nothing to learn from it.",
        distinct=spaced(field.facts.distinct),
        rows=spaced(field.facts.rows),
    )
    return sentence, Corrections(ignore=(field.name,)), LEAVE_OUT


def _constant(field: _Looked) -> Finding:
    if field.facts.distinct > 1 or (field.facts.distinct == 1 and field.facts.missing_share > 0):
        return None
    sentence = say("it is the same in every row, so there is nothing to learn from it.")
    return sentence, Corrections(ignore=(field.name,)), LEAVE_OUT


def _mostly_missing(field: _Looked) -> Finding:
    if not MOSTLY < field.facts.missing_share < 1:
        return None
    sentence = say("{share:.1%} of the rows have no value.", share=field.facts.missing_share)
    return sentence, Corrections(ignore=(field.name,)), LEAVE_OUT


def _huge(field: _Looked) -> Finding:
    facts = field.facts
    if field.column.role is not Role.NUMERIC or not (facts.is_huge and facts.is_integer):
        return None
    template = "its whole numbers are above 2^53, where a number loses its last digits: they look like ids."
    if field.is_stored_as_float:
        template += " The file holds them as decimals, so different ids may have become one already."
    return say(template), Corrections(categorical=(field.name,)), AS_CATEGORY


def _infinite(field: _Looked) -> Finding:
    if field.column.role is not Role.NUMERIC or not field.facts.infinite:
        return None
    sentence = say("{count} cells are infinite; they are read as missing.", count=spaced(field.facts.infinite))
    return sentence, Corrections(ignore=(field.name,)), LEAVE_OUT


def _thousands(field: _Looked) -> Finding:
    if field.column.role is not Role.NUMERIC or not field.facts.with_thousands:
        return None
    sentence = say(
        "{count} cells have marks between thousands, as in 1,204; they are read as numbers, without the marks.",
        count=spaced(field.facts.with_thousands),
    )
    return sentence, Corrections(categorical=(field.name,)), AS_CATEGORY


def _unknown_words(field: _Looked) -> Finding:
    words = tuple(word for word in field.facts.unknown if word not in field.column.missing)
    if field.column.role is not Role.CATEGORICAL or not words:
        return None
    sentence = say(
        "“{words}” stands in {share:.1%} of the cells. Does it mean that nothing is known?",
        words=join_names(words),
        share=field.facts.unknown_share,
    )
    return sentence, Corrections(missing={field.name: field.column.missing + words}), say("Read it as missing")


def _rare_values(field: _Looked) -> Finding:
    facts, least = field.facts, field.min_count
    share = facts.rarer_than(least)
    if field.column.role is not Role.CATEGORICAL or facts.is_own or field.is_candidate or share <= MANY_RARE:
        return None
    better = next(count for count in COUNTS_TO_TRY if count < least and facts.rarer_than(count) <= MANY_RARE)
    sentence = say(
        "{share:.0%} of the rows have a value that occurs fewer than {count} times; they are read as “unknown”.",
        share=share,
        count=least,
    )
    action = (
        say("Keep those that occur {count} times", count=better) if better > 1 else say("Keep those that occur once")
    )
    return sentence, Corrections(min_count=better), action


def _copies(inference: Inference, split: str) -> Iterator[ColumnWarning]:
    if inference.copies and split == "random":
        sentence = say(
            "{share:.1%} of the rows equal another row in every field and the label. Split at random, a model is "
            "tested on rows that it was trained on.",
            share=inference.copies,
        )
        yield ColumnWarning("copies", None, sentence, Corrections(split="equal"), say("Keep equal rows together"))


CHECKS: dict[str, Callable[[_Looked], Finding]] = {
    "leak": _leak,
    "constant": _constant,
    "own-values": _own_values,
    "mostly-missing": _mostly_missing,
    "huge-numbers": _huge,
    "infinite": _infinite,
    "unknown-words": _unknown_words,
    "thousands": _thousands,
    "rare-values": _rare_values,
}
