"""A training process that is killed outright."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ctr_app.data.synthetic import planted_clicks
from ctr_app.training.run_store import RunStore
from ctr_app.training.scoring import evaluate_table, score_table
from tests.paths import REPOSITORY


def test_a_killed_run_is_interrupted_and_keeps_what_it_had_learned(tmp_path: Path) -> None:
    frame = planted_clicks(30_000).frame
    frame.write_parquet(tmp_path / "table.parquet")
    arguments = ["--data", str(tmp_path / "table.parquet"), "--label", "click", "--model", "fm"]
    settings = ["epochs=10000", "patience=1000", "learning_rate=1e-5", "monitor=logloss"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ctr_app", "train", *arguments, *(f"--set={setting}" for setting in settings)],
        cwd=REPOSITORY,
        env=os.environ | {"CTR_LENS_DATA": str(tmp_path / "data"), "CTR_LENS_RUNS": str(tmp_path / "runs")},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr:
        lines = [process.stderr.readline() for _ in range(2)]
        assert lines[1].startswith("epoch   1"), "".join(lines) + process.stderr.read()
        (run,) = RunStore(tmp_path / "runs").list()
        assert run.status().state == "running"
        process.kill()
        process.wait()
    assert run.status().state == "interrupted"
    assert run.status().reason == "The program that trained it ended in the middle; what it had learned is kept."
    kinds = [event["kind"] for event in run.history()]
    assert kinds[0] == "start"
    assert "eval" in kinds
    assert run.metrics() is None
    assert np.isfinite(score_table(run, frame.head(100))).all()
    assert evaluate_table(run, frame).auc is not None
