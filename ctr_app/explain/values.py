"""One pair of fields value by value: the effect that belongs to both together, beside observed and predicted CTR."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.encoding import Encoder
from ..data.errors import InputError
from ..models.fm import FM
from ..training.metrics import sigmoid
from ..training.trainer import predict
from .cells import Cells, cells_of
from .coded import Chosen, CodedField, Names, coded_field
from .mixing import with_field
from .readouts import sample_batch

NUM_VALUES = 12
BACKGROUND = 256
# The predicted CTR of a cell is the mean over at most so many of its rows.
ROWS_PER_CELL = 200


def value_table(
    model: nn.Module,
    encoder: Encoder,
    batch: Batch,
    field_a: str,
    field_b: str,
    *,
    num_values: int = NUM_VALUES,
    background: int = BACKGROUND,
) -> pd.DataFrame:
    """``pair_table`` of two fields by their names, which ``coded_pair`` checks."""
    a, b = coded_pair(encoder, batch, field_a, field_b)
    return pair_table(model, batch, a.choose(num_values), b.choose(num_values), encoder.layout, background)


def coded_pair(
    encoder: Encoder, batch: Batch, field_a: str, field_b: str, names: Names | None = None
) -> tuple[CodedField, CodedField]:
    """Two fields of the rows of ``batch``, as ``coded_field`` reads them.

    Raises:
        InputError: for a field that the run does not have, one field twice, or a batch without rows.
    """
    a, b = (coded_field(encoder, batch, field, names) for field in (field_a, field_b))
    if field_a == field_b:
        raise InputError("A pair has two different fields, not {field} twice.", field=field_a)
    return a, b


def pair_table(
    model: nn.Module, batch: Batch, a: Chosen, b: Chosen, layout: FieldLayout, background: int = BACKGROUND
) -> pd.DataFrame:
    """The purified effect of each pair of values of two fields of the rows of ``batch``, beside rows and CTR.

    Columns: value_a, value_b, name_a, name_b (what a person reads), effect in logits, support (rows that have both),
    observed (their CTR, by the rows' weights; NaN where there is none) and predicted (the CTR that the model gives
    them, or where there is none, rows of the data with both values put in). A value of a numeric field is a quantile
    bin, for which its median stands; one of a sequence field is a history of that one item.

    For FM the effect is exactly <x_i v_i - mean, x_j v_j - mean>, with the means over all rows; for other models it is
    the partial dependence (Friedman 2001, section 8.2) over at most ``background`` rows, double-centred over the
    common values of each field.
    """
    cells = cells_of(a, b, batch.labels.numpy(), ROWS_PER_CELL)
    rows = sample_batch(batch, background)
    logits = logits_with(model, layout, rows, a, b)
    if isinstance(model, FM):
        effects = centred_vectors(model, a) @ centred_vectors(model, b).T
    else:
        effects = double_centred(_mean(logits, rows), a.shares, b.shares)
    predicted = np.where(cells.support > 0, _predicted(model, batch, cells), _mean(sigmoid(logits), rows))
    return _tidy(a, b, cells, effects, predicted)


def double_centred(table: np.ndarray, weights_a: np.ndarray, weights_b: np.ndarray) -> np.ndarray:
    """``table`` (K_a, K_b) without its row and column means, weighted by the product of the two fields' weights."""
    by_a, by_b = (weights / (weights.sum() or 1.0) for weights in (weights_a, weights_b))
    return table - (table @ by_b)[:, None] - (by_a @ table)[None, :] + by_a @ table @ by_b


@torch.no_grad()
def centred_vectors(model: FM, chosen: Chosen) -> np.ndarray:
    """x_i v_i of each value of a field less its weighted mean over all rows, float64 (K, D)."""
    field = chosen.field
    if field.is_numeric:
        return (model.number_vectors(field.name, chosen.inputs).double() - _mean_vector(model, field)).numpy()
    factors = model.factors(field.name).double().numpy()  # (V, D)
    return factors[chosen.codes] - field.presence @ factors


def _mean_vector(model: FM, field: CodedField) -> Tensor:
    """The weighted mean of x_i v_i of a numeric field over all rows, float64 (D,)."""
    assert field.numbers is not None
    total = torch.zeros(())
    for rows, _ in field.blocks():
        weights = torch.tensor(field.weights[rows], dtype=torch.float64)
        total = total + weights @ model.number_vectors(field.name, field.numbers[rows]).double()
    return total / float(field.weights.sum())


def logits_with(model: nn.Module, layout: FieldLayout, rows: Batch, a: Chosen, b: Chosen) -> np.ndarray:
    """The logit of each row with both fields set to each pair of values, float64 (K_a, K_b, rows)."""
    every = rows.select(torch.arange(len(rows)).repeat(len(b)))
    every = with_field(layout, every, b.field.name, b.inputs.repeat_interleave(len(rows)))
    logits = [predict(model, with_field(layout, every, a.field.name, one.expand(len(every)))) for one in a.inputs]
    return np.array(logits).reshape(len(a), len(b), len(rows))


def ctr_with(model: nn.Module, layout: FieldLayout, rows: Batch, a: Chosen, b: Chosen) -> np.ndarray:
    """Mean predicted CTR of rows with both fields set to each pair of values, float64 (K_a, K_b)."""
    return _mean(sigmoid(logits_with(model, layout, rows, a, b)), rows)


def _mean(numbers: np.ndarray, rows: Batch) -> np.ndarray:
    """The mean over the last axis, by the weights of ``rows``."""
    mean: np.ndarray = np.average(numbers, axis=-1, weights=_weights(rows))
    return mean


def _weights(rows: Batch) -> np.ndarray:
    return np.ones(len(rows)) if rows.weights is None else rows.weights.double().numpy()


def _predicted(model: nn.Module, batch: Batch, cells: Cells) -> np.ndarray:
    """Mean predicted CTR of the rows drawn of each cell, by their weights, (K_a, K_b)."""
    rows, places = np.unique(cells.rows, return_inverse=True)
    drawn = batch.select(torch.from_numpy(rows))
    ctr = sigmoid(predict(model, drawn))
    return cells.mean(ctr[places], _weights(drawn)[places])


def _tidy(a: Chosen, b: Chosen, cells: Cells, effects: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    codes_a, codes_b = np.repeat(a.codes, len(b)), np.tile(b.codes, len(a))
    return pd.DataFrame(
        {
            "value_a": a.field.values.gather(codes_a).to_list(),
            "value_b": b.field.values.gather(codes_b).to_list(),
            "name_a": a.field.names.gather(codes_a).to_list(),
            "name_b": b.field.names.gather(codes_b).to_list(),
            "effect": effects.ravel(),
            "support": cells.support.ravel(),
            "observed": cells.observed.ravel(),
            "predicted": predicted.ravel(),
        }
    )
