"""Files of records: what may be given to a field, to which record a file belongs, and who may open it.

A file arrives before the record is saved (`receive`) and is its uploader's alone; what no saved record names is swept
away after a day. A save names files by their ids and makes them the record's. Taken out of a field, a file stays
with its record, out of everybody's sight, so that an undo brings it back; it goes when the record is purged.
Whoever opens a file reads the record that names it, through the field that holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import select
from webapp.engines.forms.record import Masked
from webapp.errors import Conflict, Denied, MortiseError, NotFound, Problem, TooMany
from webapp.files import shelf
from webapp.files.pictures import Seen
from webapp.files.refs import FileRef, Files
from webapp.files.shelf import File
from webapp.files.store import Folder, Incoming
from webapp.files.tables import file as table
from webapp.i18n import N_

PURPOSE = "record"
#: How long an upload waits for the record that names it.
WAITS = timedelta(days=1)
#: Uploads of one person that may wait so.
MOST_WAITING = 500


def keys(form: Form) -> tuple[str, ...]:
    """The fields of the form that hold files."""
    return tuple(k for k, f in form.fields.items() if f.type.name == "files" and f.column is not None)


def field(unit: Unit, actor: Actor, form: Form, key: str) -> Field:
    """The field, if the actor may put files into it; raises `NotFound` and `Denied`."""
    actor.require_write()
    found = form.fields.get(key)
    right = policy.fields(unit, actor, form).get(key, "hidden")
    if found is None or key not in keys(form) or right in ("hidden", "masked"):
        raise NotFound(N_("There is no such field."))
    may = policy.may(unit, actor, form, "create") or policy.may(unit, actor, form, "edit")
    if right != "write" or not may:
        raise Denied(N_("Your role may not change this field."), action="edit")
    return found


def refuse_too_many(unit: Unit, actor: Actor) -> None:
    """Nobody fills the disk with files that no record names."""
    waiting = sa.and_(table.c.expires_at.is_not(None), table.c.member == actor.member, table.c.purpose == PURPOSE)
    if unit.execute(sa.select(sa.func.count()).select_from(table).where(waiting)).scalar_one() >= MOST_WAITING:
        raise TooMany(N_("You have uploaded many files that no record was saved with; save first, or wait a day."))


def receive(
    unit: Unit,
    actor: Actor,
    form: Form,
    key: str,
    store: Folder,
    incoming: Incoming,
    name: str,
    seen: Seen | None,
) -> FileRef:
    """Keep what has arrived for a field that the actor may fill, until a record names it."""
    found = field(unit, actor, form, key)
    place: dict[str, Any] = {"form": form.table.name, "field": found.column, "record": None}
    place |= {"width": seen.width, "height": seen.height} if seen else {}
    kept = shelf.keep(unit, store, incoming, name=name, purpose=PURPOSE, member=actor.member, lasts=WAITS, place=place)
    return _ref(kept)


def taken(
    unit: Unit,
    actor: Actor,
    form: Form,
    given: dict[str, Any],
    before: Mapping[str, Any] | None = None,
    id_: int | None = None,
) -> list[Problem]:
    """Put what is true of the files into `given` (field key → value); a problem for each field that names others.

    before, id_   the record that is to be changed
    """
    problems = []
    for key in keys(form):
        if not given.get(key):
            continue
        known = {one.id: one for one in (before or {}).get(key) or ()}
        fresh = [one.id for one in given[key] if one.id not in known]
        rows = _rows(unit, fresh) if fresh else {}
        field = form.fields[key]
        found = [known.get(one.id) or _given(unit, actor, form, field, rows.get(one.id), id_) for one in given[key]]
        if None in found:
            said = N_("A file is not there any more, or not yours to use; choose it once more.")
            problems.append(Problem(key, said, "unknown_file"))
        given[key] = tuple(one for one in found if one is not None) or None
    return problems


def taken_rows(
    unit: Unit, actor: Actor, form: Form, rows: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[list[Problem]]]:
    """`taken` for the rows of new records: the rows, and for each what stands against it."""
    held = keys(form)
    if not any(row.get(key) for key in held for row in rows):
        return list(rows), [[] for _ in rows]
    made: list[Mapping[str, Any]] = []
    problems = []
    for row in rows:
        own = dict(row)
        problems.append(taken(unit, actor, form, own))
        made.append(own)
    return made, problems


def bind(unit: Unit, form: Form, id_: int, changed: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> None:
    """The files that `changed` newly names belong to the record from now on; raises `Conflict` where another has one.

    Whose file it was is of no matter any more, and it does not expire.
    """
    for key in keys(form):
        known = {one.id for one in (before or {}).get(key) or ()}
        fresh = [one.id for one in changed.get(key) or () if one.id not in known]
        if not fresh:
            continue
        free = sa.or_(table.c.record.is_(None), table.c.record == id_)
        mine = sa.and_(table.c.id.in_(fresh), table.c.form == form.table.name, free)
        statement = table.update().where(mine).values(record=id_, field=form.fields[key].column, expires_at=None)
        if unit.execute(statement).rowcount != len(fresh):
            raise Conflict(N_("A file has just been used in another record; choose it once more."), code="file_taken")


def release(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    """The records are gone for good: their files go with the next sweep."""
    _expire(unit, sa.and_(table.c.form == form.table.name, table.c.record.in_(list(ids))))


def release_columns(unit: Unit, table_name: str, columns: Sequence[str] | None = None) -> None:
    """A form, or fields of it by their columns, are gone for good."""
    this = table.c.form == table_name
    _expire(unit, this if columns is None else sa.and_(this, table.c.field.in_(list(columns))))


def move(unit: Unit, form: Form, ids: Sequence[int], old: str, new: str) -> None:
    """A field's values stand in another column now."""
    this = sa.and_(table.c.form == form.table.name, table.c.record.in_(list(ids)), table.c.field == old)
    unit.execute(table.update().where(this).values(field=new))


def find(unit: Unit, actor: Actor, id_: int) -> File:
    """The file, if it is the actor's own upload or a record's that he may see, in a field that he may read.

    Raises `NotFound`: what he may not see does not exist.
    """
    found = shelf.get(unit, id_)
    if found.purpose != PURPOSE or found.form is None:
        raise _gone()
    if found.record is None:
        if actor.member is None or found.member != actor.member:
            raise _gone()
        return found
    if not any(one.id == id_ for one in _read(unit, actor, found)):
        raise _gone()
    return found


def _read(unit: Unit, actor: Actor, found: File) -> Files:
    """The files of the file's record that this reader sees in its fields."""
    form = _form(unit, found.form)
    if form is None or found.record is None:
        return ()
    try:
        values = select.get(unit, actor, form, found.record).values
    except MortiseError:
        return ()
    held = [values.get(key) for key in keys(form)]
    return tuple(one for value in held if value and not isinstance(value, Masked) for one in value)


def _form(unit: Unit, table_name: str | None) -> Form | None:
    """The live form with that table."""
    definitions = versions.current(unit)
    key = "forms by table"
    if key not in definitions.cache:
        forms = [form for app in definitions.apps.values() for form in app.forms.values()]
        definitions.cache[key] = {form.table.name: form for form in forms}
    found: Form | None = definitions.cache[key].get(table_name)
    return found


def _given(unit: Unit, actor: Actor, form: Form, field: Field, row: File | None, id_: int | None) -> FileRef | None:
    """A file that is new to the field as the record will name it; None where the actor may not give it.

    It is his own upload for this field, one that this record had before, or a copy of one that he may read elsewhere.
    """
    if row is None or row.purpose != PURPOSE:
        return None
    if row.record is None:
        is_mine = actor.member is not None and row.member == actor.member
        is_for_it = row.form == form.table.name and row.field == field.column
        in_time = row.expires_at is not None and row.expires_at > clock.now()
        return _ref(row) if is_mine and is_for_it and in_time else None
    if row.form == form.table.name and row.record == id_ and row.field == field.column and row.expires_at is None:
        return _ref(row)
    if not any(one.id == row.id for one in _read(unit, actor, row)):
        return None
    if field.kind.refuses(field, row.type, row.name) is not None:  # type: ignore[attr-defined]
        return None
    place = {"form": form.table.name, "field": field.column, "record": None, "member": actor.member}
    return _ref(shelf.again(unit, row, place=place))


def _rows(unit: Unit, ids: Sequence[int]) -> dict[int, File]:
    return {row.id: File(**row._mapping) for row in unit.execute(sa.select(table).where(table.c.id.in_(list(ids))))}


def _ref(row: File) -> FileRef:
    return FileRef(row.id, row.name, row.type, row.size, row.width, row.height)


def _expire(unit: Unit, condition: sa.ColumnElement[bool]) -> None:
    unit.execute(table.update().where(condition).values(record=None, member=None, expires_at=clock.now()))


def _gone() -> NotFound:
    return NotFound(N_("This file is gone."))
