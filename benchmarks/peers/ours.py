"""CTR Lens itself: its trainer with each family's own defaults, at the sizes and batch of the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ctr_app.data.batch import Batch, FieldLayout, SequenceField
from ctr_app.models.registry import FAMILIES, resolve
from ctr_app.training.launch import configs_for
from ctr_app.training.trainer import EpochDone, Event, StepDone, Trainer, predict

from .recipes import Recipe
from .rows import CANDIDATE, NUM_NUMERIC, Rows, Table
from .worker import Stopwatch

MANY_EPOCHS = 1000


def versions() -> dict[str, str]:
    """Nothing to add to what is the same for all."""
    return {}


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The recipe in the words of our settings; learning rate and weight decay stay at the family's defaults."""
    training = {"batch_size": recipe.batch_size, "epochs": MANY_EPOCHS, "patience": MANY_EPOCHS}
    if recipe.name == "fm":
        return {**training, "embedding_dim": recipe.embedding_dim}
    network = {"embedding_dim": recipe.embedding_dim, "mlp_sizes": recipe.mlp_sizes, "dropout": recipe.dropout}
    if recipe.cross:
        cross = {"cross": recipe.cross, "num_cross_layers": recipe.num_cross_layers, "structure": "stacked"}
        return {**training, **network, **cross, "rank": recipe.rank, "num_experts": recipe.num_experts}
    attention = {"attention_sizes": recipe.attention_sizes, "attention_activation": "dice", "mlp_activation": "prelu"}
    return {**training, **network, **attention}


def layout_of(table: Table) -> FieldLayout:
    """The table's fields as our models read them."""
    numeric = tuple(f"I{i}" for i in range(NUM_NUMERIC)) if table.train.numeric.shape[1] else ()
    length = table.train.history.shape[1]
    sequences = (SequenceField("history", CANDIDATE, length),) if table.has_history else ()
    return FieldLayout(numeric, tuple(table.sizes), sequences, table.sizes)


def batch_of(rows: Rows) -> Batch:
    """All rows of a split as one batch over the same memory."""
    histories = {"history": torch.from_numpy(rows.history)} if rows.history.shape[1] else {}
    arrays = rows.numeric, rows.categorical, rows.labels
    numeric, categorical, labels = (torch.from_numpy(array) for array in arrays)
    return Batch(numeric, categorical, histories, labels)


class Ours:
    """Our trainer, one epoch at a time."""

    def __init__(self, recipe: Recipe, table: Table, seed: int, precision: str = "float32") -> None:
        family, implied = resolve(recipe.name.split("-")[0] if recipe.table == "histories" else recipe.name)
        model_config, training = configs_for(
            family.name, {**implied, **settings_of(recipe), "seed": seed, "precision": precision}
        )
        self.model = FAMILIES[family.name].build(layout_of(table), model_config)
        self.valid = batch_of(table.valid)
        self.trainer = Trainer(self.model, batch_of(table.train), self.valid, training, torch.device("cpu"))
        self.events: Iterator[Event] = self.trainer.run()

    def train_epoch(self, watch: Stopwatch) -> None:
        """Up to the end of the next epoch; its evaluation is not timed."""
        watch.start()
        for event in self.events:
            if isinstance(event, StepDone) and event.step % self.trainer.steps_per_epoch == 0:
                watch.stop()
            elif isinstance(event, EpochDone):
                return

    def scores(self) -> np.ndarray:
        """Logits of the validation rows, (n,), by the averaged weights, which are what a run keeps."""
        with self.trainer.optimizer.averaged():
            return predict(self.model, self.valid)


def build(recipe: Recipe, table: Table, seed: int) -> Ours:
    """Our model and trainer for one recipe."""
    return Ours(recipe, table, seed)
