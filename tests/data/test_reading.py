"""Tables as people have them."""

from __future__ import annotations

import contextlib
import gzip
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data import unpacking
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.inferring import infer
from ctr_app.data.reading import ReadOptions, Table, column_names, read_table, safe_name
from tests.paths import SHARED_DATA, needs_shared_data


def whole(table: Table) -> pl.DataFrame:
    """All rows of a table, in memory."""
    return table.frame.head(table.frame.height)


def read(text: str, name: str = "clicks.csv", **options) -> pl.DataFrame:
    return whole(read_table(text.encode(), name, ReadOptions(**options)))


def parquet(frame: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def sentence(content: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_table(content if isinstance(content, bytes) else content.encode(), "clicks.csv")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_csv_is_read_as_text_so_that_codes_keep_their_zeros():
    table = read_table(b"click,zip\n1,0012\n0,12\n", "clicks.csv")
    assert table.frame["zip"].to_list() == ["0012", "12"]
    assert (table.format, table.separator, table.has_header) == ("CSV", ",", True)
    assert table.describe() == "2 rows, 2 columns, CSV, with a header"


def test_a_tsv_is_read_with_its_header_and_without():
    assert read("click\tcity\n1\tBonn\n0\tRome\n").columns == ["click", "city"]
    table = read_table(b"1\tBonn\t5\n0\tRome\t6\n", "clicks.tsv")
    assert table.frame.columns == ["column_1", "column_2", "column_3"]
    assert table.frame.height == 2
    assert table.describe() == "2 rows, 3 columns, TSV, without a header"


def test_two_colons_separate_as_in_movielens():
    frame = read('1::Toy Story (1995)::Animation|Comedy\n2::"Heat": a film::Action\n')
    assert frame["column_2"].to_list() == ["Toy Story (1995)", '"Heat": a film']


@pytest.mark.parametrize("separator", [";", "|", "§", "||", "\t"])
def test_the_user_can_say_the_separator(separator):
    text = "\n".join(separator.join(cells) for cells in (("click", "city"), ("1", "Bonn, x"), ("0", "Rome, y")))
    assert read(text, separator=separator)["city"].to_list() == ["Bonn, x", "Rome, y"]


def test_the_user_can_say_whether_there_is_a_header():
    text = "color,size\nred,S\nblue,M\n"
    assert read(text).height == 2
    assert read(text, has_header=False)["column_1"].to_list() == ["color", "red", "blue"]
    assert read("2019,2020\n1,2\n3,4\n", has_header=True).columns == ["2019", "2020"]


def test_what_the_user_says_of_a_file_makes_another_table_of_it():
    content = b"color,size\nred,S\nblue,M\n"
    detected, same = read_table(content, "a.csv"), read_table(content, "b.csv", ReadOptions(separator=","))
    other = read_table(content, "a.csv", ReadOptions(has_header=False))
    assert detected.content_hash == same.content_hash != other.content_hash


def test_the_separator_that_excel_announces_is_taken_at_its_word():
    frame = read("sep=;\nclick;price\n1;2,5\n0;3,5\n")
    assert frame.rows() == [("1", "2,5"), ("0", "3,5")]


def test_quotes_hold_separators_quotes_and_line_ends():
    frame = read('click,note\n1,"a, ""b""\nc"\n0,plain\n')
    assert frame["note"].to_list() == ['a, "b"\nc', "plain"]


def test_a_stray_quote_in_a_table_with_tabs_is_a_quote():
    frame = read('click\tscreen\n1\t"19 inch\n0\t5" wide\n1\t"a"b\n')
    assert frame["screen"].to_list() == ['"19 inch', '5" wide', '"a"b']


def test_blank_lines_are_no_rows():
    assert read("\n\nclick,city\n1,Bonn\n\n0,Rome\n\n\n").rows() == [("1", "Bonn"), ("0", "Rome")]


def test_cells_are_stripped_and_the_signs_of_a_missing_value_are_null():
    frame = read("click, city \n1, Bonn \n0, ? \n1,NA\n0,\n1,nan\n")
    assert frame.columns == ["click", "city"]
    assert frame["city"].to_list() == ["Bonn", None, None, None, None]


def test_a_short_line_ends_with_missing_values():
    assert read("click,city,age\n1,Bonn\n0,Rome,5\n").rows() == [("1", "Bonn", None), ("0", "Rome", "5")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n3,4,5\n6,7\n", "line 3 has 3 cells where the table has 2 columns."),
        ("\n\na,b\n1,2\n3,4,5\n", "line 5 has 3 cells where the table has 2 columns."),
        ('a,b\n1,"x\ny"\n3,4,5\n', "line 4 has 3 cells where the table has 2 columns."),
        ("a::b\n1::2\n1::2\n3::4::5\n", "line 4 has 3 cells where the table has 2 columns."),
        ('a,b\n1,2\n"x,4\n5,6\n', "line 3 has quotation marks that do not match."),
    ],
)
def test_what_breaks_a_table_is_named_with_its_line(text, expected):
    assert sentence(text) == f"clicks.csv cannot be read as a table: {expected}"


def test_one_column_and_one_row_are_no_table():
    assert sentence("click\n1\n0\n") == (
        "clicks.csv has only one column; a label and at least one field are needed. Is the separator right?"
    )
    assert sentence("click,city\n1,Bonn\n") == "clicks.csv has 1 row; there is nothing to learn from."
    assert sentence("click,city\n") == "clicks.csv has no rows; there is nothing to learn from."
    assert sentence(parquet(pl.DataFrame({"a": [1, 2]}))).startswith("clicks.csv has only one column")
    assert sentence(parquet(pl.DataFrame({"a": [], "b": []}))).startswith("clicks.csv has no rows")


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../../etc/x.csv", "x.csv"),
        ("..\\..\\windows\\x.csv", "x.csv"),
        ("/etc/passwd", "passwd"),
        ("clicks [1] (copy).csv", "clicks [1] (copy).csv"),
        ("a\nb\x00\u202ec.csv", "abc.csv"),
        ("..", "table"),
        ("", "table"),
        ("x" * 300 + ".csv", "x" * 39 + "…" + "x" * 36 + ".csv"),
    ],
)
def test_names_of_uploads_are_shown_without_paths_and_control_characters(given_name, shown):
    assert safe_name(given_name) == shown


def test_names_of_columns_are_on_one_line_and_each_is_there_once():
    frame = read('a,"b\nc",a,, a (2),*,^.*$,a.b,"d ""e"" [f]"\n1,2,3,4,5,6,7,8,9\n1,2,3,4,5,6,7,8,9\n')
    assert frame.columns == ["a", "b c", "a (2)", "column_4", "a (2) (2)", "column_6", ".*$", "a.b", 'd "e" [f]']
    assert frame.row(0) == tuple("123456789")


@given(st.lists(st.text(alphabet='ab*^$".( )2\n\t', max_size=4), min_size=2, max_size=8))
def test_any_names_give_columns_that_can_be_told_apart(names):
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    row = ",".join(str(i) for i in range(len(names)))
    frame = read(f"{header}\n{row}\n{row}\n", separator=",", has_header=True)
    assert len(set(frame.columns)) == len(names)
    assert frame.select(frame.columns).row(0) == tuple(row.split(","))
    assert all(name.isprintable() and name for name in frame.columns)


TYPED = pl.DataFrame(
    {
        "click": [True, False, None],
        "user": pl.Series([2**64 - 1, 7, None], dtype=pl.UInt64),
        "city": pl.Series(["Bonn", None, " ? "], dtype=pl.Categorical),
        "size": pl.Series(["S", "M", None], dtype=pl.Enum(["S", "M"])),
        "seen": [datetime(2024, 1, 2), None, datetime(2023, 1, 1)],
        "day": [date(2024, 1, 2), None, date(2023, 1, 1)],
        "clock": [time(8, 30), None, time(9)],
        "stay": [timedelta(minutes=1), None, timedelta(seconds=1.5)],
        "price": [Decimal("1.50"), None, Decimal("2.00")],
        "code": [b"ab", None, b"\xff"],
        "films": [["a", None], [], None],
        "scores": pl.Series([[1.0, 2.0], [3.0, float("nan")], [0.5, 0.0]], dtype=pl.Array(pl.Float64, 2)),
        "pair": [{"x": 1}, None, {"x": 2}],
        "nested": [[[1]], None, [[2, 3]]],
        "boxes": [[{"x": 1}], None, []],
        "nothing": [None, None, None],
    },
    strict=False,
)


def test_every_kind_of_parquet_column_is_read():
    frame = read_table(parquet(TYPED), "clicks.parquet").frame
    assert frame.columns == TYPED.columns
    assert frame["user"].to_list() == [2**64 - 1, 7, None]
    assert frame["city"].to_list() == ["Bonn", None, None]
    assert frame["stay"].to_list() == [60.0, None, 1.5]
    assert frame["price"].to_list() == [1.5, None, 2.0]
    assert frame["code"].to_list() == ["ab", None, "\ufffd"]
    assert frame["pair"].to_list() == ['{"x":1}', None, '{"x":2}']
    assert frame["nested"].to_list() == ["[[1]]", None, "[[2,3]]"]
    assert frame["films"].to_list() == [["a", None], [], None]


def test_every_kind_of_parquet_column_can_be_inferred_and_encoded():
    frame = read_table(parquet(pl.concat([TYPED] * 20)), "clicks.parquet").frame
    inference = infer(frame, "click")
    assert inference.schema is not None
    rows = Encoder.fit(frame, inference.schema).transform(frame)
    assert len(rows) == 60


def test_a_parquet_file_cut_or_changed_anywhere_is_read_or_refused_in_words():
    content = parquet(TYPED)
    for cut in range(4, len(content), 97):
        assert "damaged" in sentence(content[:cut])
    for position in range(4, len(content), 97):
        changed = bytearray(content)
        changed[position] ^= 0xFF
        with contextlib.suppress(InputError):
            read_table(bytes(changed), "clicks.parquet")


def test_a_parquet_file_that_makes_the_reader_panic_is_refused_in_words(monkeypatch):
    def panic(*_args, **_kwargs):
        raise pl.exceptions.PanicException("index out of bounds")

    content = parquet(TYPED)
    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", panic)
    assert sentence(content) == "clicks.csv is a damaged Parquet file."


def test_a_parquet_file_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 2**20)
    content = parquet(pl.DataFrame({"click": pl.zeros(100_000, pl.Int8, eager=True), "x": [0] * 100_000}))
    assert len(content) < 10_000
    assert "unpacks to more than" in sentence(content)


@pytest.mark.parametrize(
    "content",
    [
        b"click,site\n1,a\n0,b\n",
        b"# of March\nclick;site\n1;a\n0;b\n",
        "1\tZürich\n0\tRome\n".encode("utf-16"),
        gzip.compress(b"click,site\n1,a\n0,b\n"),
        b"1 1:0.5 3:2\n0 2:1\n",
        parquet(TYPED),
        gzip.compress(parquet(TYPED)),
    ],
    ids=["csv", "comment", "utf-16", "gzip", "libsvm", "parquet", "gzipped parquet"],  # gzip holds the time of day
)
def test_the_names_of_columns_are_known_by_the_beginning_of_a_file(content, tmp_path):
    (tmp_path / "clicks").write_bytes(content)
    assert column_names(tmp_path / "clicks") == read_table(tmp_path / "clicks").frame.columns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("click site price\n1 a 2\n0 b 3\n", ["click", "site", "price"]),
        ("click   site  price\n1     a     2\n 0    b     3 \n", ["click", "site", "price"]),
        ("click\x01site\n1\x01a\n0\x01b\n", ["click", "site"]),
        ("click||site\n1||a|b\n0||b\n", ["click", "site"]),
        ("#click,site\n1,a\n0,b\n", ["click", "site"]),
        ("# made in March\n# by hand\nclick,site\n1,a\n0,b\n1,c\n", ["click", "site"]),
        ('click, site\n1, "a, b"\n0, "c"\n', ["click", "site"]),
        ("click,site\n1,1,a\n2,0,b\n", ["column_1", "click", "site"]),
        ("click,site,\n1,a\n0,b\n", ["click", "site"]),
        ("click,site\n1,a,\n0,b,\n", ["click", "site", "column_3"]),
    ],
)
def test_tables_of_many_ways_of_writing_are_read_at_once(text, expected):
    frame = read(text)
    assert frame.columns == expected
    assert frame["click"].to_list() == ["1", "0", "1"][: frame.height]
    assert frame["site"][1] in ("b", "c")


REAL_TABLES = {
    "criteo/train.tsv": (7200, 40, "TSV", False),
    "criteo/test.tsv": (800, 40, "TSV", False),
    "criteo/criteo_sample_200.csv": (200, 40, "CSV", True),
    "frappe_x1/test.csv.gz": (28860, 11, "CSV", True),
    "movielens_100k/ml-100k.inter": (100000, 4, "TSV", True),
    "movielens_100k/ml-100k.item": (1682, 4, "TSV", True),
    "movielens_100k/ml-100k.user": (943, 5, "TSV", True),
    "movielens_1m_din/train.csv": (4832, 14, "CSV", True),
    "movielens_1m_din/test.csv": (1208, 14, "CSV", True),
    "movielens_1m_din/movies.dat": (3883, 3, "text separated by “::”", False),
    "tabular/adult.csv": (32561, 15, "CSV", True),
    "tabular/telco_churn.csv": (7043, 21, "CSV", True),
    "tabular/titanic_seaborn.csv": (891, 15, "CSV", True),
}


@needs_shared_data
@pytest.mark.parametrize("name", REAL_TABLES)
def test_real_tables_are_read_whole(name):
    table = read_table(SHARED_DATA / name)
    assert (table.frame.height, table.frame.width, table.format, table.has_header) == REAL_TABLES[name]


@needs_shared_data
def test_the_criteo_files_agree_on_their_columns_with_a_header_and_without():
    with_header = read_table(SHARED_DATA / "criteo" / "criteo_sample_200.csv")
    without = read_table(SHARED_DATA / "criteo" / "test.tsv")
    assert with_header.frame.columns == without.frame.columns


@needs_shared_data
def test_movie_titles_in_latin_1_keep_their_accents():
    titles = read_table(SHARED_DATA / "movielens_1m_din" / "movies.dat").frame["column_2"]
    assert titles.str.contains("é").any()
    assert not titles.str.contains("\ufffd").any()
