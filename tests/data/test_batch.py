"""Batches over encoded rows."""

from __future__ import annotations

from dataclasses import replace

import torch

from ctr_app.data.batch import Batch, FieldLayout, SequenceField

LAYOUT = FieldLayout(
    ("price",), ("film",), (SequenceField("seen", "film", 3), SequenceField("tags", None, 2)), {"film": 9, "tags": 5}
)


def batch(rows: int) -> Batch:
    return Batch(
        torch.arange(rows, dtype=torch.float32)[:, None],
        torch.arange(rows)[:, None] + 3,
        {"seen": torch.arange(rows)[:, None].repeat(1, 3)},
        torch.zeros(rows),
        torch.arange(rows) + 0.5,
    )


def test_fields_are_listed_in_one_order():
    assert LAYOUT.field_names == ("price", "film", "seen", "tags")


def test_a_history_uses_the_table_of_its_candidate():
    assert [LAYOUT.table_of(name) for name in ("film", "seen", "tags")] == ["film", "film", "tags"]


def test_selected_rows_are_the_same_rows_in_every_part():
    for rows in (torch.tensor([4, 1]), slice(1, 3), torch.tensor([], dtype=torch.int64)):
        chosen = batch(6).select(rows)
        numbers = torch.arange(6)[rows]
        assert len(chosen) == len(numbers)
        assert chosen.numeric[:, 0].tolist() == numbers.tolist()
        assert (chosen.categorical[:, 0] - 3).tolist() == numbers.tolist()
        assert chosen.sequences["seen"][:, 2].tolist() == numbers.tolist()
        assert (chosen.weights - 0.5).tolist() == numbers.tolist()


def test_rows_without_weights_have_none_after_selecting_either():
    plain = replace(batch(4), weights=None)
    assert [part.weights for part in (plain.select(torch.tensor([1])), plain.select(slice(2)), plain.to("cpu"))] == [
        None
    ] * 3


def test_a_batch_moves_with_all_its_parts():
    moved = batch(2).to("meta")
    parts = (moved.numeric, moved.categorical, moved.sequences["seen"], moved.labels, moved.weights)
    assert {part.device.type for part in parts} == {"meta"}
