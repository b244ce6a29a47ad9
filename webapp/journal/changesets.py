"""Change sets: what was done together and can be undone together, over as many transactions as it took.

    open → done → undoing → undone
    open → undoing (an import that was broken off)      undoing → done (an undo that was given up)

Undoing itself is the door's: it writes ordinary events under a change set of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit
from webapp.errors import Conflict, NotFound
from webapp.i18n import N_
from webapp.journal.tables import change_set as table
from webapp.journal.tables import event

KINDS = ("import", "bulk", "batch", "undo", "conversion", "purge", "demo", "follow_up", "convert", "move")
OPEN, DONE, UNDOING, UNDONE = "open", "done", "undoing", "undone"


@dataclass(frozen=True)
class ChangeSet:
    id: int
    kind: str
    title: str
    actor: int | None
    created_at: datetime
    state: str
    undone_by: int | None  # id of the change set that undid it


def open(unit: Unit, kind: str, title: str, actor: int | None) -> int:
    """Begin a change set for the member `actor`; its id goes into every event that belongs to it."""
    if kind not in KINDS:
        raise ValueError(f"no such kind of change set: {kind}")
    values = {"kind": kind, "title": title, "actor": actor, "created_at": clock.now(), "state": OPEN}
    return int(unit.execute(table.insert().values(values).returning(table.c.id)).scalar_one())


def close(unit: Unit, id: int) -> None:
    """All of it is done."""
    move(unit, id, {OPEN}, DONE)


def get(unit: Unit, id: int) -> ChangeSet:
    row = unit.execute(sa.select(table).where(table.c.id == id)).first()
    if row is None:
        raise NotFound(N_("There is no change set {id}.", id=id))
    return ChangeSet(**row._mapping)


def listed(
    unit: Unit, *, actor: int | None = None, before: int | None = None, limit: int = 50
) -> list[tuple[ChangeSet, int]]:
    """Change sets with their number of events, newest first, of one member or of all."""
    count = sa.select(sa.func.count()).where(event.c.change_set == table.c.id).scalar_subquery()
    query = sa.select(table, count.label("events")).order_by(table.c.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(table.c.actor == actor)
    if before is not None:
        query = query.where(table.c.id < before)
    found = (dict(row._mapping) for row in unit.execute(query))
    return [(ChangeSet(**{k: v for k, v in row.items() if k != "events"}), row["events"]) for row in found]


def begin_undo(unit: Unit, id: int) -> None:
    """Take it for undoing; losing the race to somebody else is a `Conflict`."""
    move(unit, id, {OPEN, DONE}, UNDOING)


def end_undo(unit: Unit, id: int, by: int) -> None:
    """`by` is the change set whose events undid it."""
    move(unit, id, {UNDOING}, UNDONE, undone_by=by)


def give_up_undo(unit: Unit, id: int) -> None:
    move(unit, id, {UNDOING}, DONE)


def move(unit: Unit, id: int, sources: set[str], target: str, **values: int) -> None:
    """Change the state if it is one of `sources`; `Conflict` says what it is instead."""
    wanted = (table.c.id == id) & table.c.state.in_(sources)
    if unit.execute(table.update().where(wanted).values(state=target, **values)).rowcount != 1:
        state = get(unit, id).state
        raise Conflict(N_("Change set {id} is {state}; that cannot be done now.", id=id, state=state), state=state)
