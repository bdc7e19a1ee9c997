"""What cannot be done is one sentence, exit code 2, and nothing on disk."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ctr_app.training import memory

from .conftest import QUICKLY, Trained
from .workplace import Workplace

ROWS = 60
GOOD = "click,item,price\n" + "\n".join(f"{i % 2},{'abc'[i % 3]},{i / 7:.2f}" for i in range(ROWS)) + "\n"
WITH_HISTORY = "click,item,past\n" + "\n".join(f"{i % 2},{'abc'[i % 3]},a|b|{'abc'[i % 3]}" for i in range(ROWS)) + "\n"
BY_TIME = "click,item,when\n" + "\n".join(f"{int(i < 30 and i % 2)},{'abc'[i % 3]},{i}" for i in range(ROWS)) + "\n"


def parquet(change: Callable[[bytes], bytes]) -> bytes:
    """A Parquet file with something wrong in its bytes."""
    buffer = io.BytesIO()
    pl.DataFrame({"click": [0, 1] * ROWS, "item": ["a", "b"] * ROWS}).write_parquet(buffer)
    return change(buffer.getvalue())


TABLES: dict[str, tuple[bytes | str, str]] = {
    "image.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG image"),
    "empty.csv": ("", "is empty"),
    "blank.csv": ("\n \n\n", "is empty"),
    "one-column.csv": ("click\n" + "0\n1\n" * ROWS, "only one column"),
    "one-row.csv": ("click,item\n1,a\n", "1 row"),
    "no-rows.csv": ("click,item\n", "no rows"),
    "three-values.csv": (GOOD.replace("\n1,c", "\n2,c"), "3 values"),
    "one-value.csv": (GOOD.replace("\n1,", "\n0,"), "nothing to tell apart"),
    "few-rows.csv": ("".join(GOOD.splitlines(keepends=True)[:8]), "at least 20"),
    "no-label.csv": (GOOD.replace("click", "clock").replace("\n1,c", "\n2,c"), "column click"),
    "half.parquet": (parquet(lambda content: content[: len(content) // 2]), "damaged Parquet"),
    "flipped.parquet": (parquet(lambda content: content[:60] + bytes(80) + content[140:]), "damaged Parquet"),
    "magic.parquet": (b"PAR1", "damaged Parquet"),
    "half.csv.gz": (b"\x1f\x8b\x08\x00" + bytes(20), "damaged"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_learned_from_is_refused(workplace: Workplace, name: str) -> None:
    content, why = TABLES[name]
    table = workplace.write(name, content)
    refusal = workplace("train", "--data", table, "--label", "click", "--model", "fm").refusal()
    assert why in refusal
    assert workplace.stored() == []


def test_a_model_that_does_not_fit_into_memory_is_refused(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = workplace.write("good.csv", GOOD)
    monkeypatch.setattr(memory, "free_memory", lambda _device: 10**6)
    refusal = workplace("train", "--data", table, "--label", "click", "--model", "dcn").refusal()
    assert "of memory and 1.00 MB is free; choose" in refusal
    assert workplace.stored() == []


FLAGS: dict[str, tuple[list[str], str]] = {
    "unknown model": (["--model", "deepfm"], "There is no model deepfm"),
    "unknown setting": (["--set", "layers=3"], "FM has no setting layers"),
    "setting of another model": (["--set", "cross=matrix"], "FM has no setting cross"),
    "value out of range": (["--set", "embedding_dim=0"], "Setting embedding_dim must be at least 1"),
    "value of the wrong kind": (["--set", "epochs=soon"], "Setting epochs needs a whole number"),
    "set without a value": (["--set", "epochs"], "--set takes key=value, not epochs"),
    "set without a name": (["--set", "=3"], "--set takes key=value, not =3"),
    "seed twice": (["--set", "seed=1", "--seed", "2"], "--set seed=1 contradicts --seed 2"),
    "seed below zero": (["--seed", "-1"], "Setting seed must be at least 0"),
    "setting against the model's name": (["--model", "dcn-v2", "--set", "cross=mix"], "contradicts --model dcn-v2"),
    "unknown device": (["--device", "abacus"], "“abacus” is no device's name; there are auto, "),
    "no threads": (["--threads", "0"], "--threads must be between"),
    "unknown label": (["--label", "clack"], "There is no column clack"),
    "unknown column to ignore": (["--ignore", "item,nowhere"], "There is no column nowhere"),
    "unknown group": (["--group", "nowhere"], "There is no column nowhere"),
    "unknown positive": (["--positive", "yes"], "never has the value yes"),
    "label as a number": (["--numeric", "click"], "Column click is the label"),
    "nothing left to read": (["--ignore", "item", "--ignore", "price"], "No column is left"),
    "history that is none": (["--sequence", "item", "--separator", "|"], "never occurs in column item"),
    "history of an unknown candidate": (["--sequence", "item:nowhere"], "There is no column nowhere"),
    "separator of nothing": (["--separator", ";"], "name its column with --sequence"),
    "rare values": (["--min-count", "0"], "--min-count must be at least 1"),
    "schema that is none": (["--schema", "nowhere.json"], "nowhere.json cannot be read"),
    "DIN without a history": (["--model", "din"], "DIN compares a history"),
    "unknown validation file": (["--valid", "nowhere.csv"], "nowhere.csv"),
    "unknown flag": (["--epochs", "3"], "Unrecognized arguments: --epochs 3"),
    "flag without a value": (["--label"], "Argument --label: expected one argument"),
    "flag of the wrong kind": (["--seed", "x"], "Argument --seed: invalid int value: 'x'"),
}


@pytest.mark.parametrize("what", FLAGS)
def test_flags_that_cannot_be_are_refused(workplace: Workplace, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.chdir(workplace.folder)
    flags, why = FLAGS[what]
    table = workplace.write("table.csv", GOOD)
    model = [] if "--model" in flags else ["--model", "fm"]
    label = [] if "--label" in flags else ["--label", "click"]
    assert why in workplace("train", "--data", table, *model, *label, *flags).refusal()
    assert workplace.stored() == []


@pytest.mark.parametrize("schema", ["", "[]", "null", "{}", '{"columns": [], "positive": "1"}', "\x00"])
def test_a_schema_file_that_is_none_is_refused(workplace: Workplace, schema: str) -> None:
    table, path = workplace.write("table.csv", GOOD), workplace.write("schema.json", schema)
    assert workplace("train", "--data", table, "--schema", path, "--model", "fm").refusal()
    assert workplace.stored() == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "The following arguments are required: COMMAND; see python -m ctr_app --help."),
        (["fly"], "invalid choice: 'fly'"),
        (["runs", "--loud"], "Unrecognized arguments: --loud"),
        (["train"], "The following arguments are required: --data, --model; see python -m ctr_app train --help."),
        (["train", "--data", "nowhere.csv", "--model", "fm"], "no known data set called nowhere.csv"),
        (["train", "--data", ".", "--model", "fm"], "is a folder"),
        (["train", "--data", "planted-nothing", "--model", "fm"], "planted-clicks, planted-histories"),
        (["train", "--data", "planted-clicks", "--model", "din"], "DIN compares a history"),
        (["train", "--data", "planted-clicks", "--test", "x.csv", "--model", "fm"], "leave --valid and --test out"),
        (["sample", "planted-nothing", "--out", "x"], "There is no sample planted-nothing"),
        (["sample", "planted-clicks", "--rows", "0", "--out", "x"], "rows, not 0"),
        (["sample", "planted-clicks", "--seed", "-1", "--out", "x"], "--seed must be between 0 and"),
        (["sample", "planted-clicks", "--rows", "200"], "required: --out"),
        (["sample", "planted-clicks", "--set", "noise=0", "--out", "x"], "no settings but its rows and its seed"),
        (["sample", "f1", "--rows", "9", "--out", "x"], "Setting rows must be at least 100, not 9."),
        (["sample", "f1", "--seed", "1", "--set", "seed=1", "--out", "x"], "Give seed once: by --seed, or by --set"),
        (["sample", "f1", "--set", "bin=4", "--out", "x"], "There is no setting bin; there are bins, rows"),
        (["sample", "f1", "--set", "bins", "--out", "x"], "--set takes key=value, not bins"),
        (["sample", "planted-pairs", "--set", "num_pairs=9", "--out", "x"], "need 18 fields; there are 12"),
        (["evaluate", "nowhere"], "There is no run nowhere"),
        (["interactions", "..", "--json"], "There is no run .."),
        (["predict", "nowhere", "--data", "x.csv", "--out", "y.csv"], "There is no run nowhere"),
        (["attention", "nowhere", "--data", "x.csv", "--row", "first"], "invalid int value: 'first'"),
    ],
)
def test_a_command_that_cannot_be_is_refused(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    monkeypatch.chdir(workplace.folder)
    assert why in workplace(*arguments).refusal()
    assert workplace.stored() == []
    assert not (workplace.folder / "x").exists()


def test_a_separator_that_never_occurs_is_refused(workplace: Workplace) -> None:
    table = workplace.write("table.csv", WITH_HISTORY)
    flags = ["--label", "click", "--sequence", "past:item", "--separator"]
    refusal = workplace("train", "--data", table, "--model", "din", *flags, ";").refusal()
    assert refusal.startswith("The separator “;” never occurs in column past")
    assert workplace.stored() == []
    assert workplace("train", "--data", table, "--model", "din", *flags, "|", *QUICKLY).code == 0


def test_a_split_that_cannot_be_made_is_refused(workplace: Workplace) -> None:
    table = workplace.write("table.csv", BY_TIME)
    flags = ["--label", "click", "--time", "when", "--ignore", "when"]
    assert "no clicks" in workplace("train", "--data", table, "--model", "fm", *flags).refusal()
    assert workplace.stored() == []


def test_a_refusal_leaves_an_earlier_data_set_as_it_was(workplace: Workplace) -> None:
    table = workplace.write("table.csv", WITH_HISTORY)
    train = ["train", "--data", table, "--label", "click"]
    assert workplace(*train, "--model", "fm", *QUICKLY).code == 0
    before = {name: (workplace.folder / name).read_bytes() for name in workplace.stored()}
    assert workplace(*train, "--model", "din", "--ignore", "past").refusal()
    assert {name: (workplace.folder / name).read_bytes() for name in workplace.stored()} == before


@pytest.mark.parametrize("out", ["file/below", "file"])
def test_a_sample_cannot_be_written_into_a_file(workplace: Workplace, out: str) -> None:
    workplace.write("file", "here")
    refusal = workplace("sample", "planted-clicks", "--rows", 200, "--out", workplace.folder / out).refusal()
    assert "cannot be written to" in refusal


@pytest.mark.parametrize("out", ["scored.xlsx", "scored", "file/below.csv", "folder.csv"])
def test_predictions_that_cannot_be_written_are_refused(trained: Trained, workplace: Workplace, out: str) -> None:
    workplace.write("file", "here")
    (workplace.folder / "folder.csv").mkdir()
    before = sorted(workplace.folder.rglob("*"))
    refusal = trained("predict", trained.id("fm"), "--data", trained.clicks, "--out", workplace.folder / out).refusal()
    assert str(workplace.folder / out) in refusal
    assert sorted(workplace.folder.rglob("*")) == before


def test_predictions_do_not_overwrite_their_table(trained: Trained, workplace: Workplace) -> None:
    table = workplace.write("table.parquet", trained.clicks.read_bytes())
    (workplace.folder / "link.parquet").symlink_to(table)
    for out in (table, workplace.folder / "link.parquet"):
        assert "is the table itself" in trained("predict", trained.id("fm"), "--data", table, "--out", out).refusal()
    assert table.read_bytes() == trained.clicks.read_bytes()


def test_runs_that_cannot_be_stored_leave_no_data_set(workplace: Workplace) -> None:
    table, file = workplace.write("table.csv", GOOD), workplace.write("file", "here")
    refusal = workplace("train", "--data", table, "--label", "click", "--model", "fm", "--runs", file).refusal()
    assert str(file) in refusal
    assert workplace.stored() == []


def test_a_table_without_the_runs_columns_is_refused(trained: Trained, workplace: Workplace) -> None:
    table, out = workplace.write("table.csv", GOOD), workplace.folder / "out.csv"
    for command in (["evaluate"], ["predict", "--out", out]):
        refusal = trained(command[0], trained.id("fm"), "--data", table, *command[1:]).refusal()
        assert refusal.startswith("The table lacks ")
    assert not out.exists()


def test_a_damaged_model_is_refused(trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained.workplace.folder / "runs" / trained.id("fm"), folder)
    (folder / "best.safetensors").write_bytes(b"nothing")
    assert "cannot be read" in trained("interactions", folder).refusal()
    (folder / "best.safetensors").unlink()
    assert "no finished epoch" in trained("interactions", folder).refusal()
    (folder / "run.json").write_text("{")
    assert "run.json" in trained("interactions", folder).refusal()


@pytest.mark.parametrize("name", ["image.csv", "flipped.parquet"])
def test_a_process_of_its_own_says_no_more(workplace: Workplace, name: str) -> None:
    table = workplace.write(name, TABLES[name][0])
    assert TABLES[name][1] in workplace.process("train", "--data", table, "--model", "fm", "--json").refusal()
    assert workplace.stored() == []
