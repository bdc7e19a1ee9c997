"""The film of learning: the map by epoch, with the curves of the training, and when each pair emerged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.emergence import emergence, num_strongest, strengths_by_epoch
from ..explain.ordering import by_blocks
from ..explain.recovery import recovery
from ..explain.snapshots import snapshot_epochs
from ..training.progress import curves
from ..training.run_store import Run
from ..training.showing import MOST_SHARE
from . import beginnings, charts, film_charts, pair_charts, parts, readouts
from .drawing import Drawing
from .maps import READOUT_NAMES
from .navigation import go_to
from .state import Playing, set_widget, state, widget_value
from .tours import start_run
from .watch import dataset_truth
from .words import _

FRAME_SECONDS = 0.7
# Lines of more pairs than this are a thicket.
MOST_LINES = 40
# More runs of epochs than this are not told one by one.
MOST_RANGES = 12


@dataclass(frozen=True)
class Film:
    """One readout of a run by epoch (``frame``: epoch, field_a, field_b, strength), and the pictures beside it.

    ``evals`` has epoch, auc and logloss; ``pictures`` are curves by their column, and ``lines`` those of the pairs.
    """

    run: Run
    frame: pd.DataFrame
    epochs: list[int]
    names: list[str]
    truth: Sequence[Sequence[str]]
    evals: pd.DataFrame
    curves: dict[str, Drawing]
    lines: Drawing | None
    sentence: str

    @property
    def slider(self) -> str:
        """The key of the slider."""
        return f"interactions-film-epoch-{self.run.id}"


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """The map of the epoch that the slider stands at; play and pause; and the strongest pairs by epoch."""
    found = readouts.film(run.id, tuple(snapshot_epochs(run)))
    if found.empty:
        _nothing_was_kept(run)
        return
    readout = _readout(run, found)
    film = _film(run, found, readout)
    is_playing = _is_playing(film)
    st.fragment(_show, run_every=FRAME_SECONDS if is_playing else None)(film, is_playing)
    st.caption(_kept(film))
    st.caption(
        _(
            "The same rows are measured at each epoch, on one scale, so that colours can be compared; they are fewer "
            "than for the map above, so that training is not held up. A pair stands out while it is among the "
            "strongest, which have names, and has a quarter of its last strength; one that comes late need not be "
            "weak, as frequent values are learned first."
        )
    )
    parts.table_behind(
        film.frame,
        f"{run.id}-film-{readout}",
        _("All epochs as a table"),
        {"strength": st.column_config.NumberColumn(_("logits (RMS)"), format="%.4f")},
    )


def _kept(film: Film) -> str:
    """Of which epochs there are maps, where some were passed over."""
    kept, count = [epoch for epoch in film.epochs if epoch], film.epochs[-1]
    if len(kept) >= count:
        return _("The map of every epoch was kept.")
    return _(
        "Of {count} epochs the maps of {kept} were kept, since maps are to take no more than {share:.0%} of the "
        "training: {epochs}.",
        count=count,
        kept=len(kept),
        share=MOST_SHARE,
        epochs=_ranges(kept),
    )


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in words: ``1–3, 5, 7``; of many gaps only the first."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    words = [str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts]
    return ", ".join(words if len(words) <= MOST_RANGES else [*words[:MOST_RANGES], "…", words[-1]])


def _nothing_was_kept(run: Run) -> None:
    """Say that there is no film, and offer to make one."""
    st.info(
        _("No maps were kept while this run trained. Train it again with the same settings, and there is a film."),
        icon=":material/info:",
    )
    if st.button(_("Train it again"), key="interactions-film-train", icon=":material/replay:"):
        spec = run.spec()
        go_to("train", start_run(spec.dataset_id, spec.family, spec.model | spec.training, spec.device))


def _readout(run: Run, found: pd.DataFrame) -> str:
    """Which of the readouts that were kept to show."""
    kept = list(dict.fromkeys(found["readout"]))
    if len(kept) == 1:
        return str(kept[0])
    chosen = st.segmented_control(
        _("Measured"),
        kept,
        default=kept[0],
        required=True,
        key=f"interactions-film-readout-{run.spec().title.lower()}",
        format_func=lambda name: _(READOUT_NAMES[name]),
        label_visibility="collapsed",
    )
    return str(chosen or kept[0])


def _film(run: Run, found: pd.DataFrame, readout: str) -> Film:
    frame = found[found["readout"] == readout].drop(columns="readout")
    epochs = [int(epoch) for epoch in frame["epoch"].unique()]
    last = frame[frame["epoch"] == epochs[-1]]
    names = pair_charts.strongest_names(readouts.fields_of(run.id), last)
    if state().maps_by_blocks:
        names = by_blocks(names, pair_charts.among(last, names))
    truth = dataset_truth(run) if state().revealed else None
    pairs, sentence, family = truth["pairs"] if truth else (), _sentence(frame), run.spec().family
    history = curves(run.history())
    both = {"auc": film_charts.auc_curve, "logloss": film_charts.loss_curve} if len(history.evals) else {}
    drawn = {name: draw_curve(history, epochs[-1], family) for name, draw_curve in both.items()}
    lines = _lines(frame, sentence, family, pairs) if epochs[-1] else None
    return Film(run, frame, epochs, names, pairs, history.evals, drawn, lines, sentence)


def _lines(frame: pd.DataFrame, sentence: str, family: str, truth: Sequence[Sequence[str]]) -> Drawing:
    wide, unit = strengths_by_epoch(frame), _("logits (RMS)")
    named, wide = num_strongest(wide.shape[1]), wide.iloc[:, :MOST_LINES]
    subtitle = _("{unit} of the {count} strongest pairs by epoch", unit=unit, count=wide.shape[1])
    title = charts.titled(sentence, subtitle)
    return film_charts.pair_lines(wide, named, title, unit, family, truth)


def _is_playing(film: Film) -> bool:
    playing = state().playing
    return playing is not None and playing.run_id == film.run.id


def _show(film: Film, was_playing: bool) -> None:
    """Everything that changes from epoch to epoch; asks for the whole page when playing begins or ends."""
    if widget_value(film.slider) not in film.epochs:
        set_widget(film.slider, film.epochs[-1])
    if was_playing:
        _advance(film)
    if _is_playing(film) != was_playing:
        st.rerun()
    epoch = _controls(film, was_playing)
    st.markdown(_at_epoch(film, epoch))
    _pictures(film, epoch)


def _controls(film: Film, is_playing: bool) -> int:
    button, slider = st.columns([1, 5], vertical_alignment="bottom")
    button.button(
        _("Pause") if is_playing else _("Play"),
        key="interactions-film-play",
        icon=":material/pause:" if is_playing else ":material/play_arrow:",
        on_click=_pause if is_playing else _play,
        args=() if is_playing else (film,),
        width="stretch",
    )
    return int(
        slider.select_slider(
            _("Epoch"),
            film.epochs,
            key=film.slider,
            on_change=_pause,
            format_func=lambda epoch: str(epoch) if epoch else _("before training"),
        )
    )


def _play(film: Film) -> None:
    """Begin at the epoch that the slider stands at, or from the start if that is the last."""
    if widget_value(film.slider) == film.epochs[-1]:
        set_widget(film.slider, film.epochs[0])
    state().playing = Playing(film.run.id)


def _pause() -> None:
    state().playing = None


def _advance(film: Film) -> None:
    """One epoch on if the present one was seen long enough; after the last, the end."""
    playing, place = state().playing, film.epochs.index(widget_value(film.slider))
    if playing is None or (playing.moment and time.monotonic() - playing.moment < FRAME_SECONDS * 0.8):
        return
    if playing.moment is None:  # the first picture comes now, however long the page took
        state().playing = Playing(film.run.id, time.monotonic())
    elif place + 1 < len(film.epochs):
        set_widget(film.slider, film.epochs[place + 1])
        state().playing = Playing(film.run.id, time.monotonic())
    else:
        _pause()


def _at_epoch(film: Film, epoch: int) -> str:
    """How good the model was at that epoch, in words."""
    auc, logloss = (_value(film, name, epoch) for name in ("auc", "logloss"))
    if logloss is None:
        words = _("**Before training**: {what}", what=beginnings.before_training(film.run))
    else:
        words = _(
            "**Epoch {epoch} of {last}** · validation AUC **{auc}** · logloss {logloss:.4f}",
            epoch=epoch,
            last=film.epochs[-1],
            auc="–" if auc is None else f"{auc:.4f}",
            logloss=logloss,
        )
    if len(film.truth):
        score = recovery(_of_epoch(film, epoch), film.truth)
        words += " · " + _("**{found} of {total}** planted pairs found", found=score.found, total=score.k)
    return words


def _value(film: Film, name: str, epoch: int) -> float | None:
    """What was validated at an epoch; None before training, and where there is no AUC."""
    found = film.evals.loc[film.evals["epoch"] == epoch, name].dropna()
    return float(found.iloc[0]) if len(found) else None


def _of_epoch(film: Film, epoch: int) -> pd.DataFrame:
    return film.frame[film.frame["epoch"] == epoch]


def _pictures(film: Film, epoch: int) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        _map(film, epoch)
    with right:
        if not film.curves:
            st.caption(_("The first validation comes at the end of the first epoch."))
        words = {"auc": _("Validation AUC by epoch"), "logloss": _("Logloss by epoch")}
        for name, curve in film.curves.items():
            film_charts.at_epoch(curve, epoch, _value(film, name, epoch)).draw(alt=words[name])
    if film.lines is not None:
        film_charts.at_epoch(film.lines, epoch).draw(alt=film.sentence)


def _map(film: Film, epoch: int) -> None:
    unit, top = _("logits (RMS)"), float(film.frame["strength"].max()) or 1.0
    subtitle = _("{model}, {unit}, one scale for all epochs", model=film.run.spec().title, unit=unit)
    title = charts.titled(_("The map at each epoch"), subtitle)
    chart = film_charts.film_map(film.names, _of_epoch(film, epoch), top, title, unit, film.truth)
    chart.draw(alt=_("The map at each epoch"), width="content")


def _sentence(frame: pd.DataFrame) -> str:
    """When the strongest pair emerged, and by when all that are strong had."""
    emerged = emergence(frame)
    first = emerged.iloc[0]
    at_end = frame[frame["epoch"] == frame["epoch"].max()]["strength"]
    if len(at_end) > 1 and first["strength"] < 1.05 * at_end.median():
        return _("No pair of fields stands out at any epoch")
    a, b = (shorten(first[name], 28) for name in ("field_a", "field_b"))
    if first["epoch"] == 0:
        return _("{a} × {b} stood out from the start", a=a, b=b)
    return _("{a} × {b} stood out from epoch {epoch} on", a=a, b=b, epoch=first["epoch"])
