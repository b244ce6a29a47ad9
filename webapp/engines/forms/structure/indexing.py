"""The derived indexes of a form in the database: which are there, making them, dropping them, one a step.

A unique one is asked for when the data has no duplicates, and made later: a race may bring one in between. Then the
work has failed and says which values of which records are in the way; it is taken up again by whoever mended them
(`versions.retry`) or by the next version that changes the form's indexes.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from webapp.db import Database, Unit
from webapp.definitions import epochs, tables
from webapp.definitions.model import Field, Form
from webapp.definitions.storage import Index
from webapp.engines.forms.structure import indexes, worklist
from webapp.engines.forms.viewing import renewed, saved
from webapp.engines.forms.writing import uniqueness

SAMPLE = 1000  # rows of an index that SQLite looks at
MOST_VALUES = 20
MOST_RECORDS = 10
_TOO_LONG = "54000"  # PostgreSQL: a value does not fit into a page of the index


def present(unit: Unit, table: str) -> dict[str, bool]:
    """Derived indexes of a table that exist → whether they are whole (PostgreSQL leaves a broken one behind)."""
    if unit.dialect == "sqlite":
        query = sa.text("SELECT name, 1 FROM sqlite_master WHERE type = 'index' AND tbl_name = :table")
    else:
        query = sa.text(
            "SELECT i.relname, x.indisvalid FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_class t ON t.oid = x.indrelid WHERE t.relname = :table AND pg_table_is_visible(t.oid)"
        )
    rows = unit.execute(query, {"table": table})
    return {name: bool(is_whole) for name, is_whole in rows if name.startswith(indexes.PREFIX)}


def drop_unique(unit: Unit, form: Form, wanted: list[Index]) -> None:
    """A rule against duplicates that is given up ends with the version, not when a worker comes round."""
    names = {index.name for index in wanted}
    for name in _unique_present(unit, form.table.name):
        if name not in names:
            unit.execute(sa.text(f'DROP INDEX "{name}"'))


def _unique_present(unit: Unit, table: str) -> list[str]:
    if unit.dialect == "sqlite":
        query = sa.text("SELECT name FROM pragma_index_list(:table) WHERE \"unique\" = 1 AND origin = 'c'")
    else:
        query = sa.text(
            "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_class t ON t.oid = x.indrelid"
            " WHERE t.relname = :table AND x.indisunique AND pg_table_is_visible(t.oid)"
        )
    rows = unit.execute(query, {"table": table}).scalars()
    return [name for name in rows if name.startswith(indexes.PREFIX)]


def step(database: Database, work: Any) -> None:
    """One index a step: make a missing one, else drop one that is no longer wanted, else it is done."""
    with database.read() as unit:
        form = worklist.form_of(unit, work)
        if form is not None:
            current = epochs.current(unit)
            shared = [renewed.renew(current, form, view) for view in saved.shared(unit, form)]
            wanted = {i.name: i for i in indexes.derived(current, form, unit.dialect, shared)}
            found = present(unit, form.table.name)
    if form is None:
        with database.write() as unit:
            worklist.close(unit, work, "dropped")
        return
    tried = {entry["index"] for entry in _report(work)}
    missing = [i for name, i in wanted.items() if not found.get(name) and name not in tried]
    gone = [name for name, is_whole in found.items() if name not in wanted or (name in tried and not is_whole)]
    if missing:
        _make(database, work, form, missing[0], is_broken=missing[0].name in found)
    elif gone:
        _drop(database, gone[0])
    else:
        with database.write() as unit:
            worklist.close(unit, work, "failed" if tried else "done")
            measure(unit, form)


def _report(work: Any) -> list[dict[str, Any]]:
    report: list[dict[str, Any]] = json.loads(work.report) if work.report else []
    return report


def measure(unit: Unit, form: Form) -> None:
    """Let SQLite look at a sample, without which it guesses between indexes; PostgreSQL looks by itself."""
    if unit.dialect == "sqlite":
        unit.execute(sa.text(f"PRAGMA analysis_limit = {SAMPLE}"))
        unit.execute(sa.text(f'ANALYZE "{form.table.name}"'))


def _make(database: Database, work: Any, form: Form, index: Index, is_broken: bool) -> None:
    """Make an index; where the data is in the way, write down why instead, so that it is not tried for ever.

    A broken one that is left over from the attempt would go on refusing writes: `step` drops it.
    """
    try:
        if is_broken:
            _drop(database, index.name)
        _change(database, "CREATE " + index.sql.replace("{0}", "{0} IF NOT EXISTS"))
    except DBAPIError as error:
        why = _in_the_way(database, form, index, error)
        if why is None:
            raise
        text = json.dumps([*_report(work), {"index": index.name, "field": index.field, **why}], ensure_ascii=False)
        building = tables.building
        with database.write() as unit:
            unit.execute(
                sa.update(building).where(building.c.id == work.id, building.c.state == "open").values(report=text)
            )


def _in_the_way(database: Database, form: Form, index: Index, error: DBAPIError) -> dict[str, Any] | None:
    """What of the data does not let the index be; None if the trouble is another, and trying again may help."""
    if isinstance(error, IntegrityError):
        field = form.fields.get(index.field or "")
        with database.read() as unit:  # counting takes its time: not while others wait to write
            return {"code": "duplicates", "duplicates": named(unit, form, field) if field is not None else []}
    if getattr(error.orig, "sqlstate", None) == _TOO_LONG:
        return {"code": "too_long", "reason": str(error.orig)[:500]}
    return None


def _drop(database: Database, name: str) -> None:
    _change(database, f'DROP INDEX {{0}} IF EXISTS "{name}"')


def _change(database: Database, statement: str) -> None:
    """On PostgreSQL beside the writers, outside a transaction; on SQLite one short writing unit."""
    if database.is_sqlite:
        with database.write() as unit:
            unit.execute(sa.text(statement.format("")))
        return
    with database.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("SET lock_timeout = 0")  # it waits for old readers by design
        try:
            connection.exec_driver_sql(statement.format("CONCURRENTLY"))
        finally:
            connection.exec_driver_sql("SET lock_timeout = '10s'")


def duplicates(unit: Unit, form: Form, field: Field, most: int) -> list[tuple[Any, int]]:
    """(value as compared, how many) of what more than one live record has."""
    column = uniqueness.column(form, field)
    query = (
        sa.select(column, sa.func.count())
        .where(form.table.c.deleted_at.is_(None), column.is_not(None))
        .group_by(column)
        .having(sa.func.count() > 1)
        .order_by(column)
        .limit(most)
    )
    return [(value, count) for value, count in unit.execute(query)]


def named(unit: Unit, form: Form, field: Field) -> list[dict[str, Any]]:
    """The first duplicates as a report names them: the value, how many have it, and the first records that do."""
    column, table = uniqueness.column(form, field), form.table
    found = []
    for value, count in duplicates(unit, form, field, MOST_VALUES):
        query = sa.select(table.c.id).where(column == value, table.c.deleted_at.is_(None)).order_by(table.c.id)
        ids = list(unit.execute(query.limit(MOST_RECORDS)).scalars())
        found.append({"value": str(value), "count": count, "records": ids})
    return found
