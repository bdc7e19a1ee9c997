"""Recovery on the pages: nothing while the truth is hidden, then a score of each readout and pairs found by epoch."""

from __future__ import annotations

from ctr_app.explain.recovery import recovery
from ctr_app.training.run_store import Run
from ctr_app.ui import readouts

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


def test_pairs_found_by_epoch_stand_on_the_train_page_once_revealed(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    app = open_page("train", trained["FM"])
    hidden = charts(app)
    app.toggle(key="train-reveal").set_value(True).run()
    assert is_well(app)
    assert charts(app) == hidden + 1
