"""Gathering rows is an embedding; its gradient adds row by row, or goes to whoever asked for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from ctr_app.models import kernels
from ctr_app.models.kernels import rows as loops
from ctr_app.models.rows import TouchedRows, attach, gather_rows, mean_rows, side_by_side


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


OFFSETS = torch.tensor([0, 7, 3])
every_kind = pytest.mark.parametrize("kind", [torch.int32, torch.int64])


def matrix(num_rows=20, width=3):
    return torch.randn(num_rows, width, generator=torch.Generator().manual_seed(0), requires_grad=True)


def random_ids(most, *shape):
    return torch.randint(0, most, shape, generator=torch.Generator().manual_seed(1))


def assert_alike(loops, obvious, weights):
    """Values to the bit, gradients but for the order in which they are summed."""
    ours, theirs = (weights.detach().clone().requires_grad_() for _ in range(2))
    found, expected = loops(ours), obvious(theirs)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    towards = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    (found * towards).sum().backward()
    (expected * towards).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-5)


def slow_means(weights, ids, offset):
    means = []
    for row in ids.tolist():
        items = [weights[i + offset] for i in row if i > 0]
        means.append(sum(items) / len(items) if items else 0.0 * weights[0])
    return torch.stack(means)


@every_kind
@pytest.mark.parametrize(("num_rows", "width"), [(1, 1), (2, 3), (2000, 17)])
def test_side_by_side_is_the_numbers_and_then_the_rows(num_rows, width, kind):
    ids, numbers = random_ids(13, num_rows, 3).to(kind), torch.randn(num_rows, 2)
    assert_alike(
        lambda weights: side_by_side(weights, ids, OFFSETS, numbers),
        lambda weights: torch.cat([numbers, *(weights[ids[:, c].long() + OFFSETS[c]] for c in range(3))], dim=1),
        matrix(20, width),
    )


@every_kind
@pytest.mark.parametrize(
    "ids",
    [
        torch.zeros(4, 5, dtype=torch.long),
        torch.tensor([[0, 3, 0], [3, 3, 3], [0, 0, 0], [1, 2, 3]]),
        torch.tensor([[5]]),
        torch.zeros(3, 0, dtype=torch.long),
        random_ids(9, 300, 6),
    ],
    ids=["empty", "mixed", "one", "no length", "many"],
)
def test_mean_rows_is_the_mean_over_real_ids(ids, kind):
    ids = ids.to(kind)
    assert_alike(lambda weights: mean_rows(weights, ids, 11), lambda weights: slow_means(weights, ids, 11), matrix())


def test_how_ids_lie_in_memory_does_not_matter():
    ids, numbers = random_ids(13, 50, 3), torch.randn(50, 2)
    turned = ids.T.contiguous().T
    for call, more in ((gather_rows, ()), (side_by_side, (OFFSETS, numbers)), (mean_rows, (2,))):
        assert_alike(lambda w, f=call, m=more: f(w, turned, *m), lambda w, f=call, m=more: f(w, ids, *m), matrix())


def test_a_matrix_of_one_row_gathers_and_sums_it():
    weights, ids = matrix(1, 2), torch.zeros(3, 2, dtype=torch.long)
    gather_rows(weights, ids).sum().backward()
    assert weights.grad.tolist() == [[6.0, 6.0]]
    touched = TouchedRows(1, 2)
    touched.reserve(6)
    assert len(touched.rows) == 1


@pytest.mark.parametrize("outside", [20, 1000, -1, 2**31 - 1])
def test_an_id_that_is_no_row_is_refused_when_gathered(outside):
    weights = matrix()
    with pytest.raises(IndexError):
        gather_rows(weights, torch.tensor([3, outside]))
    with pytest.raises(IndexError):
        side_by_side(weights, torch.tensor([[3, 4, outside]]), torch.zeros(3, dtype=torch.long), torch.zeros(1, 2))


@pytest.mark.parametrize(("outside", "offset"), [(20, 0), (9, 11), (2**31 - 1, 1)])
@every_kind
def test_an_id_that_is_no_row_is_refused_when_pooled(outside, offset, kind):
    with pytest.raises(IndexError):
        mean_rows(matrix(), torch.tensor([[1, 0], [2, outside]], dtype=kind), offset)


def test_an_id_that_is_no_row_leaves_the_gradients_as_they_were():
    weights = matrix()
    sink = Touching(weights)
    attach(weights, sink)
    gather_rows(weights, torch.tensor([3, 3, 5])).sum().backward()
    before = sink.touched.dense()
    for ids in ([[1, 20]], [[25, 1]]):
        with pytest.raises(IndexError):
            mean_rows(weights, torch.tensor(ids), 0).sum().backward()
        with pytest.raises(IndexError):
            gather_rows(weights, torch.tensor(ids)).sum().backward()
    assert torch.equal(sink.touched.dense(), before)
    assert before[:, 0].nonzero()[:, 0].tolist() == [3, 5]


class Touching:
    """A sink with touched rows, as the optimizer's is on the CPU."""

    def __init__(self, weights):
        self.touched = TouchedRows(*weights.shape)

    def add(self, *_):
        raise AssertionError("the loops add to touched rows by themselves")


def test_several_lookups_of_one_step_add_up_in_touched_rows():
    ours, theirs = matrix(), matrix()
    sink = Touching(ours)
    attach(ours, sink)
    ids, history, numbers = random_ids(13, 40, 3), random_ids(9, 40, 4).int(), torch.zeros(40, 0)

    def loss(weights):
        beside = side_by_side(weights, ids, OFFSETS, numbers)
        pooled = mean_rows(weights, history, 11)
        return (beside * pooled.repeat(1, 3)).sum() + gather_rows(weights, history).square().sum()

    loss(ours).backward()
    with kernels.switched_off():
        loss(theirs).backward()
    assert ours.grad is None
    torch.testing.assert_close(sink.touched.dense(), theirs.grad, rtol=1e-4, atol=1e-5)
    rows, gradients = sink.touched.gradients()
    assert len(rows) == len(rows.unique()) == len(gradients)
    sink.touched.clear()
    loss(ours).backward()
    torch.testing.assert_close(sink.touched.dense(), theirs.grad, rtol=1e-4, atol=1e-5)


@given(st.lists(st.lists(st.integers(0, 9), min_size=0, max_size=30), max_size=6))
def test_touched_rows_grow_as_they_are_needed_and_forget_all(steps):
    touched, expected = TouchedRows(10, 2), torch.zeros(10, 2)
    for step in steps:
        ids, gradients = np.array(step, np.int64)[:, None], torch.randn(len(step), 2)
        touched.reserve(len(step))
        t = touched
        t.count = loops.add(ids, gradients.numpy(), 0, t.slots, t.rows, t.sums, t.count)
        expected.index_add_(0, torch.from_numpy(ids[:, 0]), gradients)
        assert touched.count == len(set(touched.rows[: touched.count])) <= len(touched.rows) <= 10
        torch.testing.assert_close(touched.dense(), expected)
    touched.clear()
    assert touched.count == 0
    assert not touched.dense().any()
    assert (touched.slots == -1).all()
