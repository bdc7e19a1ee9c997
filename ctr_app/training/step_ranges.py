"""Ranges around what a trainer calls in a step, opened from outside: the trainer knows nothing of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol

import torch
from torch.profiler import record_function

from ..data.batch import Batch
from .step_parts import BACKWARD_RANGE, COLLECT_RANGE, FORWARD_RANGE, LOOP_PREFIX, OPTIMIZER_RANGE
from .trainer import Trainer

PACKAGE = __name__.partition(".")[0]


class Watcher(Protocol):
    """Who is told of the ranges of a step."""

    def inside(self, name: str) -> AbstractContextManager[Any]:
        """What is open while the range lasts."""

    def call(self, name: str, loop: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Call a compiled loop of that name."""


class Recorder:
    """Tells torch's profiler."""

    def inside(self, name: str) -> AbstractContextManager[Any]:
        """A range of the profiler."""
        return record_function(name)

    def call(self, name: str, loop: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """The loop in a range of its own: the profiler sees no loop by itself."""
        with record_function(name):
            return loop(*arguments)


@contextmanager
def watched(trainer: Trainer, watcher: Watcher) -> Iterator[None]:
    """Tell ``watcher`` of every range of the trainer's steps while the block lasts.

    Methods of this trainer, of all batches and tensors, and compiled loops are replaced meanwhile, in all threads.
    """
    methods: tuple[tuple[Any, str, str], ...] = (
        (Batch, "select", COLLECT_RANGE),
        (trainer.model, "forward", FORWARD_RANGE),
        (torch.Tensor, "backward", BACKWARD_RANGE),
        (trainer.optimizer, "clear", OPTIMIZER_RANGE),
        (trainer.optimizer, "step", OPTIMIZER_RANGE),
    )
    with ExitStack() as stack:
        for owner, name, title in methods:
            stack.enter_context(_replaced(owner, name, _ranged(getattr(owner, name), title, watcher)))
        for module, name, loop in compiled_loops():
            stack.enter_context(_replaced(module, name, _looped(loop, watcher)))
        yield


def compiled_loops() -> list[tuple[Any, str, Any]]:
    """Every function compiled by numba in the modules of this package: the module, its name there, and itself."""
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{PACKAGE}.") and module]
    return [
        (module, name, value)
        for module in modules
        for name, value in vars(module).items()
        if type(value).__name__ == "CPUDispatcher"
    ]


def _ranged(function: Callable[..., Any], title: str, watcher: Watcher) -> Callable[..., Any]:
    def ranged(*arguments: Any, **named: Any) -> Any:
        with watcher.inside(title):
            return function(*arguments, **named)

    return ranged


def _looped(loop: Any, watcher: Watcher) -> Callable[..., Any]:
    name = f"{LOOP_PREFIX}{loop.py_func.__module__.rpartition('.')[2]}.{loop.py_func.__name__}"
    return lambda *arguments: watcher.call(name, loop, arguments)


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """``owner.name`` is ``value`` while the block lasts."""
    is_own, before = name in vars(owner), vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)
