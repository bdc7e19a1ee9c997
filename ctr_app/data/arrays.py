"""Encoded rows as arrays, in memory or mapped from disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .files import read_json, write_json

ROW_ARRAYS = ("numeric", "categorical", "labels", "rows", "group_ids", "weights")


@dataclass(frozen=True)
class EncodedRows:
    """Arrays of n rows: numeric float32 (n, N), categorical int32 (n, C), sequences int32 (n, T), labels float32 (n,).

    ``group_ids`` int64 (n,) tells whose row it is, where the schema has a group; a row without one is alone in its
    own. ``rows`` int64 (n,) are the rows of the table that these are. ``weights`` float32 (n,), above 0, say how much
    each row counts, where the schema has a weight.
    """

    numeric: np.ndarray
    categorical: np.ndarray
    sequences: dict[str, np.ndarray]
    labels: np.ndarray
    rows: np.ndarray
    group_ids: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


def save_rows(folder: Path, rows: EncodedRows) -> None:
    """Store the arrays of one split in a new folder, as ``load_rows`` reads them."""
    folder.mkdir()
    named = {name: getattr(rows, name) for name in ROW_ARRAYS}
    named |= {f"sequence_{place}": ids for place, ids in enumerate(rows.sequences.values())}
    for name, array in named.items():
        if array is not None:
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
    name_sequences(folder, list(rows.sequences))


def name_sequences(folder: Path, names: list[str]) -> None:
    """Store beside the arrays of a split what its histories are called, in their order."""
    write_json(folder / "sequences.json", names)


def load_rows(folder: Path) -> EncodedRows:
    """The arrays of one split, mapped from disk: nothing is read before it is used, and nothing written back."""

    def mapped(name: str) -> np.ndarray:
        return np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)

    named = {name: mapped(name) for name in ROW_ARRAYS if (folder / f"{name}.npy").exists()}
    sequences = {name: mapped(f"sequence_{i}") for i, name in enumerate(read_json(folder / "sequences.json"))}
    return EncodedRows(sequences=sequences, **named)
