"""Cut the wire: what predictions lose when pairs of fields, or fields, are switched off. Nothing is trained anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..data.arrays import EncodedRows
from ..data.batch import Batch, FieldLayout
from ..data.dataset import EncodedDataset, as_batch
from ..data.errors import InputError, join_names
from ..models.layers import evaluation_mode
from ..training.metrics import Calibration, Metrics, calibration, measure
from ..training.trainer import EVALUATION_ROWS, predict
from .averaging import Averages, OnProgress, averages
from .gains import Gain, Rows, gain_in_auc, gain_in_logloss
from .readouts import sample_batch
from .scored import chosen_rows
from .wires import Forward, Pair, without

# A cut is a pair of fields, or one field alone.
Cut = tuple[str, ...]
MOST_ROWS = {"weights": 20_000, "raw": 20_000, "behaviour": 4_000}


@dataclass(frozen=True)
class Quality:
    """How good the predictions of some rows are."""

    metrics: Metrics
    calibration: Calibration


@dataclass(frozen=True)
class CutResult:
    """Predictions of the same rows before and after some cuts; ``auc`` and ``logloss`` say by how much each rose."""

    cuts: tuple[Cut, ...]
    before: Quality
    after: Quality
    auc: Gain | None
    logloss: Gain


def ways_to_cut(title: str) -> tuple[str, ...]:
    """How the pairs of a model can be cut, by its title (FM, DCN-V1, ...); the way to offer first in front.

    By weights, a pair's own term is taken out of the sum (FM) or of every cross layer (DCN), purified; raw, without
    purifying. By behaviour, whatever the model makes of both together is averaged away; for FM that is the same as by
    weights.
    """
    if title == "FM":
        return ("weights", "raw")
    return ("behaviour", "weights", "raw") if title.startswith("DCN") else ("behaviour",)


class CutBench:
    """A model, the validation rows on which its cuts in one way are measured, and what all cuts have in common.

    At most ``most_rows`` rows, by default as MOST_ROWS says. The model is never changed, so it may be a shared one.
    """

    def __init__(self, model: nn.Module, encoded: EncodedDataset, way: str, most_rows: int | None = None) -> None:
        self._model, self._layout, self._way = model, encoded.encoder.layout, way
        self._rows = sample_rows(encoded.rows("valid"), most_rows or MOST_ROWS[way])
        self._batch, self._background = as_batch(self._rows), sample_batch(encoded.batch("train"))
        self._averages = Averages(model, self._layout, self._background, self._batch)
        self._logits = predict(model, self._batch)
        self._quality = _quality(self._rows, self._logits)

    def prepare(self, every: Sequence[Sequence[Cut]], on_progress: OnProgress) -> bool:
        """Do what takes long of measuring each of ``every`` set of cuts, of which most is common to all of them.

        ``on_progress`` is told how many steps of how many are done; if it is false, so is the answer, and what is done
        is kept. Raises InputError as ``measure`` does.
        """
        if self._way != "behaviour":
            return True
        needed = [names for cuts in every for names in averages(*self._pairs_and_fields(cuts))]
        return self._averages.prepare(needed, on_progress)

    def measure(self, cuts: Sequence[Cut]) -> CutResult:
        """What ``cuts`` change.

        Raises:
            InputError: for a field that the run does not have, one field twice in a pair, or too many by behaviour.
        """
        before, after = self._logits, self.logits(cuts)
        rows = Rows(np.asarray(self._rows.labels), self._rows.weights, self._rows.group_ids)
        has_auc = self._quality.metrics.auc is not None
        return CutResult(
            tuple(cuts),
            self._quality,
            _quality(self._rows, after),
            gain_in_auc(rows, [before], [after]) if has_auc else None,
            gain_in_logloss(rows, [after], [before]),
        )

    def logits(self, cuts: Sequence[Cut]) -> np.ndarray:
        """Logits of the rows after ``cuts``, float64 (n,)."""
        if not cuts:
            return self._logits
        pairs, fields = self._pairs_and_fields(cuts)
        if self._way == "behaviour":
            return self._averages.without(pairs, fields)
        with evaluation_mode(self._model):
            forward = without(self._model, self._background, pairs, fields, is_raw=self._way == "raw")
            return _in_parts(forward, self._batch)

    def _pairs_and_fields(self, cuts: Sequence[Cut]) -> tuple[list[Pair], list[str]]:
        ordered = [in_order(self._layout, cut) for cut in cuts]
        return [(c[0], c[1]) for c in ordered if len(c) == 2], [c[0] for c in ordered if len(c) == 1]


def in_order(layout: FieldLayout, cut: Sequence[str]) -> Cut:
    """The cut with its fields in the order of the layout, so that each pair has one name.

    Raises:
        InputError: for a field that the run does not have, and for anything but one field or two different ones.
    """
    names = layout.field_names
    for name in cut:
        if name not in names:
            raise InputError("This run has no field {field}; it has {known}.", field=name, known=join_names(names))
    if not 1 <= len(cut) <= 2 or len(set(cut)) < len(cut):
        raise InputError("A cut is one field or a pair of two different ones, not {cut}.", cut=join_names(tuple(cut)))
    return tuple(sorted(cut, key=names.index))


def sample_rows(rows: EncodedRows, most: int, seed: int = 0) -> EncodedRows:
    """At most ``most`` rows drawn at random, the same ones each time."""
    if len(rows) <= most:
        return rows
    return chosen_rows(rows, np.sort(np.random.default_rng(seed).choice(len(rows), size=most, replace=False)))


def _quality(rows: EncodedRows, logits: np.ndarray) -> Quality:
    labels = np.asarray(rows.labels)
    return Quality(measure(labels, logits, rows.group_ids, rows.weights), calibration(labels, logits, rows.weights))


@torch.no_grad()
def _in_parts(forward: Forward, batch: Batch) -> np.ndarray:
    """Logits, float64 (n,), of all rows, some thousand at a time."""
    parts = [batch.select(slice(start, start + EVALUATION_ROWS)) for start in range(0, len(batch), EVALUATION_ROWS)]
    return np.concatenate([forward(part).double().numpy() for part in parts] or [np.zeros(0)])
