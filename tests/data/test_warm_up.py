"""The first real table waits for no loop to be compiled."""

from __future__ import annotations

from ctr_app.data import reading
from ctr_app.data.loops import cells, codes, ends
from ctr_app.data.reading import read_table
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.splitting import SplitRule
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.data.warm_up import warm_up


def compiled_loops() -> dict[str, int]:
    """For how many types of arguments each loop that Python calls has been compiled."""
    found = [*vars(cells).items(), *vars(codes).items(), *vars(ends).items()]
    return {name: len(loop.signatures) for name, loop in found if hasattr(loop, "py_func") and name[0] != "_"}


def test_reading_and_encoding_call_no_loop_that_is_not_compiled_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "CODED_BYTES", 0)
    warm_up()
    before = compiled_loops()
    assert all(before.values())
    lines = [
        "click,price,site",
        *(f'{i % 3 % 2},{i * i},"{i}, site"' if i % 50 == 7 else f"{i % 3 % 2},{i},s{i}" for i in range(300)),
    ]
    table = read_table("\n".join(lines).encode(), "a.csv")
    columns = Column("click", Role.LABEL), Column("price", Role.NUMERIC), Column("site", Role.CATEGORICAL)
    preparation = Preparation(Schema(columns, "1"), SplitRule())
    assert len(DatasetStore(tmp_path).add_table({"train": table}, preparation).encoded().rows("train")) == 240
    assert compiled_loops() == before
