"""Settings as frozen dataclasses whose fields carry range, default, unit and one line of help.

The forms on the pages, the command line's ``--set`` and the stored files are all made from them.
"""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InputError, join_names


@dataclass(frozen=True)
class Setting:
    """One setting as a form or a flag needs it. ``kind`` is "int", "float", "bool", "choice", "text" or "sizes"."""

    name: str
    kind: str
    default: Any
    help: str
    group: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    step: float | None = None  # how far one press or one notch of its widget goes

    def parse(self, value: Any) -> Any:
        """``value`` (typed, or text from a flag) as this setting's type; raises InputError outside its range."""
        try:
            parsed = _PARSERS[self.kind](value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(
                "Setting {name} needs {what}, not {value}.", name=self.name, what=_KINDS[self.kind], value=repr(value)
            ) from None
        if self.choices and parsed not in self.choices:
            raise InputError(
                "Setting {name} is one of {choices}, not {value}.",
                name=self.name,
                choices=join_names(self.choices),
                value=parsed,
            )
        for number in parsed if self.kind == "sizes" else (parsed,):
            self._check_range(number)
        return parsed

    def _check_range(self, number: Any) -> None:
        if self.minimum is not None and not number >= self.minimum:
            raise InputError(
                "Setting {name} must be at least {limit}, not {value}.",
                name=self.name,
                limit=self.minimum,
                value=number,
            )
        if self.maximum is not None and not number <= self.maximum:
            raise InputError(
                "Setting {name} must be at most {limit}, not {value}.", name=self.name, limit=self.maximum, value=number
            )


def setting(
    default: Any,
    help: str,
    *,
    group: str = "shape",
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    step: float | None = None,
) -> Any:
    """A dataclass field with what a form needs to know of it."""
    described = {
        "help": help,
        "group": group,
        "unit": unit,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "step": step,
    }
    return dataclasses.field(default=default, metadata=described)


class Config:
    """Mixin for settings objects: checks itself on construction and lists its settings."""

    def __post_init__(self) -> None:
        for described in self.settings():
            object.__setattr__(self, described.name, described.parse(getattr(self, described.name)))

    @classmethod
    def settings(cls) -> tuple[Setting, ...]:
        """Every setting, in the order of the class."""
        hints = typing.get_type_hints(cls)
        return tuple(
            Setting(f.name, _kind_of(hints[f.name], f.metadata["choices"]), f.default, **f.metadata)
            for f in dataclasses.fields(typing.cast(Any, cls))
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> typing.Self:
        """Build from named values, text or typed; raises InputError for a name that is no setting."""
        known = {described.name for described in cls.settings()}
        for name in values:
            if name not in known:
                raise InputError(
                    "There is no setting {name}; there are {known}.", name=name, known=join_names(sorted(known), 30)
                )
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; ``from_mapping`` reads it back."""
        return {
            key: list(v) if isinstance(v, tuple) else v for key, v in dataclasses.asdict(typing.cast(Any, self)).items()
        }


def _kind_of(hint: Any, choices: tuple[str, ...]) -> str:
    if choices:
        return "choice"
    return {int: "int", float: "float", bool: "bool", str: "text"}.get(hint, "sizes")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _number(value)
    if number != int(number):
        raise ValueError(value)
    return int(number)


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(value)
    return number


def _yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ValueError(value)


def _sizes(value: Any) -> tuple[int, ...]:
    """128,64, 128x64 or 128-64; a minus sign that follows no digit makes its number negative."""
    parts = re.split(r"[,x×\s]|(?<=\d)-(?=\d)", value.strip(" ()[]")) if isinstance(value, str) else list(value)
    return tuple(_whole(part) for part in parts if part != "")


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return " ".join(value.split())


_PARSERS: dict[str, Any] = {
    "int": _whole,
    "float": _number,
    "bool": _yes_no,
    "choice": str,
    "text": _line,
    "sizes": _sizes,
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "choice": "one of its choices",
    "text": "a text",
    "sizes": "whole numbers with commas between them, as 128,64",
}
