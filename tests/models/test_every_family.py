"""What must hold for every family of models, whatever its equation."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from ctr_app.data.batch import Batch
from ctr_app.models.din import DIN
from ctr_app.training.trainer import predict

from .examples import (
    ACTIVATIONS,
    MIXED,
    ONLY_CATEGORICAL,
    ONLY_NUMERIC,
    TWO_HISTORIES,
    VARIANTS,
    build,
    loss_of,
    random_batch,
    variant_id,
    widened,
)

every_variant = pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=variant_id)
every_history = pytest.mark.parametrize("layout", [MIXED, TWO_HISTORIES], ids=["mixed", "two-histories"])


def everything(model, batch, is_training):
    """Logits, attention weights, gradients, and running statistics after one forward and backward pass."""
    model = copy.deepcopy(model).train(is_training)
    seen = {"attention": model.attention_weights(batch)} if isinstance(model, DIN) and not is_training else {}
    seen["loss"] = loss_of(model, batch)
    gradients = {name: p.grad for name, p in model.named_parameters()}
    buffers = {name: b.clone() for name, b in model.named_buffers()}
    return seen | {"logits": model(batch).detach(), "gradients": gradients, "buffers": buffers}


def poisoned(model):
    """The same model with NaN as the vector of every table's padding."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for module in model.modules():
            for table in getattr(module, "offsets", {}):
                module.weight(table)[0] = torch.nan
    return model


def assert_same(found, expected):
    assert torch.equal(found["loss"], expected["loss"])
    assert torch.equal(found["logits"], expected["logits"])
    for name, tensor in expected["buffers"].items():
        assert torch.equal(found["buffers"][name], tensor), name
    # Only the order in which a vector's gradients are summed may depend on what stands between them.
    torch.testing.assert_close(found["gradients"], expected["gradients"], rtol=1e-5, atol=1e-8)
    for wide, narrow in zip(found.get("attention", []), expected.get("attention", []), strict=True):
        assert torch.equal(wide[:, : narrow.shape[1]], narrow)
        assert not wide[:, narrow.shape[1] :].any()


@every_variant
@every_history
@pytest.mark.parametrize("is_training", [True, False], ids=["train", "eval"])
def test_more_padding_changes_nothing(layout, name, settings, is_training):
    model, batch = build(name, layout, **settings), random_batch(layout, 9)
    assert_same(everything(model, widened(batch, 7), is_training), everything(model, batch, is_training))


@every_variant
@every_history
@pytest.mark.parametrize("is_training", [True, False], ids=["train", "eval"])
def test_the_vector_of_padding_touches_nothing(layout, name, settings, is_training):
    model, batch = build(name, layout, **settings), random_batch(layout, 9)
    assert_same(everything(poisoned(model), batch, is_training), everything(model, batch, is_training))


@every_variant
def test_the_vector_of_padding_gets_no_gradient(name, settings):
    model = build(name, MIXED, **settings)
    loss_of(model, random_batch(MIXED, 9))
    for module in model.modules():
        for table, offset in getattr(module, "offsets", {}).items():
            assert not module.tables[str(module.dims[table])].weight.grad[offset].any()


@every_variant
def test_a_batch_of_one_row_trains(name, settings):
    model, batch = build(name, MIXED, **settings).train(), random_batch(MIXED, 2).select(slice(0, 1))
    assert model(batch).shape == (1,)
    loss_of(model, batch)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("mlp", ACTIVATIONS)
@pytest.mark.parametrize("attention", ACTIVATIONS)
def test_one_row_with_one_item_trains_with_every_activation(mlp, attention):
    model = build("din", MIXED, mlp_activation=mlp, attention_activation=attention).train()
    batch = random_batch(MIXED, 1)
    batch.sequences["history"][:] = torch.tensor([[4, 0, 0, 0, 0]])
    before = {name: b.clone() for name, b in model.named_buffers()}
    loss_of(model, batch)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(torch.equal(b, before[name]) for name, b in model.named_buffers())


@every_variant
def test_a_batch_without_rows_has_no_logits(name, settings):
    model = build(name, MIXED, **settings).eval()
    nothing = random_batch(MIXED, 3).select(slice(0, 0))
    assert model(nothing).shape == (0,)
    assert predict(model, nothing).shape == (0,)


@every_variant
@every_history
def test_rows_without_any_history_work_and_have_finite_gradients(layout, name, settings):
    model, batch = build(name, layout, **settings), random_batch(layout, 4)
    batch = replace(batch, sequences={key: torch.zeros_like(ids) for key, ids in batch.sequences.items()})
    assert torch.isfinite(model(batch)).all()
    loss_of(model, batch)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@every_variant
def test_a_row_is_scored_alone_as_among_others(name, settings):
    model, batch = build(name, MIXED, **settings).eval(), random_batch(MIXED, 9)
    alone = torch.cat([model(batch.select(slice(row, row + 1))) for row in range(9)])
    torch.testing.assert_close(alone, model(batch))


@every_variant
def test_the_order_of_rows_does_not_matter(name, settings):
    model, batch = build(name, MIXED, **settings).eval(), random_batch(MIXED, 9)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model(batch.select(order)), model(batch)[order])


@every_variant
def test_two_models_share_no_weights(name, settings):
    first, second = build(name, MIXED, **settings), build(name, MIXED, **settings)
    storages = [{t.untyped_storage().data_ptr() for t in m.state_dict().values() if t.numel()} for m in (first, second)]
    assert not storages[0] & storages[1]
    before = copy.deepcopy(second.state_dict())
    one_step(first, random_batch(MIXED, 8))
    assert all(torch.equal(tensor, before[key]) for key, tensor in second.state_dict().items())


def one_step(model, batch: Batch):
    """The loss before and after one step of Adam."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    before = loss_of(model, batch)
    optimizer.step()
    return before, loss_of(model, batch)


WITHOUT_DIN = [(name, settings) for name, settings in VARIANTS if name != "din"]
TRAINABLE = [("mixed", MIXED, *variant) for variant in VARIANTS]
TRAINABLE += [("two-histories", TWO_HISTORIES, *variant) for variant in VARIANTS]
TRAINABLE += [("numeric", ONLY_NUMERIC, *variant) for variant in WITHOUT_DIN]
TRAINABLE += [("categorical", ONLY_CATEGORICAL, *variant) for variant in WITHOUT_DIN]


@pytest.mark.parametrize(
    ("layout", "name", "settings"),
    [pytest.param(*case[1:], id="-".join([case[0], case[2], variant_id(case[3])])) for case in TRAINABLE],
)
def test_one_step_lowers_the_loss_and_moves_every_parameter(layout, name, settings):
    model, batch = build(name, layout, **settings), random_batch(layout, 16)
    start = {key: p.detach().clone() for key, p in model.named_parameters()}
    before, after = one_step(model, batch)
    assert after < before
    assert [key for key, p in model.named_parameters() if p.numel() and torch.equal(p, start[key])] == []


@every_variant
def test_ids_may_be_int32_or_int64(name, settings):
    model, batch = build(name, MIXED, **settings).eval(), random_batch(MIXED, 5)
    wide = Batch(
        batch.numeric,
        batch.categorical.long(),
        {key: ids.long() for key, ids in batch.sequences.items()},
        batch.labels,
    )
    assert torch.equal(model(wide), model(batch))


@every_variant
def test_the_same_seed_builds_the_same_model(name, settings):
    first, second = build(name, MIXED, **settings), build(name, MIXED, **settings)
    assert all(torch.equal(tensor, second.state_dict()[key]) for key, tensor in first.state_dict().items())
