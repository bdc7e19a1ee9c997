"""recovery: the standard test of how well readouts find what interacts."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..data.errors import InputError
from ..data.synthetic.function_tables import CLICKS, NOISE_FREE
from .output import show, tell
from .request import key_value

if TYPE_CHECKING:
    from ..explain.suite import Score, Suite

READOUTS = ("weights", "behaviour", "counts")


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``recovery``."""
    command.add_argument("--functions", metavar="F1,F2", help="which of the ten test functions (default: all)")
    command.add_argument("--rows", type=int, metavar="N", help="rows of each table (default: 30000)")
    command.add_argument("--seeds", metavar="0,1", help="seeds of tables and trainings (default: 0,1,2,3,4)")
    command.add_argument("--clicks", action="store_true", help="learn from clicks, not from the probability itself")
    command.add_argument("--model", metavar="NAME", help="fm or dcn (dcn-v1, dcn-v2, dcn-mix; default: dcn-v2)")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; repeatable")
    command.add_argument("--readout", choices=READOUTS, help="tell of this one only (default: all that the model has)")


def recovery(options: argparse.Namespace) -> None:
    """Train on each table, and print how well each readout found the pairs that interact."""
    from ..explain.suite import scores  # pandas takes a while to import

    suite, found = _suite(options), []
    for score in scores(suite):
        if options.readout in (None, score.readout):
            found.append(score)
            tell(f"{score.function:<4} seed {score.seed}  {score.readout:<10} AUC {score.auc:.4f}")
    if not found:
        raise InputError(
            "{title} has no readout by {readout}.", title=suite.recipe.title, readout=options.readout or "any"
        )
    means = _means(found)
    show(options, _document(suite, found, means), _lines(found, means))


def _suite(options: argparse.Namespace) -> Suite:
    from ..explain.suite import Suite

    given: dict[str, Any] = {"rows": options.rows, "model": options.model}
    given["functions"] = options.functions and tuple(name.strip().lower() for name in options.functions.split(","))
    given["seeds"] = options.seeds and _whole_numbers(options.seeds)
    return Suite(
        variant=CLICKS if options.clicks else NOISE_FREE,
        settings=dict(key_value(text) for text in options.set),
        **{name: value for name, value in given.items() if value is not None},
    )


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            "--seeds takes whole numbers with commas between them, as 0,1; not {text}.", text=text
        ) from None


def _means(found: list[Score]) -> dict[str, tuple[float, float]]:
    """Mean and half-width of the interval over the seeds, by readout."""
    from ..explain.suite import by_seed, interval

    return {readout: interval(by_seed(found, readout)) for readout in dict.fromkeys(s.readout for s in found)}


def _document(suite: Suite, found: list[Score], means: dict[str, tuple[float, float]]) -> dict[str, Any]:
    return {
        "model": suite.recipe.title,
        "settings": dict(suite.recipe.settings),
        "rows": suite.rows,
        "label": suite.variant,
        "mean": {
            readout: {"auc": mean, "half_width": half if half == half else None}
            for readout, (mean, half) in means.items()
        },
        "scores": [asdict(score) for score in found],
    }


def _lines(found: list[Score], means: dict[str, tuple[float, float]]) -> list[str]:
    """A table of functions by readouts, mean pair AUC over the seeds, and the mean of all with its interval."""
    from ..explain.suite import mean_auc

    functions = dict.fromkeys(score.function for score in found)
    head = "".join(f"{readout:>18}" for readout in means)
    rows = [
        f"{name.upper():<5}" + "".join(f"{mean_auc(found, readout, name):>18.3f}" for readout in means)
        for name in functions
    ]
    shown = [f"{mean:.3f} ± {half:.3f}" if half == half else f"{mean:.3f}" for mean, half in means.values()]
    return [f"{'AUC':<5}{head}", *rows, f"{'mean':<5}" + "".join(f"{text:>18}" for text in shown)]
