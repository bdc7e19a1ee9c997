"""CTR Lens itself with its matrix products in bfloat16, where these are most of the work: the three kinds of DCN."""

from __future__ import annotations

from .ours import Ours, versions
from .recipes import Recipe
from .rows import Table

__all__ = ["build", "versions"]


def build(recipe: Recipe, table: Table, seed: int) -> Ours:
    """Our model and trainer for one recipe.

    Raises:
        ValueError: for a recipe without matrix products worth it.
    """
    if not recipe.cross:
        raise ValueError(f"{recipe.title} gains nothing by bfloat16")
    return Ours(recipe, table, seed, precision="bfloat16")
