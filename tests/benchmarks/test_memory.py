"""What memory.py says of its measurements."""

from __future__ import annotations

import memory
import pytest
from peers.recipes import Measurement


def peak(megabytes: float | None) -> Measurement:
    return Measurement(800_000, 1.0, 1.0, 0.6, 3_500_000, megabytes)


@pytest.mark.parametrize(
    ("megabytes", "said", "met"),
    [(599.0, "599 MB", "yes"), (601.0, "601 MB", "no"), (None, "not known here", "no")],
)
def test_the_peak_stands_beside_the_target(megabytes: float | None, said: str, met: str) -> None:
    shown = memory.section({"fm": peak(megabytes)}, 1_000_000)
    assert f"| FM | 3,500,000 | {said} | < 600 MB | {met} |" in shown


def test_it_trains_in_a_process_of_its_own(tmp_path) -> None:
    (measured,) = memory.measure(["fm"], 3_000, tmp_path).values()
    assert measured.rows >= 2400
    assert measured.megabytes is None or measured.megabytes > 0
