"""film: the maps by epoch, without a browser."""

from __future__ import annotations

import shutil

import pytest

from .conftest import Trained
from .workplace import Workplace


@pytest.mark.parametrize("model", ["fm", "din"])
def test_the_film_has_every_epoch_with_its_metrics_and_all_pairs(trained: Trained, model: str) -> None:
    found = trained("film", trained.id(model), "--json").json()
    assert found["readout"] == ("weights" if model == "fm" else "behaviour")
    assert [e["epoch"] for e in found["epochs"]] == list(range(trained.runs[model]["epochs"] + 1))
    assert found["epochs"][0]["auc"] is None
    best = found["epochs"][trained.runs[model]["best_epoch"]]
    assert best["auc"] == pytest.approx(trained.runs[model]["valid"]["auc"], abs=1e-6)
    pairs = [{(p["field_a"], p["field_b"]) for p in e["pairs"]} for e in found["epochs"]]
    assert all(named == pairs[0] for named in pairs)
    strengths = [p["strength"] for p in found["epochs"][-1]["pairs"]]
    assert strengths == sorted(strengths, reverse=True)
    assert [p["strength"] for p in found["emerged"]] == strengths[: len(found["emerged"])]
    assert len(found["emerged"]) == (5 if model == "fm" else 2)
    lines = trained("film", trained.id(model)).out.splitlines()
    assert len(lines) == len(found["epochs"]) + len(found["emerged"])
    assert f"validation AUC {best['auc']:.4f}" in lines[trained.runs[model]["best_epoch"]]
    assert lines[-1].endswith(f"stood out from epoch {found['emerged'][-1]['epoch']} on")


def test_a_film_that_is_not_there_is_a_sentence(trained: Trained, workplace: Workplace) -> None:
    assert "No maps by weights were kept" in trained("film", trained.id("din"), "--readout", "weights").refusal()
    shutil.copytree(trained.workplace.folder / "runs", workplace.folder / "runs")
    shutil.rmtree(workplace.folder / "runs" / trained.id("fm") / "snapshots")
    assert "No maps were kept while run" in workplace("film", trained.id("fm")).refusal()
