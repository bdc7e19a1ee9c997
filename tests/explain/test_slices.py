"""Slices, fit and importance of scored rows, against slow, obvious versions on a table of every kind of field."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from ctr_app.data.dataset import as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.explain.gradients import integrated_gradients
from ctr_app.explain.importance import field_importance, permutation_importance
from ctr_app.explain.scored import Scored, score_rows, score_table
from ctr_app.explain.slices import LEAST_ROWS, one_class_slices, slices, surprise_of_chance, worst_slices
from ctr_app.training.metrics import auc

from .examples import SCHEMA, random_model, row_of, table


@pytest.fixture
def encoder() -> Encoder:
    return Encoder.fit(table(200), SCHEMA, min_count=1)


@pytest.fixture
def scored(encoder: Encoder) -> Scored:
    return score_rows(random_model("din", encoder.layout), encoder.transform(table(200)))


@pytest.mark.parametrize("field", ["price", "visits", "film", "genre", "films", "tags"])
def test_slices_of_a_field_hold_every_row_once(scored: Scored, encoder: Encoder, field: str) -> None:
    found = slices(scored, encoder, field)
    assert found["rows"].sum() == len(scored)
    assert found["rows"] @ found["observed"] == pytest.approx(scored.labels.sum())
    assert found["value"].is_unique
    assert found["surprise"].abs().is_monotonic_decreasing


def test_a_slice_is_measured_as_its_rows_alone(scored: Scored, encoder: Encoder) -> None:
    films, labels = table(200)["film"].to_numpy(), scored.labels
    for line in slices(scored, encoder, "film", {"Dune": "Dune (1984)"}).to_dict("records"):
        mine = films == str(line["value"]).removesuffix(" (1984)")
        assert line["rows"] == mine.sum()
        assert line["predicted"] == pytest.approx(scored.ctr[mine].mean())
        assert line["auc"] == pytest.approx(auc(labels[mine], scored.logits[mine]))
        error = np.sqrt((scored.ctr[mine] * (1 - scored.ctr[mine])).sum()) / mine.sum()
        assert line["surprise"] == pytest.approx((scored.ctr[mine].mean() - labels[mine].mean()) / error)


def test_a_slice_of_one_label_has_no_auc_and_is_counted(scored: Scored, encoder: Encoder) -> None:
    is_dune = table(200)["film"].to_numpy() == "Dune"
    labels = np.where(is_dune, 1.0, scored.labels)
    found = slices(Scored(labels, scored.logits, scored.encoded), encoder, "film")
    assert found.loc[found["value"] == "Dune", "auc"].isna().all()
    assert one_class_slices(found) == 1


def test_the_worst_slices_are_of_any_field_and_not_of_a_few_rows(scored: Scored, encoder: Encoder) -> None:
    is_alien = table(200)["film"].to_numpy() == "Alien"
    worst = worst_slices(Scored(is_alien.astype(float), np.zeros(200), scored.encoded), encoder)
    assert worst.iloc[0][["field", "value"]].tolist() == ["film", "Alien"]
    assert worst["rows"].min() >= LEAST_ROWS


def test_of_many_slices_one_surprises_by_chance() -> None:
    assert surprise_of_chance(1) == pytest.approx(1.959964, abs=1e-5)
    largest = np.abs(np.random.default_rng(0).normal(size=(4000, 50))).max(axis=1)
    assert np.mean(largest > surprise_of_chance(50)) == pytest.approx(0.05, abs=0.012)


def test_what_does_not_fit_is_counted(encoder: Encoder) -> None:
    frame = table(40).with_columns(
        pl.Series("film", ["Metropolis", None, *["Alien"] * 38]),
        pl.Series("price", [1e9, None, *[table(200)["price"].median()] * 38]),
        pl.Series("click", [None, *[1, 0, 1] * 13]),
    )
    found, fit = score_table(random_model("fm", encoder.layout), encoder, frame.drop("genre"))
    by_field = fit.fields.set_index("field")
    assert (len(found), fit.unlabelled, fit.absent) == (39, 1, ("genre",))
    assert by_field.loc["film", ["missing", "new"]].tolist() == [1 / 40, 1 / 40]
    assert by_field.loc["price", ["missing", "new"]].tolist() == [1 / 40, 1 / 40]
    assert by_field.loc["genre", ["is_absent", "missing"]].tolist() == [True, 1.0]
    assert not by_field.drop("genre")["is_absent"].any()


def test_a_table_without_label_or_fields_is_refused(encoder: Encoder) -> None:
    model = random_model("fm", encoder.layout)
    with pytest.raises(InputError, match="lacks the label click"):
        score_table(model, encoder, table(10).drop("click"))
    with pytest.raises(InputError, match="none of the fields"):
        score_table(model, encoder, table(10).select("click"))
    with pytest.raises(InputError, match="No row has a label"):
        score_table(model, encoder, table(10).with_columns(pl.lit(None).alias("click")))


def test_importance_is_zero_for_what_a_model_does_not_read_and_positive_for_what_it_does(encoder: Encoder) -> None:
    rows = encoder.transform(table(200))
    place = encoder.layout.numeric.index("price")

    class ReadsPrice(torch.nn.Module):
        def forward(self, batch: object) -> torch.Tensor:
            return batch.numeric[:, place] * 3  # type: ignore[attr-defined]

    batch = as_batch(rows)
    scored = Scored((rows.numeric[:, place] > 0).astype(float), 3.0 * rows.numeric[:, place].astype(float), rows)
    done: list[tuple[int, int]] = []

    def note(*of: int) -> bool:
        done.append((of[0], of[1]))
        return True

    found = permutation_importance(ReadsPrice(), encoder.layout, batch, scored, on_progress=note)
    assert found["field"].iloc[0] == "price"
    assert found["low"].iloc[0] > 0.5
    assert (found["rise"].iloc[1:].abs() < 1e-7).all()
    assert done[-1] == (7, 7)


def test_importance_stands_beside_the_mean_size_of_contributions(encoder: Encoder) -> None:
    model = random_model("fm", encoder.layout)
    scored = score_rows(model, encoder.transform(table(40)))
    batch = as_batch(scored.encoded)
    found = field_importance(model, encoder.layout, scored, batch).set_index("field")
    assert set(found.index) == set(encoder.layout.field_names)
    rows = [integrated_gradients(model, encoder.layout, row_of(batch, place), batch).frame for place in range(40)]
    expected = pd.DataFrame([frame.set_index("field")["contribution"].abs() for frame in rows])
    assert found["attribution"].to_dict() == pytest.approx(expected.mean().to_dict())
    half = 1.96 * expected.std(ddof=0) / np.sqrt(40)
    assert (found["attribution_high"] - found["attribution"]).to_dict() == pytest.approx(half.to_dict(), rel=1e-3)


def test_importance_can_be_stopped_and_what_is_done_counts(encoder: Encoder) -> None:
    model = random_model("fm", encoder.layout)
    scored = score_rows(model, encoder.transform(table(20)))
    batch = as_batch(scored.encoded)
    few = field_importance(model, encoder.layout, scored, batch, on_progress=lambda done, _total: done < 60)
    assert 0 < len(few) < len(encoder.layout.field_names)
    assert few.notna().all(axis=None)
