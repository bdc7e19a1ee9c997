"""Any model with some pairs or fields switched off: averages of its logit over these fields' own values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..data.errors import InputError
from ..training.trainer import predict
from .behaviour import swapped
from .wires import Pair

Fields = frozenset[str]
OnProgress = Callable[[int, int], bool]  # is told how many of how many are done, and says whether to go on
NUM_DRAWS = 16
MOST_AVERAGES = 40
MOST_KEPT = 500
NONE: Fields = frozenset()


class Averages:
    """Logits of some rows with fields averaged over their own values, each average made once and kept.

    ``num_draws`` values of each field stand for those in ``background``.
    """

    def __init__(
        self,
        model: nn.Module,
        layout: FieldLayout,
        background: Batch,
        batch: Batch,
        num_draws: int = NUM_DRAWS,
        seed: int = 0,
    ) -> None:
        self._model, self._layout, self._batch = model, layout, batch
        self._draws = drawn_values(layout, background, num_draws, seed)
        self._known: dict[Fields, np.ndarray] = {}

    def without(self, pairs: Sequence[Pair], fields: Sequence[str]) -> np.ndarray:
        """Logits, float64 (n,), without what some pairs do together and without some fields, as ``averages`` says.

        Raises:
            InputError: if that needs too many averages.
        """
        needed = averages(pairs, fields)
        return sum((count * self.over(names) for names, count in needed.items()), np.zeros(len(self._batch)))

    def prepare(self, needed: Iterable[Fields], on_progress: OnProgress) -> bool:
        """Make those of the averages that are not known yet; False if ``on_progress`` said to stop before the end."""
        missing = [names for names in dict.fromkeys(needed) if names not in self._known]
        for done, names in enumerate(missing):
            if not on_progress(done, len(missing)):
                return False
            self.over(names)
        return True

    def over(self, names: Fields) -> np.ndarray:
        """Mean logit of each row, float64 (n,), over the values of the fields ``names``."""
        found = self._known.get(names)
        if found is None:
            found = self._computed(names)
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[names] = found
        return found

    def _computed(self, names: Fields) -> np.ndarray:
        in_order = tuple(name for name in self._layout.field_names if name in names)
        draws, counts = _different(swapped(self._layout, _blank(self._draws), self._draws, in_order))
        total = np.zeros(len(self._batch))
        for row, count in enumerate(counts):
            same = draws.select(torch.full((len(self._batch),), row))
            total += count * predict(self._model, swapped(self._layout, self._batch, same, in_order))
        return total / counts.sum()


def averages(pairs: Sequence[Pair], fields: Sequence[str] = ()) -> dict[Fields, int]:
    """Which averages the logit without some pairs and fields is the sum of: fields averaged over -> how often.

    With E_i the average over the values of field i, drawn independently of all else, a field is switched off by E_i and
    a pair by 1 - (1 - E_i)(1 - E_j): what is left depends on i and on j, but on nothing that both do together. Pairs
    that are linked by common fields are switched off one after the other; those that are not, beside each other: an
    effect of four fields or more that holds two such pairs is taken out twice.

    Raises:
        InputError: if they are more than MOST_AVERAGES.

    >>> averages([("a", "b")]) == {frozenset("a"): 1, frozenset("b"): 1, frozenset("ab"): -1}
    True
    """
    total = Counter({NONE: 1})
    for group in _linked(pairs):
        left = {NONE: 1}
        for a, b in group:
            left = _times(left, {frozenset({a}): 1, frozenset({b}): 1, frozenset({a, b}): -1})
            if len(total) + len(left) > MOST_AVERAGES:
                raise InputError("These are too many to cut by behaviour at once; cut fewer pairs, or the fields.")
        total.update(left)
        total[NONE] -= 1
    return _times(total, {frozenset(fields): 1})


def drawn_values(layout: FieldLayout, background: Batch, count: int, seed: int = 0) -> Batch:
    """``count`` rows whose every field has values of ``background``, spread over its distribution, independently.

    Values are taken at even steps through the sorted column (Latin hypercube sampling, McKay et al. 1979), so that few
    of them stand for it well; histories, which have no order, are drawn at random.
    """
    generator = np.random.default_rng(seed)
    rows = background.select(torch.zeros(count, dtype=torch.long))
    for name in layout.field_names:
        steps = (np.arange(count) + generator.random(count)) / count * len(background)
        places = generator.permutation(steps.astype(np.int64))
        chosen = background.select(torch.from_numpy(_order(layout, background, name, generator)[places]))
        rows = swapped(layout, rows, chosen, (name,))
    return rows


def _order(layout: FieldLayout, batch: Batch, name: str, generator: np.random.Generator) -> np.ndarray:
    """The rows sorted by one field, int (n,); by chance for a history."""
    if name in layout.numeric:
        return np.argsort(batch.numeric[:, layout.numeric.index(name)].numpy(), kind="stable")
    if name in layout.categorical:
        return np.argsort(batch.categorical[:, layout.categorical.index(name)].numpy(), kind="stable")
    return generator.permutation(len(batch))


def _blank(rows: Batch) -> Batch:
    """As many rows, of zeros."""
    return Batch(
        torch.zeros_like(rows.numeric),
        torch.zeros_like(rows.categorical),
        {name: torch.zeros_like(ids) for name, ids in rows.sequences.items()},
        rows.labels,
    )


def _different(rows: Batch) -> tuple[Batch, np.ndarray]:
    """Rows that differ from each other, and how often each occurs in ``rows``, int (K,)."""
    columns = np.hstack([part.double().numpy() for part in (rows.numeric, rows.categorical, *rows.sequences.values())])
    _, first, counts = np.unique(columns, axis=0, return_index=True, return_counts=True)
    return rows.select(torch.from_numpy(first)), counts


def _linked(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """The pairs in groups: those that common fields link, be it by way of others, are in one."""
    waiting = list(pairs)
    while waiting:
        group = [waiting.pop(0)]
        names = set(group[0])
        while found := [pair for pair in waiting if names & set(pair)]:
            group += found
            names.update(*found)
            waiting = [pair for pair in waiting if pair not in found]
        yield group


def _times(terms: Mapping[Fields, int], factor: Mapping[Fields, int]) -> dict[Fields, int]:
    """The product of two sums of averages: the average over two sets of fields is that over both."""
    product: Counter[Fields] = Counter()
    for names, count in terms.items():
        for others, times in factor.items():
            product[names | others] += count * times
    return {names: count for names, count in product.items() if count}
