"""The tutorials' own classes and loop, read from their folder when this runs; nothing of them is kept here.

Of every block of code the imports, classes and functions are executed, and of the block with the optimizer its
assignments too: model, data set class, metric, optimizer and the runners that their ``fit`` calls are theirs. Ours are
the rows, the batch size, and the kind of cross.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from .recipes import Recipe
from .rows import CANDIDATE, Rows, Table
from .worker import Stopwatch

FOLDER = "CTR_LENS_TUTORIALS"  # environment variable
MODEL_CLASS = {"fm": "FM", "cross": "DeepCross", "din": "DIN"}
OPTIMIZER = "optimizer = torch.optim.Adam("
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)


def versions() -> dict[str, str]:
    """The versions of the library that brings their metric."""
    return {"torchkeras": version("torchkeras"), "accelerate": version("accelerate")}


def code_blocks(text: str) -> list[str]:
    """The Python blocks of one tutorial, without a notebook's commands."""
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    return [re.sub(r"(?m)^\s*[%!].*$", "", block) for block in blocks]


def tutorial_with(folder: Path, class_name: str) -> list[str]:
    """The blocks of the first tutorial that defines a model of that name and trains it."""
    for path in sorted(folder.glob("*.txt")):
        blocks = code_blocks(path.read_text(encoding="utf-8", errors="replace"))
        code = "\n".join(blocks)
        if f"class {class_name}(nn.Module)" in code and "class StepRunner" in code and OPTIMIZER in code:
            return blocks
    raise FileNotFoundError(f"No tutorial with a class {class_name} in the folder.")


def statements(block: str, kinds: tuple[type[ast.stmt], ...]) -> Iterator[ast.stmt]:
    """The statements of the given kinds at the top level of a block."""
    return (node for node in ast.parse(block).body if isinstance(node, kinds))


def execute(nodes: Iterator[ast.stmt], names: dict[str, Any]) -> None:
    """Execute one after the other; an import that fails is passed over, as most are not needed here."""
    for node in nodes:
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        with contextlib.suppress(ImportError) if is_import else contextlib.nullcontext():
            exec(compile(ast.Module([node], []), "<tutorial>", "exec"), names)


class _Length:
    """Stands for a fitted encoder where the DIN tutorial's data set asks for its longest sequence."""

    def __init__(self, length: int) -> None:
        self.length = length

    def max_length(self) -> int:
        """The longest."""
        return self.length


class Tutorial:
    """Their epoch runner over their data set and loader."""

    def __init__(self, recipe: Recipe, table: Table) -> None:
        self.table, self.names = table, dict[str, Any]()
        kind = "cross" if recipe.cross else recipe.name.split("-")[0]
        blocks = tutorial_with(Path(os.environ[FOLDER]), MODEL_CLASS[kind])
        if recipe.cross:
            blocks = [block.replace('cross_type = "matrix"', f'cross_type = "{recipe.cross}"') for block in blocks]
        for block in blocks:
            execute(statements(block, DEFINITIONS), self.names)
        self._substitute_data()
        loader = self.names["DataLoader"]
        train = loader(self.names["ds_train"], batch_size=recipe.batch_size, shuffle=True)
        self.valid = loader(self.names["ds_val"], batch_size=recipe.batch_size, shuffle=False)
        self.names["net"] = self.names["create_net"]()
        optimizer = next(block for block in blocks if OPTIMIZER in block)
        execute(statements(optimizer, (ast.Assign,)), self.names)
        self.keras_model = self.names["model"]
        self.train = self.keras_model.accelerator.prepare(train)

    @property
    def model(self) -> torch.nn.Module:
        """The network."""
        return self.keras_model.net

    def _substitute_data(self) -> None:
        data_set = self._histories if self.table.has_history else self._clicks
        self.names["ds_train"], self.names["ds_val"] = data_set(self.table.train), data_set(self.table.valid)

    def _clicks(self, rows: Rows) -> Any:
        numeric, categorical = [f"I{i}" for i in range(rows.numeric.shape[1])], list(self.table.sizes)
        frame = pd.DataFrame(rows.numeric, columns=numeric).join(pd.DataFrame(rows.categorical, columns=categorical))
        sizes = list(self.table.sizes.values())
        return self.names["DfDataset"](frame.assign(label=rows.labels), "label", numeric, categorical, sizes)

    def _histories(self, rows: Rows) -> Any:
        """The same for DIN, under the names of their columns for candidate and history."""
        history = "histHighRatedMovieIds"
        categorical = ["movieId" if name == CANDIDATE else name for name in self.table.sizes]
        sizes = dict(zip(categorical, self.table.sizes.values(), strict=True))
        frame = pd.DataFrame(rows.categorical, columns=categorical).assign(label=rows.labels)
        frame[history] = pd.Series([ids[ids > 0] for ids in rows.history], dtype=object)
        lists = {"num_features": [], "cat_features": categorical, "seq_features": [history]}
        self.names.update(lists, cat_nums={**sizes, history: self.table.sizes[CANDIDATE]})
        encoders = {history: _Length(rows.history.shape[1])}
        return self.names["Df2Dataset"](frame, *lists.values(), encoders)

    def train_epoch(self, watch: Stopwatch) -> None:
        """All rows once, as one epoch of their ``fit`` does it, without validation and checkpoint."""
        model = self.keras_model
        step = self.names["StepRunner"](
            net=model.net,
            stage="train",
            loss_fn=model.loss_fn,
            metrics_dict=deepcopy(model.metrics_dict),
            optimizer=model.optimizer,
            lr_scheduler=model.lr_scheduler,
            accelerator=model.accelerator,
        )
        epoch = self.names["EpochRunner"](step)
        watch.start()
        epoch(self.train)
        watch.stop()

    def scores(self) -> np.ndarray:
        """Logits of the validation rows, (n,)."""
        self.keras_model.net.eval()
        return self.keras_model.predict(self.valid).numpy()


def build(recipe: Recipe, table: Table, seed: int) -> Tutorial:
    """The tutorial's model and loop for one recipe; the caller has set the seed."""
    del seed
    return Tutorial(recipe, table)
