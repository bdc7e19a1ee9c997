"""Seeds and noise: a run is repeated with other seeds and on labels without interactions, and what then holds."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..data.errors import join_names, shorten
from ..explain.stability import LEAST_NULLS, Stability, trained_readouts
from ..training.progress import how_far
from ..training.repeats import Repeat, Standing, asked_for, missing, seconds_each, standing, stop_repeats
from ..training.run_store import Run
from . import charts, parts, readouts, services
from .stability_chart import shown_pairs, stability_chart
from .state import state
from .watch import dataset_truth
from .words import _, plain

NUM_SEEDS, NUM_NULLS, MOST = 4, 8, 40
REFRESH_SECONDS = 1.0
MOST_NAMED = 8


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """The picture, if anything was repeated, and what starts or stops repeating."""
    far = standing(run)
    if far.num_done:
        readout = _readout(run)
        with st.spinner(_("Measuring every pair of fields in each training")):
            found = readouts.stability(run, readout)
        _picture(run, found)
    else:
        st.markdown(
            _(
                "Would another seed show the same pairs, and how strong do pairs look where there is nothing? Train "
                "the same model again with other seeds, and on labels that hold main effects but no interaction."
            )
        )
    if far.live:
        st.fragment(_progress, run_every=REFRESH_SECONDS)(run, far.num_done)
    elif run.status().is_live:
        st.info(_("This run is still training. It can be repeated once it has ended."), icon=":material/info:")
    else:
        _form(run, far)


def _readout(run: Run) -> str:
    known = trained_readouts(run.spec().title)
    names = {"weights": _("By weights"), "behaviour": _("By behaviour")}
    if len(known) == 1:
        return known[0]
    chosen = st.segmented_control(
        _("Strengths"),
        known,
        default=known[0],
        required=True,
        key=f"interactions-stability-readout-{run.spec().title.lower()}",
        format_func=lambda name: names[name],
    )
    return chosen or known[0]


def _picture(run: Run, found: Stability) -> None:
    """Dots, whiskers and the null line; what they say in words; the table behind."""
    truth = dataset_truth(run)
    true_pairs = truth["pairs"] if truth is not None and state().revealed else []
    sentence = _sentence(found)
    title = charts.titled(sentence, _what_is_shown(found))
    chart = stability_chart(shown_pairs(found.frame), title, run.spec().family, true_pairs)
    chart.draw(alt=sentence, key=f"interactions-stability-chart-{run.id}")
    if found.has_line:
        st.markdown(" ".join([_above(found), _lent(found), _recovered(found, true_pairs) if true_pairs else ""]))
    st.caption(_what_it_tells(found))
    parts.table_behind(found.frame, f"{run.id}-stability-{found.readout}", column_config=_columns())


def _sentence(found: Stability) -> str:
    if found.has_line:
        return _("{count} of {total} pairs stand above the null line", count=found.num_passing, total=len(found.frame))
    best = found.frame.iloc[0]
    return _(
        "{a} and {b} interact most over {count} seeds",
        a=shorten(best["field_a"], 28),
        b=shorten(best["field_b"], 28),
        count=found.num_seeds,
    )


def _what_is_shown(found: Stability) -> str:
    shown = _("Mean of {count} seeds with its 95 % interval", count=found.num_seeds)
    if found.num_seeds == 1:
        shown = _("One seed, so without intervals")
    if not found.has_line:
        return shown
    return _(
        "{shown}; grey step: the null line of each pair, of {count} trainings on labels without interactions",
        shown=shown,
        count=found.num_nulls,
    )


def _above(found: Stability) -> str:
    """Which pairs stand above the line, by name."""
    above = found.frame[found.frame["passes"]]
    names = [plain(f"{a} × {b}") for a, b in zip(above["field_a"], above["field_b"], strict=True)]
    if not names:
        return _("No pair is stronger than what this model sees in such data without any interaction.")
    return _("Above the line: {pairs}.", pairs=join_names(names, MOST_NAMED))


def _lent(found: Stability) -> str:
    """Which of the pairs above the line may owe their strength to a third field."""
    lent = found.frame[found.frame["through"] != ""]
    pairs = [
        _("{pair} (through {field})", pair=plain(f"{a} × {b}"), field=plain(through))
        for a, b, through in zip(lent["field_a"], lent["field_b"], lent["through"], strict=True)
    ]
    if not pairs:
        return ""
    return _("Perhaps only lent by a field that both interact with more: {pairs}.", pairs=join_names(pairs, MOST_NAMED))


def _recovered(found: Stability, true_pairs: list[list[str]]) -> str:
    truth = {frozenset(pair) for pair in true_pairs}
    above = found.frame[found.frame["passes"]]
    hits = sum(frozenset(pair) in truth for pair in zip(above["field_a"], above["field_b"], strict=True))
    sentence = _("**{hits} of {total}** planted pairs are above it", hits=hits, total=len(truth))
    others = len(above) - hits
    return sentence + (_(", and {count} that were not planted.", count=others) if others else _(", and no other pair."))


def _what_it_tells(found: Stability) -> str:
    if found.has_line:
        return _(
            "The line is set so that of the pairs above it one in twenty at most is expected to be noise "
            "(Benjamini–Hochberg). It says that a pair is there, not how it came to be there; and a pair below it may "
            "still interact, where the rows are too few to show it."
        )
    return _(
        "An interval says how far seeds move a strength, not whether there is an interaction. For a null line there "
        "must be at least {count} trainings on labels without interactions.",
        count=LEAST_NULLS,
    )


def _columns() -> dict[str, object]:
    def number(title: str, form: str = "%.4f") -> object:
        return st.column_config.NumberColumn(title, format=form)

    return {
        "strength": number(_("Mean")),
        "low": number(_("At least (95 %)")),
        "high": number(_("At most (95 %)")),
        "p_value": number(_("p-value"), "%.2g"),
        "line": number(_("Null line")),
        "passes": st.column_config.CheckboxColumn(_("Above the line")),
        "through": _("Perhaps lent by"),
    }


def _form(run: Run, far: Standing) -> None:
    """How many repeats, what they will cost, and the button."""
    seeds, nulls = asked_for(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        num_seeds = st.number_input(
            _("Other seeds"),
            min_value=0,
            max_value=MOST,
            value=seeds if seeds or nulls else NUM_SEEDS,
            key=f"interactions-stability-seeds-{run.id}",
            width=150,
            help=_("More of them make the intervals narrower."),
        )
        num_nulls = st.number_input(
            _("Null trainings"),
            min_value=0,
            max_value=MOST,
            value=nulls if seeds or nulls else NUM_NULLS,
            key=f"interactions-stability-nulls-{run.id}",
            width=150,
            help=_(
                "Their labels are drawn from the main effects of the data alone. More of them make the line surer; "
                "fewer than {count} make none.",
                count=LEAST_NULLS,
            ),
        )
        to_do = missing(run, int(num_seeds), int(num_nulls))
        is_pressed = st.button(
            _("Train {count} times", count=len(to_do)) if to_do else _("All are trained"),
            key="interactions-stability-start",
            icon=":material/replay:",
            type="primary",
            disabled=not to_do,
        )
    if far.problem:
        st.warning(plain(_(far.problem)), icon=":material/info:")
    if to_do:
        st.caption(_cost(run, len(to_do), far.num_done))
    if is_pressed:
        _start(run, to_do)


def _cost(run: Run, count: int, num_done: int) -> str:
    each = seconds_each(run)
    words = [_("{count} are done and are kept.", count=num_done)] if num_done else []
    if each is not None:
        words.append(
            _("About {each} each, {whole} in all.", each=parts.short_time(each), whole=parts.short_time(each * count))
        )
    words.append(_("They train in the background after all other runs; you can leave the page."))
    return " ".join(words)


def _start(run: Run, to_do: list[Repeat]) -> None:
    for repeat in to_do:
        services.jobs().submit(repeat.queue(run))
    st.rerun()


def _progress(run: Run, num_done: int) -> None:
    """How many are done, and Stop; draws the page anew when there is something new to see."""
    far = standing(run)
    if far.num_done != num_done or not far.live:
        st.rerun()
    total = far.num_done + len(far.live)
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    bar.progress(far.num_done / total, text=_how_far(run, far, total))
    if button.button(_("Stop"), key="interactions-stability-stop", icon=":material/stop:", width="stretch"):
        stop_repeats(run)
        st.toast(_("Stopping after this step. What is done is kept."))


def _how_far(run: Run, far: Standing, total: int) -> str:
    ahead = services.jobs().position(far.live[0].id)
    if far.live[0].status().state == "queued" and ahead:
        return _(
            "{done} of {total} done · waiting: {count} before the next", done=far.num_done, total=total, count=ahead
        )
    each, now = seconds_each(run), how_far(far.live[0].history())
    said = [_("{done} of {total} done", done=far.num_done, total=total)]
    if now is not None:
        said.append(_("the next is in epoch {epoch}", epoch=int(now.epoch) + 1))
    if each is not None:
        said.append(_("about {time} left", time=parts.duration(each * len(far.live))))
    return " · ".join(said)
