"""What the pages say of a model before its first step, against what it does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_app.data.batch import Batch, FieldLayout
from ctr_app.models.registry import FAMILIES
from ctr_app.training.launch import configs_for
from ctr_app.training.pair_directions import begin_from_pairs
from ctr_app.ui.beginnings import begins_with_pairs

ROWS = 4000


def table(num_numbers: int, num_values: int) -> tuple[FieldLayout, Batch]:
    """Clicks of ``num_numbers`` numbers and two fields of ``num_values`` values, by the products of two fields each."""
    generator = np.random.default_rng(0)
    numbers, values = generator.normal(size=(ROWS, num_numbers)), generator.integers(0, num_values, (ROWS, 2))
    logits = 3.0 * np.prod(np.where(values % 2, 1.0, -1.0), axis=1) + 2.0 * numbers[:, :2].prod(axis=1)
    labels = generator.random(ROWS) < 1 / (1 + np.exp(-logits))
    names = tuple(f"n{place}" for place in range(num_numbers))
    layout = FieldLayout(names, ("a", "b"), (), dict.fromkeys("ab", num_values + 3))
    ids = torch.from_numpy(values + 3)
    return layout, Batch(torch.from_numpy(numbers).float(), ids, {}, torch.from_numpy(labels).float())


@pytest.mark.parametrize("num_values", [8, 80])
@pytest.mark.parametrize("num_numbers", [1, 3])
@pytest.mark.parametrize("first_vectors", ["pairs", "random"])
@pytest.mark.parametrize("family", ["fm", "dcn"])
def test_a_model_is_said_to_begin_with_pairs_where_it_does(
    family: str, first_vectors: str, num_numbers: int, num_values: int
) -> None:
    layout, rows = table(num_numbers, num_values)
    config, _training = configs_for(family, {"first_vectors": first_vectors})
    model = FAMILIES[family].build(layout, config)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    begin_from_pairs(model, rows)
    has_moved = not all(map(torch.equal, before, model.parameters()))
    assert begins_with_pairs(config, layout) == has_moved
