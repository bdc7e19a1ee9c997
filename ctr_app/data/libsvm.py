"""libsvm files: ``label index:value index:value …``, with ``qid:`` or without, as columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from .errors import InputError, spaced
from .odd_rows import Odd, OddRows

LINE = r"^\s*[-+]?\d[\d.eE+-]*(\s+qid:\d+)?(\s+\d+:[-+]?[\w.+-]+)*\s*(#.*)?$"
FEATURE = r"\s\d+:"
MAX_COLUMNS = 10_000
# Cells of a block's frame, of which most are 0.
MAX_CELLS = 2**22


def is_libsvm(lines: list[str]) -> bool:
    """Whether nine in ten lines are of the form ``label index:value …``, and half of them name a feature."""
    shown = [line for line in lines if line and not line.isspace()]
    matching = sum(re.match(LINE, line) is not None for line in shown)
    featured = sum(re.search(FEATURE, line) is not None for line in shown)
    return matching >= 0.9 * len(shown) and featured >= 0.5 * len(shown)


@dataclass
class Survey:
    """What a first pass over a libsvm file tells: which indices there are, and whether each row has equally many.

    ``are_ones`` says that every value is 1, so that the indices themselves are the values.
    """

    smallest: int = 2**62
    largest: int = -1
    counts: set[int] = field(default_factory=set)
    are_ones: bool = True
    has_groups: bool = False

    def add(self, block: bytes) -> None:
        """Look at a block of lines."""
        tokens, rows = _tokens(block)
        self.has_groups = self.has_groups or rows["group"].null_count() < rows.height
        if tokens.height:
            self.smallest = min(self.smallest, int(tokens["index"].min()))  # type: ignore[arg-type]
            self.largest = max(self.largest, int(tokens["index"].max()))  # type: ignore[arg-type]
            self.counts |= set(tokens.group_by("row").len()["len"].unique().head(MAX_COLUMNS + 1))
            self.are_ones = self.are_ones and bool((tokens["value"].cast(pl.Float64, strict=False) == 1).all())

    @property
    def by_position(self) -> bool:
        """Whether the k-th index of each row is the value of a k-th categorical field, as in files for FM."""
        return self.are_ones and len(self.counts) == 1 and max(self.counts) < self.largest

    def names(self, name: str) -> list[str]:
        """The columns that the file becomes; raises InputError if they would be too many."""
        if self.by_position:
            features = [f"field_{k}" for k in range(1, max(self.counts) + 1)]
        else:
            if self.largest - self.smallest >= MAX_COLUMNS:
                raise InputError(
                    "{name} has the features {smallest} to {largest}; at most {most} become columns.",
                    name=name,
                    smallest=self.smallest,
                    largest=self.largest,
                    most=spaced(MAX_COLUMNS),
                )
            features = [f"feature_{index}" for index in range(self.smallest, self.largest + 1)]
        return ["label", *(["qid"] if self.has_groups else []), *features]


def libsvm_frames(blocks: Iterator[bytes], survey: Survey, names: list[str], odd: OddRows) -> Iterator[pl.DataFrame]:
    """A frame of text for each part of a block; a feature that a row does not name is 0."""
    line = 1
    for block in blocks:
        _count_odd(block, line, odd)
        line += block.count(b"\n")
        tokens, rows = _tokens(block)
        step = max(1, MAX_CELLS // len(names))
        for start in range(0, rows.height, step):
            part = tokens.filter(pl.col("row").is_between(start, start + step - 1))
            yield _wide(part, rows.slice(start, step), survey, names)


def _tokens(block: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One line for each index:value (row, place, index, value); one for each row (label, group)."""
    lines = pl.Series("line", block.decode("utf-8", "replace").split("\n")).to_frame()
    sound = lines.filter(pl.col("line").str.contains(LINE)).select(
        pl.col("line").str.replace(r"#.*$", "").str.strip_chars().str.replace_all(r"\s+", " ")
    )
    rows = sound.select(
        pl.int_range(pl.len()).alias("row"),
        pl.col("line").str.extract(r"^(\S+)").alias("label"),
        pl.col("line").str.extract(r" qid:(\d+)").alias("group"),
        pl.col("line").str.extract_all(r"\b\d+:\S+").alias("token"),
    )
    tokens = rows.select("row", "token").explode("token").drop_nulls()
    parts = pl.col("token").str.split_exact(":", 1)
    tokens = tokens.select(
        "row",
        pl.int_range(pl.len()).over("row").alias("place"),
        parts.struct.field("field_0").cast(pl.Int64).alias("index"),
        parts.struct.field("field_1").alias("value"),
    )
    return tokens, rows.select("row", "label", "group")


def _wide(tokens: pl.DataFrame, rows: pl.DataFrame, survey: Survey, names: list[str]) -> pl.DataFrame:
    if survey.by_position:
        tokens = tokens.select(
            "row",
            pl.format("field_{}", pl.col("place") + 1).alias("name"),
            pl.col("index").cast(pl.String).alias("value"),
        )
    else:
        tokens = tokens.select("row", pl.format("feature_{}", "index").alias("name"), "value")
    wide = tokens.pivot(on="name", index="row", values="value", aggregate_function="last")
    table = rows.rename({"group": "qid"}).join(wide, on="row", how="left", maintain_order="left")
    lacking = [pl.lit(None, dtype=pl.String).alias(name) for name in names if name not in table.columns]
    features = [name for name in names if name not in ("label", "qid")]
    return table.with_columns(lacking).with_columns(pl.col(features).fill_null("0")).select(names)


def _count_odd(block: bytes, first_line: int, odd: OddRows) -> None:
    lines = pl.Series(block.decode("utf-8", "replace").split("\n"))
    is_odd = ~(lines.str.contains(LINE) | (lines.str.strip_chars() == ""))
    for position in is_odd.arg_true():
        odd.add(Odd.TOKENS, first_line + position)
