"""The cells of a text by their places in it, and giving each distinct cell of a column a code.

A text is ``data`` uint8 with at least PADDING zero bytes after its end, and ``words`` uint64, the same bytes eight at a
time from each byte on. A table of cells is ``slots`` uint64 (S, 2), S a power of two: a cell's key, and one more than
its code; 0 is a free slot. The cells themselves lie one after another in a text, cell ``i`` from ``ends[i]`` to
``ends[i + 1]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.cpython.unsafe.numbers import leading_zeros

from . import compiled

# As the compiler has them; who checks types takes them for any number.
whole: Any = np.int64
word: Any = np.uint64
zeros_before: Any = leading_zeros
PADDING = 64
# Fewer slots than these stay in the processor's cache even if most are free.
FEW_SLOTS = 2**14
# Cells that are looked for at the same time.
AT_ONCE = 128
NEWLINE = np.uint8(10)
ZERO, ONE, EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
HALF = np.uint64(32)
LAST_BYTE, SPACE, BEYOND = np.uint64(0xFF), np.uint64(32), np.uint64(128)
# An odd number with its bits well mixed.
MIX = np.uint64(0x9E3779B97F4A7C15)
# The first bytes of a word.
FIRST_BYTES = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
# No text holds this byte, so no cell of up to eight bytes has a key as large as one that is longer.
LONG = np.uint64(0xFF << 56)


@compiled
def make_keys(data: np.ndarray, words: np.ndarray, edges: np.ndarray, gap: int, keys: np.ndarray) -> bool:
    """Write into ``keys`` uint64 (columns, rows) a key of each cell: up to eight bytes as they are, of more a hash.

    False if the text, where cells have a ``gap`` between them, has other line ends than those after the last column.
    """
    width, height = keys.shape
    between, edge = word(gap), ZERO
    for row in range(word(height)):
        start = word(whole(edges[edge]) + gap)
        for column in range(word(width)):
            edge += ONE
            stop = word(edges[edge])
            keys[column, row] = _key(words, start, stop)
            start = stop + between
        if gap and data[edges[edge]] != NEWLINE:
            return False
    return True


@compiled
def any_begins(data: np.ndarray, ends: np.ndarray, count: int, width: int, cell: np.ndarray) -> bool:
    """Whether the first cell of a line of the text with these ``ends``, without spaces around it, is ``cell`` uint8."""
    for first in range(0, count, width):
        start, stop = whole(ends[first]) + 1, whole(ends[first + 1])
        if stop - start >= len(cell):
            start, stop = _stripped(data, start, stop)
            if stop - start == len(cell):
                place = 0
                while place < len(cell) and data[start + place] == cell[place]:
                    place += 1
                if place == len(cell):
                    return True
    return False


@compiled
def code_cells(
    data: np.ndarray,
    words: np.ndarray,
    edges: np.ndarray,
    gap: int,
    keys: np.ndarray,
    column: int,
    slots: np.ndarray,
    known: np.ndarray,
    known_words: np.ndarray,
    ends: np.ndarray,
    count: int,
    is_open: bool,
    num_missing: int,
    base: int,
    row: int,
    codes: np.ndarray,
) -> tuple[int, int]:
    """Write into ``codes`` int32 the code of each cell of a column without the spaces around it.

    Cell c of row r begins ``gap`` bytes after ``edges[r * width + c]`` and stops before the next of ``edges``. The
    ``count`` cells that are known lie in ``known``, the first ``num_missing`` of them with code 0 and the others with
    codes from ``base`` + 1 on. New ones are added to them, and to ``slots`` if it ``is_open``: else each new cell has a
    code of its own. Begins at ``row``. Returns the new ``count``, and the row at which there was no room for more.
    """
    width = len(keys)
    most = len(ends) - 1
    if is_open:
        most = min(most, room(len(slots)))
    most_bytes = len(known) - PADDING
    for first in range(row, len(codes), AT_ONCE):
        last = min(first + AT_ONCE, len(codes))
        if _look_at_first_slots(keys[column], slots, first, last, codes):
            continue
        for row in range(first, last):
            if codes[row] < 0:
                key, start, size = keys[column, row], 0, 0
                if key < LONG and not _may_have_space(key):
                    size = _size(key)
                else:
                    edge = row * width + column
                    start, stop = _stripped(data, whole(edges[edge]) + gap, whole(edges[edge + 1]))
                    key, size = _key(words, word(start), word(stop)), stop - start
                slot, code = _find(key, slots, words, start, size, known_words, ends, num_missing - base - 1)
                if code < 0:
                    used = ends[count]
                    if count >= most or used + size > most_bytes:
                        return count, row
                    if key < LONG:
                        known_words[used] = key
                    else:
                        for place in range(size):
                            known[used + place] = data[start + place]
                    code = base + count - num_missing + 1
                    count += 1
                    ends[count] = used + size
                    if is_open:
                        slots[slot, 0] = key
                        slots[slot, 1] = code + 1
                codes[row] = code
    return count, len(codes)


@njit(nogil=True)
def room(slots: int) -> int:
    """How many of so many slots may be taken: few where that is cheap, as a cell is then found at once."""
    return slots // 8 if slots < FEW_SLOTS else slots // 8 * 5


@compiled
def move(slots: np.ndarray, into: np.ndarray) -> None:
    """Put all that is in ``slots`` into others that are free."""
    last = np.uint64(len(into) - 1)
    for old in range(len(slots)):
        if slots[old, 1] != ZERO:
            slot = _first_slot(slots[old, 0], last)
            while into[slot, 1] != ZERO:
                slot = (slot + ONE) & last
            into[slot, 0] = slots[old, 0]
            into[slot, 1] = slots[old, 1]


@njit(nogil=True)
def _key(words: np.ndarray, start: np.uint64, stop: np.uint64) -> np.uint64:
    """Up to eight bytes as they are, of more a hash."""
    size = stop - start
    if size <= EIGHT:
        return words[start] & FIRST_BYTES[size]
    mixed, place = size, start
    while place < stop:
        mixed = (mixed ^ (words[place] & FIRST_BYTES[min(EIGHT, stop - place)])) * MIX
        mixed ^= mixed >> HALF
        place += EIGHT
    return mixed | LONG


@njit(nogil=True)
def _first_slot(key: np.uint64, last: np.uint64) -> np.uint64:
    return (((key ^ (key >> HALF)) * MIX) >> HALF) & last


@njit(nogil=True)
def _look_at_first_slots(keys: np.ndarray, slots: np.ndarray, first: int, last: int, codes: np.ndarray) -> bool:
    """Write into ``codes`` those of cells that are short and in the first slot looked at, else -1; whether all are.

    Without a branch, so that the processor waits for many slots at the same time.
    """
    last_slot, all_found = word(len(slots) - 1), True
    for row in range(word(first), word(last)):
        key = keys[row]
        slot = _first_slot(key, last_slot)
        code = whole(slots[slot, 1]) - 1 if (slots[slot, 0] == key) & (key < LONG) else -1
        codes[row] = code
        all_found &= code >= 0
    return all_found


@njit(nogil=True)
def _find(
    key: np.uint64,
    slots: np.ndarray,
    words: np.ndarray,
    start: int,
    size: int,
    known_words: np.ndarray,
    ends: np.ndarray,
    first_known: int,
) -> tuple[np.uint64, int]:
    """The slot of a cell and its code, or a free slot and -1.

    A long cell is the one with number code + ``first_known`` of those that are known.
    """
    last = np.uint64(len(slots) - 1)
    slot = _first_slot(key, last)
    while True:
        code = whole(slots[slot, 1]) - 1
        if code < 0:
            return slot, -1
        if slots[slot, 0] == key and (
            key < LONG or _is_same(words, start, size, known_words, ends, code + first_known)
        ):
            return slot, code
        slot = (slot + ONE) & last


@njit(nogil=True)
def _is_same(words: np.ndarray, start: int, size: int, known_words: np.ndarray, ends: np.ndarray, number: int) -> bool:
    place = ends[number]
    if ends[number + 1] - place != size:
        return False
    for done in range(0, size, 8):
        if (words[start + done] ^ known_words[place + done]) & FIRST_BYTES[min(8, size - done)] != ZERO:
            return False
    return True


@njit(nogil=True)
def _size(key: np.uint64) -> int:
    """The bytes of a cell of up to eight."""
    return 8 - whole(zeros_before(key)) // 8


@njit(nogil=True)
def _may_have_space(key: np.uint64) -> bool:
    """Whether a cell of up to eight bytes may have white space around it."""
    if key == ZERO:
        return False
    first, last = key & LAST_BYTE, key >> np.uint64(8 * _size(key) - 8)
    return bool(first <= SPACE or last <= SPACE or first >= BEYOND or last >= BEYOND)


@njit(nogil=True)
def _stripped(data: np.ndarray, start: int, stop: int) -> tuple[int, int]:
    """Where a cell begins and stops without the white space of Unicode around it."""
    size = 1
    while start < stop and size:
        size = _space(data, start)
        start += size
    size = 1
    while start < stop and size:
        size = _space(data, stop - 1)
        if size == 0 and stop - start >= 2 and _space(data, stop - 2) == 2:
            size = 2
        if size == 0 and stop - start >= 3 and _space(data, stop - 3) == 3:
            size = 3
        stop -= size
    return start, stop


@njit(nogil=True)
def _space(data: np.ndarray, place: int) -> int:
    """How many bytes the white space that begins here has in UTF-8; 0 if it is none."""
    first, second, third = data[place], data[place + 1], data[place + 2]
    if first == 32 or 9 <= first <= 13:
        return 1
    if first == 0xC2:
        return 2 if second == 0x85 or second == 0xA0 else 0
    if first == 0xE2 and second == 0x80:
        return 3 if 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF else 0
    is_other = first == 0xE1 and second == 0x9A and third == 0x80
    is_other |= first == 0xE2 and second == 0x81 and third == 0x9F
    is_other |= first == 0xE3 and second == 0x80 and third == 0x80
    return 3 if is_other else 0
