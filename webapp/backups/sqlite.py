"""A SQLite file: copied while everybody works on, looked at, and put back."""

from __future__ import annotations

import gzip
import io
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from webapp.backups import archive
from webapp.errors import Conflict
from webapp.i18n import N_

PART = "database.sqlite.gz"
#: A good half of what more would save, in a third of the time.
_LEVEL = 4
_PAGES = 1024
_CHUNK = 1024 * 1024


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection beside the pool; what SQLite says is told in words."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout=10000")
            yield connection
    except sqlite3.Error as error:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            raise Conflict(
                N_("The disk is full; the backup was not made. Make room or choose another folder."), code="disk_full"
            ) from error
        raise Conflict(N_("SQLite cannot read {file}: {reason}", file=path.name, reason=text)) from error


def size(path: Path) -> int:
    """Bytes of the file and of the log that belongs to it."""
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def copy(source: Path, target: Path, at: Callable[[int, int], None]) -> None:
    """One state of `source`, page by page, while others read and write; `at` is told pages done and all.

    The transaction that stays open meanwhile is what keeps it one state: without it every write would begin the
    copy anew.
    """
    with opened(source) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        with closing(sqlite3.connect(target)) as writing:
            reading.backup(writing, pages=_PAGES, sleep=0, progress=lambda _, left, all_: at(all_ - left, all_))
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, without companions


def packed(source: Path, target: Path, at: archive.Step) -> None:
    """Compress; the time of day is left out, so that the same data gives the same bytes."""
    done = 0
    with (
        source.open("rb") as reading,
        target.open("xb") as file,
        gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as writing,
    ):
        while data := reading.read(_CHUNK):
            writing.write(data)
            done += len(data)
            at(done)


def unpacked(reader: archive.Reader, target: Path) -> None:
    """The database file out of an archive."""
    pieces = io.BufferedReader(_Pieces(reader.chunks(PART)), _CHUNK)
    with archive.new_file(target) as file, gzip.GzipFile(fileobj=pieces, mode="rb") as reading:
        shutil.copyfileobj(reading, file, _CHUNK)


class _Pieces(io.RawIOBase):
    """Pieces as something that can be read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def troubles(connection: sqlite3.Connection, *, quick: bool = False) -> list[str]:
    """What SQLite finds wrong with the file and with its foreign keys, in its own words, ten at most."""
    check = "quick_check" if quick else "integrity_check"
    said = [text for (text,) in connection.execute(f"PRAGMA {check}(10)")]
    found = [] if said == ["ok"] else said
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(10):
        found.append(f"{table} {row} → {parent}")
    return found[:10]
