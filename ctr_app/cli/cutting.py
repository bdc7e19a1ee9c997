"""cut and triples: what predictions lose without some pairs or fields, and what three fields do at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..data.errors import InputError, join_names
from ..data.store import DatasetStore
from ..training.run_store import RunStore
from .output import four, metrics_line, show

if TYPE_CHECKING:  # pandas, which it imports, takes a while
    from ..explain.cuts import Quality

SHOWN_TRIPLES = 12


def add_cut_options(cut: argparse.ArgumentParser) -> None:
    """The flags of ``cut``."""
    cut.add_argument(
        "--pair", nargs=2, action="append", default=[], metavar=("A", "B"), help="two fields to cut apart; repeatable"
    )
    cut.add_argument("--field", action="append", default=[], metavar="C", help="a field to switch off; repeatable")
    cut.add_argument(
        "--how",
        choices=("weights", "behaviour", "raw"),
        help="take purified terms out of the model, average away what it does, or take the terms out as they are",
    )


def cut(options: argparse.Namespace) -> None:
    """Metrics of the validation rows before and after the cuts."""
    from ..explain.cuts import CutBench, in_order, ways_to_cut

    run = RunStore(options.runs).get(options.run)
    spec = run.spec()
    known = ways_to_cut(spec.title)
    how = options.how or known[0]
    if how not in known:
        raise InputError(
            "{title} cannot be cut by {how}; it can by {known}.", title=spec.title, how=how, known=join_names(known)
        )
    encoded = DatasetStore().get(spec.dataset_id).encoded(spec.preparation)
    model, encoder = run.load_model()
    asked = [in_order(encoder.layout, names) for names in (*options.pair, *([name] for name in options.field))]
    if not asked:
        raise InputError("Say what to cut: --pair A B, or --field C.")
    result = CutBench(model, encoded, how).measure(tuple(dict.fromkeys(asked)))
    before, after = _described(result.before), _described(result.after)
    changes = {"auc": result.auc, "logloss": result.logloss}
    document: dict[str, Any] = {
        "run": run.id,
        "model": spec.title,
        "how": how,
        "cuts": [list(names) for names in result.cuts],
        "before": before,
        "after": after,
        "change": {name: change and {"value": change.value, "error": change.error} for name, change in changes.items()},
    }
    lines = [metrics_line("before", before), metrics_line("after", after)]
    if result.auc is not None:
        lines.append(f"AUC {result.auc.value:+.4f} ± {result.auc.margin:.4f} (95 %)")
    show(options, document, lines)


def triples(options: argparse.Namespace) -> None:
    """Triples of fields, strongest first."""
    from ..data.intervals import Z_95
    from ..explain.readouts import sample_batch
    from ..explain.triples import has_triples, strongest_triples

    run = RunStore(options.runs).get(options.run)
    spec = run.spec()
    rows = sample_batch(DatasetStore().get(spec.dataset_id).encoded(spec.preparation).batch("train"))
    model, encoder = run.load_model()
    found = strongest_triples(model, encoder.layout, rows).to_dict("records") if has_triples(model) else []
    lines = [
        f"{t['field_a']} × {t['field_b']} × {t['field_c']}  {four(t['strength'])} ± {four(Z_95 * t['error'])}"
        for t in found[:SHOWN_TRIPLES]
    ]
    document = {"run": run.id, "model": spec.title, "triples": found}
    show(options, document, lines or [f"{spec.title} has no term of three fields here."])


def _described(quality: Quality) -> dict[str, Any]:
    return quality.metrics.to_json() | {
        "predicted_over_observed": quality.calibration.ratio,
        "calibration_error": quality.calibration.error,
    }
