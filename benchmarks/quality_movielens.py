"""DIN on two MovieLens tables: beside the tutorial's figure, and beside two libraries' DIN on the very same rows."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from acceptance import CommandLine
from peers.environments import NotInstalled, python_of
from peers.fitting import Fit, FitJob
from peers.pool import BENCHMARKS, ON_THE_CPU, ONE_THREAD
from peers.recipes import Recipe
from peers.rows import CANDIDATE, Rows, Table, write_table
from peers.tables import TITLES, markdown
from quality_events import CATEGORICAL, GROUP, HISTORY, LABEL, read_events, split_by_time, with_histories
from quality_numbers import gap, listed, marked, shown, wrapped
from quality_runs import Part, Plan, Trained, say, train

from ctr_app.data.arrays import EncodedRows
from ctr_app.data.dataset import EncodedDataset
from ctr_app.data.store import DatasetStore
from ctr_app.training.launch import configs_for
from ctr_app.training.metrics import Metrics, measure
from ctr_app.training.run_store import Run

LEAST_AUC, MOST_SECONDS = 0.63, 20.0
LEAKS = "ratting,last"
PEERS = ("fuxictr", "rechub")
LEARNING_RATES = (1e-3, 5e-4, 2e-3)  # the first is the default of both
TUNING_SEEDS = 2
NOTES_1M = """\
Train and test file given; a tenth of the training rows, drawn at random, validates. Column ratting tells the label, as
the app warns; it and last are left out, every other column is as the app guesses it. Seconds are those of the whole
command. Reported by the tutorial's author: .639; its code gives .616 after 20 epochs. One standard error of an AUC of
1,208 rows is .016."""
NOTES_100K = """\
Rows in the order of time: the last fifth tests, the last eighth of the rest validates. Label: rating of at least 4. A
row's history holds the latest 50 films that its user had rated so in an earlier second. Everyone reads {fields} and
the history, in the same encoding. The libraries' DIN has the sizes and the batch of our defaults and stops by the same
rule, validation AUC with a patience of {patience}; {rates}. Ours are the defaults. GAUC is by user."""


@dataclass(frozen=True)
class Scored:
    """One model's fits, one for each seed: validation AUC, and metrics of the test rows."""

    title: str
    valid: list[float]
    tests: list[Metrics]

    @property
    def aucs(self) -> list[float]:
        """Test AUC by seed."""
        return [metrics.auc or 0.0 for metrics in self.tests]

    @property
    def gaucs(self) -> list[float]:
        """Test GAUC by seed."""
        return [metrics.gauc or 0.0 for metrics in self.tests]


def measured_1m(plan: Plan) -> Part:
    """DIN on MovieLens-1M in the shape of the tutorials."""
    run, folder = CommandLine(plan.folder / "movielens-1m"), plan.shared / "movielens_1m_din"
    flags = ["--data", folder / "train.csv", "--test", folder / "test.csv", "--ignore", LEAKS]
    return Part(
        "MovieLens-1M, DIN", f"{wrapped(NOTES_1M)}\n\n{table_1m([train(run, 'din', s, *flags) for s in plan.seeds])}"
    )


def table_1m(runs: Sequence[Trained]) -> str:
    """Test AUC, epochs and seconds."""
    aucs, walls = [run.test["auc"] for run in runs], [run.wall for run in runs]
    cells = [
        marked(f"{shown(aucs)} (≥ {LEAST_AUC:g})", statistics.fmean(aucs) >= LEAST_AUC),
        listed(aucs),
        listed([run.epochs for run in runs], "d"),
        marked(f"{listed(walls, '.1f')} (< {MOST_SECONDS:g} each)", max(walls) < MOST_SECONDS),
    ]
    return markdown(["", "test AUC", "by seed", "epochs", "seconds"], [["DIN", *cells]])


def measured_100k(plan: Plan) -> Part:
    """Our DIN, the libraries' DIN, and our DCN-V2 without the history."""
    run, folder = CommandLine(plan.folder / "movielens-100k"), plan.folder / "events"
    flags = _written(plan, folder)
    columns = ["--label", LABEL, "--categorical", ",".join(CATEGORICAL), "--group", GROUP]
    with_history = [*flags, *columns, "--sequence", f"{HISTORY}:{CANDIDATE}"]
    dins = [train(run, "din", seed, *with_history) for seed in plan.seeds]
    dcns = [train(run, "dcn-v2", seed, *flags, *columns, "--ignore", HISTORY) for seed in plan.seeds]
    table = write_table(table_of(_encoded(run, dins[0])), folder / "encoded")
    found, missing = [_ours("**CTR Lens** DIN", dins)], []
    for peer in PEERS:
        try:
            found.append(peers_scores(plan, peer, table, _encoded(run, dins[0]).rows("test")))
        except NotInstalled as error:
            missing.append(f"{TITLES[peer]} is left out: {error}.")
    without = _ours("**CTR Lens** DCN-V2 without the history", dcns)
    text = "\n\n".join([notes_100k(plan), *missing, table_100k(found, without), over_in_words(found[0], without)])
    return Part("MovieLens-100K, histories in the order of time", text, tuple(missing))


def _written(plan: Plan, folder: Path) -> list[object]:
    """Write the rows of each split; returns the flags that name the files."""
    folder.mkdir(parents=True, exist_ok=True)
    flags: list[object] = []
    for split, rows in split_by_time(with_histories(read_events(plan.shared / "movielens_100k"))).items():
        rows.write_parquet(folder / f"{split}.parquet")
        flags += ["--data" if split == "train" else f"--{split}", folder / f"{split}.parquet"]
    return flags


def _encoded(run: CommandLine, trained: Trained) -> EncodedDataset:
    """The arrays that a run was trained on."""
    spec = Run(Path(trained.run)).spec()
    return DatasetStore(run.folder / "data").get(spec.dataset_id).encoded(spec.preparation)


def table_of(encoded: EncodedDataset) -> Table:
    """The same arrays as the peers read them; the test rows follow the validation rows."""
    layout = encoded.encoder.layout
    sizes = {name: layout.vocabulary_sizes[name] for name in layout.categorical}
    parts = [_rows(encoded.rows(split)) for split in ("train", "valid", "test")]
    both = {name: np.concatenate([getattr(part, name) for part in parts[1:]]) for name in vars(parts[0])}
    return Table(sizes, parts[0], Rows(**both))


def _rows(rows: EncodedRows) -> Rows:
    return Rows(*(np.asarray(part) for part in (rows.numeric, rows.categorical, rows.sequences[HISTORY], rows.labels)))


def peers_scores(plan: Plan, peer: str, table: Path, test: EncodedRows) -> Scored:
    """A library's DIN with the best of its learning rates, once for each seed."""
    python, tuning = python_of(peer, plan.cache), plan.seeds[:TUNING_SEEDS]
    done: dict[tuple[float, int], tuple[Fit, Metrics]] = {}

    def mean_valid(rate: float) -> float:
        return statistics.fmean(fitted(rate, seed)[0].valid_auc for seed in tuning)

    def fitted(rate: float, seed: int) -> tuple[Fit, Metrics]:
        if (rate, seed) not in done:
            folder = plan.folder / f"{peer}-{rate:g}-{seed}"
            job = job_for(table, rate, seed, len(np.load(table / "valid_labels.npy")) - len(test))
            fit, scores = fit_peer(python, peer, job, folder)
            done[rate, seed] = fit, measure(np.asarray(test.labels), scores, test.group_ids)
            say(f"{peer} {rate:g} seed {seed}: {fit}, test AUC {done[rate, seed][1].auc:.4f}")
        return done[rate, seed]

    best = LEARNING_RATES[0] if plan.is_quick else max(LEARNING_RATES, key=mean_valid)
    fits = [fitted(best, seed) for seed in plan.seeds]
    title = f"{TITLES[peer]} DIN, learning rate {best:g}"
    return Scored(title, [fit.valid_auc for fit, _ in fits], [metrics for _, metrics in fits])


def job_for(table: Path, learning_rate: float, seed: int, num_valid: int) -> FitJob:
    """DIN of our default sizes, batch, epochs and patience."""
    model, training = configs_for("din", {})
    sizes = {name: getattr(model, name) for name in ("embedding_dim", "mlp_sizes", "attention_sizes", "dropout")}
    recipe = Recipe("din", "DIN", "histories", learning_rate, batch_size=training.batch_size, **sizes)
    return FitJob(recipe, str(table), num_valid, seed, training.epochs, training.patience)


def fit_peer(python: str, peer: str, job: FitJob, folder: Path) -> tuple[Fit, np.ndarray]:
    """Do one fit in the peer's environment; ends the program with the peer's words if it fails."""
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(job.to_json())
    paths = [str(BENCHMARKS)] + ([str(BENCHMARKS.parent)] if peer == "ours" else [])
    environment = os.environ | ONE_THREAD | ON_THE_CPU | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [python, "-m", "peers.fitting", peer, str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{peer}\n{done.stderr}")
    return Fit(**json.loads((folder / "fit.json").read_text())), np.load(folder / "scores.npy")


def _ours(title: str, runs: Sequence[Trained]) -> Scored:
    tests = [Metrics(int(t["rows"]), t["auc"], t["logloss"], t["gauc"]) for t in (run.test for run in runs)]
    return Scored(title, [run.valid["auc"] for run in runs], tests)


def notes_100k(plan: Plan) -> str:
    """How it was made."""
    rates = f"their learning rate is {LEARNING_RATES[0]:g}"
    if not plan.is_quick:
        listed_rates = ", ".join(f"{rate:g}" for rate in LEARNING_RATES)
        rates = f"their learning rate is the best of {listed_rates} by validation AUC over {TUNING_SEEDS} seeds"
    patience = configs_for("din", {})[1].patience
    return wrapped(NOTES_100K.format(fields=", ".join(CATEGORICAL), patience=patience, rates=rates))


def table_100k(dins: Sequence[Scored], without: Scored) -> str:
    """Our DIN, then the peers', then the model without the history; ours is in bold where a peer's is better."""
    ours, *peers = dins
    auc_met = all(statistics.fmean(ours.aucs) >= statistics.fmean(peer.aucs) for peer in peers)
    gauc_met = all(statistics.fmean(ours.gaucs) >= statistics.fmean(peer.gaucs) for peer in peers)
    rows = [_row(ours, auc_met, gauc_met), *(_row(scored) for scored in (*peers, without))]
    return markdown(["", "test AUC", "by seed", "test GAUC", "validation AUC"], rows)


def _row(scored: Scored, auc_met: bool = True, gauc_met: bool = True) -> list[str]:
    valid, aucs, gaucs = shown(scored.valid), shown(scored.aucs), shown(scored.gaucs)
    return [scored.title, marked(aucs, auc_met), listed(scored.aucs), marked(gaucs, gauc_met), valid]


def over_in_words(din: Scored, without: Scored) -> str:
    """By how much DIN is above the model without the history, and whether that is more than the interval."""
    told = []
    for name, a, b in (("AUC", din.aucs, without.aucs), ("GAUC", din.gaucs, without.gaucs)):
        above, half = gap(a, b)
        by = (
            f"{above:+.4f}" if math.isinf(half) else marked(f"{above:+.4f} ± {half:.4f} (> its interval)", above > half)
        )
        told.append(f"{by} in {name}")
    return f"DIN over DCN-V2 without the history: {', '.join(told)}."
