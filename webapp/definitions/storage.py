"""Who makes the tables. `engines.forms` registers itself here; `definitions` knows only what it asks of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.db import Database, Unit
from webapp.definitions.model import App, Definitions, Field, Form


@dataclass(frozen=True)
class Index:
    """A derived index: its name says its content, so a changed one is another one. `why` names what it is for.

    sql   `[UNIQUE ]INDEX {0} "name" ON …`; at {0} stands CONCURRENTLY, IF NOT EXISTS or nothing
    """

    name: str
    table: str
    sql: str
    why: tuple[str, ...] = ()
    is_unique: bool = False
    field: str | None = None


@dataclass(frozen=True)
class Work:
    """Something behind an apply that touches rows."""

    form: str
    what: str  # convert, backfill, search, index, purge
    field: str | None = None
    payload: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Storage(Protocol):
    def change(self, unit: Unit, definitions: Definitions, app: App) -> set[str]:
        """Make missing tables and columns, metadata only; answers the names of new form tables."""

    def indexes(self, definitions: Definitions, form: Form, dialect: str) -> list[Index]:
        """The indexes that views, links, rights and unique fields of the form ask for."""

    def index_now(self, unit: Unit, definitions: Definitions, form: Form) -> None:
        """Make the indexes of a form whose table is new and empty."""

    def start(self, unit: Unit, app: str, actor: Any) -> None:
        """Leave a due row so that a worker goes on with the open work of an app."""

    def finish(self, database: Database) -> None:
        """Do all open work here and now."""

    def labelled_views(self, unit: Unit, definitions: Definitions, app: App) -> None:
        """Rebuild the SQL views with labels that other tools read."""

    def count_empty(self, unit: Unit, form: Form, field: Field) -> int: ...

    def count_duplicates(self, unit: Unit, form: Form, field: Field) -> int: ...

    def count_option(self, unit: Unit, form: Form, field: Field, value: str) -> int: ...

    def count(self, unit: Unit, form: Form) -> int: ...

    def count_rows(self, unit: Unit, table: str, column: str | None = None) -> int:
        """Rows of a table by its physical name, those in which `column` is filled."""

    def pointing_at(self, unit: Unit, table: str) -> list[tuple[str, str]]:
        """(table, column) of every foreign key that leads to a table."""

    def searched(self, form: Form) -> Mapping[str, Any]:
        """Physical name → whatever decides how a field comes into the search text."""

    def unconvertible(
        self, unit: Unit, definitions: Definitions, form: Form, old: Field, new: Field
    ) -> tuple[int, int, list[str]]:
        """Of a change of kind: how many values there are, how many do not convert, and examples of those."""


_storage: list[Storage] = []


def register(storage: Storage) -> Storage:
    _storage[:] = [storage]
    return storage


def get() -> Storage:
    """The storage; it is there once `webapp.engines.forms` is imported."""
    if not _storage:
        raise RuntimeError("no storage is registered: import webapp.engines.forms")
    return _storage[0]
