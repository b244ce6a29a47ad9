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
from sqlalchemy.exc import DBAPIError

from webapp import clock, i18n
from webapp.access import firm
from webapp.db import Database, Unit
from webapp.definitions import epochs, tables, versions
from webapp.definitions.columns import is_formula
from webapp.definitions.model import Field, Form
from webapp.engines.forms.finding import search
from webapp.engines.forms.structure import conversions, indexing, purging, worklist
from webapp.engines.forms.writing import stored
from webapp.i18n import N_
from webapp.journal import changesets, due

KIND = "definition"
CHUNK = {"sqlite": 200, "postgresql": 500}
MOST_REPORTED = 1000
_ORDER = {"convert": 0, "backfill": 1, "search": 2, "index": 3, "purge": 4}
building = tables.building
Beat = Callable[[int], None]


@due.handler(KIND, title=N_("Building behind a version"), is_repeatable=True)
def build(database: Database, job: due.Job) -> dict[str, Any]:
    """Go on with the open work of one app. What the data does not let be built, it says, and tries no more."""
    app = job.payload["app"]
    result = {"steps": run(database, app, lambda n: due.progress(database, job, n))}
    with database.write() as unit:
        left = [one for one in versions.unbuilt(unit, app) if one.at >= job.created_at]
        if left:
            locale = firm.get(unit).locale
            said = "\n".join(one.message.text(locale) for one in left)
            due.give_up(unit, job, said, {**result, "unbuilt": [one.json() for one in left]})
    return result


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
        if rows:
            epochs.current(unit)  # compiled here, not while the step holds the writer
    return min(rows, key=lambda row: (_ORDER[row.what], row.id), default=None)


def _convert(database: Database, work: Any) -> None:
    with database.write() as unit:
        form, item = worklist.form_of(unit, work), worklist.field_of(unit, work)
        held = worklist.hold(unit, work)
        if held is None:
            return
        if form is None or item is None or is_formula(item):
            worklist.close(unit, held, "dropped")
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
        payload["change_set"] = changesets.open(unit, "conversion", title, worklist.publisher(unit, held))
    changes = {item.key: made.changes}
    worklist.announce(unit, form.app, form.key, held, "conversion", made.ids[-1], payload["change_set"], changes)
    return json.dumps(payload, ensure_ascii=False)


def _end(database: Database, work: Any) -> None:
    """The values are whole and no old column is read any more: everybody compiles anew."""
    with database.write() as unit:
        epochs.lock(unit)
        held = worklist.hold(unit, work)
        if held is not None:
            worklist.close(unit, held, "done")
            change_set = json.loads(held.payload).get("change_set")
            if change_set is not None:
                changesets.close(unit, change_set)
            epochs.move(unit)


def _backfill(database: Database, work: Any) -> None:
    with database.write() as unit:
        form, item = worklist.form_of(unit, work), worklist.field_of(unit, work)
        held = worklist.hold(unit, work)
        if held is None:
            return
        if form is None or item is None or not is_formula(item) or item.column is None:
            worklist.close(unit, held, "dropped")
            return
        last = _compute(unit, form, item, held.position, CHUNK[unit.dialect])
        if last is not None:
            unit.execute(sa.update(building).where(building.c.id == work.id).values(position=last))
    if last is None:
        _end(database, work)


def mend_search(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    """Bring the search texts of records up to what stands in them now."""
    changes = []
    for id_, row in stored.get_many(unit, form, ids):
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
        form = worklist.form_of(unit, work)
        held = worklist.hold(unit, work)
        if held is None:
            return
        if form is None:
            worklist.close(unit, held, "dropped")
            return
        query = sa.select(form.table.c.id).where(form.table.c.id > held.position).order_by(form.table.c.id)
        ids = list(unit.execute(query.limit(CHUNK[unit.dialect])).scalars())
        if not ids:
            worklist.close(unit, held, "done")
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


def _purge(database: Database, work: Any) -> None:
    """Drop one column's, then one table's worth a step; the last step tells the journal."""
    try:
        with database.write() as unit:
            held = worklist.hold(unit, work)
            if held is None:
                return
            payload = json.loads(held.payload)
            if purging.step(unit, payload, held.position):
                unit.execute(sa.update(building).where(building.c.id == work.id).values(position=held.position + 1))
                return
            title = i18n.label(epochs.current(unit).app(work.app).label, firm.get(unit).locale)
            change_set = changesets.open(unit, "purge", title, worklist.publisher(unit, held))
            for form in sorted({form for form, _ in payload["removed"]}):
                fields = [field for at, field in payload["removed"] if at == form and field is not None]
                worklist.announce(unit, work.app, form, held, "purge", 0, change_set, {"fields": fields or None})
            changesets.close(unit, change_set)
            worklist.close(unit, held, "done")
    except DBAPIError as error:
        if not purging.is_depended_on(error):
            raise
        with database.write() as unit:
            worklist.close(unit, work, "failed", [{"reason": str(error.orig)[:500]}])


_STEPS: dict[str, Callable[[Database, Any], None]] = {
    "convert": _convert,
    "backfill": _backfill,
    "search": _search,
    "index": indexing.step,
    "purge": _purge,
}
