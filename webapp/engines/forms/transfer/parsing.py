"""The program of the child process that reads one spreadsheet and writes its cells to standard output.

It is started as a file in a bare interpreter, with limits on memory and time, and imports nothing of the product: what
a hostile file may break is this process alone. One JSON object a line:

    {"format", "sheet", "sheets", "encoding", "delimiter", …}  what it is, first; `merged` counts cells merged downwards
    {"numbers": [row number, …], "columns": [[cell, …], …]}    a chunk of rows that are not blank, by columns
    {"end": rows}                                              last; without it the file was not read to its end
    {"error": code, …}                                         instead: why it cannot be read

A cell is null, a text, or a number (whole ones are whole). Dates and times of spreadsheets are texts in ISO form
(`2026-11-22`, `2026-11-22 08:30:00`), truth values the texts TRUE and FALSE.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import itertools
import json
import os
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

CHUNK = 1000  # rows
LONGEST_CELL = 200_000  # characters
MOST_COLUMNS = 1000
MOST_CELLS = 60_000_000  # of a sheet's used rectangle
MOST_MERGED = 100_000
MOST_ENTRIES = 2000  # of a zip file
MOST_BYTES = 1 << 30  # of a zip file, unpacked
MOST_RATIO = 300  # unpacked to packed, of entries above 8 MB
SAMPLE = 1 << 16  # bytes
TEXT_SAMPLE = 1 << 20


class Refused(Exception):
    """The file cannot be read; `code` and `detail` say why."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


# What it is ----------------------------------------------------------------------------------------------------------


def format_of(path: Path) -> str:
    """`xlsx`, `xls` or `text`, told by the content; the name is not believed."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Refused("empty_file")
    if head.startswith(b"PK"):
        return _zip_format(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise Refused("password")
        return "xls"
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise Refused("not_a_spreadsheet")
    if re.match(rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<table|<\?xml|<meta)", head, re.IGNORECASE):
        raise Refused("web_page")
    return "text"


def _zip_format(path: Path) -> str:
    """Look at the directory of a zip file, then unpack every entry into nothing: what is declared may be a lie."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {e.filename for e in entries}
            if "xl/workbook.xml" not in names:
                raise Refused("xlsb" if "xl/workbook.bin" in names else "not_a_spreadsheet")
            _check_declared(entries, path.stat().st_size)
            _check_real(path, entries)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, zlib.error, EOFError) as error:
        raise Refused("damaged") from error
    return "xlsx"


def _check_declared(entries: list[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > MOST_ENTRIES:
        raise Refused("bomb")
    if sum(e.compress_size for e in entries) > packed or sum(e.file_size for e in entries) > MOST_BYTES:
        raise Refused("bomb")
    for entry in entries:
        if entry.flag_bits & 1:
            raise Refused("password")
        if entry.file_size > 8 << 20 and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise Refused("bomb")


def _check_real(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack in pieces and count: an entry longer than it declares, or too much altogether, is refused."""
    total = 0
    with path.open("rb") as file:
        for entry in entries:
            if entry.compress_type == zipfile.ZIP_STORED:
                if entry.file_size != entry.compress_size:
                    raise Refused("bomb")
                total += entry.file_size
                continue
            if entry.compress_type != zipfile.ZIP_DEFLATED:
                raise Refused("damaged")
            for real in _unpacked_sizes(file, entry):
                if real > entry.file_size or total + real > MOST_BYTES:
                    raise Refused("bomb")
            total += entry.file_size


def _unpacked_sizes(file: Any, entry: zipfile.ZipInfo) -> Iterator[int]:
    """How much of `entry` has been unpacked so far, after every megabyte."""
    file.seek(entry.header_offset + 26)
    name, extra = file.read(2), file.read(2)
    file.seek(int.from_bytes(name, "little") + int.from_bytes(extra, "little"), os.SEEK_CUR)
    unpack, left, real = zlib.decompressobj(-15), entry.compress_size, 0
    while left > 0 and not unpack.eof:
        data = file.read(min(left, SAMPLE))
        if not data:
            raise Refused("damaged")
        left -= len(data)
        while data:
            real += len(unpack.decompress(data, 1 << 20))
            data = unpack.unconsumed_tail
            yield real


# Texts ---------------------------------------------------------------------------------------------------------------

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by its mark, else UTF-8 if all of it is, else the likeliest of the others."""
    with path.open("rb") as file:
        head = file.read(TEXT_SAMPLE)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head and (wide := _wide(head)) and _decodes(path, wide):
        return wide
    if _decodes(path, "utf-8"):
        return "utf-8"
    if b"\0" in head:
        raise Refused("not_a_spreadsheet")
    scores = {"gb18030": _share(head, 0xB0, 0xD7, 0xA1), "big5": _share(head, 0xA4, 0xC6, 0x40)}
    likely = sorted((n for n in scores if scores[n] >= 0.4), key=lambda n: -scores[n])
    for name in [*likely, "cp1252"]:
        name = "cp950" if name == "big5" else name
        if _decodes(path, name):
            return name
    raise Refused("encoding")


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: read so, the text has line ends or delimiters and no other control characters."""
    encoding = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    text = head[: len(head) & ~1].decode(encoding, "replace")
    if re.search("[\0-\x08\x0e-\x1f]", text) or not re.search("[\r\n,;\t]", text):
        return None
    return encoding


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as file:
            while file.read(1 << 20):
                pass
    except UnicodeError:
        return False
    return True


def _share(data: bytes, first: int, last: int, trail: int) -> float:
    """How many of the double bytes of `data` are among the encoding's everyday characters (0 to 1)."""
    pairs = re.findall(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]", data)
    everyday = sum(first <= p[0] <= last and p[1] >= trail for p in pairs)
    punctuation = sum(p[0] in (0xA1, 0xA3) and p[1] >= 0xA1 for p in pairs)
    return everyday / max(len(pairs) - punctuation, 1)


def delimiter_of(path: Path, encoding: str) -> str:
    """The delimiter that divides the first records most evenly; a comma where nothing divides."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE)
    best, delimiter = (0.0, 0), ","
    for candidate in ",\t;|，":
        with contextlib.suppress(csv.Error):
            widths = [
                len(r) for r in itertools.islice(csv.reader(sample.splitlines(True), delimiter=candidate), 60) if r
            ]
            usual = max(set(widths), key=lambda w: (widths.count(w), w), default=1)
            score = (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)
            if score > best:
                best, delimiter = score, candidate
    return delimiter


def read_text(path: Path, wanted: dict[str, Any]) -> Iterator[Any]:
    encoding = wanted.get("encoding") or encoding_of(path)
    delimiter = wanted.get("delimiter") or delimiter_of(path, encoding)
    comment = wanted.get("comment")
    yield {"format": "text", "sheet": None, "sheets": [], "encoding": encoding, "delimiter": delimiter}
    csv.field_size_limit(LONGEST_CELL)
    number = 0
    try:
        with path.open(encoding=encoding) as file:  # all line ends become \n, within cells too
            rows = csv.reader(file, delimiter=delimiter)
            for number, row in enumerate(rows, 1):
                if not comment or not row or not row[0].startswith(comment):
                    yield number, row
    except csv.Error as error:
        raise Refused("cell_too_long" if "field limit" in str(error) else "damaged", row=number + 1) from error
    except (UnicodeError, LookupError) as error:
        raise Refused("encoding") from error


# Sheets --------------------------------------------------------------------------------------------------------------


def read_sheet(path: Path, kind: str, wanted: dict[str, Any]) -> Iterator[Any]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError as error:
        raise Refused("password") from error
    except (calamine.CalamineError, OSError) as error:
        raise Refused("damaged") from error
    try:
        names = list(book.sheet_names)
        sheet = _choose_sheet(book, names, wanted.get("sheet"))
        facts = {"format": kind, "sheet": sheet.name, "sheets": names, "encoding": None, "delimiter": None}
        merged = _merged(sheet)
        yield {**facts, "rows": sheet.start[0] + sheet.height, "merged": len(merged)}
        rows = enumerate(sheet.iter_rows(), 1)
        yield from _filled(rows, merged) if wanted.get("fill") else rows
    except calamine.CalamineError as error:
        raise Refused("damaged") from error


def _merged(sheet: Any) -> list[tuple[int, int, int]]:
    """Cells that are merged over several rows: first row, last row, column, all from 0 (the left column of each)."""
    ranges = sheet.merged_cell_ranges or ()
    return sorted((top, bottom, left) for (top, left), (bottom, _) in ranges if bottom > top)[:MOST_MERGED]


def _filled(rows: Iterable[tuple[int, Any]], merged: list[tuple[int, int, int]]) -> Iterator[tuple[int, Any]]:
    """The rows with merged cells written in each of their rows."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for top, bottom, left in merged:
        starts.setdefault(top, []).append((bottom, left))
    open_: dict[int, tuple[int, Any]] = {}  # column → last row, value
    for number, row in rows:
        at = number - 1
        for column, (last, value) in list(open_.items()):
            if at > last:
                del open_[column]
            elif column < len(row) and row[column] in ("", None):
                row[column] = value
        for last, column in starts.get(at, ()):
            if column < len(row):
                open_[column] = (last, row[column])
        yield number, row


def _choose_sheet(book: Any, names: list[str], wanted: Any) -> Any:
    """The sheet asked for by name or number, else the first that holds something."""
    if wanted is not None:
        index = int(wanted) - 1 if isinstance(wanted, int) else names.index(wanted) if wanted in names else -1
        if not 0 <= index < len(names):
            raise Refused("no_sheet", name=str(wanted), names=names)
        choice: Iterable[int] = (index,)
    else:
        choice = range(len(names))
    for index in choice:
        sheet = book.get_sheet_by_index(index)
        if sheet.width > MOST_COLUMNS:
            raise Refused("too_many_columns", n=MOST_COLUMNS)
        if sheet.height * sheet.width > MOST_CELLS:
            raise Refused("too_large")
        if sheet.height:
            return sheet
    raise Refused("empty_file")


# Out -----------------------------------------------------------------------------------------------------------------


def _cell(value: Any) -> Any:
    """One cell of a spreadsheet as JSON can carry it."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer():
            return int(value)
        return value if value - value == 0 else None
    if isinstance(value, datetime):
        plain = value.replace(microsecond=0, tzinfo=None)
        return plain.date().isoformat() if plain.time() == time.min else plain.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return value


def columns_of(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows → columns of JSON cells, short rows filled up. Columns of texts alone take a short way."""
    columns = []
    for column in itertools.zip_longest(*rows):
        kinds = set(map(type, column))
        if kinds <= {str, type(None)}:
            columns.append([value or None for value in column])
        else:
            columns.append([_cell(value) for value in column])
    return columns


def chunks(rows: Iterator[tuple[int, list[Any]]], size: int = CHUNK) -> Iterator[dict[str, Any]]:
    """Rows with their numbers → chunks by columns; blank rows fall out, too long cells are refused."""
    while batch := list(itertools.islice(rows, size)):
        kept = [(number, row) for number, row in batch if any(cell not in ("", None) for cell in row)]
        if not kept:
            continue
        if max(len(row) for _, row in kept) > MOST_COLUMNS:
            raise Refused("too_many_columns", n=MOST_COLUMNS)
        numbers = [number for number, _ in kept]
        columns = columns_of([row for _, row in kept])
        for column in columns:
            if max(map(len, (c for c in column if isinstance(c, str))), default=0) > LONGEST_CELL:
                at = next(i for i, c in enumerate(column) if isinstance(c, str) and len(c) > LONGEST_CELL)
                raise Refused("cell_too_long", row=numbers[at], n=LONGEST_CELL)
        yield {"numbers": numbers, "columns": columns}


def limit(memory: int, seconds: int) -> None:
    """Hold this process to `memory` bytes of address space and `seconds` of processor time; it writes no file."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def answers(path: Path, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All lines of the answer."""
    rows = 0
    try:
        kind = format_of(path)
        cells = read_text(path, wanted) if kind == "text" else read_sheet(path, kind, wanted)
        yield next(cells)
        for chunk in chunks(cells):
            rows += len(chunk["numbers"])
            yield chunk
        yield {"end": rows}
    except Refused as refused:
        yield {"error": refused.code, **refused.detail}
    except MemoryError:
        yield {"error": "too_large"}


def main() -> None:
    wanted = json.loads(sys.argv[2])
    limit(wanted["memory"], wanted["seconds"])
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for answer in answers(Path(sys.argv[1]), wanted):
        sys.stdout.buffer.write(write(answer).encode("utf-8", "replace") + b"\n")
        if "columns" not in answer:
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
