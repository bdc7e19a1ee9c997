"""Settings of the training itself."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.settings import Config, setting


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a model is trained, whatever its family."""

    learning_rate: float = setting(2e-3, "Size of Adam's steps.", group="learning", minimum=1e-6, maximum=1.0)
    embedding_decay: float = setting(
        1e-5, "Pull of the values' vectors towards zero (L2, inside Adam).", group="learning", minimum=0.0, maximum=1.0
    )
    decay_rows: int = setting(
        0,
        "Training rows from which on embedding_decay weakens, in proportion, as a prior does; 0: it never does.",
        group="learning",
        unit="rows",
        minimum=0,
        maximum=1_000_000_000,
    )
    weight_decay: float = setting(
        1e-5, "Pull of all other weights towards zero (L2, inside Adam).", group="learning", minimum=0.0, maximum=1.0
    )
    averaging: float = setting(
        0.2,
        "What is validated and kept is a running mean of the weights, over about this share of the steps; 0 for none.",
        group="learning",
        minimum=0.0,
        maximum=1.0,
    )
    batch_size: int = setting(1024, "Rows in each step.", group="learning", unit="rows", minimum=1, maximum=1_000_000)
    precision: str = setting(
        "float32",
        "Numbers that matrix products are made of; bfloat16 is faster where the processor knows it.",
        group="learning",
        choices=("float32", "bfloat16"),
    )
    epochs: int = setting(20, "Most passes over the training rows.", group="stopping", minimum=1, maximum=10_000)
    monitor: str = setting(
        "auc", "Which validation metric decides the best epoch.", group="stopping", choices=("auc", "logloss")
    )
    patience: int = setting(
        3,
        "Epochs without a better value before training stops.",
        group="stopping",
        unit="epochs",
        minimum=1,
        maximum=1000,
    )
    seed: int = setting(
        0, "The same seed on the same machine gives the same result.", group="stopping", minimum=0, maximum=2**31 - 1
    )

    def embedding_decay_of(self, num_rows: int) -> float:
        """The pull on values' vectors where so many rows train: above ``decay_rows`` it weakens as they grow.

        The loss is a mean over rows, so a constant pull would count for more, the more rows there are.
        """
        return self.embedding_decay * min(1.0, (self.decay_rows or num_rows) / num_rows)
