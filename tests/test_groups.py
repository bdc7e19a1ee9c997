"""Where several processes share the tests, those that share what takes long to prepare stay together."""

from __future__ import annotations

import pytest

from tests.groups import BROWSER, OWN_SERVER, group_of
from tests.paths import REPOSITORY


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/data/synthetic/test_truth.py::test_a[b::c/d]", "tests/data/synthetic/test_truth.py"),
        ("tests/test_groups.py::TestIt::test_one", "tests/test_groups.py"),
        ("tests/browser/test_generate.py::test_a", "shared server"),
        ("tests/browser/test_wrong_files.py::test_a", "shared server"),
        ("tests/browser/test_server_killed.py::test_a", "own servers"),
    ],
)
def test_a_file_stays_together_and_so_do_all_that_share_a_server(test: str, group: str) -> None:
    assert group_of(test) == group


def test_the_modules_with_a_server_of_their_own_are_there() -> None:
    assert all((REPOSITORY / BROWSER / name).is_file() for name in OWN_SERVER)
