"""Files that cannot be used: one plain sentence each, and nothing is kept of them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from .screen import PATIENCE_MS, Screen, expect

pytestmark = pytest.mark.browser
MAX_SENTENCE = 300


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (200, 100), "teal").save(content, "PNG")
    return content.getvalue()


def lines(*rows: object) -> bytes:
    return "\n".join(map(str, rows)).encode()


WRONG_FILES = {
    "picture.png": (picture(), "picture.png"),
    "nothing.csv": (b"", "is empty"),
    "blank.csv": (b"\n \n\n", "is empty"),
    "one_column.csv": (lines("click", *(i % 2 for i in range(300))), "only one column"),
    "one_row.csv": (b"click,site\n1,news\n", "1 row"),
    "header_only.csv": (b"click,site\n", "no rows"),
    "ragged.csv": (lines("click,site", "1,news", "0,shop,blue,7", "1,news"), "line 3 has 4 cells"),
    "damaged.parquet": (b"PAR1" + bytes(500) + b"PAR1", "damaged"),
    "cut.csv.gz": (b"\x1f\x8b\x08\x00" + bytes(40), "breaks off"),
}


def one_sentence(screen: Screen) -> str:
    """The only box on the page, which holds one sentence and no traceback."""
    expect(screen.boxes()).to_have_count(1, timeout=PATIENCE_MS)
    screen.settle()
    expect(screen.boxes()).to_have_count(1)
    assert screen.page.locator('[data-testid="stException"]').count() == 0
    sentence = screen.boxes().inner_text().strip()
    assert len(sentence) < MAX_SENTENCE
    assert sentence.endswith((".", "?"))
    assert not any(word in screen.text() for word in ("Traceback", "Error:", ".py"))
    return sentence


def test_files_that_are_no_tables_are_answered_with_one_sentence_each_and_nothing_is_kept(screen: Screen) -> None:
    screen.open("data")
    before = screen.server.stored_sets()
    for name, (content, words) in WRONG_FILES.items():
        screen.upload({"name": name, "mimeType": "application/octet-stream", "buffer": content})
        screen.see(name)
        expect(screen.boxes()).to_contain_text(words, timeout=PATIENCE_MS)
        assert words in one_sentence(screen)
        expect(screen.key("data-accept")).to_have_count(0)
    assert screen.server.stored_sets() == before


def test_a_label_with_three_values_asks_for_the_one_that_is_a_click(screen: Screen) -> None:
    screen.open("data")
    before = screen.server.stored_sets()
    answers = ("yes", "no", "maybe")
    table = lines("answer,site,price", *(f"{answers[i % 3]},s{i % 7},{i % 11}" for i in range(300)))
    screen.upload({"name": "three.csv", "mimeType": "text/csv", "buffer": table})
    assert "No column has two values" in one_sentence(screen)
    screen.choose("Which column says whether it was clicked?", "answer")
    assert "answer has 3 values where two are needed" in one_sentence(screen)
    assert screen.server.stored_sets() == before
    screen.choose("Which value counts as a click?", "yes")
    screen.see("33.3% of the rows are clicks")
    expect(screen.key("data-accept")).to_be_visible()
    assert screen.boxes().count() == 0


def test_a_separator_that_never_occurs_is_said_when_the_table_is_accepted(screen: Screen) -> None:
    screen.open("data")
    before = screen.server.stored_sets()
    rows = (f"{i % 2},m{i % 9},m{(i * 5) % 9}|m{(i * 7) % 9}|m{i % 4}" for i in range(400))
    screen.upload({"name": "films.csv", "mimeType": "text/csv", "buffer": lines("click,movie,history", *rows)})
    screen.see("oldest to newest")
    screen.settle()
    screen.choose("Separated by", ";")
    screen.press("data-accept")
    sentence = one_sentence(screen)
    assert "“;” never occurs in column history" in sentence
    assert screen.server.stored_sets() == before


def test_after_a_wrong_file_a_right_one_is_read_in_the_same_place(screen: Screen) -> None:
    screen.open("data")
    screen.upload({"name": "picture.png", "mimeType": "image/png", "buffer": picture()})
    one_sentence(screen)
    right = lines("click,site", *(f"{int(i % 3 == 0)},s{i % 5}" for i in range(300)))
    screen.upload({"name": "right.csv", "mimeType": "text/csv", "buffer": right})
    expect(screen.key("data-accept")).to_be_visible(timeout=PATIENCE_MS)
    screen.settle()
    assert screen.boxes().count() == 0
