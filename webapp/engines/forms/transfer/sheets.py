"""Spreadsheets as they come: a child process reads the file within limits, this side takes its rows in chunks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.engines.forms.transfer import parsing
from webapp.errors import Invalid, MortiseError, TooLarge, nearest
from webapp.i18n import N_, Message

#: Bytes of a file; a spreadsheet of a million rows has about 60 MB, as text about 150.
MOST_BYTES = 200 << 20
MEMORY = 2 << 30  # address space of the child
SECONDS = 240  # its processor time
SILENCE = 120  # seconds without a row until it counts as stuck

Cell = str | int | float | None


@dataclass(frozen=True)
class Reading:
    """What to read of a file; what is left out is found out. `sheet` is a name or a number from 1.

    `fill` writes a cell that is merged over several rows in each of them.
    """

    sheet: str | int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    comment: str | None = None
    fill: bool = False


@dataclass(frozen=True)
class Chunk:
    """Rows that stand together: their numbers in the file (from 1, with the blank ones counted), cells by column."""

    numbers: list[int]
    columns: list[list[Cell]]

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, index: int) -> list[Cell]:
        return [column[index] for column in self.columns]


@dataclass(frozen=True)
class Facts:
    """What the child found: format (xlsx, xls, text), the sheet read and all there are, encoding and delimiter.

    `rows` is how many a sheet has, blank ones counted; None where that is known only at the end. `merged` counts cells
    that are merged over several rows.
    """

    format: str
    sheet: str | None
    sheets: tuple[str, ...]
    encoding: str | None
    delimiter: str | None
    rows: int | None = None
    merged: int = 0


class Source:
    """An open spreadsheet: `facts`, then `chunks()` once. Close it (or leave the `with` block) to end the child."""

    def __init__(self, path: Path, reading: Reading = Reading()) -> None:
        self.path = path
        try:
            size = path.stat().st_size
        except OSError:
            raise Invalid(N_("The file {name} cannot be read.", name=path.name)) from None
        if size > MOST_BYTES:
            raise TooLarge(
                N_("The file has {n} MB; at most {most} MB are possible.", n=size >> 20, most=MOST_BYTES >> 20)
            )
        wanted = {**vars(reading), "memory": MEMORY, "seconds": SECONDS}
        self._child = subprocess.Popen(  # noqa: S603 (our own program, a list of arguments)
            [sys.executable, "-I", "-X", "utf8", parsing.__file__, str(path.absolute()), json.dumps(wanted)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={k: os.environ[k] for k in ("PATH", "LD_LIBRARY_PATH") if k in os.environ},  # no secrets
        )
        try:
            first = self._answer()
            self.facts = Facts(**{**first, "sheets": tuple(first["sheets"])})
        except BaseException:
            self.close()
            raise

    @property
    def file(self) -> int:
        """The descriptor through which the child answers; a fork of this process may read on from it instead."""
        assert self._child.stdout is not None
        return self._child.stdout.fileno()

    def chunks(self) -> Iterator[Chunk]:
        """All rows that are not blank, in order; raises `Invalid` where the file cannot be read on."""
        while "end" not in (answer := self._answer()):
            yield Chunk(answer["numbers"], answer["columns"])

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        watch = threading.Timer(SILENCE, os.kill, (self._child.pid, signal.SIGKILL))  # in a fork too
        watch.start()
        try:
            line = self._child.stdout.readline()
        finally:
            watch.cancel()
        if not line.endswith(b"\n"):
            raise TooLarge(_texts()["too_large"])
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise _refusal(answer)
        return answer

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
        with contextlib.suppress(OSError):
            assert self._child.stdout is not None
            self._child.stdout.close()
        self._child.wait()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _texts() -> dict[str, Message]:
    return {
        "empty_file": N_("There is nothing in this file."),
        "password": N_("The file is protected by a password; save it without one and try again."),
        "not_a_spreadsheet": N_("This is not a spreadsheet; CSV, TSV, XLSX and XLS can be read."),
        "web_page": N_("This is a web page with the name of a spreadsheet; open it in Excel and save it as .xlsx."),
        "xlsb": N_("The binary format .xlsb cannot be read; save the file as .xlsx and try again."),
        "bomb": N_("The file would unpack to far more than its size allows for; it is not read."),
        "damaged": N_("The file is damaged and cannot be read to its end."),
        "encoding": N_("The encoding of the text is not known; save the file as “CSV UTF-8” and try again."),
        "too_large": N_("Reading the file takes more memory or time than is allowed; divide it and try again."),
    }


def _refusal(answer: dict[str, Any]) -> MortiseError:
    code = answer["error"]
    if code == "cell_too_long":
        text = N_(
            "A cell in row {row} has more than {n} characters; the file is not read. "
            "Perhaps a quotation mark is not closed there.",
            row=answer["row"],
            n=parsing.LONGEST_CELL,
        )
        return TooLarge(text)
    if code == "too_many_columns":
        return TooLarge(N_("The file has more than {n} columns.", n=answer["n"]))
    if code == "no_sheet":
        near = nearest(answer["name"], answer["names"])
        text = N_(
            "There is no sheet “{name}”; there are: {names}.", name=answer["name"], names=", ".join(answer["names"])
        )
        return Invalid(text, near=near)
    return (TooLarge if code in ("bomb", "too_large") else Invalid)(_texts()[code], reason=code)
