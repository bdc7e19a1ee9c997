"""The flags of interactions."""

from __future__ import annotations

import pytest

from .conftest import Trained


def pairs(trained: Trained, model: str, *flags: object) -> list[dict[str, object]]:
    """What ``interactions --json`` lists."""
    found: list[dict[str, object]] = trained("interactions", trained.id(model), *flags, "--json").json()["pairs"]
    return found


def test_errors_stand_beside_strengths_where_they_are_asked_for(trained: Trained) -> None:
    plain, told = (pairs(trained, "dcn-v2", "--readout", "behaviour", *flags) for flags in ((), ("--errors",)))
    assert all(set(pair) == {"field_a", "field_b", "strength"} for pair in plain)
    assert [{**pair, "error": None} for pair in plain] == [{**pair, "error": None} for pair in told]
    assert all(0 < pair["error"] < pair["strength"] for pair in told)  # type: ignore[operator]
    first = trained("interactions", trained.id("dcn-v2"), "--errors").out.splitlines()[0]
    assert first == "{field_a} × {field_b}  {strength:.4f} ± {error:.4f}".format(**told[0])


def test_raw_strengths_are_others_than_purified_ones(trained: Trained) -> None:
    assert pairs(trained, "fm", "--raw") != pairs(trained, "fm")


def test_support_says_how_many_swaps_were_counted(trained: Trained) -> None:
    swaps = [pair["swaps"] for pair in pairs(trained, "fm", "--support", 3)]
    assert 0 < min(swaps) < max(swaps) <= 480  # type: ignore[type-var]


@pytest.mark.parametrize(("model", "maps"), [("fm", 3), ("din", 1)])
def test_agreement_is_told_in_numbers_and_in_a_sentence(trained: Trained, model: str, maps: int) -> None:
    answer = trained("interactions", trained.id(model), "--readout", "counts", "--agreement", "--json").json()
    found = answer["agreement"]
    assert set(answer) == {"run", "model", "readout", "pairs", "agreement"}
    assert [set(line) for line in found["maps"]] == [{"first", "second", "spearman", "of_all"}] * maps
    (judged,) = (line for line in found["maps"] if {line["first"], line["second"]} == {"behaviour", "counts"})
    assert judged["spearman"] == pytest.approx(found["spearman"])
    assert bool(found["reasons"]) == ("Do not trust" in found["verdict"])
    lines = trained("interactions", trained.id(model), "--readout", "counts", "--agreement").out.splitlines()
    assert lines[0] == found["verdict"]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--readout", "counts", "--errors"), "Errors are those of behaviour; there are none by counts."),
        (("--readout", "behaviour", "--raw"), "Raw strengths are those of weights; there are none by behaviour."),
        (("--support", "-1"), "Support is a number of rows, at least 1, not -1."),
    ],
)
def test_flags_that_contradict_each_other_are_one_sentence(trained: Trained, flags: tuple[str], sentence: str) -> None:
    assert sentence in trained("interactions", trained.id("fm"), *flags).refusal()
