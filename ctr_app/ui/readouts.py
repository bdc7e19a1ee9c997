"""Readouts of a run, computed once per run and kept for all sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from torch import nn

from ..data.dataset import EncodedDataset
from ..data.encoding import Encoder
from ..data.store import DataSet
from ..explain import readouts as explain
from ..explain.cross_layers import CrossLayer, block_norms, cross_layers
from ..explain.cuts import Cut, CutResult, cut_quality
from ..explain.snapshots import snapshots
from ..explain.triples import has_triples, strongest_triples
from ..explain.values import value_table
from ..training.run_store import Run
from . import services


@st.cache_resource(max_entries=16, show_spinner=False)
def model_of(run_id: str) -> tuple[nn.Module, Encoder]:
    """The trained model of a run and its encoder; shared, so never changed."""
    return services.runs().get(run_id).load_model()


def dataset_of(run: Run) -> DataSet:
    """The data set that a run was trained on."""
    return services.datasets().get(run.spec().dataset_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def encoded_of(run_id: str) -> EncodedDataset:
    """The encoded rows that a run was trained on."""
    run = services.runs().get(run_id)
    return dataset_of(run).encoded(run.spec().preparation)


@st.cache_data(max_entries=64, show_spinner=False)
def pairs(run_id: str, readout: str) -> pd.DataFrame:
    """Field-pair strengths of a run by one readout."""
    run = services.runs().get(run_id)
    return explain.interactions(run, dataset_of(run), readout)


@st.cache_data(max_entries=256, show_spinner=False)
def values(run_id: str, field_a: str, field_b: str) -> pd.DataFrame:
    """The value × value table of one pair."""
    model, encoder = model_of(run_id)
    batch = explain.sample_batch(encoded_of(run_id).batch("train"), 50_000)
    return value_table(model, encoder, batch, field_a, field_b)


@st.cache_data(max_entries=32, show_spinner=False)
def film(run_id: str, epochs: tuple[int, ...]) -> pd.DataFrame:
    """Field-pair strengths of a run by epoch and readout; ``epochs`` are those that there are by now."""
    return snapshots(services.runs().get(run_id)) if epochs else pd.DataFrame()


@st.cache_data(max_entries=32, show_spinner=False)
def layers(run_id: str) -> list[tuple[CrossLayer, np.ndarray]]:
    """The cross layers of a DCN with the norms of their blocks."""
    model: Any = model_of(run_id)[0]
    batch = explain.sample_batch(encoded_of(run_id).batch("train"))
    return [(layer, block_norms(layer)) for layer in cross_layers(model, batch)]


@st.cache_data(max_entries=512, show_spinner=False)
def cut(run_id: str, cuts: tuple[Cut, ...], way: str) -> CutResult:
    """What some cuts change on the validation rows; the model itself is left as it is."""
    return cut_quality(model_of(run_id)[0], encoded_of(run_id), cuts, way)


@st.cache_data(max_entries=64, show_spinner=False)
def triples(run_id: str) -> pd.DataFrame | None:
    """The strongest three-way terms of a run; None for a model that has none."""
    model, encoder = model_of(run_id)
    if not has_triples(model):
        return None
    return strongest_triples(model, encoder.layout, explain.sample_batch(encoded_of(run_id).batch("train")))
