"""Extra trainings of a run: the same model on the same rows with other seeds, other labels or other fields.

They are runs in a store of their own inside the run's folder, so they never show among the user's runs.
"""

from __future__ import annotations

from typing import Any

from .config import TrainingConfig
from .run_store import EXTRA, Run, RunStore


def extra_store(run: Run) -> RunStore:
    """The extra trainings of ``run``."""
    return RunStore(run.folder / EXTRA)


def extra_runs(run: Run, purpose: str | None = None) -> list[Run]:
    """The extra trainings of ``run``, or those for one purpose, in the order in which they were asked for."""
    found = [(extra.spec(), extra) for extra in extra_store(run).list()]
    chosen = [(spec, extra) for spec, extra in found if purpose in (None, spec.purpose)]
    return [extra for _, extra in sorted(chosen, key=lambda entry: entry[0].created)]


def new_extra_run(run: Run, purpose: str, null_seed: int | None = None, **training: Any) -> Run:
    """A queued extra training of ``run`` with other ``training`` settings; nobody trains it yet.

    With ``null_seed`` it learns labels that hold main effects and no interaction, drawn with that seed.
    """
    spec = run.spec()
    return extra_store(run).create(
        spec.family,
        spec.model_config,
        TrainingConfig.from_mapping(spec.training | training),
        device=spec.device,
        dataset_id=spec.dataset_id,
        dataset_name=spec.dataset_name,
        content_hash=spec.content_hash,
        preparation=spec.preparation,
        purpose=purpose,
        null_seed=null_seed,
    )
