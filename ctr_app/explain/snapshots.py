"""The film of learning: field-pair strengths by epoch, kept in a run's folder while it trains."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..data.dataset import EncodedDataset
from ..data.files import write_bytes
from ..models.fm import FM
from ..training.run_store import Run
from .behaviour import swap_strengths
from .readouts import readouts_for, sample_batch
from .weights import strengths_by_weights

COLUMNS = {"readout": pl.String, "field_a": pl.String, "field_b": pl.String, "strength": pl.Float64}
FILE_NAME = re.compile(r"(\d{5,})\.parquet")
SAMPLE_ROWS = 256
# Behaviour is measured on as many pairs of rows as leave it a small part of an epoch, or else not at all.
SHARE_OF_EPOCH, LEAST_ROWS = 0.03, 4096
FEWEST_PAIRS, MOST_PAIRS = 16, 128
# Up to this many epochs each is kept, later ones ever farther apart.
DENSE_EPOCHS = 64


def keep_snapshot(run: Run, epoch: int, model: nn.Module, dataset: EncodedDataset) -> None:
    """Measure every pair of fields by the model as it is at ``epoch``, and keep that in the run's folder.

    Always the same rows are looked at, and no random number is drawn of which the training could miss one. Of extra
    trainings, which are there to be counted and not to be looked at, nothing is kept.
    """
    spec = run.spec()
    if spec.purpose:
        return
    found = measured(spec.title, _on_cpu(model), dataset.encoder.layout, dataset.batch("train"))
    if len(found):
        write_snapshot(run, epoch, found)
        _thin_out(run)


def measured(title: str, model: nn.Module, layout: FieldLayout, train: Batch) -> pl.DataFrame:
    """Columns readout, field_a, field_b, strength: by weights and by behaviour, where the model has them.

    Readout by readout, strongest first, as ``by_weights`` and ``by_behaviour`` have it of the same rows.
    """
    rows = sample_batch(train, SAMPLE_ROWS)
    is_closed_form = isinstance(model, FM)  # no row passes through the model
    num_pairs = MOST_PAIRS if is_closed_form else num_row_pairs(len(layout.field_names), len(train))
    found = {}
    for readout in readouts_for(title):
        if readout == "weights":
            strengths = strengths_by_weights(model, rows)
            found[readout] = strengths[np.triu_indices(len(strengths), k=1)]
        elif readout == "behaviour" and num_pairs:
            found[readout] = swap_strengths(model, layout, rows, num_pairs)
    frames = [_frame(readout, layout.field_names, strengths) for readout, strengths in found.items()]
    return pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)


def _frame(readout: str, names: Sequence[str], strengths: np.ndarray) -> pl.DataFrame:
    """The lines of one readout, of the strengths (P,) of all pairs."""
    order = np.argsort(-strengths, kind="stable")
    first, second = ([names[place] for place in one[order]] for one in np.triu_indices(len(names), k=1))
    columns = {"readout": [readout] * len(order), "field_a": first, "field_b": second, "strength": strengths[order]}
    return pl.DataFrame(columns, schema=COLUMNS)


def _on_cpu(model: nn.Module) -> nn.Module:
    """The model itself where it lies there, else a copy."""
    is_there = all(parameter.device.type == "cpu" for parameter in model.parameters())
    return model if is_there else deepcopy(model).cpu()


def num_row_pairs(num_fields: int, train_rows: int) -> int:
    """On how many pairs of rows behaviour is measured at an epoch of so many rows; 0 where that would take too long."""
    swaps = 1 + num_fields * (num_fields + 1) // 2
    affordable = int(max(LEAST_ROWS, SHARE_OF_EPOCH * train_rows)) // swaps
    return min(MOST_PAIRS, affordable) if affordable >= FEWEST_PAIRS else 0


def write_snapshot(run: Run, epoch: int, frame: pl.DataFrame) -> None:
    """Store one epoch's strengths (columns readout, field_a, field_b, strength), whole or not at all."""
    content = io.BytesIO()
    frame.write_parquet(content)
    write_bytes(_file(run, epoch), content.getvalue())


def snapshot_epochs(run: Run) -> list[int]:
    """The epochs that were kept so far, ascending."""
    found = (FILE_NAME.fullmatch(path.name) for path in _file(run, 0).parent.glob("*.parquet"))
    return sorted(int(match[1]) for match in found if match)


def snapshots(run: Run) -> pd.DataFrame:
    """Columns epoch (0 is before training), readout, field_a, field_b, strength of all epochs that were kept.

    By epoch, then as they were written: readout by readout, strongest first. A damaged file is passed over.
    """
    frames = [frame for epoch in snapshot_epochs(run) if (frame := snapshot(run, epoch)) is not None]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["epoch", *COLUMNS])


def snapshot(run: Run, epoch: int) -> pd.DataFrame | None:
    """What ``snapshots`` has of one epoch; None if that is not there or damaged."""
    try:
        kept = pl.read_parquet(_file(run, epoch)).select(pl.lit(epoch, pl.Int64).alias("epoch"), *COLUMNS)
    except (OSError, pl.exceptions.PolarsError):
        return None
    return kept.to_pandas() if kept.schema == {"epoch": pl.Int64, **COLUMNS} else None


def kept_epochs(epochs: Collection[int], best: int) -> set[int]:
    """Which of ``epochs`` to keep: all up to DENSE_EPOCHS, then ever fewer; the best and the last in any case."""
    always = (best, max(epochs))
    return {epoch for epoch in epochs if epoch % _stride(epoch) == 0 or epoch in always}


def _stride(epoch: int) -> int:
    """1 up to DENSE_EPOCHS, and twice as many each time that the epoch doubles."""
    return 1 << max(0, (max(epoch, 1) - 1) // DENSE_EPOCHS).bit_length()


def _thin_out(run: Run) -> None:
    epochs = snapshot_epochs(run)
    if epochs[-1] > DENSE_EPOCHS:
        best = next((e["epoch"] for e in reversed(run.history()) if e["kind"] == "eval" and e["is_best"]), 0)
        for epoch in set(epochs) - kept_epochs(epochs, best):
            _file(run, epoch).unlink(missing_ok=True)


def _file(run: Run, epoch: int) -> Path:
    return run.folder / "snapshots" / f"{epoch:05d}.parquet"
