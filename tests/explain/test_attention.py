"""DIN's attention over one history, and what leaving an item out does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_app.data.errors import InputError
from ctr_app.data.vocabulary import MISSING, UNKNOWN
from ctr_app.explain.attention import (
    attention,
    din_or_error,
    encode_row,
    leave_one_out,
    predicted_ctr,
    with_candidate,
)
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of, table

COLUMNS = ["group", "history", "candidate_field", "candidate", "position", "value", "name", "weight"]


def row_with_history(batch, length=4):
    """The first row whose histories have ``length`` items."""
    rows = ((batch.sequences["films"] > 0).sum(dim=1) == length).nonzero()[:, 0]
    return int(rows[0])


@pytest.mark.parametrize(("groups", "numbers"), [("separate", (0, 1)), ("joint", (0, 0))])
def test_attention_has_one_line_per_history_and_real_item_oldest_first(groups, numbers):
    encoder, batch = encoded()
    model = random_model("din", encoder.layout, attention_groups=groups)
    row = row_with_history(batch, 3)
    frame, source = attention(model, encoder, row_of(batch, row)), table().row(row, named=True)
    assert list(frame.columns) == COLUMNS
    assert frame["history"].tolist() == ["films"] * 3 + ["genres"] * 3
    assert frame["group"].tolist() == [numbers[0]] * 3 + [numbers[1]] * 3
    assert frame["position"].tolist() == [0, 1, 2] * 2
    assert frame["value"].tolist() == source["films"].split("|") + source["genres"].split("|")
    assert set(frame["candidate"]) == {source["film"], source["genre"]}
    weights = model.attention_weights(row_of(batch, row))
    expected = torch.cat([weights[0][0, :3], weights[1][0, :3]])
    np.testing.assert_allclose(frame["weight"], expected.detach())
    assert frame["weight"].between(0, 1).all()


def test_names_stand_beside_values_and_a_history_borrows_its_candidates():
    encoder, batch = encoded()
    model, row = random_model("din", encoder.layout), row_of(batch, row_with_history(batch))
    film = attention(model, encoder, row)["value"][0]
    for names in ({"film": {film: "The film"}}, {"films": {film: "The film"}, "film": {film: "Another"}}):
        assert attention(model, encoder, row, names)["name"][0] == "The film"


def test_a_value_without_a_name_is_told_from_names_by_its_field():
    encoder, batch = encoded()
    model, row = random_model("din", encoder.layout), row_of(batch, row_with_history(batch))
    frame = attention(model, encoder, row, {"film": {"never there": "A name"}})
    films = frame[frame["history"] == "films"]
    genres = frame[frame["history"] == "genres"]
    assert films["name"].tolist() == [f"film {value}" for value in films["value"]]
    assert genres["name"].tolist() == genres["value"].tolist()


def test_a_row_without_history_has_no_lines_but_all_columns():
    encoder, batch = encoded()
    frame = attention(random_model("din", encoder.layout), encoder, row_of(batch, row_with_history(batch, 0)))
    assert frame.empty
    assert list(frame.columns) == COLUMNS


def test_unknown_items_and_candidates_are_said_to_be_unknown():
    encoder, batch = encoded()
    row = row_of(batch, row_with_history(batch, 1))
    row = with_candidate(row, encoder, "film", "never seen")
    row = replace(row, sequences=row.sequences | {"films": torch.tensor([[UNKNOWN, 0, 0, 0]])})
    line = attention(random_model("din", encoder.layout), encoder, row).iloc[0]
    assert (line["value"], line["candidate"]) == ("(unknown)", "(unknown)")


def test_attention_of_a_model_in_training_is_read_in_evaluation_mode():
    encoder, batch = encoded()
    model, row = random_model("din", encoder.layout), row_of(batch, row_with_history(batch))
    expected = attention(model, encoder, row)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert attention(model.train(), encoder, row).equals(expected)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_another_candidate_changes_the_weights_and_nothing_else_of_the_row():
    encoder, batch = encoded()
    model, row = random_model("din", encoder.layout), row_of(batch, row_with_history(batch))
    frames = [attention(model, encoder, with_candidate(row, encoder, "film", film)) for film in ("Alien", "Dune")]
    of_films = [frame[frame["history"] == "films"] for frame in frames]
    assert of_films[0]["value"].tolist() == of_films[1]["value"].tolist()
    assert not np.allclose(of_films[0]["weight"], of_films[1]["weight"])
    assert frames[0].query("history == 'genres'").equals(frames[1].query("history == 'genres'"))


@pytest.mark.parametrize(
    ("value", "value_id"), [("Alien", None), ("never seen", UNKNOWN), ("", UNKNOWN), (None, MISSING)]
)
def test_with_candidate_encodes_as_training_would(value, value_id):
    encoder, batch = encoded()
    row = row_of(batch, 0)
    before = row.categorical.clone()
    changed = with_candidate(row, encoder, "film", value)
    expected = encoder.vocabularies["film"].values.index("Alien") + 3 if value_id is None else value_id
    assert changed.categorical[0].tolist() == [expected, int(before[0, 1])]
    assert torch.equal(row.categorical, before)


@pytest.mark.parametrize("field", ["films", "price", "director"])
def test_with_candidate_of_a_field_that_is_none_says_which_there_are(field):
    encoder, batch = encoded()
    with pytest.raises(InputError, match=rf"^There is no categorical field {field}; there are film, genre\.$"):
        with_candidate(row_of(batch, 0), encoder, field, "Alien")


def by_hand(model, batch, left_out):
    """The logit with the given positions taken out of the given histories, rebuilt from lists."""
    sequences = dict(batch.sequences)
    for name, position in left_out.items():
        items = [int(i) for i in batch.sequences[name][0] if i > 0]
        del items[position]
        sequences[name] = torch.tensor([items + [0] * (batch.sequences[name].shape[1] - len(items))])
    return predict(model, replace(batch, sequences=sequences))[0]


@pytest.mark.parametrize("history", ["films", "tags"])
@pytest.mark.parametrize("name", ["fm", "dcn-v2", "din"])
@pytest.mark.parametrize("length", [1, 4])
def test_leave_one_out_is_rescoring_the_shortened_history(name, history, length):
    encoder, batch = encoded()
    lengths = (batch.sequences[history] > 0).sum(dim=1)
    row = row_of(batch, int((lengths == min(length, int(lengths.max()))).nonzero()[0, 0]))
    model = random_model(name, encoder.layout)
    effects = leave_one_out(model, row, history)
    count = int((row.sequences[history] > 0).sum())
    expected = [predict(model, row)[0] - by_hand(model, row, {history: position}) for position in range(count)]
    np.testing.assert_allclose(effects, expected, atol=1e-6)
    assert np.abs(effects).max() > 1e-4


def test_leave_one_out_of_joint_histories_takes_what_stands_beside_the_item_too():
    encoder, batch = encoded()
    row = row_of(batch, row_with_history(batch))
    model = random_model("din", encoder.layout, attention_groups="joint")
    expected = [predict(model, row)[0] - by_hand(model, row, {"films": t, "genres": t}) for t in range(4)]
    np.testing.assert_allclose(leave_one_out(model, row, "films"), expected, atol=1e-6)


def test_leave_one_out_of_joint_histories_of_different_lengths_counts_from_the_end():
    encoder, batch = encoded()
    row = row_of(batch, row_with_history(batch))
    row.sequences["genres"][:] = torch.tensor([[3, 4, 0, 0]])
    model = random_model("din", encoder.layout, attention_groups="joint")
    taken = [{"films": 0}, {"films": 1}, {"films": 2, "genres": 0}, {"films": 3, "genres": 1}]
    expected = [predict(model, row)[0] - by_hand(model, row, places) for places in taken]
    np.testing.assert_allclose(leave_one_out(model, row, "films"), expected, atol=1e-6)


def test_nothing_can_be_left_out_of_an_empty_history():
    encoder, batch = encoded()
    row = row_of(batch, row_with_history(batch, 0))
    assert leave_one_out(random_model("din", encoder.layout), row, "films").shape == (0,)


def test_encode_row_is_one_row_of_the_encoded_table():
    encoder, batch = encoded()
    row = encode_row(encoder, table(), 7)
    assert len(row) == 1
    assert torch.equal(row.categorical, batch.categorical[7:8])
    assert torch.equal(row.sequences["films"], batch.sequences["films"][7:8])


@pytest.mark.parametrize("row", [-1, 60])
def test_encode_row_outside_the_table_says_how_many_rows_there_are(row):
    with pytest.raises(InputError, match=rf"^There is no row {row}; the table has rows 0 to 59\.$"):
        encode_row(encoded()[0], table(), row)


def test_predicted_ctr_is_the_sigmoid_of_the_logit():
    encoder, batch = encoded()
    model, row = random_model("fm", encoder.layout), row_of(batch, 3)
    assert predicted_ctr(model, row) == pytest.approx(float(torch.sigmoid(model(row).detach())[0]))


def test_only_din_has_attention():
    encoder, _ = encoded()
    din = random_model("din", encoder.layout)
    assert din_or_error(din) is din
    with pytest.raises(InputError, match=r"^Only DIN has attention; this run is of another family\.$"):
        din_or_error(random_model("fm", encoder.layout))


def test_leave_one_out_of_a_separate_history_is_captums_feature_ablation():
    from captum.attr import FeatureAblation

    encoder, batch = encoded()
    model = random_model("din", encoder.layout).double()
    row = row_of(batch, row_with_history(batch, 3))
    row = replace(row, numeric=row.numeric.double())

    def logits(ids):
        return model(replace(row, sequences=row.sequences | {"films": ids}))

    ids = row.sequences["films"]
    with torch.no_grad():
        expected = FeatureAblation(logits).attribute(ids, baselines=0)[0].numpy()
    np.testing.assert_allclose(leave_one_out(model, row, "films"), expected[:3], atol=1e-6)
