"""attention: what DIN looks at in the history of one row, and how far to believe it over many rows."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.batch import Batch
from ..data.dataset import as_batch
from ..data.encoding import Encoder
from ..data.errors import InputError
from ..data.store import DatasetStore
from ..training.run_store import Run, RunStore
from .output import show, tell
from .reading import add_reading_flags
from .results import table_of

if TYPE_CHECKING:
    from ..explain.faithfulness import Faithfulness
    from ..models.din import DIN

MANY_ROWS = 500


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``attention``."""
    command.add_argument("run", metavar="RUN", help="a run's id or its folder")
    command.add_argument("--runs", type=Path, metavar="DIR", help="folder of runs (default: checkpoints/)")
    command.add_argument(
        "--data",
        metavar="FILE|NAME",
        help="the table, or a known data set's name (default with --faithfulness: the run's own test rows)",
    )
    command.add_argument("--row", type=int, metavar="I", help="row of the table, from 0")
    command.add_argument("--candidate", metavar="VALUE", help="another candidate value than the row's own")
    command.add_argument(
        "--faithfulness",
        action="store_true",
        help=f"over up to {MANY_ROWS} rows: does attention point at the items that matter?",
    )
    add_reading_flags(command)


def attention(options: argparse.Namespace) -> None:
    """DIN's weight of each item in the histories of one row beside what leaving it out does, or the score over many."""
    from ..explain.attention import din_or_error  # pandas takes a while to import

    run = RunStore(options.runs).get(options.run)
    model, encoder = run.load_model()
    din = din_or_error(model)
    if options.faithfulness:
        _faithfulness(options, run, din, encoder)
    elif options.data is None or options.row is None:
        raise InputError("attention needs --data and --row, or --faithfulness.")
    else:
        _one_row(options, run, din, encoder)


def _one_row(options: argparse.Namespace, run: Run, din: DIN, encoder: Encoder) -> None:
    from ..explain import attention as explain

    datasets = DatasetStore()
    batch = explain.encode_row(encoder, table_of(options, datasets).frame, options.row)
    if options.candidate is not None:
        batch = explain.with_candidate(batch, encoder, din.groups[0][0].candidate or "", options.candidate)
    frame = explain.attention(din, encoder, batch, _names(datasets, run.spec().dataset_id))
    ctr = explain.predicted_ctr(din, batch)
    groups = [
        {
            "history": history,
            "candidate_field": part["candidate_field"].iloc[0],
            "candidate": part["candidate"].iloc[0],
            "items": part.assign(effect=explain.leave_one_out(din, batch, str(history)))[
                ["position", "value", "name", "weight", "effect"]
            ].to_dict("records"),
        }
        for (_, history), part in frame.groupby(["group", "history"], sort=False)
    ]
    lines = [
        f"{group['history']} {item['position']:>3}  {item['weight']:.4f}  {item['effect']:+.4f}  {item['name']}"
        for group in groups
        for item in group["items"]
    ]
    document = {"run": run.id, "row": options.row, "ctr": ctr, "groups": groups}
    first = f"CTR {ctr:.4f}; of each item its attention, and what it adds to the logit"
    show(options, document, [first, *lines] if lines else [f"CTR {ctr:.4f}", "The histories of this row are empty."])


def _faithfulness(options: argparse.Namespace, run: Run, din: DIN, encoder: Encoder) -> None:
    from ..explain.faithfulness import faithfulness
    from ..explain.readouts import sample_batch

    rows = sample_batch(_rows(options, run, encoder), MANY_ROWS)
    names = [history.name for group in din.groups for history in group]
    tell(f"Taking items out of the histories of {len(rows)} rows")
    found = {name: faithfulness(din, rows, name) for name in names}
    document = {"run": run.id, "histories": [_record(name, one) for name, one in found.items() if one is not None]}
    show(options, document, [line for name, one in found.items() for line in _lines(name, one)])


def _record(history: str, found: Faithfulness) -> dict[str, Any]:
    numbers = {name: getattr(found, name) for name in ("score", "low", "high", "pushing_down")}
    known = {name: None if value != value else value for name, value in numbers.items()}  # NaN is no JSON
    curves = {
        str(method): part[["removed", "logit"]].to_dict("records") for method, part in found.curves.groupby("method")
    }
    return {"history": history, "rows": found.rows, **known, "curves": curves}


def _lines(history: str, found: Faithfulness | None) -> list[str]:
    if found is None:
        return [f"{history}: no row has three items or more, so there is nothing to take out"]
    return [
        f"{history}: faithfulness {found.score:.2f} ({found.low:.2f} to {found.high:.2f}) over {found.rows} rows; "
        "1 is as good as leaving out, 0 as random",
        f"{history}: in {found.pushing_down:.0%} of them the item with the most attention lowers the CTR",
    ]


def _rows(options: argparse.Namespace, run: Run, encoder: Encoder) -> Batch:
    """The rows of the table that is named, or the run's own test rows (validation rows if it has none)."""
    datasets, spec = DatasetStore(), run.spec()
    if options.data is not None:
        return as_batch(encoder.transform(table_of(options, datasets).frame))
    encoded = datasets.get(spec.dataset_id).encoded(spec.preparation)
    return encoded.batch("test" if "test" in encoded.splits else "valid")


def _names(datasets: DatasetStore, dataset_id: str) -> dict[str, dict[str, str]]:
    """Readable names of values; none if the data set is gone."""
    try:
        return datasets.get(dataset_id).names()
    except InputError:
        return {}
