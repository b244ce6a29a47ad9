"""SQL views with labels, for tools that read the database: `view__crm__deal` with columns 编号, 商机名称, 金额 …

They show live records: options by their labels, people and linked records by name beside their id, numbers as people
write them. Made anew with every version, in its transaction, in the firm's language; the name of a view stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from webapp.access.tables import department, member
from webapp.db import Exact, Unit
from webapp.definitions.model import App, Definitions, Field, Form
from webapp.i18n import label

PREFIX = "view__"
LONGEST = 60  # bytes: PostgreSQL cuts names at 63
_HIDDEN = ("deleted_at", "deleted_by")


def rebuild(unit: Unit, definitions: Definitions, app: App, gone: list[str], locale: str) -> None:
    """Drop and make the views of an app's forms; `gone` are tables whose forms are no longer there."""
    for table in gone:
        _drop(unit, table)
    for form in app.forms.values():
        if _drop(unit, form.table.name):
            name = _quoted(unit, view_name(form.table.name))
            text = _text(unit, statement(definitions, form, unit, locale))
            unit.connection.exec_driver_sql(f"CREATE VIEW {name} AS {text}")


def _drop(unit: Unit, table: str) -> bool:
    """False where somebody has built a view of his own on it: then it stays as it is, and publishing goes on."""
    try:
        with unit.savepoint():
            unit.execute(sa.DDL(f"DROP VIEW IF EXISTS {_quoted(unit, view_name(table))}"))
    except sa.exc.InternalError:  # PostgreSQL: other objects depend on it
        return False
    return True


def view_name(table: str) -> str:
    return f"{PREFIX}{table}"


def statement(definitions: Definitions, form: Form, unit: Unit, locale: str) -> sa.Select[Any]:
    """What the view of a form selects."""
    taken: set[str] = set()
    columns: list[sa.ColumnElement[Any]] = []
    for key, item in {"id": form.names["id"], **form.fields, **form.names}.items():
        if key in _HIDDEN or item.reverse_of:
            continue
        for text, column in _columns(definitions, form, item, unit, locale):
            columns.append(column.label(_free(text, key, taken)))
    return sa.select(*columns).where(form.table.c.deleted_at.is_(None))


def _columns(
    definitions: Definitions, form: Form, item: Field, unit: Unit, locale: str
) -> Iterator[tuple[str, sa.ColumnElement[Any]]]:
    text = label(item.label, locale)
    if item.values_table is not None:
        yield text, _several(form, item, unit, locale)
    elif item.column is not None:
        column = form.table.c[item.column]
        name = _name(definitions, item, column)
        if name is not None:
            yield text, name
            yield f"{text} ID", column
        else:
            yield text, _plain(item, column, unit, locale)


def _plain(item: Field, column: sa.Column[Any], unit: Unit, locale: str) -> sa.ColumnElement[Any]:
    if item.type.options:
        return _option(item, column, locale)
    if isinstance(column.type, Exact) and unit.dialect == "sqlite":
        scaled = sa.type_coerce(column, sa.BigInteger)
        return sa.cast(scaled, sa.Float) / sa.literal_column(str(float(10**column.type.scale)))
    return column


def _option(item: Field, column: sa.ColumnElement[Any], locale: str) -> sa.ColumnElement[Any]:
    """The label of an option, in the order-free form every tool understands."""
    whens = [(column == _literal(o.value), _literal(label(o.label, locale))) for o in item.type.options]
    return sa.case(*whens, else_=column)


def _several(form: Form, item: Field, unit: Unit, locale: str) -> sa.ColumnElement[Any]:
    """All values in one text."""
    table = item.values_table
    assert table is not None
    shown = _option(item, table.c.value, locale) if item.type.options else table.c.value
    rows = sa.select(shown.label("v")).where(table.c.record == form.table.c.id).order_by(table.c.position)
    inner = rows.correlate(form.table).subquery()
    together = sa.func.group_concat if unit.dialect == "sqlite" else sa.func.string_agg
    return sa.select(together(inner.c.v, _literal(", "))).scalar_subquery()


def _name(definitions: Definitions, item: Field, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any] | None:
    kind = item.type.name
    if kind in ("member", "department"):
        table = (member if kind == "member" else department).alias()
        return sa.select(table.c.name).where(table.c.id == column).scalar_subquery()
    if kind == "record" and item.type.target:
        target = definitions.form(item.type.target)
        title = target.names[target.title]
        if title.column is not None:
            other = target.table.alias()
            return sa.select(other.c[title.column]).where(other.c.id == column).scalar_subquery()
    return None


def _literal(text: str) -> sa.ColumnElement[str]:
    return sa.literal(text, sa.Text, literal_execute=True)


def _free(text: str, key: str, taken: set[str]) -> str:
    """A column's name: its label, or label and key where two fields have the same one."""
    name = text.encode()[:LONGEST].decode(errors="ignore").replace("\x00", "").strip() or key
    if name.casefold() in taken:
        name = f"{name.encode()[: LONGEST - len(key) - 3].decode(errors='ignore')} ({key})"
    taken.add(name.casefold())
    return name


def _text(unit: Unit, select: sa.Select[Any]) -> str:
    """SQL text with every constant in it, percent signs doubled where the driver wants that."""
    return str(select.compile(dialect=unit.connection.dialect, compile_kwargs={"literal_binds": True}))


def _quoted(unit: Unit, name: str) -> str:
    return unit.connection.dialect.identifier_preparer.quote(name)
