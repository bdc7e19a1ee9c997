"""What reading took for granted about cells is told, column by column."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctr_app.data.cleaned import LINES, cleaned
from ctr_app.data.reading import read_table
from tests.paths import SHARED_DATA, needs_shared_data


def told(content: str | bytes, name: str = "table.csv") -> list[str]:
    content = content.encode() if isinstance(content, str) else content
    return [str(sentence) for sentence in cleaned(read_table(content, name))]


def test_signs_of_missing_values_and_spaces_are_told_with_their_columns():
    lines = [f"{i % 2}, s{i % 3},{'NA' if i % 5 else i},{'?' if i % 7 == 0 else 'x'}" for i in range(50)]
    assert told("\n".join(["click,site,price,city", *lines, ""])) == [
        "“?” is read as missing: city.",
        "“NA” is read as missing: price.",
        "Spaces around values are left out: site.",
    ]


def test_a_clean_table_has_nothing_to_tell():
    assert told("click,site\n" + "1,a\n0,b\n0,\n" * 20) == []


def test_of_a_long_table_it_is_told_how_much_was_looked_at():
    assert told("click,site\n" + "1,NA\n0,b\n" * LINES)[-1] == "Seen in the first 5\u2009000 lines."


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_other_encodings_are_looked_at_as_they_were_read(encoding):
    content = ("点击,城市\n" + "1, 北京\n0,NULL\n0,上海\n" * 30).encode(encoding)
    assert told(content) == ["“NULL” is read as missing: 城市.", "Spaces around values are left out: 城市."]


@needs_shared_data
def test_the_adult_census_has_spaces_everywhere_and_question_marks_in_three_columns():
    sentences = [str(sentence) for sentence in cleaned(read_table(Path(SHARED_DATA / "tabular" / "adult.csv")))]
    assert sentences[0] == "“?” is read as missing: workclass, native-country, occupation."
    assert sentences[1].startswith("Spaces around values are left out: sex, workclass")
