"""Sentences for the user."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.errors import InputError, join_names, shorten, spaced


def test_a_sentence_keeps_its_template_and_its_values():
    error = InputError("Column {name} has {count} values.", name="{x}", count=3)
    assert str(error) == "Column {x} has 3 values."
    assert error.template.format(**error.values) == str(error)
    assert isinstance(error, ValueError)


@given(st.text(max_size=200), st.integers(5, 60))
def test_a_shortened_text_fits_on_one_line(text, width):
    short = shorten(text, width)
    assert len(short) <= width
    assert "\n" not in short
    plain = " ".join(text.split())
    assert short == plain or ("…" in short and short[0] == plain[0] and short[-1] == plain[-1])


def test_many_names_are_counted_and_not_listed():
    assert join_names(["a", "b"]) == "a, b"
    assert join_names([str(i) for i in range(20)], 3) == "0, 1, 2 and 17 more"
    assert join_names([]) == ""


def test_thousands_stand_apart():
    assert spaced(1204331) == "1\u2009204\u2009331"
    assert spaced(999) == "999"
