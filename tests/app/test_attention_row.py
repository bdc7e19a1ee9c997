"""What is kept of a row on the Attention page is what is measured, and no other row's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ctr_app.data.dataset import write_kinds, write_names
from ctr_app.data.store import DatasetStore
from ctr_app.explain.attention import attention, din_or_error, encode_row, leave_one_out
from ctr_app.explain.gradients import Gradients
from ctr_app.explain.readouts import sample_batch
from ctr_app.training.run_store import Run
from ctr_app.training.trainer import predict
from ctr_app.ui import charts
from ctr_app.ui.attention_row import BASELINE_ROWS, seen


def test_a_row_is_kept_as_it_is_measured(trained: dict[str, Run]) -> None:
    run = trained["DIN"]
    model, encoder = run.load_model()
    din, dataset = din_or_error(model), DatasetStore().get(run.spec().dataset_id)
    batch, found = encode_row(encoder, dataset.frame, 7), seen(run, 7, None)
    history = found.histories["history"]
    baseline = sample_batch(dataset.encoded(run.spec().preparation).batch("train"), BASELINE_ROWS)
    gradients = Gradients(din, encoder.layout, baseline).of_items(batch)["history"]
    assert found.logit == pytest.approx(predict(din, batch)[0])
    np.testing.assert_allclose(history["weight"], attention(din, encoder, batch)["weight"])
    np.testing.assert_allclose(history["effect"], leave_one_out(din, batch, "history"), atol=1e-6)
    np.testing.assert_allclose(history["gradient"], gradients, atol=1e-6)
    assert seen(run, 7, None) is found


def test_another_row_or_candidate_and_new_names_are_not_what_was_kept(trained: dict[str, Run]) -> None:
    run = trained["DIN"]
    dataset = DatasetStore().get(run.spec().dataset_id)
    own = seen(run, 7, None)
    film = next(value for value in own.histories["history"]["value"] if value != dataset.part(7, 1)["film"][0])
    other = seen(run, 7, film)
    assert (other.histories["history"]["candidate"] == film).all()
    assert other.logit != own.logit
    assert seen(run, 8, None).key != own.key
    write_names(dataset, {"film": {film: "A film with a name"}})
    assert "A film with a name" in set(seen(run, 7, None).histories["history"]["name"])
    write_kinds(dataset, {"film": {"genre": dict.fromkeys(dataset.frame["film"].unique(), "all alike")}})
    assert seen(run, 7, None).key != own.key


def test_signed_bars_have_colours_on_both_sides_of_zero_whatever_their_size() -> None:
    frames = [pd.DataFrame({"label": ["a", "b"], "effect": [size, -size / 2]}) for size in (0.01, 7.0)]
    drawings = [charts.bars_over_history(frame, "effect", {"text": "t"}, "effect", True) for frame in frames]
    assert [drawing.frames["bars"]["share"].tolist() for drawing in drawings] == [[1.0, -0.5]] * 2
    assert drawings[0].spec == drawings[1].spec
    turned = charts.bars_over_history(frames[0][::-1], "effect", {"text": "t"}, "effect", True)
    assert turned.spec["encoding"]["y"]["sort"] == ["b", "a"] == drawings[0].spec["encoding"]["y"]["sort"][::-1]
    nothing = pd.DataFrame({"label": ["a"], "effect": [0.0]})
    assert charts.bars_over_history(nothing, "effect", {"text": "t"}, "effect", True).frames["bars"]["share"][0] == 0
