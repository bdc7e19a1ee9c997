"""Sentences for the user, kept in two parts so that a page can show them in another language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """A template and its values; ``str`` puts them together in English.

    >>> str(Sentence("{count} different texts", {"count": 7}))
    '7 different texts'
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values)


def say(template: str, **values: object) -> Sentence:
    """A sentence with its values by name."""
    return Sentence(template, values)
