"""From measurements to Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .recipes import RECIPES, Measurement

TITLES = {
    "ours": "**CTR Lens**",
    "ours_bfloat16": "**CTR Lens, bfloat16**",
    "tutorial": "tutorial loop",
    "deepctr": "DeepCTR-Torch",
    "rechub": "torch-rechub",
    "fuxictr": "FuxiCTR",
}
LIBRARIES = ("deepctr", "rechub", "fuxictr")


@dataclass(frozen=True)
class Target:
    """What is to be reached: times the tutorial loop, times the fastest library, rows per CPU second."""

    over_tutorial: float
    over_library: float
    rows: float


TARGETS = {
    "fm": Target(15.0, 5.5, 100_000),
    "dcn-v1": Target(6.5, 2.8, 40_000),
    "dcn-v2": Target(5.5, 3.2, 38_000),
    "dcn-mix": Target(4.5, 3.8, 20_000),
    "din-128": Target(12.0, 2.7, 12_000),
    "din-2048": Target(18.0, 4.3, 27_000),
}
MOST_GROWTH = 1.6

Results = dict[tuple[str, str], list[Measurement]]  # by recipe and peer


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def speeds(results: Results, models: Sequence[str], peers: Sequence[str]) -> str:
    """Training rows per CPU second, medians, with what is to be reached."""
    least = ["*ours, at least*", *(f"*{thousands(TARGETS[model].rows)}*" for model in models)]
    return _per_peer(results, models, peers, lambda found: thousands(_speed(found)), [least])


def ratios(results: Results, models: Sequence[str]) -> str:
    """Our speed over the tutorial loop's and over that of the fastest library, in either precision."""
    lines = []
    for ours, ending in (("ours", ""), ("ours_bfloat16", ", bfloat16")):
        tutorial, library = [f"over the tutorial loop{ending}"], [f"over the fastest library{ending}"]
        for model in models:
            target = TARGETS[model]
            tutorial.append(_against(_over(results, ours, model, ["tutorial"]), target.over_tutorial))
            library.append(_against(_over(results, ours, model, LIBRARIES), target.over_library))
        if any(results.get((model, ours)) for model in models):
            lines += [tutorial, library]
    return markdown(["ours", *_titles(models)], lines)


def aucs(results: Results, models: Sequence[str], peers: Sequence[str]) -> str:
    """Validation AUC after equal epochs: the mean over seeds, and its range over them."""

    def cell(found: list[Measurement]) -> str:
        values = [measurement.auc for measurement in found]
        spread = f" ({min(values):.3f}–{max(values):.3f})" if len(values) > 1 else ""
        return f"{statistics.fmean(values):.4f}{spread}"

    return _per_peer(results, models, peers, cell)


def costs(results: Results, models: Sequence[str], peers: Sequence[str]) -> str:
    """Rows per second of wall time, and peak memory beyond interpreter and libraries, in MB."""

    def cell(found: list[Measurement]) -> str:
        wall = thousands(statistics.median(m.rows / m.wall for m in found))
        sizes = [m.megabytes for m in found if m.megabytes is not None]
        return f"{wall} · {statistics.median(sizes):.0f} MB" if sizes else wall

    return _per_peer(results, models, peers, cell)


def growth(found: dict[tuple[str, int], list[Measurement]], models: Sequence[str], sizes: Sequence[int]) -> str:
    """Our CPU time per row by the number of values, in microseconds, and by how much it grows from first to last."""
    rows = []
    for model in models:
        times = [1e6 / _speed(found[model, size]) for size in sizes]
        parameters = found[model, sizes[-1]][0].parameters / 1e6
        grown = f"{times[-1] / times[0]:.2f}× (≤ {MOST_GROWTH}×)"
        title = f"{RECIPES[model].title}, up to {parameters:.0f} M parameters"
        rows.append([title, *(f"{time:.1f} µs" for time in times), _marked(grown, times[-1] <= MOST_GROWTH * times[0])])
    return markdown(["values in all", *(f"{size:,}" for size in sizes), "growth"], rows)


def thousands(value: float) -> str:
    """12345 as 12.3k."""
    return f"{value / 1000:.1f}k" if value < 100_000 else f"{value / 1000:.0f}k"


def _per_peer(
    results: Results,
    models: Sequence[str],
    peers: Sequence[str],
    cell: Callable[[list[Measurement]], str],
    more: Sequence[Sequence[str]] = (),
) -> str:
    rows = []
    for peer in peers:
        found = [results.get((model, peer), []) for model in models]
        if any(found):
            rows.append([TITLES[peer], *(cell(measured) if measured else "–" for measured in found)])
    return markdown(["", *_titles(models)], [*rows, *more])


def _titles(models: Sequence[str]) -> list[str]:
    return [RECIPES[model].title for model in models]


def _speed(found: list[Measurement]) -> float:
    return statistics.median(measurement.rows_per_cpu_second for measurement in found)


def _over(results: Results, own: str, model: str, peers: Sequence[str]) -> float | None:
    """Our median speed over that of the fastest of ``peers``; None where either was not measured."""
    others = [_speed(results[model, peer]) for peer in peers if results.get((model, peer))]
    ours = results.get((model, own))
    return _speed(ours) / max(others) if others and ours else None


def _against(ratio: float | None, target: float) -> str:
    return "–" if ratio is None else _marked(f"{ratio:.1f}× (≥ {target:g}×)", ratio >= target)


def _marked(text: str, is_met: bool) -> str:
    return text if is_met else f"**{text}**"
