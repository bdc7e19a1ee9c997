"""The flags that say how a file is written, and what is told of rows that are not as the others."""

from __future__ import annotations

import pytest

from ctr_app.data.store import DatasetStore

from .conftest import QUICKLY
from .workplace import Workplace

ROWS = "\n".join(f'{i * 7 % 3 % 2}~~Łódź {i % 5}~~"{i}' for i in range(300))
FLAGS = ("--delimiter", "~~", "--header", "no", "--encoding", "cp1250", "--quotes", "no")


def test_a_file_is_read_as_the_flags_say(workplace: Workplace) -> None:
    file = workplace.folder / "clicks.dat"
    file.write_bytes((ROWS + "\n1~~short\n").encode("cp1250"))
    trained = workplace("train", "--data", file, *FLAGS, "--label", "column_1", "--model", "fm", *QUICKLY, "--json")
    assert "clicks.dat: Too few cells, the others missing: 1 row; the first is line 301" in trained.err
    run = trained.json()
    frame = DatasetStore(workplace.folder / "data").get(run["dataset"]).frame
    assert frame.columns == ["column_1", "column_2", "column_3"]
    assert frame.slice(1, 1).row(0) == ("1", "Łódź 1", '"1')
    measured = workplace("evaluate", run["run"], "--data", file, *FLAGS, "--json")
    assert measured.json()["rows"] == 301
    assert "train" in measured.json()
    assert "Too few cells" in measured.err


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--encoding", "klingon"), "There is no encoding klingon; try utf-8, utf-16, cp1252 or gb18030."),
        (("--delimiter", '"'), "Cells cannot be separated by a quotation mark, a line end or a zero byte."),
        (("--delimiter", "@"), "clicks.csv has only one column"),
    ],
)
def test_flags_that_cannot_be_are_refused_in_a_sentence(workplace: Workplace, flags, expected) -> None:
    file = workplace.write("clicks.csv", "click,site\n1,a\n0,b\n")
    assert workplace("train", "--data", file, *flags, "--model", "fm").refusal().startswith(expected)
