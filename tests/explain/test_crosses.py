"""Two fields as one, against a dictionary that counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ctr_app.data.arrays import EncodedRows
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.explain.bins import Bins, quantile_bins
from ctr_app.explain.crosses import bins_alone, check_pairs, crossed_rows, fit_crosses

from .examples import SCHEMA, table


def rows_of(rows: int, seed: int = 0) -> tuple[Encoder, EncodedRows, EncodedRows]:
    """An encoder with its training rows, and other rows."""
    train = table(rows, seed)
    encoder = Encoder.fit(train, SCHEMA, min_count=1)
    return encoder, encoder.transform(train), encoder.transform(table(80, seed + 1))


def test_ids_are_those_of_a_vocabulary_of_the_pairs_of_texts() -> None:
    encoder, train, other = rows_of(120)
    (cross,) = fit_crosses(encoder, train, [("film", "genre")], 6)
    columns = [encoder.layout.categorical.index(name) for name in ("film", "genre")]

    def texts(rows: EncodedRows) -> list[str]:
        return [
            " × ".join(
                encoder.vocabulary_of(name).name(int(rows.categorical[row, column]))
                for name, column in zip(("film", "genre"), columns, strict=True)
            )
            for row in range(len(rows))
        ]

    counts = Counter(texts(train))
    labels = cross.labels()
    assert set(labels[3:]) == {text for text, count in counts.items() if count >= 6}
    assert [counts[text] for text in labels[3:]] == sorted((counts[text] for text in labels[3:]), reverse=True)
    for rows in (train, other):
        expected = [text if counts[text] >= 6 else "(unknown)" for text in texts(rows)]
        assert [labels[i] for i in cross(rows).tolist()] == expected
    assert {"(unknown)"} < {labels[i] for i in cross(train).tolist()}
    assert len(cross) == len(labels)


def test_numbers_are_crossed_by_bins_and_histories_by_their_last_item() -> None:
    encoder, train, other = rows_of(200)
    (cross,) = fit_crosses(encoder, train, [("visits", "films")], 1)
    labels = cross.labels()
    vocabulary = encoder.vocabulary_of("films")
    for row, value_id in enumerate(cross(train).tolist()):
        visits, film = labels[value_id].split(" × ")
        items = [i for i in train.sequences["films"][row].tolist() if i]
        assert film == (vocabulary.name(items[-1]) if items else "(empty)")
        assert float(visits) == encoder.transforms["visits"].inverse(train.numeric[row, [1]])[0]
    assert len(set(cross(other).tolist())) > 5


def test_models_get_the_crosses_as_further_fields_and_bins_of_crossed_numbers_beside_them() -> None:
    encoder, train, _ = rows_of(100)
    crosses = fit_crosses(encoder, train, [("price", "film"), ("film", "genre")], 2)
    bins = bins_alone(crosses, encoder, train)
    assert [cross.name for cross in bins] == ["price (bins)"]
    layout, batch = crossed_rows(encoder.layout, train, [*bins, *crosses])
    assert layout.categorical == ("film", "genre", "price (bins)", "price × film", "film × genre")
    assert batch.categorical.shape == (100, 5)
    for place, name in enumerate(layout.categorical):
        assert 0 <= int(batch.categorical[:, place].min()) <= int(batch.categorical[:, place].max())
        assert int(batch.categorical[:, place].max()) < layout.vocabulary_sizes[name]
    expected = quantile_bins(train.numeric[:, 0])
    assert (batch.categorical[:, 2].numpy() == expected + 3).all()
    assert crossed_rows(encoder.layout, train, [])[0] == encoder.layout


@pytest.mark.parametrize("values", [np.arange(50.0), np.repeat([0.0, 1.0, 5.0], [30, 5, 15]), np.ones(4)])
def test_bins_give_new_numbers_the_bin_that_holds_them(values: np.ndarray) -> None:
    bins = Bins.fit(values)
    codes = bins(values)
    assert sorted(set(codes.tolist())) == list(range(len(bins)))
    order = np.argsort(values, kind="stable")
    assert (np.diff(codes[order]) >= 0).all()
    between = np.linspace(values.min() - 1, values.max() + 1, 97)
    found = bins(between)
    assert (np.diff(found) >= 0).all()
    assert found[0] == 0
    assert found[-1] == len(bins) - 1


def test_pairs_are_checked_and_put_in_the_order_of_the_fields() -> None:
    layout = rows_of(40)[0].layout
    assert check_pairs(layout, [("genre", "film"), ("film", "genre"), ("film", "price")]) == [
        ("film", "genre"),
        ("price", "film"),
    ]
    for pairs, why in (
        ([], "between 1 and 10"),
        ([("film", "film")], "not film twice"),
        ([("film", "nope")], "no field nope"),
    ):
        with pytest.raises(InputError, match=why):
            check_pairs(layout, pairs)
