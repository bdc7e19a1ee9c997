"""The one catalogue of user-facing strings.

A sentence in the code is its own key: ``_("Train")``. Another language is a file ``words/<code>.json`` beside this
module that maps English sentences to its own, placeholders kept; what it lacks is shown in English.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

from ..data.errors import InputError
from ..data.sentences import Sentence

CATALOGUES = Path(__file__).with_name("words")


def _(sentence: str, **values: object) -> str:
    """``sentence`` in the language of the server, with ``values`` put into its placeholders."""
    translated = catalogue(language()).get(sentence, sentence)
    return translated.format(**values) if values else translated


def error_text(error: InputError) -> str:
    """An error's sentence in the language of the server."""
    return _(error.template, **error.values)


def sentence_text(sentence: Sentence) -> str:
    """A sentence in the language of the server."""
    return _(sentence.template, **sentence.values)


def language() -> str:
    """The language code, from CTR_LENS_LANGUAGE; English by default."""
    return os.environ.get("CTR_LENS_LANGUAGE", "en")


@cache
def catalogue(code: str) -> dict[str, str]:
    """The sentences of a language; none for English and for a language that has no file."""
    path = CATALOGUES / f"{code}.json"
    if not re.fullmatch(r"[a-z]{2}(-[A-Za-z]+)?", code) or not path.exists():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8")))


def plain(text: object) -> str:
    """``text`` as Markdown shows it literally: for any name or value that comes from data."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-!|~$:&])", r"\\\1", " ".join(str(text).split()))
