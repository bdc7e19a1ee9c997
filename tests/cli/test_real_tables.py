"""Real tables as people meet them, from training to the pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.paths import SHARED_DATA, needs_shared_data

from .workplace import Workplace

pytestmark = needs_shared_data
QUICKLY = ("--set", "epochs=2", "--threads", "1")


def train(workplace: Workplace, *arguments: object) -> dict[str, Any]:
    return workplace("train", *arguments, *QUICKLY, "--json").json()


def roles(result: dict[str, Any]) -> dict[str, str]:
    spec = json.loads((Path(result["folder"]) / "run.json").read_text())
    return {column["name"]: column["role"] for column in spec["preparation"]["schema"]["columns"]}


def assert_measured_alike(workplace: Workplace, result: dict[str, Any]) -> None:
    again = workplace("evaluate", result["run"], "--json").json()
    for split in ("train", "valid", "test"):
        assert again[split] == pytest.approx(result[split], abs=1e-6)


def test_criteo_needs_no_word_on_its_columns(workplace: Workplace) -> None:
    files = [SHARED_DATA / "criteo" / name for name in ("train.tsv", "test.tsv")]
    result = train(workplace, "--data", files[0], "--test", files[1], "--model", "dcn-v2")
    assert sorted(roles(result).values()).count("numeric") == 13
    assert result["test"]["rows"] == 800
    assert result["test"]["auc"] > 0.6
    assert_measured_alike(workplace, result)
    on_test = workplace("evaluate", result["run"], "--data", files[1], "--json").json()
    assert on_test["auc"] == pytest.approx(result["test"]["auc"], abs=1e-6)
    pairs = workplace("interactions", result["run"], "--json").json()["pairs"]
    fields = [name for name, role in roles(result).items() if role not in ("label", "ignored")]
    assert len(pairs) == len(fields) * (len(fields) - 1) // 2


def test_adult_finds_its_label_by_name(workplace: Workplace) -> None:
    result = train(workplace, "--data", SHARED_DATA / "tabular" / "adult.csv", "--model", "fm")
    assert roles(result)["income"] == "label"
    assert result["test"]["auc"] > 0.88
    assert_measured_alike(workplace, result)


def test_the_attention_of_movielens_names_its_films(workplace: Workplace) -> None:
    folder = SHARED_DATA / "movielens_1m_din"
    files = [folder / "train.csv", folder / "test.csv"]
    result = train(workplace, "--data", files[0], "--test", files[1], "--model", "din", "--ignore", "ratting")
    assert roles(result)["ratting"] == roles(result)["last"] == "ignored"
    assert_measured_alike(workplace, result)
    tables = [pl.read_csv(file, infer_schema=False) for file in files]
    titles = dict(pl.concat(tables).select("movieId", "title").iter_rows())
    answer = workplace("attention", result["run"], "--data", files[1], "--row", 3, "--json").json()
    by_history = {group["history"]: group["items"] for group in answer["groups"]}
    history = tables[1]["histHighRatedMovieIds"][3].split("|")
    assert [item["value"] for item in by_history["histHighRatedMovieIds"]] == history
    named = [item for items in by_history.values() for item in items if item["value"] in titles]
    assert named
    for item in named:
        assert item["name"] == titles[item["value"]]
    lines = workplace("attention", result["run"], "--data", files[1], "--row", 3).out
    assert all(item["name"] in lines for item in named)


def test_a_label_in_doubt_is_asked_for(workplace: Workplace) -> None:
    titanic = SHARED_DATA / "tabular" / "titanic_seaborn.csv"
    warned = workplace("train", "--data", titanic, "--model", "fm", "--label", "survived", *QUICKLY, "--json")
    assert warned.json()["state"] == "done"
    assert "--ignore alive" in warned.err
    telco = SHARED_DATA / "tabular" / "telco_churn.csv"
    assert train(workplace, "--data", telco, "--model", "dcn-v1", "--label", "Churn")["test"]["auc"] > 0.7
    refusal = workplace("train", "--data", telco, "--model", "fm", "--label", "Contract").refusal()
    assert "--positive VALUE" in refusal
