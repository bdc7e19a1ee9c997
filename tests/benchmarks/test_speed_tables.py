"""From measurements to Markdown."""

from peers import tables
from peers.recipes import RECIPES, Measurement


def measured(speed: float, auc: float = 0.7) -> Measurement:
    return Measurement(rows=1000, cpu=1000 / speed, wall=2000 / speed, auc=auc, parameters=90_000_000, megabytes=100.0)


def test_speeds_are_medians_and_a_peer_without_measurements_has_no_row() -> None:
    results = {("fm", "ours"): [measured(s) for s in (90_000, 120_000, 500_000)]}
    shown = tables.speeds(results, ["fm"], ["ours", "deepctr"])
    assert "| **CTR Lens** | 120k |" in shown
    assert "| *ours, at least* | *100k* |" in shown
    assert "DeepCTR" not in shown


def test_ratios_are_over_the_fastest_library_and_bold_below_target() -> None:
    results = {
        ("fm", "ours"): [measured(100_000)],
        ("fm", "deepctr"): [measured(10_000)],
        ("fm", "rechub"): [measured(50_000)],
    }
    shown = tables.ratios(results, ["fm"])
    assert "| over the fastest library | **2.0× (≥ 5.5×)** |" in shown
    assert "| over the tutorial loop | – |" in shown


def test_aucs_show_the_mean_and_the_range_over_seeds() -> None:
    results = {("fm", "ours"): [measured(1, auc) for auc in (0.7, 0.72, 0.71)]}
    assert "0.7100 (0.700–0.720)" in tables.aucs(results, ["fm"], ["ours"])


def test_growth_is_from_the_first_size_to_the_last() -> None:
    found = {("fm", 10): [measured(100_000)], ("fm", 1000): [measured(50_000)]}
    shown = tables.growth(found, ["fm"], [10, 1000])
    assert "| FM, up to 90 M parameters | 10.0 µs | 20.0 µs | **2.00× (≤ 1.6×)** |" in shown


def test_every_recipe_has_its_targets() -> None:
    assert set(tables.TARGETS) == set(RECIPES)
