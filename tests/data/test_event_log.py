"""Histories hold the past and nothing but the past; rules for clicks; what a log lacks is counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.errors import InputError
from ctr_app.data.event_log import ClickRule, EventColumns, EventLog, known_column, parse_rule, past_of, read_log

COLUMNS = EventColumns("user", "item", "time")
RATED = ClickRule("rating", at_least=4.0)

Event = tuple[str, str, int, int]
few_events = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcdef"), st.integers(0, 6), st.integers(1, 5)),
    min_size=1,
    max_size=40,
)


def table(events: list[Event]) -> pl.DataFrame:
    return pl.DataFrame(events, schema=["user", "item", "time", "rating"], orient="row")


def histories(log: EventLog, may_be_in: np.ndarray, length: int) -> dict[int, list[str]]:
    """The items in the history of each event, by the event's row in the table."""
    past = past_of(log, may_be_in, length)
    found = {}
    for event, row in enumerate(log.rows):
        events = past.pool[past.start[event] : past.start[event] + past.length[event]]
        found[int(row)] = [log.item_values[int(log.items[e])] for e in events]
    return found


def obvious_history(events: list[Event], row: int, liked_only: bool, length: int) -> list[str]:
    """What the user of that row had done before, by looking at each event."""
    user, _, now, _ = events[row]
    past = [
        (time, place, item)
        for place, (who, item, time, rating) in enumerate(events)
        if who == user and time < now and (rating >= 4 or not liked_only)
    ]
    return [item for _, _, item in sorted(past)][-length:]


@given(few_events, st.booleans(), st.integers(1, 5))
def test_a_history_is_what_its_user_did_at_an_earlier_moment(
    events: list[Event], liked_only: bool, length: int
) -> None:
    log = read_log(table(events), COLUMNS, RATED)
    found = histories(log, log.clicks if liked_only else np.ones(len(log), bool), length)
    assert found == {row: obvious_history(events, row, liked_only, length) for row in range(len(events))}


@given(few_events)
def test_events_come_in_the_order_of_time_and_of_the_table(events: list[Event]) -> None:
    log = read_log(table(events), COLUMNS, RATED)
    assert log.rows.tolist() == sorted(range(len(events)), key=lambda row: (events[row][2], row))
    assert [log.user_values[int(u)] for u in log.users] == [events[row][0] for row in log.rows]
    assert [log.item_values[int(i)] for i in log.items] == [events[row][1] for row in log.rows]
    assert log.clicks.tolist() == [events[row][3] >= 4 for row in log.rows]


def test_events_of_one_moment_are_not_each_others_past() -> None:
    log = read_log(table([("u", "a", 1, 5), ("u", "b", 1, 5), ("u", "c", 2, 5)]), COLUMNS, RATED)
    assert histories(log, log.clicks, 50) == {0: [], 1: [], 2: ["a", "b"]}


def test_rows_without_a_user_an_item_a_time_or_a_rating_are_left_out_and_counted() -> None:
    frame = pl.DataFrame(
        {
            "user": ["u", None, "u", "u", "u", "u"],
            "item": ["a", "a", None, "b", "c", "d"],
            "time": ["1", "2", "3", "soon", "5", "6"],
            "rating": ["5", "5", "5", "5", None, "1"],
        }
    )
    log = read_log(frame, COLUMNS, RATED)
    assert (log.left_out, log.rows.tolist()) == (4, [0, 5])
    assert histories(log, log.clicks, 50) == {0: [], 5: ["a"]}
    assert read_log(frame, COLUMNS, None).left_out == 3


def test_times_may_be_dates_as_text() -> None:
    days = ["2024-03-01", "2023-01-01", "2024-03-02"]
    log = read_log(pl.DataFrame({"user": ["u"] * 3, "item": ["a", "b", "c"], "time": days}), COLUMNS, None)
    assert log.rows.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("columns", "rule", "sentence"),
    [
        (EventColumns("who", "item", "time"), None, "There is no column who; the table has user, item, time, rating."),
        (COLUMNS, ClickRule("stars", at_least=4), "There is no column stars"),
        (EventColumns("user", "user", "time"), None, "must be three columns, not user, user, time"),
        (COLUMNS, ClickRule("item", values=("a",)), "Column item cannot tell the clicks"),
    ],
)
def test_columns_that_are_not_there_or_are_two_things_are_refused(
    columns: EventColumns, rule: ClickRule | None, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        read_log(table([("u", "a", 1, 5)]), columns, rule)


def test_a_log_without_one_whole_event_is_refused() -> None:
    frame = pl.DataFrame({"user": [None, "u"], "item": ["a", "b"], "time": [1, None]})
    with pytest.raises(InputError, match="No row has a user in user, an item in item and a time in time"):
        read_log(frame, COLUMNS, None)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rating>=4", ClickRule("rating:float", at_least=4.0)),
        (" rating:float >= 3.5 ", ClickRule("rating:float", at_least=3.5)),
        ("action=buy", ClickRule("action", values=("buy",))),
        ("action = buy, cart", ClickRule("action", values=("buy", "cart"))),
        ("a=b=c", ClickRule("a=b", values=("c",))),
        ("a=>=x", ClickRule("a", values=(">=x",))),
    ],
)
def test_a_rule_is_read_as_it_is_written(text: str, rule: ClickRule) -> None:
    columns = ["rating:float", "action", "a=b"] if text.startswith("a=b") else ["rating:float", "action", "a"]
    assert parse_rule(text, columns) == rule
    assert parse_rule(str(rule), columns) == rule


@pytest.mark.parametrize("text", ["", "rating", "stars>=4", ">=4", "rating>=many", "rating<4"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_rule(text, ["rating"])


def test_a_column_may_be_named_without_its_type_where_that_is_plain() -> None:
    assert known_column("rating", ["rating:float", "item"]) == "rating:float"
    assert known_column("rating", ["rating:float", "rating:token"]) is None
    assert known_column("rating", ["rating", "rating:token"]) == "rating"


def test_actions_are_clicks_by_their_values() -> None:
    actions = pl.Series("action", ["buy", "view", None, "cart"])
    assert ClickRule("action", values=("buy", "cart")).labels(actions).to_list() == [True, False, None, True]
    assert ClickRule("n", values=("3.0",)).labels(pl.Series([3, 4])).to_list() == [True, False]
