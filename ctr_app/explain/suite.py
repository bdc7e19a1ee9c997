"""The standard test of recovery: train on tables of which it is known what interacts, and see which readout finds it.

The ten functions are those of Tsang et al. 2018; there the label is the function, here its sigmoid, or clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..data.dataset import as_batch
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..data.settings import Config
from ..data.synthetic import Planted
from ..data.synthetic.function_tables import CLICKS, NOISE_FREE, FunctionSettings, function_table
from ..data.synthetic.functions import FUNCTIONS
from ..models.registry import FAMILIES, resolve, title_of
from ..training.config import TrainingConfig
from ..training.launch import configs_for
from ..training.pair_directions import begin_from_pairs
from ..training.trainer import Trainer
from .behaviour import by_behaviour
from .counts import by_counts
from .readouts import readouts_for, sample_batch
from .recovery import Recovery, recovery
from .weights import by_weights

SWAPS = 1024
MODEL, READOUT, ROWS, SEEDS = "dcn-v2", "behaviour", 30_000, (0, 1, 2, 3, 4)
# As published: a third of the rows each to train, to validate and to test. Clicks are cut as the app cuts them.
SHARES = {NOISE_FREE: (1 / 3, 1 / 3), CLICKS: (0.8, 0.1)}
# What fits a smooth function of ten numbers well: crosses of vectors that bend, nothing beside them, and time.
SETTINGS: dict[str, dict[str, Any]] = {
    NOISE_FREE: {
        "numeric_embedding": "vector",
        "mlp_sizes": (),
        "learning_rate": 5e-3,
        "weight_decay": 0.0,
        "batch_size": 512,
        "epochs": 100,
        "patience": 30,
        "monitor": "logloss",
    },
    CLICKS: {"numeric_embedding": "vector", "mlp_sizes": ()},
}


class Stopped(RuntimeError):
    """Somebody asked to stop."""


@dataclass(frozen=True)
class Recipe:
    """How every table of a suite is learned: a model by its name, and its settings over the defaults."""

    model: str
    settings: Mapping[str, Any]

    def configs(self, seed: int) -> tuple[str, Config, TrainingConfig]:
        """The family's name and both kinds of settings; raises InputError for a name that is no setting."""
        family, implied = resolve(self.model)
        return family.name, *configs_for(family.name, {**self.settings, **implied, "seed": seed})

    @property
    def title(self) -> str:
        """The model's name as the field says it."""
        family, model, _ = self.configs(0)
        return title_of(family, model.to_json())


@dataclass(frozen=True)
class Suite:
    """Which functions are learned from how many rows, with which seeds, by which model.

    ``settings`` go over those of the recipe, which is the same for all functions.
    """

    functions: tuple[str, ...] = tuple(FUNCTIONS)
    rows: int = ROWS
    seeds: tuple[int, ...] = SEEDS
    variant: str = NOISE_FREE
    model: str = MODEL
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.functions:
            if name not in FUNCTIONS:
                raise InputError(
                    "There is no test function {name}; there are {known}.", name=name, known=join_names(list(FUNCTIONS))
                )
        if not self.functions or not self.seeds:
            raise InputError("At least one function and one seed are needed.")
        for seed in self.seeds:
            FunctionSettings(rows=self.rows, seed=seed, variant=self.variant)
            self.recipe.configs(seed)

    @property
    def recipe(self) -> Recipe:
        """The model with the settings that are fixed for all functions; families but DCN have their defaults."""
        fixed = SETTINGS[self.variant] if resolve(self.model)[0].name == "dcn" else {}
        return Recipe(self.model, {**fixed, **self.settings})

    def __len__(self) -> int:
        return len(self.functions) * len(self.seeds)


@dataclass(frozen=True)
class Score:
    """How well one readout found the pairs of one function with one seed."""

    function: str
    seed: int
    readout: str
    auc: float
    precision: float
    k: int


def scores(suite: Suite, is_stopped: Callable[[], bool] = lambda: False) -> Iterator[Score]:
    """Every readout's score on every table of the suite, table by table, seed by seed.

    Raises:
        Stopped: as soon as ``is_stopped`` says so.
    """
    for seed, name in product(suite.seeds, suite.functions):
        table = function_table(name, FunctionSettings(rows=suite.rows, seed=seed, variant=suite.variant))
        found = recovered(table, suite.recipe, seed, SHARES[suite.variant], is_stopped)
        yield from (Score(name, seed, readout, one.auc, one.precision, one.k) for readout, one in found.items())


def recovered(
    table: Planted,
    recipe: Recipe,
    seed: int,
    shares: tuple[float, float] = SHARES[CLICKS],
    is_stopped: Callable[[], bool] = lambda: False,
    swaps: int = SWAPS,
) -> dict[str, Recovery]:
    """Train on a planted table, and score every readout of the model; the model's first readout stands first.

    ``shares`` are those of the rows to train on and to validate on, from the first row on: the rows are independent.
    Behaviour is measured between so many pairs of rows, ``swaps``.
    """
    first, second = (round(share * table.frame.height) for share in shares)
    encoder = Encoder.fit(table.frame[:first], table.schema)
    train = encoder.transform(table.frame[:first])
    valid = as_batch(encoder.transform(table.frame[first : first + second]))
    model = _trained(encoder.layout, as_batch(train), valid, recipe, seed, is_stopped)
    rows = sample_batch(as_batch(train))
    measures = {
        "weights": lambda: by_weights(model, rows),
        "behaviour": lambda: by_behaviour(model, encoder.layout, rows, swaps),
        "counts": lambda: by_counts(encoder.layout, train),
    }
    return {name: recovery(measures[name](), table.truth.pairs) for name in readouts_for(recipe.title)}


def _trained(
    layout: FieldLayout, train: Batch, valid: Batch, recipe: Recipe, seed: int, is_stopped: Callable[[], bool]
) -> nn.Module:
    """The model of the best epoch, in evaluation mode."""
    family, model_config, training = recipe.configs(seed)
    torch.manual_seed(seed)
    model = FAMILIES[family].build(layout, model_config)
    begin_from_pairs(model, train)
    trainer = Trainer(model, train, valid, training, torch.device("cpu"))
    for _ in trainer.run():
        if is_stopped():
            raise Stopped
    model.load_state_dict(trainer.best_state)
    return model.eval()


def mean_auc(found: Sequence[Score], readout: str, function: str) -> float:
    """The mean pair AUC of a readout on one function, over the seeds; NaN where there is none yet."""
    aucs = [score.auc for score in found if (score.readout, score.function) == (readout, function)]
    return float(np.mean(aucs)) if aucs else float("nan")


def by_seed(found: Sequence[Score], readout: str) -> np.ndarray:
    """The mean pair AUC of a readout over the functions, one number per seed that all functions have, (S,)."""
    functions = {score.function for score in found}
    chosen = [score for score in found if score.readout == readout]
    seeds = sorted({score.seed for score in chosen})
    aucs = {seed: [score.auc for score in chosen if score.seed == seed] for seed in seeds}
    return np.array([np.mean(of_seed) for of_seed in aucs.values() if len(of_seed) == len(functions)])


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean of numbers (n,), and the half-width of its 95 % interval by Student's t; NaN below two numbers."""
    from scipy.stats import t  # slow to import

    if len(values) < 2:
        return (float(values.mean()) if len(values) else float("nan")), float("nan")
    return float(values.mean()), float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
