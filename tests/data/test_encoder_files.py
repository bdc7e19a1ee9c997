"""Encoders in files."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from ctr_app.data.encoding import Encoder
from ctr_app.data.schema import Column, Role, Schema

from .examples import FRAME, SCHEMA, assert_same, fitted


def test_an_encoder_comes_back_from_its_files_exactly(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.concat([FRAME] * 3).with_columns(price=pl.Series(rng.normal(size=15)))
    encoder = fitted(1, frame)
    encoder.save(tmp_path / "encoder")
    loaded = Encoder.load(tmp_path / "encoder")
    assert loaded.schema == encoder.schema
    assert loaded.vocabularies == encoder.vocabularies
    assert loaded.layout == encoder.layout
    assert loaded.transforms["price"].quantiles.tobytes() == encoder.transforms["price"].quantiles.tobytes()
    assert_same(loaded.transform(FRAME), encoder.transform(FRAME))


def test_strange_names_and_values_come_back_from_the_files(tmp_path):
    values = ['a"b', "c\nd", "é🙂", "{}", " ", "0012"]
    names = ["x.y", 'q"q', "{z}", "table", "value"]
    frame = pl.DataFrame({"click": ["1"] * 6} | dict.fromkeys(names, values))
    schema = Schema((Column("click", Role.LABEL), *(Column(name, Role.CATEGORICAL) for name in names)), "1")
    fitted(1, frame, schema).save(tmp_path)
    assert Encoder.load(tmp_path).vocabularies == fitted(1, frame, schema).vocabularies


def test_an_encoder_without_categories_or_without_numbers_comes_back_from_its_files(tmp_path):
    for kept in ("price", "film"):
        schema = Schema((SCHEMA.column("click"), SCHEMA.column(kept)), "1")
        encoder = fitted(1, FRAME, schema)
        encoder.save(tmp_path / kept)
        assert Encoder.load(tmp_path / kept).layout == encoder.layout


def test_an_encoder_is_stored_without_pickle(tmp_path):
    fitted().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder.json", "vocabularies.parquet"]
    assert (tmp_path / "vocabularies.parquet").read_bytes()[:4] == b"PAR1"


def test_an_encoder_that_an_older_version_stored_comes_back(tmp_path):
    encoder = fitted()
    encoder.save(tmp_path)
    described = json.loads((tmp_path / "encoder.json").read_text())
    described["tables"] = list(described["tables"])
    (tmp_path / "encoder.json").write_text(json.dumps(described))
    loaded = Encoder.load(tmp_path)
    assert loaded.layout == encoder.layout
    assert loaded.vocabularies == encoder.vocabularies


def test_what_a_model_must_know_of_the_fields_is_known_without_reading_the_values(tmp_path):
    encoder = fitted()
    encoder.save(tmp_path)
    (tmp_path / "vocabularies.parquet").unlink()
    assert Encoder.load(tmp_path).layout == encoder.layout
