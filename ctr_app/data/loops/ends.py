"""Finding where the cells of a text end: bytes that are a separator or a line end, 64 at a time.

A text is ``data`` uint8 with at least 64 zero bytes after its end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

from . import compiled

# As the compiler has them; who checks types takes them for any number.
whole: Any = np.int64
first_bit: Any = trailing_zeros
NEWLINE = np.uint8(10)
ZERO, ONE = np.uint64(0), np.uint64(1)
AT_ONCE = 64
BYTE, BYTES = ir.IntType(8), ir.VectorType(ir.IntType(8), AT_ONCE)


def _equal(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """One comparison of 64 bytes, whose answers are the bits of a word."""
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    here = builder.bitcast(builder.gep(data, [arguments[1]]), BYTES.as_pointer())
    loaded = builder.load(here)
    loaded.align = 1
    none, first = ir.Constant(BYTES, ir.Undefined), ir.Constant(ir.IntType(32), 0)
    alone = builder.insert_element(none, arguments[2], first)
    repeated = builder.shuffle_vector(alone, none, ir.Constant(ir.VectorType(ir.IntType(32), AT_ONCE), None))
    return builder.bitcast(builder.icmp_unsigned("==", loaded, repeated), ir.IntType(64))


def _typed(_context: Any, data: Any, _place: Any, _byte: Any) -> Any:
    """Of a text, a place in it and a byte: a bit for each of 64 bytes from there on, the lowest for the first."""
    return types.uint64(data, types.int64, types.uint8), _equal


places_of: Any = intrinsic(_typed)


@compiled
def count_bytes(data: np.ndarray, byte: np.uint8) -> int:
    """How many of ``data`` uint8 are ``byte``."""
    count = 0
    for other in data:
        count += other == byte
    return count


@compiled
def find_ends(data: np.ndarray, size: int, separator: np.uint8, ends: np.ndarray) -> int:
    """Write into ``ends`` int32, after its first number, where separators and line ends stand; returns how many."""
    count = ONE
    for start in range(0, size, AT_ONCE):
        found = places_of(data, start, separator) | places_of(data, start, NEWLINE)
        while found != ZERO:
            ends[count] = start + first_bit(found)
            count += ONE
            found &= found - ONE
    return whole(count - ONE)
