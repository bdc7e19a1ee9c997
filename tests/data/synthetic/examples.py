"""What the tests of planted samples share."""

from __future__ import annotations

import numpy as np


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Log odds."""
    return np.log(probabilities / (1.0 - probabilities))
