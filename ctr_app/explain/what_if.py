"""What if a row were another: edits of fields, the change that two edits make together, and the fewest that suffice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import polars as pl
import torch
from torch import Tensor, nn

from ..data.arrays import EncodedRows
from ..data.batch import Batch
from ..data.distinct import PADDING
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..training.metrics import sigmoid
from ..training.trainer import predict
from .mixing import RowPairs, with_field

Value = str | float | None | Sequence[str]
MOST_VALUES = 200
NUM_QUANTILES = 20
BEAM = 40


def edited(batch: Batch, encoder: Encoder, edits: Mapping[str, Value]) -> Batch:
    """The rows with some fields changed to values as they stand in a table; None is a missing value.

    A value that training never showed is UNKNOWN. A history is a sequence of values, oldest first.

    Raises:
        InputError: for a field that the run does not have.
    """
    for field, value in edits.items():
        batch = with_field(encoder.layout, batch, field, _encoded(encoder, field, value, batch))
    return batch


@dataclass(frozen=True)
class PairSplit:
    """Two edits of one row, in logits: ``before``, what each does alone, and what both do beyond that."""

    before: float
    main_a: float
    main_b: float
    interaction: float

    @property
    def after(self) -> float:
        """The logit after both edits."""
        return self.before + self.main_a + self.main_b + self.interaction


def pair_split(model: nn.Module, encoder: Encoder, row: Batch, a: tuple[str, Value], b: tuple[str, Value]) -> PairSplit:
    """The change that two edits make, as main a + main b + interaction; the four logits of two by two rows."""
    both = RowPairs(encoder.layout, row, edited(row, encoder, dict([a, b])))
    taken = [[name in fields for name in encoder.layout.field_names] for fields in ((), a[:1], b[:1], (a[0], b[0]))]
    before, with_a, with_b, with_both = predict(model, both.mixed(torch.tensor(taken))).tolist()
    return PairSplit(before, with_a - before, with_b - before, with_both - with_a - with_b + before)


def rows_with(encoder: Encoder, rows: EncodedRows, row: Batch, fields: Sequence[str]) -> int:
    """How many of the rows have the values of ``row`` in all these fields; numbers count if in the same tenth.

    A history counts if it has the row's last item.
    """
    layout, found = encoder.layout, np.ones(len(rows), dtype=bool)
    for field in fields:
        if field in layout.numeric:
            place = layout.numeric.index(field)
            edges = np.sqrt(12.0) * (np.arange(1, 10) / 10 - 0.5)
            found &= np.digitize(rows.numeric[:, place], edges) == np.digitize(row.numeric[0, place].item(), edges)
        elif field in layout.categorical:
            place = layout.categorical.index(field)
            found &= np.asarray(rows.categorical[:, place]) == int(row.categorical[0, place])
        else:
            items = row.sequences[field][0]
            last = int(items[items > PADDING][-1]) if bool((items > PADDING).any()) else PADDING
            found &= (np.asarray(rows.sequences[field]) == last).any(axis=1)
    return int(found.sum())


@dataclass(frozen=True)
class Counterfactual:
    """Edits that bring a row over a threshold, and the CTR that they lead to."""

    edits: dict[str, Value]
    ctr: float


def counterfactuals(
    model: nn.Module,
    encoder: Encoder,
    row: Batch,
    allowed: Sequence[str],
    threshold: float,
    most_edits: int = 3,
    count: int = 5,
) -> tuple[list[Counterfactual], Counterfactual]:
    """The fewest edits of ``allowed`` fields that bring the CTR of a row to the other side of ``threshold``.

    Values are those that training showed: the MOST_VALUES most frequent of a categorical field, twenty quantiles of a
    number. All single edits are tried; of more than one, those that extend the BEAM best so far, so that a
    combination whose parts do nothing alone may be missed. Returns those that reach it, the least overshooting first
    (none, if none was found), and what came nearest. Histories are not edited.

    Raises:
        InputError: if the threshold is not between 0 and 1, or if no field is allowed.
    """
    if not 0 < threshold < 1:
        raise InputError("A threshold is a CTR between 0 and 1, not {value}.", value=threshold)
    steps = [step for field in allowed for step in _steps(encoder, row, field)]
    if not steps:
        raise InputError("Choose at least one field that may be edited, and that has another value.")
    goal = float(np.log(threshold / (1 - threshold)))
    sign = 1.0 if predict(model, row)[0] < goal else -1.0
    beam: list[tuple[_Step, ...]] = [()]
    nearest = _counterfactual((), float(predict(model, row)[0]))
    for _ in range(most_edits):
        tried = _extended(beam, steps)
        if not tried:
            break
        logits = _logits(model, encoder, row, tried)
        is_over = sign * (logits - goal) >= 0
        if is_over.any():
            best = np.flatnonzero(is_over)[np.argsort(sign * logits[is_over], kind="stable")][:count]
            found = [_counterfactual(tried[i], logits[i]) for i in best]
            return found, found[0]
        order = np.argsort(-sign * logits, kind="stable")[:BEAM]
        beam, best_so_far = [tried[i] for i in order], _counterfactual(tried[order[0]], logits[order[0]])
        nearest = max(nearest, best_so_far, key=lambda found: sign * found.ctr)
    return [], nearest


def _counterfactual(edits: tuple[_Step, ...], logit: float) -> Counterfactual:
    return Counterfactual({step.field: step.value for step in edits}, float(sigmoid(np.array(logit))))


def ice(model: nn.Module, encoder: Encoder, rows: Batch, field: str) -> pd.DataFrame:
    """CTR of each of n rows with ``field`` set to each of K values: columns row, value, place, ctr.

    Individual conditional expectation (Goldstein et al. 2015, section 3); its mean over rows is partial dependence
    (Friedman 2001, section 8.2). Values are quantiles of a number, ascending, or the most frequent values; ``place``
    is their place, 0 to K - 1.
    """
    steps = _values(encoder, field)
    if not steps:
        raise InputError("{field} is a history, and has no curve of values.", field=field)
    many = [with_field(encoder.layout, rows, field, step.encoded.expand(len(rows))) for step in steps]
    ctr = np.array([sigmoid(predict(model, batch)) for batch in many])  # (K, n)
    return pd.DataFrame(
        {
            "row": np.tile(np.arange(len(rows)), len(steps)),
            "value": np.repeat(np.array([step.value for step in steps], dtype=object), len(rows)),
            "place": np.repeat(np.arange(len(steps)), len(rows)),
            "ctr": ctr.ravel(),
        }
    )


@dataclass(frozen=True)
class _Step:
    """One edit: a field, the value as it stands in a table, and as the model reads it."""

    field: str
    value: Value
    encoded: Tensor


def _values(encoder: Encoder, field: str) -> list[_Step]:
    """What a field may be set to, among what training showed; nothing for a history."""
    layout = encoder.layout
    if field in layout.numeric:
        shares = torch.linspace(-0.5, 0.5, NUM_QUANTILES + 1) * 12.0**0.5
        numbers = encoder.transforms[field].inverse(shares.numpy())
        _, first = np.unique(numbers, return_index=True)
        again = encoder.transforms[field](numbers)
        return [_Step(field, float(numbers[place]), torch.tensor(again[place])) for place in first]
    if field in layout.categorical:
        texts = encoder.vocabulary_of(field).texts.head(MOST_VALUES)
        ids = encoder.vocabulary_of(field).ids(texts)
        return [_Step(field, text, torch.tensor(int(i))) for text, i in zip(texts, ids, strict=True)]
    return []


def _steps(encoder: Encoder, row: Batch, field: str) -> list[_Step]:
    """The edits of one field that change the row."""
    layout = encoder.layout
    if field not in layout.field_names:
        raise InputError("This run has no field {field}; it has {known}.", field=field, known=_known(encoder))
    steps = _values(encoder, field)
    own = row.numeric[0, layout.numeric.index(field)] if field in layout.numeric else None
    if field in layout.categorical:
        own = row.categorical[0, layout.categorical.index(field)]
    return [step for step in steps if own is None or float(step.encoded) != float(own)]


def _extended(beam: list[tuple[_Step, ...]], steps: list[_Step]) -> list[tuple[_Step, ...]]:
    """Each list of edits with one more, of a field that it does not edit; each set of edits once."""
    seen: dict[frozenset[tuple[str, Value]], tuple[_Step, ...]] = {}
    for edits in beam:
        fields = {step.field for step in edits}
        for step in steps:
            if step.field not in fields:
                found = (*edits, step)
                seen.setdefault(frozenset((s.field, s.value) for s in found), found)
    return list(seen.values())


def _logits(model: nn.Module, encoder: Encoder, row: Batch, tried: list[tuple[_Step, ...]]) -> np.ndarray:
    """Logits, float64 (len(tried),), of the row after each list of edits."""
    layout = encoder.layout
    rows = row.select(torch.zeros(len(tried), dtype=torch.long))
    numeric, categorical = rows.numeric.clone(), rows.categorical.clone()
    for number, edits in enumerate(tried):
        for step in edits:
            if step.field in layout.numeric:
                numeric[number, layout.numeric.index(step.field)] = step.encoded
            else:
                categorical[number, layout.categorical.index(step.field)] = step.encoded
    return predict(model, replace(rows, numeric=numeric, categorical=categorical))


def _encoded(encoder: Encoder, field: str, value: Value, batch: Batch) -> Tensor:
    """The value as the model reads it: (B,) of a number or an id, (B, T) of a history."""
    layout = encoder.layout
    if field in layout.numeric:
        number = np.array([np.nan if value is None else float(value)])  # type: ignore[arg-type]
        return torch.from_numpy(encoder.transforms[field](number)).expand(len(batch))
    if field not in layout.field_names:
        raise InputError("This run has no field {field}; it has {known}.", field=field, known=_known(encoder))
    vocabulary = encoder.vocabulary_of(field)
    if field in layout.categorical:
        return torch.from_numpy(vocabulary.ids(pl.Series([value], dtype=pl.String))).expand(len(batch))
    own = batch.sequences[field]
    items = list(value or ())[-own.shape[1] :]  # type: ignore[arg-type]
    ids = torch.full((own.shape[1],), PADDING, dtype=own.dtype)
    ids[: len(items)] = torch.from_numpy(vocabulary.ids(pl.Series(items, dtype=pl.String)))
    return ids.expand(len(batch), -1)


def _known(encoder: Encoder) -> str:
    return join_names(encoder.layout.field_names, 20)
