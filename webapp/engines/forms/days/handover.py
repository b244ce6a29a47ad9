"""What a change of people does to records: a leaver's go to somebody else, a mover's move with him.

Whoever may look after members may do it, whatever records he sees himself: it changes the owner or the department and
nothing else, and tells how many there were and not what they say. A worker does it, a few records at a time, as one
change set that can be taken back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp.access import actors, audit, departments, guard, members
from webapp.access.actor import KEEPER, Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import records
from webapp.engines.forms.writing import stored
from webapp.errors import Invalid, MortiseError, Problem
from webapp.i18n import N_
from webapp.journal import changesets, due
from webapp.journal.due import Job

KIND = "records.handover"
#: Records in one unit of work.
_CHUNK = 10
#: So many that cannot be moved are named.
_NAMED = 50


def owned(unit: Unit, actor: Actor, member: int) -> list[tuple[Form, int]]:
    """How many live records of each form somebody owns; forms without any are left out."""
    guard.require_people(actor)
    forms = list(_forms(unit))
    if not forms:
        return []
    where = {"member": member}
    counts = [
        sa.select(sa.literal(i).label("form"), sa.func.count().label("n")).where(*_chosen(form, where))
        for i, form in enumerate(forms)
    ]
    found = sa.union_all(*counts).subquery()
    return [(forms[row.form], row.n) for row in unit.execute(sa.select(found).order_by(found.c.form)) if row.n]


def start(unit: Unit, actor: Actor, member: int, heir: int) -> int:
    """Give all that `member` owns to `heir`; the job's id."""
    guard.require_power_over(unit, actor, member)
    if member == heir or not members.get(unit, heir).is_active:
        problem = N_("Choose somebody else who is here.")
        raise Invalid(problem, problems=[Problem("heir", problem)])
    audit.add(unit, actor, "records_handed_over", member, to=heir)
    title = f"{members.get(unit, member).name} → {members.get(unit, heir).name}"
    payload = {"member": member, "heir": heir, "title": title}
    return due.add(unit, KIND, f"member:{member}", payload, actor=actor.member)


def follow(unit: Unit, actor: Actor, member: int, department: int | None) -> int:
    """Let what `member` owns belong to the department he has moved to; the job's id."""
    guard.require_power_over(unit, actor, member)
    audit.add(unit, actor, "records_handed_over", member, department=department)
    place = departments.get(unit, department).name if department else "–"
    payload = {"member": member, "department": department, "title": f"{members.get(unit, member).name} → {place}"}
    return due.add(unit, KIND, f"move:{member}", payload, actor=actor.member)


def merge(unit: Unit, actor: Actor, gone: int, into: int) -> int:
    """Let the records of a department that is being merged belong to the other; the job's id."""
    guard.require_people(actor)
    title = f"{departments.get(unit, gone).name} → {departments.get(unit, into).name}"
    payload = {"gone": gone, "department": into, "title": title}
    return due.add(unit, KIND, f"department:{gone}", payload, actor=actor.member)


@due.handler(KIND, limit=timedelta(hours=2), title=N_("Hand-over of records"), is_repeatable=True)
def run(database: Database, job: Job) -> dict[str, Any] | None:
    """Move record after record; a worker that goes on after a crash finds those that are left."""
    fresh: dict[str, Any] = {"done": 0, "total": None, "note": None, "change_set": None, "left": []}
    state: dict[str, Any] = dict(job.progress or fresh)
    try:
        with database.write() as unit:
            admin = _acting(unit, job)
            if state["change_set"] is None:
                state["change_set"] = changesets.open(unit, "bulk", job.payload["title"], admin.member)
                state["total"] = _count(unit, job.payload)
            due.keep(unit, job, state)
        for form in _form_names(database):
            _move(database, job, state, form)
    except due.Cancelled:
        if state["change_set"] is not None:
            with database.write() as unit:
                changesets.close(unit, state["change_set"])
        raise
    except MortiseError as error:
        with database.write() as unit:
            due.give_up(unit, job, str(error.message))
        return None
    result = {"change_set": state["change_set"], "done": state["done"], "left": state["left"][:_NAMED]}
    with database.write() as unit:
        changesets.close(unit, state["change_set"])
        due.finish(unit, job, result)
    return result


def _move(database: Database, job: Job, state: dict[str, Any], name: str) -> None:
    after = 0
    while True:
        with database.write() as unit:
            mover = dataclasses.replace(_acting(unit, job), roles=frozenset({KEEPER}))
            form = versions.current(unit).form(name)
            some = sa.select(form.table.c.id).where(*_chosen(form, job.payload), form.table.c.id > after)
            ids = list(unit.execute(some.order_by(form.table.c.id).limit(_CHUNK)).scalars())
            if not ids:
                return
            for id_ in ids:
                try:
                    with unit.savepoint():
                        _move_one(unit, mover, form, id_, job.payload, state["change_set"])
                    state["done"] += 1
                except MortiseError as error:
                    state["left"].append([name, id_, str(error.message)])
            after = ids[-1]
            due.keep(unit, job, state)


def _move_one(unit: Unit, mover: Actor, form: Form, id_: int, payload: dict[str, Any], change_set: int) -> None:
    if "heir" in payload:
        version = stored.get(unit, form, id_)["version"]
        values = {"owner": payload["heir"]}
        records.update(unit, mover, form, id_, values, version=version, via="system", change_set=change_set)
    else:
        records.rehome(unit, mover, form, id_, payload["department"], change_set=change_set)


def _acting(unit: Unit, job: Job) -> Actor:
    """The administrator as he is now; raises `Denied` when it is no longer his to do."""
    assert job.actor is not None
    admin = actors.on_behalf(unit, job.actor)
    if "member" in job.payload:
        guard.require_power_over(unit, admin, job.payload["member"])
    guard.require_people(admin)
    return admin


def _count(unit: Unit, payload: dict[str, Any]) -> int:
    counts = (sa.select(sa.func.count()).where(*_chosen(form, payload)) for form in _forms(unit))
    return sum(int(unit.execute(count).scalar_one()) for count in counts)


def _forms(unit: Unit) -> Iterator[Form]:
    for app in versions.current(unit).apps.values():
        yield from app.forms.values()


def _form_names(database: Database) -> list[str]:
    with database.read() as unit:
        return [form.name for form in _forms(unit)]


def _chosen(form: Form, payload: dict[str, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    """Which records move: live ones of a member, or of the department that is gone."""
    table = form.table
    whose = table.c.owner == payload["member"] if "member" in payload else table.c.owner_department == payload["gone"]
    return whose, table.c.deleted_at.is_(None)
