"""What is compared: models of one size, whoever trains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """One model as everyone builds it, with the learning rate of the tutorials and their settings.

    ``table`` is "clicks" (13 numeric and 26 categorical fields) or "histories" (a history of up to 50 items).
    """

    name: str
    title: str
    table: str
    learning_rate: float
    batch_size: int = 2048
    embedding_dim: int = 8
    cross: str = ""
    num_cross_layers: int = 2
    rank: int = 32
    num_experts: int = 4
    mlp_sizes: tuple[int, ...] = (128, 64, 32)
    attention_sizes: tuple[int, ...] = (16, 8)
    dropout: float = 0.25


def _din(batch_size: int) -> Recipe:
    title = f"DIN, batch {batch_size}"
    sizes: dict[str, Any] = {"batch_size": batch_size, "embedding_dim": 16, "mlp_sizes": (32, 16)}
    return Recipe(f"din-{batch_size}", title, "histories", 0.002, **sizes)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("fm", "FM", "clicks", 0.005),
        Recipe("dcn-v1", "DCN-V1", "clicks", 0.002, cross="vector"),
        Recipe("dcn-v2", "DCN-V2", "clicks", 0.002, cross="matrix"),
        Recipe("dcn-mix", "DCN-Mix", "clicks", 0.002, cross="mix"),
        _din(128),
        _din(2048),
    )
}


@dataclass(frozen=True)
class Job:
    """One measurement to make: which recipe on which table.

    The first of ``epochs`` warms up and is not timed; validation AUC is measured after the last. If the timed epochs
    took less than ``seconds`` of CPU time, more are timed.
    """

    recipe: str
    table: str
    seed: int
    epochs: int = 2
    seconds: float = 0.0


@dataclass(frozen=True)
class Measurement:
    """What one job gave: timed rows, CPU and wall seconds, AUC, parameters, and peak memory beyond libraries in MB."""

    rows: int
    cpu: float
    wall: float
    auc: float
    parameters: int
    megabytes: float | None

    @property
    def rows_per_cpu_second(self) -> float:
        """Training rows per CPU second, all threads of the process together."""
        return self.rows / self.cpu
