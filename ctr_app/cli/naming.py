"""names: a table of a field's values gives them names in the data set of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..data.dataset import write_kinds, write_names
from ..data.errors import InputError, join_names, spaced
from ..data.schema import Role
from ..data.side_tables import told_in
from ..data.store import DatasetStore
from ..training.run_store import RunStore
from .output import show
from .reading import add_reading_flags, read_file


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``names``."""
    command.add_argument("run", metavar="RUN", help="a run's id or its folder")
    command.add_argument("--runs", type=Path, metavar="DIR", help="folder of runs (default: checkpoints/)")
    command.add_argument(
        "--field", required=True, metavar="FIELD", help="the categorical field that the table is about"
    )
    command.add_argument("--table", required=True, metavar="FILE", help="its values, their names and their kinds")
    add_reading_flags(command)


def names(options: argparse.Namespace) -> None:
    """Store what a table tells of the values of a field, for all runs on the same data set."""
    dataset = DatasetStore().get(RunStore(options.runs).get(options.run).spec().dataset_id)
    assert dataset.preparation is not None
    known = [column.name for column in dataset.preparation.schema.with_role(Role.CATEGORICAL)]
    if options.field not in known:
        raise InputError(
            "There is no categorical field {field}; there are {known}.",
            field=options.field,
            known=join_names(known) or "none",
        )
    if not Path(options.table).exists():
        raise InputError("There is no file {name}.", name=options.table)
    told = told_in(read_file(Path(options.table), options), options.field, dataset.frame[options.field])
    write_names(dataset, {options.field: told.names})
    write_kinds(dataset, {options.field: told.kinds})
    document = {"dataset": dataset.id, "field": options.field, "names": len(told.names), "kinds": list(told.kinds)}
    line = f"{spaced(len(told.names))} names for {options.field} in {dataset.name}"
    show(options, document, [line + (f"; kinds by {join_names(list(told.kinds))}" if told.kinds else "")])
