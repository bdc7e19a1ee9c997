"""Rows built of a log: their histories, labels, negatives, splits, fields of items and users, and what is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data import event_rows
from ctr_app.data.errors import InputError
from ctr_app.data.event_log import ClickRule, EventColumns
from ctr_app.data.event_plan import EventPlan
from ctr_app.data.events import BuiltRows, build
from ctr_app.data.reading import ReadOptions, Table, read_table
from ctr_app.data.schema import Role
from ctr_app.data.side_tables import side_table
from ctr_app.data.splitting import split_table
from ctr_app.data.store import DatasetStore, Preparation

COLUMNS = EventColumns("user", "item", "time")
RATED = EventPlan(COLUMNS, ClickRule("rating", at_least=4.0))
SAMPLED = EventPlan(COLUMNS, negatives=3)

Event = tuple[str, str, int, int]
few_events = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcdef"), st.integers(0, 9), st.integers(1, 5)),
    min_size=1,
    max_size=40,
)


def log_of(events: list[Event], **columns: list[object]) -> Table:
    frame = pl.DataFrame(events, schema=["user", "item", "time", "rating"], orient="row").with_columns(
        pl.Series(name, values) for name, values in columns.items()
    )
    return Table(frame, "log.csv", f"hash of {events}", "CSV")


def rows_of(built: BuiltRows) -> list[dict[str, object]]:
    """All rows, train before valid before test, each with the name of its split."""
    return [
        row | {"split": split}
        for split, table in built.tables.items()
        for row in table.frame.slice(0, table.frame.height).iter_rows(named=True)
    ]


def many_events() -> list[Event]:
    """400 events of seven users and 22 items, of which each touches a few."""
    return [(f"u{i % 7}", f"i{(3 * (i % 7) + i * i % 9) % 22}", i // 3, 1 + i % 5) for i in range(400)]


def test_each_event_is_a_row_with_its_history_and_its_label() -> None:
    events = [
        ("u", "a", 1, 5),
        ("v", "b", 1, 4),
        ("u", "c", 2, 3),
        ("u", "d", 3, 4),
        ("u", "e", 3, 5),
        ("u", "f", 4, 1),
    ]
    built = build(log_of(events), RATED)
    rows = rows_of(built)
    assert [row["history"] for row in rows] == [[], [], ["a"], ["a"], ["a"], ["a", "d", "e"]]
    assert [row["click"] for row in rows] == [1, 1, 0, 1, 1, 0]
    assert "rating" not in rows[0]
    every = rows_of(build(log_of(events), replace(RATED, history_of="all")))
    assert [row["history"] for row in every] == [[], [], ["a"], ["a", "c"], ["a", "c"], ["a", "c", "d", "e"]]


@settings(max_examples=40, deadline=None)
@given(few_events, st.sampled_from(["clicks", "all"]), st.integers(1, 4), st.integers(0, 3))
def test_no_history_knows_the_future_of_its_row(
    events: list[Event], history_of: str, length: int, negatives: int
) -> None:
    plan = replace(RATED, history_of=history_of, max_length=length, negatives=negatives)
    try:
        rows = rows_of(build(log_of(events), plan))
    except InputError:
        return
    for row in rows:
        past = [
            (time, place, item)
            for place, (user, item, time, rating) in enumerate(events)
            if user == row["user"] and time < row["time"] and (history_of == "all" or rating >= 4)
        ]
        assert row["history"] == [item for _, _, item in sorted(past)][-length:]


@settings(max_examples=40, deadline=None)
@given(few_events, st.sampled_from(["uniform", "popularity"]), st.integers(1, 4))
def test_beside_each_click_stand_items_that_its_user_never_touched(events: list[Event], by: str, count: int) -> None:
    touched = {user: {item for who, item, _, _ in events if who == user} for user, _, _, _ in events}
    every = {item for _, item, _, _ in events}
    clicks = [event for event in events if event[3] >= 4 and touched[event[0]] != every]
    plan = replace(RATED, negatives=count, negatives_by=by)
    if not clicks:
        with pytest.raises(InputError, match="No negative can be drawn"):
            build(log_of(events), plan)
        return
    rows = rows_of(build(log_of(events), plan))
    assert [row["click"] for row in rows] == [1, *[0] * count] * len(clicks)
    groups = [rows[at : at + 1 + count] for at in range(0, len(rows), 1 + count)]
    assert sorted((g[0]["user"], g[0]["item"], g[0]["time"]) for g in groups) == sorted(c[:3] for c in clicks)
    for click, *drawn in groups:
        for row in drawn:
            assert row["item"] not in touched[str(row["user"])]
            assert row | {"item": None, "click": None} == click | {"item": None, "click": None}


def test_users_who_have_touched_everything_are_counted_and_told() -> None:
    events = [("u", item, time, 5) for time, item in enumerate("abc")] + [("v", "a", 9, 5), ("v", "b", 10, 1)]
    built = build(log_of(events), replace(RATED, negatives=2))
    assert {row["user"] for row in rows_of(built)} == {"v"}
    assert {row["item"] for row in rows_of(built) if row["click"] == 0} == {"c"}
    assert [str(note) for note in built.notes] == [
        "Events that are no clicks (1) make no rows; rows without a click are drawn instead.",
        "Users who have touched every item (1) leave none to draw; their clicks (3) are left out.",
    ]


def test_the_last_event_of_each_user_tests_and_the_one_before_it_validates() -> None:
    events = [
        ("u", "a", 3, 5),
        ("u", "b", 1, 5),
        ("u", "c", 3, 5),
        ("u", "d", 2, 5),
        ("v", "a", 1, 5),
        ("v", "b", 1, 5),
    ]
    built = build(log_of([*events, ("w", "e", 9, 1)]), replace(SAMPLED, split="last", negatives=2))
    assert built.split.method == "files"
    found = [(row["split"], row["user"], row["item"]) for row in rows_of(built) if row["click"]]
    assert found == [
        ("train", "u", "b"),
        ("train", "v", "a"),
        ("train", "v", "b"),
        ("train", "u", "d"),
        ("train", "w", "e"),
        ("valid", "u", "a"),
        ("test", "u", "c"),
    ]
    assert [row["split"] for row in rows_of(built)].count("test") == 3


@pytest.mark.parametrize(("least", "what"), [(0.0, "every one"), (6.0, "none")])
def test_a_rule_that_all_or_no_events_meet_is_refused(least: float, what: str) -> None:
    with pytest.raises(InputError, match=f"By the rule rating>={least:g} {what} of the 400 events is a click"):
        build(log_of(many_events()), replace(RATED, click=ClickRule("rating", at_least=least)))


def test_where_no_user_has_three_events_none_can_give_the_last_away() -> None:
    with pytest.raises(InputError, match="No user has 3 events"):
        build(log_of([("u", "a", 1, 5), ("v", "b", 2, 1)]), replace(RATED, split="last"))


def test_long_logs_are_written_in_chunks_and_the_rows_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows_of(build(log_of(many_events()), SAMPLED))
    monkeypatch.setattr(event_rows, "CHUNK_ROWS", 7)
    shares: list[float] = []
    assert rows_of(build(log_of(many_events()), SAMPLED, progress=shares.append)) == whole
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (-(-len(whole) // 7), 1.0)


def test_the_same_rows_have_the_same_name_and_others_another() -> None:
    first, again, other = (
        build(log_of(many_events()), plan).tables["train"] for plan in (RATED, RATED, replace(RATED, max_length=3))
    )
    assert first.content_hash == again.content_hash != other.content_hash


def test_the_files_of_the_rows_go_when_the_rows_go(data_root: Path) -> None:
    built = build(log_of(many_events()), replace(SAMPLED, split="last"))
    assert len(list(data_root.glob("incoming/*/*.parquet"))) == 3
    del built
    assert list(data_root.glob("incoming/*")) == []


def test_the_schema_says_what_the_columns_of_the_rows_are() -> None:
    schema = build(log_of(many_events(), device=["phone", "desk"] * 200), RATED).schema
    assert {column.name: column.role for column in schema.columns} == {
        "click": Role.LABEL,
        "user": Role.CATEGORICAL,
        "item": Role.CATEGORICAL,
        "time": Role.IGNORED,
        "device": Role.CATEGORICAL,
        "history": Role.SEQUENCE,
    }
    assert (schema.positive, schema.group, schema.time) == ("1", "user", "time")
    assert schema.column("history").candidate == "item"


def test_what_belongs_to_an_item_follows_the_drawn_item_and_the_rest_the_event() -> None:
    events = many_events()
    log = log_of(events, shelf=[f"s{item}" for _, item, _, _ in events], device=[f"d{i % 3}" for i in range(400)])
    rows = rows_of(build(log, SAMPLED))
    assert all(row["shelf"] == f"s{row['item']}" for row in rows)
    groups = [rows[at : at + 4] for at in range(0, len(rows), 4)]
    assert all(len({row["device"] for row in group}) == 1 for group in groups)
    assert {row["device"] for row in rows} == {"d0", "d1", "d2"}


ITEMS = "number,click,title,kinds\n" + "\n".join(
    f"i{i},{'ab'[i % 2]},Film number {i},{'x|y' if i % 3 else 'y|z|x'}" for i in range(22)
)


def test_columns_of_a_table_of_items_become_fields_and_its_titles_names() -> None:
    log = log_of(many_events())
    items = side_table(read_table(ITEMS.encode(), "items.csv"), "item", log.frame["item"])
    built = build(log, replace(SAMPLED, histories_of_fields=("click",)), items=items)
    assert built.names == {"item": {item: f"Film number {item[1:]}" for _, item, _, _ in many_events()}}
    for row in rows_of(built):
        number = int(str(row["item"])[1:])
        assert row["click"] == "ab"[number % 2]
        assert row["kinds"] == ("x|y" if number % 3 else "y|z|x")
        assert row["history_click"] == ["ab"[int(item[1:]) % 2] for item in row["history"]]
    assert built.schema.label == "click_2"
    assert built.schema.column("kinds").separator == "|"
    assert built.schema.column("history_click").candidate == "click"


def test_fields_without_names_say_whose_they_are() -> None:
    log = log_of(many_events())
    bare = "\n".join(f"i{i}::Film number {i}::{'x|y' if i % 3 else 'y|z|x'}" for i in range(22))
    items = side_table(read_table(bare.encode(), "films.dat", ReadOptions(has_header=False)), "item", log.frame["item"])
    schema = build(log, RATED, items=items).schema
    assert schema.column("item column_3").separator == "|"


def test_items_that_their_table_does_not_know_are_counted() -> None:
    log = log_of([("u", "i1", 1, 5), ("u", "x", 2, 1), ("v", "i2", 3, 5)])
    items = side_table(read_table(ITEMS.encode(), "items.csv"), "item", log.frame["item"])
    built = build(log, RATED, items=items)
    assert [str(note) for note in built.notes] == ["1 of 3 values are not in items.csv."]
    assert [row["kinds"] for row in rows_of(built)] == ["x|y", None, "x|y"]


def test_lines_that_are_no_whole_event_are_told() -> None:
    log = log_of([("u", "a", 1, 5), ("u", "b", 2, 1)])
    frame = pl.concat([log.frame, pl.DataFrame({"user": [None], "item": ["a"], "time": [1], "rating": [5]})])
    built = build(replace(log, frame=frame), RATED)
    assert [str(note) for note in built.notes] == ["1 of 3 lines lack a user, an item, a time or a value."]


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (EventPlan(COLUMNS), "Each event would be a click"),
        (replace(SAMPLED, negatives_by="chance"), "drawn by uniform or popularity, not chance"),
        (replace(SAMPLED, negatives=-1), "between 0 and 1000, not -1"),
        (replace(SAMPLED, max_length=0), "between 1 and 1000 events long, not 0"),
        (replace(SAMPLED, history_of="none"), "hold clicks or all, not none"),
        (replace(SAMPLED, split="first"), "split by time or last or random or group, not first"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: EventPlan, sentence: str, data_root: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        build(log_of(many_events()), plan)
    assert list(data_root.iterdir()) == []


@pytest.mark.parametrize("split", ["time", "last", "random", "group"])
def test_built_rows_are_stored_split_and_encoded_like_any_table(split: str) -> None:
    built = build(log_of(many_events()), replace(SAMPLED, split=split, max_length=20))
    dataset = DatasetStore().add_table(built.tables, Preparation(built.schema, built.split))
    encoded = dataset.encoded()
    assert sum(len(encoded.rows(name)) for name in ("train", "valid", "test")) == 4 * 400
    assert encoded.rows("train").sequences["history"].shape[1] == 20
    parts = split_table(dataset.frame, built.schema, built.split, dataset.file_rows)
    times = dataset.frame["time"].to_numpy()
    if split == "time":
        assert times[parts["train"]].max() <= times[parts["valid"]].min() <= times[parts["test"]].min()
    if split == "group":
        users = dataset.frame["user"].to_numpy()
        assert not set(users[parts["train"]]) & set(users[parts["test"]])
    if split == "last":
        assert len(parts["test"]) == len(parts["valid"]) == 7 * 4
