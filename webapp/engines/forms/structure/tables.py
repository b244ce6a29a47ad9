"""DDL of the form tables: metadata only, inside the transaction of an apply.

What is missing is found by looking, so a repeat or a column that a newer release added to a kind needs no history.
Nothing here ever drops a table or a column: removed fields keep their data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from webapp.db import Exact, Unit
from webapp.definitions.columns import system_columns
from webapp.definitions.model import App, Definitions, Form
from webapp.engines.forms.finding import search


def change(unit: Unit, definitions: Definitions, app: App) -> set[str]:
    """Make the missing tables and columns of `app`; answers the names of the form tables that are new."""
    names = [form.table.name for form in app.forms.values()]
    present = columns_present(unit, [*names, *(t.name for t in _values_tables(app.forms.values()))])
    new = {name for name in names if name not in present}
    for form in app.forms.values():
        if form.table.name in new:
            unit.execute(CreateTable(_bare(form.table)))
            search.create_tables(unit, form.table.name)
    for form in app.forms.values():
        _add_columns(unit, form.table, present.get(form.table.name, set()))
    for table in _values_tables(app.forms.values()):
        if table.name not in present:
            unit.execute(CreateTable(table))
            for index in table.indexes:
                unit.execute(CreateIndex(index))
    return new


def columns_present(unit: Unit, names: Iterable[str]) -> dict[str, set[str]]:
    """Table → its columns, of those tables that exist."""
    wanted = list(names)
    if unit.dialect == "sqlite":
        query = sa.text(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
        rows = unit.execute(query)
    else:
        query = sa.text(
            "SELECT r.relname, a.attname FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid"
            " WHERE r.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND pg_table_is_visible(r.oid)"
            " AND r.relname = ANY(:names)"
        )
        rows = unit.execute(query, {"names": wanted})
    found: dict[str, set[str]] = {}
    for table, column in rows:
        if table in wanted:
            found.setdefault(table, set()).add(column)
    return found


def _values_tables(forms: Iterable[Form]) -> list[sa.Table]:
    return [f.values_table for form in forms for f in form.fields.values() if f.values_table is not None]


def _bare(table: sa.Table) -> sa.Table:
    """The table with its system columns alone; the others follow one by one, when every target of a link exists."""
    return sa.Table(table.name, sa.MetaData(), *system_columns(), sqlite_autoincrement=True)


def _add_columns(unit: Unit, table: sa.Table, present: set[str]) -> None:
    own = {c.name for c in system_columns()}
    for column in table.columns:
        if column.name not in present and column.name not in own:
            unit.execute(sa.text(f"ALTER TABLE {_quoted(unit, table.name)} ADD COLUMN {_specification(unit, column)}"))


def _specification(unit: Unit, column: sa.Column[Any]) -> str:
    dialect = unit.connection.dialect
    plain = sa.Column(column.name, column.type, nullable=True)
    sa.Table("t", sa.MetaData(), plain)
    text = str(CreateColumn(plain).compile(dialect=dialect))
    if unit.dialect == "sqlite" and isinstance(column.type, Exact):
        text += f" CHECK (typeof({_quoted(unit, column.name)}) IN ('integer', 'null'))"  # never a float (decisions 12)
    if unit.dialect != "sqlite" and isinstance(column.type, sa.Text):
        text += ' COLLATE "C"'  # order by code point on both databases (decisions 16)
    for key in column.foreign_keys:
        target, _, name = key.target_fullname.rpartition(".")
        text += f" REFERENCES {_quoted(unit, target)} ({_quoted(unit, name)})"
    return text


def _quoted(unit: Unit, name: str) -> str:
    return unit.connection.dialect.identifier_preparer.quote(name)
