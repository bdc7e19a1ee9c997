"""Where machine code is kept: beside the source, else with the user, else nowhere, and it works all the same."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pytest
import torch

from ctr_app.models import kernels

Installed = Callable[[], ModuleType]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """A copy of the package, in which no folder can be made for machine code; importing it gives its ``rows``."""
    folder = tmp_path / "copied_kernels"
    shutil.copytree(Path(kernels.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "__pycache__").write_text("a file where a folder should be, as even root cannot write below it")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of-the-user"))

    def import_rows() -> ModuleType:
        for name in ("copied_kernels", "copied_kernels.rows"):
            path = folder / ("__init__.py" if name == "copied_kernels" else "rows.py")
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        return sys.modules["copied_kernels.rows"]

    return import_rows


def assert_works(rows: ModuleType) -> None:
    matrix, ids, out = np.float32([[0, 0], [1, 2], [3, 6]]), np.int64([[1, 2, 0]]), np.empty((1, 2), np.float32)
    rows.pool(matrix, ids, 0, out)
    assert out.tolist() == [[2.0, 4.0]]


def test_where_the_packages_folder_cannot_be_written_it_is_kept_with_the_user(
    installed: Installed, tmp_path: Path
) -> None:
    assert_works(installed())
    assert list((tmp_path / "of-the-user").rglob("rows.pool*.nbc"))


def test_where_no_folder_can_be_written_it_is_compiled_all_the_same(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "of-the-user").write_text("a file where a folder should be")
    assert_works(installed())
    assert not list(tmp_path.rglob("*.nbc"))


def test_a_folder_that_is_asked_for_and_cannot_be_written_is_passed_over(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "copied_kernels" / "rows.py" / "below-a-file"))
    assert_works(installed())
    assert list((tmp_path / "of-the-user").rglob("rows.pool*.nbc"))


def test_loops_are_for_float32_on_the_cpu_until_they_are_switched_off() -> None:
    assert kernels.are_for(torch.zeros(1))
    assert not kernels.are_for(torch.zeros(1, dtype=torch.float64))
    assert not kernels.are_for(torch.zeros(1, dtype=torch.bfloat16))
    assert not kernels.are_for(torch.zeros(1, device="meta"))
    with kernels.switched_off():
        assert not kernels.are_for(torch.zeros(1))
    assert kernels.are_for(torch.zeros(1))


def test_an_error_switches_the_loops_on_again() -> None:
    with suppress(ZeroDivisionError), kernels.switched_off():
        raise ZeroDivisionError
    assert kernels.are_for(torch.zeros(1))
