"""Values and gradients of compiled loops beside those of obvious versions in torch."""

from __future__ import annotations

import copy

import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import nn

# Around the widths at which rows are taken together (128 numbers) and products are padded (16).
WIDTHS = (1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200)
ROWS = (2, 3, 7, 64, 3000)
widths, rows = st.sampled_from(WIDTHS), st.sampled_from(ROWS)
few = settings(max_examples=25)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1000 * sum(shape) + seed))


def differentiated(function, inputs):
    """The value at ``inputs``, and the gradients there of its sum weighted by fixed numbers."""
    leaves = [x.detach().clone(memory_format=torch.preserve_format).requires_grad_() for x in inputs]
    value = function(*leaves)
    (value * random(*value.shape, seed=9).to(value.dtype)).sum().backward()
    return [value.detach(), *(leaf.grad for leaf in leaves)]


def assert_alike(loops, obvious, *inputs, rtol=1e-4):
    """The obvious version computes in float64; errors count beside the largest of the numbers."""
    found, expected = differentiated(loops, inputs), differentiated(obvious, [x.double() for x in inputs])
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        largest = float(theirs.abs().max()) if theirs.numel() else 0.0
        torch.testing.assert_close(ours.double(), theirs, rtol=rtol, atol=2e-6 * max(1.0, largest))


def spread(num_rows, width):
    """Numbers about 2, none of whose columns is nearly constant, however few rows there are."""
    return random(num_rows, width, seed=5).clamp(-1, 1) + 2 + 3 * (torch.arange(num_rows) % 2)[:, None]


def column_by_column(x):
    """The same numbers, with those of one column beside each other in memory."""
    return x.T.contiguous().T


def two_norms(width, **settings):
    """A batch norm with statistics of its own, and the same in float64."""
    norm = nn.BatchNorm1d(width, **settings)
    norm.running_mean.copy_(random(width, seed=3))
    norm.running_var.copy_(random(width, seed=4).abs() + 0.1)
    return norm, copy.deepcopy(norm).double()
