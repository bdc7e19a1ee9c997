"""A run's table with its crosses as further columns of text, to use elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from ..data.dataset import EncodedDataset
from ..data.store import DataSet
from ..data.tables import PIECE_ROWS, Frame
from ..data.writing import write_pieces
from ..training.run_store import Run
from .crosses import Cross, Pair, check_pairs, fit_crosses


def write_crossed(run: Run, dataset: DataSet, pairs: Sequence[Sequence[str]], path: Path) -> int:
    """Write all rows of the run's table with a column ``a × b`` for each pair; returns how many rows there are.

    Combinations that training did not show often enough are ``(unknown)``; rows that belong to no split have none.

    Raises:
        InputError: if the pairs cannot be crossed.
    """
    spec = run.spec()
    encoded = dataset.encoded(spec.preparation)
    chosen: list[Pair] = check_pairs(encoded.encoder.layout, pairs)
    crosses = fit_crosses(encoded.encoder, encoded.rows("train"), chosen, spec.preparation.min_count)
    return write_pieces(crossed_pieces(dataset.frame, encoded, crosses), path)


def crossed_pieces(frame: Frame, encoded: EncodedDataset, crosses: Sequence[Cross]) -> Iterator[pl.DataFrame]:
    """The rows of the table, some at a time, at least one piece, with the crosses' texts beside them."""
    ids = np.zeros((len(crosses), frame.height), dtype=np.int32)
    for split in encoded.splits:
        rows = encoded.rows(split)
        for column, cross in zip(ids, crosses, strict=True):
            column[rows.rows] = cross(rows)
    texts = [pl.Series([None, *cross.labels()[1:]], dtype=pl.String) for cross in crosses]
    names = _free_names([cross.name for cross in crosses], frame.columns)
    for start in range(0, max(frame.height, 1), PIECE_ROWS):
        stop = start + PIECE_ROWS
        added = [text.gather(column[start:stop]).alias(n) for n, text, column in zip(names, texts, ids, strict=True)]
        yield frame.slice(start, PIECE_ROWS).with_columns(added)


def _free_names(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The names, with further signs after those that the table has already."""
    used = set(taken)
    free = []
    for name in names:
        while name in used:
            name += " ×"
        used.add(name)
        free.append(name)
    return free
