"""Data sets that are known by name: planted ones are made here, real ones are fetched from their publishers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from ..data.catalogue import READY_MADE, REAL_DATA_SETS, SAMPLES, KnownDataSet, RealDataSet
from ..data.downloading import file_size
from ..data.known import bytes_here, is_file_here, ready
from ..data.known.downloads import Download
from ..data.store import DataSet
from . import parts, services
from .navigation import link_to
from .state import set_widget, state
from .words import _, error_text, plain

REFRESH_SECONDS = 0.5
COLUMNS = 3
CARD_WIDTH = 300


def draw() -> None:
    """One card for each: what it is, its rows, its size and licence, and the button that brings it."""
    _take_what_came()
    st.subheader(_("Planted: made here, with interactions that are known"), anchor=False)
    grid = _cards()
    for name in READY_MADE:
        with grid.cell():
            _planted(SAMPLES[name])
    with grid.cell():
        _generate()
    st.subheader(_("Real: fetched from their publishers"), anchor=False)
    running = _running()
    st.fragment(_real_ones, run_every=REFRESH_SECONDS if running else None)(running)


def _real_ones(were_running: frozenset[str]) -> None:
    """The cards that change while a download runs; the whole page is drawn anew once one has ended."""
    if were_running - _running():
        st.rerun()
    grid = _cards()
    for known in REAL_DATA_SETS.values():
        with grid.cell():
            _real(known)


def _cards() -> Any:
    return st.grid(COLUMNS, min_column_width=CARD_WIDTH, border=True)


def _planted(sample: KnownDataSet) -> None:
    _what_it_is(sample, [_("{rows} rows", rows=parts.count(sample.rows)), *([_("truth planted")] * sample.has_truth)])
    if st.button(_("Make"), key=f"data-sample-{sample.name}", icon=":material/science:"):
        with parts.sentences(), st.spinner(_("Making the sample")):
            state().dataset_id = services.datasets().add_sample(sample.name).id
    if (state().dataset_id or "").startswith(f"{sample.name}-"):
        _go_on()


def _generate() -> None:
    """The way to planted data with settings."""
    about = _("Pairs of fields that you plant yourself, or one of the test functions F1 to F10.")
    _words_on_it(_("Planted as you like"), about, [_("as many rows as you like"), _("truth planted")])
    st.button(
        _("Generate"),
        key="data-known-generate",
        icon=":material/tune:",
        on_click=set_widget,
        args=("data-source", "generate"),
    )


def _what_it_is(known: KnownDataSet | RealDataSet, facts: Iterable[str]) -> None:
    _words_on_it(_(known.title), _(known.description), facts)


def _words_on_it(title: str, about: str, facts: Iterable[str]) -> None:
    with st.container(gap="xsmall"):
        st.markdown(f"**{plain(title)}**")
        st.markdown(plain(about))
        st.caption(" · ".join(facts))


def _real(known: RealDataSet) -> None:
    dataset = ready(known.name, services.datasets())
    rows = dataset.rows if dataset else known.rows
    where = _("is here") if dataset else _("{size} to download", size=file_size(known.remote.size))
    facts = [_("{rows} rows", rows=parts.count(rows)), where]
    with st.container(gap="xsmall"):
        _what_it_is(known, facts)
        _licence(known)
    download = services.downloads().latest(known.name)
    if download is not None and download.is_running:
        _progress(download)
    elif dataset is not None:
        _use(known.name, dataset)
    else:
        _offer(known, download)


def _licence(known: RealDataSet) -> None:
    terms = _("Terms")
    st.caption(
        f"{plain(_(known.licence))} [{terms}]({known.licence_url})",
        help=plain(_("Please cite: {citation}", citation=known.citation)),
    )


def _progress(download: Download) -> None:
    """How far it is, and Stop."""
    with st.container(gap="xsmall"):
        st.progress(*_how_far(download))
        st.button(
            _("Stop"),
            key=f"data-download-stop-{download.name}",
            icon=":material/stop:",
            disabled=download.stop.is_set() or download.built >= 1,
            on_click=services.downloads().stop,
            args=(download.name,),
        )


def _how_far(download: Download) -> tuple[float, str]:
    """The share of what is being done, and what that is."""
    share = min(1.0, download.done / download.total)
    if download.stop.is_set():
        return share, _("Stopping")
    if download.built >= 1:
        return 1.0, _("Encoding the rows")
    if download.built > 0:
        return download.built, _("Making rows of it")
    if share == 1:
        return 1.0, _("Reading the file")
    return share, _("{done} of {total}", done=file_size(download.done), total=file_size(download.total))


def _use(name: str, dataset: DataSet) -> None:
    """Choose it, or go on with it once it is chosen."""
    if state().dataset_id == dataset.id:
        _go_on()
    elif st.button(_("Use"), key=f"data-download-use-{name}", icon=":material/check:"):
        state().dataset_id = dataset.id
        st.rerun()


def _go_on() -> None:
    link_to("train", _("Train a model on it"))


def _offer(known: RealDataSet, last: Download | None) -> None:
    """Download or go on, and what went wrong the last time."""
    here = bytes_here(known.name, services.datasets())
    is_whole = is_file_here(known.name, services.datasets())
    label = _("Prepare") if is_whole else _("Resume") if here else _("Download")
    with st.container(gap="xsmall"):
        if last is not None and last.error is not None:
            st.error(plain(error_text(last.error)), icon=":material/error:")
        elif is_whole:
            st.caption(_("The file is here already."))
        elif here:
            total = file_size(known.remote.size)
            st.caption(_("{done} of {total} have come already.", done=file_size(here), total=total))
        if st.button(label, key=f"data-download-{known.name}", icon=":material/download:"):
            services.downloads().start(known.name)
            state().awaited = (*state().awaited, known.name)
            st.rerun()


def _running() -> frozenset[str]:
    """The names of what is being downloaded, by whomever."""
    found = (services.downloads().latest(name) for name in REAL_DATA_SETS)
    return frozenset(download.name for download in found if download is not None and download.is_running)


def _take_what_came() -> None:
    """What this session asked for becomes its data set once it is here."""
    running = _running()  # before looking, so that none ends unseen in between
    for name in state().awaited:
        if (dataset := ready(name, services.datasets())) is not None:
            state().dataset_id = dataset.id
    state().awaited = tuple(name for name in state().awaited if name in running)
