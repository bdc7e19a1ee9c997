"""A log of events, uploaded as a person uploads it, becomes a data set with histories in three choices."""

from __future__ import annotations

import pytest

from ctr_app.data.store import DatasetStore
from tests.paths import SHARED_DATA, needs_shared_data

from .screen import PATIENCE_MS, Screen, expect

pytestmark = [pytest.mark.browser, needs_shared_data]
MOVIELENS = SHARED_DATA / "movielens_100k"


def test_movielens_becomes_histories_in_three_choices(screen: Screen) -> None:
    screen.open("data")
    screen.upload(MOVIELENS / "ml-100k.inter")
    expect(screen.key("events-build")).to_be_visible(timeout=PATIENCE_MS)
    screen.see("55 375 of them clicks (55.4%)")
    screen.upload(MOVIELENS / "ml-100k.item", "events-items")
    screen.see("names are in movie_title")
    screen.settle()
    assert "Pulp Fiction" in screen.chart("What some users did before").inner_text()
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
