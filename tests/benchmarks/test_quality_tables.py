"""The parts of quality.py that need no long training."""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import quality
import quality_evaluation as evaluation
import quality_frappe as frappe
import quality_movielens as movielens
from quality_runs import Part, Plan, Trained

from ctr_app.training.run_store import RunStore


def trained(auc: float, wall: float = 4.0) -> Trained:
    metrics = {"auc": auc, "logloss": 0.2, "rows": 10}
    return Trained("run", metrics, metrics, 7, 3.0, wall)


@pytest.fixture
def plan(tmp_path) -> Plan:
    return Plan([0, 1, 2, 3, 4], tmp_path / "absent", tmp_path, tmp_path)


def test_parts_and_seeds_are_read_from_the_command_line() -> None:
    assert quality.parts_named("evaluation,frappe") == ["frappe", "evaluation"]
    assert quality.seeds_named("7,8") == [7, 8]
    with pytest.raises(argparse.ArgumentTypeError, match="nothing is none of frappe"):
        quality.parts_named("nothing")
    with pytest.raises(argparse.ArgumentTypeError, match="whole numbers"):
        quality.seeds_named("a")


def test_the_command_is_told_as_it_was_given() -> None:
    options = argparse.Namespace(quick=True, parts=["frappe"], seeds=[5])
    assert quality.command_of(options) == "python benchmarks/quality.py --quick --parts frappe --seeds 5"
    options = argparse.Namespace(quick=False, parts=list(quality.PARTS), seeds=list(quality.SEEDS))
    assert quality.command_of(options) == "python benchmarks/quality.py"


def test_a_part_without_its_table_is_left_out_and_nothing_is_kept(plan) -> None:
    parts = quality.measure(plan, ["frappe", "movielens-1m"])
    assert parts[0].missing == ("There is no frappe_x1 here, so this is left out.",)
    assert not quality.is_whole(plan, parts)


def test_only_all_parts_on_all_seeds_are_kept(plan) -> None:
    parts = [Part(name, "") for name in quality.PARTS]
    assert quality.is_whole(plan, parts)
    assert not quality.is_whole(plan, parts[1:])
    assert not quality.is_whole(Plan([0], plan.shared, plan.cache, plan.folder), parts)
    assert not quality.is_whole(Plan(plan.seeds, plan.shared, plan.cache, plan.folder, is_quick=True), parts)
    assert not quality.is_whole(plan, [*parts[1:], Part("FuxiCTR", "", ("left out",))])


def test_the_section_tells_how_it_was_made() -> None:
    text = quality.section([Part("A title", "a table")], "python benchmarks/quality.py", 12.3)
    assert text.startswith("## Quality\n")
    assert "### A title\n\na table\n\n`python benchmarks/quality.py`, 12 s." in text


def test_frappe_is_in_bold_below_its_target() -> None:
    found = {model.model: [trained(0.9838), trained(0.9840)] for model in frappe.MODELS}
    lines = frappe.table(found).splitlines()
    assert lines[2].startswith("| FM | 0.9839 ±")
    assert "| 0.9838, 0.9840 | 0.9671 | 0.2000 ± 0.0000 | 0.2065 | 7, 7 | 3, 3 |" in lines[2]
    assert lines[4].startswith("| DCN-V2 | **0.9839 ±")


def test_the_time_to_a_figure_is_that_of_the_first_model_that_has_it() -> None:
    moments = [frappe.Moment(1.0, 0.90), frappe.Moment(2.0, 0.97), frappe.Moment(3.0, 0.96)]
    assert frappe.first_at(moments, 0.96) == 2.0
    assert frappe.first_at(moments, 0.98) is None
    assert "**1.0 s, never (< 60 s)**" in frappe.times_in_words([1.0, None])
    assert "**" not in frappe.times_in_words([1.0, 59.0])


def test_the_clock_stops_at_the_best_model_so_far_and_its_weights_are_those_of_the_run(tmp_path) -> None:
    files = []
    for split, rows in {"train": 300, "valid": 100, "test": 100}.items():
        a = np.random.default_rng(rows).integers(0, 4, (rows, 2))
        files.append(tmp_path / f"{split}.csv")
        frame = pl.DataFrame({"label": (a.sum(axis=1) > 3).astype(int), "a": a[:, 0], "b": a[:, 1]})
        frame.with_columns(pl.col("a", "b").cast(pl.String) + "x").write_csv(files[-1])
    reached = frappe.time_to(frappe.Published("fm", "FM", 0.0, auc=0.55), files, tmp_path / "clock", 3)
    assert reached is not None
    (run,) = RunStore(tmp_path / "clock" / "runs").list()
    metrics = run.metrics()
    assert run.spec().training["seed"] == 3
    assert 0.0 < reached < metrics["seconds"] + 60.0
    datasets = frappe.DatasetStore(tmp_path / "clock" / "data")
    best = run.folder / f"best-{metrics['best_epoch']}.safetensors"
    assert frappe.test_auc(run, datasets, best) == pytest.approx(metrics["test"]["auc"], abs=1e-12)


def test_movielens_is_in_bold_where_one_run_is_too_slow() -> None:
    assert "| DIN | 0.6400 ± 0.0000 (≥ 0.63) |" in movielens.table_1m([trained(0.64), trained(0.64)])
    assert "**4.0, 21.0 (< 20 each)**" in movielens.table_1m([trained(0.64), trained(0.64, 21.0)])
    assert "| DIN | **0.6200" in movielens.table_1m([trained(0.62), trained(0.62)])


def test_evaluation_is_compared_with_scikit_learn_on_ties_too() -> None:
    made = evaluation.cases(2_000)
    assert [len(np.unique(case.logits)) <= evaluation.NUM_SCORES + 1 for case in made] == [False, True, False, True]
    assert max(map(evaluation.difference_of, made)) <= evaluation.MOST_DIFFERENCE
    assert evaluation.seconds_of(made[0], repeats=3) > 0.0


def test_the_tables_are_found_where_the_readme_says() -> None:
    assert [path.name for path in frappe.files_in(Path("data"))] == ["train.csv.gz", "valid.csv.gz", "test.csv.gz"]
