"""The table of what maps cost."""

from __future__ import annotations

import pytest
from film import Cost, row


@pytest.mark.parametrize(("maps", "told"), [(0.03, "3.0%"), (0.031, "**3.1%**")])
def test_a_share_above_the_bound_is_bold(maps, told):
    line = row(Cost("FM, Clicks", 80_000, 12, 1.0, maps, [0, 1, 3], "weights", 17.6))
    assert line == ["FM, Clicks", "80,000", "12", "weights", "1.0", "0, 1, 3", f"{1000 * maps / 3:.0f}", told, "18"]
