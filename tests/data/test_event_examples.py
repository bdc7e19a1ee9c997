"""Rows to look at before they are built: of different users, with a whole line of history where there is one."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.event_examples import example_rows, moment
from ctr_app.data.event_log import ClickRule, EventColumns, read_log
from ctr_app.data.event_plan import EventPlan
from ctr_app.data.event_rows import past_for
from ctr_app.data.events import rows_of

COLUMNS = EventColumns("user", "item", "time")
PLAN = EventPlan(COLUMNS, ClickRule("rating", at_least=4.0), history_of="all")
DAY = 24 * 3600

Event = tuple[str, str, int, int]


def examples(events: list[Event], shown: int = 3):
    frame = pl.DataFrame(events, schema=["user", "item", "time", "rating"], orient="row")
    log = read_log(frame, COLUMNS, PLAN.click)
    return example_rows(log, rows_of(log, PLAN)[0], past_for(log, PLAN), shown=shown)


def test_a_row_shows_its_latest_events_and_how_many_were_before_them() -> None:
    start = 881250949
    events = [("u", f"i{day}", start + day * DAY, 5) for day in range(5)]
    (row,) = examples([*events, ("v", "i0", start, 1)], shown=3)
    assert (row.user, row.is_click) == ("u", True)
    last = int(row.candidate[0][1:])
    assert [item for item, _ in row.history] == [f"i{day}" for day in range(last - 3, last)]
    assert row.earlier == last - 3
    assert row.candidate[1] == f"{4 + last} Dec 1997"


def test_rows_are_of_different_users_and_clicks_and_others_in_turn() -> None:
    events = [(f"u{i % 5}", f"i{i}", i, 1 + 4 * (i // 5 % 2)) for i in range(100)]
    rows = examples(events)
    assert len({row.user for row in rows}) == 3
    assert [row.is_click for row in rows] == [True, False, True]
    assert all(len(row.history) == 3 for row in rows)


def test_a_log_without_any_past_has_rows_all_the_same() -> None:
    rows = examples([("u", "a", 1, 5), ("v", "b", 1, 1)])
    assert [(row.user, row.history, row.is_click) for row in rows] == [("u", (), True), ("v", (), False)]


few_events = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcdef"), st.integers(0, 9), st.integers(1, 5)),
    min_size=1,
    max_size=30,
)


@given(few_events)
def test_every_log_has_examples(events: list[Event]) -> None:
    rows = examples([*events, ("x", "a", 0, 1), ("x", "b", 0, 5)])
    assert 1 <= len(rows) <= 3
    assert len({row.user for row in rows}) == len(rows)


def test_moments_are_dates_where_they_count_from_1970() -> None:
    times = (881250949.0, 881250949e3, 881250949e6, 17.0, 1.5, 20240101.0)
    assert [moment(time) for time in times] == ["4 Dec 1997", "4 Dec 1997", "4 Dec 1997", "17", "1.5", "20240101"]
