"""Dropping the columns and tables that a purge has given up. Each step finds what is still there, so it may repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from webapp.db import Unit
from webapp.engines.forms.finding import search
from webapp.engines.forms.structure.labelled import view_name
from webapp.engines.forms.structure.tables import columns_present
from webapp.engines.forms.writing import attaching


def step(unit: Unit, payload: Mapping[str, Any], position: int) -> bool:
    """Drop what stands at `position` of the list; False when the list is done."""
    todo: list[Any] = [("values", table) for table in payload["values"]]
    todo += [("columns", table, columns) for table, columns in payload["columns"]]
    todo += [("form", payload["tables"])] if payload["tables"] else []
    if position >= len(todo):
        return False
    what, *arguments = todo[position]
    if unit.dialect != "sqlite":
        unit.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
    steps: dict[str, Any] = {"values": _drop_values, "columns": _drop_columns, "form": _drop_forms}
    steps[what](unit, *arguments)
    return True


def _drop_values(unit: Unit, table: str) -> None:
    unit.execute(sa.text(f"DROP TABLE IF EXISTS {_quoted(unit, table)}"))


def _drop_columns(unit: Unit, table: str, columns: list[str]) -> None:
    present = columns_present(unit, [table]).get(table, set())
    going = [c for c in columns if c in present]
    attaching.release_columns(unit, table, going)
    if unit.dialect == "sqlite":
        for name in _indexes_over(unit, table, going):
            unit.execute(sa.text(f"DROP INDEX IF EXISTS {_quoted(unit, name)}"))
    for column in going:
        unit.execute(sa.text(f"ALTER TABLE {_quoted(unit, table)} DROP COLUMN {_quoted(unit, column)}"))


def _indexes_over(unit: Unit, table: str, columns: list[str]) -> list[str]:
    """SQLite refuses to drop a column that an index names, also in its condition."""
    query = sa.text(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"
    )
    rows = unit.execute(query, {"table": table}).all()
    return [name for name, text in rows if any(f'"{c}"' in text or f"{c} " in text for c in columns)]


def _drop_forms(unit: Unit, tables: list[str]) -> None:
    """All at once: they may point at each other."""
    for table in tables:
        for other, column in pointing_at(unit, table):
            if unit.dialect == "sqlite":
                statement = f"UPDATE {_quoted(unit, other)} SET {_quoted(unit, column)} = NULL"  # noqa: S608
                unit.execute(sa.text(statement))
            else:
                for name in _constraints(unit, other, table):
                    unit.execute(sa.text(f"ALTER TABLE {_quoted(unit, other)} DROP CONSTRAINT {_quoted(unit, name)}"))
    for table in tables:
        unit.execute(sa.text(f"DROP VIEW IF EXISTS {_quoted(unit, view_name(table))}"))
        search.drop_tables(unit, table)
        attaching.release_columns(unit, table)
        unit.execute(sa.text(f"DROP TABLE IF EXISTS {_quoted(unit, table)}"))


def pointing_at(unit: Unit, table: str) -> list[tuple[str, str]]:
    """(table, column) of every foreign key that leads to `table`, but those from itself."""
    if unit.dialect == "sqlite":
        query = sa.text(
            'SELECT m.name, f."from" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f'
            " WHERE m.type = 'table' AND f.\"table\" = :table ORDER BY 1, 2"
        )
    else:
        query = sa.text(
            "SELECT r.relname, a.attname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid"
            " JOIN pg_class t ON t.oid = c.confrelid"
            " JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND t.relname = :table AND pg_table_is_visible(t.oid) ORDER BY 1, 2"
        )
    return [(name, column) for name, column in unit.execute(query, {"table": table}) if name != table]


def _constraints(unit: Unit, table: str, target: str) -> list[str]:
    query = sa.text(
        "SELECT c.conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid"
        " JOIN pg_class t ON t.oid = c.confrelid"
        " WHERE c.contype = 'f' AND r.relname = :table AND t.relname = :target AND pg_table_is_visible(r.oid)"
    )
    return list(unit.execute(query, {"table": table, "target": target}).scalars())


def count_rows(unit: Unit, table: str, column: str | None) -> int:
    """Rows of a table by its physical name, of those in which `column` is filled."""
    named = sa.table(table, *([sa.column(column)] if column else []))
    query = sa.select(sa.func.count()).select_from(named)
    if column:
        query = query.where(named.c[column].is_not(None))
    return int(unit.execute(query).scalar_one())


def is_depended_on(error: DBAPIError) -> bool:
    """Whether somebody's own view or table still needs what was to be dropped."""
    text = str(error.orig).lower()
    return "depend" in text or "after drop column" in text or "foreign key" in text


def _quoted(unit: Unit, name: str) -> str:
    return unit.connection.dialect.identifier_preparer.quote(name)
