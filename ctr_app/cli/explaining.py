"""explain: what the Predictions page shows of one row, without a browser."""

from __future__ import annotations

import argparse
from typing import Any

from torch import nn

from ..data.batch import Batch
from ..data.encoding import Encoder
from ..data.errors import InputError
from ..data.schema import Role
from ..data.store import DatasetStore
from ..explain.attention import encode_row, predicted_ctr
from ..explain.contributions import Contributions, ablation, exact, shapley
from ..explain.counterfactuals import counterfactuals
from ..explain.gradients import integrated_gradients
from ..explain.readouts import sample_batch
from ..explain.what_if import Value, edited, pair_split
from ..models.fm import FM
from ..training.run_store import RunStore
from .output import show
from .results import table_of

BASELINE_ROWS = 100


def explain(options: argparse.Namespace) -> None:
    """The contributions of the fields to one logit; with edits their effect; with a CTR to reach the fewest edits."""
    run, datasets = RunStore(options.runs).get(options.run), DatasetStore()
    model, encoder = run.load_model()
    row = encode_row(encoder, table_of(options, datasets).frame, options.row)
    train = datasets.get(run.spec().dataset_id).encoded(run.spec().preparation).batch("train")
    found = _contributions(
        options.method or ("exact" if isinstance(model, FM) else "shapley"), model, encoder, row, train
    )
    ctr = predicted_ctr(model, row)
    frame = found.frame.iloc[found.frame["contribution"].abs().argsort(kind="stable")[::-1]]
    document: dict[str, Any] = {
        "run": run.id,
        "row": options.row,
        "ctr": ctr,
        "method": found.method,
        "logit": found.logit,
        "baseline": found.baseline,
        "delta": found.delta,
        "contributions": frame.astype(object).where(frame.notna(), None).to_dict("records"),
    }
    lines = [f"CTR {ctr:.4f}, logit {found.logit:+.4f}, baseline {found.baseline:+.4f}, missed {found.delta:+.5f}"]
    lines += [f"{_part(line):<44} {line['contribution']:+.4f}" for line in document["contributions"][:20]]
    if options.edit:
        document["edits"] = _edits(model, encoder, row, dict(_edit(encoder, text) for text in options.edit))
        lines += [f"{key}: {value:+.4f}" for key, value in document["edits"].items()]
    if options.reach is not None:
        fields = [*encoder.layout.numeric, *encoder.layout.categorical]
        reached, nearest = counterfactuals(model, encoder, row, fields, options.reach)
        document["reach"] = {"found": [vars(one) for one in reached], "nearest": vars(nearest)}
        lines += [f"{_in_words(one.edits)} gives CTR {one.ctr:.4f}" for one in reached or [nearest]]
    show(options, document, lines)


def _contributions(method: str, model: nn.Module, encoder: Encoder, row: Batch, train: Batch) -> Contributions:
    if method == "exact":
        if not isinstance(model, FM):
            raise InputError("Only FM is a sum that can be taken apart exactly; choose another --method.")
        return exact(model, row, sample_batch(train))
    measure = {"shapley": shapley, "gradients": integrated_gradients, "ablation": ablation}[method]
    return measure(model, encoder.layout, row, sample_batch(train, BASELINE_ROWS))


def _edit(encoder: Encoder, text: str) -> tuple[str, Value]:
    field, sign, value = text.partition("=")
    if not sign:
        raise InputError("--edit takes FIELD=VALUE, not {text}.", text=text)
    if field not in encoder.layout.numeric:
        return field, value if field not in {c.name for c in encoder.schema.with_role(Role.SEQUENCE)} else value.split(
            "|"
        )
    try:
        return field, float(value)
    except ValueError:
        raise InputError("{field} is a number; {value} is none.", field=field, value=value) from None


def _edits(model: nn.Module, encoder: Encoder, row: Batch, edits: dict[str, Value]) -> dict[str, float]:
    after = edited(row, encoder, edits)
    found = {"ctr": predicted_ctr(model, after)}
    if len(edits) == 2:
        a, b = edits.items()
        split = pair_split(model, encoder, row, a, b)
        found |= {f"{a[0]} alone": split.main_a, f"{b[0]} alone": split.main_b, "interaction": split.interaction}
    return found


def _part(line: dict[str, Any]) -> str:
    return line["field"] if line.get("with_field") is None else f"{line['field']} × {line['with_field']}"


def _in_words(edits: dict[str, Value]) -> str:
    return ", ".join(f"{field} = {value}" for field, value in edits.items())
