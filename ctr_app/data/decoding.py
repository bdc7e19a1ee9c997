"""From bytes in any usual encoding to UTF-8: which encoding it is, and what to do with bytes that do not fit."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

from .errors import InputError
from .odd_rows import Odd, OddRows
from .unpacking import ByteStream

# What a user may choose from, with what it is used for; any other encoding that Python knows can be named as well.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Western Europe (Windows-1252)",
    "latin-1": "Western Europe (Latin-1)",
    "cp1250": "Central Europe (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "gb18030": "Chinese (GBK, GB18030)",
    "big5": "Chinese (Big5)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "cp949": "Korean (EUC-KR)",
}
# Told apart by their letters; Western European text is known by its lone accents, before these are tried.
GUESSED_BY_LETTERS = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "koi8_r", "cp1253", "cp1252", "cp1250"]
# Central European texts cannot be told from Western ones by so little; their users can say so.
WESTERN = ("cp1252", "cp1250")
ONE_BYTE_A_LETTER = ("cp1251", "koi8_r", "cp1253")
FIRST_ACCENT = 0xC0
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
REPLACEMENT = "\ufffd"
GUESSED_BYTES = 2**16
# A text is still UTF-8 if at least this share of its other characters is whole.
SOUND_SHARE = 0.9


def known_encoding(name: str) -> str:
    """The name under which Python knows an encoding of text; raises InputError if it knows none."""
    try:
        "".encode(name)
        return name.lower()
    except (LookupError, ValueError, UnicodeError):
        raise InputError("There is no encoding {name}; try utf-8, utf-16, cp1252 or gb18030.", name=name) from None


def encoding_of_head(head: bytes) -> str | None:
    """The encoding that a byte-order mark or the zero bytes of UTF-16 give away; None if there is no such sign."""
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    zeros = [head[start::2].count(0) for start in (0, 1)]
    if sum(zeros) > 0.3 * len(head):
        if zeros[1] > 9 * zeros[0]:
            return "utf-16-le"
        if zeros[0] > 9 * zeros[1]:
            return "utf-16-be"
    return None


def guess_encoding(text: bytes) -> str:
    """The encoding of bytes that are not plain ASCII, by what they hold beyond it."""
    if _sound_share(text) > SOUND_SHARE:
        return "utf-8"
    sample = b"\n".join(line for line in text.split(b"\n") if not line.isascii())[:GUESSED_BYTES]
    if not _has_lone_accents(sample):
        match = charset_normalizer.from_bytes(sample, cp_isolation=GUESSED_BY_LETTERS).best()
        has_words = re.search(rb"[\xb8-\xff]{2}", sample) is not None
        if match and match.encoding not in WESTERN and (has_words or match.encoding not in ONE_BYTE_A_LETTER):
            return match.encoding
    return _western(sample)


def is_like_ascii(encoding: str) -> bool:
    """Whether line ends, separators and quotes are single bytes, the same as in ASCII."""
    plain = bytes(byte for byte in range(128) if byte != 0x1B)
    try:
        return plain.decode(encoding) == plain.decode("ascii")
    except UnicodeError:
        return False


class Utf8Stream:
    """A stream in an encoding of several bytes a sign, as UTF-8; what does not fit reads as U+FFFD."""

    def __init__(self, stream: ByteStream, head: bytes, encoding: str) -> None:
        self._stream, self._head = stream, head
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int) -> bytes:
        """About ``size`` bytes; none only at the end."""
        while raw := self._head or self._stream.read(size):
            self._head = b""
            if text := self._decoder.decode(raw):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", final=True).encode("utf-8", "replace")


class Decoder:
    """Turns blocks of whole lines into UTF-8. Without an ``encoding`` it guesses at the first block beyond ASCII.

    ``encoding`` must be one in which line ends are as in ASCII.
    """

    def __init__(self, encoding: str | None, odd: OddRows) -> None:
        self.encoding = encoding
        self._odd = odd

    def __call__(self, block: bytes, first_line: int) -> bytes:
        """The same lines in UTF-8; rows with bytes that do not fit are counted."""
        if block.isascii():
            return block
        self.encoding = self.encoding or guess_encoding(block)
        try:
            text = block.decode(self.encoding)
        except UnicodeDecodeError:
            text = block.decode(self.encoding, "replace")
            self._count_odd(block, first_line)
        else:
            if self.encoding == "utf-8":
                return block
        return text.encode()

    def _count_odd(self, block: bytes, first_line: int) -> None:
        assert self.encoding is not None
        for number, line in enumerate(block.split(b"\n"), start=first_line):
            try:
                line.decode(self.encoding)
            except UnicodeDecodeError:
                self._odd.add(Odd.BYTES, number)


def _has_lone_accents(sample: bytes) -> bool:
    """Whether other letters than ASCII's stand alone and are those with accents, as in Western Europe."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    lone = [run[0] for run in runs if len(run) == 1]
    return len(lone) >= 0.5 * len(runs) and sum(byte >= FIRST_ACCENT for byte in lone) >= 0.8 * len(lone)


def _western(sample: bytes) -> str:
    """What Windows writes in Western Europe, of which Latin-1 is nearly a part."""
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _sound_share(text: bytes) -> float:
    """The share of the characters beyond ASCII that are whole in UTF-8."""
    try:
        text.decode()
        return 1.0
    except UnicodeDecodeError:
        decoded = text.decode("utf-8", "replace")
        others = len(decoded) - len(decoded.encode("ascii", "ignore"))
        return 1.0 - decoded.count(REPLACEMENT) / others
