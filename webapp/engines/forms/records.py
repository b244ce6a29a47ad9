"""The door: the only way a record is written, always on behalf of an actor and through that actor's rights.

Order inside (decisions 24): load within rights, guards, kinds, conditions, vetoes (`vetting`), write (`stored`), events
and due rows (`telling`). The commit is the caller's.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import select
from webapp.engines.forms.board import stages
from webapp.engines.forms.fields import serial
from webapp.engines.forms.finding import search
from webapp.engines.forms.record import Record
from webapp.engines.forms.writing import attaching, stored, telling, uniqueness, values, vetting
from webapp.engines.forms.writing.judge import defaults, judge
from webapp.errors import Conflict, Denied, Invalid, NotFound, Problem, Stale
from webapp.expressions import binds
from webapp.i18n import N_

get = select.get


def create(
    unit: Unit,
    actor: Actor,
    form: Form,
    raw: Mapping[str, Any],
    *,
    via: str = "ui",
    client_id: str | None = None,
    change_set: int | None = None,
) -> Record:
    """Make a record from `raw` (field key → what was given). Raises `Invalid` with a problem by field, or `Denied`.

    With a `client_id` (UUID) that the same member used before, the record made then is the answer: a repeat makes
    nothing. What others use as theirs says nothing to him and stands in nobody's way.
    """
    select.require_form(unit, actor, form, "create")
    actor.require_write()
    client = _client(actor, client_id)
    if client_id is not None and (known := stored.by_client(unit, form, client)) is not None:
        return _seen(unit, actor, form, known, 1)
    vetting.guard(unit, actor, form, None, "create", raw)
    problems: list[Problem] = []
    given = values.take(unit, actor, form, raw, problems)
    record = {**dict.fromkeys(form.fields), **defaults(unit, actor, form, given), **given}
    problems += attaching.taken(unit, actor, form, record)
    record.update(stored.stamps(unit, actor, record.get("owner")))
    record.update(stages.stamps(form, {}, record, given))
    unread = {p.path for p in problems}
    problems += [p for p in vetting.missing(unit, actor, form, record) if p.path not in unread]
    record.update({key: serial.next_value(unit, f, clock.now()) for key, f in form.fields.items() if f.kind.is_serial})
    judgement = judge(unit, actor, form, record)
    record.update(judgement.formulas)
    problems += judgement.problems + uniqueness.problems(unit, form, record, list(form.fields))
    problems += vetting.vetoes(unit, actor, form, {}, record)
    values.refuse(problems)
    _require_own(unit, actor, form, record)
    # On SQLite writers stand in line before they look; elsewhere two may have looked at once.
    may_meet = client_id is not None and unit.dialect != "sqlite"
    try:
        with unit.savepoint() if may_meet else nullcontext():
            id_ = stored.insert(unit, form, record, client)
    except stored.SentTwice:  # the same entry arrived over another connection while this one was being looked at
        known = stored.by_client(unit, form, client)
        assert known is not None
        return _seen(unit, actor, form, known, 1)
    telling.tell(unit, actor, form, id_, "created", via=via, change_set=change_set)
    return _seen(unit, actor, form, id_, 1)


def update(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    raw: Mapping[str, Any],
    *,
    version: int | None = None,
    via: str = "ui",
    change_set: int | None = None,
    stamped: Mapping[str, Any] | None = None,
    is_free: bool = False,
) -> Record:
    """Change the fields named in `raw`; what is equal already is no change, and no change is no event.

    stamped  what an undo puts back into fields that the door fills itself
    is_free  whether it takes back a move just made, which the rules of the stages let pass
    Raises `Stale` (detail `current`: the record as it is now) when `version` is not the record's, `Invalid`, `Denied`.
    """
    before = _load(unit, actor, form, id_, "edit")
    if version is None and form.settings.get("require_version"):
        raise Invalid(N_("This form wants the record's version with every change."), code="version_required")
    _require_version(unit, actor, form, id_, before, version)
    _require_live(form, before)
    vetting.guard(unit, actor, form, id_, "edit", raw)
    problems: list[Problem] = []
    given = values.take(unit, actor, form, _touched(form, raw, before), problems)
    problems += attaching.taken(unit, actor, form, given, before, id_)
    changed = {key: value for key, value in given.items() if value != before.get(key)}
    values.refuse(problems if not changed else [])
    if not changed:
        return get(unit, actor, form, id_)
    after = {**before, **changed}
    problems += vetting.newly_missing(unit, actor, form, before, after, id_)
    after.update(stages.stamps(form, before, after, given) | dict(stamped or {}))
    if changed.get("owner") is not None:  # what is nobody's stays with its department
        after["owner_department"] = stored.department_of(unit, changed["owner"])
    judgement = judge(unit, actor, form, after, before, id_)
    after.update(judgement.formulas)
    problems += judgement.problems + uniqueness.problems(unit, form, after, list(changed), id_)
    problems += vetting.vetoes(unit, actor, form, before, after, is_free=is_free)
    values.refuse(problems)
    stored.write(unit, actor, form, id_, before, after, via)
    changes = {k: after[k] for k in after if after[k] != before.get(k)}
    telling.tell(unit, actor, form, id_, "updated", before=before, changes=changes, via=via, change_set=change_set)
    return _seen(unit, actor, form, id_, after["version"])


def rehome(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    department: int | None,
    *,
    via: str = "system",
    change_set: int | None = None,
) -> None:
    """Let a record belong to another department, its owner staying who he is; for the work behind changes of people."""
    before = _load(unit, actor, form, id_, "edit")
    if before["owner_department"] == department:
        return
    stored.mark(unit, form, id_, before["version"], {"owner_department": department})
    changes = {"owner_department": department}
    telling.tell(unit, actor, form, id_, "updated", before=before, changes=changes, via=via, change_set=change_set)


def delete(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    *,
    version: int | None = None,
    via: str = "ui",
    change_set: int | None = None,
) -> None:
    """Put a record into the bin. A record that lies there already stays as it is."""
    before = _load(unit, actor, form, id_, "delete")
    _require_version(unit, actor, form, id_, before, version)
    if before["deleted_at"] is not None:
        return
    vetting.guard(unit, actor, form, id_, "delete", {})
    stored.mark(unit, form, id_, before["version"], {"deleted_at": clock.now(), "deleted_by": actor.member})
    telling.tell(unit, actor, form, id_, "deleted", before=before, via=via, change_set=change_set)


def restore(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    *,
    version: int | None = None,
    via: str = "ui",
    change_set: int | None = None,
    is_free: bool = False,
) -> Record:
    """Take a record out of the bin; refused (`Conflict`) where a live one has its unique value, or its stage is full.

    is_free  whether it takes back what was just binned, which full stages let pass
    """
    before = _load(unit, actor, form, id_, "delete")
    _require_version(unit, actor, form, id_, before, version)
    if before["deleted_at"] is None:
        return get(unit, actor, form, id_)
    vetting.guard(unit, actor, form, id_, "restore", {})
    taken = uniqueness.problems(unit, form, before, list(form.fields), id_)
    if taken:
        raise Conflict(N_("It cannot come back: a value that must be unique has been taken."), problems=taken)
    if not is_free and (full := stages.full(unit, form, {}, before, Counter())):
        raise Conflict(full[0].message, problems=full)
    stored.mark(unit, form, id_, before["version"], {"deleted_at": None, "deleted_by": None})
    telling.tell(unit, actor, form, id_, "restored", before=before, via=via, change_set=change_set)
    return get(unit, actor, form, id_)


def purge(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    *,
    empty_links: bool = False,
    via: str = "ui",
    change_set: int | None = None,
) -> None:
    """Remove a record from the bin for good; its last state goes into the journal.

    Refused (`Conflict`, detail `links`) while live records point at it, unless they are to be emptied.
    """
    from webapp.engines.forms.around import comments, stars

    before = _load(unit, actor, form, id_, "delete")
    if not actor.is_keeper:
        raise Denied(N_("Only a system administrator removes records for good."))
    if before["deleted_at"] is None:
        raise Conflict(N_("A record is put into the bin before it is removed for good."))
    vetting.guard(unit, actor, form, id_, "purge", {})
    _release(unit, actor, form, id_, empty_links, change_set)
    comments.forget(unit, form, id_)
    stars.forget(unit, form, id_)
    search.index(unit, form, [(id_, before.search_text, None)])
    attaching.release(unit, form, [id_])
    for field in form.fields.values():
        if field.values_table is not None:
            unit.execute(field.values_table.delete().where(field.values_table.c.record == id_))
    unit.execute(form.table.delete().where(form.table.c.id == id_))
    telling.tell(unit, actor, form, id_, "purged", before=before, whole=True, via=via, change_set=change_set)


def _release(unit: Unit, actor: Actor, form: Form, id_: int, empty_links: bool, change_set: int | None) -> None:
    """Make sure nothing points at the record any more."""
    for other in (f for app in versions.current(unit).apps.values() for f in app.forms.values()):
        for field in other.fields.values():
            if field.type.name != "record" or field.type.target != form.name or field.column is None:
                continue
            column = other.table.c[field.column]
            ids = list(unit.execute(sa.select(other.table.c.id).where(column == id_)).scalars())
            if ids and not empty_links:
                message = N_("{n} records of {form} still point at it.", n=len(ids), form=other.label)
                raise Conflict(message, links=(other.name, field.key, len(ids)))
            for linked in ids:
                before = stored.get(unit, other, linked)
                after = {**before, field.key: None}
                stored.write(unit, actor, other, linked, before, after, "system")
                telling.tell(
                    unit,
                    actor,
                    other,
                    linked,
                    "updated",
                    before=before,
                    changes={field.key: None},
                    via="system",
                    change_set=change_set,
                )


# The parts of a write -------------------------------------------------------------------------------------------------


def _load(unit: Unit, actor: Actor, form: Form, id_: int, action: str) -> stored.Row:
    """The stored record if the actor may do `action` with it; `Denied` if he may only see it, else `NotFound`."""
    select.require_form(unit, actor, form)
    actor.require_write()
    if not 0 < id_ < 2**63:
        raise select.missing(form)
    parameters = _binds(unit, actor)
    condition = policy.rows(unit, actor, form, action, form.table)
    this = form.table.c.id == id_
    found = stored.find(unit, form, this if condition is None else sa.and_(this, condition), True, **parameters)
    if found is None:
        get(unit, actor, form, id_)  # NotFound where he may not even see it
        raise Denied(N_("Your role does not allow this with this record."), action=action)
    return found


def _seen(unit: Unit, actor: Actor, form: Form, id_: int, version: int) -> Record:
    """The record just written, if its writer may still see it: a deal may be handed over, or made for a colleague."""
    try:
        return get(unit, actor, form, id_)
    except NotFound:
        return Record(form, id_, version, {}, is_out_of_sight=True)


def _binds(unit: Unit, actor: Actor) -> dict[str, Any]:
    return binds(actor, clock.now(), unit.zone)


def _require_version(
    unit: Unit, actor: Actor, form: Form, id_: int, before: Mapping[str, Any], version: int | None
) -> None:
    if version is not None and version != before["version"]:
        current = get(unit, actor, form, id_)
        raise Stale(N_("Somebody else has changed this record meanwhile."), current=current, version=current.version)


def _require_live(form: Form, before: Mapping[str, Any]) -> None:
    if before["deleted_at"] is not None:
        raise Conflict(N_("This record lies in the bin; restore it before changing it."))


def _touched(form: Form, raw: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, without links that were sent back as they are: their targets may be out of the actor's sight."""
    touched = {}
    for key, value in raw.items():
        field = form.names.get(key)
        if field is not None and field.type.name in ("record", "member", "department"):
            id_ = value.get("id") if isinstance(value, Mapping) else value
            if id_ is not None and str(id_) == str(before.get(key)):
                continue
        touched[key] = value
    return touched


def _require_own(unit: Unit, actor: Actor, form: Form, record: Mapping[str, Any]) -> None:
    """A new record must lie within what the actor may create."""
    if not policy.may_create(unit, actor, form, record):
        raise Denied(N_("Your role does not allow this record in {form}.", form=form.label), action="create")


def _client(actor: Actor, client_id: str | None) -> str:
    """What stands for the client id in the table: it is the member's own, so that it tells others nothing."""
    if client_id is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.uuid5(uuid.UUID(client_id), str(actor.member)))
    except ValueError:
        raise Invalid(N_("A client id is a UUID."), code="bad_client_id") from None
