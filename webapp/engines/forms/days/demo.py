"""A demo firm: records that look like a year of work, entered through the door as one change set, and taken out again.

Days are counted from today, so that what is due is due and what is late is late. The records' own stamps say how old
they are; the journal says when they were really made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import bulk, records, undo
from webapp.engines.forms.writing import values
from webapp.errors import Conflict, Denied, MortiseError
from webapp.i18n import N_
from webapp.journal import changesets
from webapp.journal.tables import change_set as change_set_table
from webapp.journal.tables import event

_DAY = re.compile(r"([+-]?\d{1,5})(?: (\d{1,2}):(\d{2}))?")
_STAMPS = ("created_at", "last_activity_at")
AT_ONCE = 100

Tables = Mapping[str, Sequence[Mapping[str, str]]]


@dataclass(frozen=True)
class Loaded:
    """What was entered: the change set, records made, and rows that could not be taken with the reason."""

    change_set: int
    made: int
    left: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Removed:
    """What was taken out, and what people had changed since: form and id of each that is still there."""

    removed: int = 0
    kept: list[tuple[str, int]] = field(default_factory=list)


def may_load(unit: Unit, actor: Actor, app: str) -> bool:
    """Who builds the app and may enter records into all of it."""
    if not actor.may_build(app) or app not in versions.current(unit).apps:
        return False
    return all(policy.may(unit, actor, form, "create") for form in versions.current(unit).app(app).forms.values())


def is_empty(unit: Unit, app: str) -> bool:
    """Whether nobody has entered anything into the app yet (the bin aside)."""
    forms = versions.current(unit).app(app).forms.values()
    some = [sa.exists().where(f.table.c.deleted_at.is_(None)) for f in forms]
    return not unit.execute(sa.select(sa.or_(*some))).scalar()


def loaded(unit: Unit, actor: Actor) -> changesets.ChangeSet | None:
    """The demo firm that is in place, for those who may take it out: its loader and keepers."""
    table = change_set_table
    statement = sa.select(table).where(table.c.kind == "demo", table.c.state.in_((changesets.DONE, changesets.UNDOING)))
    if not actor.is_keeper:
        statement = statement.where(table.c.actor == actor.member)
    row = unit.execute(statement.order_by(table.c.id.desc()).limit(1)).first()
    return changesets.ChangeSet(**row._mapping) if row is not None else None


def of(unit: Unit, actor: Actor, change_set: int) -> changesets.ChangeSet:
    """A demo firm by its change set, for its loader and keepers; raises `NotFound`."""
    return undo.of_kind(unit, actor, change_set, "demo")


def load(database: Database, actor: Actor, app: str, tables: Tables, title: str) -> Loaded:
    """Enter the demo firm; raises `Denied`, or `Conflict` where somebody has begun already."""
    with database.write() as unit:
        if not may_load(unit, actor, app):
            raise Denied(N_("Only who builds apps loads demo data."), action="create")
        if not is_empty(unit, app):
            raise Conflict(N_("There are records already; demo data is for an empty app."))
        change_set = changesets.open(unit, "demo", title, actor.member)
    made, left = 0, []
    now = clock.now()
    for key, rows in tables.items():
        for start in range(0, len(rows), AT_ONCE):
            with database.write() as unit:
                form = versions.current(unit).form(f"{app}.{key}")
                done, refused = _enter(unit, actor, form, rows[start : start + AT_ONCE], change_set, now)
                made += done
                left += refused
    with database.write() as unit:
        changesets.close(unit, change_set)
    return Loaded(change_set, made, tuple(left))


def _enter(
    unit: Unit, actor: Actor, form: Form, rows: Sequence[Mapping[str, str]], change_set: int, now: datetime
) -> tuple[int, list[tuple[str, str, str]]]:
    good, stamps, left = [], [], []
    for row in rows:
        try:
            good.append(_values(unit, actor, form, row, now))
            stamps.append({k: _moment(row[k], now, unit.zone, _time(row)) for k in _STAMPS if row.get(k)})
        except MortiseError as error:
            left.append((form.key, next(iter(row.values()), ""), error.message.text("en")))
    results = bulk.create_many(unit, actor, form, good, via="import", change_set=change_set)
    for result, stamp, values_ in zip(results, stamps, good, strict=True):
        if result.id is None:
            said = "; ".join(p.text("en") for p in result.problems)
            left.append((form.key, str(values_.get(form.title)), said))
            continue
        if stamp:
            _date_back(unit, form, result.id, stamp)
        if values_.get((form.settings.get("pool") or {}).get("field", "")) is True:  # what is in the pool is nobody's
            unit.execute(form.table.update().where(form.table.c.id == result.id).values(owner=None))
    return sum(r.id is not None for r in results), left


def _values(unit: Unit, actor: Actor, form: Form, row: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Field key → Python value of what the form has; a firm may have taken fields away."""
    rights = policy.fields(unit, actor, form)
    found = {}
    for key, text in row.items():
        item = form.fields.get(key)
        if item is None or not text or key in _STAMPS or rights.get(key) != "write" or not item.kind.is_input:
            continue
        if item.type.name in ("date", "datetime") and (day := _DAY.fullmatch(text)):
            moment = _moment(text, now, unit.zone)
            found[key] = moment if item.type.name == "datetime" else _day(day, now, unit.zone)
        else:
            found[key] = values.parse(unit, actor, item, text)
    return {k: v for k, v in found.items() if v is not None}


def _day(found: re.Match[str], now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date() + timedelta(days=int(found[1]))


def _moment(text: str, now: datetime, zone: str, usual: time | None = None) -> datetime:
    """`+1 10:00` is ten o'clock tomorrow; `-3` is three days ago at the `usual` time, or at this one."""
    found = _DAY.fullmatch(text)
    assert found, text
    at = time(int(found[2]), int(found[3])) if found[2] else usual
    if at is None:
        return (now + timedelta(days=int(found[1]))).replace(microsecond=0)
    moment = datetime.combine(_day(found, now, zone), at, ZoneInfo(zone)).astimezone(UTC)
    return min(moment, now) if usual is not None else moment


def _time(row: Mapping[str, str]) -> time:
    """When in a working day a record was entered: always the same for the same record."""
    minutes = sum(ord(c) * (i + 1) for i, c in enumerate("".join(row.values())[:40])) % 520
    return time(9 + minutes // 60, minutes % 60)


def _date_back(unit: Unit, form: Form, id_: int, stamps: Mapping[str, datetime]) -> None:
    """Let a record look as old as it is said to be: lists live by these stamps."""
    touched = stamps.get("last_activity_at") or stamps["created_at"]
    row = {"created_at": stamps.get("created_at") or touched, "last_activity_at": touched, "updated_at": touched}
    unit.execute(form.table.update().where(form.table.c.id == id_).values(row))


def remove(database: Database, actor: Actor, change_set: int, *, changed_too: bool = False) -> Removed:
    """Take the demo firm out (into the bin). What people have changed since stays and is named, unless `changed_too`.

    Raises `NotFound`, `Denied`, `Conflict` (taken out already).
    """
    with database.read() as unit:
        is_open = changesets.get(unit, change_set).state != changesets.UNDONE
    done = Removed()
    if is_open:
        done.removed = undo.undo(database, actor, change_set).undone
    with database.read() as unit:
        done.kept = _still_there(unit, change_set)
    if not changed_too:
        return done
    kept, done.kept = done.kept, []
    for name, id_ in kept:
        with database.write() as unit:
            try:
                records.delete(unit, actor, versions.current(unit).form(name), id_, via="undo")
                done.removed += 1
            except MortiseError:
                done.kept.append((name, id_))
    return done


def _still_there(unit: Unit, change_set: int) -> list[tuple[str, int]]:
    """Records of the change set that are not in the bin."""
    statement = sa.select(event.c.app, event.c.form, event.c.record).where(
        event.c.change_set == change_set, event.c.kind == "created"
    )
    made: dict[str, list[int]] = {}
    for app, form, record in unit.execute(statement):
        made.setdefault(f"{app}.{form}", []).append(record)
    found: list[tuple[str, int]] = []
    definitions = versions.current(unit)
    for name, ids in made.items():
        table = definitions.form(name).table
        live = sa.select(table.c.id).where(table.c.id.in_(ids), table.c.deleted_at.is_(None)).order_by(table.c.id)
        found += [(name, id_) for id_ in unit.execute(live).scalars()]
    return found
