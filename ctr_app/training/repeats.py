"""A run repeated: with other training seeds, and on labels without interactions."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .extra import extra_runs, new_extra_run
from .run_store import Run

SEED, NULL = "seed", "null"
MAX_SEED = 2**31 - 1
# Trainings on null labels begin with seeds so far from the run's own.
NULL_SEEDS = 1000


@dataclass(frozen=True)
class Repeat:
    """One repeat of a run: what for, with which training seed, and for a null from which seed its labels are drawn."""

    purpose: str
    seed: int
    null_seed: int | None = None

    @classmethod
    def of(cls, extra: Run) -> Repeat:
        """The repeat that an extra training is."""
        spec = extra.spec()
        return cls(spec.purpose, spec.training["seed"], spec.null_seed)

    def queue(self, run: Run) -> Run:
        """A queued extra training of ``run``, in the place of one that was cut off."""
        for extra in repeats(run):
            if self.of(extra) == self and not extra.status().is_live:
                shutil.rmtree(extra.folder, ignore_errors=True)
        return new_extra_run(run, self.purpose, self.null_seed, seed=self.seed)


def repeats(run: Run) -> Sequence[Run]:
    """The extra trainings that repeat ``run``, whatever became of them, in the order in which they were asked for."""
    return [extra for extra in extra_runs(run) if extra.spec().purpose in (SEED, NULL)]


def finished(run: Run, purpose: str) -> Sequence[Run]:
    """The repeats of one purpose that were trained to their end."""
    return [extra for extra in extra_runs(run, purpose) if extra.status().state == "done"]


def planned(run: Run, num_seeds: int, num_nulls: int) -> list[Repeat]:
    """So many repeats with the seeds after the run's own, and so many on null labels with as many different seeds."""
    own = int(run.spec().training["seed"])
    seeds = [Repeat(SEED, (own + 1 + i) % MAX_SEED) for i in range(num_seeds)]
    return seeds + [Repeat(NULL, (own + NULL_SEEDS + i) % MAX_SEED, null_seed=i) for i in range(num_nulls)]


def missing(run: Run, num_seeds: int, num_nulls: int) -> list[Repeat]:
    """Those of the planned repeats that are neither done nor on their way."""
    there = {Repeat.of(extra) for extra in repeats(run) if _is_done_or_live(extra)}
    return [repeat for repeat in planned(run, num_seeds, num_nulls) if repeat not in there]


def asked_for(run: Run) -> tuple[int, int]:
    """How many other seeds and how many nulls were asked for so far."""
    counts = Counter(Repeat.of(extra) for extra in repeats(run))
    purposes = Counter(repeat.purpose for repeat in counts)
    return purposes[SEED], purposes[NULL]


@dataclass(frozen=True)
class Standing:
    """How many repeats are done, and which wait or train now; why the latest failed, if it did."""

    num_done: int
    live: Sequence[Run]
    problem: str = ""


def standing(run: Run) -> Standing:
    """How far the repeats of ``run`` are."""
    found = [(extra, extra.status()) for extra in repeats(run)]
    problems = [status.reason for _, status in found if status.state == "failed"]
    live = [extra for extra, status in found if status.is_live]
    return Standing(sum(status.state == "done" for _, status in found), live, problems[-1] if problems else "")


def seconds_each(run: Run) -> float | None:
    """How long a repeat takes: as those that are done on average, else as the run itself; None if it never ended."""
    done = [extra for purpose in (SEED, NULL) for extra in finished(run, purpose)]
    measured = [metrics["seconds"] for trained in done or [run] if (metrics := trained.metrics())]
    return sum(measured) / len(measured) if measured else None


def stop_repeats(run: Run) -> None:
    """Stop what trains and take back what waits; what is done stays."""
    for extra in reversed(standing(run).live):  # none that waits may begin when the one before it stops
        extra.ask_to_stop()


def _is_done_or_live(extra: Run) -> bool:
    status = extra.status()
    return status.is_live or status.state == "done"
