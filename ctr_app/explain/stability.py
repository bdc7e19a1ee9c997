"""Which pairs hold from seed to seed, and which stand above what a model sees in data without any interaction.

A model gives every pair of fields some strength, and how much depends on how many values the fields have, on how
strong their other effects are, and on when its training stopped. So each training's strengths are measured against the
background of their two fields in that same training, and a pair against its own like in trainings on null labels
(training/null_labels.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import fdtrc, fdtri, stdtrit

from ..data.errors import InputError, join_names
from ..data.store import DataSet
from ..training.repeats import NULL, SEED, finished
from ..training.run_store import Run
from .pairs import pair_matrix
from .readouts import interactions, readouts_for

Measure = Callable[[Run, DataSet, str], pd.DataFrame]
LEVEL = 0.05
CONFIDENCE = 0.95
LEAST_NULLS = 3
# With fewer fields, the pairs of a field are too few to tell its background from what it truly does.
LEAST_FIELDS = 6
POLISHING_ROUNDS = 20
# A strength counts as at least this share of the median, so that its logarithm is a number.
LEAST_SHARE = 1e-2
# The spread of a pair among few nulls is taken together with that of all pairs, which counts as so many more nulls,
# and is never less than that: too small a spread by chance would let noise pass.
PRIOR_NULLS = 8
LEAST_SQUARE, LEAST_SPREAD = 1e-30, 1e-6


@dataclass(frozen=True)
class Stability:
    """The frame of ``stability`` by one readout, and from how many trainings; the run itself is one of the seeds."""

    readout: str
    frame: pd.DataFrame
    num_seeds: int
    num_nulls: int

    @property
    def has_line(self) -> bool:
        """Whether there are enough nulls for a line."""
        return self.num_nulls >= LEAST_NULLS

    @property
    def num_passing(self) -> int:
        """How many pairs stand above their line."""
        return int(self.frame["passes"].sum())


def stability_of(run: Run, dataset: DataSet, readout: str | None = None, measure: Measure = interactions) -> Stability:
    """What the finished repeats of ``run`` say of its pairs by ``readout``, by default the first of its family.

    Raises:
        InputError: for a readout that the family does not have, or one that needs no model.
    """
    known = trained_readouts(run.spec().title)
    readout = readout or known[0]
    if readout not in known:
        raise InputError(
            "Other seeds and nulls are read by {known}, not by {readout}.", known=join_names(known), readout=readout
        )
    seeds, nulls = finished(run, SEED), finished(run, NULL)
    names = run.encoder().layout.field_names
    frame = stability(
        names,
        [measure(trained, dataset, readout) for trained in (run, *seeds)],
        [measure(trained, dataset, readout) for trained in nulls],
    )
    return Stability(readout, frame, 1 + len(seeds), len(nulls))


def trained_readouts(title: str) -> tuple[str, ...]:
    """The readouts of a model by its title that a training has a part in, the one to show first in front."""
    return tuple(readout for readout in readouts_for(title) if readout != "counts")


def stability(
    names: Sequence[str], seeds: Sequence[pd.DataFrame], nulls: Sequence[pd.DataFrame], level: float = LEVEL
) -> pd.DataFrame:
    """What trainings with several seeds, and others on null labels, say of every pair of fields; strongest first.

    ``seeds`` and ``nulls`` are the frames of one readout, one for each training. Columns: field_a, field_b; strength,
    the mean over the seeds, and low and high, its 95 % interval (NaN with one seed); p_value, that a pair without
    interaction is as strong; line, the strength from which on a pair passes; passes, at a false discovery rate of
    ``level``; and through, a third field that may lend the pair its strength (see ``lenders``), or "". With fewer than
    three nulls there is no p_value and no line (NaN), and none passes.
    """
    upper = np.triu_indices(len(names), k=1)
    pairs = list(combinations(names, 2))
    matrices = [pair_matrix(names, frame) for frame in seeds]
    strengths = np.stack([matrix[upper] for matrix in matrices])
    low, high = mean_interval(strengths)
    frame = pd.DataFrame(
        {
            "field_a": [a for a, _ in pairs],
            "field_b": [b for _, b in pairs],
            "strength": strengths.mean(axis=0),
            "low": low,
            "high": high,
            "p_value": np.nan,
            "line": np.nan,
            "passes": False,
        }
    )
    if len(nulls) >= LEAST_NULLS and len(frame):
        relative = np.stack([relative_strengths(matrix)[upper] for matrix in matrices]).mean(axis=0)
        null = Null.of(np.stack([relative_strengths(pair_matrix(names, frame))[upper] for frame in nulls]))
        p_values = null.p_values(relative)
        threshold = discovery_threshold(p_values, level)
        background = strengths.mean(axis=0) / np.where(relative > 0, relative, 1.0)
        frame["p_value"], frame["passes"] = p_values, p_values <= threshold
        frame["line"] = background * null.strengths_at(threshold)
    frame["through"] = lenders(frame)
    return frame.sort_values("strength", ascending=False, kind="stable", ignore_index=True)


def lenders(frame: pd.DataFrame) -> list[str]:
    """For each pair that passes a third field with which both of its fields pass more strongly, or "".

    Fields that follow the same third one get alike vectors, so an FM sees them interact with each other as well; of
    three that pass together, the weakest is the doubtful one (as of mutual information in ARACNE, Margolin 2006).
    """
    passing = frame[frame["passes"]]
    strengths: dict[str, dict[str, float]] = {}
    for a, b, strength in zip(passing["field_a"], passing["field_b"], passing["strength"], strict=True):
        strengths.setdefault(a, {})[b] = strengths.setdefault(b, {})[a] = strength
    return [
        _lender(strengths[a], strengths[b], strength) if passes else ""
        for a, b, strength, passes in zip(
            frame["field_a"], frame["field_b"], frame["strength"], frame["passes"], strict=True
        )
    ]


def _lender(of_a: dict[str, float], of_b: dict[str, float], strength: float) -> str:
    """The field that interacts most with both, if with both by more than ``strength``."""
    through = {field: min(of_a[field], of_b[field]) for field in of_a.keys() & of_b.keys()}
    best = max(sorted(through), key=through.__getitem__, default="")
    return best if best and through[best] > strength else ""


def mean_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of Student's interval for the mean of each column of (n, P), (P,) each; NaN where n is 1."""
    count, mean = len(values), values.mean(axis=0)
    if count < 2:
        return np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    half = stdtrit(count - 1, (1 + confidence) / 2) * values.std(axis=0, ddof=1) / np.sqrt(count)
    return np.maximum(0.0, mean - half), mean + half


def discovery_threshold(p_values: np.ndarray, level: float) -> float:
    """The largest p-value that passes at a false discovery rate of ``level`` (Benjamini & Hochberg 1995).

    Where none passes, that which the smallest would have to reach.
    """
    ladder = level * np.arange(1, len(p_values) + 1) / len(p_values)
    reached = np.flatnonzero(np.sort(p_values) <= ladder)
    return float(ladder[reached[-1] if len(reached) else 0])


def relative_strengths(matrix: np.ndarray) -> np.ndarray:
    """Each strength of a symmetric (F, F) matrix over the background of its two fields, (F, F), 0 on the diagonal.

    The background is a product of one factor for each field, such that half of each field's pairs lie above it: a
    median polish of the logarithms (Tukey 1977). A field that interacts strongly with one other lends a model strength
    to all its pairs, and so does a training that went on for longer; neither shows in the relative strengths.
    """
    off_diagonal = ~np.eye(len(matrix), dtype=bool)
    positive = matrix[off_diagonal & (matrix > 0)]
    if len(matrix) < LEAST_FIELDS or not len(positive):
        return matrix
    logs = np.log(np.maximum(matrix, LEAST_SHARE * np.median(positive)))
    factors = _mean_factors(np.where(off_diagonal, logs, 0.0))
    for _ in range(POLISHING_ROUNDS):
        left = logs - factors[:, None] - factors[None, :]
        factors += np.median(left[off_diagonal].reshape(len(logs), -1), axis=1) / 2
    relative: np.ndarray = np.where(off_diagonal, matrix / np.exp(factors[:, None] + factors[None, :]), 0.0)
    return relative


def _mean_factors(logs: np.ndarray) -> np.ndarray:
    """Least-squares fit a_i + a_j to a symmetric (F, F) matrix whose diagonal is 0, (F,): where polishing begins."""
    sums = logs.sum(axis=1)
    fitted: np.ndarray = (sums - sums.sum() / (2 * len(logs) - 2)) / (len(logs) - 2)
    return fitted


@dataclass(frozen=True)
class Null:
    """How strong pairs are without any interaction: their mean squares and the shapes of these, (P,), from ``count``.

    What is left of a pair's effect when there is none is noise in each of its cells, and its square a sum of squares of
    noise: about a gamma distribution (Satterthwaite 1946), whose shape says how many cells take part in effect.
    """

    mean_squares: np.ndarray
    shapes: np.ndarray
    count: int

    @classmethod
    def of(cls, strengths: np.ndarray) -> Null:
        """From the strengths of P pairs in m >= 2 trainings on null labels, (m, P)."""
        count, squares = len(strengths), strengths**2
        means = squares.mean(axis=0)
        means = np.maximum(means, max(LEAST_SQUARE, LEAST_SHARE**2 * np.median(means)))
        spreads = squares.var(axis=0, ddof=1) / means**2
        weight = PRIOR_NULLS / (PRIOR_NULLS + count - 1)
        shared = np.maximum(spreads.mean(), weight * spreads.mean() + (1 - weight) * spreads)
        return cls(means, 1 / np.maximum(LEAST_SPREAD, shared), count)

    def p_values(self, strengths: np.ndarray) -> np.ndarray:
        """The chance of a pair without interaction to be as strong as ``strengths``, (P,).

        A square over the mean of ``count`` others like it has an F distribution; the mean over several seeds varies
        less, so the chance is rather lower than that.
        """
        found: np.ndarray = fdtrc(2 * self.shapes, 2 * self.shapes * self.count, strengths**2 / self.mean_squares)
        return found

    def strengths_at(self, p_value: float) -> np.ndarray:
        """The strengths, (P,), that have this p-value."""
        ratios = fdtri(2 * self.shapes, 2 * self.shapes * self.count, 1 - p_value)
        return np.sqrt(ratios * self.mean_squares)
