"""The index of a form: made, dropped, and brought up to what stands in its records."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.engines.forms.finding.search.tokens import tokens_of


def index_name(table: str) -> str:
    """Name of the index table of the form whose table is `table`."""
    return f"{table}__m__find"


def create_tables(unit: Unit, table: str) -> None:
    """Make the index of a form (an empty one), by the name of the form's table. Cheap; once a form."""
    for statement in statements(table, unit.dialect):
        unit.execute(sa.text(statement))


def drop_tables(unit: Unit, table: str) -> None:
    unit.execute(sa.text(f'DROP TABLE IF EXISTS "{index_name(table)}"'))


def statements(table: str, dialect: str) -> list[str]:
    """The DDL of `create_tables`. `table` comes from checked keys."""
    name = index_name(table)
    if dialect == "sqlite":
        options = "content='', detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0'"
        return [
            f'CREATE VIRTUAL TABLE IF NOT EXISTS "{name}" USING fts5(tokens, {options})',
            # Twice as many segments before they are merged: a third less work for writers, nothing lost for readers.
            f'INSERT INTO "{name}" ("{name}", rank) VALUES (\'automerge\', 8)',  # noqa: S608
        ]
    return [
        f'CREATE TABLE IF NOT EXISTS "{name}" (id bigint PRIMARY KEY, tokens tsvector NOT NULL)',
        f'CREATE INDEX IF NOT EXISTS "{f"ix_{name}"[:63]}" ON "{name}" USING gin (tokens)',
    ]


def index(unit: Unit, form: Form, changes: Iterable[tuple[int, str | None, str | None]]) -> None:
    """Bring the index up to (record id, search text before, search text after); None: not there.

    The text before must be the one that was indexed, as `stored.get` reads it before the record is written: on SQLite
    its tokens are what is taken out.
    """
    found = [(i, old or "", new or "") for i, old, new in changes if (old or "") != (new or "")]
    if found:
        (_index_sqlite if unit.dialect == "sqlite" else _index_postgresql)(unit, index_name(form.table.name), found)


def index_new(unit: Unit, form: Form, made: list[tuple[int, str]]) -> None:
    """Put new records into the index: (record id, its tokens between spaces as `Prepared` has them)."""
    found = [(i, tokens) for i, tokens in made if tokens]
    if found:
        (_put_sqlite if unit.dialect == "sqlite" else _put_postgresql)(unit, index_name(form.table.name), found)


def _index_sqlite(unit: Unit, name: str, changes: list[tuple[int, str, str]]) -> None:
    gone = [{"id": i, "tokens": " ".join(tokens_of(old))} for i, old, _ in changes if old]
    come = [(i, " ".join(tokens_of(new))) for i, _, new in changes if new]
    if gone:
        take_out = f'INSERT INTO "{name}" ("{name}", rowid, tokens) VALUES (\'delete\', :id, :tokens)'  # noqa: S608
        unit.execute(sa.text(take_out), gone)
    if come:
        _put_sqlite(unit, name, come)


def _put_sqlite(unit: Unit, name: str, found: list[tuple[int, str]]) -> None:
    unit.connection.exec_driver_sql(f'INSERT INTO "{name}" (rowid, tokens) VALUES (?, ?)', found)  # noqa: S608


def _index_postgresql(unit: Unit, name: str, changes: list[tuple[int, str, str]]) -> None:
    gone = [i for i, _, new in changes if not new]
    if gone:
        unit.execute(sa.text(f'DELETE FROM "{name}" WHERE id = ANY(:ids)'), {"ids": gone})  # noqa: S608
    come = [(i, " ".join(tokens_of(new))) for i, _, new in changes if new]
    if come:
        _put_postgresql(unit, name, come)


def _put_postgresql(unit: Unit, name: str, found: list[tuple[int, str]]) -> None:
    put = (
        f'INSERT INTO "{name}" (id, tokens) '  # noqa: S608
        "SELECT i, array_to_tsvector(string_to_array(t, ' ')) "
        "FROM unnest(CAST(:ids AS bigint[]), CAST(:texts AS text[])) AS given(i, t) "
        "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens"
    )
    unit.execute(sa.text(put), {"ids": [i for i, _ in found], "texts": [t for _, t in found]})
