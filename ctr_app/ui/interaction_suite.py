"""The standard test on the page: ten functions of which it is known what interacts, learned anew over several seeds."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from ..data.synthetic.function_tables import CLICKS, NOISE_FREE
from ..data.synthetic.functions import FUNCTIONS
from ..explain import suite_jobs
from ..explain.suite import Score, Suite, by_seed, interval, mean_auc
from ..training.run_store import Run
from . import parts, services
from .recovery_chart import READOUT_NAMES
from .words import _, plain

REFRESH_SECONDS = 1.0
MOST_SEEDS = 10
FEWEST_ROWS = 1000
MODELS = {"dcn-v2": "DCN-V2", "dcn-v1": "DCN-V1", "dcn-mix": "DCN-Mix", "fm": "FM"}
LABELS = {NOISE_FREE: "The probability itself", CLICKS: "Clicks"}


def draw() -> None:
    """What the test is, the form or how far it is, and what earlier repeats came to."""
    st.subheader(_("The standard test"), anchor=False)
    st.caption(
        _(
            "Ten functions of ten numbers (F1 to F10 of Tsang et al. 2018), of which it is known what interacts, are "
            "learned anew with several seeds, all by one model with the same settings. It tells how far a readout can "
            "be believed on smooth functions; your data may be harder or easier."
        )
    )
    known = suite_jobs.repeats(services.runs())
    live = next((repeat for repeat in known if repeat.status().is_live), None)
    if live is not None:
        st.fragment(_progress, run_every=REFRESH_SECONDS)(live)
        return
    suite = _form(known)
    if known:
        _results(known, suite)


def _form(known: list[Run]) -> Suite:
    """What to repeat, at first as the last time; what that costs, and the button; returns what is asked for."""
    last = suite_jobs.suite_of(known[0]) if known else Suite()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox(
            _("Model"), list(MODELS), list(MODELS).index(last.model), MODELS.__getitem__, key="suite-model", width=150
        )
        variant = st.segmented_control(
            _("Learned from"),
            list(LABELS),
            default=last.variant,
            required=True,
            key="suite-label",
            format_func=lambda name: _(LABELS[name]),
        )
        rows = st.number_input(
            _("Rows of a table"), min_value=FEWEST_ROWS, value=last.rows, step=10_000, key="suite-rows", width=170
        )
        seeds = st.number_input(
            _("Seeds"), min_value=1, max_value=MOST_SEEDS, value=len(last.seeds), key="suite-seeds", width=120
        )
        suite = Suite(rows=int(rows), seeds=tuple(range(int(seeds))), variant=variant or last.variant, model=model)
        if st.button(_("Repeat the standard test"), key="suite-start", type="primary", icon=":material/play_arrow:"):
            _queue(suite_jobs.new_repeat(services.runs(), suite))
    st.caption(_cost(suite, known))
    return suite


def _queue(repeat: Run) -> None:
    services.jobs().submit(repeat, suite_jobs.train_repeat)
    st.rerun()


def _cost(suite: Suite, known: list[Run]) -> str:
    """How many trainings, and how long they take if any like them was done before."""
    words = _("{count} trainings in the background, after all other runs; you can leave the page.", count=len(suite))
    for repeat in known:
        before, each = suite_jobs.suite_of(repeat), suite_jobs.seconds_each(repeat)
        if each and (before.model, before.rows, before.variant) == (suite.model, suite.rows, suite.variant):
            whole = parts.duration(each * len(suite))
            return words + " " + _("About {each} each, {whole} in all.", each=parts.short_time(each), whole=whole)
    return words + " " + _("How long one takes is known after the first.")


def _progress(repeat: Run) -> None:
    """How far it is, Stop, and what is found so far; draws the page anew once it has ended."""
    if not repeat.status().is_live:
        st.rerun()
    done, total = suite_jobs.num_done(repeat), len(suite_jobs.suite_of(repeat))
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    bar.progress(done / total, text=plain(_how_far(repeat, done, total)))
    if button.button(_("Stop"), key="suite-stop", icon=":material/stop:", width="stretch"):
        repeat.ask_to_stop()
        st.toast(_("Stopping after this step. What is done is kept."))
    _outcome(repeat)


def _how_far(repeat: Run, done: int, total: int) -> str:
    words = [_("{done} of {total} trainings done", done=done, total=total)]
    ahead = services.jobs().position(repeat.id)
    if ahead and repeat.status().state == "queued":
        return " · ".join([*words, _("waiting: {count} before this one", count=ahead)])
    task, each = suite_jobs.next_task(repeat), suite_jobs.seconds_each(repeat)
    if task is not None:
        words.append(_("now {function}, seed {seed}", function=task[1].upper(), seed=task[0]))
    if each is not None:
        words.append(_("about {time} left", time=parts.duration(each * (total - done))))
    return " · ".join(words)


def _results(known: list[Run], asked: Suite) -> None:
    """One of the repeats that are kept: the newest with the settings that are asked for, or else the newest."""
    like = [place for place, repeat in enumerate(known) if suite_jobs.suite_of(repeat) == asked]
    by_id = {repeat.id: repeat for repeat in known}
    chosen = known[0].id
    if len(known) > 1:
        index = like[0] if like else 0
        chosen = st.selectbox(
            _("Result of"),
            list(by_id),
            index=index,
            format_func=lambda i: settings_of(by_id[i]),
            key=f"suite-result-{len(known)}-{index}",
        )
    repeat = by_id[chosen]
    status = repeat.status()
    if status.state != "done":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/info: {plain(_(status.reason))}", width="content")
            if st.button(_("Go on"), key="suite-go-on", icon=":material/resume:"):
                suite_jobs.queue_again(repeat)
                _queue(repeat)
    _outcome(repeat)


def settings_of(repeat: Run) -> str:
    """When it was begun, and with what, in one line."""
    suite = suite_jobs.suite_of(repeat)
    return " · ".join(
        [
            datetime.fromtimestamp(repeat.spec().created).strftime("%Y-%m-%d %H:%M"),
            suite.recipe.title,
            _(LABELS[suite.variant]),
            _("{count} rows", count=parts.count(suite.rows)),
            _("1 seed") if len(suite.seeds) == 1 else _("{count} seeds", count=len(suite.seeds)),
        ]
    )


def _outcome(repeat: Run) -> None:
    """What is found so far: a sentence, a table of functions by readouts, and when and with what."""
    found = suite_jobs.scores_of(repeat)
    if not found:
        return
    suite = suite_jobs.suite_of(repeat)
    st.markdown(plain(sentence(found, suite.recipe.title)))
    config = {
        readout: st.column_config.NumberColumn(_(READOUT_NAMES[readout]), format="%.3f")
        for readout in dict.fromkeys(score.readout for score in found)
    }
    st.dataframe(
        table(found),
        hide_index=True,
        width="content",
        height="content",
        key=f"suite-table-{repeat.id}",
        column_config={"function": _("function"), "seeds": _("seeds done"), **config},
        alt=_("Pair AUC of each readout on each function, mean over the seeds"),
    )
    st.caption(
        _("Pair AUC: the chance that a true pair is measured stronger than any other; 0.5 is guessing.")
        + " "
        + plain(settings_of(repeat))
        + _with_settings(suite)
    )
    parts.table_behind(pd.DataFrame(found), f"standard-test-{repeat.id}", _("Every training as a table"))


def _with_settings(suite: Suite) -> str:
    """The settings that are not the model's defaults."""
    settings = suite.recipe.settings
    return "".join(f" · {plain(f'{name}={value}')}" for name, value in settings.items())


def sentence(found: list[Score], title: str) -> str:
    """How well each readout finds the pairs, with the interval over the seeds that are through."""
    shares = []
    for readout in dict.fromkeys(score.readout for score in found):
        mean, half = interval(by_seed(found, readout))
        number = f"{mean:.3f} ± {half:.3f}" if half == half else f"{mean:.3f}"
        shares.append(f"{_(READOUT_NAMES[readout]).lower()} {number}")
    functions = [name.upper() for name in _functions(found)]
    what = ", ".join(functions) if len(functions) < len(FUNCTIONS) else _("all ten functions")
    return _("Mean pair AUC of {title} on {what}: {shares}", title=title, what=what, shares=", ".join(shares))


def _functions(found: list[Score]) -> list[str]:
    """The functions that were learned, in the order of their numbers."""
    learned = {score.function for score in found}
    return [name for name in FUNCTIONS if name in learned]


def table(found: list[Score]) -> pd.DataFrame:
    """A line for each function: how many seeds are done, and the mean pair AUC of each readout over them."""
    readouts = list(dict.fromkeys(score.readout for score in found))
    lines = [
        {
            "function": name.upper(),
            "seeds": len({score.seed for score in found if score.function == name}),
            **{readout: mean_auc(found, readout, name) for readout in readouts},
        }
        for name in _functions(found)
    ]
    return pd.DataFrame(lines)
