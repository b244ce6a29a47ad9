"""The bin empties: one record by hand, what has lain there for long every night, if the firm wants that.

Whoever chose it answers for it: the night's work acts as that member and stops when he keeps the system no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import actors, audit, firm, guard
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import records
from webapp.errors import Invalid, MortiseError, Problem
from webapp.i18n import N_
from webapp.journal import due, periodic
from webapp.journal.due import Job

#: Days after which the night may empty the bin.
CHOICES = (30, 90, 180, 365)
#: Records in one unit of work.
_CHUNK = 10
_KEY = "bin"


@dataclass(frozen=True)
class Chosen:
    """After how many days in the bin a record goes for good; None: never. `by` is the member who said so."""

    days: int | None = None
    by: int | None = None


def chosen(unit: Unit) -> Chosen:
    found: dict[str, Any] = firm.read(unit, _KEY).get(_KEY) or {}
    return Chosen(found.get("days"), found.get("by"))


def choose(unit: Unit, actor: Actor, days: int | None) -> None:
    """Empty the bins every night of what has lain there for `days`; None: no more."""
    guard.require_keeper(actor)
    if days is not None and days not in CHOICES:
        problem = N_("Choose one of the days that are offered.")
        raise Invalid(problem, problems=[Problem("bin_days", problem)])
    before = chosen(unit)
    if before.days == days and (days is None or before.by == actor.member):
        return
    firm.write(unit, _KEY, {"days": days, "by": actor.member} if days is not None else None)
    audit.add(unit, actor, "firm_changed", setting="bin_days", before=before.days, after=days)


def pointing(unit: Unit, form: Form, id_: int) -> list[tuple[Form, int]]:
    """How many records of each form point at this one; what is none is left out. For those who see all."""
    asked = []
    forms = [f for app in versions.current(unit).apps.values() for f in app.forms.values()]
    for place, other in enumerate(forms):
        for field in other.fields.values():
            if field.type.name == "record" and field.type.target == form.name and field.column is not None:
                here = other.table.c[field.column] == id_
                asked.append(sa.select(sa.literal(place).label("form"), sa.func.count().label("n")).where(here))
    if not asked:
        return []
    found = sa.union_all(*asked).subquery()
    total = sa.func.sum(found.c.n)
    rows = unit.execute(sa.select(found.c.form, total).group_by(found.c.form).order_by(found.c.form))
    return [(forms[place], int(n)) for place, n in rows if n]


@periodic.every("records.empty_bin", at="03:20", limit=timedelta(hours=2))
def empty(database: Database, job: Job) -> dict[str, Any]:
    """Remove what has lain in the bins for as long as the firm has said. What live records point at stays."""
    done: dict[str, Any] = {"removed": 0, "kept": 0}
    with database.read() as unit:
        wanted = chosen(unit)
        names = [f.name for app in versions.current(unit).apps.values() for f in app.forms.values()]
    if wanted.days is None:
        return done
    before = clock.now() - timedelta(days=wanted.days)
    for name in names:
        after = 0
        while True:
            with database.write() as unit:
                actor = _acting(unit, wanted)
                if actor is None:
                    return {**done, "stopped": "the member who chose it is no administrator any more"}
                form = versions.current(unit).form(name)
                ids = _some(unit, form, before, after)
                for id_ in ids:
                    try:
                        with unit.savepoint():
                            records.purge(unit, actor, form, id_, via="system")
                        done["removed"] += 1
                    except MortiseError:
                        done["kept"] += 1
            if not ids:
                break
            after = ids[-1]
            due.progress(database, job, done["removed"])
    return done


def _some(unit: Unit, form: Form, before: Any, after: int) -> list[int]:
    table = form.table
    old = sa.and_(table.c.deleted_at.is_not(None), table.c.deleted_at < before, table.c.id > after)
    return list(unit.execute(sa.select(table.c.id).where(old).order_by(table.c.id).limit(_CHUNK)).scalars())


def _acting(unit: Unit, wanted: Chosen) -> Actor | None:
    try:
        actor = actors.on_behalf(unit, wanted.by or 0)
    except MortiseError:
        return None
    return actor if actor.is_keeper else None
