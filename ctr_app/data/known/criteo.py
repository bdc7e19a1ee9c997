"""The 200 rows of Criteo's click log that DeepCTR's tutorials use: 13 counts and 26 hashed categories."""

from __future__ import annotations

import polars as pl

from ..columns import MISSING_TOKENS
from ..downloading import checksum
from ..schema import Role, Schema
from ..store import DataSet, Preparation
from .job import Job, columns_of

NUMERIC = [f"I{number}" for number in range(1, 14)]
CATEGORICAL = [f"C{number}" for number in range(1, 27)]


def obtain(job: Job) -> DataSet:
    """The rows as they are."""
    path = job.fetch()
    frame = pl.read_csv(path, infer_schema=False, null_values=list(MISSING_TOKENS))
    return job.keep({"train": job.table(frame, checksum(path, "sha256"))}, Preparation(schema()))


def schema() -> Schema:
    """A label, numeric I1 to I13, categorical C1 to C26."""
    roles = {
        "label": Role.LABEL,
        **dict.fromkeys(NUMERIC, Role.NUMERIC),
        **dict.fromkeys(CATEGORICAL, Role.CATEGORICAL),
    }
    return Schema(columns_of(list(roles), roles), "1").check()
