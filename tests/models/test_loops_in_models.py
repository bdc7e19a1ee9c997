"""Every family trains alike by compiled loops and by torch's own operators."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch

from ctr_app.data.batch import FieldLayout, SequenceField
from ctr_app.models import din, fm, kernels, layers

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
)

WIDE = FieldLayout(
    ("price",),
    tuple(f"c{i}" for i in range(9)),
    (SequenceField("history", "c0", 6), SequenceField("tags", None, 3)),
    {f"c{i}": 5 + 7 * i for i in range(9)} | {"tags": 9},
)
ALL: list[tuple[str, dict[str, Any]]] = [
    *VARIANTS,
    ("dcn-v1", {"structure": "stacked", "num_cross_layers": 4}),
    ("dcn-v2", {"structure": "stacked"}),
    ("dcn-mix", {"structure": "stacked"}),
    *[
        ("din", {"attention_weights": weights, "attention_groups": groups, "attention_activation": name})
        for weights in ("sigmoid", "softmax")
        for groups in ("separate", "joint")
        for name in ACTIVATIONS
    ],
]
every_variant = pytest.mark.parametrize(("name", "settings"), ALL, ids=variant_id)
# One of each family and of each way through the loops.
FEW = [("fm", {}), ("dcn-v1", {}), ("dcn-v2", {}), ("dcn-mix", {}), ("din", {}), ("din", {"mlp_activation": "prelu"})]
few_variants = pytest.mark.parametrize(("name", "settings"), FEW, ids=variant_id)


def trained_on(model, batch):
    """Logits and loss in training mode, gradients and running statistics after it."""
    model = copy.deepcopy(model).train()
    seen = {"logits": copy.deepcopy(model)(batch).detach(), "loss": loss_of(model, batch)}
    seen |= {f"gradient of {name}": p.grad for name, p in model.named_parameters() if p.numel()}
    # How many batches there were is read by nobody: the running statistics have a momentum.
    return seen | {f"buffer {n}": b for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")}


def assert_alike(model, batch, rtol=1e-4, atol=1e-6):
    found = trained_on(model, batch)
    with kernels.switched_off():
        expected = trained_on(model, batch)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=rtol, atol=atol, msg=lambda m, n=name: f"{n}: {m}")


def with_histories(batch, kind):
    """The same rows with histories of no item, of one, or full."""

    def kept(ids):
        real = torch.where(ids > 0, ids, 3)
        return {"empty": 0 * ids, "one": torch.cat([real[:, :1], 0 * ids[:, 1:]], dim=1), "full": real}[kind]

    return replace(batch, sequences={name: kept(ids) for name, ids in batch.sequences.items()})


@every_variant
@pytest.mark.parametrize("layout", [MIXED, TWO_HISTORIES], ids=["mixed", "two-histories"])
def test_loops_and_torch_train_alike(layout, name, settings):
    assert_alike(build(name, layout, **settings), random_batch(layout, 40))


@few_variants
@pytest.mark.parametrize("kind", ["empty", "one", "full"])
def test_they_do_whatever_the_histories_are(kind, name, settings):
    assert_alike(build(name, MIXED, **settings), with_histories(random_batch(MIXED, 20), kind))


@few_variants
@pytest.mark.parametrize("layout", [ONLY_CATEGORICAL, ONLY_NUMERIC], ids=["categorical", "numeric"])
def test_they_do_without_histories_and_without_numbers(layout, name, settings):
    if name != "din":
        assert_alike(build(name, layout, **settings), random_batch(layout, 20))


@few_variants
def test_they_do_on_a_batch_of_two_rows(name, settings):
    # Two numbers are normalised to one above and one below; what is left of their gradients is rounding.
    assert_alike(build(name, MIXED, **settings), random_batch(MIXED, 2), atol=2e-5)


@few_variants
def test_they_do_on_a_batch_of_thousands(name, settings):
    assert_alike(build(name, MIXED, **settings), random_batch(MIXED, 5000), atol=5e-6)


@pytest.mark.parametrize("dim", [2, 17])
@pytest.mark.parametrize("sizes", [(1,), (130, 3)], ids=str)
@few_variants
def test_they_do_whatever_the_widths(name, settings, sizes, dim):
    widths = {"embedding_dim": dim} if name == "fm" else {"embedding_dim": dim, "mlp_sizes": sizes}
    if name == "din":
        widths["attention_sizes"] = sizes
    model = build(name, WIDE, **settings, **widths)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 0.3  # products of many wide layers would leave the range in which float32 is compared
    assert_alike(model, random_batch(WIDE, 60))


@few_variants
def test_they_do_with_ids_of_either_kind(name, settings):
    model, batch = build(name, MIXED, **settings), random_batch(MIXED, 20)
    sequences = {key: ids.long() for key, ids in batch.sequences.items()}
    wide = replace(batch, categorical=batch.categorical.long(), sequences=sequences)
    found = trained_on(model, wide)
    for key, tensor in trained_on(model, batch).items():
        assert torch.equal(found[key], tensor), key


@few_variants
def test_how_the_ids_lie_in_memory_does_not_matter(name, settings):
    model, batch = build(name, MIXED, **settings), random_batch(MIXED, 20)
    sequences = {key: ids.T.contiguous().T for key, ids in batch.sequences.items()}
    turned = replace(batch, categorical=batch.categorical.T.contiguous().T, sequences=sequences)
    found = trained_on(model, turned)
    for key, tensor in trained_on(model, batch).items():
        torch.testing.assert_close(found[key], tensor, msg=key)


@few_variants
@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_shows_in_the_loss(name, settings, odd):
    model, batch = build(name, MIXED, **settings).train(), random_batch(MIXED, 20)
    with torch.no_grad():
        for embedding in (module for module in model.modules() if isinstance(module, layers.FieldEmbedding)):
            embedding.weight("film")[int(batch.categorical[4, 0])] = odd
    assert not loss_of(model, batch).isfinite()


@few_variants
@pytest.mark.parametrize("is_training", [True, False], ids=["train", "eval"])
def test_an_id_beyond_the_last_row_is_refused(name, settings, is_training):
    model, batch = build(name, MIXED, **settings).train(is_training), random_batch(MIXED, 20)
    beyond = replace(batch, categorical=batch.categorical + 1000)
    with pytest.raises(IndexError):
        model(beyond)
    beyond = replace(batch, sequences={**batch.sequences, "tags": batch.sequences["tags"] + 1000})
    with pytest.raises(IndexError):
        model(beyond)


class Called(Exception):
    """A loop was called."""


def refuse(*_, **__):
    raise Called


@few_variants
def test_nothing_is_looped_while_the_loops_are_switched_off(name, settings, monkeypatch):
    model, batch = build(name, MIXED, **settings).train(), random_batch(MIXED, 20)
    for key in ("cross_matrices", "cross_vectors", "dice", "drop", "norm_and_activate"):
        monkeypatch.setattr(layers.looped, key, refuse)
    for key in ("real_items", "unit_scores", "weighted_sums"):
        monkeypatch.setattr(din, key, refuse)
    monkeypatch.setattr(fm._LoopedLogits, "apply", refuse)
    with pytest.raises(Called):
        model(batch)
    with kernels.switched_off():
        assert model(batch).shape == (20,)
