"""Adult, the census table, from OpenML by scikit-learn's client, which checks what it has fetched against its MD5."""

from __future__ import annotations

import re
import shutil
import threading
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import polars as pl

from ..catalogue import RealDataSet
from ..columns import MISSING_TOKENS
from ..downloading import Stopped, checksum, failure, reason
from ..errors import InputError, shorten
from ..files import bytes_in
from ..schema import Role, Schema
from ..store import DataSet, Preparation
from .job import Job, columns_of

DATA_ID = 1590
LIMIT_SECONDS = 180.0
LOOK_SECONDS = 0.2
NUMERIC = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"]
CATEGORICAL = [
    *("workclass", "education", "marital-status", "occupation", "relationship", "race", "sex", "native-country"),
]
LABEL, POSITIVE = "class", ">50K"
# How many people of the country a row stands for: of the survey, not of the person.
SURVEY_WEIGHT = "fnlwgt"


@dataclass
class _Answer:
    """What the client came back with."""

    frame: pl.DataFrame | None = None
    md5: str = ""
    error: Exception | None = None


def obtain(job: Job) -> DataSet:
    """The census rows, from a file put there by hand or else by scikit-learn's client."""
    by_hand = job.known.remote.path(job.folder)
    if by_hand.exists():
        frame, source_hash = read_arff(by_hand, job.known), checksum(by_hand, "md5")
    else:
        frame, source_hash = _by_client(job)
    return job.keep({"train": job.table(frame, source_hash)}, Preparation(schema(frame.columns)))


def schema(columns: list[str]) -> Schema:
    """Who earns more than 50K, by numbers and categories of the census; the survey's own weight is left out."""
    roles = {
        LABEL: Role.LABEL,
        **dict.fromkeys(NUMERIC, Role.NUMERIC),
        **dict.fromkeys(CATEGORICAL, Role.CATEGORICAL),
    }
    return Schema(columns_of(columns, roles), POSITIVE).check()


def read_arff(path: Path, known: RealDataSet) -> pl.DataFrame:
    """The table in OpenML's own file format: names after ``@attribute``, rows after ``@data``; all as text.

    Raises:
        InputError: if it is not the table that is known, by its columns and its number of rows.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    head, *rest = re.split(r"(?im)^@data[ \t]*\n", text, maxsplit=1)
    names = re.findall(r"(?im)^@attribute\s+['\"]?([\w-]+)", head)
    if set(names) != {LABEL, SURVEY_WEIGHT, *NUMERIC, *CATEGORICAL}:
        raise failure(known.remote, path.parent, "{path} is not the file that {host} publishes: its columns differ.")
    frame = _rows("".join(rest), names)
    if frame.height != known.rows:
        raise failure(
            known.remote,
            path.parent,
            "{path} is not the file that {host} publishes: it has {count} rows where {rows} are expected.",
            count=frame.height,
            rows=known.rows,
        )
    return frame


def _rows(text: str, names: list[str]) -> pl.DataFrame:
    """Rows with commas and spaces between their cells; ``?`` is missing."""
    if not text.strip():
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = pl.read_csv(
        text.encode(), has_header=False, new_columns=names, infer_schema=False, truncate_ragged_lines=True
    )
    stripped = pl.all().str.strip_chars()
    return frame.select(pl.when(~stripped.is_in(list(MISSING_TOKENS))).then(stripped).name.keep())


def _by_client(job: Job) -> tuple[pl.DataFrame, str]:
    """Rows and MD5; the client can neither be stopped nor given a time, so it works in a thread that may be left."""
    answer, known, folder = _Answer(), job.known, job.folder
    worker = threading.Thread(target=_ask_openml, args=(folder, answer), name="ctr-lens-openml", daemon=True)
    worker.start()
    give_up = time.monotonic() + LIMIT_SECONDS
    while worker.is_alive():
        job.progress(bytes_in(folder / "openml"), known.remote.size)
        worker.join(LOOK_SECONDS)
        if job.stop.is_set():
            raise Stopped
        if time.monotonic() > give_up:
            raise failure(known.remote, folder, "{host} did not answer within {limit:g} s.", limit=LIMIT_SECONDS)
    if answer.frame is None:
        assert answer.error is not None
        raise _sentence(known, folder, answer.error) from answer.error
    return answer.frame, answer.md5


def _ask_openml(folder: Path, answer: _Answer) -> None:
    from sklearn.datasets import fetch_openml  # takes seconds to import

    try:
        found = fetch_openml(data_id=DATA_ID, data_home=folder, as_frame=True, parser="pandas", n_retries=1)
        answer.md5 = str(found.details["md5_checksum"])
        answer.frame = _as_text(found.frame)
    except Exception as error:  # of the network, of the disk, or of the client
        if isinstance(error, HTTPError):
            error.close()
        answer.error = error


def _sentence(known: RealDataSet, folder: Path, error: Exception) -> InputError:
    """What the client failed at; what it keeps of a file that it does not accept is thrown away."""
    if isinstance(error, URLError | TimeoutError | ConnectionError | HTTPException):
        return failure(known.remote, folder, "{host} cannot be reached: {why}.", why=reason(error))
    if isinstance(error, OSError):
        return InputError("{title} cannot be stored in {folder}: {why}.", title=known.title, folder=folder, why=error)
    shutil.rmtree(folder / "openml", ignore_errors=True)
    why = shorten(str(error), 160).rstrip(".")
    return failure(known.remote, folder, "scikit-learn does not accept what {host} sends ({why}).", why=why)


def _as_text(frame: Any) -> pl.DataFrame:
    """The client's pandas table as text columns, missing values null."""
    texts = frame.astype("object").where(frame.notna(), None)
    return pl.DataFrame(
        {name: [None if cell is None else str(cell) for cell in texts[name]] for name in texts.columns},
        schema=dict.fromkeys(texts.columns, pl.String),
    )
