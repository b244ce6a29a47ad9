"""A first look at a file: what it is, and its first rows, so that the wizard need not read it again on every page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from webapp.engines.forms.transfer.sheets import Cell, Chunk, Reading, Source
from webapp.errors import Invalid
from webapp.expressions.fold import fold
from webapp.i18n import N_

#: Rows kept of a file, and characters of them and of one cell at most.
ROWS, CHARACTERS, CELL = 400, 400_000, 300
#: Encodings that a map can name.
KNOWN = ("utf-8", "gb18030", "big5", "cp1252")
#: Files up to this size are read to their end, so that the number of their rows is known.
COUNTED = 20 << 20


@dataclass(frozen=True)
class Facts:
    """What was found: as `sheets.Facts`, with the first rows that are not blank and how many there are in all.

    rows   of the whole sheet, headings and titles included; None if it is too large to count before it is imported
    """

    format: str
    sheet: str | None
    sheets: tuple[str, ...]
    encoding: str | None
    delimiter: str | None
    rows: int | None
    numbers: list[int] = field(default_factory=list)
    columns: list[list[Cell]] = field(default_factory=list)
    comment: str | None = None
    merged: int = 0
    fill: bool = False

    @property
    def reading(self) -> Reading:
        """How the file was read, to read it so again."""
        encoding = self.encoding if self.encoding in KNOWN else None  # those with a mark are found again
        return Reading(self.sheet, encoding, self.delimiter, self.comment, self.fill)

    @property
    def first(self) -> Chunk:
        return Chunk(self.numbers, self.columns)

    def json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def of_json(text: str) -> Facts:
    found: dict[str, Any] = json.loads(text)
    return Facts(**{**found, "sheets": tuple(found["sheets"])})


def look(path: Path, reading: Reading, *, is_asked: bool = False) -> Facts:
    """Read the beginning of the file in the child process; raises `Invalid` or `TooLarge` if it cannot be read.

    Lines that begin with # are left out where the first one does, and cells merged downwards are filled in unless
    somebody has said how they are to be read (`is_asked`).
    """
    with Source(path, reading) as source:
        chunks = source.chunks()
        first = next(chunks, None)
        if first is None:
            raise Invalid(N_("There is nothing in this file."), code="empty_file")
        if reading.comment is None and source.facts.format == "text" and _is_comment(first.row(0)):
            return look(path, replace(reading, comment="#"))
        if source.facts.merged and not reading.fill and not is_asked:
            return look(path, replace(reading, fill=True))
        rows = len(first) + sum(len(chunk) for chunk in chunks) if path.stat().st_size <= COUNTED else None
        found = source.facts
    count = _fitting(first)
    columns = [[_short(cell) for cell in column[:count]] for column in first.columns]
    return Facts(
        found.format,
        found.sheet,
        found.sheets,
        found.encoding,
        found.delimiter,
        rows,
        first.numbers[:count],
        columns,
        reading.comment,
        found.merged,
        reading.fill,
    )


def _is_comment(row: Sequence[Cell]) -> bool:
    """Whether a line says something about the file and is no row of it."""
    filled = [cell for cell in row if cell is not None]
    return len(filled) == 1 and isinstance(filled[0], str) and filled[0].startswith("#")


def _fitting(first: Chunk) -> int:
    """How many rows are kept: as many as fit, but headings and a few rows in any case."""
    characters = 0
    for i in range(min(len(first), ROWS)):
        characters += sum(len(cell[:CELL]) if isinstance(cell, str) else 8 for cell in first.row(i))
        if characters > CHARACTERS and i >= 20:
            return i
    return min(len(first), ROWS)


def _short(cell: Cell) -> Cell:
    return cell[:CELL] if isinstance(cell, str) else cell


def shape(headings: Sequence[str]) -> str:
    """The fingerprint of a file's headings: files of one shape are mapped alike."""
    said = "\x1f".join(fold(h).strip() for h in headings)
    return hashlib.sha256(said.encode()).hexdigest()[:32]
