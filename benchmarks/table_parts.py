"""The parts of tables.py that are measured, each in a process of its own: prints one line of JSON.

python benchmarks/table_parts.py ours|usual|opening|draft FILE FOLDER [--most-memory BYTES]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers.worker import memory_in_mb

REPOSITORY = Path(__file__).resolve().parents[1]
# Values of each categorical column, as many as Criteo's have in a million rows or more.
SIZES = (
    *(1460, 583, 1_000_000, 500_000, 305, 24, 12_517, 633, 3, 93_145, 5_683, 800_000, 3_194),
    *(27, 14_992, 600_000, 10, 5_652, 2_173, 4, 700_000, 18, 15, 286_181, 105, 142_572),
)
NUM_NUMERIC = 13
NAMES = ("label", *(f"I{i}" for i in range(1, NUM_NUMERIC + 1)), *(f"C{i}" for i in range(1, len(SIZES) + 1)))
BLOCK_ROWS = 250_000
ZIPF_EXPONENT = 1.1
RERUNS = 10


@dataclass(frozen=True)
class Cost:
    """What something took: seconds by the clock and of all cores, megabytes beyond interpreter and libraries."""

    wall: float
    cpu: float
    megabytes: float | None


def write_file(path: Path, rows: int | None = None, size: int = 0) -> int:
    """Write Criteo-shaped rows without a header: so many, or until the file has ``size`` bytes; returns how many."""
    random, written = np.random.default_rng(0), 0
    values = [[f"{(i * 2_654_435_761 + 97 * place) % 2**32:08x}" for i in range(n)] for place, n in enumerate(SIZES)]
    names = [pl.Series(texts) for texts in values]
    with path.open("wb") as file:
        while (written < rows) if rows is not None else (file.tell() < size):
            block = min(BLOCK_ROWS, rows - written) if rows is not None else BLOCK_ROWS
            _block(random, names, block).write_csv(file, separator="\t", include_header=False)
            written += block
    return written


def _block(random: np.random.Generator, names: list[pl.Series], rows: int) -> pl.DataFrame:
    def with_gaps(series: pl.Series, share: float) -> pl.Series:
        return series.set(pl.Series(random.random(rows) < share), None)

    columns = {"label": pl.Series((random.random(rows) < 0.25).astype(np.int8))}
    for place in range(NUM_NUMERIC):
        numbers = np.floor(random.lognormal(1 + 0.4 * place, 1.5, rows)).astype(np.int64)
        columns[NAMES[1 + place]] = with_gaps(pl.Series(numbers), 0.05 + 0.03 * place)
    for place, texts in enumerate(names):
        drawn = np.cumsum((np.arange(len(texts)) + 2.0) ** -ZIPF_EXPONENT)
        ids = np.searchsorted(drawn, random.random(rows) * drawn[-1])
        columns[NAMES[1 + NUM_NUMERIC + place]] = with_gaps(texts.gather(ids), 0.1 if place % 3 == 2 else 0.0)
    return pl.DataFrame(columns)


def measured(work: Callable[[], object]) -> Cost:
    """The cost of ``work`` in this process, whose memory has been at its highest before no more than now."""
    before = memory_in_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    started, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = memory_in_mb("VmHWM")
    return Cost(wall, cpu, None if peak is None or before is None else peak - before)


def ours(file: Path, folder: Path) -> Cost:
    """From the file to arrays on disk, as the Data page does it once the columns are settled."""
    from ctr_app.data.reading import read_table
    from ctr_app.data.schema import Column, Role, Schema
    from ctr_app.data.store import DatasetStore, Preparation
    from ctr_app.data.warm_up import warm_up

    def encode(path: Path, store: DatasetStore) -> None:
        table = read_table(path)
        roles = [Role.LABEL, *[Role.NUMERIC] * NUM_NUMERIC, *[Role.CATEGORICAL] * len(SIZES)]
        columns = tuple(Column(name, role) for name, role in zip(table.frame.columns, roles, strict=True))
        store.add_table({"train": table}, Preparation(Schema(columns, "1"))).encoded()

    few = folder / "few.tsv"
    with file.open("rb") as lines:
        few.write_bytes(b"".join(line for line, _ in zip(lines, range(200), strict=False)))
    warm_up()
    encode(few, DatasetStore(folder / "few"))
    return measured(lambda: encode(file, DatasetStore(folder)))


def usual(file: Path, folder: Path) -> Cost:
    """The same as tutorials have it: pandas, a LabelEncoder for each column, a QuantileTransformer, one array."""
    import pandas as pd
    from sklearn.preprocessing import LabelEncoder, QuantileTransformer

    def encode(rows: int | None) -> None:
        data = pd.read_csv(file, sep="\t", names=list(NAMES), nrows=rows)
        numeric, categorical = list(NAMES[1 : 1 + NUM_NUMERIC]), list(NAMES[1 + NUM_NUMERIC :])
        data[categorical] = data[categorical].fillna("-1")
        data[numeric] = data[numeric].fillna(0)
        for name in categorical:
            data[name] = LabelEncoder().fit_transform(data[name])
        data[numeric] = QuantileTransformer().fit_transform(data[numeric])
        np.save(folder / "usual.npy", data.to_numpy(np.float32))

    encode(2_000)
    return measured(lambda: encode(None))


def opening(_file: Path, folder: Path) -> Cost:
    """Opening the newest data set and all of its arrays."""
    from ctr_app.data.store import DatasetStore

    def open_it() -> None:
        encoded = DatasetStore(folder).list()[0].encoded()
        assert encoded.encoder.layout.vocabulary_sizes
        assert all(len(encoded.batch(split)) for split in encoded.splits)

    return measured(open_it)


def draft(file: Path, folder: Path) -> Cost:
    """One more run of the Data page with the file's draft on it: seconds are the median of ten."""
    os.environ |= {"CTR_LENS_DATA": str(folder / "page"), "CTR_LENS_RUNS": str(folder / "runs")}
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(REPOSITORY / "ctr_app" / "ui" / "main.py"), default_timeout=600).run()
    app.switch_page("../../pages/data.py").run()
    app.file_uploader(key="data-upload").upload(file.name, file.read_bytes())
    app.run()
    if app.exception or not any(str(button.key).startswith("data-discard") for button in app.button):
        sys.exit(f"The Data page shows no draft: {[e.value for e in (*app.exception, *app.error)]}")
    costs = sorted((measured(app.run) for _ in range(RERUNS)), key=lambda cost: cost.wall)
    return costs[RERUNS // 2]


PARTS: dict[str, Callable[[Path, Path], Cost]] = {
    "ours": ours,
    "usual": usual,
    "opening": opening,
    "draft": draft,
}


def main() -> None:
    """Measure one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most-memory", type=int, metavar="BYTES", help="of address space, as RLIMIT_AS")
    options = parser.parse_args()
    os.environ["CTR_LENS_DATA"] = str(options.folder)
    if options.most_memory:
        resource.setrlimit(resource.RLIMIT_AS, (options.most_memory, options.most_memory))
    print(json.dumps(asdict(PARTS[options.part](options.file, options.folder))))


if __name__ == "__main__":
    main()
