"""The commands and their flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from ..data.errors import InputError
from ..data.event_plan import HISTORIES_OF
from ..data.negatives import NEGATIVES_BY
from . import (
    attention,
    crossing,
    cutting,
    film,
    interactions,
    known,
    naming,
    profiling,
    recovery,
    results,
    stability,
    training,
)
from . import values as one_pair
from .generators import settings_help
from .reading import add_reading_flags

Command = Callable[[argparse.Namespace], None]
# Commands that look at the run's own data where none is named.
OWN_DATA = ("evaluate", "diagnose")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(
            "{message}; see {command} --help.", message=message[:1].upper() + message[1:], command=self.prog
        )


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; ``options.command(options)`` runs the one that was named."""
    top = _Parser(prog="python -m ctr_app", description="Train click models on a table and look inside them.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, function: Command, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(command=function)
        added.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        return added

    command("samples", known.samples, "List the data sets that are known by name.")
    download = command("download", known.download, "Fetch a real data set from its publisher, or go on doing so.")
    download.add_argument("name", metavar="NAME", help="as `samples` lists it")
    _add_sample_options(command("sample", training.sample, "Write a planted sample: its table, schema and truth."))
    _add_train_options(command("train", training.train, "Train a model on a table or a sample."))
    _add_profile_options(command("profile", profiling.profile, "Show where the time of a training step goes."))
    for name, function, help in (
        ("evaluate", results.evaluate, "Measure a run on a table; on its own data, split by split."),
        ("diagnose", _diagnose, "Say how good a run's predictions are, with intervals, and where they are off."),
        ("explain", _explain, "Take the prediction of one row apart, field by field; with edits, what they change."),
        ("predict", results.predict, "Write a table with the predicted CTR of each row."),
        ("interactions", interactions.interactions, "List pairs of fields by how much they interact."),
        ("film", film.film, "List pairs of fields epoch by epoch, as they were while the run trained."),
    ):
        _add_options_on_a_run(name, command(name, function, help))
    attention.add_options(command("attention", attention.attention, "Show DIN's attention over the history of a row."))
    _add_cut_options(command("cut", cutting.cut, "Measure a run without some pairs of fields, or fields."))
    _add_run(command("triples", cutting.triples, "List triples of fields by how much they do at once."))
    one_pair.add_options(command("values", one_pair.values, "Show one pair of fields, value by value."))
    help = "Repeat the standard test: train on functions of which it is known what interacts, and score each readout."
    recovery.add_options(command("recovery", recovery.recovery, help))
    stability.add_options(command("stability", stability.stability, "Repeat a run with other seeds and null labels."))
    crossing.add_options(
        command("crosses", crossing.crosses, "Take pairs of fields as fields, and say what they gain.")
    )
    naming.add_options(command("names", naming.names, "Name the values of a field of a run's data from a table."))
    _add_runs(command("runs", results.runs, "List the runs."))
    return top


def _diagnose(options: argparse.Namespace) -> None:
    from .diagnosing import diagnose  # pandas takes a while to import

    diagnose(options)


def _explain(options: argparse.Namespace) -> None:
    from .explaining import explain  # pandas takes a while to import

    explain(options)


def _add_runs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs", type=Path, metavar="DIR", help="folder of runs (default: checkpoints/)")


def _add_sample_options(sample: argparse.ArgumentParser) -> None:
    sample.formatter_class = argparse.RawDescriptionHelpFormatter
    sample.epilog = settings_help()
    sample.add_argument("name", metavar="NAME")
    sample.add_argument("--rows", type=int, metavar="N", help="number of rows")
    sample.add_argument("--seed", type=int, metavar="S", help="another seed draws another table (default: 0)")
    sample.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of a generator; repeatable"
    )
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", metavar="RUN", help="a run's id or its folder")
    _add_runs(command)


def _add_cut_options(command: argparse.ArgumentParser) -> None:
    _add_run(command)
    cutting.add_cut_options(command)


def _add_options_on_a_run(name: str, command: argparse.ArgumentParser) -> None:
    _add_run(command)
    if name not in ("interactions", "film"):
        command.add_argument(
            "--data", required=name not in OWN_DATA, metavar="FILE|NAME", help="the table, or a known data set's name"
        )
        add_reading_flags(command)
    if name == "diagnose":
        command.add_argument(
            "--split", choices=("test", "valid", "train"), help="rows of the run's own data (default: test)"
        )
        command.add_argument("--by", metavar="FIELD", help="slices by the values of this field, not the worst of all")
        command.add_argument("--importance", action="store_true", help="also what each field is worth; takes a while")
    if name == "predict":
        command.add_argument(
            "--out", type=Path, required=True, metavar="FILE", help="file to write: .csv, .tsv or .parquet"
        )
    if name == "interactions":
        interactions.add_options(command)
    if name == "film":
        film.add_options(command)
    if name == "explain":
        command.add_argument("--row", type=int, required=True, metavar="I", help="row of the table, from 0")
        command.add_argument("--method", choices=("exact", "shapley", "gradients", "ablation"))
        command.add_argument(
            "--edit", action="append", default=[], metavar="FIELD=VALUE", help="a field's other value; repeatable"
        )
        command.add_argument("--reach", type=float, metavar="CTR", help="the fewest edits that bring the CTR there")


def _add_train_options(train: argparse.ArgumentParser) -> None:
    _add_what_to_train(train)
    _add_runs(train)


def _add_profile_options(profile: argparse.ArgumentParser) -> None:
    _add_what_to_train(profile)
    profile.add_argument(
        "--steps", type=int, metavar="N", help="steps to profile (default: 50, more if they are short)"
    )


def _add_what_to_train(train: argparse.ArgumentParser) -> None:
    train.add_argument("--data", required=True, metavar="FILE|NAME", help="a table, or a known data set's name")
    train.add_argument("--valid", metavar="FILE", help="validation rows (by default drawn from --data)")
    train.add_argument("--test", metavar="FILE", help="test rows (by default drawn from --data)")
    train.add_argument("--model", required=True, metavar="NAME", help="fm, dcn (dcn-v1, dcn-v2, dcn-mix) or din")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; repeatable")
    train.add_argument("--seed", type=int, metavar="S", help="the same seed gives the same result (default: 0)")
    train.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")
    train.add_argument("--threads", type=int, metavar="N", help="threads to compute with (default: one per core)")
    add_reading_flags(train)
    columns = train.add_argument_group("what each column is")
    columns.add_argument("--schema", metavar="FILE", help="a schema file, as `sample` writes it")
    columns.add_argument("--label", metavar="COL")
    columns.add_argument("--positive", metavar="VALUE", help="the label's value that counts as a click")
    columns.add_argument("--probability", action="store_true", help="the label is the probability of a click itself")
    for flag in ("--ignore", "--numeric", "--categorical"):
        columns.add_argument(flag, action="append", default=[], metavar="A,B", help="columns, with commas between them")
    columns.add_argument(
        "--sequence", action="append", default=[], metavar="HISTORY[:CANDIDATE]", help="a column of lists; repeatable"
    )
    columns.add_argument("--separator", metavar="'|'", help="between the items of the --sequence columns")
    columns.add_argument("--group", metavar="COL", help="user or session, for GAUC")
    columns.add_argument("--time", metavar="COL", help="split by this column: the latest rows are for testing")
    columns.add_argument("--weight", metavar="COL", help="how much each row counts, a number above 0")
    columns.add_argument(
        "--missing", action="append", default=[], metavar="COL=VALUE", help="a value that means nothing is known"
    )
    columns.add_argument(
        "--split",
        choices=("random", "time", "group", "equal", "last"),
        help="at random (default), the latest rows for testing (default for a log of events), each user's rows on one "
        "side, equal rows on one side, or each user's last event for testing (only for a log)",
    )
    columns.add_argument(
        "--split-seed", type=int, default=0, metavar="S", help="which rows, and which negatives, chance draws"
    )
    columns.add_argument("--min-count", type=int, default=2, metavar="N", help="rarer values share one vector")
    _add_event_options(train.add_argument_group("a log of events, of which rows with histories are built"))


def _add_event_options(events: argparse._ArgumentGroup) -> None:
    events.add_argument(
        "--events",
        nargs="?",
        const="",
        metavar="USER,ITEM,TIME",
        help="each line is one event; without a value the three columns are guessed",
    )
    events.add_argument("--click", metavar="RULE", help="which events are clicks: 'rating>=4' or 'action=buy,cart'")
    events.add_argument(
        "--negatives", type=int, metavar="N", help="beside each click, draw N items that its user never touched"
    )
    events.add_argument("--negatives-by", choices=NEGATIVES_BY, help="how they are drawn (default: uniform)")
    events.add_argument("--history", choices=HISTORIES_OF, help="which events a history holds (default: clicks)")
    events.add_argument("--history-length", type=int, metavar="N", help="the latest N of them (default: 50)")
    events.add_argument("--items", metavar="FILE", help="a table of the items: titles, and columns to read")
    events.add_argument("--users", metavar="FILE", help="a table of the users: columns to read")
