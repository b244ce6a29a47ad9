"""From cells to values, column by column: each different cell is understood once, whatever the number of rows.

What cannot be taken becomes a `Refusal` in the place of the value; the row is rejected with it, and the reason is
counted by value, because 1,480 rows with the same misspelling are one problem and not 1,480.
"""

from __future__ import annotations

import itertools
import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from webapp.access.actor import Actor
from webapp.db import MAX_DIGITS, Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.finding.search import Prepared
from webapp.engines.forms.transfer import references
from webapp.engines.forms.transfer.mapping import ColumnMap
from webapp.engines.forms.transfer.maps import FileMap
from webapp.engines.forms.transfer.references import Later, Missing, Refusal
from webapp.engines.forms.transfer.sheets import Cell, Chunk
from webapp.engines.forms.writing.ready import Maker, Ready
from webapp.errors import Invalid, Problem
from webapp.expressions.fold import fold
from webapp.i18n import N_

#: Cells a column remembers at most; then it begins anew.
MOST_KEPT = 50_000
_REFERENCES = ("record", "member", "department")
_ROUNDED = re.compile(r"\d(\.\d+)?E\+(\d+)", re.IGNORECASE)


class _Kept(dict[Cell, Any]):
    """Cell → value or Refusal, worked out when first asked for; `refused` are the cells that cannot be taken."""

    def __init__(self, understand: Callable[[Cell], Any]) -> None:
        super().__init__({None: None})
        self.understand = understand
        self.refused: set[Cell] = set()

    def __missing__(self, cell: Cell) -> Any:
        value = self[cell] = self.understand(cell)
        if isinstance(value, Refusal):
            self.refused.add(cell)
        return value

    def trim(self) -> None:
        if len(self) > MOST_KEPT:
            self.clear()
            self[None] = None
            self.refused.clear()


class ColumnReader:
    """Reads the cells of one column as values of `field`; `said` are the replacements the map names."""

    def __init__(self, field: Field, said: Mapping[str, Any], name_of: references.Names | None = None) -> None:
        self.field = field
        self.said = {fold(k).strip(): v for k, v in said.items()}
        self.names = name_of
        self.kept = _Kept(self._understand)
        self._parse = field.kind.parse
        self._is_text = field.type.name == "text"
        self._is_time = field.type.name in ("date", "datetime")

    def learn(self, unit: Unit, cells: Sequence[Cell]) -> None:
        """Look up what `cells` name, where the column holds references."""
        self.kept.trim()
        if self.names is not None:
            unknown = {text for c in set(cells) - self.kept.keys() if (text := self._text(c))}
            self.names.learn(unit, unknown)

    def read(self, cells: Sequence[Cell]) -> list[Any]:
        """The values of `cells` (references are learnt first), a `Refusal` where one cannot be taken."""
        self.kept.trim()
        return list(map(self.kept.__getitem__, cells))

    def again(self, unit: Unit, text: str) -> Any:
        """What `text` stands for now; for links that were postponed."""
        assert self.names is not None
        self.names.forget(text)
        self.names.learn(unit, [text])
        return self.names.found(text)

    def refused_at(self, cells: Sequence[Cell]) -> list[int]:
        """Where in `cells` the ones stand that `read` refused."""
        if not self.kept.refused or self.kept.refused.isdisjoint(cells):
            return []
        return [i for i, cell in enumerate(cells) if cell in self.kept.refused]

    def _text(self, cell: Cell) -> str:
        replaced = self._replaced(cell)
        return "" if replaced is None else str(replaced).strip()

    def _replaced(self, cell: Cell) -> Any:
        if self.said and cell is not None:
            return self.said.get(fold(str(cell)).strip(), cell)
        return cell

    def _understand(self, cell: Cell) -> Any:
        raw = self._replaced(cell) if self.said else cell
        if self.names is not None:
            text = self._text(cell)
            return self.names.found(text) if text else None
        if self._is_text and (refusal := _rounded(raw)) is not None:
            return refusal
        if self._is_time and isinstance(raw, int | float):
            raw = _as_date(self.field, raw)
        try:
            return self._parse(self.field, raw)
        except FieldError as error:
            return Refusal(error.message, error.problem_code, error.near)


def _rounded(raw: Any) -> Refusal | None:
    """A number of 16 digits or more in a column of texts has lost its last digits already: never guessed."""
    if isinstance(raw, str):
        found = _ROUNDED.fullmatch(raw.strip()) if "+" in raw else None
        is_lost = found is not None and int(found[2]) >= MAX_DIGITS
    else:
        is_lost = isinstance(raw, int | float) and abs(raw) >= 10**MAX_DIGITS
    if not is_lost:
        return None
    message = N_(
        "A number of 16 digits or more stands here; spreadsheets keep only 15, so the last ones are lost. "
        "Make the column a text column, enter the numbers again and import the rows once more."
    )
    return Refusal(message, "digits_lost")


def _as_date(field: Field, raw: float) -> Any:
    """The number that a spreadsheet keeps for a day, where the column was not marked as dates."""
    if not 1 <= raw < 2_958_466:
        return raw
    moment = datetime(1899, 12, 30) + timedelta(seconds=round(raw * 86400))  # noqa: DTZ001 (a wall clock)
    return moment.date() if field.type.name == "date" else moment.isoformat(" ")


class Cells:
    """The cells of a chunk, for rows that are rejected. They travel between processes packed, and are seldom opened."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk: Chunk | None = chunk
        self._packed = b""

    def row(self, index: int) -> list[Cell]:
        if self._chunk is None:
            self._chunk = pickle.loads(self._packed)  # noqa: S301 (our own)
        return self._chunk.row(index)

    def __getstate__(self) -> bytes:
        return self._packed or pickle.dumps(self._chunk, pickle.HIGHEST_PROTOCOL)

    def __setstate__(self, packed: bytes) -> None:
        self._chunk, self._packed = None, packed


Refused = dict[int, list[tuple[Problem, Cell]]]


@dataclass
class Half:
    """Rows understood as far as that needs no database.

    named    key of a field that holds a reference → its cells
    made     the rows' columns and search (`ready.Maker.worked_out`), None where a row is rejected; or None for all
    """

    numbers: list[int]
    cells: Cells
    rows: list[dict[str, Any]]
    refused: Refused
    named: dict[str, Sequence[Cell]]
    made: list[tuple[dict[str, Any], Prepared] | None] | None


@dataclass
class Batch:
    """Rows as values, ready for the driver where they can be. `refused`: position → what is wrong, with its cell."""

    numbers: list[int]
    rows: list[dict[str, Any]]
    refused: Refused
    cells: Cells


class Taker:
    """Turns chunks of one file into rows of `form` for one actor: `begin` without the database, `finish` with it.

    maker   makes the rows ready to be written; None where they need not be
    """

    def __init__(
        self, unit: Unit, actor: Actor, form: Form, columns: ColumnMap, said: FileMap, maker: Maker | None = None
    ) -> None:
        self.columns = columns.mapped
        self.readers = [reader_of(unit, actor, c.field, said) for c in self.columns if c.field]
        self.constants = _constants(unit, actor, form, said)
        self._maker = maker
        #: Rows up to this number have been written before: they are understood only as far as others depend on them.
        self.after = 0
        #: Readers of links to the form itself: their targets may stand further down in the file.
        self.inward = [r for r in self.readers if r.field.type.name == "record" and r.field.type.target == form.name]
        #: Values that may stand once in the file only: field key → folded value → row number.
        self.once: dict[str, dict[Any, int]] = {
            c.field.key: {} for c in self.columns if c.field and (c.field.is_unique or c.field.key == said.key)
        }

    def expect(self, chunk: Chunk) -> None:
        """Remember what the records of `chunk` will be called, for the links between rows of the file."""
        for reader in self.inward:
            assert isinstance(reader.names, references.Records)
            keys = {f.key for f in reader.names.fields}
            for column in self.columns:
                if column.field and column.field.key in keys and column.index < len(chunk.columns):
                    reader.names.coming |= {fold(str(c)).strip() for c in chunk.columns[column.index] if c is not None}

    def begin(self, chunk: Chunk) -> Half:
        """Understand all cells but references; no database is asked."""
        refused: Refused = {}
        taken: dict[str, list[Any]] = {}
        named: dict[str, Sequence[Cell]] = {}
        blank = [None] * len(chunk)
        for column, reader in zip(self.columns, self.readers, strict=True):
            cells = chunk.columns[column.index] if column.index < len(chunk.columns) else blank
            if reader.names is not None:
                named[reader.field.key] = cells
                continue
            taken[reader.field.key] = values = reader.read(cells)
            _refuse(refused, reader, values, cells)
        keys = list(taken)
        lines = zip(*taken.values(), strict=True) if taken else itertools.repeat((), len(chunk))
        rows = [self._row(keys, values) for values in lines]
        made = None
        if self._maker is not None and chunk.numbers[-1] > self.after:
            made = [None if i in refused else self._maker.worked_out(row) for i, row in enumerate(rows)]
        return Half(chunk.numbers, Cells(chunk), rows, refused, named, made)

    def finish(self, unit: Unit, half: Half) -> Batch:
        """Look up the references of `half`, within what the actor may see."""
        readers = {reader.field.key: reader for reader in self.readers}
        for key, cells in half.named.items():
            readers[key].learn(unit, cells)
            values = readers[key].read(cells)
            _refuse(half.refused, readers[key], values, cells)
            for row, value in zip(half.rows, values, strict=True):
                if value is not None:
                    row[key] = value
        rows = half.rows if half.made is None else self._made(half)
        batch = Batch(half.numbers, rows, half.refused, half.cells)
        self._find_twins(batch)
        return batch

    def take(self, unit: Unit, chunk: Chunk) -> Batch:
        return self.finish(unit, self.begin(chunk))

    def _made(self, half: Half) -> list[dict[str, Any]]:
        """The rows as `Ready`, but for those that are rejected or have a link whose record is yet to come."""
        assert self._maker is not None and half.made is not None
        form, rows = self._maker.form, []
        for i, (row, made) in enumerate(zip(half.rows, half.made, strict=True)):
            names = {key: row[key] for key in half.named if key in row}
            if made is None or i in half.refused or any(isinstance(v, Later | Missing) for v in names.values()):
                rows.append(row)
            else:
                bound, search = made
                bound.update(self._maker.bound(names))
                rows.append(Ready(row, form, bound, search))
        return rows

    def _row(self, keys: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
        """Empty cells are left out: they neither undo a default nor empty what a record has."""
        row = {k: v for k, v in zip(keys, values, strict=True) if v is not None}
        return {**self.constants, **row} if self.constants else row

    def _find_twins(self, batch: Batch) -> None:
        for key, seen in self.once.items():
            for i, row in enumerate(batch.rows):
                value = row.get(key)
                if value is None or i in batch.refused:
                    continue
                first = seen.setdefault(fold(value) if isinstance(value, str) else value, batch.numbers[i])
                if first != batch.numbers[i]:
                    text = N_("Row {row} of the file has the same value already.", row=first)
                    batch.refused[i] = [(Problem(key, text, "twin"), str(value))]


def _refuse(refused: Refused, reader: ColumnReader, values: Sequence[Any], cells: Sequence[Cell]) -> None:
    for i in reader.refused_at(cells):
        refused.setdefault(i, []).append((values[i].problem(reader.field.key), cells[i]))


def reader_of(unit: Unit, actor: Actor, field: Field, said: FileMap) -> ColumnReader:
    """The reader of a column that is written to `field`."""
    names = None
    if field.type.name in _REFERENCES:
        names = references.names_of(unit, actor, field, said.by.get(field.key))
        names.is_making = field.key in said.create and isinstance(names, references.Records)
    return ColumnReader(field, said.values.get(field.key, {}), names)


def _constants(unit: Unit, actor: Actor, form: Form, said: FileMap) -> dict[str, Any]:
    """The values every row gets; one that cannot be taken refuses the whole import."""
    values, problems = {}, []
    for key, raw in said.constants.items():
        reader = reader_of(unit, actor, form.field(key), said)
        reader.learn(unit, [raw])
        value = reader.read([raw])[0]
        if isinstance(value, Refusal):
            problems.append(Problem(f"constants.{key}", value.message, value.code, value.near))
        elif value is not None:
            values[key] = value
    if problems:
        raise Invalid(N_("The constants of the map need mending."), problems=problems)
    return values
