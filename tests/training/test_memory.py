"""The forecast of memory: against the tensors that training really holds, and refused where it cannot fit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from ctr_app.data.batch import Batch, FieldLayout, SequenceField
from ctr_app.data.errors import InputError
from ctr_app.data.store import DataSet
from ctr_app.models import kernels
from ctr_app.models.registry import FAMILIES, sketch
from ctr_app.models.rows import attach
from ctr_app.training import memory
from ctr_app.training.activations import Basket, evaluation_bytes, matrices_of, step_bytes
from ctr_app.training.launch import configs_for, new_run
from ctr_app.training.memory import DataShape, Memory, memory_of, readable, shape_of
from ctr_app.training.run_store import RunStore
from ctr_app.training.trainer import Trainer

from .examples import LAYOUT, random_batch

CPU = torch.device("cpu")
WITHIN = 0.3
# A table of many values, and layers that are wide: what is counted for them is what there is to count.
LARGE = replace(LAYOUT, vocabulary_sizes={"item": 30_000, "device": 8})
WIDE = {"fm": {}, "dcn": {"mlp_sizes": (600, 500)}, "din": {"mlp_sizes": (600, 500)}}


def shape(layout: FieldLayout = LAYOUT, rows: int = 64) -> DataShape:
    """Of as many training as validation rows, half of whose history positions are real."""
    return DataShape(layout, {"train": rows, "valid": rows}, 40, 0.5)


def forecast(family: str, of: DataShape | None = None, device: torch.device = CPU, **settings: object) -> Memory:
    """What the family needs with these settings over its defaults."""
    return memory_of(family, of or shape(), *configs_for(family, settings), device)


def total(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def trained(family: str, layout: FieldLayout, **settings: object) -> Trainer:
    """A trainer after its second epoch, and the best weights of both."""
    model_config, training = configs_for(family, {"epochs": 2, "batch_size": 16, **settings})
    trainer = Trainer(FAMILIES[family].build(layout, model_config), random_batch(64), random_batch(64), training, CPU)
    assert list(trainer.run())
    return trainer


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_moments_and_best_values_are_those_that_training_holds(family: str) -> None:
    trainer = trained(family, LARGE, **WIDE[family])
    weights, moments = total(trainer.model.parameters()), total(trainer.optimizer.state().values())
    held = weights + moments + 2 * total(trainer.best_state.values())  # the new best beside the old one
    needed = forecast(family, shape(LARGE), batch_size=16, **WIDE[family])
    assert needed.parameters == sum(parameter.numel() for parameter in trainer.model.parameters())
    assert needed.machine["tables"] + needed.machine["layers"] == pytest.approx(held, rel=WITHIN)


def held_at_once(model: nn.Module, batch: Batch, is_training: bool) -> int:
    """Most bytes that torch's allocator has given out at once in a real pass, gradients of embeddings kept apart."""
    for matrix in matrices_of(model):
        attach(matrix, Basket())
    model.train(is_training)
    grad, profiling = torch.set_grad_enabled(is_training), torch.profiler.profile(profile_memory=True)
    with kernels.switched_off(), grad, profiling as profiler:
        logits = model(batch)
        if is_training:
            functional.binary_cross_entropy_with_logits(logits, batch.labels).backward()
    now = most = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most


@pytest.mark.parametrize("is_training", [True, False], ids=["step", "evaluation"])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_pass_holds_is_what_the_allocator_gives(family: str, is_training: bool) -> None:
    torch.manual_seed(0)
    config, batch = configs_for(family, {})[0], random_batch(2000)
    share = float((batch.sequences["history"] > 0).float().mean())
    count = step_bytes if is_training else evaluation_bytes
    counted = count(sketch(family, LAYOUT, config), LAYOUT, 2000, share)
    assert counted == pytest.approx(held_at_once(FAMILIES[family].build(LAYOUT, config), batch, is_training), rel=0.1)


@pytest.mark.parametrize("settings", [{"cross": "vector"}, {"cross": "mix"}, {"embedding_sizes": "sqrt"}], ids=str)
def test_every_kind_of_cross_network_can_be_counted(settings: dict[str, object]) -> None:
    assert forecast("dcn", **settings).machine["step"] > 0


def test_histories_of_a_joint_attention_can_be_counted() -> None:
    two = replace(
        LAYOUT,
        sequences=(*LAYOUT.sequences, SequenceField("seen", "item", 6)),
        vocabulary_sizes={"item": 9, "device": 8},
    )
    assert forecast("din", shape(two), attention_groups="joint", attention_weights="softmax").machine["step"] > 0


def test_more_rows_in_a_step_need_more_and_no_more_than_there_are() -> None:
    of = shape(rows=10_000)
    steps = [forecast("dcn", of, batch_size=size).machine["step"] for size in (100, 1000, 10_000, 1_000_000)]
    assert steps[0] < steps[1] < steps[2] == steps[3]
    assert steps[2] / steps[1] == pytest.approx(10, rel=WITHIN)


def test_counting_draws_no_random_number() -> None:
    before = torch.get_rng_state()
    for family in FAMILIES:
        forecast(family)
    assert torch.equal(before, torch.get_rng_state())


def test_on_an_accelerator_the_rows_lie_there_and_the_best_weights_do_not() -> None:
    on_cpu, on_gpu = (forecast("dcn", shape(LARGE), torch.device(name)) for name in ("cpu", "cuda"))
    assert on_cpu.accelerator.total() == 0
    assert on_cpu.mapped == 40 * 128
    assert on_gpu.mapped == 0
    assert on_gpu.accelerator["rows"] == 2 * 40 * 128
    assert on_gpu.machine["tables"] == pytest.approx(2 * 4 * 8 * 30_008)
    assert on_gpu.accelerator["tables"] >= 4 * 4 * 8 * 30_008


def test_the_shape_of_a_stored_data_set(histories: DataSet) -> None:
    dataset = histories.encoded()
    found, train = shape_of(dataset), dataset.batch("train")
    assert found.layout == dataset.encoder.layout
    assert found.rows == {split: len(dataset.rows(split)) for split in ("train", "valid", "test")}
    tensors = (train.numeric, train.categorical, train.labels, *train.sequences.values())
    assert found.row_bytes * len(train) == total(tensors)
    assert found.real_share == float((train.sequences["history"] > 0).double().mean())


@pytest.mark.parametrize(
    ("family", "of", "settings", "advice"),
    [
        ("fm", shape(LARGE), {}, "choose smaller vectors, or a higher minimum count"),
        ("dcn", shape(), {"mlp_sizes": (4000, 4000)}, "choose smaller vectors or layers"),
        ("dcn", shape(rows=10**6), {"batch_size": 10**6}, "choose a smaller batch size"),
    ],
    ids=["tables", "layers", "step"],
)
def test_what_cannot_fit_is_refused_with_both_figures_and_what_to_change(
    monkeypatch: pytest.MonkeyPatch, family: str, of: DataShape, settings: dict[str, object], advice: str
) -> None:
    needed = forecast(family, of, **settings)
    monkeypatch.setattr(memory, "free_memory", lambda _device: 4_560_000)
    figures = re.escape(f"about {readable(needed.machine.total(), 3)} of memory and 4.56 MB is free; {advice}")
    with pytest.raises(InputError, match=figures):
        needed.check(CPU)


def test_what_just_fits_is_not_refused_and_neither_is_anything_where_nobody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = forecast("fm")
    for free in (needed.machine.total(), None):
        monkeypatch.setattr(memory, "free_memory", lambda _device, free=free: free)
        needed.check(CPU)
    monkeypatch.setattr(memory, "free_memory", lambda _device: needed.machine.total() - 1)
    with pytest.raises(InputError):
        needed.check(CPU)


def test_a_run_that_cannot_fit_is_not_stored(monkeypatch: pytest.MonkeyPatch, runs: RunStore, clicks: DataSet) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda _device: 10**6)
    with pytest.raises(InputError, match=r"1\.00 MB is free"):
        new_run(runs, clicks, "fm", {})
    assert runs.list() == []


def test_a_run_for_a_device_of_another_machine_is_stored_without_asking_this_one(
    monkeypatch: pytest.MonkeyPatch, runs: RunStore, clicks: DataSet
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda _device: 0)
    assert new_run(runs, clicks, "fm", {}, device="cuda:77").spec().device == "cuda:77"


@pytest.mark.parametrize(
    ("size", "digits", "text"),
    [
        (0, 2, "0 B"),
        (994, 2, "990 B"),
        (996, 2, "1.0 kB"),
        (1_449_000, 2, "1.4 MB"),
        (9_960_000, 2, "10 MB"),
        (123_456_789, 2, "120 MB"),
        (123_456_789, 3, "123 MB"),
        (16_240_000_000, 3, "16.2 GB"),
        (2.5e16, 2, "25000 TB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_suits_it(size: float, digits: int, text: str) -> None:
    assert readable(size, digits) == text
