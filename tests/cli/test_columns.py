"""What the flags say of columns and of the split, and the warnings that come with what would mend them."""

from __future__ import annotations

import pytest

from ctr_app.data.store import DatasetStore

from .conftest import QUICKLY
from .workplace import Workplace

ROWS = 400
SITES = ("news", "unknown", "shop")


def clicks() -> str:
    """A label, a probability, a field with a word for knowing nothing, a user, a weight, and rows that come twice."""
    lines = ["click,chance,site,user,worth,price"]
    lines += [
        f"{i % 3 // 2},0.{1 + i % 9},{SITES[i % 7 % 3]},u{i % 40},{1 + i % 5}.5,{i // 2 * 3.25}" for i in range(ROWS)
    ]
    return "\n".join(line for line in lines for _ in range(2 if line.startswith("1,") else 1)) + "\n"


@pytest.fixture
def train(workplace: Workplace):
    """Trains FM on the table with flags; gives what it answered."""
    table = workplace.write("clicks.csv", clicks())

    def run(*flags: object):
        return workplace("train", "--data", table, "--model", "fm", *QUICKLY, "--json", *flags)

    return run


def stored(workplace: Workplace):
    """How the only stored table is prepared."""
    (dataset,) = DatasetStore(workplace.folder / "data").list()
    assert dataset.preparation is not None
    return dataset.preparation


def test_warnings_name_the_flags_that_mend_them_and_these_end_the_warnings(train) -> None:
    said = train("--label", "click").err
    for flag in ("--missing site=unknown", "--split equal"):
        assert flag in said
    again = train("--label", "click", "--missing", "site=unknown", "--split", "equal")
    assert again.code == 0, again.err
    assert "--missing" not in again.err
    assert "--split" not in again.err


def test_values_that_mean_nothing_is_known_and_weights_and_the_split_are_stored(workplace: Workplace, train) -> None:
    split = ("--group", "user", "--split", "group")
    train("--label", "click", "--missing", "site=unknown", "--weight", "worth", *split).json()
    preparation = stored(workplace)
    assert preparation.schema.column("site").missing == ("unknown",)
    assert (preparation.schema.weight, preparation.schema.group, preparation.split.method) == ("worth", "user", "group")


def test_the_label_may_be_the_probability_itself(workplace: Workplace, train) -> None:
    answer = train("--label", "chance", "--probability", "--ignore", "click").json()
    assert stored(workplace).schema.positive is None
    assert answer["test"]["rows"] > 0


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--label", "price", "--probability"), "must hold numbers from 0 to 1"),
        (("--label", "chance", "--probability", "--positive", "1"), "--positive names a value"),
        (("--label", "click", "--missing", "unknown"), "--missing takes COL=VALUE"),
        (("--label", "click", "--missing", "town=unknown"), "There is no column town"),
        (("--label", "click", "--weight", "site"), "must be a number above 0"),
        (("--label", "click", "--split", "last"), "--events"),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_sentence(workplace: Workplace, train, flags, why) -> None:
    assert why in train(*flags).refusal()
    assert workplace.stored() == []
