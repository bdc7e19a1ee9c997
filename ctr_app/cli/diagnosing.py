"""diagnose: what the Evaluate page shows, without a browser."""

from __future__ import annotations

import argparse
from typing import Any

import pandas as pd

from ..data.batch import Batch
from ..data.errors import InputError, join_names
from ..data.store import DatasetStore
from ..explain.curves import calibration
from ..explain.evaluation import metrics_of
from ..explain.importance import field_importance
from ..explain.readouts import sample_batch
from ..explain.scored import Scored, score_split, score_table
from ..explain.slices import slices, worst_slices
from ..training.run_store import Run, RunStore
from .output import show, tell
from .results import table_of

SHOWN = 10
BASELINE_ROWS = 200


def diagnose(options: argparse.Namespace) -> None:
    """Metrics with intervals, calibration, the worst slices, and what of a table does not fit the run."""
    run = RunStore(options.runs).get(options.run)
    model, encoder = run.load_model()
    document: dict[str, Any] = {"run": run.id, "model": run.spec().title}
    if options.data is None:
        scored = _own_rows(run, options.split or "test")
    else:
        scored, fit = score_table(model, encoder, table_of(options, DatasetStore()).frame)
        document |= {"absent": list(fit.absent), "unlabelled": fit.unlabelled, "fields": _records(fit.fields)}
        if fit.absent:
            tell(f"Not in the table, so read as missing in every row: {join_names(fit.absent, 12)}.")
    names = DatasetStore().get(run.spec().dataset_id).names() if options.data is None else {}
    found = metrics_of(scored)
    worst = _slices(options.by, scored, encoder, names)
    document |= {
        "rows": len(scored),
        "metrics": {str(line.pop("metric")): line for line in _records(found)},
        "calibration": _records(calibration(scored)),
        "slices": _records(worst),
    }
    lines = [f"{m['metric']:<20} {m['value']:.4f}   {m['low']:.4f} to {m['high']:.4f}" for m in _records(found)]
    lines += ["", "Observed CTR far from the predicted one:", *map(_slice_line, _records(worst.head(SHOWN)))]
    if options.importance:
        tell("Dealing out the values of one field after another")
        fields = _records(field_importance(model, encoder.layout, scored, _baseline(run)))
        document["importance"] = fields
        lines += [
            "",
            "Rise of the logloss when a field's values are dealt out anew, and mean size of its contribution:",
        ]
        lines += map(_field_line, fields)
    show(options, document, lines)


def _own_rows(run: Run, split: str) -> Scored:
    spec = run.spec()
    encoded = DatasetStore().get(spec.dataset_id).encoded(spec.preparation)
    if split not in encoded.splits:
        raise InputError("The run has no {split} rows; it has {known}.", split=split, known=join_names(encoded.splits))
    return score_split(run.load_model()[0], encoded, split)


def _baseline(run: Run) -> Batch:
    """Training rows, from whose mean contributions are measured."""
    spec = run.spec()
    return sample_batch(DatasetStore().get(spec.dataset_id).encoded(spec.preparation).batch("train"), BASELINE_ROWS)


def _field_line(line: dict[str, Any]) -> str:
    return (
        f"{line['field']:<28} {line['rise']:+.5f} ({line['low']:+.5f} to {line['high']:+.5f})   "
        f"{line['attribution']:.4f} ({line['attribution_low']:.4f} to {line['attribution_high']:.4f})"
    )


def _slices(field: str | None, scored: Scored, encoder: Any, names: dict[str, dict[str, str]]) -> pd.DataFrame:
    if field is None:
        return worst_slices(scored, encoder, names)
    if field not in encoder.layout.field_names:
        known = join_names(encoder.layout.field_names, 20)
        raise InputError("This run has no field {field}; it has {known}.", field=field, known=known)
    return slices(scored, encoder, field, names.get(field)).assign(field=field)


def _slice_line(line: dict[str, Any]) -> str:
    return (
        f"{line['field']} {line['value']}: predicted {line['predicted']:.1%}, observed {line['observed']:.1%} "
        f"({line['low']:.1%} to {line['high']:.1%}) in {line['rows']} rows"
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The lines as dictionaries, None for what is not known."""
    known = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(frame.columns, line, strict=True)) for line in known.itertuples(index=False)]
