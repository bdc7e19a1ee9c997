"""From any bytes to a text or to one sentence on why not."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctr_app.data import unpacking
from ctr_app.data.errors import InputError
from ctr_app.data.reading import read_table
from ctr_app.data.unpacking import zstd

TABLE = b"click,price\n1,2.5\n0,3.5\n1,4.5\n"


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def sentence(content: bytes, name: str = "clicks.csv") -> str:
    """What the reader says of bytes that are no table, in one line."""
    with pytest.raises(InputError) as caught:
        read_table(content, name)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith((".", "?"))
    return said


def refusal(content: bytes) -> str:
    """What is said of bytes that may or may not be a table; nothing if they are one."""
    try:
        read_table(content, "x")
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00",
            "clicks.csv is a PNG image, not a table; a CSV, TSV or Parquet file is needed.",
        ),
        (b"\xff\xd8\xff\xe0 JFIF", "clicks.csv is a JPEG image"),
        (b"%PDF-1.7 ...", "clicks.csv is a PDF document"),
        (b"BZh91AY&SY", "clicks.csv is packed with bzip2"),
        (b"<!DOCTYPE html><html>Sign in</html>", "clicks.csv is a web page"),
        (b"\n <?xml version='1.0'?><a/>", "clicks.csv is an XML file"),
        (b'{"click": 1}\n{"click": 0}\n', "clicks.csv is a JSON file"),
        (b'[{"click": 1}, {"click": 0}]', "clicks.csv is a JSON file"),
        (b"", "clicks.csv is empty."),
        (b" \n\n\t\n", "clicks.csv is empty."),
        (b"\xef\xbb\xbf", "clicks.csv is empty."),
        (b"\xff\xfe", "clicks.csv is empty."),
        ("\u3000\n\u00a0\n".encode(), "clicks.csv is empty."),
        (b"a,b\n\x00\x01,2\n", "clicks.csv is not a text table: it holds zero bytes."),
        (b"a,b\n\x00\x01\x00\x00,2\n\x00\x00\x07", "clicks.csv is not a text table: it holds zero bytes."),
    ],
)
def test_what_is_no_table_is_said_in_one_sentence(content, expected):
    assert sentence(content).startswith(expected)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_never_opened(protocol):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("the pickle was opened",)

    assert "is a pickle" in sentence(pickle.dumps(Trap(), protocol), "model.pkl")


def test_a_packed_file_holds_the_same_table_as_the_plain_one():
    plain = read_table(TABLE, "a.csv").frame.head()
    for packed in (gzip.compress(TABLE), zipped({"a.csv": TABLE}), zstd.compress(TABLE)):
        assert read_table(packed, "a.csv.packed").frame.head().equals(plain)


def test_a_zip_from_a_mac_has_one_table():
    assert read_table(zipped({"a.csv": TABLE, "__MACOSX/._a.csv": b"\x00"}), "a.zip").frame.height == 3


def test_a_zip_must_hold_one_file():
    assert sentence(zipped({"a.csv": TABLE, "b.csv": TABLE})) == "clicks.csv holds 2 files; put one table in the zip."
    assert sentence(zipped({})) == "clicks.csv holds 0 files; put one table in the zip."


def test_a_spreadsheet_is_asked_for_as_csv():
    book = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
    assert sentence(book, "clicks.xlsx") == "clicks.xlsx is an Office file; save the sheet as CSV and try again."


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"a.csv": content})])
def test_what_unpacks_to_too_much_is_refused_before_it_fills_the_memory(pack, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_UNPACKED_BYTES", 2**20)
    bomb = pack(b"click,price\n" + b"1,2\n" * 2**19)
    assert len(bomb) < 2**15
    assert sentence(bomb) == "clicks.csv unpacks to more than 0.000977 GiB; split it first."


@given(cut=st.integers(1, len(gzip.compress(TABLE * 50)) - 1))
def test_a_gzip_cut_anywhere_is_one_sentence(cut):
    sentence(gzip.compress(TABLE * 50)[: max(cut, 2)])


@given(cut=st.integers(4, len(zipped({"a.csv": TABLE * 50})) - 1))
def test_a_zip_cut_anywhere_is_one_sentence(cut):
    assert "damaged" in sentence(zipped({"a.csv": TABLE * 50})[:cut])


@given(position=st.integers(0, len(zipped({"a.csv": TABLE * 9})) - 1), byte=st.integers(0, 255))
def test_a_zip_with_any_byte_changed_is_read_or_refused_in_words(position, byte):
    content = bytearray(zipped({"a.csv": TABLE * 9}))
    content[position] = byte
    assert "\n" not in refusal(bytes(content))


@given(content=st.binary(max_size=300))
@example(b"\x1f\x8b")
@example(b"PK\x03\x04")
@example(b"PAR1")
@example(b"PAR1PAR1")
@example(b"sep=;\n")
@example(b'sep="\n1"2\n')
@example(b'""\n""')
def test_any_bytes_are_a_table_or_one_sentence(content):
    assert "\n" not in refusal(content)


@given(text=st.text(alphabet="ab1,;\t|:\"\n\r' \\-.é", max_size=200))
def test_any_text_is_a_table_or_one_sentence(text):
    assert "\n" not in refusal(text.encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_usual_encoding_and_line_end_gives_the_same_table(encoding, line_end):
    text = "click,city\n1,Zürich\n0,Málaga\n1,Ærø\n".replace("\n", line_end)
    frame = read_table(text.encode(encoding), "a.csv").frame
    assert frame.columns == ["click", "city"]
    assert frame["city"].to_list() == ["Zürich", "Málaga", "Ærø"]


def test_windows_text_keeps_its_euro_signs_and_quotes():
    frame = read_table("click,note\n1,“5 €”\n0,x\n".encode("cp1252"), "a.csv").frame
    assert frame["note"].to_list() == ["“5 €”", "x"]


def test_a_utf_16_text_that_ends_in_the_middle_of_a_character_is_read():
    assert read_table("click,city\n1,Bonn\n0,Rome\n".encode("utf-16") + b"\x41", "a.csv").frame.height >= 2


def test_bytes_that_no_windows_text_has_are_still_read():
    assert read_table(b"click,note\n1,\x81\xe9\n0,x\n", "a.csv").frame.height == 2


def test_a_file_that_cannot_be_read_is_said_so(tmp_path):
    for path, words in ((tmp_path / "no.csv", "There is no file"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=words):
            read_table(path)
