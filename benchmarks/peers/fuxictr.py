"""FuxiCTR's ``BaseModel`` and layers with its in-memory loader.

Its package holds the layers and the training loop; the models are the few lines that its model zoo puts around them.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fuxictr.features import FeatureMap
from fuxictr.pytorch.dataloaders.npz_dataloader import NpzDataLoader
from fuxictr.pytorch.layers import (
    CrossNet,
    CrossNetMix,
    CrossNetV2,
    DIN_Attention,
    FactorizationMachine,
    FeatureEmbedding,
    FeatureEmbeddingDict,
    MLP_Block,
)
from fuxictr.pytorch.models import BaseModel

from .recipes import Recipe
from .rows import CANDIDATE, Rows, Table
from .worker import Stopwatch

CLIP_NORM = 10.0  # the default of its ``fit``
NEVER = 1 << 60


def versions() -> dict[str, str]:
    """Its version."""
    return {"FuxiCTR": version("fuxictr")}


def feature_map_of(recipe: Recipe, table: Table) -> FeatureMap:
    """The table's fields as the library describes them; numbers stay single numbers for crosses, as everywhere."""
    features: OrderedDict[str, dict[str, Any]] = OrderedDict()
    for i in range(table.train.numeric.shape[1]):
        features[f"I{i}"] = {"type": "numeric", "source": ""} | ({"embedding_dim": 1} if recipe.cross else {})
    for name, size in table.sizes.items():
        features[name] = {"type": "categorical", "source": "", "vocab_size": size}
    if table.has_history:
        length = table.train.history.shape[1]
        kind = {"type": "sequence", "source": "", "vocab_size": table.sizes[CANDIDATE], "max_len": length}
        features[CANDIDATE]["padding_idx"] = 0
        features["history"] = kind | {"share_embedding": CANDIDATE, "padding_idx": 0}
    described = FeatureMap("rows", ".")
    described.features, described.labels, described.default_emb_dim = features, ["label"], recipe.embedding_dim
    described.num_fields = described.get_num_fields()
    described.set_column_index()
    return described


class Fuxi(BaseModel):
    """FM, DCN or DIN out of the library's parts."""

    def __init__(self, feature_map: FeatureMap, recipe: Recipe) -> None:
        super().__init__(feature_map, verbose=0, model_root=".", metrics=["AUC"])
        self.recipe = recipe
        self.arrange()
        self.compile("adam", "binary_crossentropy", recipe.learning_rate)
        self.reset_parameters()
        self._max_gradient_norm, self._eval_steps, self._total_steps = CLIP_NORM, NEVER, 0
        self._stop_training = False

    def arrange(self) -> None:
        """Build the parts."""
        raise NotImplementedError

    def forward(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """CTR (B, 1) under the name that the library reads."""
        return {"y_pred": self.output_activation(self.logits(self.get_inputs(inputs)))}

    def logits(self, x: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits (B, 1)."""
        raise NotImplementedError


class FuxiFM(Fuxi):
    """Factorization machine."""

    def arrange(self) -> None:
        """Vectors and the machine."""
        self.embedding = FeatureEmbedding(self.feature_map, self.recipe.embedding_dim)
        self.machine = FactorizationMachine(self.feature_map)

    def logits(self, x: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits (B, 1)."""
        return self.machine(x, self.embedding(x))


class FuxiDCN(Fuxi):
    """Deep & cross network, stacked."""

    def arrange(self) -> None:
        """Vectors, crosses and the network on top."""
        recipe = self.recipe
        self.embedding = FeatureEmbedding(self.feature_map, recipe.embedding_dim)
        width, layers = self.feature_map.sum_emb_out_dim(), recipe.num_cross_layers
        if recipe.cross == "mix":
            self.cross = CrossNetMix(width, layers, recipe.rank, recipe.num_experts)
        else:
            self.cross = (CrossNet if recipe.cross == "vector" else CrossNetV2)(width, layers)
        sizes = list(recipe.mlp_sizes)
        self.mlp = MLP_Block(width, sizes, output_dim=1, dropout_rates=recipe.dropout, batch_norm=True)

    def logits(self, x: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits (B, 1)."""
        return self.mlp(self.cross(self.embedding(x, flatten_emb=True)))


class FuxiDIN(Fuxi):
    """Deep interest network."""

    def arrange(self) -> None:
        """Vectors, attention and the network."""
        recipe = self.recipe
        self.embedding = FeatureEmbeddingDict(self.feature_map, recipe.embedding_dim)
        units = list(recipe.attention_sizes)
        self.attention = DIN_Attention(recipe.embedding_dim, units, hidden_activations="Dice")
        shape = {"hidden_units": list(recipe.mlp_sizes), "hidden_activations": "PReLU", "output_dim": 1}
        width = self.feature_map.sum_emb_out_dim()
        self.mlp = MLP_Block(width, **shape, dropout_rates=recipe.dropout, batch_norm=True)

    def logits(self, x: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits (B, 1)."""
        vectors = self.embedding(x)
        mask = x["history"].long() != 0
        vectors["history"] = self.attention(vectors[CANDIDATE], vectors["history"], mask)
        return self.mlp(self.embedding.dict2tensor(vectors, flatten_emb=True))


class FuxiCTR:
    """The library's ``train_epoch`` over its in-memory loader."""

    def __init__(self, recipe: Recipe, table: Table) -> None:
        feature_map = feature_map_of(recipe, table)
        kind = FuxiFM if recipe.name == "fm" else FuxiDCN if recipe.cross else FuxiDIN
        self.model = kind(feature_map, recipe)
        with tempfile.TemporaryDirectory() as folder:
            self.train = _loader(feature_map, table, table.train, recipe, Path(folder) / "train.npz")
            self.valid = _loader(feature_map, table, table.valid, recipe, Path(folder) / "valid.npz")

    def train_epoch(self, watch: Stopwatch) -> None:
        """All rows once, without evaluation."""
        watch.start()
        self.model.train_epoch(self.train)
        watch.stop()

    def scores(self) -> np.ndarray:
        """CTR of the validation rows, (n,)."""
        return self.model.predict(self.valid)


def _loader(feature_map: FeatureMap, table: Table, rows: Rows, recipe: Recipe, path: Path) -> NpzDataLoader:
    """The library's loader over the rows, which it reads into memory at once; shuffled if they are to train on."""
    columns = {name: rows.categorical[:, i] for i, name in enumerate(table.sizes)}
    columns |= {f"I{i}": column for i, column in enumerate(rows.numeric.T)}
    columns |= {"history": rows.history, "label": rows.labels}
    np.savez(path, allow_pickle=False, **columns)
    is_train = rows is table.train
    return NpzDataLoader(feature_map, str(path), batch_size=recipe.batch_size, shuffle=is_train, num_workers=0)


def build(recipe: Recipe, table: Table, seed: int) -> FuxiCTR:
    """The library's parts as one model for one recipe; the caller has set the seed."""
    del seed
    return FuxiCTR(recipe, table)
