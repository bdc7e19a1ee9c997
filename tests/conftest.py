"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.publisher import Publisher, publishing

BROWSER = Path(__file__).parent / "browser"

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: the workers share the cores

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On several cores a file's tests stay together, and all that drive a browser: one at a time is enough for it.

    A test in the browser has one second try, which the report counts: a starved machine can break a tab.
    """
    for item in items:
        in_browser = item.path.is_relative_to(BROWSER)
        item.add_marker(pytest.mark.xdist_group(str(BROWSER if in_browser else item.path)))
        if in_browser:
            item.add_marker(pytest.mark.flaky(reruns=1))
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """Who gives out MovieLens 100K, made up."""
    from tests import published

    with publishing({}) as found:
        published.publish(monkeypatch, found, "movielens-100k", published.ml_100k())
        yield found
