"""How long the metrics of 200,000 rows take beyond the forward pass, and how far AUC is from scikit-learn's."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from peers.tables import markdown
from quality_numbers import marked
from quality_runs import Part, Plan
from sklearn.metrics import roc_auc_score

from ctr_app.training.metrics import measure

NUM_ROWS, NUM_USERS, NUM_SCORES = 200_000, 6_000, 200
REPEATS = 9
MOST_SECONDS, MOST_DIFFERENCE = 0.3, 1e-12


@dataclass(frozen=True)
class Case:
    """What is measured: labels and logits (n,), and group ids (n,) or None."""

    title: str
    labels: np.ndarray
    logits: np.ndarray
    groups: np.ndarray | None = None


def cases(num_rows: int = NUM_ROWS) -> tuple[Case, ...]:
    """Scores that are all different and scores with many ties, without and with groups."""
    random = np.random.default_rng(0)
    labels = (random.random(num_rows) < 0.3).astype(np.float32)
    logits = random.normal(size=num_rows) + labels
    tied = np.floor(logits / np.ptp(logits) * NUM_SCORES)
    users = random.integers(0, NUM_USERS, num_rows)
    return (
        Case("AUC and logloss, scores all different", labels, logits),
        Case(f"AUC and logloss, {NUM_SCORES} different scores", labels, tied),
        Case(f"with GAUC of {NUM_USERS:,} users, scores all different", labels, logits, users),
        Case(f"with GAUC of {NUM_USERS:,} users, {NUM_SCORES} different scores", labels, tied, users),
    )


def measured(plan: Plan) -> Part:
    """The whole part; its cost is a few seconds, whatever the plan."""
    del plan
    header = ["", "seconds, median", "AUC beside scikit-learn's"]
    rows = [[case.title, *_cells(seconds_of(case), difference_of(case))] for case in cases()]
    return Part(f"Evaluation of {NUM_ROWS:,} rows", markdown(header, rows))


def seconds_of(case: Case, repeats: int = REPEATS) -> float:
    """Median seconds of all metrics."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        measure(case.labels, case.logits, case.groups)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def difference_of(case: Case) -> float:
    """How far our AUC is from scikit-learn's."""
    ours = measure(case.labels, case.logits).auc
    return abs((ours or 0.0) - float(roc_auc_score(case.labels, case.logits)))


def _cells(seconds: float, difference: float) -> list[str]:
    return [
        marked(f"{seconds:.3f} (< {MOST_SECONDS:g})", seconds < MOST_SECONDS),
        marked(f"{difference:.0e} (≤ {MOST_DIFFERENCE:g})", difference <= MOST_DIFFERENCE),
    ]
