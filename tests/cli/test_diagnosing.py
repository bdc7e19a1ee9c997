"""diagnose."""

from __future__ import annotations

import pytest

from .conftest import Trained


def test_a_run_is_diagnosed_on_its_own_test_rows(trained: Trained) -> None:
    found = trained("diagnose", trained.id("fm"), "--importance", "--json").json()
    auc = trained("evaluate", trained.id("fm"), "--json").json()["test"]["auc"]
    assert found["metrics"]["auc"]["value"] == pytest.approx(auc, abs=1e-12)
    assert found["metrics"]["auc"]["low"] < auc < found["metrics"]["auc"]["high"]
    assert sum(line["rows"] for line in found["calibration"]) == found["rows"]
    assert {line["field"] for line in found["importance"]} >= {"site", "slot"}
    assert all(line["attribution_low"] <= line["attribution"] for line in found["importance"])


def test_slices_of_a_field_can_be_asked_for(trained: Trained) -> None:
    found = trained("diagnose", trained.id("fm"), "--by", "slot", "--split", "valid", "--json").json()
    assert {line["field"] for line in found["slices"]} == {"slot"}
    assert sum(line["rows"] for line in found["slices"]) == found["rows"]
    said = trained("diagnose", trained.id("fm"), "--by", "moon").refusal()
    assert said.startswith("This run has no field moon; it has")
