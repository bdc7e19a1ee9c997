"""The drill-down of one pair beside loops over values and rows."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_app.data.dataset import as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.synthetic import planted_clicks, planted_histories
from ctr_app.explain.bins import quantile_bins
from ctr_app.explain.coded import coded_field
from ctr_app.explain.readouts import sample_batch
from ctr_app.explain.values import centred_vectors, coded_pair, double_centred, pair_table, value_table
from ctr_app.training.trainer import predict

from .examples import SCHEMA, encoded, random_model, row_of, table

COLUMNS = ["value_a", "value_b", "name_a", "name_b", "effect", "support", "observed", "predicted"]
PAIRS = [("film", "genre"), ("price", "film"), ("films", "film"), ("visits", "tags"), ("price", "visits")]


def values_of(encoder, batch, field):
    """The values of a field as the table shows them: (label, function that sets it in a row, set of rows)."""
    layout = encoder.layout
    if field in layout.numeric:
        column = layout.numeric.index(field)
        numbers = batch.numeric[:, column].numpy()
        codes = quantile_bins(numbers)
        return [
            (setter(layout, field, float(np.median(numbers[codes == code]))), set(np.flatnonzero(codes == code)))
            for code in range(codes.max() + 1)
        ]
    if field in layout.categorical:
        rows_of_value = [[i] for i in batch.categorical[:, layout.categorical.index(field)].tolist()]
    else:
        rows_of_value = batch.sequences[field].tolist()
    members: dict[int, set[int]] = {}
    for row, ids in enumerate(rows_of_value):
        for value_id in ids:
            if value_id > 0:
                members.setdefault(value_id, set()).add(row)
    ordered = sorted(members, key=lambda value_id: (-len(members[value_id]), value_id))
    return [(setter(layout, field, value_id), members[value_id]) for value_id in ordered]


def setter(layout, field, value):
    """A function that sets ``field`` of a batch of one row in place."""

    def set_value(row):
        if field in layout.numeric:
            row.numeric[0, layout.numeric.index(field)] = value
        elif field in layout.categorical:
            row.categorical[0, layout.categorical.index(field)] = value
        else:
            row.sequences[field][0] = torch.tensor([value] + [0] * (row.sequences[field].shape[1] - 1))

    return set_value


def copy_of(batch, row):
    copied = row_of(batch, row)
    sequences = {name: ids.clone() for name, ids in copied.sequences.items()}
    return type(copied)(copied.numeric.clone(), copied.categorical.clone(), sequences, copied.labels)


def slow_centred(values_a, values_b, logits):
    """``logits`` [a][b] without row and column means, weighted by how many rows have each value."""
    shares_a = [len(rows) / sum(len(r) for _, r in values_a) for _, rows in values_a]
    shares_b = [len(rows) / sum(len(r) for _, r in values_b) for _, rows in values_b]
    by_row = [sum(share * x for share, x in zip(shares_b, row, strict=True)) for row in logits]
    by_column = [sum(share * row[b] for share, row in zip(shares_a, logits, strict=True)) for b in range(len(values_b))]
    mean = sum(share * x for share, x in zip(shares_a, by_row, strict=True))
    return [[x - by_row[a] - by_column[b] + mean for b, x in enumerate(row)] for a, row in enumerate(logits)]


def slow_partial_dependence(model, batch, values_a, values_b, background):
    """Mean logit over background rows, one row and one pair of values at a time, double-centred."""
    rows = sample_batch(batch, background)
    logits = []
    for set_a, _ in values_a:
        logits.append([])
        for set_b, _ in values_b:
            total = 0.0
            for row in range(len(rows)):
                changed = copy_of(rows, row)
                set_a(changed)
                set_b(changed)
                total += predict(model, changed)[0]
            logits[-1].append(total / len(rows))
    return slow_centred(values_a, values_b, logits)


def slow_fm(model, batch, values_a, values_b, index_a, index_b):
    """<x_i v_i - mean, x_j v_j - mean> for each pair of values, the means over the rows one by one."""

    def centred(set_value, index):
        row = copy_of(batch, 0)
        set_value(row)
        mean = sum(model.field_vectors(row_of(batch, r))[0, index] for r in range(len(batch))) / len(batch)
        return model.field_vectors(row)[0, index] - mean

    return [[float(centred(a, index_a) @ centred(b, index_b)) for b, _ in values_b] for a, _ in values_a]


@pytest.mark.parametrize(("field_a", "field_b"), PAIRS)
@pytest.mark.parametrize("name", ["fm", "dcn-v2", "din"])
def test_effects_and_support_are_loops_over_values_and_rows(name, field_a, field_b):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    frame = value_table(model, encoder, batch, field_a, field_b, background=4)
    values_a, values_b = (values_of(encoder, batch, field) for field in (field_a, field_b))
    names = encoder.layout.field_names
    with torch.no_grad():
        if name == "fm":
            effects = slow_fm(model, batch, values_a, values_b, names.index(field_a), names.index(field_b))
        else:
            effects = slow_partial_dependence(model, batch, values_a, values_b, 4)
    assert list(frame.columns) == COLUMNS
    np.testing.assert_allclose(frame["effect"], np.ravel(effects), atol=2e-6)
    assert frame["effect"].abs().max() > 1e-3
    assert frame["support"].tolist() == [len(a & b) for _, a in values_a for _, b in values_b]


@pytest.mark.parametrize(("field_a", "field_b"), PAIRS)
@pytest.mark.parametrize("name", ["fm", "dcn-v2", "din"])
def test_the_other_order_of_fields_is_the_same_table_turned(name, field_a, field_b):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    frame = value_table(model, encoder, batch, field_a, field_b, background=8)
    turned = value_table(model, encoder, batch, field_b, field_a, background=8)
    turned = turned.rename(columns={"value_a": "value_b", "value_b": "value_a"})
    keys = ["value_a", "value_b"]
    both = frame.merge(turned, on=keys, suffixes=("", "_turned"), validate="one_to_one")
    assert len(both) == len(frame) == len(turned)
    np.testing.assert_allclose(both["effect"], both["effect_turned"], atol=2e-6)
    assert both["support"].equals(both["support_turned"])


def test_categorical_values_come_most_frequent_first_and_no_more_than_asked_for():
    encoder, batch = encoded()
    counts = Counter(table()["film"])
    frame = value_table(random_model("fm", encoder.layout), encoder, batch, "film", "genre", num_values=3)
    shown = frame["value_a"].drop_duplicates().tolist()
    assert [counts[film] for film in shown] == sorted(counts.values(), reverse=True)[:3]
    assert len(frame) == 9


def test_a_sequences_values_are_the_items_that_most_rows_have():
    encoder, batch = encoded()
    rows = [set(text.split("|")) for text in table()["films"] if text]
    frame = value_table(random_model("fm", encoder.layout), encoder, batch, "films", "genre", num_values=2)
    counts = Counter(film for films in rows for film in films)
    shown = frame["value_a"].drop_duplicates().tolist()
    assert [counts[film] for film in shown] == sorted(counts.values(), reverse=True)[:2]


def test_numeric_bins_are_ascending_ranges_in_the_columns_own_unit():
    encoder, batch = encoded(400)
    frame = value_table(random_model("fm", encoder.layout), encoder, batch, "price", "visits")
    prices = frame["value_a"].drop_duplicates().tolist()
    ends = [[float(end) for end in label.split("–")] for label in prices]
    assert len(prices) == 8
    assert ends == sorted(ends)
    assert ends[0][0] == pytest.approx(table(400)["price"].min(), rel=0.05)
    assert ends[-1][1] == pytest.approx(table(400)["price"].max(), rel=0.05)
    assert frame["value_b"].drop_duplicates().tolist() == ["0", "1", "2", "3"]
    assert frame["support"].sum() == 400
    assert frame.groupby("value_a")["support"].sum().between(48, 52).all()


def test_unknown_values_are_shown_as_such():
    encoder = Encoder.fit(table(), SCHEMA, min_count=1)
    batch = as_batch(encoder.transform(table().with_columns(film=table()["film"].replace({"Alien": "Never seen"}))))
    frame = value_table(random_model("fm", encoder.layout), encoder, batch, "film", "genre")
    assert "(unknown)" in set(frame["value_a"])


def test_an_empty_history_field_gives_an_empty_table():
    encoder, batch = encoded()
    batch.sequences["tags"][:] = 0
    for name in ("fm", "dcn-v2"):
        frame = value_table(random_model(name, encoder.layout), encoder, batch, "tags", "genre")
        assert frame.empty
        assert list(frame.columns) == COLUMNS


@pytest.mark.parametrize(
    ("field_a", "field_b", "sentence"),
    [
        (
            "film",
            "director",
            r"^This run has no field director; it has price, visits, film, genre, films, genres, tags\.$",
        ),
        ("click", "film", r"^This run has no field click; it has "),
        ("film", "film", r"^A pair has two different fields, not film twice\.$"),
    ],
)
def test_fields_that_make_no_pair_are_one_sentence(field_a, field_b, sentence):
    encoder, batch = encoded()
    with pytest.raises(InputError, match=sentence):
        value_table(random_model("fm", encoder.layout), encoder, batch, field_a, field_b)


def test_a_batch_without_rows_is_one_sentence():
    encoder, batch = encoded()
    with pytest.raises(InputError, match=r"^There are no rows to take the values of film from\.$"):
        value_table(random_model("fm", encoder.layout), encoder, batch.select(slice(0, 0)), "film", "genre")


def test_the_table_leaves_the_batch_and_the_models_mode_alone():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout).train()
    before = [batch.numeric.clone(), batch.categorical.clone(), *(ids.clone() for ids in batch.sequences.values())]
    first = value_table(model, encoder, batch, "price", "films")
    assert model.training
    after = [batch.numeric, batch.categorical, *batch.sequences.values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert value_table(model.eval(), encoder, batch, "price", "films").equals(first)


def weighted(rows=60):
    """Rows that count for more or less, whose labels are probabilities."""
    encoder, batch = encoded(rows)
    generator = torch.Generator().manual_seed(0)
    labels, weights = torch.rand(rows, generator=generator), torch.rand(rows, generator=generator) + 0.5
    return encoder, replace(batch, labels=labels, weights=weights)


@pytest.mark.parametrize("field_b", ["price", "genre", "tags"])
def test_fms_effects_vanish_in_the_mean_over_the_training_rows_by_their_weights(field_b):
    encoder, batch = weighted()
    a, b = coded_pair(encoder, batch, "film", field_b)
    table = pair_table(random_model("fm", encoder.layout), batch, a.at_least(1), b.at_least(1), encoder.layout)
    effects = table["effect"].to_numpy().reshape(len(a.at_least(1)), -1)
    np.testing.assert_allclose(a.at_least(1).shares @ effects, 0, atol=1e-5)
    assert np.abs(effects).max() > 1e-2


def test_fms_mean_history_is_that_of_the_rows_by_their_weights():
    encoder, batch = weighted()
    model = random_model("fm", encoder.layout)
    films = coded_field(encoder, batch, "films").at_least(1)
    place = encoder.layout.field_names.index("films")
    with torch.no_grad():
        pooled = model.field_vectors(batch)[:, place].double().numpy()
        vectors = model.factors("films")[films.codes].double().numpy()
    mean = np.average(pooled, axis=0, weights=batch.weights)
    np.testing.assert_allclose(centred_vectors(model, films), vectors - mean, atol=1e-6)


@pytest.mark.parametrize("choice", ["number", "vector"])
def test_fms_mean_number_is_that_of_the_rows_by_their_weights(choice):
    encoder, batch = weighted()
    model = random_model("fm", encoder.layout, numeric_embedding=choice)
    prices = coded_field(encoder, batch, "price").at_least(1)
    place = encoder.layout.field_names.index("price")
    with torch.no_grad():
        of_rows = model.field_vectors(batch)[:, place].double().numpy()
        vectors = model.number_vectors("price", prices.inputs).double().numpy()
    mean = np.average(of_rows, axis=0, weights=batch.weights)
    np.testing.assert_allclose(centred_vectors(model, prices), vectors - mean, atol=1e-6)


@pytest.mark.parametrize("name", ["fm", "dcn-v2", "din"])
def test_observed_and_predicted_ctr_are_weighted_means_over_the_rows_with_both(name):
    encoder, batch = weighted()
    model = random_model(name, encoder.layout)
    frame = value_table(model, encoder, batch, "film", "genre")
    values_a, values_b = (values_of(encoder, batch, field) for field in ("film", "genre"))
    ctr = 1 / (1 + np.exp(-predict(model, batch)))
    lines = iter(frame.itertuples())
    for _, rows_a in values_a:
        for _, rows_b in values_b:
            rows, line = sorted(rows_a & rows_b), next(lines)
            if rows:
                assert line.observed == pytest.approx(np.average(batch.labels[rows], weights=batch.weights[rows]))
                assert line.predicted == pytest.approx(np.average(ctr[rows], weights=batch.weights[rows]), abs=1e-6)
    assert (frame["support"] > 0).any()


@pytest.mark.parametrize("name", ["fm", "dcn-v2"])
def test_without_a_row_that_has_both_nothing_was_observed_and_the_values_are_put_into_rows(name):
    encoder, batch = encoded(6)
    model = random_model(name, encoder.layout)
    frame = value_table(model, encoder, batch, "film", "genre")
    values_a, values_b = (values_of(encoder, batch, field) for field in ("film", "genre"))
    lines = iter(frame.itertuples())
    for set_a, _ in values_a:
        for set_b, _ in values_b:
            line, ctr = next(lines), []
            for row in range(len(batch)):
                changed = copy_of(batch, row)
                set_a(changed)
                set_b(changed)
                ctr.append(1 / (1 + np.exp(-predict(model, changed)[0])))
            assert np.isnan(line.observed) == (line.support == 0)
            if line.support == 0:
                assert line.predicted == pytest.approx(np.mean(ctr), abs=1e-6)
    assert (frame["support"] == 0).any()


@pytest.mark.parametrize("name", ["fm", "dcn-v2", "din"])
def test_values_that_are_added_leave_the_others_as_they_are(name):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    a, b = coded_pair(encoder, batch, "film", "tags")
    few = pair_table(model, batch, a.choose(2), b.choose(2), encoder.layout)
    rare_a, rare_b = (int(field.choose(3).codes[2]) for field in (a, b))
    more = pair_table(model, batch, a.choose(2, [rare_a]), b.choose(2, [rare_b]), encoder.layout)
    both = few.merge(more, on=["value_a", "value_b"], suffixes=("", "_more"), validate="one_to_one")
    assert (len(few), len(more), len(both)) == (4, 9, 4)
    for column in ("effect", "support", "observed", "predicted"):
        np.testing.assert_allclose(both[column], both[f"{column}_more"], atol=1e-6)


def test_double_centred_tables_have_weighted_means_of_zero_and_purified_tables_stay():
    table_of_logits, by_a, by_b = np.random.default_rng(0).normal(size=(3, 4)), np.array([5, 3, 1]), np.arange(1, 5)
    centred = double_centred(table_of_logits, by_a, by_b)
    np.testing.assert_allclose(by_a @ centred, 0, atol=1e-12)
    np.testing.assert_allclose(centred @ by_b, 0, atol=1e-12)
    np.testing.assert_allclose(double_centred(centred, by_a, by_b), centred, atol=1e-12)
    additive = np.arange(3)[:, None] + np.arange(4)[None, :]
    np.testing.assert_allclose(double_centred(additive, by_a, by_b), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "name", "pair"),
    [
        (planted_clicks, "dcn-v2", ("hour", "category")),
        (planted_clicks, "dcn-mix", ("hour", "category")),
        (planted_histories, "din", ("film", "history")),
    ],
)
def test_twelve_by_twelve_values_over_256_rows_take_less_than_a_second_of_one_core(make, name, pair):
    planted = make(5000)
    encoder = Encoder.fit(planted.frame, planted.schema)
    batch = as_batch(encoder.transform(planted.frame))
    model = random_model(name, encoder.layout, embedding_dim=16, mlp_sizes=(128, 64))
    started = time.process_time()
    assert len(value_table(model, encoder, batch, *pair)) == 144
    assert time.process_time() - started < 1.0
