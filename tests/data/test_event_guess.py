"""Logs are known by the names of their columns, or by what columns without names hold."""

from __future__ import annotations

import polars as pl
import pytest

from ctr_app.data.event_guess import guess_events, guess_rule, rule_for
from ctr_app.data.event_log import ClickRule, EventColumns
from ctr_app.data.reading import read_table
from tests.paths import SHARED_DATA, needs_shared_data


def rows(template: str, header: str = "", count: int = 200) -> pl.DataFrame:
    """A table of templates over the row's number i."""
    lines = [template.format(i=i, u=i % 40, m=i * 7 % 90, five=1 + i % 5, t=880_000_000 + 17 * i) for i in range(count)]
    frame = read_table("\n".join([header, *lines] if header else lines).encode(), "log").frame
    return frame.head(frame.height)


@pytest.mark.parametrize(
    ("header", "template", "found"),
    [
        ("user_id\titem_id\trating\ttimestamp", "{u}\t{m}\t{five}\t{t}", ("user_id", "item_id", "timestamp")),
        ("userId,movieId,rating,timestamp", "{u},{m},{five}.0,{t}", ("userId", "movieId", "timestamp")),
        ("timestamp,visitorid,event,itemid", "{t}000,{u},view,{m}", ("visitorid", "itemid", "timestamp")),
        (
            "event_time,event_type,product_id,price,user_id",
            "2019-10-01 00:{u:02}:{five:02} UTC,view,{m},{five}.99,{u}",
            ("user_id", "product_id", "event_time"),
        ),
        ("uid,sku,day", "{u},{m},{five}", None),
        ("", "{u}\t{m}\t{five}\t{t}", ("column_1", "column_2", "column_4")),
        ("", "{u}::{m}::{five}::{t}", ("column_1", "column_2", "column_4")),
        ("", "{u},{m},{five},pv,{t}000", ("column_1", "column_2", "column_5")),
        ("age,city,income,day", "{u},{m},{five},{i}", None),
        ("user,item,rating", "{u},{m},{five}", None),
    ],
)
def test_logs_as_people_have_them(header: str, template: str, found: tuple[str, str, str] | None) -> None:
    assert guess_events(rows(template, header)) == (EventColumns(*found) if found else None)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([1, 2, 3, 4, 5], ClickRule("value", at_least=4.0)),
        (["0.5", "1.0", "3.5", "4.0", "5.0"], ClickRule("value", at_least=4.0)),
        (list(range(1, 11)), ClickRule("value", at_least=8.0)),
        ([0, 1, 1, None], ClickRule("value", at_least=1.0)),
        (["view"] * 5 + ["addtocart"] * 2 + ["transaction"], ClickRule("value", values=("transaction",))),
        (["pv"] * 5 + ["fav"] * 2 + ["buy", "cart"], ClickRule("value", values=("buy",))),
        (["seen"] * 5 + ["kept"] * 2, ClickRule("value", values=("kept",))),
    ],
)
def test_what_might_be_a_click_is_guessed_from_the_values(values: list[object], rule: ClickRule) -> None:
    assert rule_for(pl.Series("value", values)) == rule


def test_the_column_that_tells_the_clicks_is_the_one_called_so_or_one_of_few_values() -> None:
    columns = EventColumns("user", "item", "time")
    frame = rows("{u},{m},{t},{i},{five},{five}", "user,item,time,price,shelf,stars")
    assert guess_rule(frame, columns) == ClickRule("stars", at_least=4.0)
    assert guess_rule(frame.drop("stars"), columns) == ClickRule("shelf", at_least=4.0)
    assert guess_rule(frame.drop("stars", "shelf"), columns) is None


@needs_shared_data
def test_the_log_of_movielens_is_known_and_its_other_tables_are_none() -> None:
    folder = SHARED_DATA / "movielens_100k"
    log = read_table(folder / "ml-100k.inter").frame
    columns = EventColumns("user_id:token", "item_id:token", "timestamp:float")
    assert guess_events(log) == columns
    assert guess_rule(log, columns) == ClickRule("rating:float", at_least=4.0)
    for other in ("ml-100k.item", "ml-100k.user"):
        assert guess_events(read_table(folder / other).frame) is None
