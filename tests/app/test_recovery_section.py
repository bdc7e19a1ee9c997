"""Recovery on the pages: nothing while the truth is hidden, then a score of each readout and pairs found by epoch."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import pytest

from ctr_app.explain import suite_jobs
from ctr_app.explain.recovery import recovery
from ctr_app.explain.suite import Score, Suite
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import interaction_recovery, interaction_suite, readouts, services

from .conftest import OpenPage
from .reading import charts, is_well, words

SECTION = "interactions-section-fm"


def test_recovery_scores_every_readout_once_the_truth_is_revealed(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    app = open_page("interactions", run)
    app.get_by_key(SECTION).set_value("recovery")
    app.run()
    assert "What was planted is hidden" in app.info[0].value
    assert "planted pairs are found" not in words(app)
    app.toggle(key="interactions-reveal").set_value(True).run()
    assert is_well(app)
    (table,) = [frame.value for frame in app.dataframe if list(frame.value)[:2] == ["readout", "auc"]]
    assert list(table["readout"]) == ["By weights", "By behaviour", "By counts"]
    truth = readouts.dataset_of(run).truth
    assert truth is not None
    expected = recovery(readouts.pairs(run.id, "counts"), truth["pairs"])
    assert (table["auc"].iloc[2], table["found"].iloc[2]) == (expected.auc, f"{expected.found} of 5")
    assert charts(app) >= 3
    assert "Before training, vectors hold what pairs of fields show" in words(app)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([2, 2, 2], "are found from the start"),
        ([0, 2, 2], "are found from epoch 1 on"),
        ([2, 1, 2], "are found from epoch 2 on"),
        ([2, 2, 1], "By weights, 1 of 2 planted pairs are found"),
    ],
)
def test_it_is_told_since_when_all_planted_pairs_are_found(found: list[int], said: str) -> None:
    frame = pd.DataFrame({"readout": "weights", "epoch": range(3), "auc": 0.9, "found": found})
    assert interaction_recovery._sentence(frame, 2).endswith(said)


def test_pairs_found_by_epoch_stand_on_the_train_page_once_revealed(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    app = open_page("train", trained["FM"])
    hidden = charts(app)
    app.toggle(key="train-reveal").set_value(True).run()
    assert is_well(app)
    assert charts(app) == hidden + 1


def scored(function: str, seed: int, auc: float) -> dict[str, object]:
    """What a repeat of the standard test writes down of one training."""
    found = [Score(function, seed, readout, auc, 0.5, 8) for readout in ("weights", "behaviour", "counts")]
    return {"function": function, "seed": seed, "seconds": 60.0, "scores": [asdict(score) for score in found]}


def test_the_standard_test_shows_what_it_has_and_goes_on(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("interactions", trained["FM"])
    app.get_by_key(SECTION).set_value("recovery").run()
    assert "50 trainings in the background" in words(app)
    assert "known after the first" in words(app)
    submitted: list[str] = []
    monkeypatch.setattr(services.jobs(), "submit", lambda run, _work: submitted.append(run.id))
    app.number_input(key="suite-seeds").set_value(1).run()
    app.button(key="suite-start").click().run()
    (repeat,) = suite_jobs.repeats(RunStore())
    assert submitted == [repeat.id]
    assert suite_jobs.suite_of(repeat) == Suite(seeds=(0,))
    repeat.append("scored", **scored("f1", 0, 0.9))
    repeat.set_status("running")
    app.run()
    assert "1 of 10 trainings done · now F2, seed 0 · about 9 min left" in app.get("progress")[0].proto.text
    app.button(key="suite-stop").click().run()
    repeat.set_status(*repeat.stop_request() or ("", ""))
    app.run()
    assert is_well(app)
    assert "Stopped by hand." in words(app)
    assert "DCN-V2 on F1: by weights 0.900" in words(app).replace("\\", "")
    assert "About 60 s each, 10 min in all." in words(app)
    app.button(key="suite-go-on").click().run()
    assert submitted == [repeat.id] * 2
    assert repeat.status().state == "queued"


def test_the_table_of_the_standard_test_has_means_over_the_seeds_that_are_done() -> None:
    found = [
        Score(name, seed, "behaviour", auc, 0.5, 8)
        for name, seed, auc in (
            ("f10", 0, 0.8),
            ("f2", 0, 0.6),
            ("f10", 1, 0.9),
            ("f2", 1, 0.8),
            ("f10", 2, 0.1),
        )
    ]
    frame = interaction_suite.table(found)
    assert list(frame["function"]) == ["F2", "F10"]
    assert list(frame["seeds"]) == [2, 3]
    assert frame["behaviour"].tolist() == pytest.approx([0.7, 0.6])
    said = interaction_suite.sentence(found, "DCN-V2")
    assert said == "Mean pair AUC of DCN-V2 on F2, F10: by behaviour 0.775 ± 0.953"
