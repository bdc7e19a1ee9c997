"""A log of events, uploaded as a person uploads it, becomes a data set with histories in three choices."""

from __future__ import annotations

import pytest

from ctr_app.data.store import DatasetStore
from tests.paths import SHARED_DATA, needs_shared_data

from .screen import PATIENCE_MS, Screen, expect

pytestmark = pytest.mark.browser
MOVIELENS = SHARED_DATA / "movielens_100k"


@needs_shared_data
def test_movielens_becomes_histories_in_three_choices(screen: Screen) -> None:
    screen.open("data")
    screen.upload(MOVIELENS / "ml-100k.inter")
    expect(screen.key("events-build")).to_be_visible(timeout=PATIENCE_MS)
    screen.see("55 375 of them clicks (55.4%)")
    screen.upload(MOVIELENS / "ml-100k.item", "events-items")
    screen.see("names are in movie_title")
    screen.settle()
    expect(screen.chart("What some users did before")).to_contain_text("Pulp Fiction")
    screen.press("events-build")
    expect(screen.key("data-accept")).to_be_visible(timeout=PATIENCE_MS)
    screen.settle()
    assert screen.alerts() == []
    screen.press("data-accept")
    screen.page.wait_for_url("**/train")
    screen.settle()
    (dataset,) = [found for found in DatasetStore(screen.server.data).list() if found.name == "ml-100k.inter"]
    assert dataset.preparation is not None
    assert dataset.preparation.schema.column("history").candidate == "item_id:token"
    assert dataset.names()["item_id:token"]["1"] == "Toy Story"
    screen.key("train-family").get_by_text("DIN", exact=True).click()
    expect(screen.key("train-start").locator("button")).to_be_enabled(timeout=PATIENCE_MS)
    assert screen.alerts() == []


def test_names_and_titles_that_are_code_stay_text(screen: Screen) -> None:
    user, item, when, stars = "user ![x](http://evil.example/a.png)", "item.b[0] <b>c</b>", "time `x`", "stars: :red[y]"
    lines = [f"u{i % 7},i{i * i % 31},{i // 2},{1 + i % 5}" for i in range(300)]
    log = "\n".join([",".join((user, item, when, stars)), *lines])
    titles = [f'i{i},"<img src=""http://evil.example/b{i}.png""> a.b[{i}] $x$ {{z}}"' for i in range(31)]
    screen.open("data")
    screen.upload({"name": "log.csv", "mimeType": "text/csv", "buffer": log.encode()})
    expect(screen.key("events-build")).to_be_visible(timeout=PATIENCE_MS)
    items = "\n".join(["number,title of <i>it</i>", *titles])
    screen.upload({"name": "items.csv", "mimeType": "text/csv", "buffer": items.encode()}, "events-items")
    screen.see("names are in title of <i>it</i>")
    screen.settle()
    expect(screen.chart("What some users did before")).to_contain_text("<img")
    screen.press("events-build")
    expect(screen.key("data-accept")).to_be_visible(timeout=PATIENCE_MS)
    screen.settle()
    assert screen.alerts() == []
