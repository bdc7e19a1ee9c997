"""cut and triples."""

from __future__ import annotations

import pytest

from .conftest import Trained


def test_cuts_are_measured_beside_the_model_as_it_is(trained: Trained) -> None:
    run = trained.id("fm")
    answer = trained("cut", run, "--pair", "device", "site", "--field", "ad", "--json").json()
    assert answer["cuts"] == [["site", "device"], ["ad"]]
    assert answer["how"] == "weights"
    assert answer["before"]["auc"] == pytest.approx(trained.runs["fm"]["valid"]["auc"], abs=1e-6)
    assert answer["change"]["auc"]["value"] == pytest.approx(answer["after"]["auc"] - answer["before"]["auc"])
    assert answer["after"].keys() == {"auc", "logloss", "rows", "predicted_over_observed", "calibration_error"}
    lines = trained("cut", run, "--pair", "device", "site", "--field", "ad").out
    assert f"after     AUC {answer['after']['auc']:.4f}" in lines
    assert trained("evaluate", run, "--json").json()["valid"]["auc"] == pytest.approx(answer["before"]["auc"])


def test_din_is_cut_by_behaviour_with_gauc(trained: Trained) -> None:
    answer = trained("cut", trained.id("din"), "--pair", "film", "history", "--json").json()
    assert answer["how"] == "behaviour"
    assert answer["after"]["gauc"] is not None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "Say what to cut"),
        (("--pair", "site", "nothing"), "This run has no field nothing"),
        (("--pair", "site", "site"), "A cut is one field or a pair of two different ones"),
        (("--field", "site", "--how", "behaviour"), "FM cannot be cut by behaviour; it can by weights, raw."),
    ],
)
def test_what_cannot_be_cut_is_a_sentence(trained: Trained, flags: tuple[str, ...], words: str) -> None:
    assert words in trained("cut", trained.id("fm"), *flags).refusal()


def test_triples_are_listed_strongest_first_with_their_errors(trained: Trained) -> None:
    found = trained("triples", trained.id("dcn-v2"), "--json").json()["triples"]
    assert len(found) == 220
    strengths = [triple["strength"] for triple in found]
    assert strengths == sorted(strengths, reverse=True)
    assert found[0].keys() == {"field_a", "field_b", "field_c", "strength", "error"}
    assert trained("triples", trained.id("fm"), "--json").json()["triples"] == []
    assert trained("triples", trained.id("fm")).out == "FM has no term of three fields here.\n"
