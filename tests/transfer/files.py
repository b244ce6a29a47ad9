"""Spreadsheets for tests, made here."""

from __future__ import annotations

import csv
import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from webapp.engines.forms.transfer.sheets import Reading, Source


def rows_of(path: Path, **reading: Any) -> list[list[Any]]:
    """All rows of a file as the product reads them."""
    with Source(path, Reading(**reading)) as source:
        return [chunk.row(i) for chunk in source.chunks() for i in range(len(chunk))]


def write_csv(path: Path, rows: Iterable[Sequence[Any]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_xlsx(path: Path, rows: Iterable[Sequence[Any]], name: str = "Sheet1") -> Path:
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet(name)
    for number, row in enumerate(rows):
        for index, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, index, cell)
            elif cell is not None:
                sheet.write(number, index, cell)
    book.close()
    return path


def with_entry(path: Path, name: str, content: bytes) -> Path:
    """The xlsx file at `path` with one more (or another) entry."""
    with zipfile.ZipFile(path) as archive:
        entries = {e.filename: archive.read(e) for e in archive.infolist()}
    entries[name] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry, data in entries.items():
            archive.writestr(entry, data)
    return path


def with_false_size(path: Path, name: str, size: int) -> Path:
    """The zip file at `path`, its directory saying that the entry `name` unpacks to `size` bytes."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = -1
        while (start := data.find(mark, start + 1)) >= 0:
            length = 46 if mark == b"PK\x01\x02" else 30
            if bytes(data[start + length : start + length + len(name)]) == name.encode():
                data[start + at : start + at + 4] = struct.pack("<I", size)
    assert entry.file_size != size
    path.write_bytes(bytes(data))
    return path
