"""How long does a cut take, and are three-way terms found where they are planted? Prints two tables and keeps them.

    python benchmarks/cuts.py [--quick]

DCN-V2 and FM are trained with default settings, one thread. In the full form the section of RESULTS.md beside this file
is replaced.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from acceptance import RESULTS, machine, with_section
from peers.tables import markdown
from torch import nn

from ctr_app.data.catalogue import generator_named
from ctr_app.data.dataset import EncodedDataset
from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.data.synthetic.functions import FUNCTIONS
from ctr_app.explain.cuts import Cut, CutBench
from ctr_app.explain.readouts import sample_batch
from ctr_app.explain.triples import strongest_triples
from ctr_app.models.registry import resolve
from ctr_app.training.driver import train_run
from ctr_app.training.launch import new_run
from ctr_app.training.metrics import auc
from ctr_app.training.run_store import RunStore

HEADING = "Cuts and three-way terms"
TARGET_SECONDS = 0.3
REPEATS = 5
TEN_VALUES = {"num_categorical_fields": 7, "num_numeric_fields": 3, "num_pairs": 2, "num_triples": 2}
NOTES = f"""\
One thread. A cut is measured with everything the page shows: predictions without it, AUC with its interval, logloss and
calibration, on 20,000 validation rows by weights and 4,000 by behaviour; once for all cuts, the rows are drawn and
predicted with the model as it is. Medians of {REPEATS}; target {TARGET_SECONDS} s, above it in bold.

Three-way terms are those of DCN-V2 with default settings: the true triples among as many strongest (precision@k) and
the chance that a true triple is stronger than another (AUC), of all triples; lowest to highest over seeds. Planted:
seven categorical fields of ten values, three numeric ones, two pairs and two triples of 0.75 logits each; clicks.
F1–F10: noise-free, 30,000 rows. No setting was chosen by this table."""


@dataclass(frozen=True)
class Trained:
    """A trained model, its rows and what they were planted with."""

    model: nn.Module
    encoded: EncodedDataset
    dataset: DataSet


def trained(folder: Path, store: DatasetStore, dataset: DataSet, model: str, **settings: Any) -> Trained:
    """A model trained as the app trains it."""
    family, implied = resolve(model)
    run = new_run(RunStore(folder / "runs"), dataset, family.name, {**implied, **settings}, "cpu")
    train_run(run, store)
    return Trained(run.load_model()[0], dataset.encoded(run.spec().preparation), dataset)


def cut_lines(folder: Path, store: DatasetStore, rows: int) -> Iterator[list[str]]:
    """Seconds of cuts, by model and number of fields."""
    for fields in (12, 39):
        settings = {"rows": rows, "num_categorical_fields": fields - 3, "num_numeric_fields": 3, "num_pairs": 5}
        dataset = store.add_planted("planted-pairs", generator_named("planted-pairs").with_values(settings))
        pairs: list[Cut] = [(a, b) for a, b in (dataset.truth or {})["pairs"]]
        for name, title, ways in (("fm", "FM", ("weights",)), ("dcn-v2", "DCN-V2", ("weights", "behaviour"))):
            found = trained(folder, store, dataset, name, epochs=1)
            for way in ways:
                once, _ = _seconds(found, [], way)
                each = [_seconds(found, cuts, way)[1] for cuts in (pairs[:1], pairs, [pairs[0][:1]])]
                yield [f"{title}, {fields} fields, {way}", f"{once:.2f} s", *map(_beside_target, each)]


def _seconds(found: Trained, cuts: Sequence[Cut], way: str) -> tuple[float, float]:
    """Of what is done once for all cuts, and of these; medians."""
    once, each = [], []
    for _ in range(REPEATS):
        started = time.perf_counter()
        bench = CutBench(found.model, found.encoded, way)
        once.append(time.perf_counter() - started)
        bench.measure(cuts)
        each.append(time.perf_counter() - started - once[-1])
    return statistics.median(once), statistics.median(each)


def _beside_target(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < TARGET_SECONDS else f"**{seconds:.2f} s**"


def triple_lines(folder: Path, store: DatasetStore, seeds: int, rows: Sequence[int]) -> Iterator[list[str]]:
    """How well true triples are found, by table."""
    for count in rows:
        settings = [{**TEN_VALUES, "vocabulary_size": 10, "rows": count, "seed": seed} for seed in range(seeds)]
        yield _line(f"planted, {count:,} rows", [_scores(folder, store, "planted-pairs", one) for one in settings])
    for name in FUNCTIONS:
        if any(len(names) > 2 for names in FUNCTIONS[name].sets):
            every = [{"rows": 30_000, "variant": "noise-free", "seed": seed} for seed in range(min(2, seeds))]
            yield _line(name.upper(), [_scores(folder, store, name, one) for one in every])


def _scores(folder: Path, store: DatasetStore, name: str, settings: dict[str, Any]) -> tuple[int, float, float, float]:
    """How many triples are true, precision@k, AUC, and the seconds of measuring, for one table."""
    dataset = store.add_planted(name, generator_named(name).with_values(settings))
    found = trained(folder, store, dataset, "dcn-v2", seed=settings["seed"])
    started = time.perf_counter()
    frame = strongest_triples(
        found.model, found.encoded.encoder.layout, sample_batch(found.encoded.batch("train")), most_triples=10_000
    )
    seconds = time.perf_counter() - started
    true = {frozenset(t) for names in (dataset.truth or {})["sets"] for t in combinations(names, 3)}
    named = zip(frame["field_a"], frame["field_b"], frame["field_c"], strict=True)
    is_true = torch.tensor([frozenset(triple) in true for triple in named]).double().numpy()
    scores = len(true), float(is_true[: len(true)].mean()), auc(is_true, frame["strength"].to_numpy()) or 0.0, seconds
    print(name, settings, scores, file=sys.stderr, flush=True)
    return scores


def _line(title: str, scores: Sequence[tuple[int, float, float, float]]) -> list[str]:
    (count, *_), *_ = scores
    _, precisions, aucs, seconds = zip(*scores, strict=True)
    return [title, str(len(scores)), str(count), _range(precisions), _range(aucs), f"{max(seconds):.1f} s"]


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"


def main() -> None:
    """Measure, print, and keep the section where everything took part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rows and one seed; RESULTS.md is left alone")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = DatasetStore(folder / "data")
        cuts = list(cut_lines(folder, store, 20_000 if quick else 200_000))
        lines = triple_lines(folder, store, 1 if quick else 5, [10_000] if quick else [30_000, 100_000])
        triples = list(islice(lines, 2 if quick else None))
    first = markdown(["a cut", "once", "one pair", "five pairs", "one field"], cuts)
    second = markdown(["table", "seeds", "true triples", "precision@k", "AUC", "measured in"], triples)
    told = f"`python benchmarks/cuts.py`, {time.perf_counter() - started:.0f} s."
    text = "\n\n".join([f"## {HEADING}", machine(), NOTES, first, second, told]) + "\n"
    print(text)
    if not quick:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
