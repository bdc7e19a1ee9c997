"""values: one pair of fields by the command line."""

from __future__ import annotations

import pytest

from .conftest import Trained

CELL = {"value_a", "value_b", "name_a", "name_b", "effect", "support", "observed", "predicted"}


@pytest.mark.parametrize(("model", "pair"), [("fm", ("ad", "hour")), ("din", ("history", "film"))])
def test_a_pair_has_its_cells_the_values_asked_for_among_them(
    trained: Trained, model: str, pair: tuple[str, str]
) -> None:
    command = ("values", trained.id(model), *pair)
    plain = trained(*command, "--json").json()
    assert (plain["field_a"], plain["field_b"]) == pair
    assert len(plain["cells"]) == 144
    assert set(plain["cells"][0]) == CELL
    assert all((cell["observed"] is None) == (cell["support"] == 0) for cell in plain["cells"])
    assert "rows" not in plain
    assert "unseen" not in plain


def test_one_value_of_each_field_lists_training_rows_with_both(trained: Trained) -> None:
    command = ("values", trained.id("fm"), "slot", "ad", "--value-a", "top", "--value-b", "ad 119")
    answer = trained(*command, "--json").json()
    assert {cell["value_b"] for cell in answer["cells"]} >= {"ad 119"}
    assert len(answer["cells"]) == 13 * len({cell["value_a"] for cell in answer["cells"]})
    support = next(c["support"] for c in answer["cells"] if (c["value_a"], c["value_b"]) == ("top", "ad 119"))
    assert len(answer["rows"]) == min(10, support)
    assert all(row["row"]["ad"] == "ad 119" and 0 < row["predicted"] < 1 for row in answer["rows"])
    assert "more; --json lists them all" in trained(*command).out


def test_unseen_pairs_are_listed_strongest_first(trained: Trained) -> None:
    command = ("values", trained.id("fm"), "site", "ad", "--unseen", "5", "--min-count", "3")
    found = trained(*command, "--json").json()["unseen"]
    strengths = [abs(pair["effect"]) for pair in found]
    assert len(found) == 5
    assert strengths == sorted(strengths, reverse=True)
    assert all(min(pair["rows_a"], pair["rows_b"]) >= 3 for pair in found)
    assert f"site {found[0]['name_a']} with ad {found[0]['name_b']} never occurred together" in trained(*command).out


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("site", "site"), "A pair has two different fields, not site twice."),
        (("site", "colour"), "This run has no field colour; it has "),
        (("site", "ad", "--value-b", "ad 999"), "Field ad has no value “ad 999” in the training rows"),
        (("site", "ad", "--unseen", "0"), "--unseen must be 1 or more, not 0."),
        (("site", "ad", "--min-count", "3"), "--min-count goes with --unseen."),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(trained: Trained, flags: tuple[str, ...], sentence: str) -> None:
    assert trained("values", trained.id("fm"), *flags).refusal().startswith(sentence)
