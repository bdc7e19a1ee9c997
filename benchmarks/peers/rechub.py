"""torch-rechub's own models, loader and trainer.

It has no FM and no DIN on numbers: FM is put together from its layers as its DeepFM is, without the deep part, and
DCN-V1 has the parallel structure only. Its activation in DIN's last network is fixed.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch_rechub.basic.features import DenseFeature, SequenceFeature, SparseFeature
from torch_rechub.basic.layers import FM, LR, EmbeddingLayer
from torch_rechub.models.ranking import DCN, DIN, DCNv2
from torch_rechub.trainers import CTRTrainer
from torch_rechub.utils.data import DataGenerator

from .recipes import Recipe
from .rows import CANDIDATE, Rows, Table
from .worker import Stopwatch

WEIGHT_DECAY = 1e-5  # the default of its trainer


def versions() -> dict[str, str]:
    """Its version."""
    return {"torch-rechub": version("torch-rechub")}


def features_of(recipe: Recipe, table: Table) -> tuple[list[Any], list[Any]]:
    """Categorical features, and numeric ones."""
    dim = recipe.embedding_dim
    sparse = [SparseFeature(name, vocab_size=size, embed_dim=dim) for name, size in table.sizes.items()]
    return sparse, [DenseFeature(f"I{i}") for i in range(table.train.numeric.shape[1])]


def columns_of(rows: Rows, table: Table) -> dict[str, np.ndarray]:
    """Each feature's column by its name."""
    columns = {name: rows.categorical[:, i] for i, name in enumerate(table.sizes)}
    columns |= {f"I{i}": column for i, column in enumerate(rows.numeric.T)}
    return columns | ({"history": rows.history} if table.has_history else {})


class FactorizationMachine(torch.nn.Module):
    """A bias and weights over numbers and vectors, and the pairwise products of the vectors."""

    def __init__(self, sparse: list[Any], dense: list[Any]) -> None:
        super().__init__()
        self.sparse, self.every = sparse, sparse + dense
        self.embedding = EmbeddingLayer(self.every)
        self.linear = LR(sum(feature.embed_dim for feature in self.every))
        self.pairs = FM(reduce_sum=True)

    def forward(self, x: dict[str, torch.Tensor]) -> torch.Tensor:
        """CTR (B,)."""
        linear = self.linear(self.embedding(x, self.every, squeeze_dim=True))
        return torch.sigmoid((linear + self.pairs(self.embedding(x, self.sparse))).squeeze(1))


def model_of(recipe: Recipe, table: Table) -> torch.nn.Module:
    """The library's model for the recipe."""
    sparse, dense = features_of(recipe, table)
    mlp: dict[str, Any] = {"dims": list(recipe.mlp_sizes), "dropout": recipe.dropout}
    if recipe.name == "fm":
        return FactorizationMachine(sparse, dense)
    if recipe.cross == "vector":
        return DCN(dense + sparse, recipe.num_cross_layers, mlp)
    if recipe.cross:
        is_mix = recipe.cross == "mix"
        low_rank = {"use_low_rank_mixture": is_mix, "low_rank": recipe.rank, "num_experts": recipe.num_experts}
        return DCNv2(dense + sparse, recipe.num_cross_layers, mlp, model_structure="stacked", **low_rank)
    size, dim = table.sizes[CANDIDATE], recipe.embedding_dim
    history = SequenceFeature("history", size, dim, pooling="concat", shared_with=CANDIDATE, padding_idx=0)
    target = [feature for feature in sparse if feature.name == CANDIDATE]
    others = [feature for feature in sparse if feature.name != CANDIDATE]
    return DIN(others, [history], target, mlp, {"dims": list(recipe.attention_sizes), "activation": "dice"})


class Rechub:
    """The library's trainer, one epoch at a time."""

    def __init__(self, recipe: Recipe, table: Table) -> None:
        self.model = model_of(recipe, table)
        generator = DataGenerator(columns_of(table.train, table), table.train.labels)
        columns = columns_of(table.valid, table)
        self.loader, self.valid, _ = generator.generate_dataloader(
            columns, table.valid.labels, columns, table.valid.labels, batch_size=recipe.batch_size
        )
        rates = {"lr": recipe.learning_rate, "weight_decay": WEIGHT_DECAY}
        self.trainer = CTRTrainer(self.model, optimizer_params=rates, n_epoch=1)

    def train_epoch(self, watch: Stopwatch) -> None:
        """All rows once, without the validation that its ``fit`` adds."""
        watch.start()
        self.trainer.train_one_epoch(self.loader)
        watch.stop()

    def scores(self) -> np.ndarray:
        """CTR of the validation rows, (n,)."""
        return np.array(self.trainer.predict(self.model, self.valid))


def build(recipe: Recipe, table: Table, seed: int) -> Rechub:
    """The library's model and trainer for one recipe; the caller has set the seed."""
    del seed
    return Rechub(recipe, table)
