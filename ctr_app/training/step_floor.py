"""The least that a step's operators could take on this machine: what they move and multiply, over measured rates."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..models.layers import FieldEmbedding
from .step_parts import describes, placed

COPY_NUMBERS = 2**25  # 128 MiB of float32, more than caches hold
PRODUCT_SHAPE = {"cpu": (2048, 512, 512)}  # (B, in) times (in, out)
PRODUCT_SHAPE_ELSEWHERE = (8192, 4096, 4096)
MEASURING_SECONDS = 0.3

# Which of its arguments a product's left matrix is; its rows are as long as the sums that the product makes.
_LEFT = {"mm": 0, "bmm": 0, "mv": 0, "dot": 0, "addmm": 1, "baddbmm": 1, "addmv": 1}
_READS_ROWS = {"index_select", "index", "gather", "embedding", "take_along_dim"}
_WRITES_ROWS = {"index_add_", "index_copy_", "index_put_", "_index_put_impl_", "scatter_", "scatter_add_"}
_WRITES_ONLY = {"copy_", "zero_", "fill_", "random_", "bernoulli_", "uniform_", "normal_"}
_NOT_WRITTEN = {"grads"}  # fused optimizers say that they write it; they do so with scaled gradients only


@dataclass(frozen=True)
class Rates:
    """What the machine does: bytes per second read and written by a copy, operations per second by type of number."""

    copied: float
    multiplied: Mapping[str, float]


@dataclass(frozen=True)
class Work:
    """What one operator of a part must move, in bytes, and multiply and add, in operations on numbers of one type."""

    part: str
    num_bytes: float
    operations: float = 0.0
    dtype: str = "float32"

    def seconds(self, rates: Rates) -> float:
        """At the rates of the machine, moving and computing at the same time."""
        rate = rates.multiplied.get(self.dtype, rates.multiplied["float32"])
        return max(self.num_bytes / rates.copied, self.operations / rate)


class Counter(TorchDispatchMode):
    """Counts the work of every operator and compiled loop while it is active.

    Args:
        model: its embedding matrices are what a compiled loop reads and writes some rows of, and not as a whole.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.work: list[Work] = []
        self._lengths = {
            len(matrix)
            for module in model.modules()
            if isinstance(module, FieldEmbedding)
            for matrix in module.matrices().values()
        }
        self._path: list[str] = []

    @contextmanager
    def afresh(self) -> Iterator[None]:
        """Forget all that was counted before the block."""
        self.work = []
        yield

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Within a range of that name."""
        self._path.append(name)
        try:
            yield
        finally:
            self._path.pop()

    def call(self, name: str, loop: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Call a compiled loop and count what it reads, and which rows it changes, of its arrays."""
        arrays = [argument for argument in arguments if isinstance(argument, np.ndarray) and argument.ndim]
        before = [array.copy() for array in arrays]
        result = loop(*arguments)
        self._add(name, loop_bytes(before, arrays, self._lengths))
        return result

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operator and count its work."""
        result = func(*args, **(kwargs or {}))
        name = func._schema.name
        if name.startswith("aten::") and not describes(name):
            arguments = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False))
            arguments |= kwargs or {}
            is_product = (bare := name.removeprefix("aten::")) in _LEFT
            operations = 2.0 * result.numel() * args[_LEFT[bare]].shape[-1] if is_product else 0.0
            dtype = str(result.dtype).removeprefix("torch.") if is_product else "float32"
            self._add(name, operator_bytes(func._schema, arguments, result), operations, dtype)
        return result

    def _add(self, name: str, num_bytes: float, operations: float = 0.0, dtype: str = "float32") -> None:
        part, _ = placed((*self._path, name))
        self.work.append(Work(part, num_bytes, operations, dtype))


def operator_bytes(schema: torch.FunctionSchema, arguments: Mapping[str, Any], result: Any) -> float:
    """Bytes that an operator must move: inputs read once, outputs written once, of a table only the rows it reaches."""
    name = schema.name.removeprefix("aten::")
    tensors = [leaf for leaf in tree_leaves(list(arguments.values())) if isinstance(leaf, Tensor)]
    if name in _READS_ROWS:
        return _sizes(tensors[1:]) + 2 * _sizes([result])
    if name in _WRITES_ROWS:
        passes = 2 if "add" in name else 1
        return _sizes(tensors[1:]) + passes * _size(tensors[-1])
    written = [a.name for a in schema.arguments if a.is_write and a.name not in _NOT_WRITTEN]
    read = [value for key, value in arguments.items() if not (name in _WRITES_ONLY and key in written)]
    made = [] if written else [result]
    return _sizes(read) + _sizes([arguments.get(key) for key in written]) + _sizes(made)


def loop_bytes(before: Sequence[np.ndarray], after: Sequence[np.ndarray], table_lengths: Collection[int]) -> float:
    """Bytes that a compiled loop must move between memory and its arrays.

    Of an array it changed, the changed rows, once; of one it did not change, all. What is as long as an embedding
    matrix is a table: the changed rows are read and written, or as many rows read as there are ids.
    """
    changed = [_num_changed_rows(old, new) for old, new in zip(before, after, strict=True)]
    num_ids = max((np.count_nonzero(array) for array in before if _holds_ids(array, table_lengths)), default=0)
    total = 0.0
    for array, rows in zip(after, changed, strict=True):
        row_bytes = array.nbytes / max(1, len(array))
        if len(array) in table_lengths:
            total += row_bytes * (2 * rows or min(len(array), num_ids))
        else:
            total += row_bytes * (rows or len(array))
    return total


def measured_rates(device: torch.device, dtypes: Collection[str] = ()) -> Rates:
    """The machine's rates with torch's present number of threads: the best of some copies and products."""
    source = torch.ones(COPY_NUMBERS, device=device)
    target = torch.empty_like(source)
    copied = 2 * source.nbytes / _best_seconds(partial(target.copy_, source), device)
    rows, inner, columns = PRODUCT_SHAPE.get(device.type, PRODUCT_SHAPE_ELSEWHERE)
    shapes, operations = ((rows, inner), (inner, columns)), 2.0 * rows * inner * columns
    multiplied = {}
    for dtype in {"float32", *dtypes}:
        left, right = (torch.ones(shape, device=device, dtype=getattr(torch, dtype)) for shape in shapes)
        multiplied[dtype] = operations / _best_seconds(partial(torch.mm, left, right), device)
    return Rates(copied, multiplied)


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _best_seconds(run: Callable[[], object], device: torch.device) -> float:
    run()
    wait_for(device)
    times: list[float] = []
    while len(times) < 3 or sum(times) < MEASURING_SECONDS:
        started = time.perf_counter()
        run()
        wait_for(device)
        times.append(time.perf_counter() - started)
    return min(times)


def _sizes(values: Sequence[Any]) -> float:
    return sum(_size(leaf) for leaf in tree_leaves(list(values)) if isinstance(leaf, Tensor))


def _size(tensor: Tensor) -> float:
    """Bytes of the numbers that a tensor holds; what is only repeated counts once."""
    numbers = [size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride]
    return float(np.prod(numbers, dtype=float)) * tensor.element_size() if tensor.numel() else 0.0


def _num_changed_rows(old: np.ndarray, new: np.ndarray) -> int:
    is_changed = old != new
    return int(np.count_nonzero(is_changed.reshape(len(new), -1).any(axis=1))) if new.size else 0


def _holds_ids(array: np.ndarray, table_lengths: Collection[int]) -> bool:
    return np.issubdtype(array.dtype, np.integer) and len(array) not in table_lengths
