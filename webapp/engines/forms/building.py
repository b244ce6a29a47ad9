"""The work behind an apply, in small steps that any worker may go on with (decisions 1 and 30).

How far it has come stands in `m__building` and moves in the same transaction as the step itself: whoever dies loses
at most the step he was in. Two workers at once do no harm: a step that finds the position moved lets go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from webapp import clock, i18n
from webapp.access import firm
from webapp.db import Database, Unit
from webapp.definitions import epochs, storage, tables
from webapp.definitions.compile import is_formula
from webapp.definitions.model import App, Definitions, Field, Form
from webapp.definitions.storage import Index
from webapp.engines.forms import conversions, indexes, labelled, purging, search
from webapp.engines.forms import tables as ddl
from webapp.i18n import N_
from webapp.journal import changesets, due

KIND = "definition"
CHUNK = {"sqlite": 200, "postgresql": 500}
MOST_REPORTED = 1000
SAMPLE = 1000  # rows of an index that SQLite looks at
_ORDER = {"convert": 0, "backfill": 1, "search": 2, "index": 3, "purge": 4}
building = tables.building
Beat = Callable[[int], None]


class FormStorage:
    """What `definitions` asks of the tables; see `definitions.storage.Storage`."""

    def change(self, unit: Unit, definitions: Definitions, app: App) -> set[str]:
        new = ddl.change(unit, definitions, app)
        for form in app.forms.values():
            if form.table.name not in new:
                _drop_unique(unit, form, indexes.derived(definitions, form, unit.dialect))
        return new

    def indexes(self, definitions: Definitions, form: Form, dialect: str) -> list[Index]:
        return indexes.derived(definitions, form, dialect)

    def index_now(self, unit: Unit, definitions: Definitions, form: Form) -> None:
        for index in indexes.derived(definitions, form, unit.dialect):
            unit.execute(sa.text("CREATE " + index.sql.format("")))

    def start(self, unit: Unit, app: str, actor: Any) -> None:
        due.add(unit, KIND, app, {"app": app}, actor=actor.member or None)

    def finish(self, database: Database) -> None:
        finish(database)

    def labelled_views(self, unit: Unit, definitions: Definitions, app: App) -> None:
        retired = [entry["table"] for entry in app.names["retired"].values()]
        labelled.rebuild(unit, definitions, app, retired, firm.get(unit).locale)

    def count(self, unit: Unit, form: Form) -> int:
        return _count(unit, form, sa.true())

    def count_empty(self, unit: Unit, form: Form, field: Field) -> int:
        return _count(unit, form, ~_filled(form, field))

    def count_option(self, unit: Unit, form: Form, field: Field, value: str) -> int:
        if field.values_table is not None:
            has = field.values_table.c
            return _count(unit, form, form.table.c.id.in_(sa.select(has.record).where(has.value == value)))
        return _count(unit, form, form.table.c[field.column] == value) if field.column else 0

    def count_duplicates(self, unit: Unit, form: Form, field: Field) -> int:
        if field.column is None:
            return 0
        return len(duplicates(unit, form, field, most=1000))

    def count_rows(self, unit: Unit, table: str, column: str | None = None) -> int:
        return purging.count_rows(unit, table, column)

    def pointing_at(self, unit: Unit, table: str) -> list[tuple[str, str]]:
        return purging.pointing_at(unit, table)

    def searched(self, form: Form) -> dict[str, tuple[Any, ...]]:
        return search.shape(form)

    def unconvertible(
        self, unit: Unit, definitions: Definitions, form: Form, old: Field, new: Field
    ) -> tuple[int, int, list[str]]:
        return conversions.unconvertible(unit, definitions, form, old, new)


def _count(unit: Unit, form: Form, condition: Any) -> int:
    query = sa.select(sa.func.count()).select_from(form.table).where(form.table.c.deleted_at.is_(None), condition)
    return int(unit.execute(query).scalar_one())


def _filled(form: Form, field: Field) -> Any:
    if field.values_table is not None:
        return form.table.c.id.in_(sa.select(field.values_table.c.record))
    return form.table.c[field.column].is_not(None) if field.column else sa.true()


def duplicates(unit: Unit, form: Form, field: Field, most: int = 20) -> list[dict[str, Any]]:
    """Values (as compared) that more than one live record has."""
    name = f"{field.column}__f"
    column = form.table.c[name if name in form.table.c else str(field.column)]
    query = (
        sa.select(column, sa.func.count())
        .where(form.table.c.deleted_at.is_(None), column.is_not(None))
        .group_by(column)
        .having(sa.func.count() > 1)
        .limit(most)
    )
    return [{"value": str(value), "count": count} for value, count in unit.execute(query)]


storage.register(FormStorage())


@due.handler(KIND)
def build(database: Database, job: due.Job) -> dict[str, Any]:
    """Go on with the open work of one app."""
    done = run(database, job.payload["app"], lambda n: due.progress(database, job, n))
    return {"steps": done}


def finish(database: Database) -> None:
    """Do all open work here and now."""
    run(database, None, lambda n: None)


def run(database: Database, app: str | None, beat: Beat) -> int:
    """Work off what is open, conversions first, then formulas, search texts, indexes; answers the number of steps."""
    steps = 0
    while True:
        work = _next(database, app)
        if work is None:
            return steps
        step = _STEPS[work.what]
        began = time.monotonic()
        step(database, work)
        held = time.monotonic() - began
        steps += 1
        beat(steps)
        if database.is_sqlite:
            time.sleep(max(0.005, min(held, 0.1)))


def _next(database: Database, app: str | None) -> Any:
    with database.read() as unit:
        query = sa.select(building).where(building.c.state == "open")
        rows = unit.execute(query.where(building.c.app == app) if app else query).all()
    return min(rows, key=lambda row: (_ORDER[row.what], row.id), default=None)


def _form(unit: Unit, work: Any) -> Form | None:
    app = epochs.current(unit).apps.get(work.app)
    return app.forms.get(work.form) if app is not None else None


def _field(unit: Unit, work: Any) -> Field | None:
    form = _form(unit, work)
    return form.fields.get(work.field) if form is not None else None


def _close(unit: Unit, work: Any, state: str, report: Any = None) -> None:
    values: dict[str, Any] = {"state": state, "finished_at": clock.now()}
    if report is not None:
        values["report"] = json.dumps(report, ensure_ascii=False)
    unit.execute(sa.update(building).where(building.c.id == work.id, building.c.state == "open").values(values))


def _hold(unit: Unit, work: Any) -> Any:
    """The row as it is now, held until the unit ends; None when another worker came further."""
    query = sa.select(building).where(
        building.c.id == work.id, building.c.state == "open", building.c.position == work.position
    )
    return unit.execute(query.with_for_update()).first()


def _convert(database: Database, work: Any) -> None:
    with database.write() as unit:
        form, item = _form(unit, work), _field(unit, work)
        held = _hold(unit, work)
        if held is None:
            return
        if form is None or item is None or is_formula(item):
            _close(unit, held, "dropped")
            return
        made = conversions.chunk(unit, epochs.current(unit), form, held, CHUNK[unit.dialect])
        if made is not None:
            mend_search(unit, form, made.ids)
            report: dict[str, Any] = json.loads(held.report) if held.report else {"failed": 0, "records": []}
            report["failed"] += len(made.failed)
            report["records"] = [*report["records"], *made.failed][:MOST_REPORTED]
            values = {"report": json.dumps(report, ensure_ascii=False), "position": made.ids[-1]}
            if made.changes:
                values["payload"] = _tell_conversion(unit, form, item, held, made)
            unit.execute(sa.update(building).where(building.c.id == work.id).values(values))
    if made is None:
        _end(database, work)


def _tell_conversion(unit: Unit, form: Form, item: Field, held: Any, made: conversions.Chunk) -> str:
    """One event for the chunk, in the change set of the whole conversion; answers the payload that remembers it."""
    payload = json.loads(held.payload)
    if "change_set" not in payload:
        locale = firm.get(unit).locale
        title = f"{i18n.label(form.label, locale)} · {i18n.label(item.label, locale)}"
        payload["change_set"] = changesets.open(unit, "conversion", title, publisher(unit, held))
    changes = {item.key: made.changes}
    _announce(unit, form.app, form.key, held, "conversion", made.ids[-1], payload["change_set"], changes)
    return json.dumps(payload, ensure_ascii=False)


def _announce(
    unit: Unit, app: str, form: str, work: Any, kind: str, record: int, change_set: int, changes: dict[str, Any]
) -> None:
    from webapp.engines.forms import records

    row = {
        "actor": publisher(unit, work),
        "via": "system",
        "change_set": change_set,
        "app": app,
        "form": form,
        "record": record,
        "kind": kind,
        "definition_version": epochs.current(unit).app(app).version,
        "changes": changes,
    }
    records.announce(unit, [row])


def publisher(unit: Unit, work: Any) -> int | None:
    """The member who published the version that asked for this work."""
    version = tables.app_version.c
    query = sa.select(version.created_by).where(version.app == work.app, version.version == work.version)
    found: int | None = unit.execute(query).scalar()
    return found


def _end(database: Database, work: Any) -> None:
    """The values are whole and no old column is read any more: everybody compiles anew."""
    with database.write() as unit:
        epochs.lock(unit)
        held = _hold(unit, work)
        if held is not None:
            _close(unit, held, "done")
            change_set = json.loads(held.payload).get("change_set")
            if change_set is not None:
                changesets.close(unit, change_set)
            epochs.move(unit)


def _backfill(database: Database, work: Any) -> None:
    with database.write() as unit:
        form, item = _form(unit, work), _field(unit, work)
        held = _hold(unit, work)
        if held is None:
            return
        if form is None or item is None or not is_formula(item) or item.column is None:
            _close(unit, held, "dropped")
            return
        last = _compute(unit, form, item, held.position, CHUNK[unit.dialect])
        if last is not None:
            unit.execute(sa.update(building).where(building.c.id == work.id).values(position=last))
    if last is None:
        _end(database, work)


def mend_search(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    """Bring the search texts of records up to what stands in them now."""
    from webapp.engines.forms import records

    changes = []
    for id_, row in records.stored_many(unit, form, ids):
        text = search.text_of(form, row)
        if text != (row.search_text or ""):
            changes.append((id_, row.search_text, text))
    if changes:
        statement = sa.update(form.table).where(form.table.c.id == sa.bindparam("m_id"))
        updates = [{"m_id": id_, "m_text": text} for id_, _, text in changes]
        unit.execute(statement.values(m__search=sa.bindparam("m_text")), updates)
    search.index(unit, form, changes)


def _search(database: Database, work: Any) -> None:
    """Search texts of the next records, after searched fields or labels of options have changed."""
    with database.write() as unit:
        form = _form(unit, work)
        held = _hold(unit, work)
        if held is None:
            return
        if form is None:
            _close(unit, held, "dropped")
            return
        query = sa.select(form.table.c.id).where(form.table.c.id > held.position).order_by(form.table.c.id)
        ids = list(unit.execute(query.limit(CHUNK[unit.dialect])).scalars())
        if not ids:
            _close(unit, held, "done")
            return
        mend_search(unit, form, ids)
        unit.execute(sa.update(building).where(building.c.id == work.id).values(position=ids[-1]))


def _compute(unit: Unit, form: Form, item: Field, position: int, size: int) -> int | None:
    """Store a formula in the records after `position`, without touching anything else of them."""
    from webapp.expressions import Stored, binds

    table = form.table
    assert item.formula is not None and item.column is not None
    expression = item.formula.sql(Stored(table), unit.dialect)
    parameters = binds(None, clock.now(), unit.zone)  # the same for everybody (decisions 22)
    query = sa.select(table.c.id, expression).where(table.c.id > position).order_by(table.c.id).limit(size)
    rows = unit.execute(query.with_for_update(of=table), parameters).all()  # whoever changes one now, waits
    if not rows:
        return None
    updates = []
    for id_, value in rows:
        values = {item.column: value, **item.kind.companions(item, value)}
        updates.append({"m_id": id_, **{f"v_{name}": v for name, v in values.items()}})
    names = [name.removeprefix("v_") for name in updates[0] if name.startswith("v_")]
    columns = {name: sa.bindparam(f"v_{name}", type_=table.c[name].type) for name in names}
    unit.execute(sa.update(table).where(table.c.id == sa.bindparam("m_id")).values(columns), updates)
    if item.type.name in ("text", "choice"):
        mend_search(unit, form, [row[0] for row in rows])
    return int(rows[-1][0])


# --- indexes ----------------------------------------------------------------------------------------------------


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


def _drop_unique(unit: Unit, form: Form, wanted: list[Index]) -> None:
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


def _index(database: Database, work: Any) -> None:
    """One index a step: make a missing one, else drop one that is no longer wanted, else it is done."""
    with database.read() as unit:
        form = _form(unit, work)
        if form is not None:
            wanted = {i.name: i for i in indexes.derived(epochs.current(unit), form, unit.dialect)}
            found = present(unit, form.table.name)
    if form is None:
        with database.write() as unit:
            _close(unit, work, "dropped")
        return
    tried = {entry["index"] for entry in (json.loads(work.report) if work.report else [])}
    missing = [i for name, i in wanted.items() if not found.get(name) and name not in tried]
    gone = [name for name in found if name not in wanted]
    if missing:
        _make(database, work, form, missing[0], is_broken=missing[0].name in found)
    elif gone:
        _change_indexes(database, f'DROP INDEX {{0}} IF EXISTS "{gone[0]}"')
    else:
        with database.write() as unit:
            _close(unit, work, "failed" if tried else "done")
            measure(unit, form)


def measure(unit: Unit, form: Form) -> None:
    """Let SQLite look at a sample, without which it guesses between indexes; PostgreSQL looks by itself."""
    if unit.dialect == "sqlite":
        unit.execute(sa.text(f"PRAGMA analysis_limit = {SAMPLE}"))
        unit.execute(sa.text(f'ANALYZE "{form.table.name}"'))


def _make(database: Database, work: Any, form: Form, index: Index, is_broken: bool) -> None:
    try:
        if is_broken:
            _change_indexes(database, f'DROP INDEX {{0}} IF EXISTS "{index.name}"')
        _change_indexes(database, "CREATE " + index.sql.replace("{0}", "{0} IF NOT EXISTS"))
    except DBAPIError as error:
        if not isinstance(error, IntegrityError):
            raise
        with database.write() as unit:
            field = form.fields.get(index.field or "")
            found = duplicates(unit, form, field) if field is not None else []
            message = N_("These values occur more than once.")
            entry = {"index": index.name, "field": index.field, "reason": str(message), "duplicates": found}
            report = [*(json.loads(work.report) if work.report else []), entry]
            text = json.dumps(report, ensure_ascii=False)
            unit.execute(sa.update(building).where(building.c.id == work.id).values(report=text))


def _change_indexes(database: Database, statement: str) -> None:
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


def _purge(database: Database, work: Any) -> None:
    """Drop one column's, then one table's worth a step; the last step tells the journal."""
    try:
        with database.write() as unit:
            held = _hold(unit, work)
            if held is None:
                return
            payload = json.loads(held.payload)
            if purging.step(unit, payload, held.position):
                unit.execute(sa.update(building).where(building.c.id == work.id).values(position=held.position + 1))
                return
            title = i18n.label(epochs.current(unit).app(work.app).label, firm.get(unit).locale)
            change_set = changesets.open(unit, "purge", title, publisher(unit, held))
            for form in sorted({form for form, _ in payload["removed"]}):
                fields = [field for at, field in payload["removed"] if at == form and field is not None]
                _announce(unit, work.app, form, held, "purge", 0, change_set, {"fields": fields or None})
            changesets.close(unit, change_set)
            _close(unit, held, "done")
    except DBAPIError as error:
        if not purging.is_depended_on(error):
            raise
        with database.write() as unit:
            _close(unit, work, "failed", [{"reason": str(error.orig)[:500]}])


_STEPS: dict[str, Callable[[Database, Any], None]] = {
    "convert": _convert,
    "backfill": _backfill,
    "search": _search,
    "index": _index,
    "purge": _purge,
}
