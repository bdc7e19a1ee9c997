"""Settings: from text, within their ranges, and back to JSON."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass

import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.settings import Config, setting
from ctr_app.models.dcn import DCNConfig
from ctr_app.models.registry import FAMILIES


@dataclass(frozen=True)
class Example(Config):
    """One setting of each kind."""

    depth: int = setting(2, "How deep.", minimum=1, maximum=8)
    rate: float = setting(0.1, "How fast.", group="learning", unit="per step", minimum=0.0, maximum=1.0)
    shift: float = setting(0.0, "How far.")
    is_wide: bool = setting(False, "How wide.")
    kind: str = setting("a", "Which.", choices=("a", "b"))
    sizes: tuple[int, ...] = setting((8, 4), "How large.", minimum=1, maximum=100)
    words: str = setting("", "In which words.")


def test_settings_describe_themselves_in_the_order_of_the_class():
    described = Example.settings()
    assert [s.name for s in described] == ["depth", "rate", "shift", "is_wide", "kind", "sizes", "words"]
    assert [s.kind for s in described] == ["int", "float", "float", "bool", "choice", "sizes", "text"]
    rate = described[1]
    assert (rate.default, rate.help, rate.group, rate.unit, rate.minimum, rate.maximum) == (
        0.1,
        "How fast.",
        "learning",
        "per step",
        0.0,
        1.0,
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("depth", "3", 3),
        ("depth", " 3 ", 3),
        ("depth", "3.0", 3),
        ("depth", 3.0, 3),
        ("rate", "1e-3", 0.001),
        ("rate", 1, 1.0),
        ("shift", "-2.5", -2.5),
        ("is_wide", "yes", True),
        ("is_wide", "True", True),
        ("is_wide", "off", False),
        ("is_wide", 0, False),
        ("kind", "b", "b"),
        ("sizes", "64,32", (64, 32)),
        ("sizes", "64, 32", (64, 32)),
        ("sizes", "64x32", (64, 32)),
        ("sizes", "64-32", (64, 32)),
        ("sizes", "[64, 32]", (64, 32)),
        ("sizes", "64", (64,)),
        ("sizes", "", ()),
        ("sizes", [64, 32], (64, 32)),
        ("sizes", (64.0,), (64,)),
        ("words", " a*b,\tc ", "a*b, c"),
        ("words", "", ""),
    ],
)
def test_text_and_typed_values_become_the_settings_type(name, text, value):
    parsed = getattr(Example.from_mapping({name: text}), name)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("depth", "two", "Setting depth needs a whole number, not 'two'."),
        ("depth", "2.5", "Setting depth needs a whole number, not '2.5'."),
        ("depth", True, "Setting depth needs a whole number, not True."),
        ("depth", "inf", "Setting depth needs a whole number, not 'inf'."),
        ("depth", "1e400", "Setting depth needs a whole number, not '1e400'."),
        ("depth", None, "Setting depth needs a whole number, not None."),
        ("depth", 0, "Setting depth must be at least 1, not 0."),
        ("depth", 10**400, f"Setting depth must be at most 8, not {10**400}."),
        ("depth", "9", "Setting depth must be at most 8, not 9."),
        ("rate", "fast", "Setting rate needs a number, not 'fast'."),
        ("rate", "nan", "Setting rate needs a number, not 'nan'."),
        ("rate", True, "Setting rate needs a number, not True."),
        ("rate", -0.5, "Setting rate must be at least 0.0, not -0.5."),
        ("shift", "inf", "Setting shift needs a number, not 'inf'."),
        ("is_wide", "maybe", "Setting is_wide needs yes or no, not 'maybe'."),
        ("is_wide", 2, "Setting is_wide needs yes or no, not 2."),
        ("kind", "c", "Setting kind is one of a, b, not c."),
        ("sizes", "64,big", "Setting sizes needs whole numbers with commas between them, as 128,64, not '64,big'."),
        ("sizes", 64, "Setting sizes needs whole numbers with commas between them, as 128,64, not 64."),
        ("sizes", [None], "Setting sizes needs whole numbers with commas between them, as 128,64, not [None]."),
        ("sizes", "-5", "Setting sizes must be at least 1, not -5."),
        ("sizes", "64,-5", "Setting sizes must be at least 1, not -5."),
        ("sizes", "64,101", "Setting sizes must be at most 100, not 101."),
        ("words", 3, "Setting words needs a text, not 3."),
    ],
)
def test_a_value_that_cannot_be_is_one_sentence(name, value, sentence):
    with pytest.raises(InputError) as caught:
        Example.from_mapping({name: value})
    assert str(caught.value) == sentence


def test_an_unknown_name_is_one_sentence_that_lists_the_names():
    with pytest.raises(InputError) as caught:
        Example.from_mapping({"dept": 3})
    assert str(caught.value) == "There is no setting dept; there are depth, is_wide, kind, rate, shift, sizes, words."


def test_construction_checks_too():
    with pytest.raises(InputError, match="must be at most 8"):
        Example(depth=9)


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Example().depth = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    "config",
    [
        Example(depth=3, rate=0.5, is_wide=True, kind="b", sizes=(7,)),
        Example(sizes=()),
        DCNConfig(cross="mix", mlp_sizes=(128, 64)),
        *[family.config() for family in FAMILIES.values()],
    ],
    ids=repr,
)
def test_json_and_back_is_the_same(config):
    stored = json.loads(json.dumps(config.to_json()))
    assert type(config).from_mapping(stored) == config


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_setting_of_a_family_has_help_and_a_default_in_its_range(family):
    for described in family.config.settings():
        assert described.help.endswith(".")
        assert described.parse(described.default) == described.default
        assert described.group in ("shape", "learning")
