"""What crosses are worth: logistic regression and FM trained with and without them on the same rows, and the gain.

Numeric fields that are crossed are given to all four models as bins too, so that the gain is that of the crosses alone.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from ..data.arrays import EncodedRows
from ..data.batch import Batch, FieldLayout
from ..data.dataset import EncodedDataset
from ..data.errors import InputError
from ..data.vocabulary import UNKNOWN
from ..models.fm import FM, FMConfig
from ..models.numbers import reading
from ..training.config import TrainingConfig
from ..training.metrics import measure
from ..training.pair_directions import begin_from_pairs
from ..training.trainer import StepDone, Trainer, predict
from .crosses import Cross, Pair, bins_alone, crossed_rows, fit_crosses
from .gains import Gain, Rows, gain_in_auc, gain_in_logloss

SPLITS = ("valid", "test")
MODELS = ("lr", "fm")

Logits = dict[str, np.ndarray]  # by split


@dataclass(frozen=True)
class Study:
    """What a study came to, as it is stored.

    ``metrics`` holds AUC and logloss by model (lr, fm, and both with crosses: lr+, fm+) and split; FM's are means over
    seeds. ``gains`` holds the gain by model, split and metric. ``crosses`` says of each cross how many values it has
    and what share of the rows of the last split are UNKNOWN to it.
    """

    pairs: list[Pair]
    seeds: int
    rows: dict[str, int]
    metrics: dict[str, dict[str, dict[str, float]]]
    gains: dict[str, dict[str, dict[str, Gain]]]
    crosses: list[dict[str, Any]] = field(default_factory=list)

    @property
    def split(self) -> str:
        """The split to judge by: test, or validation where there is none."""
        return "test" if "test" in self.rows else "valid"

    @property
    def way_to_fm(self) -> float | None:
        """Which share of the way from logistic regression to FM the crosses go in AUC; None if FM is not ahead."""
        plain, crossed, fm = (self.metrics[model][self.split]["auc"] for model in ("lr", "lr+", "fm"))
        return (crossed - plain) / (fm - plain) if fm - plain > 0.0005 else None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Study:
        """Read what ``asdict`` gave."""
        gains = {
            model: {split: {m: Gain(**gain) for m, gain in by_metric.items()} for split, by_metric in by_split.items()}
            for model, by_split in stored["gains"].items()
        }
        return cls(**{**stored, "pairs": [(a, b) for a, b in stored["pairs"]], "gains": gains})


def study_crosses(
    dataset: EncodedDataset,
    pairs: Sequence[Pair],
    config: FMConfig,
    training: TrainingConfig,
    *,
    min_count: int,
    seeds: int,
    device: torch.device,
    progress: Callable[[str, float], None] = lambda *_: None,
) -> Study:
    """Train all four models and compare. ``progress`` is told the model and the share done; it may raise to stop."""
    encoder, train = dataset.encoder, dataset.rows("train")
    crosses = fit_crosses(encoder, train, pairs, min_count)
    bins = bins_alone(crosses, encoder, train)
    splits = [split for split in SPLITS if split in dataset.splits]
    # What suits the fields is what suits them without crosses.
    config = replace(config, numeric_embedding=reading(config.numeric_embedding, encoder.layout))
    both = {
        name: {split: crossed_rows(encoder.layout, dataset.rows(split), extra) for split in ("train", *splits)}
        for name, extra in (("", bins), ("+", bins + crosses))
    }
    stages = _Stages(progress, 2 * (1 + seeds))
    logits: dict[str, list[Logits]] = {}
    for name, rows in both.items():
        logits[f"lr{name}"] = [_logistic(rows, splits, stages.next(f"lr{name}"))]
    for name, rows in both.items():
        logits[f"fm{name}"] = [
            _fm(rows, splits, config, replace(training, seed=training.seed + number), device, stages.next(f"fm{name}"))
            for number in range(seeds)
        ]
    measured = {split: _measured(dataset.rows(split)) for split in splits}
    return Study(
        pairs=list(pairs),
        seeds=seeds,
        rows={split: len(rows.labels) for split, rows in measured.items()},
        metrics={
            model: {split: _mean(measured[split], split, by_seed) for split in splits}
            for model, by_seed in logits.items()
        },
        gains={model: {split: _gains(measured[split], split, logits, model) for split in splits} for model in MODELS},
        crosses=[_described(cross, dataset.rows(splits[-1])) for cross in crosses],
    )


class _Stages:
    """The share of all stages that is done, of the share of each."""

    def __init__(self, progress: Callable[[str, float], None], count: int) -> None:
        self.progress, self.count, self.done = progress, count, -1

    def next(self, model: str) -> Callable[[float], None]:
        """The next stage, which trains ``model``: to be told the share of it that is done."""
        self.done += 1
        before = self.done
        return lambda share: self.progress(model, (before + share) / self.count)


def _logistic(
    rows: Mapping[str, tuple[FieldLayout, Batch]], splits: Sequence[str], on_step: Callable[[float], None]
) -> Logits:
    from .linear import design, fit_logistic  # scikit-learn takes a while to import

    designs = {split: design(*rows[split]) for split in ("train", *splits)}
    fitted = fit_logistic(designs["train"], designs["valid"], rows["train"][1], rows["valid"][1], on_step)
    return {split: fitted.logits(designs[split]) for split in splits}


def _fm(
    rows: Mapping[str, tuple[FieldLayout, Batch]],
    splits: Sequence[str],
    config: FMConfig,
    training: TrainingConfig,
    device: torch.device,
    on_step: Callable[[float], None],
) -> Logits:
    """Logits of the best epoch by the monitored metric."""
    torch.manual_seed(training.seed)
    model = FM(rows["train"][0], config)
    begin_from_pairs(model, rows["train"][1])
    trainer = Trainer(model, rows["train"][1], rows["valid"][1], training, device)
    for event in trainer.run():
        if isinstance(event, StepDone):
            on_step(event.step / (trainer.steps_per_epoch * training.epochs))
    trainer.model.load_state_dict(trainer.best_state)
    return {split: predict(trainer.model, rows[split][1].to(device)) for split in splits}


def _measured(rows: EncodedRows) -> Rows:
    weights = None if rows.weights is None else np.asarray(rows.weights, dtype=np.float64)
    return Rows(np.asarray(rows.labels, dtype=np.float64), weights, rows.group_ids)


def _mean(rows: Rows, split: str, by_seed: Sequence[Logits]) -> dict[str, float]:
    """AUC and logloss, the mean over seeds."""
    found = [measure(rows.labels, logits[split], None, rows.weights) for logits in by_seed]
    if any(metrics.auc is None for metrics in found):
        raise InputError("The {split} rows are all clicks, or all not, so there is no AUC to compare.", split=split)
    return {
        "auc": statistics.fmean(metrics.auc or 0.0 for metrics in found),
        "logloss": statistics.fmean(metrics.logloss for metrics in found),
    }


def _gains(rows: Rows, split: str, logits: Mapping[str, Sequence[Logits]], model: str) -> dict[str, Gain]:
    before, after = ([by_split[split] for by_split in logits[name]] for name in (model, f"{model}+"))
    return {"auc": gain_in_auc(rows, before, after), "logloss": gain_in_logloss(rows, before, after)}


def _described(cross: Cross, rows: EncodedRows) -> dict[str, Any]:
    return {
        "field_a": cross.a.field,
        "field_b": cross.b.field,
        "values": len(cross.keys),
        "unknown": float((cross(rows) == UNKNOWN).mean()),
    }
