"""The beginning of a text: its encoding and its first lines, by which the rest is read."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from .decoding import Utf8Stream, encoding_of_head, guess_encoding, is_like_ascii, known_encoding
from .errors import InputError
from .odd_rows import Odd
from .sniffing import SNIFFED_LINES
from .streaming import MAX_LINE_BYTES, Readable
from .unpacking import ByteStream, refuse_other_kinds, refuse_other_texts

HEAD_BYTES = 2**20


@dataclass(frozen=True)
class Text:
    """A stream of text of which ``head`` was read already, in an encoding whose line ends are as in ASCII.

    ``encoding`` is what the user said or the head gives away, None if that is plain ASCII so far; ``is_decoded`` says
    that the stream itself is UTF-8 already. ``lines`` are the first whole ones.
    """

    stream: Readable
    head: bytes
    encoding: str | None
    is_decoded: bool
    lines: list[str]


def open_text(stream: ByteStream, head: bytes, encoding: str | None, name: str) -> Text:
    """The text that begins with ``head``, in the given encoding or one that is guessed.

    Raises:
        InputError: if this is no text, or empty, or its first line has no end.
    """
    encoding = known_encoding(encoding) if encoding else encoding_of_head(head)
    if encoding is None:
        refuse_other_kinds(head, name)
    readable: Readable = stream
    is_decoded = encoding is not None and not is_like_ascii(encoding)
    if encoding is not None and is_decoded:
        readable = Utf8Stream(stream, head, encoding)
        head = readable.read(HEAD_BYTES)
    head = _with_two_lines(readable, head).removeprefix(codecs.BOM_UTF8)
    sample = head if len(head) < HEAD_BYTES else head[: _last_line_end(head)]
    if not is_decoded and encoding is None and not sample.isascii():
        encoding = guess_encoding(sample)
    text = sample.decode("utf-8" if is_decoded else encoding or "ascii", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:SNIFFED_LINES]
    refuse_other_texts(text[:HEAD_BYTES], name)
    _refuse_zeros(lines, name)
    return Text(readable, head, encoding, is_decoded, lines)


def _with_two_lines(stream: Readable, head: bytes) -> bytes:
    """As much of the stream as it takes to see the first two lines."""
    more = b" "
    while more and head.count(b"\n") + head.count(b"\r") < 2 and len(head) < MAX_LINE_BYTES:
        more = stream.read(len(head) or HEAD_BYTES)
        head += more
    return head


def _last_line_end(head: bytes) -> int:
    return max(head.rfind(b"\n"), head.rfind(b"\r")) + 1 or len(head)


def _refuse_zeros(lines: list[str], name: str) -> None:
    """Raise InputError for what is no text at all; where only few lines hold zero bytes, these are counted later."""
    if sum("\0" in line for line in lines) > Odd.ZEROS.limit * sum(not line.isspace() for line in lines):
        raise InputError("{name} is not a text table: it holds zero bytes.", name=name)
