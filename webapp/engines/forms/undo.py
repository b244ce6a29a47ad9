"""Taking back a change set: ordinary writes with `via=undo`, newest event first, in chunks of one unit each.

What somebody has changed since is left as it is and named in the result; nobody's later work is lost. Who takes back
what he has done himself a moment ago (`FREE_FOR`) is asked nothing; later, or of somebody else's, it is a change like
any other: the stages' moves, needs and limits and the rights to each field hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import guard, policy
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import records
from webapp.engines.forms.board import stages
from webapp.engines.forms.writing import stored, telling
from webapp.errors import Conflict, MortiseError, NotFound
from webapp.expressions import binds
from webapp.i18n import N_, Message
from webapp.journal import changesets
from webapp.journal.changesets import ChangeSet
from webapp.journal.tables import change_set as change_set_table
from webapp.journal.tables import event

#: How long one's own change is taken back as if it had not been.
FREE_FOR = timedelta(minutes=10)
#: How long one's own import is: so long the wizard offers it. Afterwards its records go only where one may delete them.
MADE_FREE_FOR = timedelta(days=7)
#: Events taken back in one unit of work.
_CHUNK = 200
#: Of events that need the whole door, one unit takes fewer.
_SLOW_CHUNK = 20

#: Kinds of change sets that stay, why, and the code of that.
FINAL = {
    "conversion": (
        N_("A conversion is taken back by publishing the earlier version again; the old values are kept for it."),
        "conversion",
    ),
    "purge": (N_("What has been purged is gone; it cannot be taken back."), "purged"),
}


@dataclass
class Undone:
    """What an undo did: how many changes it took back, and which it left, with the reason."""

    undone: int = 0
    left: list[tuple[str, int, Message]] = field(default_factory=list)
    change_set: int | None = None


@dataclass(frozen=True)
class _Age:
    """When a change was finished and when it began to be taken back, which a long undo does not outgrow."""

    done: datetime
    asked: datetime

    def is_within(self, some: timedelta) -> bool:
        return self.asked - self.done <= some


def undo(
    database: Database,
    actor: Actor,
    change_set: int,
    *,
    progress: Callable[[int], bool] | None = None,
) -> Undone:
    """Take back everything of `change_set`, as a change set of its own (which can be undone again).

    `progress(done)` is called after every chunk; when it answers False the undo stops there and can be continued by
    calling again. Raises `NotFound`, `Denied` (only its maker or a keeper), `Conflict` (undone already).
    """
    with database.write() as unit:
        done = Undone(change_set=_begin(unit, actor, change_set))
        age = _age(unit, change_set, done)
    before: int | None = None
    while True:
        with database.write() as unit:
            before, finished = _chunk(unit, actor, change_set, before, done, age)
            if finished:
                assert done.change_set is not None
                changesets.end_undo(unit, change_set, done.change_set)
                changesets.close(unit, done.change_set)
        if finished or (progress is not None and not progress(done.undone)):
            return done


def of_record(unit: Unit, actor: Actor, form: Form, id_: int, event_ids: Collection[int]) -> Undone:
    """Take back changes of one record that the actor has just read, the newest first, in the unit at hand.

    What is no change of that record is passed over.
    """
    actor.require_write()
    this = sa.and_(event.c.app == form.app, event.c.form == form.key, event.c.record == id_, event.c.kind == "updated")
    statement = sa.select(event).where(this, event.c.id.in_(list(event_ids))).order_by(event.c.id.desc())
    rows = list(unit.execute(statement))
    done = Undone()
    if rows:
        title = N_("Changes of {form} {id}", form=form.label, id=id_).text(actor.locale)
        done.change_set = changesets.open(unit, "undo", title, actor.member)
        now = clock.now()
        for row in rows:
            _revert(unit, actor, form, row, done, _is_free(actor, row, _Age(row.at, now)))
        changesets.close(unit, done.change_set)
    return done


def records_of(unit: Unit, form: Form, change_set: int, most: int = _CHUNK) -> list[int]:
    """Records of a form that a change set touched, the first of them."""
    this = (event.c.change_set == change_set, event.c.app == form.app, event.c.form == form.key)
    return list(unit.execute(sa.select(event.c.record).where(*this).distinct().limit(most)).scalars())


def brings_back(unit: Unit, change_set: int) -> bool:
    """Whether taking it back brings records to the lists again that are not there now."""
    statement = sa.select(event.c.id).where(event.c.change_set == change_set, event.c.kind == "deleted").limit(1)
    return unit.execute(statement).first() is not None


def _begin(unit: Unit, actor: Actor, change_set: int) -> int:
    found = changesets.get(unit, change_set)
    require(actor, found)
    if found.state == changesets.UNDOING:  # it was stopped in the middle: go on where it stands
        return _begun(unit, change_set)
    changesets.begin_undo(unit, change_set)
    new = changesets.open(unit, "undo", found.title, actor.member)
    statement = change_set_table.update().where(change_set_table.c.id == change_set)
    unit.execute(statement.values(undone_by=new))
    return new


def require(actor: Actor, found: ChangeSet) -> None:
    """Raises unless the actor may take it back: its maker or a keeper, and what can be taken back at all."""
    if found.actor != actor.member and not actor.is_keeper:
        raise NotFound(N_("There is no change set {id}.", id=found.id))
    actor.require_write()
    if found.kind in FINAL:
        message, code = FINAL[found.kind]
        raise Conflict(message, code=code)


def is_offered(actor: Actor, found: ChangeSet) -> bool:
    """Whether a page offers him to take it back: as `require`, and it stands; an undo is not undone by a button."""
    is_his = actor.may_write and (found.actor == actor.member or actor.is_keeper)
    return is_his and found.state == changesets.DONE and found.kind not in (*FINAL, "undo")


def of_kind(unit: Unit, actor: Actor, change_set: int, kind: str) -> ChangeSet:
    """A change set of this kind that is his to take back; raises `NotFound`, or as `require`."""
    actor.require_write()
    found = changesets.get(unit, change_set)
    if found.kind != kind:
        raise NotFound(N_("There is no change set {id}.", id=change_set))
    require(actor, found)
    return found


def _begun(unit: Unit, change_set: int) -> int:
    statement = sa.select(change_set_table.c.undone_by).where(change_set_table.c.id == change_set)
    return int(unit.execute(statement).scalar_one())


def _age(unit: Unit, change_set: int, done: Undone) -> _Age:
    """From the set's newest event to the moment somebody asked; who goes on with an old undo asks anew."""
    newest = unit.execute(sa.select(sa.func.max(event.c.at)).where(event.c.change_set == change_set)).scalar()
    assert done.change_set is not None
    now, asked = clock.now(), changesets.get(unit, done.change_set).created_at
    return _Age(newest or now, asked if now - asked <= FREE_FOR else now)


def _is_free(actor: Actor, row: Any, age: _Age) -> bool:
    return row.actor == actor.member and age.is_within(FREE_FOR)


def _chunk(
    unit: Unit, actor: Actor, change_set: int, before: int | None, done: Undone, age: _Age
) -> tuple[int | None, bool]:
    """Take back the next events; answers the last event seen and whether there are no more."""
    rows = _events(unit, change_set, before, done.change_set)
    if not rows:
        return before, True
    kind, form_name = rows[0].kind, f"{rows[0].app}.{rows[0].form}"
    run = []
    for row in rows:  # a run of events of one kind and form
        if (row.kind, f"{row.app}.{row.form}") != (kind, form_name):
            break
        run.append(row)
    form = versions.current(unit).form(form_name)
    if kind == "created":
        _uncreate(unit, actor, form, run, done, age)
    else:
        run = run[:_SLOW_CHUNK]
        for row in run:
            _revert(unit, actor, form, row, done, _is_free(actor, row, age))
    return run[-1].id, False


def _events(unit: Unit, change_set: int, before: int | None, undo_set: int | None) -> list[Any]:
    statement = sa.select(event).where(event.c.change_set == change_set).order_by(event.c.id.desc()).limit(_CHUNK)
    if before is not None:
        statement = statement.where(event.c.id < before)
    return list(unit.execute(statement))


def _uncreate(unit: Unit, actor: Actor, form: Form, run: list[Any], done: Undone, age: _Age) -> None:
    """Put the records that were made into the bin, but those that others have worked on since."""
    ids = [row.record for row in run]
    table = form.table
    live = _held(unit, form, ids)
    touched = _touched_since(unit, form, ids, run[0].change_set, done.change_set)
    allowed = _deletable(unit, actor, form, ids, age)
    going = [id_ for id_ in ids if id_ in live and id_ in allowed and id_ not in touched]
    for id_ in ids:
        if id_ in live and id_ not in going:
            reason = N_("Somebody has changed it since.") if id_ in touched else N_("Your role may not delete it.")
            done.left.append((form.name, id_, reason))
    if not going:
        return
    now = clock.now()
    marks = {"deleted_at": now, "deleted_by": actor.member, "updated_at": now, "version": table.c.version + 1}
    unit.execute(table.update().where(table.c.id.in_(going)).values(marks))
    template = telling.row(unit, actor, form, 0, "deleted", via="undo", change_set=done.change_set)
    rows = [{**template, "record": id_, "version_before": live[id_]} for id_ in going]
    telling.announce(unit, rows)
    done.undone += len(going)


def _held(unit: Unit, form: Form, ids: list[int]) -> dict[int, int]:
    """Those of `ids` that are not in the bin, with their versions, held against other writers.

    They are held before anybody asks who else has worked on them: somebody who is saving one right now is waited for,
    and what he saved is seen.
    """
    table = form.table
    statement = sa.select(table.c.id, table.c.version).where(table.c.id.in_(ids), table.c.deleted_at.is_(None))
    if unit.dialect != "sqlite":
        statement = statement.order_by(table.c.id).with_for_update(of=table)
    return {row.id: row.version for row in unit.execute(statement)}


def _deletable(unit: Unit, actor: Actor, form: Form, ids: list[int], age: _Age) -> set[int]:
    """Of `ids`, those the actor may delete, or made himself not long ago."""
    table = form.table
    statement = sa.select(table.c.id).where(table.c.id.in_(ids))
    condition = policy.rows(unit, actor, form, "delete", table)
    if condition is not None:
        is_mine = table.c.created_by == actor.member
        statement = statement.where(sa.or_(is_mine, condition) if age.is_within(MADE_FREE_FOR) else condition)
    return set(unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalars())


def _touched_since(unit: Unit, form: Form, ids: list[int], change_set: int, undo_set: int | None) -> set[int]:
    """Of `ids`, those with an event outside the change set and its undo."""
    inside = [n for n in (change_set, undo_set) if n is not None]
    outside = sa.or_(event.c.change_set.is_(None), event.c.change_set.not_in(inside))
    statement = sa.select(event.c.record).where(
        event.c.app == form.app, event.c.form == form.key, event.c.record.in_(ids), outside, event.c.kind != "created"
    )
    return set(unit.execute(statement).scalars())


def _revert(unit: Unit, actor: Actor, form: Form, row: Any, done: Undone, is_free: bool) -> None:
    try:
        with unit.savepoint():
            if _reverted(unit, actor, form, row, done, is_free):
                done.undone += 1
    except MortiseError as error:
        message = error.problems[0].message if error.problems else error.message
        done.left.append((form.name, row.record, message))


def _reverted(unit: Unit, actor: Actor, form: Form, row: Any, done: Undone, is_free: bool) -> bool:
    if row.kind == "deleted":
        records.restore(unit, actor, form, row.record, via="undo", change_set=done.change_set, is_free=is_free)
    elif row.kind == "restored":
        records.delete(unit, actor, form, row.record, via="undo", change_set=done.change_set)
    elif row.kind == "updated":
        return _change_back(unit, actor, form, row, done, is_free)
    else:
        done.left.append((form.name, row.record, N_("It has been removed for good.")))
        return False
    return True


def _change_back(unit: Unit, actor: Actor, form: Form, row: Any, done: Undone, is_free: bool) -> bool:
    """Set the changed fields back where they still are what the change made of them."""
    now = stored.get(unit, form, row.record, lock=True)
    changes = json.loads(row.changes or "{}")
    if set(changes) == {"owner_department"}:
        return _move_back(unit, actor, form, row, done, now, *changes["owner_department"])
    rights = policy.fields(unit, actor, form)
    entered = {stage.settings["entered"]: stage.key for stage in stages.of(form) if stage.settings.get("entered")}
    back: dict[str, Any] = {}
    stamped: dict[str, Any] = {}
    for key, (old, new) in changes.items():
        found = form.names.get(key)
        if found is None or not (found.kind.is_input if not found.is_system else key == "owner"):
            continue
        is_stamp = entered.get(key) in changes  # filled by the door when the stage was entered
        if not is_stamp and not _may_set(actor, form, row, found, rights.get(key, "hidden"), done):
            continue
        current = telling.to_json(form, key, now.get(key))
        if current == old:
            continue  # taken back already, before the undo was stopped
        if current != new:
            if not is_stamp:
                done.left.append((form.name, row.record, N_("{field} has been changed since.", field=found.label)))
            continue
        (stamped if is_stamp else back)[key] = None if old is None else found.kind.unjson(found, old)
    stamped = {key: value for key, value in stamped.items() if entered[key] in back}
    if back:
        changed = done.change_set
        records.update(
            unit, actor, form, row.record, back, via="undo", change_set=changed, stamped=stamped, is_free=is_free
        )
    return bool(back)


def _may_set(actor: Actor, form: Form, row: Any, field: Field, right: str, done: Undone) -> bool:
    """Whether the actor writes the field. One that is hidden from him is passed over in silence."""
    if right == "write":
        return True
    if right != "hidden":
        message = N_("{field}: your role may not change this field.", field=field.label)
        done.left.append((form.name, row.record, message))
    elif row.actor == actor.member:  # his own work: he knows that there was more
        done.left.append((form.name, row.record, N_("Part of it is out of your reach by now.")))
    return False


def _move_back(unit: Unit, actor: Actor, form: Form, row: Any, done: Undone, now: Any, old: Any, new: Any) -> bool:
    """A record that was moved with its department or its owner, whose owner stayed the same: work on people."""
    guard.require_people(actor)
    if now["owner_department"] != new:
        if now["owner_department"] != old:
            done.left.append(
                (
                    form.name,
                    row.record,
                    N_("{field} has been changed since.", field=form.names["owner_department"].label),
                )
            )
        return False
    records.rehome(unit, actor, form, row.record, old, via="undo", change_set=done.change_set)
    return True
