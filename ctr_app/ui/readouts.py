"""Readouts of a run, computed once per run and kept for all sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import streamlit as st
from torch import nn

from ..data.batch import Batch
from ..data.dataset import EncodedDataset, Told
from ..data.encoding import Encoder
from ..data.store import DataSet
from ..explain import readouts as explain
from ..explain.coded import CodedField, coded_field
from ..explain.cross_layers import CrossLayer, Expert, block_flows, cross_layers, experts, singular_values
from ..explain.cuts import Cut, CutBench, CutResult
from ..explain.example_rows import example_rows
from ..explain.snapshots import snapshots
from ..explain.stability import Stability, stability_of
from ..explain.triples import has_triples, strongest_triples
from ..explain.unseen import strongest_unseen
from ..explain.values import NUM_VALUES, pair_table
from ..training.run_store import Run
from . import services


@st.cache_resource(max_entries=16, show_spinner=False)
def model_of(run_id: str) -> tuple[nn.Module, Encoder]:
    """The trained model of a run and its encoder; shared, so never changed."""
    return services.runs().get(run_id).load_model()


def place_of(run_id: str, field: str) -> int:
    """Where a field stands in its run's layout: for keys of widgets, which names from data must not be in."""
    return model_of(run_id)[1].layout.field_names.index(field)


@st.cache_resource(max_entries=64, show_spinner=False)
def fields_of(run_id: str) -> tuple[str, ...]:
    """The fields of a run in their order; known from when it begins to train."""
    return services.runs().get(run_id).encoder().layout.field_names


def dataset_of(run: Run) -> DataSet:
    """The data set that a run was trained on."""
    return services.datasets().get(run.spec().dataset_id)


def told_of(run_id: str) -> Told:
    """Which names and kinds of values there are by now: for the keys of what is kept and depends on them."""
    return dataset_of(services.runs().get(run_id)).told()


@st.cache_resource(max_entries=256, show_spinner=False)
def row_of(run_id: str, row: int) -> pl.DataFrame:
    """One row of the table that a run was trained on, counted from 0; shared, so never changed."""
    return dataset_of(services.runs().get(run_id)).part(row, 1)


@st.cache_resource(max_entries=16, show_spinner=False)
def encoded_of(run_id: str) -> EncodedDataset:
    """The encoded rows that a run was trained on."""
    run = services.runs().get(run_id)
    return dataset_of(run).encoded(run.spec().preparation)


@st.cache_data(max_entries=64, show_spinner=False)
def pairs(run_id: str, readout: str, raw: bool = False, support: int = 0) -> pd.DataFrame:
    """Field-pair strengths of a run by one readout."""
    run = services.runs().get(run_id)
    return explain.interactions(run, dataset_of(run), readout, raw=raw, support=support)


@st.cache_resource(max_entries=64, show_spinner=False)
def coded(run_id: str, field: str) -> CodedField:
    """A field of a run's training rows, with readable names; shared, so never changed."""
    names = dataset_of(services.runs().get(run_id)).names()
    return coded_field(model_of(run_id)[1], encoded_of(run_id).batch("train"), field, names)


@st.cache_data(max_entries=1024, show_spinner=False)
def repeated_pairs(folder: str, readout: str) -> pd.DataFrame:
    """Field-pair strengths of a run, or of one of its repeats, by the folder that it lies in."""
    run = Run(Path(folder))
    return explain.interactions(run, dataset_of(run), readout)


def stability(run: Run, readout: str) -> Stability:
    """What the finished repeats of a run say of its pairs; each repeat is measured once."""
    return stability_of(run, dataset_of(run), readout, lambda trained, _, by: repeated_pairs(str(trained.folder), by))


@st.cache_data(max_entries=256, show_spinner=False)
def values(
    run_id: str, field_a: str, field_b: str, more_a: tuple[int, ...] = (), more_b: tuple[int, ...] = ()
) -> pd.DataFrame:
    """The value × value table of one pair: the most frequent values, and the codes that are asked for."""
    model, encoder = model_of(run_id)
    a, b = (coded(run_id, field).choose(NUM_VALUES, more) for field, more in ((field_a, more_a), (field_b, more_b)))
    return pair_table(model, encoded_of(run_id).batch("train"), a, b, encoder.layout)


@st.cache_data(max_entries=128, show_spinner=False)
def unseen(run_id: str, fields: tuple[str, ...], min_count: int) -> pd.DataFrame:
    """The strongest pairs of values of any two of these fields that no training row has together."""
    model, encoder = model_of(run_id)
    batch = encoded_of(run_id).batch("train")
    return strongest_unseen(model, batch, [coded(run_id, field) for field in fields], encoder.layout, min_count)


@st.cache_data(max_entries=256, show_spinner=False)
def rows_with(run_id: str, field_a: str, value_a: str, field_b: str, value_b: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Training rows that have both values, and their predicted CTR."""
    run = services.runs().get(run_id)
    a, b = (coded(run_id, field).with_value(value) for field, value in ((field_a, value_a), (field_b, value_b)))
    return example_rows(model_of(run_id)[0], dataset_of(run), encoded_of(run_id), a, b)


@st.cache_data(max_entries=32, show_spinner=False)
def film(run_id: str, epochs: tuple[int, ...]) -> pd.DataFrame:
    """Field-pair strengths of a run by epoch and readout; ``epochs`` are those that there are by now."""
    return snapshots(services.runs().get(run_id)) if epochs else pd.DataFrame()


@st.cache_resource(max_entries=16, show_spinner=False)
def layers(run_id: str) -> list[CrossLayer]:
    """The cross layers of a DCN; shared, so never changed."""
    return cross_layers(*_dcn(run_id))


@st.cache_resource(max_entries=32, show_spinner=False)
def experts_of(run_id: str, index: int) -> list[Expert]:
    """The experts of one cross layer; shared, so never changed."""
    return experts(*_dcn(run_id), index)


@st.cache_data(max_entries=64, show_spinner=False)
def flows(run_id: str, index: int) -> np.ndarray:
    """How far each block of one cross layer moves the logit."""
    return block_flows(*_dcn(run_id), index)


@st.cache_data(max_entries=64, show_spinner=False)
def spectrum(run_id: str, index: int, expert: int | None) -> pd.DataFrame:
    """The singular values of one cross layer, or of one of its experts."""
    layer = layers(run_id)[index] if expert is None else experts_of(run_id, index)[expert]
    return singular_values(layer.matrix)


def _dcn(run_id: str) -> tuple[Any, Batch]:
    """A DCN and the training rows that it is looked at with."""
    return model_of(run_id)[0], explain.sample_batch(encoded_of(run_id).batch("train"))


@st.cache_data(max_entries=512, show_spinner=False)
def cut(run_id: str, cuts: tuple[Cut, ...], way: str) -> CutResult:
    """What some cuts change on the validation rows; the model itself is left as it is."""
    return _cut_bench(run_id, way).measure(cuts)


def cuts(
    run_id: str, chosen: tuple[Cut, ...], way: str, on_progress: Callable[[int, int], bool]
) -> tuple[CutResult, list[CutResult]] | None:
    """What some cuts change together, and each of them alone; None if ``on_progress`` said to stop before that."""
    every = [chosen, *((one,) for one in chosen)]
    if not _cut_bench(run_id, way).prepare(every, on_progress):
        return None
    together, *alone = [cut(run_id, some, way) for some in every]
    return together, alone


@st.cache_resource(max_entries=8, show_spinner=False)
def _cut_bench(run_id: str, way: str) -> CutBench:
    """The rows on which a run's cuts are measured."""
    return CutBench(model_of(run_id)[0], encoded_of(run_id), way)


@st.cache_data(max_entries=64, show_spinner=False)
def triples(run_id: str) -> pd.DataFrame | None:
    """The strongest three-way terms of a run; None for a model that has none."""
    model, encoder = model_of(run_id)
    if not has_triples(model):
        return None
    return strongest_triples(model, encoder.layout, explain.sample_batch(encoded_of(run_id).batch("train")))
