"""Showing a model while it trains, for at most a small share of the time that it trains."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from torch import nn

from ..data.dataset import EncodedDataset
from .run_store import Run

logger = logging.getLogger(__name__)

AtEpoch = Callable[[Run, int, nn.Module, EncodedDataset], None]
MOST_SHARE = 0.02


class Showing:
    """Shows a run's model to ``at_epoch`` before training, after the first epoch and after the last.

    After the others it does so if all the showing, that of the last epoch included, takes at most MOST_SHARE of the
    seconds by the ``clock`` that the training is sure to take. An error of ``at_epoch`` is logged, and training goes
    on.
    """

    def __init__(
        self,
        run: Run,
        at_epoch: AtEpoch | None,
        dataset: EncodedDataset,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._run, self._at_epoch, self._dataset, self._clock = run, at_epoch, dataset, clock
        self._began = clock()
        self._shown = self._latest = 0.0  # seconds

    def __call__(self, epoch: int, model: nn.Module, ends_after: int = 0) -> None:
        """Show the model as it is after ``epoch``, 0 being before training, or pass that epoch over.

        ``ends_after`` is the epoch after which training ends if none is better from now on.
        """
        is_needed = epoch in (0, 1) or epoch >= ends_after
        if self._at_epoch is None or not (is_needed or self._is_affordable(ends_after / epoch)):
            return
        started = self._clock()
        try:
            self._at_epoch(self._run, epoch, model, self._dataset)
        except Exception:
            logger.exception("Run %s goes on without what was to be kept of epoch %d", self._run.id, epoch)
        self._latest = self._clock() - started
        self._shown += self._latest

    def _is_affordable(self, times_as_long: float) -> bool:
        """Whether this showing and the last one may come, of a training so many times as long as it is by now."""
        trained = self._clock() - self._began - self._shown
        return self._shown + 2 * self._latest <= MOST_SHARE * trained * times_as_long
