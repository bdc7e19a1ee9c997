"""The settings of the generators, as ``sample --help`` lists them."""

from __future__ import annotations

import textwrap

from ..data.settings import Setting
from ..data.synthetic import GENERATORS

WIDTH = 100


def settings_help() -> str:
    """Every setting of every kind of generator: its name, range and default, and what it does."""
    kinds: dict[tuple[Setting, ...], list[str]] = {}
    for generator in GENERATORS.values():
        kinds.setdefault(generator.settings.settings(), []).append(generator.name)
    return "\n\n".join(_of_kind(names, settings) for settings, names in kinds.items())


def _of_kind(names: list[str], settings: tuple[Setting, ...]) -> str:
    called = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return "\n".join([f"settings of {called} (--set KEY=VALUE):", *map(_line, settings)])


def _line(described: Setting) -> str:
    text = f"{described.help} {_values(described)}".strip()
    return textwrap.fill(f"  {described.name}: {text}", WIDTH, subsequent_indent="      ")


def _values(described: Setting) -> str:
    if described.kind == "text":
        return ""
    default = f"default {_plain(described.default)}"
    if described.choices:
        return f"[{', '.join(described.choices)}; {default}]"
    return f"[{_plain(described.minimum)} to {_plain(described.maximum)}; {default}]"


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
