"""The data sets that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .errors import InputError, join_names
from .synthetic import GENERATORS, Generator, Planted, planted_clicks, planted_histories


@dataclass(frozen=True)
class KnownDataSet:
    """A data set with a name: what it is, how many rows it has unless asked otherwise, and how it is made."""

    name: str
    title: str
    description: str
    rows: int
    has_truth: bool
    make: Callable[[int, int], Planted]


# What the tours of the Home page need; the server makes them when it starts.
READY_MADE = ("planted-clicks", "planted-histories")
SAMPLES = {
    sample.name: sample
    for sample in (
        KnownDataSet(
            "planted-clicks",
            "Planted clicks",
            "Ad clicks over nine categorical and three numeric fields; five pairs of fields interact.",
            200_000,
            True,
            planted_clicks,
        ),
        KnownDataSet(
            "planted-histories",
            "Planted histories",
            "Film clicks; a click depends on the films of the candidate's genre in the user's history.",
            100_000,
            True,
            planted_histories,
        ),
        *(
            KnownDataSet(g.name, g.title, g.description, g.default_rows, True, g.with_defaults)
            for g in GENERATORS.values()
        ),
    )
}


def sample_named(name: str) -> KnownDataSet:
    """The known data set called ``name``; raises InputError that lists the names there are."""
    if name not in SAMPLES:
        raise InputError("There is no sample {name}; there are {known}.", name=name, known=join_names(list(SAMPLES)))
    return SAMPLES[name]


def generator_named(name: str) -> Generator:
    """The generator of the sample called ``name``; raises InputError if there is none, or if it has no settings."""
    sample_named(name)
    if name not in GENERATORS:
        raise InputError("Sample {name} has no settings but its rows and its seed.", name=name)
    return GENERATORS[name]
