"""names: values of a run's data get names from a table."""

from __future__ import annotations

import shutil

import polars as pl

from .conftest import Trained
from .workplace import Workplace


def test_a_table_names_the_items_of_a_history(trained: Trained, workplace: Workplace) -> None:
    shutil.copytree(trained.workplace.folder, workplace.folder, dirs_exist_ok=True)
    run = trained.id("din")

    def items() -> list[dict[str, str]]:
        answer = workplace("attention", run, "--data", trained.histories, "--row", 0, "--json").json()
        return [item for group in answer["groups"] for item in group["items"]]

    films = pl.read_parquet(trained.histories)["film"].unique().sort().to_list()
    lines = [f"{film}\tThe {film}\t{'ab'[place % 2]}" for place, film in enumerate(films)]
    table = workplace.write("films.tsv", "\n".join(["film\ttitle\tkind", *lines]))
    asked = ("names", run, "--field", "film", "--table", table)
    told = workplace(*asked, "--json").json()
    assert (told["names"], told["kinds"]) == (len(films), ["kind"])
    assert [item["name"] for item in items()] == [f"The {item['value']}" for item in items()]
    assert workplace(*asked).out.startswith(f"{len(films)} names for film in ")


def test_what_names_nothing_is_refused(trained: Trained) -> None:
    run = trained.id("din")
    assert (
        "There is no file nowhere.csv." in trained("names", run, "--field", "film", "--table", "nowhere.csv").refusal()
    )
    refusal = trained("names", run, "--field", "click", "--table", "nowhere.csv").refusal()
    assert "There is no categorical field click; there are " in refusal
