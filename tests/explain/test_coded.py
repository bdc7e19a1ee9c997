"""Fields as codes beside loops over rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_app.data.dataset import as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.explain.coded import coded_field, first_in_row

from .examples import FILMS, SCHEMA, encoded, table

FIELDS = ("price", "visits", "film", "genre", "films", "genres", "tags")
TITLES = {"film": {"Alien": "The same", "Brazil": "The same", "Dune": "Sand"}}


def weighted(rows=60):
    encoder, batch = encoded(rows)
    return encoder, replace(batch, weights=torch.rand(rows, generator=torch.Generator().manual_seed(0)) + 0.5)


@pytest.mark.parametrize("name", FIELDS)
def test_counts_shares_and_presence_are_loops_over_rows(name):
    encoder, batch = weighted()
    field = coded_field(encoder, batch, name)
    counts, shares, presence = Counter(), Counter(), Counter()
    for codes, weight in zip(field.codes.tolist(), batch.weights.tolist(), strict=True):
        real = codes if field.is_numeric else [code for code in codes if code]
        for code in set(real):
            counts[code] += 1
            shares[code] += weight
        for code in real:
            presence[code] += weight / len(real) / float(batch.weights.sum())
    for found, expected in ((field.counts, counts), (field.shares, shares), (field.presence, presence)):
        np.testing.assert_allclose(found, [expected[code] for code in range(len(field))], atol=1e-6)


def test_blocks_of_rows_change_nothing(monkeypatch):
    encoder, batch = weighted()
    whole = coded_field(encoder, batch, "films")
    monkeypatch.setattr("ctr_app.explain.coded.BLOCK_ROWS", 7)
    parts = coded_field(encoder, batch, "films")
    np.testing.assert_array_equal(whole.counts, parts.counts)
    np.testing.assert_allclose(whole.presence, parts.presence, atol=1e-12)


def test_first_in_row_marks_each_code_once():
    codes = np.array([[4, 3, 4, 0, 0], [5, 5, 5, 5, 3], [0, 0, 0, 0, 0]])
    assert [row[first].tolist() for row, first in zip(codes, first_in_row(codes), strict=True)] == [
        [4, 3, 0],
        [5, 3],
        [0],
    ]


def test_values_are_chosen_by_rows_and_those_asked_for_come_after_them_once():
    field = coded_field(*encoded(), "film")
    common = field.choose(2)
    rarest = field.code_of("Eraserhead")
    assert [field.values[int(code)] for code in common.codes] == ["Alien", "Brazil"]
    more = field.choose(2, [rarest, int(common.codes[0]), rarest])
    assert more.codes.tolist() == [*common.codes.tolist(), rarest]
    assert more.shares.tolist() == [*field.shares[common.codes].tolist(), 0.0]


def test_names_are_told_apart_by_their_values_and_a_history_has_its_candidates():
    encoder, batch = encoded()
    for name in ("film", "films"):
        field = coded_field(encoder, batch, name, TITLES)
        known = dict(zip(field.values, field.names, strict=True))
        assert [known[film] for film in FILMS] == [
            "The same (Alien)",
            "The same (Brazil)",
            "film Casablanca",
            "Sand",
            "film Eraserhead",
        ]
        assert known["(unknown)"] == "(unknown)"
        assert field.names.is_unique().all()


def test_any_value_is_found_by_itself_its_name_or_a_part_of_either_most_frequent_first():
    field = coded_field(*encoded(), "film", TITLES)
    assert field.code_of("Dune") == field.code_of("Sand")
    assert field.code_of("dune") is None
    found = field.search("A")
    assert sorted(field.values.gather(found).to_list()) == ["Alien", "Brazil", "Casablanca", "Dune", "Eraserhead"]
    assert (np.diff(field.counts[found]) <= 0).all()
    assert field.values.gather(field.search("same")).to_list() == ["Alien", "Brazil"]
    assert not len(field.search("[a-z]+"))


def test_values_that_no_row_has_are_not_found():
    encoder = Encoder.fit(table(), SCHEMA, min_count=1)
    batch = as_batch(encoder.transform(table().head(1)))
    field = coded_field(encoder, batch, "film")
    (only,) = table()["film"][:1]
    assert field.values.gather(field.search("")).to_list() == [only]
    assert [field.code_of(text) is not None for text in (*FILMS, "(padding)", "(unknown)")] == [
        *(film == only for film in FILMS),
        False,
        False,
    ]


def test_a_value_that_is_not_there_is_one_sentence():
    with pytest.raises(InputError, match=r"^Field film has no value “Zorro” in the training rows, or too few of them"):
        coded_field(*encoded(), "film").with_value("Zorro")
