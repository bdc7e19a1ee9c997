"""profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from .workplace import Workplace

KEYS = {
    "model",
    "device",
    "threads",
    "steps",
    "batch_size",
    "rows_per_second",
    "step_ms",
    "floor_ms",
    "copy_gb_per_s",
    "matrix_gflop_per_s",
    "parts",
}
QUICKLY = ("--steps", 3, "--threads", 1, "--set", "batch_size=128", "--device", "cpu")


@pytest.fixture
def table(workplace: Workplace) -> Path:
    return Path(
        workplace("sample", "planted-clicks", "--rows", 600, "--out", workplace.folder, "--json").json()["table"]
    )


def test_profile_says_where_the_time_goes_and_stores_no_run(workplace: Workplace, table: Path) -> None:
    answer = workplace("profile", "--data", table, "--model", "dcn-v2", *QUICKLY, "--json")
    result = answer.json()
    assert answer.err == ""
    assert result.keys() >= KEYS
    assert (result["model"], result["device"], result["threads"]) == ("DCN-V2", "cpu", 1)
    assert (result["steps"], result["batch_size"]) == (3, 128)
    assert result["rows_per_second"] == pytest.approx(128e3 / result["step_ms"])
    assert result["rows_per_second_at_floor"] == pytest.approx(128e3 / result["floor_ms"])
    assert min(result["copy_gb_per_s"], result["matrix_gflop_per_s"]) > 0
    assert sum(part["ms"] for part in result["parts"]) == pytest.approx(result["step_ms"])
    assert sum(part["share"] for part in result["parts"]) == pytest.approx(1.0)
    assert sum(part["floor_ms"] or 0.0 for part in result["parts"]) == pytest.approx(result["floor_ms"])
    by_part = {part["part"]: part for part in result["parts"]}
    assert by_part["Python and dispatch"]["floor_ms"] is None
    assert by_part["matrix products"]["floor_ms"] > 0
    assert by_part["matrix products"]["operators"][0].keys() == {"name", "calls", "ms"}
    assert not [name for name in workplace.stored() if name.startswith("runs")]


def test_profile_prints_a_table_with_what_the_floor_is(workplace: Workplace, table: Path) -> None:
    lines = workplace("profile", "--data", table, "--label", "click", "--model", "fm", *QUICKLY).out.splitlines()
    assert lines[0] == "FM on cpu, 1 thread: 3 steps of 128 rows"
    header = lines.index("part".ljust(28) + "ms".rjust(9) + "share".rjust(9) + " " * 22 + " floor ms  mostly")
    end = next(number for number, line in enumerate(lines) if line.startswith("the whole step"))
    shares = [float(line[37:46].strip("% ")) for line in lines[header + 1 : end]]
    assert sum(shares) == pytest.approx(100.0, abs=0.1 * len(shares))
    assert shares == sorted(shares, reverse=True)
    assert "100.0%" in lines[end]
    said = " ".join(lines[end:])
    for words in (
        "at the floor",
        "With the profiler",
        "GB/s",
        "GFLOP/s in float32",
        "at random",
        "cost more than a copy",
    ):
        assert words in said


REFUSALS: dict[str, tuple[list[str], str]] = {
    "no steps": (["--steps", "0"], "--steps must be between 1 and 1000, not 0"),
    "too many steps": (["--steps", "1001"], "not 1001"),
    "unknown model": (["--model", "deepfm"], "There is no model deepfm"),
    "unknown setting": (["--set", "layers=3"], "FM has no setting layers"),
    "DIN without a history": (["--model", "din"], "DIN compares a history"),
    "unknown device": (["--device", "abacus"], "is no device's name"),
    "no threads": (["--threads", "0"], "--threads must be between"),
    "unknown label": (["--label", "clack"], "There is no column clack"),
    "a folder of runs": (["--runs", "somewhere"], "Unrecognized arguments: --runs somewhere"),
    "value out of range": (["--set", "embedding_dim=0"], "Setting embedding_dim must be at least 1"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_profile_that_cannot_be_is_refused(workplace: Workplace, table: Path, what: str) -> None:
    flags, why = REFUSALS[what]
    model = [] if "--model" in flags else ["--model", "fm"]
    assert why in workplace("profile", "--data", table, *model, *flags).refusal()
    assert workplace.stored() == []


def test_a_device_that_cannot_be_profiled_is_refused(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctr_app.training.device.available_devices", lambda: ("mps", "cpu"))
    refusal = workplace("profile", "--data", "planted-clicks", "--model", "fm").refusal()
    assert "--device cpu" in refusal
    assert workplace.stored() == []


def test_training_that_diverges_is_said_in_one_sentence(
    workplace: Workplace, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ctr_app.training import trainer as trainer_module

    monkeypatch.setattr(trainer_module, "predict", lambda *_: trainer_module.np.array([float("nan")]))
    arguments = ["--data", table, "--model", "fm", *QUICKLY]
    assert "no number any more" in workplace("profile", *arguments).refusal()
