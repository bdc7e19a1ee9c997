"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.groups import ByGroup
from tests.publisher import Publisher, publishing

BROWSER = Path(__file__).parent / "browser"

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: the workers share the cores

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Iterator[int]:
    """One process more than there are cores: those that drive a browser wait for a third of their time."""
    cores: int = yield
    return cores + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup:
    """In several processes, tests stay together that share what takes long to prepare."""
    return ByGroup(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser comes first, as it takes longest.

    A test in the browser has one second try, which the report counts: a starved machine can break a tab.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(BROWSER))
    for item in items:
        if item.path.is_relative_to(BROWSER):
            item.add_marker(pytest.mark.flaky(reruns=1))
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Who gives out MovieLens 100K, made up."""
    from tests import published

    with publishing({}) as found:
        published.publish(monkeypatch, found, "movielens-100k", published.ml_100k())
        yield found
