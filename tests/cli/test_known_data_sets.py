"""samples and download."""

from __future__ import annotations

import signal

import pytest

from ctr_app.data.catalogue import REAL_DATA_SETS, SAMPLES
from ctr_app.data.downloading import file_size
from ctr_app.data.schema import Role
from ctr_app.training.run_store import RunStore
from tests import published
from tests.paths import SHARED_DATA, needs_shared_data
from tests.publisher import Publisher

from .conftest import QUICKLY
from .workplace import Workplace

NAME = "movielens-100k"
ADDED = {"kind", "here", "bytes", "url", "licence", "licence_url", "citation"}


def test_real_data_sets_are_listed_with_size_and_licence(workplace: Workplace) -> None:
    listed = {sample["name"]: sample for sample in workplace("samples", "--json").json()["samples"]}
    assert set(REAL_DATA_SETS) < set(listed)
    for name, sample in listed.items():
        assert sample.keys() == {"name", "title", "description", "rows", "truth"} | ADDED
        assert sample["kind"] == ("real" if name in REAL_DATA_SETS else "planted")
        assert (sample["licence"] is None) == (sample["kind"] == "planted") == sample["truth"] == sample["here"]
    lines = workplace("samples").out.splitlines()
    assert len(lines) == len(listed)
    assert "4.9 MB to download" in next(line for line in lines if line.startswith(NAME))
    assert workplace.stored() == []


@pytest.mark.usefixtures("publisher")
def test_download_says_what_is_allowed_and_then_the_name_can_be_trained_on(workplace: Workplace) -> None:
    not_here = workplace("train", "--data", NAME, "--model", "fm", *QUICKLY).refusal()
    assert not_here.startswith("MovieLens 100K is not here yet; fetch it with python -m ctr_app download")
    assert workplace.stored() == []
    answer = workplace("download", NAME, "--json")
    result, known = answer.json(), REAL_DATA_SETS[NAME]
    assert result["rows"] == len(published.made_up_ratings())
    said = answer.err.splitlines()
    assert said[0].startswith("MovieLens 100K: 100\u2009000 rows, ")
    assert said[1:3] == [f"Licence: {known.licence} {known.licence_url}", f"Please cite: {known.citation}"]
    whole = file_size(len(published.ml_100k()))
    assert said[-1] == f"{whole} of {whole}"
    here = [sample["name"] for sample in workplace("samples", "--json").json()["samples"] if sample["here"]]
    assert here == [*SAMPLES, NAME]
    trained = workplace("train", "--data", NAME, "--model", "fm", *QUICKLY, "--json").json()
    assert trained["dataset"] == result["dataset"]
    assert trained["train"]["gauc"] is not None
    row = workplace("evaluate", trained["run"], "--data", NAME, "--json").json()
    assert row["test"]["rows"] == trained["test"]["rows"]


def test_a_download_that_fails_is_one_sentence(workplace: Workplace, publisher: Publisher) -> None:
    publisher.status = 404
    answer = workplace("download", NAME)
    assert answer.code == 2
    assert answer.err.splitlines()[-1] == (
        f"127.0.0.1 does not give the file out (answer 404). You can also fetch {publisher.url}/ml-100k.zip yourself "
        f"and put it at {workplace.folder / 'data' / 'downloads' / 'ml-100k.zip'}."
    )


def test_a_name_that_nobody_publishes_is_refused(workplace: Workplace) -> None:
    said = workplace("download", "planted-clicks").refusal()
    assert said.startswith("There is no data set planted-clicks to download; there are movielens-100k,")


@needs_shared_data
def test_a_file_put_there_by_hand_is_used(workplace: Workplace) -> None:
    downloads = workplace.folder / "data" / "downloads"
    downloads.mkdir(parents=True)
    (downloads / "criteo_sample.txt").write_bytes((SHARED_DATA / "criteo" / "criteo_sample_200.csv").read_bytes())
    answer = workplace.process("download", "criteo-sample", "--json")
    assert answer.json()["rows"] == 200
    predicted = workplace("train", "--data", "criteo-sample", "--model", "dcn-v2", *QUICKLY, "--json").json()
    assert predicted["test"]["rows"] == 20


@pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="no signals to raise here")
def test_an_interrupted_download_says_that_it_goes_on_from_there(
    workplace: Workplace, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ctr_app.cli import known

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(known._Tenths, "__call__", interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
    try:
        answer = workplace("download", NAME)
    finally:
        signal.signal(signal.SIGINT, before)
    assert answer.code == 130
    assert answer.err.splitlines()[-1] == (
        "Interrupted; what has come of MovieLens 100K is kept, and the same command goes on from there."
    )
    assert publisher.asked


@pytest.mark.usefixtures("publisher")
def test_what_is_said_of_columns_leaves_the_rest_as_it_is_known(workplace: Workplace) -> None:
    workplace("download", NAME)
    flags = ("--ignore", "gender", "--sequence", "history:movie_id")
    trained = workplace("train", "--data", NAME, "--model", "din", *flags, *QUICKLY, "--json").json()
    spec = RunStore(workplace.folder / "runs").get(trained["run"]).spec()
    schema = spec.preparation.schema
    assert schema.column("gender").role is Role.IGNORED
    assert {column.name for column in schema.fields} == {
        *("year", "age", "user_id", "movie_id", "occupation", "genres", "history"),
    }
    assert spec.preparation.split.method == "time"


@pytest.mark.parametrize("flags", [("--events", "a,b,c"), ("--valid", "valid.csv"), ("--test", "test.csv")])
def test_a_known_data_set_has_its_rows_and_its_split_already(workplace: Workplace, flags: tuple[str, str]) -> None:
    said = workplace("train", "--data", NAME, "--model", "fm", *flags).refusal()
    assert said.startswith(f"{NAME} ")
    assert f"leave {flags[0]}" in said or f"and {flags[0]} out" in said
