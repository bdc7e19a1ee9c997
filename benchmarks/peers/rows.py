"""Tables made by code, stored as .npy so that every peer reads the very same rows. Needs NumPy only.

Ids 0, 1 and 2 are left free (padding, unknown, missing, as in CTR Lens); ``sizes`` count them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NUM_NUMERIC, NUM_CATEGORICAL = 13, 26
NUM_VALUES = 419_000  # over all fields: 3.8 M parameters for FM and 3.5 M for DCN-V2 at embedding 8
SMALLEST_FIELD = 64  # the tutorials' DCN gives smaller fields vectors shorter than 8
FIRST_ID = 3
SHARE_OF_TRAIN = 0.8

NUM_USERS, NUM_GENRES, ITEMS_PER_GENRE, MAX_HISTORY = 6_000, 10, 370, 50
USER_FIELDS = {"user": NUM_USERS, "gender": 2, "age": 7, "occupation": 21}
CANDIDATE = "item"


@dataclass(frozen=True)
class Rows:
    """One split: numeric float32 (n, N), categorical int32 (n, C), history int32 (n, T), labels float32 (n,)."""

    numeric: np.ndarray
    categorical: np.ndarray
    history: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Table:
    """A made table. ``sizes`` are the values of each categorical field; ``history`` is of items like ``item``."""

    sizes: dict[str, int]
    train: Rows
    valid: Rows

    @property
    def has_history(self) -> bool:
        """Whether rows have a history of candidates."""
        return self.train.history.shape[1] > 0


def field_sizes(num_values: int) -> np.ndarray:
    """Values of each of the 26 fields, int (26,): from ``SMALLEST_FIELD`` up in equal ratios, ``num_values`` in all."""
    low, high = 1.0, 10.0
    for _ in range(60):
        ratio = (low + high) / 2
        is_small = SMALLEST_FIELD * (ratio ** np.arange(NUM_CATEGORICAL)).sum() < num_values
        low, high = (ratio, high) if is_small else (low, ratio)
    return (SMALLEST_FIELD * low ** np.arange(NUM_CATEGORICAL)).astype(np.int64)


def make_clicks(num_rows: int, num_values: int = NUM_VALUES, seed: int = 0) -> Table:
    """Criteo-shaped rows: labels follow numbers, single values and pairs of values."""
    random = np.random.default_rng(seed)
    sizes = field_sizes(num_values)
    numeric = random.standard_normal((num_rows, NUM_NUMERIC), dtype=np.float32)
    categorical = np.stack([_zipf(random, size, num_rows) for size in sizes], axis=1)
    logits = np.tanh(numeric) @ random.normal(0.0, 0.25, NUM_NUMERIC) - 1.2
    latent = [random.standard_normal((size, 4), dtype=np.float32) for size in sizes]
    for ids, vectors in zip(categorical.T, latent, strict=True):
        logits += 0.2 * vectors[ids, 0]
    for a, b in zip(range(0, NUM_CATEGORICAL, 3), range(1, NUM_CATEGORICAL, 3), strict=False):
        logits += 0.2 * (latent[a][categorical[:, a], 1:] * latent[b][categorical[:, b], 1:]).sum(axis=1)
    ids = (categorical + FIRST_ID).astype(np.int32)
    named = {f"C{i}": int(size) + FIRST_ID for i, size in enumerate(sizes)}
    return _split(named, numeric, ids, np.zeros((num_rows, 0), np.int32), _clicked(random, logits))


def make_histories(num_rows: int, seed: int = 0) -> Table:
    """MovieLens-shaped rows: labels follow how much of the history is of the candidate's genre."""
    random = np.random.default_rng(seed)
    user = _zipf(random, NUM_USERS, num_rows, exponent=0.5)
    likes = random.integers(0, NUM_GENRES, (NUM_USERS, 2))
    of_user = {name: random.integers(0, size, NUM_USERS) for name, size in USER_FIELDS.items() if name != "user"}
    candidate = _items(random, likes[user], 0.5, 1)[:, 0]
    history = _items(random, likes[user], 0.9, MAX_HISTORY)
    is_real = np.arange(MAX_HISTORY) < random.integers(1, MAX_HISTORY + 1, num_rows)[:, None]
    is_alike = (history % NUM_GENRES == candidate[:, None] % NUM_GENRES) & is_real
    quality = random.normal(0.0, 0.5, NUM_GENRES * ITEMS_PER_GENRE)
    logits = 6.0 * is_alike.sum(axis=1) / is_real.sum(axis=1) + quality[candidate] - 0.8
    categorical = np.stack([user, *(values[user] for values in of_user.values()), candidate], axis=1) + FIRST_ID
    sizes = {**USER_FIELDS, CANDIDATE: NUM_GENRES * ITEMS_PER_GENRE}
    named = {name: size + FIRST_ID for name, size in sizes.items()}
    ids = np.where(is_real, history + FIRST_ID, 0).astype(np.int32)
    numeric = np.zeros((num_rows, 0), np.float32)
    return _split(named, numeric, categorical.astype(np.int32), ids, _clicked(random, logits))


def write_table(table: Table, folder: Path) -> Path:
    """Store the arrays; returns ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sizes.json").write_text(json.dumps(table.sizes))
    for split in ("train", "valid"):
        for name, array in vars(getattr(table, split)).items():
            np.save(folder / f"{split}_{name}.npy", array)
    return folder


def read_table(folder: Path) -> Table:
    """Read what ``write_table`` stored."""
    names = ("numeric", "categorical", "history", "labels")
    splits = {s: Rows(*(np.load(folder / f"{s}_{name}.npy") for name in names)) for s in ("train", "valid")}
    return Table(json.loads((folder / "sizes.json").read_text()), splits["train"], splits["valid"])


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    is_click = labels > 0.5
    clicks, others = is_click.sum(), (~is_click).sum()
    return float((ranks[is_click].sum() - clicks * (clicks + 1) / 2) / (clicks * others))


def _zipf(random: np.random.Generator, size: int, num_rows: int, exponent: float = 1.1) -> np.ndarray:
    """Ids (n,) below ``size``, the r-th most frequent drawn in proportion to (r + 2) ** -exponent."""
    cumulated = np.cumsum((np.arange(size) + 2.0) ** -exponent)
    frequent_first = np.searchsorted(cumulated, random.random(num_rows) * cumulated[-1])
    return random.permutation(size)[frequent_first]


def _items(random: np.random.Generator, likes: np.ndarray, share_liked: float, length: int) -> np.ndarray:
    """Items (n, length): of one of the row's liked genres (n, 2) with the given chance, else of any."""
    num_rows = len(likes)
    liked = likes[np.arange(num_rows)[:, None], random.integers(0, 2, (num_rows, length))]
    is_liked = random.random((num_rows, length)) < share_liked
    genre = np.where(is_liked, liked, random.integers(0, NUM_GENRES, (num_rows, length)))
    within = _zipf(random, ITEMS_PER_GENRE, num_rows * length, exponent=1.1).reshape(num_rows, length)
    return genre + NUM_GENRES * within


def _clicked(random: np.random.Generator, logits: np.ndarray) -> np.ndarray:
    return (random.random(len(logits)) < 1.0 / (1.0 + np.exp(-logits))).astype(np.float32)


def _split(sizes: dict[str, int], *columns: np.ndarray) -> Table:
    """The first 80 % of the rows to train on, the rest to validate."""
    at = int(SHARE_OF_TRAIN * len(columns[0]))
    return Table(sizes, Rows(*(part[:at] for part in columns)), Rows(*(part[at:] for part in columns)))
