"""samples, sample and train."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ctr_app.cli.generators import settings_help
from ctr_app.cli.request import split_sequence
from ctr_app.cli.training import _peak_rss_mb
from ctr_app.data.catalogue import SAMPLES
from ctr_app.data.synthetic import GENERATORS

from .conftest import QUICKLY, Trained
from .workplace import Workplace

METRICS = {"auc", "logloss", "rows"}


def split_in_three(frame: pl.DataFrame, folder: Path, suffix: str = ".csv") -> list[Path]:
    """Files train, valid and test of a table."""
    paths = [folder / f"{name}{suffix}" for name in ("train", "valid", "test")]
    edges = (0, round(0.6 * frame.height), round(0.8 * frame.height), frame.height)
    for path, (start, end) in zip(paths, pairwise(edges), strict=True):
        frame[start:end].write_csv(path, separator="\t" if suffix == ".tsv" else ",")
    return paths


def test_samples_are_listed_with_rows_and_truth(workplace: Workplace) -> None:
    listed = workplace("samples", "--json").json()["samples"]
    assert {sample["name"] for sample in listed} >= {"planted-clicks", "planted-histories"}
    assert all(sample["rows"] > 0 and isinstance(sample["truth"], bool) for sample in listed)
    lines = workplace("samples").out
    assert all(sample["name"] in lines for sample in listed)
    assert workplace.stored() == []


@pytest.mark.parametrize("name", ["planted-clicks", "planted-histories", "planted-pairs", "f7"])
def test_a_sample_is_a_table_a_schema_and_a_truth(workplace: Workplace, name: str) -> None:
    out = workplace.folder / "new" / "folder"
    answer = workplace("sample", name, "--rows", 500, "--seed", 3, "--out", out, "--json").json()
    frame = pl.read_parquet(out / "table.parquet")
    truth = json.loads((out / "truth.json").read_text())
    schema = json.loads((out / "schema.json").read_text())
    assert (answer["rows"], frame.height) == (500, 500)
    assert Path(answer["table"]) == out / "table.parquet"
    assert truth["pairs"]
    assert {name for pair in truth["pairs"] for name in pair} <= set(frame.columns)
    assert 0.5 < truth["best_auc"] < 1
    assert [column["name"] for column in schema["columns"]] == frame.columns
    workplace("sample", name, "--rows", 500, "--seed", 3, "--out", workplace.folder / "again")
    assert frame.equals(pl.read_parquet(workplace.folder / "again" / "table.parquet"))
    assert workplace.stored() == []


def test_a_generator_takes_settings(workplace: Workplace) -> None:
    asked = [
        "--rows",
        400,
        "--set",
        "layout=chosen",
        "--set",
        "terms=c1*n1, c1*c2*c3",
        "--set",
        "num_categorical_fields=3",
    ]
    workplace("sample", "planted-pairs", *asked, "--set", "noise=0.1", "--out", workplace.folder / "out")
    truth = json.loads((workplace.folder / "out" / "truth.json").read_text())
    assert truth["sets"] == [["c1", "n1"], ["c1", "c2", "c3"]]
    frame = pl.read_parquet(workplace.folder / "out" / "table.parquet")
    assert (frame.columns, frame.height) == (["click", "c1", "c2", "c3", "n1", "n2", "n3"], 400)


def test_a_table_of_probabilities_trains_from_its_files(workplace: Workplace) -> None:
    out = workplace.folder / "out"
    workplace("sample", "f5", "--rows", 600, "--set", "variant=noise-free", "--set", "bins=6", "--out", out)
    labels = pl.read_parquet(out / "table.parquet")["probability"]
    assert labels.is_between(0, 1).all()
    assert labels.n_unique() > 100
    files = ["--data", out / "table.parquet", "--schema", out / "schema.json"]
    result = workplace("train", *files, "--model", "fm", *QUICKLY, "--json").json()
    assert result["state"] == "done"
    assert 0 <= result["test"]["auc"] <= 1


def test_a_generator_trains_by_its_name_with_its_defaults(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SAMPLES, "f2", replace(SAMPLES["f2"], rows=1000))
    result = workplace("train", "--data", "f2", "--model", "fm", *QUICKLY, "--json").json()
    assert result["dataset"].startswith("f2-")
    assert result["train"]["rows"] == 800


def test_train_says_all_that_a_script_needs(trained: Trained) -> None:
    for name, title in (("fm", "FM"), ("dcn-v2", "DCN-V2"), ("din", "DIN")):
        result = trained.runs[name]
        assert result["model"] == title
        assert (result["device"], result["state"], result["epochs"]) == ("cpu", "done", 2)
        assert result["best_epoch"] in (1, 2)
        assert min(result[key] for key in ("rows_per_second", "seconds", "parameters", "peak_rss_mb")) > 0
        for split, rows in (("train", 960), ("valid", 120), ("test", 120)):
            assert result[split].keys() == METRICS | ({"gauc"} if name == "din" else set())
            assert result[split]["rows"] == rows
            assert 0 <= result[split]["auc"] <= 1


def test_json_is_one_document_on_standard_output_and_progress_is_on_standard_error(
    trained: Trained, workplace: Workplace
) -> None:
    answer = workplace.process(
        "train", "--data", trained.clicks, "--label", "click", "--model", "fm", *QUICKLY, "--json"
    )
    result = answer.json()
    lines = answer.err.splitlines()
    assert lines[0] == f"Run {result['run']} in {result['folder']}"
    assert [line[:9] for line in lines[1:]] == ["epoch   1", "epoch   2"]
    assert Path(result["folder"]).parent == workplace.folder / "runs"


def test_the_same_seed_gives_the_same_metrics(trained: Trained, workplace: Workplace) -> None:
    def test_metrics(*flags: object) -> dict[str, float]:
        return workplace("train", "--data", trained.clicks, "--model", "dcn-v2", *QUICKLY, "--json", *flags).json()[
            "test"
        ]

    assert test_metrics("--seed", 5) == test_metrics("--set", "seed=5")
    assert test_metrics("--seed", 5) != test_metrics("--seed", 6)


def test_an_inferred_schema_does_as_well_as_a_given_one(trained: Trained, workplace: Workplace) -> None:
    for table, model in ((trained.clicks, "fm"), (trained.histories, "din")):
        inferred = workplace("train", "--data", table, "--model", model, *QUICKLY, "--json").json()
        assert inferred["state"] == "done"
    assert inferred["test"].keys() >= {"gauc"}


def test_a_sample_trains_by_its_name(workplace: Workplace) -> None:
    answer = workplace("train", "--data", "planted-histories", "--model", "fm", *QUICKLY, "--json")
    assert answer.json()["dataset"].startswith("planted-histories-")


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_given_files_are_the_splits(trained: Trained, workplace: Workplace, suffix: str) -> None:
    train, valid, test = split_in_three(pl.read_parquet(trained.clicks), workplace.folder, suffix)
    files = ["--data", train, "--valid", valid, "--test", test]
    result = workplace("train", *files, "--label", "click", "--model", "fm", *QUICKLY, "--json").json()
    assert [result[split]["rows"] for split in ("train", "valid", "test")] == [720, 240, 240]
    on_test = workplace("evaluate", result["run"], "--data", test, "--json").json()
    assert {key: on_test[key] for key in METRICS} == pytest.approx(result["test"], abs=1e-6)
    assert "train" not in on_test
    without_test = workplace("train", *files[:4], "--model", "fm", "--label", "click", *QUICKLY, "--json").json()
    assert without_test["test"] is None
    only_test = workplace(
        "train", *files[:2], *files[4:], "--model", "fm", "--label", "click", *QUICKLY, "--json"
    ).json()
    assert [only_test[split]["rows"] for split in ("train", "valid", "test")] == [648, 72, 240]


def test_what_the_flags_say_of_columns_is_what_is_trained(trained: Trained, workplace: Workplace) -> None:
    frame = pl.read_parquet(trained.clicks).with_columns(
        answer=pl.when(pl.col("click") == 1).then(pl.lit("oui")).otherwise(pl.lit("non")),
        **{"visits, daily": pl.col("visits"), "when": pl.int_range(pl.len())},
    )
    frame.drop("click").write_csv(workplace.folder / "table.csv")
    result = workplace(
        *("train", "--data", workplace.folder / "table.csv", "--model", "fm", "--label", "answer"),
        *("--positive", "oui", "--ignore", 'weekday, "visits, daily"', "--ignore", "slot", "--categorical", "visits"),
        *("--numeric", "price", "--group", "site", "--time", "when", "--min-count", "5", *QUICKLY, "--json"),
    ).json()
    spec = json.loads((Path(result["folder"]) / "run.json").read_text())
    prepared = spec["preparation"]
    roles = {column["name"]: column["role"] for column in prepared["schema"]["columns"]}
    assert {name for name, role in roles.items() if role == "ignored"} >= {"weekday", "visits, daily", "slot"}
    assert (roles["answer"], roles["visits"], roles["price"]) == ("label", "categorical", "numeric")
    assert (prepared["schema"]["positive"], prepared["schema"]["group"]) == ("oui", "site")
    assert (prepared["min_count"], prepared["split"]["method"]) == (5, "time")
    assert "gauc" in result["test"]


def test_names_with_colons_are_found_in_a_sequence_flag(trained: Trained, workplace: Workplace) -> None:
    frame = pl.read_parquet(trained.histories)
    names = {"film": "film_id:token", "history": "film_id_list:token_seq", "click": "label:float"}
    frame.rename(names).write_csv(workplace.folder / "table.csv")
    result = workplace(
        *("train", "--data", workplace.folder / "table.csv", "--model", "din", "--label", "label:float"),
        *("--sequence", "film_id_list:token_seq:film_id:token", "--separator", "|", *QUICKLY, "--json"),
    ).json()
    first = workplace("attention", result["run"], "--data", workplace.folder / "table.csv", "--row", 0, "--json").json()
    assert first["groups"][0]["history"] == "film_id_list:token_seq"
    assert first["groups"][0]["candidate_field"] == "film_id:token"


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("a", ["a", "b"], ("a", None)),
        ("a:b", ["a", "b"], ("a", "b")),
        ("a:b", ["a", "b", "a:b"], ("a:b", None)),
        ("a:", ["a", "b"], ("a", None)),
        ("list:token:id:token", ["list:token", "id:token"], ("list:token", "id:token")),
        ("list:token:nowhere", ["list:token", "id:token"], ("list:token", "nowhere")),
        ("nowhere:id:token", ["list:token", "id:token"], ("nowhere", "id:token")),
        ("x:y:z", [], ("x:y", "z")),
    ],
)
def test_a_sequence_flag_is_cut_where_columns_stand_on_both_sides(
    text: str, columns: list[str], expected: tuple[str, str | None]
) -> None:
    assert split_sequence(text, columns) == expected


def test_control_c_stops_the_run_with_one_sentence(trained: Trained, workplace: Workplace) -> None:
    endless = [f"--set={setting}" for setting in ("epochs=10000", "patience=1000", "batch_size=64")]
    process = workplace.start("train", "--data", trained.clicks, "--model", "fm", *endless, "--json")
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(2)]
    assert lines[1].startswith("epoch   1"), lines
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    (run,) = workplace("runs", "--json").json()["runs"]
    assert err.splitlines()[-1] == f"Run {run['run']} was stopped; its best epoch is kept."
    assert all(line.startswith("epoch") for line in err.splitlines()[:-1])
    assert (run["state"], run["reason"]) == ("stopped", "Stopped by hand.")
    assert np.isfinite(run["test"]["auc"])


def test_it_runs_where_there_is_no_resource_module(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (_peak_rss_mb() or 0) > 10 or sys.platform == "win32"
    monkeypatch.setitem(sys.modules, "resource", None)
    assert _peak_rss_mb() is None


def test_output_that_nobody_reads_is_no_error(workplace: Workplace) -> None:
    process = workplace.start("samples", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


def test_a_terminal_without_unicode_gets_what_it_can_show(workplace: Workplace) -> None:
    lines = workplace.process("samples", PYTHONIOENCODING="ascii")
    assert lines.code == 0
    assert "000 rows" in lines.out


def test_the_help_of_sample_lists_every_setting_in_characters_of_any_terminal() -> None:
    told = settings_help()
    for generator in GENERATORS.values():
        assert all(f"  {described.name}: " in told for described in generator.settings.settings())
    assert "settings of planted-pairs" in told
    assert "settings of f1 to f10" in told
    assert "[0 to 0.4; default 0]" in told
    assert "[clicks, noise-free; default clicks]" in told
    assert told.isascii()


def test_help_is_no_error(workplace: Workplace) -> None:
    for arguments in (["--help"], ["train", "--help"], ["sample", "--help"]):
        with pytest.raises(SystemExit) as ended:
            workplace(*arguments)
        assert ended.value.code == 0
