"""Gathering rows is an embedding; its gradient adds row by row, or goes to whoever asked for it."""

from __future__ import annotations

import torch
from torch.nn import functional

from ctr_app.models.rows import attach, gather_rows


class Kept:
    """A sink that keeps what it is given."""

    touched = None

    def __init__(self):
        self.given = []

    def add(self, ids, gradients):
        self.given.append((ids, gradients))


def test_gathering_is_an_embedding_forwards_and_backwards():
    ours, theirs = (torch.randn(7, 3, generator=torch.Generator().manual_seed(0), requires_grad=True) for _ in range(2))
    ids = torch.tensor([[1, 4, 1], [6, 1, 0]], dtype=torch.int32)
    weights = torch.randn(2, 3, 3)
    assert torch.equal(gather_rows(ours, ids), functional.embedding(ids, theirs))
    (gather_rows(ours, ids) * weights).sum().backward()
    (functional.embedding(ids, theirs) * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_sink_takes_the_gradients_until_it_is_taken_off():
    matrix, sink = torch.randn(5, 2, requires_grad=True), Kept()
    attach(matrix, sink)
    gather_rows(matrix, torch.tensor([[3, 0]])).sum().backward()
    assert matrix.grad is None
    ((ids, gradients),) = sink.given
    assert ids.tolist() == [3, 0]
    assert torch.equal(gradients, torch.ones(2, 2))
    attach(matrix, None)
    gather_rows(matrix, torch.tensor([1])).sum().backward()
    assert matrix.grad[:, 0].tolist() == [0, 1, 0, 0, 0]


def test_gathering_no_rows_gives_none_and_a_gradient_of_zeros():
    matrix = torch.randn(5, 2, requires_grad=True)
    gathered = gather_rows(matrix, torch.zeros(0, 4, dtype=torch.long))
    assert gathered.shape == (0, 4, 2)
    gathered.sum().backward()
    assert not matrix.grad.any()
