"""DIN beside a version that goes position by position."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from ctr_app.data.batch import FieldLayout, SequenceField
from ctr_app.data.errors import InputError
from ctr_app.models import kernels
from ctr_app.models.din import DIN, DINConfig, LocalActivationUnit, segment_softmax
from ctr_app.models.layers import Dice

from .examples import ACTIVATIONS, MIXED, ONLY_CATEGORICAL, TWO_HISTORIES, build, random_batch, slow_linear


def slow_unit(unit, q, k):
    """The score of one item for one candidate: MLP on [q, k, q - k, q * k], scaled; evaluation mode."""
    numbers = [*q, *k, *[a - b for a, b in zip(q, k, strict=True)], *[a * b for a, b in zip(q, k, strict=True)]]
    x = torch.stack(numbers)
    for layer in unit.mlp.layers:
        x = slow_linear(layer, x) if isinstance(layer, nn.Linear) else layer(x[None])[0]
    return slow_linear(unit.output, x)[0] / len(q) ** 0.5


def slow_attention(model, batch, row, group, unit):
    """Weights of the items that a group of histories attends to together, and the pooled vectors."""
    q = torch.cat(
        [
            model.embedding.weight(h.candidate)[batch.categorical[row, model.layout.categorical.index(h.candidate)]]
            for h in group
        ]
    )
    items = [[int(i) for i in batch.sequences[h.name][row] if i > 0] for h in group]
    count = min(len(ids) for ids in items)
    keys = [
        torch.cat(
            [model.embedding.weight(h.name)[ids[len(ids) - count + t]] for h, ids in zip(group, items, strict=True)]
        )
        for t in range(count)
    ]
    scores = [slow_unit(unit, q, k) for k in keys]
    if model.is_softmax:
        total = sum(torch.exp(score) for score in scores)
        weights = [torch.exp(score) / total for score in scores]
    else:
        weights = [1 / (1 + torch.exp(-score)) for score in scores]
    pooled = sum((w * k for w, k in zip(weights, keys, strict=True)), torch.zeros(len(q)))
    return weights, pooled


def slow_logit(model, batch, row):
    parts = [batch.numeric[row]]
    parts += [
        model.embedding.weight(name)[batch.categorical[row, i]] for i, name in enumerate(model.layout.categorical)
    ]
    for group, unit in zip(model.groups, model.attention, strict=True):
        parts.append(slow_attention(model, batch, row, group, unit)[1])
    for name in model.pooled_only:
        items = [model.embedding.weight(name)[i] for i in batch.sequences[name][row] if i > 0]
        parts.append(sum(items) / len(items) if items else torch.zeros(4))
    return slow_linear(model.output, model.mlp(torch.cat(parts)[None])[0])[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("weights", ["sigmoid", "softmax"])
@pytest.mark.parametrize("groups", ["separate", "joint"])
@pytest.mark.parametrize("layout", [MIXED, TWO_HISTORIES], ids=["mixed", "two histories"])
def test_din_is_attention_position_by_position_then_an_mlp(layout, groups, weights, activation):
    model = build(
        "din", layout, attention_groups=groups, attention_weights=weights, attention_activation=activation
    ).eval()
    batch = random_batch(layout, 7)
    expected = torch.stack([slow_logit(model, batch, row) for row in range(7)])
    torch.testing.assert_close(model(batch), expected)


@pytest.mark.parametrize("weights", ["sigmoid", "softmax"])
@pytest.mark.parametrize("groups", ["separate", "joint"])
def test_attention_weights_stand_at_their_positions_and_are_zero_where_padded(groups, weights):
    model = build("din", TWO_HISTORIES, attention_groups=groups, attention_weights=weights).eval()
    batch = random_batch(TWO_HISTORIES, 7)
    found = model.attention_weights(batch)
    histories = [(h, group, unit) for group, unit in zip(model.groups, model.attention, strict=True) for h in group]
    assert len(found) == len(histories) == 2
    for placed, (history, group, unit) in zip(found, histories, strict=True):
        assert placed.shape == batch.sequences[history.name].shape
        for row in range(7):
            expected = slow_attention(model, batch, row, group, unit)[0]
            padding = [torch.tensor(0.0)] * (5 - len(expected))
            torch.testing.assert_close(placed[row], torch.stack([*expected, *padding]))


def test_softmax_weights_sum_to_one_where_there_is_a_history():
    model, batch = build("din", MIXED, attention_weights="softmax"), random_batch(MIXED, 7)
    sums = model.attention_weights(batch)[0].sum(dim=1)
    torch.testing.assert_close(sums, (batch.sequences["history"] > 0).any(dim=1).float())


def test_sigmoid_weights_do_not_compete():
    model, batch = build("din", MIXED, attention_weights="sigmoid").eval(), random_batch(MIXED, 1)
    batch.sequences["history"][:] = torch.tensor([[4, 5, 0, 0, 0]])
    both = model.attention_weights(batch)[0]
    batch.sequences["history"][:] = torch.tensor([[4, 0, 0, 0, 0]])
    torch.testing.assert_close(model.attention_weights(batch)[0][0, 0], both[0, 0])


def test_joint_histories_of_different_lengths_are_lined_up_by_their_most_recent_items():
    model = build("din", TWO_HISTORIES, attention_groups="joint").eval()
    batch = random_batch(TWO_HISTORIES, 1)
    batch.sequences["films"][:] = torch.tensor([[8, 9, 4, 5, 0]])
    batch.sequences["genres"][:] = torch.tensor([[3, 6, 0, 0, 0]])
    films, genres = model.attention_weights(batch)
    assert films[0, :2].tolist() == [0.0, 0.0]
    assert torch.equal(films[0, 2:4], genres[0, :2])
    logit = model(batch)
    batch.sequences["films"][:] = torch.tensor([[4, 5, 0, 0, 0]])
    torch.testing.assert_close(model(batch), logit)


def test_dice_in_the_activation_unit_sees_real_positions_only():
    model, batch = build("din", MIXED), random_batch(MIXED, 7)
    dice = model.attention[0].mlp.layers[0].activation
    assert isinstance(dice, Dice)
    seen = []
    dice.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    with kernels.switched_off():
        model(batch)
    assert seen == [int((batch.sequences["history"] > 0).sum())]


def test_dice_in_the_activation_unit_normalises_over_all_real_positions_of_the_batch():
    torch.manual_seed(0)
    unit, q, k = LocalActivationUnit(3, (4,), "dice"), torch.randn(6, 3), torch.randn(6, 3)
    scores = unit(q, k, torch.arange(6))
    linear, dice = unit.mlp.layers[0].linear, unit.mlp.layers[0].activation
    hidden = torch.stack([slow_linear(linear, torch.cat([a, b, a - b, a * b])) for a, b in zip(q, k, strict=True)])
    normalised = (hidden - hidden.mean(dim=0)) / (hidden.var(dim=0, correction=0) + 1e-8).sqrt()
    p = torch.sigmoid(normalised)
    expected = torch.stack([slow_linear(unit.output, row)[0] for row in hidden * (p + (1 - p) * dice.alpha)]) / 3**0.5
    torch.testing.assert_close(scores, expected)


def test_segment_softmax_is_a_softmax_within_each_row():
    scores, rows = torch.tensor([1.0, 2.0, 300.0, -5.0]), torch.tensor([0, 0, 2, 2])
    expected = torch.cat([torch.softmax(scores[:2], 0), torch.softmax(scores[2:], 0)])
    torch.testing.assert_close(segment_softmax(scores, rows, 4), expected)


def test_segment_softmax_has_the_gradient_of_a_softmax():
    scores = torch.randn(5, dtype=torch.float64, requires_grad=True)
    rows = torch.tensor([0, 0, 0, 2, 2])
    assert torch.autograd.gradcheck(lambda s: segment_softmax(s, rows, 3), (scores,))


@pytest.mark.parametrize(
    "layout",
    [ONLY_CATEGORICAL, replace(MIXED, sequences=(SequenceField("tags", None, 4),))],
    ids=["no history", "history without a candidate"],
)
def test_din_without_a_joined_history_says_so_before_anything_is_built(layout, monkeypatch):
    monkeypatch.setattr(nn, "Embedding", None)  # building any table would fail with another error
    with pytest.raises(InputError, match=r"^DIN compares a history with the item on offer, .* on the Data page\.$"):
        DIN(layout, DINConfig())


def test_din_reads_a_history_whose_candidate_is_not_the_first_field():
    layout = FieldLayout((), ("device", "film"), (SequenceField("history", "film", 5),), {"device": 4, "film": 12})
    model, batch = build("din", layout).eval(), random_batch(layout, 4)
    torch.testing.assert_close(model(batch), torch.stack([slow_logit(model, batch, row) for row in range(4)]))
