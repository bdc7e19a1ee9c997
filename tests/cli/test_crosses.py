"""crosses: the gain as lines and as a document, and the table."""

from __future__ import annotations

import polars as pl

from .conftest import Trained
from .workplace import Workplace


def test_crosses_print_their_gains_and_write_the_table(trained: Trained, workplace: Workplace) -> None:
    out = workplace.folder / "crossed.parquet"
    flags = ("--pair", "device", "site", "--seeds", 1, "--threads", 1, "--out", out)
    found = trained("crosses", trained.id("dcn-v2"), *flags, "--json").json()
    assert found["pairs"] == [["site", "device"]]
    assert found["split"] == "test"
    gain = found["gains"]["lr"]["test"]["auc"]
    assert gain["low"] < gain["value"] < gain["high"]
    assert found["metrics"]["lr+"]["test"]["auc"] - found["metrics"]["lr"]["test"]["auc"] == gain["value"]
    assert "site × device" in pl.read_parquet(out).columns


def test_what_cannot_be_crossed_is_refused_before_anything_is_trained(trained: Trained) -> None:
    run = trained.id("fm")
    before = trained.workplace.stored()
    assert "no field nope" in trained("crosses", run, "--pair", "site", "nope").refusal()
    assert "not site twice" in trained("crosses", run, "--pair", "site", "site").refusal()
    assert "between 1 and 20, not 0" in trained("crosses", run, "--pair", "site", "ad", "--seeds", "0").refusal()
    assert "should end in" in trained("crosses", run, "--pair", "site", "ad", "--out", "x.xlsx").refusal()
    assert trained.workplace.stored() == before
