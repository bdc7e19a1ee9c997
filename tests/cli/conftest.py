"""Workplaces: a new one for each test, and one with trained runs for all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .workplace import Workplace

QUICKLY = ("--set", "epochs=2", "--set", "batch_size=256", "--threads", "1")


@dataclass(frozen=True)
class Trained:
    """A workplace where models have been trained, and what ``train --json`` said of each."""

    workplace: Workplace
    clicks: Path
    histories: Path
    runs: dict[str, dict[str, Any]]

    def __call__(self, *arguments: object) -> Any:
        return self.workplace(*arguments)

    def id(self, model: str) -> str:
        return self.runs[model]["run"]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """FM and DCN-V2 on planted clicks, DIN on planted histories, from the files that ``sample`` writes."""
    workplace = Workplace(tmp_path_factory.mktemp("trained"))
    tables = {}
    for name in ("planted-clicks", "planted-histories"):
        answer = workplace("sample", name, "--rows", 1200, "--seed", 1, "--out", workplace.folder / name, "--json")
        tables[name] = Path(answer.json()["table"])
    clicks, histories = tables.values()
    runs = {
        model: workplace(
            "train", "--data", table, "--schema", table.with_name("schema.json"), "--model", model, *QUICKLY, "--json"
        ).json()
        for model, table in (("fm", clicks), ("dcn-v2", clicks), ("din", histories))
    }
    return Trained(workplace, clicks, histories, runs)
