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
from webapp.engines.forms import search, values
from webapp.engines.forms.search import Part, Prepared

#: Different values a field remembers at most, and the longest text among them; then it begins anew.
MOST_KEPT, LONGEST_KEPT = 4096, 200

Bind = Callable[[Any], Any] | None
Piece = tuple[tuple[tuple[str, Any], ...], search.Told]


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
        self._parts = {part.key: part for part in search.parts(form)}
        self._binders = _binders(form, dialect)
        self._pieces: dict[str, _Pieces] = {}

    def make(self, rows: Iterable[Mapping[str, Any]]) -> list[Ready]:
        """The rows as `Ready`; those that are so already, under the same definitions, as they are."""
        return [row if isinstance(row, Ready) and row.form is self.form else self.ready(row) for row in rows]

    def ready(self, row: Mapping[str, Any]) -> Ready:
        bound = self.bound(row)
        told = [self._pieces[k][value][1] for k in self._parts if (value := row.get(k)) is not None]
        return Ready(row, self.form, bound, search.prepare(told))

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Column → value for the driver, of every column of `given` (companions included)."""
        found: dict[str, Any] = {}
        for key, value in given.items():
            found.update((self._pieces.get(key) or self._begin(key))[value][0])
        return found

    def _begin(self, key: str) -> _Pieces:
        found = self._pieces[key] = _Pieces(self.form, key, self._parts.get(key), self._binders)
        found[None]
        return found


class _Pieces(dict[Any, Piece]):
    """Value of one field → its columns as the driver takes them, and what it brings into search."""

    def __init__(self, form: Form, key: str, part: Part | None, binders: Mapping[str, Bind]) -> None:
        super().__init__()
        self._form = form
        self._key = key
        self._part = part
        self._binders = binders

    def __missing__(self, value: Any) -> Piece:
        columns = values.row(self._form, {self._key: value})
        for name, given in columns.items():
            if given is not None and (make := self._binders[name]) is not None:
                columns[name] = make(given)
        told = self._part.told(value) if self._part is not None and value is not None else ("", ())
        piece = tuple(columns.items()), told
        if not isinstance(value, str) or len(value) <= LONGEST_KEPT:
            if len(self) >= MOST_KEPT:
                self.clear()
            self[value] = piece
        return piece


_BINDERS: WeakKeyDictionary[Form, dict[str, dict[str, Bind]]] = WeakKeyDictionary()


def _binders(form: Form, dialect: sa.Dialect) -> dict[str, Bind]:
    kept = _BINDERS.setdefault(form, {})
    if dialect.name not in kept:
        kept[dialect.name] = {column.name: binder(column, dialect) for column in form.table.columns}
    return kept[dialect.name]
