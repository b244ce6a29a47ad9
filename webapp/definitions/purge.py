"""Removing for good what fields and forms that are gone, and conversions, have left behind (decisions 3 and 9).

Until then a removed field keeps its data and comes back whole. A purge is a version of its own, with the same
document: from then on nothing can come back, and a worker drops columns and tables. Their names are never given again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from webapp.db import Database, Unit
from webapp.definitions import epochs, storage, tables
from webapp.definitions.apply import AppliedVersion, leave_work, next_version, patiently, write_version
from webapp.definitions.compile import compile_all
from webapp.definitions.filling import Source
from webapp.definitions.model import App, Definitions
from webapp.definitions.plan import LOSS, Change, Plan
from webapp.definitions.storage import Work
from webapp.errors import Busy, Conflict, Denied, NotFound, Problem
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.access.actor import Actor


@dataclass(frozen=True)
class Left:
    """A place that nothing reads any more. `field` is None for a whole form; `values` is a table of its own."""

    form: str
    field: str | None
    table: str
    columns: tuple[str, ...] = ()
    values: str | None = None
    all_values: tuple[str, ...] = ()  # of a whole form


def left(app: App) -> Iterator[Left]:
    """What removed fields, removed forms and conversions of an app have left."""
    for form, entry in app.names["forms"].items():
        for field, entries in entry["retired"].items():
            for one in entries:
                if one.get("column") or one.get("values"):
                    yield Left(form, field, entry["table"], columns(one), one.get("values"))
    for form, entry in app.names["retired"].items():
        entries = [*entry["fields"].values(), *(one for several in entry["retired"].values() for one in several)]
        values = tuple(one["values"] for one in entries if one.get("values"))
        yield Left(form, None, entry["table"], all_values=values)


def columns(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of a field's entry, companions included (its shape names them after a column `c`)."""
    stem = entry.get("column")
    if not stem:
        return ()
    shape = entry["shape"].partition(" ")[2].partition(" → ")[0]
    return tuple(stem + part.partition(":")[0].removeprefix("c") for part in shape.split(",") if part)


def plan(definitions: Definitions, unit: Unit, app: str, form: str | None = None, field: str | None = None) -> Plan:
    """What a purge of an app, a form of it or one field would remove; raises `NotFound` if nothing is left there."""
    found = definitions.app(app)
    wanted = [p for p in left(found) if form in (None, p.form) and field in (None, p.field)]
    if field is not None:
        wanted = [p for p in wanted if p.field == field]
    if form is not None and not wanted:
        raise NotFound(N_("Nothing is left there to be purged."))
    wanted += _pointing(definitions, unit, found, wanted)
    changes = tuple(_change(unit, found, p) for p in wanted)
    payload = {
        "columns": [[p.table, list(p.columns)] for p in wanted if p.columns],
        "values": [t for p in wanted for t in ([p.values] if p.values else p.all_values)],
        "tables": [p.table for p in wanted if p.field is None],
        "removed": [[p.form, p.field] for p in wanted],
    }
    work = (Work(form or "", "purge", None, payload),) if wanted else ()
    return Plan(app, found.version, changes, work)


def _pointing(definitions: Definitions, unit: Unit, app: App, wanted: list[Left]) -> list[Left]:
    """Links that were removed earlier and still point into a form that goes: they go with it."""
    going = {p.table for p in wanted if p.field is None}
    own = {(p.table, c): p for p in left(app) for c in p.columns}
    more: list[Left] = []
    for table in sorted(going):
        for other, column in storage.get().pointing_at(unit, table):
            known = own.get((other, column))
            if other in going or any(other in p.all_values or other == p.values for p in wanted):
                continue
            if known is None:
                message = N_("{table} still points at this form; purge what was removed there first.", table=other)
                raise Conflict(message, code="linked")
            if known not in wanted and known not in more:
                more.append(known)
    return more


def _change(unit: Unit, app: App, place: Left) -> Change:
    label = app.forms[place.form].label if place.form in app.forms else place.form
    made = storage.get()
    if place.field is None:
        n = made.count_rows(unit, place.table)
        message = N_("The form {form} and its {n} records are removed for good.", form=label, n=n)
        return Change(f"forms.{place.form}", message, LOSS, "purge")
    column = None if place.values else place.columns[0]
    n = made.count_rows(unit, place.values or place.table, column)
    message = N_("{form}: {n} old values of {field} are removed for good.", form=label, field=place.field, n=n)
    return Change(f"forms.{place.form}.fields.{place.field}", message, LOSS, "purge")


def purge(
    database: Database, actor: Actor, app: str, form: str | None = None, field: str | None = None, *, accept_loss: bool
) -> AppliedVersion:
    """Remove for good what is left of an app, a form or a field. Raises `Denied`, `NotFound`, `Conflict`, `Busy`.

    Without `accept_loss` the `Conflict` tells what would go (`.detail["plan"]`).
    """
    if not actor.is_keeper or not actor.may_write:
        raise Denied(N_("Only a system administrator removes data for good."))
    with database.read() as unit:
        definitions = epochs.current(unit)
        steps = plan(definitions, unit, app, form, field)
    if not steps.work:
        return AppliedVersion(app, steps.before, definitions.epoch, steps, is_changed=False)
    if not accept_loss:
        told = [Problem(c.path, c.message, c.code) for c in steps.changes]
        raise Conflict(N_("Purging needs your consent."), problems=told, plan=steps, code="loss")
    return patiently(lambda: _publish(database, actor, definitions, steps))


def _publish(database: Database, actor: Actor, before: Definitions, steps: Plan) -> AppliedVersion:
    app = steps.app
    old = before.cache["sources"][app]
    names = _without(before.apps[app], steps.work[0].payload["removed"])
    others = [source for key, source in before.cache["sources"].items() if key != app]
    new = Source(document=old.document, version=next_version(before, app), names=names)
    after = compile_all(before.epoch, [*others, new])
    with database.write() as unit:
        if epochs.lock(unit) != before.epoch:
            raise Busy(N_("Something has been published meanwhile; look at what would be purged again."))
        _require_quiet(unit, app)
        write_version(unit, actor, old.document, after, steps, "purge")
        leave_work(unit, actor, app, after.apps[app].version, steps)
        moved = epochs.move(unit)
    return AppliedVersion(app, after.apps[app].version, moved, steps)


def _require_quiet(unit: Unit, app: str) -> None:
    building = tables.building.c
    query = sa.select(sa.func.count()).where(building.app == app, building.state == "open")
    if unit.execute(query).scalar_one():
        raise Conflict(N_("The app {app} is still being built; purge when that is done.", app=app), code="building")


def _without(app: App, removed: list[list[str | None]]) -> dict[str, Any]:
    names: dict[str, Any] = copy.deepcopy(dict(app.names))
    for form, field in removed:
        if field is None:
            del names["retired"][form]
        else:
            names["forms"][form]["retired"].pop(field, None)
    return names
