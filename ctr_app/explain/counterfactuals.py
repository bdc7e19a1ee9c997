"""Counterfactuals: the fewest edits of a row that bring its prediction over a threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import nn

from ..data.batch import Batch
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..training.metrics import sigmoid
from ..training.trainer import predict
from .what_if import Step, Value, values_for

# Lists of edits that are extended by one more, and edits that extend them: the best so far, the best alone.
BEAM, MOST_STEPS = 40, 1000
ROWS_AT_ONCE = 4096

OnProgress = Callable[[int, int], bool]


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
    on_progress: OnProgress = lambda _done, _total: True,
) -> tuple[list[Counterfactual], Counterfactual]:
    """The fewest edits of ``allowed`` fields that bring the CTR of a row to the other side of ``threshold``.

    Values are those that training showed: the most frequent of a categorical field, about twenty quantiles of a
    number. All single edits are tried; of more than one, those that extend the BEAM best so far by the MOST_STEPS best
    alone, so that a combination whose parts do nothing alone may be missed. Returns those that reach it, the least
    overshooting first (none, if none was found), and what came nearest. Histories are not edited.

    Args:
        on_progress: told how far the search is, of how much; if it says False, the search ends there.

    Raises:
        InputError: if the threshold is not between 0 and 1, or if no field is allowed.
    """
    if not 0 < threshold < 1:
        raise InputError("A threshold is a CTR between 0 and 1, not {value}.", value=threshold)
    search = _Search(model, encoder, row, [step for field in allowed for step in _steps(encoder, row, field)])
    if not search.steps:
        raise InputError("Choose at least one field that may be edited, and that has another value.")
    goal, own = float(np.log(threshold / (1 - threshold))), float(predict(model, row)[0])
    sign = 1.0 if own < goal else -1.0
    nearest = search.found(np.array([], dtype=np.int64), own)
    tried = alone = np.arange(len(search.steps))[:, None]
    for edits in range(most_edits):
        logits = search.logits(tried, partial(_tell, on_progress, edits, most_edits))
        if logits is None:
            break
        is_over = sign * (logits - goal) >= 0
        if is_over.any():
            best = np.flatnonzero(is_over)[np.argsort(sign * logits[is_over], kind="stable")][:count]
            found = [search.found(tried[place], logits[place]) for place in best]
            return found, found[0]
        order = np.argsort(-sign * logits, kind="stable")
        best_so_far = search.found(tried[order[0]], logits[order[0]])
        nearest = max(nearest, best_so_far, key=lambda one: sign * one.ctr)
        alone = tried[order[:MOST_STEPS]] if edits == 0 else alone
        tried = search.extended(tried[order[:BEAM]], alone)
        if not len(tried):
            break
    return [], nearest


def _tell(on_progress: OnProgress, edits: int, most_edits: int, share: float) -> bool:
    """In hundredths of the lists that have ``edits`` edits and one more."""
    return on_progress(round(100 * (edits + share)), 100 * most_edits)


def _steps(encoder: Encoder, row: Batch, field: str) -> list[Step]:
    """The edits of one field that change the row."""
    layout = encoder.layout
    if field not in layout.field_names:
        known = join_names(layout.field_names, 20)
        raise InputError("This run has no field {field}; it has {known}.", field=field, known=known)
    own = None
    if field in layout.numeric:
        own = row.numeric[0, layout.numeric.index(field)]
    elif field in layout.categorical:
        own = row.categorical[0, layout.categorical.index(field)]
    return [step for step in values_for(encoder, field) if own is None or float(step.encoded) != float(own)]


class _Search:
    """Edits of one row by their numbers: lists of k edits are int (n, k), places in ``steps``."""

    def __init__(self, model: nn.Module, encoder: Encoder, row: Batch, steps: list[Step]) -> None:
        self.steps = steps
        self._model, self._row = model, row
        layout = encoder.layout
        self._is_number = np.array([step.field in layout.numeric for step in steps], dtype=bool)
        places = {name: place for names in (layout.numeric, layout.categorical) for place, name in enumerate(names)}
        self._place = np.array([places[step.field] for step in steps], dtype=np.int64)
        self._value = np.array([float(step.encoded) for step in steps])  # an id is exact in float64

    def found(self, edits: np.ndarray, logit: float) -> Counterfactual:
        """One list of edits with the CTR that it leads to."""
        steps = [self.steps[place] for place in edits]
        return Counterfactual({step.field: step.value for step in steps}, float(sigmoid(np.array(logit))))

    def logits(self, tried: np.ndarray, go_on: Callable[[float], bool]) -> np.ndarray | None:
        """Logits, float64 (n,), of the row after each of n lists of edits; None if it should not go on."""
        found = []
        for start in range(0, len(tried), ROWS_AT_ONCE):
            if not go_on(start / len(tried)):
                return None
            found.append(predict(self._model, self._edited(tried[start : start + ROWS_AT_ONCE])))
        return np.concatenate(found)

    def extended(self, beam: np.ndarray, alone: np.ndarray) -> np.ndarray:
        """Each list of edits with one more, of a field that it does not edit; each set of edits once."""
        lists = np.concatenate([np.repeat(beam, len(alone), axis=0), np.tile(alone, (len(beam), 1))], axis=1)
        field = 2 * self._place + self._is_number
        is_other = (field[lists[:, :-1]] != field[lists[:, -1:]]).all(axis=1)
        lists = lists[is_other]
        _, first = np.unique(np.sort(lists, axis=1), axis=0, return_index=True)
        return lists[np.sort(first)]

    def _edited(self, tried: np.ndarray) -> Batch:
        rows = self._row.select(torch.zeros(len(tried), dtype=torch.long))
        numeric, categorical = rows.numeric.clone(), rows.categorical.clone()
        for edits in tried.T:  # one edit of each list
            for values, chosen in ((numeric, self._is_number[edits]), (categorical, ~self._is_number[edits])):
                places, new = self._place[edits[chosen]], self._value[edits[chosen]]
                at = torch.from_numpy(np.flatnonzero(chosen)), torch.from_numpy(places)
                values[at] = torch.from_numpy(new).to(values.dtype)
        return replace(rows, numeric=numeric, categorical=categorical)
