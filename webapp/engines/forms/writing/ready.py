"""Rows made ready for writing before the transaction begins: what needs no database is done while nobody waits for it.

A `Ready` is the row it was made of (field key → Python value) with its columns as the driver takes them, companions
included, and what it brings into search. All of that follows from the values alone, so a `Maker` works it out once for
each different value of a field: options, days and the like come again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from webapp.db import binder
from webapp.definitions.model import Form
from webapp.engines.forms.finding import search
from webapp.engines.forms.finding.search import Prepared
from webapp.engines.forms.writing import values

#: Different values a field remembers at most, and the longest text among them; then it begins anew.
MOST_KEPT, LONGEST_KEPT = 1024, 200

Bind = Callable[[Any], Any] | None
Piece = tuple[dict[str, Any], search.Told | None]


class Ready(dict[str, Any]):
    """A row of `form`, whose values may not change any more.

    bound    column → value for the driver
    search   its search text and tokens, without fields it does not name
    """

    __slots__ = ("bound", "form", "search")

    def __init__(self, row: Mapping[str, Any], form: Form, bound: dict[str, Any], search: Prepared) -> None:
        super().__init__(row)
        self.form = form
        self.bound = bound
        self.search = search


class Maker:
    """Makes rows of `form` ready for the driver of `dialect`."""

    def __init__(self, form: Form, dialect: sa.Dialect) -> None:
        self.form = form
        self.parts = {part.key: part for part in search.parts(form)}
        self.binders = _binders(form, dialect)
        #: Rows made so far.
        self.count = 0
        self._pieces: dict[str, _Pieces] = {}

    def make(self, rows: Iterable[Mapping[str, Any]]) -> list[Ready]:
        """The rows as `Ready`; those that are so already, under the same definitions, as they are."""
        return [row if isinstance(row, Ready) and row.form is self.form else self.ready(row) for row in rows]

    def ready(self, row: Mapping[str, Any]) -> Ready:
        return Ready(row, self.form, *self.worked_out(row))

    def worked_out(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], Prepared]:
        """Column → value for the driver, and what the row brings into search."""
        self.count += 1
        bound: dict[str, Any] = {}
        told = {}
        for key, value in row.items():
            columns, brought = (self._pieces.get(key) or self._begin(key))[value]
            bound.update(columns)
            if brought is not None:
                told[key] = brought
        return bound, search.prepare([told[key] for key in self.parts if key in told])

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Column → value for the driver, of every column of `given` (companions included)."""
        found: dict[str, Any] = {}
        for key, value in given.items():
            found.update((self._pieces.get(key) or self._begin(key))[value][0])
        return found

    def _begin(self, key: str) -> _Pieces:
        found = self._pieces[key] = _Pieces(self, key)
        return found


class _Pieces(dict[Any, Piece]):
    """Value of one field → its columns as the driver takes them, and what it brings into search.

    Values are remembered as long as they come again: most of what is kept for a number or an address is never asked
    for, and costs the garbage collector more than it saves.
    """

    def __init__(self, maker: Maker, key: str) -> None:
        self._form, self._binders = maker.form, maker.binders
        self._column, self._field, companions = values.columns_of(maker.form)[key]
        self._part = maker.parts.get(key)
        self._is_alone = companions is None and self._field.before is None
        self._maker, self._since, self._is_kept = maker, maker.count, True
        super().__init__({None: self._made(None)})

    def __missing__(self, value: Any) -> Piece:
        piece = self._made(value)
        if self._is_kept and (not isinstance(value, str) or len(value) <= LONGEST_KEPT):
            if len(self) >= MOST_KEPT:
                self.clear()
                self._is_kept = self._maker.count - self._since > 2 * MOST_KEPT
                self._since = self._maker.count
            self[value] = piece
        return piece

    def _made(self, value: Any) -> Piece:
        told = self._part.told(value) if self._part is not None and value is not None else None
        return self._columns(value), told if told is not None and told[0] else None

    def _columns(self, value: Any) -> dict[str, Any]:
        if self._is_alone and self._column is not None:
            columns = {self._column: value}
        else:
            columns = values.row(self._form, {self._field.key: value})
        for name, given in columns.items():
            if given is not None and (make := self._binders[name]) is not None:
                columns[name] = make(given)
        return columns


_BINDERS: WeakKeyDictionary[Form, dict[str, dict[str, Bind]]] = WeakKeyDictionary()


def _binders(form: Form, dialect: sa.Dialect) -> dict[str, Bind]:
    kept = _BINDERS.setdefault(form, {})
    if dialect.name not in kept:
        kept[dialect.name] = {column.name: binder(column, dialect) for column in form.table.columns}
    return kept[dialect.name]
