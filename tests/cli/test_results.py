"""evaluate, predict, interactions, attention and runs."""

from __future__ import annotations

import json
import shutil
from itertools import combinations

import polars as pl
import pytest

from .conftest import QUICKLY, Trained
from .workplace import Workplace

SPLITS = ("train", "valid", "test")
READOUTS = [("fm", "weights"), ("fm", "counts"), ("dcn-v2", "weights"), ("dcn-v2", "behaviour"), ("din", "behaviour")]


@pytest.mark.parametrize("model", ["fm", "dcn-v2", "din"])
def test_a_run_measured_again_has_the_metrics_it_stored(trained: Trained, model: str) -> None:
    table = trained.histories if model == "din" else trained.clicks
    for flags in ([], ["--data", table]):
        again = trained("evaluate", trained.id(model), *flags, "--json").json()
        for split in SPLITS:
            assert again[split] == pytest.approx(trained.runs[model][split], abs=1e-6)
        assert ("auc" in again) == bool(flags)
        lines = trained("evaluate", trained.id(model), *flags).out
        assert f"test      AUC {again['test']['auc']:.4f}" in lines


def test_a_table_that_is_not_the_runs_own_is_measured_as_a_whole(trained: Trained, workplace: Workplace) -> None:
    frame = pl.read_parquet(trained.clicks).head(300)
    frame.write_csv(workplace.folder / "new.csv")
    measured = trained("evaluate", trained.id("fm"), "--data", workplace.folder / "new.csv", "--json").json()
    assert measured["rows"] == 300
    assert not set(SPLITS) & measured.keys()
    one_label = workplace.folder / "clicks.csv"
    frame.filter(pl.col("click") == 1).write_csv(one_label)
    answer = trained("evaluate", trained.id("fm"), "--data", one_label)
    assert answer.err == "There is no AUC: the rows with a label are all clicks, or all not.\n"
    assert "AUC -" in answer.out


def test_a_run_outlives_its_data_set(trained: Trained, workplace: Workplace) -> None:
    shutil.copytree(trained.workplace.folder / "runs", workplace.folder / "runs")
    run = trained.id("din")
    measured = workplace("evaluate", run, "--data", trained.histories, "--json").json()
    assert measured["auc"] == pytest.approx(
        trained("evaluate", run, "--data", trained.histories, "--json").json()["auc"], abs=1e-9
    )
    assert workplace("attention", run, "--data", trained.histories, "--row", 0, "--json").json()["groups"]
    assert "is not here any more" in workplace("evaluate", run).refusal()
    assert "is not here any more" in workplace("interactions", run).refusal()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".CSV"])
def test_predict_writes_the_table_with_a_column_of_ctr(trained: Trained, workplace: Workplace, suffix: str) -> None:
    out = workplace.folder / "new" / f"scored{suffix}"
    answer = trained("predict", trained.id("din"), "--data", trained.histories, "--out", out, "--json").json()
    separators = {".csv": ",", ".tsv": "\t", ".CSV": ","}
    written = pl.read_parquet(out) if suffix == ".parquet" else pl.read_csv(out, separator=separators[suffix])
    table = pl.read_parquet(trained.histories)
    assert (answer["rows"], answer["column"]) == (table.height, "ctr")
    assert written.columns == [*table.columns, "ctr"]
    assert written["history"].to_list() == table["history"].to_list()
    assert written["ctr"].is_between(0, 1).all()
    assert written["ctr"].mean() == pytest.approx(answer["mean_ctr"])
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_predict_leaves_the_columns_of_the_table_alone(trained: Trained, workplace: Workplace) -> None:
    frame = pl.read_parquet(trained.histories).head(20).drop("click")
    frame = frame.with_columns(
        ctr=pl.lit("mine"), predicted_ctr=pl.lit("too"), history=pl.col("history").str.split("|")
    )
    table, out = workplace.folder / "table.parquet", workplace.folder / "scored.csv"
    frame.write_parquet(table)
    answer = trained("predict", trained.id("din"), "--data", table, "--out", out, "--json").json()
    assert answer["column"] == "predicted_predicted_ctr"
    written = pl.read_csv(out)
    assert set(written["ctr"]) == {"mine"}
    assert written["history"].str.split("|").to_list() == frame["history"].to_list()


@pytest.mark.parametrize(("model", "readout"), READOUTS)
def test_every_pair_is_listed_strongest_first(trained: Trained, model: str, readout: str) -> None:
    answer = trained("interactions", trained.id(model), "--readout", readout, "--json").json()
    assert (answer["run"], answer["readout"]) == (trained.id(model), readout)
    spec = json.loads((trained.workplace.folder / "runs" / trained.id(model) / "run.json").read_text())
    columns = spec["preparation"]["schema"]["columns"]
    fields = [column["name"] for column in columns if column["role"] not in ("label", "ignored")]
    listed = [frozenset((pair["field_a"], pair["field_b"])) for pair in answer["pairs"]]
    assert set(listed) == set(map(frozenset, combinations(fields, 2)))
    assert len(listed) == len(set(listed))
    strengths = [pair["strength"] for pair in answer["pairs"]]
    assert strengths == sorted(strengths, reverse=True)
    assert min(strengths) >= 0


def test_the_first_readout_of_a_family_is_shown_unless_another_is_asked_for(trained: Trained) -> None:
    assert trained("interactions", trained.id("fm"), "--json").json()["readout"] == "weights"
    assert trained("interactions", trained.id("din"), "--json").json()["readout"] == "behaviour"
    lines = trained("interactions", trained.id("fm")).out.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 46 more; --json lists them all"
    assert (
        "DIN has no readout by weights" in trained("interactions", trained.id("din"), "--readout", "weights").refusal()
    )


def test_attention_is_a_weight_for_each_item_of_the_row(trained: Trained) -> None:
    def ask(*flags: object) -> dict[str, object]:
        return trained("attention", trained.id("din"), "--data", trained.histories, *flags, "--json").json()

    frame = pl.read_parquet(trained.histories)
    answer = ask("--row", 7)
    (group,) = answer["groups"]  # type: ignore[misc]
    assert (group["history"], group["candidate_field"]) == ("history", "film")
    assert group["candidate"] in (frame["film"][7], "(unknown)")
    items = group["items"]
    assert len(items) == len(frame["history"][7].split("|"))
    assert [item["position"] for item in items] == list(range(len(items)))
    assert all(0 <= item["weight"] <= 1 for item in items)
    assert any(item["effect"] for item in items)
    known = [(item["value"], value) for item, value in zip(items, frame["history"][7].split("|"), strict=True)]
    assert all(shown in (value, "(unknown)") for shown, value in known)
    assert answer["ctr"] == pytest.approx(ask("--row", 7, "--candidate", frame["film"][7])["ctr"])
    other = ask("--row", 7, "--candidate", "never offered")
    assert other["groups"][0]["candidate"] == "(unknown)"  # type: ignore[index]
    assert ask("--row", frame.height - 1)["row"] == frame.height - 1
    assert trained("attention", trained.id("din"), "--data", trained.histories, "--row", 7).out.startswith("CTR 0.")


def test_attention_is_measured_by_taking_items_out_of_many_rows(trained: Trained) -> None:
    (found,) = trained("attention", trained.id("din"), "--faithfulness", "--json").json()["histories"]
    assert found["history"] == "history"
    assert found["low"] <= found["score"] <= found["high"]
    assert 0 <= found["pushing_down"] <= 1
    assert set(found["curves"]) == {"attention", "effect", "random"}
    assert all(curve[0] == {"removed": 0, "logit": 0} for curve in found["curves"].values())
    assert trained("attention", trained.id("din")).refusal() == "attention needs --data and --row, or --faithfulness."


@pytest.mark.parametrize("row", [-1, 1200])
def test_a_row_outside_the_table_is_a_sentence(trained: Trained, row: int) -> None:
    refusal = trained("attention", trained.id("din"), "--data", trained.histories, "--row", row).refusal()
    assert refusal == f"There is no row {row}; the table has rows 0 to 1199."


def test_only_din_has_attention(trained: Trained) -> None:
    refusal = trained("attention", trained.id("fm"), "--data", trained.clicks, "--row", 0).refusal()
    assert refusal == "Only DIN has attention; this run is of another family."


def test_runs_are_listed_with_state_and_metrics(trained: Trained, workplace: Workplace) -> None:
    listed = {run["run"]: run for run in trained("runs", "--json").json()["runs"]}
    for result in trained.runs.values():
        run = listed[result["run"]]
        assert (run["state"], run["model"], run["dataset"]) == ("done", result["model"], result["dataset"])
        assert run["test"] == result["test"]
        assert run["created"] > 0
    assert all(run in trained("runs").out for run in listed)
    assert workplace("runs").out == "No runs yet; start one with python -m ctr_app train.\n"
    assert workplace("runs", "--json").json() == {"runs": []}
    elsewhere = workplace("runs", "--runs", trained.workplace.folder / "runs", "--json").json()["runs"]
    assert {run["run"] for run in elsewhere} == set(listed)


def test_a_run_may_be_given_as_its_folder(trained: Trained, workplace: Workplace) -> None:
    moved = workplace.folder / "handed in"
    shutil.copytree(trained.workplace.folder / "runs" / trained.id("fm"), moved)
    by_id = trained("interactions", trained.id("fm"), "--json").json()["pairs"]
    assert trained("interactions", moved, "--json").json()["pairs"] == by_id
    assert trained("interactions", f"{moved}/", "--json").json()["pairs"] == by_id


def test_names_from_a_table_cannot_steer_the_terminal(workplace: Workplace) -> None:
    rows = "\n".join(f"{i % 2},{i % 3},\x1b[31m{i % 5}" for i in range(60))
    table = workplace.write("table.csv", f'click,a\x1b[2Jb,it\'s "odd"\n{rows}\n')
    answer = workplace("train", "--data", table, "--label", "click", "--model", "fm", *QUICKLY)
    assert answer.code == 0, answer.err
    run = workplace("runs", "--json").json()["runs"][0]["run"]
    shown = workplace("interactions", run).out
    assert "\x1b" not in shown + answer.out + answer.err
