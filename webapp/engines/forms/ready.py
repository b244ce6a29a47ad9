"""Rows made ready for writing before the transaction begins: what needs no database is done while nobody waits for it.

A `Ready` is the row it was made of (field key → Python value) with its columns as the driver takes them, companions
included, and its part of the search text with the tokens. All of that follows from the values alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from webapp.db import binder
from webapp.definitions.model import Form
from webapp.engines.forms import search, values

Bind = Callable[[Any], Any] | None
_BINDERS: WeakKeyDictionary[Form, dict[str, dict[str, Bind]]] = WeakKeyDictionary()


class Ready(dict[str, Any]):
    """A row of `form`, whose values may not change any more."""

    __slots__ = ("bound", "form", "search")

    def __init__(self, row: Mapping[str, Any], form: Form, dialect: sa.Dialect) -> None:
        super().__init__(row)
        self.form = form
        self.bound = bound(form, row, dialect)
        self.search = search.prepare(form, row)


def make(form: Form, rows: Iterable[Mapping[str, Any]], dialect: sa.Dialect) -> list[Ready]:
    """The rows as `Ready`; those that are so already, under the same definitions, as they are."""
    return [r if isinstance(r, Ready) and r.form is form else Ready(r, form, dialect) for r in rows]


def bound(form: Form, given: Mapping[str, Any], dialect: sa.Dialect) -> dict[str, Any]:
    """Column → value for the driver, of every column of `given` (companions included)."""
    makers = _binders(form, dialect)
    columns = values.row(form, given)
    for name, value in columns.items():
        if value is not None and (make := makers[name]) is not None:
            columns[name] = make(value)
    return columns


def _binders(form: Form, dialect: sa.Dialect) -> dict[str, Bind]:
    kept = _BINDERS.setdefault(form, {})
    if dialect.name not in kept:
        kept[dialect.name] = {column.name: binder(column, dialect) for column in form.table.columns}
    return kept[dialect.name]
