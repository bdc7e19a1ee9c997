"""Columns as text, numbers, times or lists, whatever the file stored them as."""

from __future__ import annotations

import polars as pl

from .schema import Column

MISSING_TOKENS = ("", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "\\N", "<NA>", "#N/A")
# Words that are values for the reader, and for people often mean that nothing is known.
UNKNOWN_WORDS = (
    *("unknown", "unk", "missing", "undefined", "not available", "not set", "(not set)", "(none)", "(null)", "nil"),
    *("n.a.", "-", "--", "---", ".", "…", "unbekannt", "未知"),
)
# 1,204,331 or 1 204 331 or 1'204'331.5: the same separator throughout, groups of three.
THOUSANDS = r"^([+-]?[1-9]\d{0,2})(?:(?:,\d{3})+|(?:[ \x{a0}\x{2009}\x{202f}]\d{3})+|(?:'\d{3})+)(\.\d+)?$"
GROUP_MARKS = r"[,' \x{a0}\x{2009}\x{202f}]"
# A column of whole numbers with a gap is written with decimals by many programs: 3.0 and 3 are one value.
WHOLE_WITH_DECIMAL = r"^(-?\d+)\.0$"
# Separators of lists as Python, NumPy and JSON write them: [1, 2] or [1 2] or ["a", "b"].
BRACKETED_SEPARATORS = (",", " ")
US_DATES = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")


def is_list(series: pl.Series) -> bool:
    """Whether each cell holds a list."""
    return isinstance(series.dtype, pl.List | pl.Array)


def is_date(series: pl.Series) -> bool:
    """Whether each cell holds a date or a moment."""
    return isinstance(series.dtype, pl.Date | pl.Datetime)


def as_text(series: pl.Series) -> pl.Series:
    """The column as text with missing values null; a whole number has no decimals (``3.0`` reads ``3``)."""
    if series.dtype == pl.String and not series.str.ends_with(".0").any():
        return series
    if is_list(series):
        return _inner_text(series).list.join("|")
    return series.to_frame("value").select(_text(pl.col("value"), series.dtype)).to_series().alias(series.name)


def value_text(value: str) -> str:
    """One value in the form in which ``as_text`` has it."""
    return str(as_text(pl.Series([value]))[0])


def field_text(series: pl.Series, column: Column) -> pl.Series:
    """The column as text, with null also where it holds a value that the user calls missing."""
    return without_missing(as_text(series), column)


def without_missing(texts: pl.Series, column: Column) -> pl.Series:
    """Texts, with null where there is a value that the user calls missing."""
    return texts.set(texts.is_in(list(column.missing)).fill_null(False), None) if column.missing else texts


def as_number(series: pl.Series) -> pl.Series:
    """The column as Float64; what is no finite number is null. Marks between thousands are left out."""
    if is_date(series):
        numbers = series.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / 1e6
    elif series.dtype.is_numeric() or series.dtype == pl.Boolean:
        numbers = series.cast(pl.Float64)
    else:
        numbers = _parsed(as_text(series).str.strip_chars())
    return numbers.set(~numbers.is_finite().fill_null(True), None)


def has_thousands(texts: pl.Series) -> pl.Series:
    """Which texts are numbers with marks between their thousands, as in ``1,204,331``."""
    return texts.str.contains(THOUSANDS)


def _parsed(texts: pl.Series) -> pl.Series:
    numbers = texts.cast(pl.Float64, strict=False)
    odd = texts.set((numbers.is_not_null() | ~has_thousands(texts)).fill_null(True), None)
    if odd.null_count() == len(odd):
        return numbers
    return numbers.fill_null(odd.str.replace_all(GROUP_MARKS, "").cast(pl.Float64, strict=False))


def as_time(series: pl.Series) -> pl.Series:
    """The column as seconds or any other number that grows with time; text dates are parsed."""
    readings = [as_number(series)]
    if series.dtype == pl.String and readings[0].null_count() > series.null_count():
        readings += [_dates(series, pattern) for pattern in (None, *US_DATES)]
    return min(readings, key=lambda reading: reading.null_count())


def as_lists(series: pl.Series, column: Column) -> pl.Series:
    """The column as lists of text, oldest first, cut to the most recent ``column.max_length``; never null."""
    lists = _inner_text(series) if is_list(series) else split_items(as_text(series), column.separator or "|")
    missing = [*MISSING_TOKENS, *column.missing]
    kept = pl.element().filter(~pl.element().is_in(missing) & pl.element().is_not_null())
    items = pl.col("items").list.eval(pl.element().str.strip_chars()).list.eval(kept)
    items = items.list.reverse() if column.newest_first else items
    empty = pl.lit([], dtype=pl.List(pl.String))
    cut = lists.to_frame("items").select(items.list.tail(column.max_length).fill_null(empty))
    return cut.to_series().alias(series.name)


def split_items(texts: pl.Series, separator: str) -> pl.Series:
    """Text cells as lists; of ``[1, 2]`` or ``['a', 'b']`` brackets and quotes are left out."""
    if separator not in BRACKETED_SEPARATORS or not is_bracketed(texts).any():
        lists = texts.str.split(separator)
    else:
        bare = texts.str.strip_chars().str.replace(r"(?s)^\[(.*)\]$", "$1")
        item = pl.element().str.strip_chars().str.replace(r"^'(.*)'$", "$1").str.replace(r'^"(.*)"$', "$1")
        lists = bare.str.split(separator).list.eval(item)
    if texts.str.contains(".0", literal=True).any():
        lists = lists.list.eval(pl.element().str.strip_chars().str.replace(WHOLE_WITH_DECIMAL, "$1"))
    return lists


def is_bracketed(texts: pl.Series) -> pl.Series:
    """Which cells stand in square brackets."""
    return texts.str.contains(r"(?s)^\s*\[.*\]\s*$")


def _text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String:
        return values.str.replace(WHOLE_WITH_DECIMAL, "$1")
    if dtype == pl.Boolean:
        return values.cast(pl.Int8).cast(pl.String)
    if dtype.is_float():
        is_whole = values.is_finite() & (values == values.floor()) & (values.abs() < 2**53)
        whole = values.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(is_whole).then(whole).otherwise(values.fill_nan(None).cast(pl.String))
    return values.cast(pl.String)


def _inner_text(series: pl.Series) -> pl.Series:
    assert isinstance(series.dtype, pl.List | pl.Array)
    inner = series.dtype.inner
    assert isinstance(inner, pl.DataType)
    lists = series.cast(pl.List(inner))
    if inner == pl.String and not lists.explode().str.ends_with(".0").any():
        return lists
    return lists.list.eval(_text(pl.element(), inner))


def _dates(series: pl.Series, pattern: str | None) -> pl.Series:
    """Seconds since 1970, null where the text is no date of that pattern (None: whatever pattern is recognised)."""
    try:
        parsed = series.str.strip_suffix(" UTC").str.to_datetime(pattern, strict=False)
    except pl.exceptions.PolarsError:
        return pl.Series(series.name, [None] * len(series), dtype=pl.Float64)
    return parsed.cast(pl.Int64).cast(pl.Float64) / 1e6
