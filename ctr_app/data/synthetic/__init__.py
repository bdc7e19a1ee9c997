"""Planted samples: tables made by code, whose interactions and best reachable AUC are known."""

from .generators import GENERATORS, Generator, settings_key
from .planted_clicks import planted_clicks
from .planted_histories import planted_histories
from .tables import Planted
from .truth import Truth, best_auc

__all__ = [
    "GENERATORS",
    "Generator",
    "Planted",
    "Truth",
    "best_auc",
    "planted_clicks",
    "planted_histories",
    "settings_key",
]
