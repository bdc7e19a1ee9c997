"""The generators by name: their settings, their descriptions, and the data sets that they are stored as."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctr_app.data.catalogue import SAMPLES, generator_named
from ctr_app.data.errors import InputError
from ctr_app.data.store import DatasetStore
from ctr_app.data.synthetic import GENERATORS, settings_key

ALL = pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)


@ALL
def test_every_setting_has_help_a_group_and_a_default_in_its_range(generator):
    described = generator.settings.settings()
    assert {"rows", "seed"} <= {one.name for one in described}
    for one in described:
        assert one.help.endswith(".")
        assert one.parse(one.default) == one.default
        assert one.group in ("table", "labels", "fields", "interactions", "noise")


@ALL
def test_a_generator_is_a_sample_with_its_defaults(generator):
    sample = SAMPLES[generator.name]
    assert sample.rows == 100_000
    made = sample.make(200, 3)
    assert made.frame.equals(generator.make(generator.with_values({"rows": "200", "seed": "3"})).frame)
    assert made.truth.pairs


def test_the_key_of_settings_tells_them_apart_and_nothing_else():
    pairs = GENERATORS["planted-pairs"].with_values
    keys = [settings_key(pairs(values)) for values in ({}, {"noise": 0.1}, {"noise": 0.2}, {"seed": 1}, {"rows": 500})]
    assert len(set(keys)) == 5
    assert settings_key(pairs({"noise": "0.10"})) == keys[1]
    assert keys[0] == "100000/0"


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("planted-pairs", {}, "9 categorical fields and 3 numeric fields; 4 pairs of fields interact."),
        (
            "planted-pairs",
            {"layout": "chosen", "terms": "c1*c2, c1*c3*n1", "num_numeric_fields": 1},
            "9 categorical fields and 1 numeric field; 1 pair of fields and 1 triple interact.",
        ),
        ("f3", {}, "Ten numbers; the logit is the standard function F3, the label a click drawn with its probability."),
        (
            "f10",
            {"bins": 8, "variant": "noise-free"},
            "Ten fields cut into 8 bins each; the logit is the standard function F10, "
            "the label the probability itself.",
        ),
    ],
)
def test_settings_are_described_without_telling_which_fields_interact(name, values, sentence):
    generator = GENERATORS[name]
    assert generator.describe(generator.with_values(values)) == sentence


@pytest.mark.parametrize(
    ("name", "values", "title"),
    [
        ("planted-pairs", {"rows": 500, "num_pairs": 2, "layout": "hub"}, "Planted pairs"),
        ("planted-pairs", {"seed": 3, "noise": 0.1}, "Planted pairs (seed 3, noise 0.1)"),
        ("f4", {"bins": 8, "variant": "noise-free"}, "Test function F4 (bins 8, variant noise-free)"),
    ],
)
def test_a_title_tells_tables_apart_without_telling_which_fields_interact(name, values, title):
    generator = GENERATORS[name]
    assert generator.titled(generator.with_values(values)) == title


def test_a_sample_without_a_generator_has_no_settings():
    with pytest.raises(InputError, match="Sample planted-clicks has no settings but its rows and its seed"):
        generator_named("planted-clicks")
    with pytest.raises(InputError, match="There is no sample f11"):
        generator_named("f11")


def test_a_planted_table_is_stored_once_with_its_truth(tmp_path: Path):
    store, generator = DatasetStore(tmp_path), GENERATORS["f2"]
    asked = generator.with_values({"rows": 300, "bins": 4, "variant": "noise-free"})
    dataset = store.add_planted("f2", asked)
    assert store.add_planted("f2", asked).created == dataset.created
    assert dataset.rows == 300
    assert dataset.truth == generator.make(asked).truth.to_json()
    assert store.get(dataset.id).preparation.schema.positive is None
    assert dataset.encoded().rows("train").labels.max() < 1.0
    assert [found.id for found in store.list()] == [dataset.id]


def test_settings_as_by_default_are_the_sample_of_that_name(tmp_path: Path):
    store = DatasetStore(tmp_path)
    by_name = store.add_sample("f1", 200, 7)
    assert store.add_planted("f1", GENERATORS["f1"].with_values({"rows": 200, "seed": 7})).id == by_name.id
    other = store.add_planted("f1", GENERATORS["f1"].with_values({"rows": 200, "seed": 7, "bins": 4}))
    assert other.id != by_name.id
    assert other.id.startswith("f1-")
