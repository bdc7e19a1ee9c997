"""The standard test of recovery from the command line."""

from __future__ import annotations

import pytest

QUICK = ("--rows", 600, "--seeds", "1,2", "--set", "epochs=2")


def test_recovery_scores_each_readout_and_gives_means_over_the_seeds(workplace):
    answer = workplace("recovery", "--functions", "F5, f1", *QUICK, "--json")
    document = answer.json()
    assert document["model"] == "DCN-V2"
    assert document["label"] == "noise-free"
    assert len(document["scores"]) == 2 * 2 * 3
    behaviour = [score["auc"] for score in document["scores"] if score["readout"] == "behaviour"]
    assert document["mean"]["behaviour"]["auc"] == pytest.approx(sum(behaviour) / 4)
    assert document["mean"]["behaviour"]["half_width"] > 0
    assert "f1   seed 2  counts" in answer.err


def test_recovery_of_one_readout_from_clicks_is_a_table_for_a_person(workplace):
    answer = workplace("recovery", "--functions", "f10", "--clicks", "--model", "fm", "--readout", "counts", *QUICK)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines] == ["AUC", "F10", "mean"]
    assert "±" in lines[-1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--functions", "f11"), "There is no test function f11"),
        (("--seeds", "a"), "--seeds takes whole numbers"),
        (("--model", "din"), "DIN"),
    ],
)
def test_recovery_refuses_in_one_sentence(workplace, flags, words):
    assert words in workplace("recovery", "--rows", 600, *flags).refusal()
