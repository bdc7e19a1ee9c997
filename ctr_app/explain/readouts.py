"""Field-pair readouts of a stored run: by weights, by behaviour or from the counts alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from ..data.batch import Batch
from ..data.errors import InputError, join_names
from ..data.store import DataSet
from ..training.run_store import Run
from .behaviour import NUM_SWAPS, by_behaviour
from .counts import by_counts
from .weights import by_weights

SAMPLE_ROWS = 4096
# Swaps of many fields are made between fewer rows: 512 pairs of rows up to 39 fields, then so many rows in all.
MOST_MIXED_ROWS, FEWEST_SWAPS = 400_000, 32
READOUTS = ("weights", "behaviour", "counts")


def readouts_for(title: str) -> tuple[str, ...]:
    """The readouts of a model by its title (FM, DCN-V1, ...), the one to show first in front.

    FM's weights are all there is to it. Those of a DCN are read as they act on average; those of DCN-V1 and
    DCN-Mix told pairs apart little better than chance before the MLP was in them.
    """
    if title == "FM":
        return READOUTS
    return ("behaviour", "weights", "counts") if title.startswith("DCN") else ("behaviour", "counts")


def interactions(
    run: Run, dataset: DataSet, readout: str | None = None, *, raw: bool = False, support: int = 0
) -> pd.DataFrame:
    """Columns field_a, field_b, strength in logits (RMS), strongest first, for every pair of the run's fields.

    By behaviour there is a column ``error`` too, the standard error of the strength. ``raw``: weights with main effects
    left in. ``support``: only swaps that make pairs of values with so many training rows count.

    Raises:
        InputError: if the run's family does not have the readout asked for, or the readout no such choice.
    """
    spec = run.spec()
    known = readouts_for(spec.title)
    readout = readout or known[0]
    if readout not in known:
        raise InputError(
            "{title} has no readout by {readout}; it has {known}.",
            title=spec.title,
            readout=readout,
            known=join_names(known),
        )
    _check_choices(readout, raw, support)
    encoded = dataset.encoded(spec.preparation)
    if readout == "counts":
        return by_counts(encoded.encoder.layout, encoded.rows("train"))
    model, encoder = run.load_model()
    batch = sample_batch(encoded.batch("train"))
    if readout == "weights":
        return by_weights(model, batch, raw=raw)
    rows = encoded.rows("train") if support else None
    return by_behaviour(
        model, encoder.layout, batch, num_swaps(len(encoder.layout.field_names)), training_rows=rows, support=support
    )


def num_swaps(num_fields: int) -> int:
    """Between how many pairs of rows swaps are made, so that many fields do not take minutes."""
    mixes = 1 + num_fields * (num_fields + 1) // 2
    return max(FEWEST_SWAPS, min(NUM_SWAPS, MOST_MIXED_ROWS // mixes))


def _check_choices(readout: str, raw: bool, support: int) -> None:
    if raw and readout != "weights":
        raise InputError("Raw strengths are those of weights; there are none by {readout}.", readout=readout)
    if support and readout != "behaviour":
        raise InputError("Support limits swaps, which are made by behaviour, not by {readout}.", readout=readout)


def sample_batch(batch: Batch, rows: int = SAMPLE_ROWS, seed: int = 0) -> Batch:
    """At most ``rows`` rows drawn at random, the same ones each time."""
    if len(batch) <= rows:
        return batch.select(slice(None))
    chosen = np.sort(np.random.default_rng(seed).choice(len(batch), size=rows, replace=False))
    return batch.select(torch.from_numpy(chosen))
