"""Why the maps of a run might disagree: too few rows, fields that go together, training that has not ended."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..data.arrays import EncodedRows
from ..data.batch import FieldLayout
from ..data.sentences import Sentence, say
from ..training.run_store import Run
from .codes import field_codes

SAMPLE_ROWS = 50_000
# Cochran's rule for tables of counts: about five expected in each cell.
FEWEST_PER_CELL = 5.0
CORRELATED = 0.3


@dataclass(frozen=True)
class Doubts:
    """What may stand against a map.

    ``rows_per_cell``: rows of the rarer label for the average combination of two fields' values. ``correlated`` are the
    two fields that tell most of each other, and ``cramers_v`` how much, from 0 to 1. ``is_unfinished``: the best epoch
    is the last that was trained.
    """

    rows_per_cell: float
    correlated: tuple[str, str]
    cramers_v: float
    is_unfinished: bool

    def sentences(self) -> list[Sentence]:
        """The reasons that hold, or that none of them does."""
        found = []
        if self.rows_per_cell < FEWEST_PER_CELL:
            found.append(
                say(
                    "Too few rows: {count:.1f} of the rarer label for the average combination of two values, "
                    "where five are wanted.",
                    count=self.rows_per_cell,
                )
            )
        if self.cramers_v >= CORRELATED:
            found.append(
                say(
                    "Correlated fields: {a} and {b} tell much of each other (Cramér's V {v:.2f}), so that a map may "
                    "take the one for the other.",
                    a=self.correlated[0],
                    b=self.correlated[1],
                    v=self.cramers_v,
                )
            )
        if self.is_unfinished:
            found.append(say("Unfinished training: the last epoch was the best, so that more may change the picture."))
        return found or [
            say("Rows are enough, no two fields go together and training has ended: other seeds may tell more.")
        ]


def doubts(run: Run, layout: FieldLayout, rows: EncodedRows) -> Doubts:
    """The doubts about a run with at least two fields, from its training rows."""
    chosen = _sample(len(rows))
    codes = {name: field_codes(layout, rows, name)[chosen] for name in layout.field_names}
    tables = {(a, b): _table(codes[a], codes[b]) for a, b in combinations(codes, 2)}
    cells = np.mean([np.count_nonzero(table) for table in tables.values()])
    labels = np.asarray(rows.labels, dtype=np.float64)
    rarer = min(labels.sum(), len(labels) - labels.sum())
    correlations = {pair: cramers_v(table) for pair, table in tables.items()}
    strongest = max(correlations, key=lambda pair: correlations[pair])
    return Doubts(float(rarer / cells), strongest, correlations[strongest], _is_unfinished(run))


def cramers_v(table: np.ndarray) -> float:
    """Cramér's V of a table of counts (K_a, K_b), corrected for bias (Bergsma 2013): 0 independent, 1 determined."""
    table = table[table.any(axis=1)][:, table.any(axis=0)].astype(np.float64)
    total, (num_rows, num_columns) = table.sum(), table.shape
    if min(table.shape) < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi_square = ((table - expected) ** 2 / expected).sum() / total
    corrected = max(0.0, phi_square - (num_rows - 1) * (num_columns - 1) / (total - 1))
    smaller = min(size - (size - 1) ** 2 / (total - 1) for size in table.shape) - 1
    return float(np.sqrt(min(1.0, corrected / smaller))) if smaller > 0 else 0.0


def _table(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    shape = (int(a.max()) + 1, int(b.max()) + 1)
    return np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1]).reshape(shape)


def _sample(count: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(count)[:SAMPLE_ROWS]


def _is_unfinished(run: Run) -> bool:
    metrics = run.metrics()
    return metrics is None or metrics["best_epoch"] == metrics["epochs"]
