"""What torch's profiler saw of some steps, read from its trace: whose time each moment was."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from .step_parts import KERNEL_PREFIX, STEP_RANGE, placed

# What to read of the CPU, and about how many operators it takes to cost the profiler as much to record as one of each.
SEEN_ON_CPU = {"cpu_op": 1, "user_annotation": 10}
SEEN_ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")


@dataclass(frozen=True)
class Piece:
    """Time in a step that one operator, range or kernel took by itself, without what it called, in microseconds.

    ``step`` counts from 0. ``operator`` is the one that decides on the part, and ``is_call`` says that the piece is
    its own and not of what it called. ``recorded`` is how many operators were called from here, a range counting as
    ten: to record them cost the profiler time here.
    """

    step: int
    part: str
    operator: str
    microseconds: float
    is_call: bool
    recorded: int


@dataclass
class _Span:
    """One event of the trace with the names of all that it ran inside."""

    path: tuple[str, ...]
    start: float
    end: float
    own: float
    recorded: int = 0


@contextmanager
def traced(device: torch.device) -> Iterator[list[dict[str, Any]]]:
    """A list that holds, after the block, the events of torch's profiler for the block."""
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device.type == "cuda" else [])
    events: list[dict[str, Any]] = []
    profiler = profile(activities=activities)
    with _without_native_messages():
        profiler.start()
    try:
        yield events
    finally:
        with _without_native_messages():
            profiler.stop()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events.extend(json.loads(path.read_bytes())["traceEvents"])


def pieces(events: Sequence[Mapping[str, Any]], is_counted: Sequence[bool], on_device: bool) -> list[Piece]:
    """The pieces of those steps that count; ``is_counted`` is by step range, in order of time.

    Time is the CPU's, or with ``on_device`` the accelerator's, whose kernels belong to whatever launched them.
    """
    spans = _spans(events)
    steps = sorted((span for span in spans.values() if span.path[-1] == STEP_RANGE), key=lambda span: span.start)
    assert len(steps) == len(is_counted)
    numbers = [sum(is_counted[:index]) for index in range(len(steps))]
    starts = [span.start for span in steps]
    found = []
    for span in _kernels(events, spans) if on_device else spans.values():
        index = bisect_right(starts, span.start) - 1
        if index >= 0 and is_counted[index] and span.start < steps[index].end:
            part, operator = placed(span.path)
            is_call = on_device or span.path.index(operator) == len(span.path) - 1
            found.append(Piece(numbers[index], part, operator, span.own, is_call, span.recorded))
    return found


def _spans(events: Sequence[Mapping[str, Any]]) -> dict[Any, _Span]:
    """What ran on the CPU, by its id in the trace; on each thread the shorter lies inside the longer."""
    seen = [event for event in events if event.get("ph") == "X" and event.get("cat") in SEEN_ON_CPU]
    spans: dict[Any, _Span] = {}
    open_spans: dict[Any, list[_Span]] = {}
    for event in sorted(seen, key=lambda event: (event["ts"], -event["dur"])):
        stack = open_spans.setdefault(event["tid"], [])
        while stack and stack[-1].end <= event["ts"]:
            stack.pop()
        path = (*(stack[-1].path if stack else ()), event["name"])
        span = _Span(path, event["ts"], event["ts"] + event["dur"], event["dur"])
        if stack:
            stack[-1].own -= event["dur"]
            stack[-1].recorded += SEEN_ON_CPU[event["cat"]]
        stack.append(span)
        spans[event["args"]["External id"]] = span
    return spans


def _kernels(events: Sequence[Mapping[str, Any]], spans: Mapping[Any, _Span]) -> Iterator[_Span]:
    """What ran on the accelerator, inside of what launched it and at the time of that."""
    for event in events:
        if event.get("cat") in SEEN_ON_DEVICE:
            launcher = spans.get(event["args"].get("External id"))
            if launcher:
                path = (*launcher.path, KERNEL_PREFIX + event["name"])
                yield _Span(path, launcher.start, launcher.end, event["dur"])


@contextmanager
def _without_native_messages() -> Iterator[None]:
    """Keep torch's profiler from writing to standard error that it starts and stops."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
