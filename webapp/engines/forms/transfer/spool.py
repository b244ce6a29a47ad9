"""Rejected rows: written down as they are found, and at the end a file to mend and a count of the reasons."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from webapp.engines.forms.transfer.sheets import Cell
from webapp.errors import Problem
from webapp.i18n import N_

#: Different reasons that are counted each for itself; what comes after is counted together.
MOST_REASONS = 1000


class Spool:
    """A file of rows that something is to be done about, one JSON line each, the row's number first.

    Of rejected rows: [row number, cells, [[field, text, code, nearest, cell], …]].
    `size` after a flush is kept with the import's progress; a worker that continues cuts off what came after it.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path = path
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
        self._file.truncate(size)
        self._file.seek(size)

    def add(self, number: int, more: Sequence[Any]) -> None:
        line = json.dumps([number, *more], ensure_ascii=False, separators=(",", ":"))
        self._file.write(line.encode("utf-8", "replace") + b"\n")

    def flush(self) -> int:
        """Make sure of what was added; the size of the file."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def rows(self) -> Iterator[list[Any]]:
        self._file.flush()
        with self.path.open("rb") as file:
            for line in file:
                yield json.loads(line)

    def close(self) -> None:
        self._file.close()


def spooled(problems: Iterable[tuple[Problem, Cell]], locale: str) -> list[list[Any]]:
    """Problems and the cells they stand in, as a spool keeps them."""
    return [[p.path, p.message.text(locale), p.code, p.near, cell] for p, cell in problems]


def reasons(spool: Spool) -> list[dict[str, Any]]:
    """What was wrong, most frequent first: field, value, text, code, near (the nearest good value), rows, first row."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for number, _, problems in spool.rows():
        for field, text, code, near, cell in problems:
            key = (field, code, text, cell if code in _BY_VALUE else None)
            if key not in found and len(found) >= MOST_REASONS:
                key = (field, "others", "", None)
                text, code, near, cell = "", "others", None, None
            group = found.setdefault(
                key,
                {"field": field, "value": cell, "text": text, "code": code, "near": near, "rows": 0, "first": number},
            )
            group["rows"] += 1
    return sorted(found.values(), key=lambda g: (-g["rows"], g["first"]))


#: Reasons that belong to a value; others are the same whatever stands in the cell.
_BY_VALUE = {"unknown_link", "ambiguous_link", "unknown_option", "twin", "not_unique", "type", "date"}


def write_rejected(spool: Spool, target: Path, headings: Sequence[str], labels: Mapping[str, str], locale: str) -> Path:
    """The rejected rows as a file (by suffix XLSX or CSV): the columns as they came, then row and reason.

    `labels`: field key → what the person calls it.
    """
    head = [*headings, N_("Row").text(locale), N_("Why it was rejected").text(locale)]
    lines = (
        [*_wide(cells, len(headings)), number, _why(problems, labels, locale)]
        for number, cells, problems in spool.rows()
    )
    if target.suffix == ".xlsx":
        write_sheet(target, itertools.chain([head], lines))
    else:
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            out = csv.writer(file)
            out.writerow(head)
            out.writerows(lines)
    return target


def _wide(cells: list[Cell], width: int) -> list[Cell]:
    return (cells + [None] * width)[:width]


def _why(problems: list[list[Any]], labels: Mapping[str, str], locale: str) -> str:
    said = []
    for field, text, _, near, _ in problems:
        hint = " " + N_("Did you mean “{name}”?", name=near).text(locale) if near else ""
        said.append(f"{labels.get(field, field)}: {text}{hint}" if field else text + hint)
    return "\n".join(said)


def write_sheet(target: Path, lines: Iterable[Sequence[Cell]]) -> None:
    """A workbook of one sheet: texts stay texts, whatever they look like, and numbers numbers."""
    import xlsxwriter

    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    sheet = book.add_worksheet()
    for row, cells in enumerate(lines):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell[:32767])
            elif cell is not None:
                sheet.write_number(row, column, cell)
    book.close()
