"""The generators: ways to make a planted table from settings, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..settings import Config
from .function_tables import NOISE_FREE, FunctionSettings, function_table
from .functions import FUNCTIONS
from .pair_settings import CHOSEN, PairSettings
from .pair_tables import pair_table
from .tables import Planted

PAIRS = "planted-pairs"
# What tells two tables of one generator apart in a list, without a word on what interacts.
TOLD_IN_TITLES = ("seed", "bins", "variant", "noise", "correlation")


@dataclass(frozen=True)
class Generator:
    """One way to make planted tables: its names in code and in words, its settings, and what it makes of them.

    All settings have ``rows`` and ``seed`` among them; ``describe`` puts the others into a sentence that does not tell
    what is planted where.
    """

    name: str
    title: str
    description: str
    settings: type[Config]
    make: Callable[[Any], Planted]
    describe: Callable[[Any], str]

    @property
    def default_rows(self) -> int:
        """How many rows a table has unless asked otherwise."""
        return next(int(described.default) for described in self.settings.settings() if described.name == "rows")

    def titled(self, settings: Config) -> str:
        """The title of a table made with ``settings``: ``Planted pairs (seed 3, noise 0.1)``."""
        changed = changed_settings(settings)
        told = [f"{name} {changed[name]}" for name in TOLD_IN_TITLES if name in changed]
        return f"{self.title} ({', '.join(told)})" if told else self.title

    def with_values(self, values: Mapping[str, Any]) -> Config:
        """The settings with these values over the defaults, text or typed; raises InputError where one cannot be."""
        return self.settings.from_mapping(values)

    def with_defaults(self, rows: int, seed: int) -> Planted:
        """A table of so many rows, all other settings as they are by default."""
        return self.make(self.with_values({"rows": rows, "seed": seed}))


def changed_settings(settings: Config) -> dict[str, Any]:
    """The settings that are not as by default, by name."""
    values, defaults = settings.to_json(), type(settings)().to_json()
    return {name: value for name, value in values.items() if value != defaults[name]}


def settings_key(settings: Config) -> str:
    """A text that differs where the settings do: rows and seed, and whatever else is not as by default."""
    values, changed = settings.to_json(), changed_settings(settings)
    others = {name: value for name, value in changed.items() if name not in ("rows", "seed")}
    return f"{values['rows']}/{values['seed']}" + (f"/{json.dumps(others, sort_keys=True)}" if others else "")


def _describe_pairs(settings: PairSettings) -> str:
    sizes = [len(term) for term in settings.chosen_terms]
    pairs, triples = settings.num_pairs, settings.num_triples
    if settings.layout == CHOSEN:
        pairs, triples = sizes.count(2), sizes.count(3)
    terms = f"{_count(pairs, 'pair')} of fields" + (f" and {_count(triples, 'triple')}" if triples else "")
    categorical, numeric = settings.num_categorical_fields, settings.num_numeric_fields
    fields = f"{_count(categorical, 'categorical field')} and {_count(numeric, 'numeric field')}"
    return f"{fields}; {terms} {'interacts' if pairs + triples == 1 else 'interact'}."


def _describe_function(name: str, settings: FunctionSettings) -> str:
    fields = f"Ten fields cut into {settings.bins} bins each" if settings.bins else "Ten numbers"
    label = "the probability itself" if settings.variant == NOISE_FREE else "a click drawn with its probability"
    return f"{fields}; the logit is the standard function {name.upper()}, the label {label}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _function_generator(name: str) -> Generator:
    return Generator(
        name,
        f"Test function {name.upper()}",
        f"Ten numbers; the logit is the standard test function {name.upper()} of Tsang 2018.",
        FunctionSettings,
        partial(function_table, name),
        partial(_describe_function, name),
    )


GENERATORS = {
    generator.name: generator
    for generator in (
        Generator(
            PAIRS,
            "Planted pairs",
            "Categorical and numeric fields; which pairs interact, and how strongly, is up to the settings.",
            PairSettings,
            pair_table,
            _describe_pairs,
        ),
        *map(_function_generator, FUNCTIONS),
    )
}
