"""A log of events, from the command line to a trained model: rows with histories, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ctr_app.data.store import DataSet, DatasetStore
from tests.paths import SHARED_DATA, needs_shared_data

from .conftest import QUICKLY
from .workplace import Workplace

MOVIELENS = SHARED_DATA / "movielens_100k"
LOG = "user,item,time,stars\n" + "\n".join(
    f"u{i % 11},i{(3 * (i % 11) + i * i % 9) % 30},{i // 2},{1 + i * 7 % 5}" for i in range(400)
)
ITEMS = "id,title,shelf\n" + "\n".join(f"i{i},Thing {i},s{i % 4}" for i in range(30))


def stored(workplace: Workplace, trained: dict[str, Any]) -> DataSet:
    return DatasetStore(workplace.folder / "data").get(trained["dataset"])


def schema(trained: dict[str, Any]) -> dict[str, Any]:
    return json.loads((Path(trained["folder"]) / "run.json").read_text())["preparation"]["schema"]


def test_a_log_becomes_rows_with_histories(workplace: Workplace) -> None:
    log, items = workplace.write("log.csv", LOG), workplace.write("items.csv", ITEMS)
    flags = ("--data", log, "--events", "user,item,time", "--click", "stars>=4", "--items", items)
    trained = workplace("train", *flags, "--model", "din", *QUICKLY, "--json").json()
    assert trained["state"] == "done"
    assert [trained[split]["rows"] for split in ("train", "valid", "test")] == [320, 40, 40]
    assert (schema(trained)["group"], schema(trained)["time"]) == ("user", "time")
    dataset = stored(workplace, trained)
    assert dataset.frame.columns == ["click", "user", "item", "time", "shelf", "history"]
    assert dataset.names()["item"]["i3"] == "Thing 3"
    assert not [path for path in workplace.stored() if "incoming" in path]


def test_clicks_stand_beside_items_that_were_never_touched(workplace: Workplace) -> None:
    log = workplace.write("log.csv", LOG)
    flags = ("--events", "--negatives", 2, "--negatives-by", "popularity", "--split", "last", "--history", "all")
    answer = workplace("train", "--data", log, *flags, "--history-length", 7, "--model", "din", *QUICKLY, "--json")
    trained = answer.json()
    assert [trained[split]["rows"] for split in ("train", "valid", "test")] == [3 * (400 - 22), 33, 33]
    assert schema(trained)["columns"][-1]["max_length"] == 7
    frame = stored(workplace, trained).frame
    assert frame["history"].list.len().max() == 7
    assert "stars" in frame.columns


def test_a_seed_draws_the_negatives(workplace: Workplace) -> None:
    log = workplace.write("log.csv", LOG)
    flags = ("train", "--data", log, "--events", "--negatives", 1, "--model", "fm", *QUICKLY, "--json")
    first, again, other = (stored(workplace, workplace(*flags, "--split-seed", seed).json()).id for seed in (1, 1, 2))
    assert first == again != other


def test_a_log_that_is_not_whole_is_told_of(workplace: Workplace) -> None:
    log = workplace.write("log.csv", LOG + "\n,i1,5,5\nu1,i1,soon,5\n")
    flags = ("--data", log, "--events", "user,item,time", "--click", "stars=4,5", "--model", "fm")
    answer = workplace("train", *flags, *QUICKLY)
    assert answer.code == 0
    assert "2 of 402 lines lack a user, an item, a time or a value." in answer.err


REFUSED: dict[str, tuple[list[str], str]] = {
    "no clicks": (["--events"], "Say it with --click COL>=NUMBER or --click COL=VALUE"),
    "no log": (["--click", "stars>=4"], "--click is about a log of events; say that it is one with --events."),
    "no log to join": (["--items", "items.csv"], "--items is about a log of events"),
    "two columns": (["--events", "user,item", "--negatives", "1"], "--events takes three columns"),
    "a column that is not there": (["--events", "user,thing,time", "--negatives", "1"], "no column thing"),
    "the same column twice": (["--events", "user,user,time", "--negatives", "1"], "must be three columns"),
    "no rule": (["--events", "--click", "stars"], "COL>=NUMBER or COL=VALUE,VALUE, not stars"),
    "no number": (["--events", "--click", "stars>=many"], "After stars>= stands a number, not many"),
    "a rule that no event meets": (
        ["--events", "--click", "stars>=9"],
        "By the rule stars>=9 none of the 400 events is a click",
    ),
    "a rule that every event meets": (["--events", "--click", "stars>=0"], "every one of the 400 events is a click"),
    "nothing said": ([], "looks like a log of events: build rows of it with --events"),
    "a user as the click": (["--events", "--click", "user=u1"], "Column user cannot tell the clicks"),
    "too many negatives": (["--events", "--negatives", "5000"], "between 0 and 1000, not 5000"),
    "no length": (["--events", "--negatives", "1", "--history-length", "0"], "between 1 and 1000 events long"),
    "another way to draw": (["--events", "--negatives", "1", "--negatives-by", "luck"], "invalid choice"),
    "another split": (["--events", "--negatives", "1", "--split", "equal"], "or random or group, not equal"),
    "a test file too": (["--events", "--negatives", "1", "--test", "log.csv"], "leave --valid and --test out"),
    "items of something else": (["--events", "--negatives", "1", "--items", "other.csv"], "has the values of item"),
    "items that are not there": (["--events", "--negatives", "1", "--items", "gone.csv"], "There is no file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_about_a_log_is_one_sentence_and_nothing_is_stored(
    workplace: Workplace, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace.folder)
    workplace.write("log.csv", LOG)
    workplace.write("items.csv", ITEMS)
    workplace.write("other.csv", "id,title\nx1,One\nx2,Two\n")
    flags, sentence = REFUSED[case]
    assert sentence in workplace("train", "--data", "log.csv", *flags, "--model", "fm").refusal()
    assert workplace.stored() == []


def test_a_table_that_is_no_log_is_asked_for_its_columns(workplace: Workplace) -> None:
    table = workplace.write("table.csv", LOG.replace("time", "who"))
    refusal = workplace("train", "--data", table, "--events", "--negatives", 1, "--model", "fm").refusal()
    assert "table.csv has the columns user, item, who, stars" in refusal
    assert "--events USER,ITEM,TIME" in refusal


@needs_shared_data
def test_din_trains_on_the_log_of_movielens(workplace: Workplace) -> None:
    files = ("--data", MOVIELENS / "ml-100k.inter", "--items", MOVIELENS / "ml-100k.item")
    small = ("--set", "epochs=1", "--set", "embedding_dim=8", "--threads", "1")
    trained = workplace("train", *files, "--events", "--click", "rating>=4", "--model", "din", *small, "--json").json()
    assert [trained[split]["rows"] for split in ("train", "valid", "test")] == [80_000, 10_000, 10_000]
    assert trained["test"]["auc"] > 0.6
    assert stored(workplace, trained).names()["item_id:token"]["50"] == "Star Wars"
