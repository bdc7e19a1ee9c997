"""Files that are packed, cut, bombs, or of another kind than their name says; and what must be said of each."""

from __future__ import annotations

import gzip
import io
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np
import polars as pl

from ctr_app.data.unpacking import zstd

from .damages import BASES, text

TABLE = text(BASES["clicks"], ",")
# Too long for one block of any packer, so that a cut loses rows and not only the end of the file.
LONG_TABLE = text([BASES["clicks"][0], *([str(i % 2), f"{i * i}", f"{i**3}", str(i)] for i in range(40_000))], ",")


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip file of these."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def parquet(frame: pl.DataFrame | None = None) -> bytes:
    """A Parquet file, of the clicks where no table is given."""
    content = io.BytesIO()
    (pl.read_csv(TABLE) if frame is None else frame).write_parquet(content)
    return content.getvalue()


def locked(archive: bytes) -> bytes:
    """The zip with the mark of a password, in its own entry and in the list at its end."""
    changed = bytearray(archive)
    changed[archive.index(b"PK\x03\x04") + 6] |= 1
    changed[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def _tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("clicks.csv")
        member.size = len(TABLE)
        archive.addfile(member, io.BytesIO(TABLE))
    return content.getvalue()


def _saved(write: Callable[[io.BytesIO], object]) -> bytes:
    content = io.BytesIO()
    write(content)
    return content.getvalue()


def _database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table clicks (click, site)")
        return connection.serialize()


def _flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


PACKERS = {"gzip": gzip.compress, "zip": lambda content: zipped({"clicks.csv": content}), "zstd": zstd.compress}
LONG_ONES = {name: pack(LONG_TABLE) for name, pack in PACKERS.items()}
READ: dict[str, bytes] = {
    **{f"packed by {name}": pack(TABLE) for name, pack in PACKERS.items()},
    **{f"Parquet packed by {name}": pack(parquet()) for name, pack in PACKERS.items()},
    **{f"UTF-16 packed by {name}": pack(TABLE.decode().encode("utf-16")) for name, pack in PACKERS.items()},
    "Parquet called CSV": parquet(),
    "two gzips in one": gzip.compress(TABLE[:500]) + gzip.compress(TABLE[500:]),
    "a zip that climbs out": zipped({"../../../../tmp/clicks.csv": TABLE}),
    "a zip with an absolute path": zipped({"/etc/clicks.csv": TABLE}),
    "a zip with a path of Windows": zipped({"..\\..\\clicks.csv": TABLE}),
    "a zip with a folder": zipped({"clicks/": b"", "clicks/clicks.csv": TABLE}),
}
REFUSED: dict[str, tuple[bytes, str]] = {
    **{
        f"{name} cut at {share:.0%}": (packed[: int(len(packed) * share)], "damaged")
        for name, packed in LONG_ONES.items()
        for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
    },
    **{
        f"Parquet cut at {share:.0%}": (parquet()[: int(len(parquet()) * share)], "is a damaged Parquet file.")
        for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
    },
    **{
        f"{name} with a byte changed": (_flipped(packed, len(packed) // 2), "damaged")
        for name, packed in LONG_ONES.items()
    },
    **{f"packed twice by {name}": (pack(gzip.compress(TABLE)), "is packed twice") for name, pack in PACKERS.items()},
    **{f"a pickle in {name}": (pack(pickle.dumps(TABLE)), "is a pickle") for name, pack in PACKERS.items()},
    **{f"nothing in {name}": (pack(b""), "is empty") for name, pack in PACKERS.items()},
    "an empty zip": (zipped({}), "holds 0 files"),
    "a zip of two tables": (zipped({"a.csv": TABLE, "b.csv": TABLE}), "holds 2 files"),
    "a locked zip": (locked(zipped({"clicks.csv": TABLE})), "damaged or locked"),
    "a spreadsheet": (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "is an Office file"),
    "a tar": (_tar(), "is a tar archive"),
    "a tar in gzip": (gzip.compress(_tar()), "is a tar archive"),
    "a pickle called CSV": (pickle.dumps({"click": [0, 1]}), "is a pickle"),
    "an array": (_saved(lambda file: np.save(file, np.zeros((9, 3)))), "is a NumPy array"),
    "an archive of arrays": (_saved(lambda file: np.savez(file, a=np.zeros(9), b=np.ones(9))), "holds 2 files"),
    "an Arrow file": (_saved(pl.read_csv(TABLE).write_ipc), "is an Arrow file"),
    "an Avro file": (_saved(pl.read_csv(TABLE).write_avro), "is an Avro file"),
    "a database": (_database(), "is a database"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "is a PNG image"),
    "a document": (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document"),
    "noise": (np.random.default_rng(0).bytes(5000).replace(b"\0", b"\0\0"), "clicks.csv"),
    "zero bytes": (bytes(5000), "holds zero bytes"),
    "Parquet of one column": (parquet(pl.DataFrame({"a": [1, 2]})), "only one column"),
    "Parquet without rows": (parquet(pl.DataFrame({"a": [], "b": []})), "no rows"),
}
