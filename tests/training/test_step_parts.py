"""Which part of a step an operator belongs to."""

from __future__ import annotations

import pytest

from ctr_app.training.step_parts import (
    ADDING,
    ARITHMETIC_BACKWARD,
    ARITHMETIC_FORWARD,
    BACKWARD_RANGE,
    BATCH_NORM,
    COLLECT_RANGE,
    COLLECTING,
    COPIES,
    DISPATCH,
    DROPOUT,
    FORWARD_RANGE,
    GATHERING,
    LOOPS,
    OPTIMIZER,
    OPTIMIZER_RANGE,
    OTHER,
    PRODUCTS,
    STEP_RANGE,
    placed,
)

NODE = "autograd::engine::evaluate_function: MulBackward0"


@pytest.mark.parametrize(
    ("path", "part", "operator"),
    [
        ((COLLECT_RANGE, "aten::index"), COLLECTING, "aten::index"),
        ((COLLECT_RANGE,), COLLECTING, COLLECT_RANGE),
        (("aten::randperm",), COLLECTING, "aten::randperm"),
        ((FORWARD_RANGE, "_GatherRows", "aten::index_select"), GATHERING, "aten::index_select"),
        ((FORWARD_RANGE, "loop: rows.gather"), GATHERING, "loop: rows.gather"),
        ((FORWARD_RANGE, "aten::linear", "aten::addmm", "aten::copy_"), PRODUCTS, "aten::addmm"),
        ((FORWARD_RANGE, "aten::linear"), DISPATCH, "aten::linear"),
        ((FORWARD_RANGE, "aten::mul", "aten::to", "aten::_to_copy", "aten::copy_"), ARITHMETIC_FORWARD, "aten::mul"),
        ((FORWARD_RANGE, "aten::to", "aten::_to_copy"), COPIES, "aten::_to_copy"),
        ((BACKWARD_RANGE, NODE, "MulBackward0", "aten::mul"), ARITHMETIC_BACKWARD, "aten::mul"),
        ((NODE, "aten::mul"), ARITHMETIC_BACKWARD, "aten::mul"),
        ((BACKWARD_RANGE, "aten::_softmax_backward_data"), ARITHMETIC_BACKWARD, "aten::_softmax_backward_data"),
        ((BACKWARD_RANGE, NODE, "aten::index_add_"), ADDING, "aten::index_add_"),
        ((BACKWARD_RANGE, NODE, "loop: rows.add_pooled"), ADDING, "loop: rows.add_pooled"),
        ((BACKWARD_RANGE, NODE), DISPATCH, NODE),
        ((FORWARD_RANGE, "aten::batch_norm", "aten::native_batch_norm", "aten::zeros"), BATCH_NORM, "aten::batch_norm"),
        ((FORWARD_RANGE, "aten::random_"), DROPOUT, "aten::random_"),
        ((FORWARD_RANGE, "aten::cat"), COPIES, "aten::cat"),
        ((FORWARD_RANGE, "aten::softmax"), ARITHMETIC_FORWARD, "aten::softmax"),
        ((FORWARD_RANGE, "aten::sum"), ARITHMETIC_FORWARD, "aten::sum"),
        ((FORWARD_RANGE, "loop: fm.forward"), LOOPS, "loop: fm.forward"),
        ((OPTIMIZER_RANGE, "Optimizer.step#Adam.step", "aten::_fused_adam_"), OPTIMIZER, "aten::_fused_adam_"),
        (("Optimizer.step#Adam.step",), OPTIMIZER, "Optimizer.step#Adam.step"),
        ((OPTIMIZER_RANGE, "loop: rows.adam"), OPTIMIZER, "loop: rows.adam"),
        ((OPTIMIZER_RANGE, "aten::index_select"), OPTIMIZER, "aten::index_select"),
        ((OPTIMIZER_RANGE, "aten::_unique2", "aten::sort"), ADDING, "aten::_unique2"),
        ((FORWARD_RANGE, "aten::view"), DISPATCH, "aten::view"),
        ((FORWARD_RANGE, "aten::pad"), DISPATCH, "aten::pad"),
        ((FORWARD_RANGE, "aten::pad", "aten::constant_pad_nd"), COPIES, "aten::constant_pad_nd"),
        ((FORWARD_RANGE, "aten::no_such_operator"), OTHER, "aten::no_such_operator"),
        ((FORWARD_RANGE, "aten::no_such_operator", "aten::mm"), PRODUCTS, "aten::mm"),
        (("kernel: sm90_xmma_gemm_f32f32",), PRODUCTS, "kernel: sm90_xmma_gemm_f32f32"),
        ((FORWARD_RANGE, "aten::mul", "kernel: sm90_xmma_gemm"), ARITHMETIC_FORWARD, "aten::mul"),
    ],
)
def test_an_operator_belongs_to_the_part_that_what_runs_around_it_says(
    path: tuple[str, ...], part: str, operator: str
) -> None:
    assert placed((STEP_RANGE, *path)) == (part, operator)
