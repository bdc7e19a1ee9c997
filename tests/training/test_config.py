"""Settings of the training itself."""

from __future__ import annotations

import pytest

from ctr_app.models.registry import FAMILIES
from ctr_app.training.config import TrainingConfig
from ctr_app.training.launch import configs_for

from .examples import trainer


@pytest.mark.parametrize(
    ("decay_rows", "num_rows", "share"), [(0, 10**6, 1.0), (1000, 10, 1.0), (1000, 1000, 1.0), (1000, 4000, 0.25)]
)
def test_the_pull_on_vectors_weakens_as_rows_grow(decay_rows: int, num_rows: int, share: float) -> None:
    config = TrainingConfig(embedding_decay=0.02, decay_rows=decay_rows)
    assert config.embedding_decay_of(num_rows) == pytest.approx(0.02 * share)


def test_the_optimizer_has_the_pull_of_its_rows() -> None:
    trained = trainer("din", rows=400, embedding_decay=0.02, decay_rows=100)
    assert trained.optimizer.embedding_decay == pytest.approx(0.02 * 100 / 400)


def test_of_the_families_din_alone_weakens_it() -> None:
    rows = {family: configs_for(family, {})[1].decay_rows for family in FAMILIES}
    assert rows == {"fm": 0, "dcn": 0, "din": 16_000}
