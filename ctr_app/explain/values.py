"""One pair of fields value by value: the effect that belongs to both together and to neither alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..data.transforms import NumericTransform
from ..models.fm import FM
from ..training.trainer import predict
from .bins import quantile_bins, range_labels
from .readouts import sample_batch


def value_table(
    model: nn.Module,
    encoder: Encoder,
    batch: Batch,
    field_a: str,
    field_b: str,
    *,
    num_values: int = 12,
    background: int = 256,
) -> pd.DataFrame:
    """The purified effect of each pair of values of two fields, over the rows of ``batch``.

    Columns: value_a, value_b, effect in logits, support (rows of ``batch`` that have both). The values are the
    ``num_values`` most frequent of a categorical field, most frequent first; eight quantile bins of a numeric field,
    ascending, each standing for its median; and the most frequent items of a sequence field, each as a history of
    that one item. For FM the effect is exactly <x_i v_i - mean, x_j v_j - mean>; for other models it is the partial
    dependence (Friedman 2001, section 8.2) over at most ``background`` rows, double-centred.

    Raises:
        InputError: for a field that the run does not have, one field twice, or a batch without rows.
    """
    layout = encoder.layout
    _check(layout, field_a, field_b, batch)
    a, b = (_values_of(encoder, batch, field, num_values) for field in (field_a, field_b))
    if isinstance(model, FM):
        effects = _fm_effects(model, batch, a, b)
    else:
        logits = _partial_dependence(model, layout, sample_batch(batch, background), a, b)
        effects = double_centred(logits, a.rows.sum(axis=0), b.rows.sum(axis=0))
    return pd.DataFrame(
        {
            "value_a": [label for label in a.labels for _ in b.labels],
            "value_b": b.labels * len(a.labels),
            "effect": effects.ravel(),
            "support": (a.rows.T.astype(np.int64) @ b.rows.astype(np.int64)).ravel(),
        }
    )


def double_centred(table: np.ndarray, weights_a: np.ndarray, weights_b: np.ndarray) -> np.ndarray:
    """``table`` (K_a, K_b) without its row and column means, weighted by the product of the two fields' weights."""
    by_a, by_b = weights_a / max(1, weights_a.sum()), weights_b / max(1, weights_b.sum())
    return table - (table @ by_b)[:, None] - (by_a @ table)[None, :] + by_a @ table @ by_b


@dataclass(frozen=True)
class _Values:
    """The values of one field that a table shows: K labels, K encoded values, and which of n rows have them, (n, K)."""

    field: str
    labels: list[str]
    encoded: Tensor
    rows: np.ndarray


def _check(layout: FieldLayout, field_a: str, field_b: str, batch: Batch) -> None:
    for field in (field_a, field_b):
        if field not in layout.field_names:
            raise InputError(
                "This run has no field {field}; it has {known}.", field=field, known=join_names(layout.field_names)
            )
    if field_a == field_b:
        raise InputError("A pair has two different fields, not {field} twice.", field=field_a)
    if len(batch) == 0:
        raise InputError("There are no rows to take the values of {a} and {b} from.", a=field_a, b=field_b)


def _values_of(encoder: Encoder, batch: Batch, field: str, num_values: int) -> _Values:
    layout = encoder.layout
    if field in layout.numeric:
        return _bins(field, batch.numeric[:, layout.numeric.index(field)].numpy(), encoder.transforms[field])
    is_single = field in layout.categorical
    found = batch.categorical[:, [layout.categorical.index(field)]] if is_single else batch.sequences[field]
    ids = found.numpy()  # (n, 1) or (n, T)
    chosen = _most_frequent(ids)[:num_values]
    rows = np.array([(ids == value_id).any(axis=1) for value_id in chosen]).reshape(len(chosen), len(ids)).T
    vocabulary = encoder.vocabulary_of(field)
    return _Values(field, [vocabulary.name(int(i)) for i in chosen], torch.from_numpy(chosen), rows)


def _bins(field: str, numbers: np.ndarray, transform: NumericTransform) -> _Values:
    """Quantile bins of encoded numbers (n,), labelled with the lowest and highest original number in each."""
    codes = quantile_bins(numbers)
    members = [numbers[codes == code] for code in range(codes.max() + 1)]
    lows, highs = (transform.inverse(np.array([end(part) for part in members])) for end in (np.min, np.max))
    medians = torch.tensor([float(np.median(part)) for part in members])
    return _Values(field, range_labels(lows, highs), medians, codes[:, None] == np.arange(len(members)))


def _most_frequent(ids: np.ndarray) -> np.ndarray:
    """The real ids in (n, T), those that most rows have first, equals in the order of their ids."""
    ordered = np.sort(ids, axis=1)
    is_first = np.diff(ordered, axis=1, prepend=0) > 0  # each id once per row, padding never
    found, counts = np.unique(ordered[is_first], return_counts=True)
    return found[np.argsort(-counts, kind="stable")]


@torch.no_grad()
def _fm_effects(model: FM, batch: Batch, a: _Values, b: _Values) -> np.ndarray:
    """<x_i v_i - mean, x_j v_j - mean> in logits, (K_a, K_b), with the means over ``batch``."""
    means = model.field_vectors(batch).double().mean(dim=0)  # (F, D)
    centred = []
    for values in (a, b):
        row_each = batch.select(torch.zeros(len(values.labels), dtype=torch.long))
        index = model.layout.field_names.index(values.field)
        vectors = model.field_vectors(_with_field(model.layout, row_each, values.field, values.encoded))
        centred.append(vectors[:, index].double() - means[index])  # (K, D)
    return (centred[0] @ centred[1].T).numpy()


def _partial_dependence(model: nn.Module, layout: FieldLayout, rows: Batch, a: _Values, b: _Values) -> np.ndarray:
    """Mean logit over ``rows`` with both fields set to each pair of values, (K_a, K_b)."""
    every = rows.select(torch.arange(len(rows)).repeat(len(b.labels)))
    every = _with_field(layout, every, b.field, b.encoded.repeat_interleave(len(rows)))
    logits = [predict(model, _with_field(layout, every, a.field, value.expand(len(every)))) for value in a.encoded]
    return np.array(logits).reshape(len(a.labels), len(b.labels), len(rows)).mean(axis=2)


def _with_field(layout: FieldLayout, batch: Batch, field: str, values: Tensor) -> Batch:
    """The rows of ``batch`` with ``field`` set to ``values`` (n,); a history becomes that one item."""
    if field in layout.numeric:
        numeric = batch.numeric.clone()
        numeric[:, layout.numeric.index(field)] = values
        return replace(batch, numeric=numeric)
    if field in layout.categorical:
        categorical = batch.categorical.clone()
        categorical[:, layout.categorical.index(field)] = values
        return replace(batch, categorical=categorical)
    ids = torch.zeros_like(batch.sequences[field])
    ids[:, 0] = values
    return replace(batch, sequences=batch.sequences | {field: ids})
