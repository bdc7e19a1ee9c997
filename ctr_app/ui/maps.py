"""The maps of a run by every readout, and how far they agree, computed once per run and kept for all sessions."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from ..explain import readouts as explain
from ..explain.agreement import Agreement, agreement, correlations, disagreements
from ..explain.doubts import Doubts, doubts
from . import services
from .readouts import encoded_of, pairs

READOUT_NAMES = {"weights": "By weights", "behaviour": "By behaviour", "counts": "By counts"}


@dataclass(frozen=True)
class Choice:
    """A readout, and what is chosen about it: weights with main effects left in, the support that a swap needs."""

    readout: str
    raw: bool = False
    support: int = 0


@dataclass(frozen=True)
class Compared:
    """A map beside the others of its run: see ``explain.agreement``."""

    agreement: Agreement
    correlations: pd.DataFrame
    disagreements: pd.DataFrame


def maps(run_id: str, choice: Choice) -> dict[str, pd.DataFrame]:
    """Field-pair strengths by every readout of the run, the chosen one as it is chosen."""
    known = explain.readouts_for(services.runs().get(run_id).spec().title)
    choices = [choice if name == choice.readout else Choice(name) for name in known]
    return {one.readout: pairs(run_id, one.readout, one.raw, one.support) for one in choices}


@st.cache_data(max_entries=64, show_spinner=False)
def compared(run_id: str, choice: Choice) -> Compared:
    """How far the chosen map agrees with the others of its run."""
    found = maps(run_id, choice)
    return Compared(agreement(choice.readout, found), correlations(found), disagreements(found))


def together(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Columns field_a, field_b, and the strengths of each map, in the order of the first."""
    names = ["field_a", "field_b"]
    frames = [frame[[*names, "strength"]].rename(columns={"strength": name}) for name, frame in found.items()]
    return functools.reduce(lambda one, other: one.merge(other, on=names), frames)


@st.cache_data(max_entries=64, show_spinner=False)
def doubts_about(run_id: str) -> Doubts:
    """Why the maps of a run might disagree."""
    encoded = encoded_of(run_id)
    return doubts(services.runs().get(run_id), encoded.encoder.layout, encoded.rows("train"))
