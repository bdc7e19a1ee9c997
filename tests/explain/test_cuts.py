"""What cuts do to the metrics of a trained run's validation rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_app.data.dataset import EncodedDataset
from ctr_app.data.errors import InputError
from ctr_app.data.store import DatasetStore
from ctr_app.explain.cuts import CutBench, in_order, sample_rows, ways_to_cut
from ctr_app.training.metrics import measure
from ctr_app.training.run_store import RunStore
from ctr_app.training.trainer import predict
from tests.app.prepared import trained_run

from .examples import encoded

Trained = tuple[torch.nn.Module, EncodedDataset, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """An FM trained on planted clicks, its rows, and the planted pairs."""
    folder = tmp_path_factory.mktemp("cuts")
    datasets = DatasetStore(folder / "data")
    dataset = datasets.add_sample("planted-clicks", rows=12_000)
    run = trained_run(RunStore(folder / "runs"), datasets, dataset, epochs=10)
    assert dataset.truth is not None
    return run.load_model()[0], dataset.encoded(), [tuple(pair) for pair in dataset.truth["pairs"]]


def test_cutting_what_is_planted_costs_auc_and_what_is_not_costs_none(clicks: Trained) -> None:
    model, encoded_set, planted = clicks
    names = encoded_set.encoder.layout.field_names
    costs = [CutBench(model, encoded_set, "weights").measure([pair]).auc for pair in planted]
    assert sum(cost.is_clear and cost.value < 0 for cost in costs) >= 3
    together = CutBench(model, encoded_set, "weights").measure(planted)
    assert together.auc.value + together.auc.margin < min(cost.value for cost in costs)
    assert together.logloss.value > 0
    free = next((a, b) for a in names for b in names if a < b and not {a, b} & {n for pair in planted for n in pair})
    assert not CutBench(model, encoded_set, "weights").measure([free]).auc.is_clear


def test_the_result_is_that_of_the_validation_rows_as_they_are(clicks: Trained) -> None:
    model, encoded_set, planted = clicks
    result = CutBench(model, encoded_set, "weights").measure(planted[:1])
    rows = encoded_set.rows("valid")
    logits = predict(model, encoded_set.batch("valid"))
    assert result.before.metrics == measure(rows.labels, logits, rows.group_ids, rows.weights)
    assert result.auc.value == pytest.approx(result.after.metrics.auc - result.before.metrics.auc, abs=1e-12)
    ratio = (1 / (1 + np.exp(-logits))).mean() / rows.labels.mean()
    assert result.before.calibration.ratio == pytest.approx(ratio)


def test_what_takes_long_can_be_stopped_and_what_is_done_is_not_done_again(clicks: Trained) -> None:
    model, encoded_set, planted = clicks
    bench = CutBench(model, encoded_set, "behaviour", most_rows=50)
    told: list[tuple[int, int]] = []

    def stop_after_two(done: int, total: int) -> bool:
        told.append((done, total))
        return done < 2

    assert not bench.prepare([planted[:2]], stop_after_two)
    assert bench.prepare([planted[:2], planted[:1]], lambda *done: not told.append(done))
    assert told == [(0, 7), (1, 7), (2, 7), *((done, 5) for done in range(5))]
    assert bench.prepare([planted[:1]], lambda *_: False)
    assert CutBench(model, encoded_set, "weights", most_rows=50).prepare([planted[:2]], lambda *_: False)
    fresh = CutBench(model, encoded_set, "behaviour", most_rows=50)
    assert bench.measure(planted[:2]) == fresh.measure(planted[:2])


def test_a_field_that_is_cut_in_behaviour_tells_nothing_any_more(clicks: Trained) -> None:
    model, encoded_set, planted = clicks
    result = CutBench(model, encoded_set, "weights").measure(
        [(name,) for name in encoded_set.encoder.layout.field_names]
    )
    assert result.after.metrics.auc == pytest.approx(0.5)
    by_mean, by_draws = (
        CutBench(model, encoded_set, way).measure([planted[0][:1]]).auc for way in ("weights", "behaviour")
    )
    assert by_mean.value == pytest.approx(by_draws.value, abs=0.01)


def test_rows_beyond_the_most_are_drawn_the_same_each_time(clicks: Trained) -> None:
    rows = clicks[1].rows("valid")
    few, again = sample_rows(rows, 100), sample_rows(rows, 100)
    assert len(few) == 100
    assert np.array_equal(few.rows, again.rows)
    assert set(few.rows) < set(rows.rows)
    assert sample_rows(rows, len(rows)) is rows
    assert CutBench(clicks[0], clicks[1], "weights", most_rows=50).measure([]).before.metrics.rows == 50


def test_a_pair_has_one_name_whichever_field_comes_first() -> None:
    layout = encoded()[0].layout
    assert in_order(layout, ("tags", "film")) == in_order(layout, ("film", "tags")) == ("film", "tags")
    assert in_order(layout, ["film"]) == ("film",)


@pytest.mark.parametrize("cut", [("film", "nothing"), ("film", "film"), (), ("film", "tags", "price")])
def test_what_is_no_cut_is_refused(cut: tuple[str, ...]) -> None:
    with pytest.raises(
        InputError, match=r"This run has no field nothing|A cut is one field or a pair of two different"
    ):
        in_order(encoded()[0].layout, cut)


def test_every_model_can_be_cut_in_some_way() -> None:
    ways = {title: ways_to_cut(title) for title in ("FM", "DCN-V1", "DCN-V2", "DCN-Mix", "DIN")}
    assert ways["FM"] == ("weights", "raw")
    assert ways["DIN"] == ("behaviour",)
    assert ways["DCN-V2"][0] == "behaviour"
    assert all(set(ways[title]) == {"weights", "behaviour", "raw"} for title in ("DCN-V1", "DCN-V2", "DCN-Mix"))
