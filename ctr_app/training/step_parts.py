"""The parts of a training step, and which of them an operator's time belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import torch

COLLECTING = "collecting the batch"
GATHERING = "gathering rows"  # of embedding matrices, and of what a batch has per row for the items of its histories
PRODUCTS = "matrix products"
ARITHMETIC_FORWARD = "arithmetic, forward"
ARITHMETIC_BACKWARD = "arithmetic, backward"
BATCH_NORM = "batch norm"
DROPOUT = "dropout's random numbers"
COPIES = "copies and concatenation"
ADDING = "adding up gradients of rows"
LOOPS = "compiled loops"
OPTIMIZER = "the optimizer's step"
OTHER = "other operators"
DISPATCH = "Python and dispatch"

# Ranges that the profile opens around what the trainer calls.
RANGE_PREFIX = "range: "
STEP_RANGE = f"{RANGE_PREFIX}step"
COLLECT_RANGE = f"{RANGE_PREFIX}collect"
FORWARD_RANGE = f"{RANGE_PREFIX}forward"
BACKWARD_RANGE = f"{RANGE_PREFIX}backward"
OPTIMIZER_RANGE = f"{RANGE_PREFIX}optimizer"
LOOP_PREFIX = "loop: "
KERNEL_PREFIX = "kernel: "
AUTOGRAD_NODE = "autograd::engine::evaluate_function"

# Kinds that are not parts by themselves: where they run says which part they are.
_MOVES = "moves of rows"
_ARITHMETIC = "arithmetic"

# The first pattern that an operator's whole name (without aten:: and outer underscores) matches says its kind.
_OPERATORS = (
    (PRODUCTS, r"(add)?(mm|mv|bmm)|baddbmm|addbmm|v?dot|addr|linear_backward|mkldnn_linear.*"),
    (BATCH_NORM, r".*batch_norm.*"),
    (
        _MOVES,
        r"(index|gather)(_backward)?|index_(select(_backward)?|add|copy|fill|put|put_impl|reduce)|(masked_)?scatter.*|embedding.*"
        r"|masked_select.*|nonzero|take.*|unique.*|(arg)?sort|bincount|cumsum|flip|roll|randperm",
    ),
    (DROPOUT, r".*dropout.*|bernoulli|random|uniform|normal|rand.*"),
    (
        COPIES,
        r"cat|stack|copy|to_copy|clone|fill|zero|(new_)?(zeros|ones|full)(_like)?|repeat.*|constant_pad_nd"
        r"|(select|slice|unfold|diagonal|as_strided)_backward",
    ),
    (
        _ARITHMETIC,
        r".*softmax.*|.*prelu.*|.*_backward(_data)?|binary_cross_entropy.*|log_sigmoid.*|(foreach|fused)_.*"
        r"|(linalg_vector_)?norm|aminmax|std_mean|var_mean",
    ),
)
# These make or describe tensors, or call other operators; they move and compute nothing by themselves.
_DESCRIBING = (
    r"pad|(new_)?empty.*|resize.*|unsafe_.*|linear|matmul|einsum|bilinear|item|local_scalar_dense|is_.*|result_type"
)
# Words in the name of a compiled loop.
_LOOPS = (
    (OPTIMIZER, r"adam|adagrad|sgd|decay"),
    (ADDING, r"add"),
    (_MOVES, r"gather|pool|select|collect"),
    (BATCH_NORM, r"norm"),
    (DROPOUT, r"dropout"),
)
# Words in the name of a kernel on an accelerator that no operator launched, as in a captured graph.
_KERNELS = (
    (OPTIMIZER, r"adam"),
    (PRODUCTS, r"gemm|gemv|cutlass|nvjet|splitK"),
    (BATCH_NORM, r"batch_norm|bn_"),
    (_MOVES, r"index|gather|scatter|embedding"),
    (DROPOUT, r"dropout|distribution"),
    (COPIES, r"Memcpy|Memset|CatArray|copy|fill"),
    (_ARITHMETIC, r"elementwise|reduce|softmax|Pointwise"),
)
# In the optimizer, what adds up the gradients of a row that occurs more than once.
_SUMS = r"(aten::)?_?(index_add|scatter_add|unique|sort).*|loop: .*\badd.*"


def placed(path: Sequence[str]) -> tuple[str, str]:
    """The part that the time of ``path[-1]`` belongs to, and the name of the operator that decides it.

    ``path`` are the names of all that was running, from the outside in: ranges, nodes of autograd, operators,
    compiled loops. The outermost operator of a known kind decides for all that it calls.
    """
    operator, kind = next(((name, kind) for name in path if (kind := kind_of(name))), (path[-1], None))
    if COLLECT_RANGE in path:
        return COLLECTING, operator
    if any(name == OPTIMIZER_RANGE or name.startswith("Optimizer.") for name in path):
        return (ADDING if re.fullmatch(_SUMS, operator) else OPTIMIZER), operator
    is_backward = any(name == BACKWARD_RANGE or name.startswith(AUTOGRAD_NODE) for name in path)
    if kind == _ARITHMETIC:
        return (ARITHMETIC_BACKWARD if is_backward else ARITHMETIC_FORWARD), operator
    if kind in (_MOVES, COPIES) and not is_backward and FORWARD_RANGE not in path:
        return COLLECTING, operator
    if kind == _MOVES:
        return (ADDING if is_backward else GATHERING), operator
    return kind or (OTHER if _computes(operator) else DISPATCH), operator


@cache
def kind_of(name: str) -> str | None:
    """What an operator, compiled loop or kernel does; None for what only describes or calls, and for the unknown."""
    if name.startswith(LOOP_PREFIX):
        words = re.split(r"[._]", name.removeprefix(LOOP_PREFIX))
        return next((kind for kind, pattern in _LOOPS if any(re.fullmatch(pattern, word) for word in words)), LOOPS)
    if name.startswith(KERNEL_PREFIX):
        return next((kind for kind, pattern in _KERNELS if re.search(pattern, name)), OTHER)
    if not name.startswith("aten::"):
        return None
    bare = _bare(name)
    found = next((kind for kind, pattern in _OPERATORS if re.fullmatch(pattern, bare)), None)
    return found or (_ARITHMETIC if _tags(name) & {torch.Tag.pointwise, torch.Tag.reduction} else None)


@cache
def describes(name: str) -> bool:
    """Whether an operator only makes, views or describes tensors, or calls other operators."""
    return bool(re.fullmatch(_DESCRIBING, _bare(name))) or any(
        result.alias_info is not None and not result.alias_info.is_write
        for schema in _schemas(name)
        for result in schema.returns
    )


@cache
def _computes(name: str) -> bool:
    return name.startswith("aten::") and not describes(name)


def _bare(name: str) -> str:
    return name.removeprefix("aten::").strip("_")


def _tags(name: str) -> set[torch.Tag]:
    return {tag for overload in _overloads(name) for tag in overload.tags}


def _schemas(name: str) -> list[torch.FunctionSchema]:
    return [overload._schema for overload in _overloads(name)]


def _overloads(name: str) -> list[torch._ops.OpOverload]:
    packet = getattr(torch.ops.aten, name.removeprefix("aten::"), None)
    return [getattr(packet, overload) for overload in packet.overloads()] if packet else []
