"""Deletion curves, faithfulness and mean attention, against rows that were shortened by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from ctr_app.data.batch import Batch
from ctr_app.explain.attention import leave_one_out
from ctr_app.explain.faithfulness import attention_by_match, attention_by_recency, deletion_curve, faithfulness
from ctr_app.explain.gradients import Gradients, integrated_gradients
from ctr_app.explain.what_if import edited
from ctr_app.models.din import DIN
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of


def din(layout: object, **settings: object) -> DIN:
    model = random_model("din", layout, **settings)  # type: ignore[arg-type]
    assert isinstance(model, DIN)
    return model


def long_rows(batch: Batch, least: int) -> list[int]:
    return np.flatnonzero(((batch.sequences["films"] > 0).sum(dim=1) >= least).numpy()).tolist()


def test_a_deletion_curve_is_predictions_of_shortened_histories() -> None:
    encoder, batch = encoded()
    model, row = din(encoder.layout), row_of(batch, long_rows(batch, 3)[0])
    items = [encoder.vocabulary_of("films").name(int(i)) for i in row.sequences["films"][0] if i > 0]
    order = np.random.default_rng(0).permutation(len(items))
    found = deletion_curve(model, row, "films", order)
    for count in range(len(items) + 1):
        left = [item for place, item in enumerate(items) if place not in set(order[:count].tolist())]
        assert found[count] == pytest.approx(predict(model, edited(row, encoder, {"films": left}))[0], abs=1e-5)


@pytest.mark.parametrize("groups", ["separate", "joint"])
def test_the_effects_order_is_the_best_and_the_score_says_so(groups: str) -> None:
    encoder, batch = encoded()
    model = din(encoder.layout, attention_groups=groups)
    found = faithfulness(model, batch, "films")
    assert found is not None
    assert found.rows == len(long_rows(batch, 3))
    assert found.low <= found.score <= found.high
    curves = found.curves.pivot(index="removed", columns="method", values="logit")
    assert curves.iloc[0].abs().max() == 0
    ends = curves.iloc[-1]
    assert ends.max() == pytest.approx(ends.min(), abs=1e-5)  # without any item all orders are one
    assert curves["effect"].mean() < curves["random"].mean()


def test_attention_that_is_the_effect_is_wholly_faithful_and_its_opposite_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder, batch = encoded()
    model = din(encoder.layout)
    found_by_sign = []
    for sign in (1, -1):
        monkeypatch.setattr(
            "ctr_app.explain.faithfulness._weights",
            lambda model, row, history, sign=sign: sign * leave_one_out(model, row, history),
        )
        found = faithfulness(model, batch, "films")
        assert found is not None
        found_by_sign.append(found)
    right, wrong = found_by_sign
    assert right.score == pytest.approx(1)
    assert wrong.score < 0
    assert right.pushing_down < wrong.pushing_down


def test_short_histories_say_nothing_and_a_stop_keeps_what_is_done() -> None:
    encoder, batch = encoded()
    model = din(encoder.layout)
    short = Batch(batch.numeric, batch.categorical, {n: ids * 0 for n, ids in batch.sequences.items()}, batch.labels)
    assert faithfulness(model, short, "films") is None
    found = faithfulness(model, batch, "films", on_progress=lambda done, _of: done < 4)
    assert found is not None
    assert found.rows == 4


def test_mean_attention_counts_every_item_once() -> None:
    encoder, batch = encoded()
    model = din(encoder.layout)
    weights = model.attention_weights(batch)[0].detach().numpy()
    items = int((batch.sequences["films"] > 0).sum())
    by_time = attention_by_recency(model, batch, "films")
    assert by_time["rows"].sum() == items
    assert by_time["rows"] @ by_time["weight"] == pytest.approx(weights.sum(), rel=1e-5)
    latest = [weights[row, int((ids > 0).sum()) - 1] for row, ids in enumerate(batch.sequences["films"]) if ids[0] > 0]
    assert by_time.set_index("ago").loc[1, "weight"] == pytest.approx(np.mean(latest), rel=1e-5)
    by_genre = attention_by_match(model, batch, "films", "genres")
    assert isinstance(by_genre, pd.DataFrame)
    assert by_genre["rows"].sum() == items
    assert attention_by_match(model, batch, "films", "tags") is None


def test_gradients_of_items_sum_to_the_historys() -> None:
    encoder, batch = encoded()
    model, row = din(encoder.layout), row_of(batch, long_rows(batch, 3)[0])
    found = Gradients(model, encoder.layout, batch).of_items(row)["films"]
    whole = integrated_gradients(model, encoder.layout, row, batch).frame.set_index("field")
    assert len(found) == int((row.sequences["films"] > 0).sum())
    assert found.sum() == pytest.approx(whole.loc["films", "contribution"])
    assert torch.isfinite(torch.from_numpy(found)).all()
