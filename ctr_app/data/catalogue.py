"""The data sets that are known by name: planted ones, made here, and real ones, fetched from their publishers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .downloading import Remote
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


@dataclass(frozen=True)
class RealDataSet:
    """A data set that somebody else publishes: what it is, what its publisher allows, and the file that is fetched.

    ``licence`` says in one line what may be done with it, ``licence_url`` in whole; ``citation`` is what its
    publisher wants to be cited. ``rows`` and the size of the file are those of the edition known here.
    """

    name: str
    title: str
    description: str
    rows: int
    licence: str
    licence_url: str
    citation: str
    remote: Remote


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

GROUPLENS = "https://files.grouplens.org/datasets/movielens/"
HARPER_2015 = (
    "F. M. Harper and J. A. Konstan (2015): The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5(4), 19."
)

# Sizes and checksums of the MovieLens archives as TensorFlow Datasets states them.
REAL_DATA_SETS = {
    known.name: known
    for known in (
        RealDataSet(
            "movielens-100k",
            "MovieLens 100K",
            "Ratings of 1 682 films as clicks (4 or more), with history, age, gender and occupation of 943 users.",
            100_000,
            "Research only: not to be redistributed, nor used commercially without permission.",
            f"{GROUPLENS}ml-100k-README.txt",
            HARPER_2015,
            Remote(
                f"{GROUPLENS}ml-100k.zip",
                "ml-100k.zip",
                4_924_029,
                "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
            ),
        ),
        RealDataSet(
            "movielens-1m",
            "MovieLens 1M",
            "Ratings of 3 706 films as clicks (4 or more), with history, age, gender and occupation of 6 040 users.",
            1_000_209,
            "Research only: not to be redistributed, nor used commercially without permission.",
            f"{GROUPLENS}ml-1m-README.txt",
            HARPER_2015,
            Remote(
                f"{GROUPLENS}ml-1m.zip",
                "ml-1m.zip",
                5_917_549,
                "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
            ),
        ),
        RealDataSet(
            "movielens-latest-small",
            "MovieLens latest small",
            "Ratings of 9 724 films as clicks (4 or more), with the history of 610 users; replaced now and then.",
            100_836,
            "Research only: no commercial use without permission, redistribution under the same terms.",
            f"{GROUPLENS}ml-latest-small-README.html",
            HARPER_2015,
            Remote(
                f"{GROUPLENS}ml-latest-small.zip",
                "ml-latest-small.zip",
                978_202,
                "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
                md5_url=f"{GROUPLENS}ml-latest-small.zip.md5",
            ),
        ),
        RealDataSet(
            "criteo-sample",
            "Criteo sample",
            "The 200 rows that DeepCTR's tutorials begin with: enough to see their shape, too few to judge a model.",
            200,
            "Non-commercial use only, not to be redistributed (Criteo Labs).",
            "https://ailab.criteo.com/ressources/",
            "Criteo Labs (2014): Display Advertising Challenge.",
            Remote(
                "https://raw.githubusercontent.com/shenweichen/DeepCTR/v0.9.3/examples/criteo_sample.txt",
                "criteo_sample.txt",
                52_518,
                "08b84f12a22438fb534e989a5e4fa245726b2bda001983556bc2aea2f094f724",
            ),
        ),
        RealDataSet(
            "adult",
            "Adult",
            "Who earns more than 50 000 dollars a year: the census of 1994 in the United States, from OpenML.",
            48_842,
            "Creative Commons Attribution 4.0.",
            "https://archive.ics.uci.edu/dataset/2/adult",
            "B. Becker and R. Kohavi (1996): Adult. UCI Machine Learning Repository.",
            Remote("https://www.openml.org/data/v1/download/1595261/adult.arff", "adult.arff", 5_960_000),
        ),
    )
}


KNOWN_NAMES = (*SAMPLES, *REAL_DATA_SETS)


def is_known(name: str) -> bool:
    """Whether a data set is called so, be it planted or real."""
    return name in KNOWN_NAMES


def sample_named(name: str) -> KnownDataSet:
    """The planted data set called ``name``; raises InputError that lists the names there are."""
    if name not in SAMPLES:
        raise InputError("There is no sample {name}; there are {known}.", name=name, known=join_names(list(SAMPLES)))
    return SAMPLES[name]


def generator_named(name: str) -> Generator:
    """The generator of the sample called ``name``; raises InputError if there is none, or if it has no settings."""
    sample_named(name)
    if name not in GENERATORS:
        raise InputError("Sample {name} has no settings but its rows and its seed.", name=name)
    return GENERATORS[name]


def real_named(name: str) -> RealDataSet:
    """The real data set called ``name``; raises InputError that lists the names there are."""
    if name not in REAL_DATA_SETS:
        raise InputError(
            "There is no data set {name} to download; there are {known}.",
            name=name,
            known=join_names(list(REAL_DATA_SETS)),
        )
    return REAL_DATA_SETS[name]
