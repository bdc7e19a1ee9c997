"""DeepCTR-Torch's own models and ``fit``, without metrics in the loop.

It has no FM: DeepFM without its network stands for it, whose pairs are of categorical fields only. DCN and DCN-Mix
have the parallel structure only and add a linear part.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from deepctr_torch.callbacks import Callback
from deepctr_torch.inputs import DenseFeat, SparseFeat, VarLenSparseFeat
from deepctr_torch.models import DCN, DIN, DCNMix, DeepFM

from .recipes import Recipe
from .rows import CANDIDATE, Rows, Table
from .worker import Stopwatch


def versions() -> dict[str, str]:
    """Its version."""
    return {"DeepCTR-Torch": version("deepctr-torch")}


def columns_of(rows: Rows, table: Table) -> dict[str, np.ndarray]:
    """Each feature's column by the name that the library wants."""
    columns = {name: rows.categorical[:, i] for i, name in enumerate(table.sizes)}
    columns |= {f"I{i}": column for i, column in enumerate(rows.numeric.T)}
    if table.has_history:
        columns |= {f"hist_{CANDIDATE}": rows.history, "length": (rows.history > 0).sum(axis=1)}
    return columns


def features_of(recipe: Recipe, table: Table) -> list[Any]:
    """Every feature as the library describes it; the history shares the candidate's vectors."""
    dim = recipe.embedding_dim
    features: list[Any] = [SparseFeat(name, size, dim) for name, size in table.sizes.items()]
    features += [DenseFeat(f"I{i}") for i in range(table.train.numeric.shape[1])]
    if table.has_history:
        item = SparseFeat(f"hist_{CANDIDATE}", table.sizes[CANDIDATE], dim, embedding_name=CANDIDATE)
        features.append(VarLenSparseFeat(item, maxlen=table.train.history.shape[1], length_name="length"))
    return features


def model_of(recipe: Recipe, table: Table, seed: int) -> Any:
    """The library's model for the recipe."""
    features = features_of(recipe, table)
    if recipe.name == "fm":
        return DeepFM(features, features, dnn_hidden_units=(), seed=seed)
    network = {"dnn_hidden_units": recipe.mlp_sizes, "dnn_dropout": recipe.dropout, "dnn_use_bn": True, "seed": seed}
    if recipe.cross == "mix":
        sizes = {"low_rank": recipe.rank, "num_experts": recipe.num_experts, "cross_num": recipe.num_cross_layers}
        return DCNMix(features, features, **sizes, **network)
    if recipe.cross:
        kind = {"cross_num": recipe.num_cross_layers, "cross_parameterization": recipe.cross}
        return DCN(features, features, **kind, **network)
    attention = {"att_hidden_size": recipe.attention_sizes, "att_activation": "Dice", "dnn_activation": "prelu"}
    return DIN(features, [CANDIDATE], **attention, **network)


class _EpochClock(Callback):
    """Starts the watch when an epoch begins and stops it when it ends."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self.watch = watch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start."""
        del epoch, logs
        self.watch.start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop."""
        del epoch, logs
        self.watch.stop()


class DeepCTR:
    """The library's ``fit``, one epoch at a time."""

    def __init__(self, recipe: Recipe, table: Table, seed: int) -> None:
        self.recipe, self.table = recipe, table
        self.model = model_of(recipe, table, seed)
        optimizer = torch.optim.Adam(self.model.parameters(), lr=recipe.learning_rate)
        self.model.compile(optimizer, "binary_crossentropy", metrics=[])

    def train_epoch(self, watch: Stopwatch) -> None:
        """All rows once; joining the columns to one array before is not timed."""
        columns, labels = columns_of(self.table.train, self.table), self.table.train.labels
        clock = [_EpochClock(watch)]
        self.model.fit(columns, labels, batch_size=self.recipe.batch_size, epochs=1, verbose=0, callbacks=clock)

    def scores(self) -> np.ndarray:
        """CTR of the validation rows, (n,)."""
        return self.model.predict(columns_of(self.table.valid, self.table), self.recipe.batch_size)


def build(recipe: Recipe, table: Table, seed: int) -> DeepCTR:
    """The library's model for one recipe."""
    return DeepCTR(recipe, table, seed)
