"""What holds for the tests of the data layer."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def data_root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, where tables that are read are staged."""
    root = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("CTR_LENS_DATA", str(root))
    return root
