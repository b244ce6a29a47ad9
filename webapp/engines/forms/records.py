"""The door: the only way a record is written, always on behalf of an actor and through that actor's rights.

Order inside (decisions 24): load within rights, guards, kinds, conditions, vetoes, write, events and due rows. The
commit is the caller's.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import attaching, guards, pending, search, select, stages, uniqueness, values, visibility
from webapp.engines.forms.fields import serial
from webapp.engines.forms.fields.base import Kind
from webapp.engines.forms.judge import defaults, judge
from webapp.engines.forms.reading import value_of
from webapp.engines.forms.record import Record
from webapp.errors import Conflict, Denied, Invalid, NotFound, Problem, Stale
from webapp.expressions import binds
from webapp.i18n import N_
from webapp.journal import events, interests

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
    _may_write(actor)
    client = _client(actor, client_id)
    if client_id is not None and (known := _by_client(unit, form, client)) is not None:
        return _seen(unit, actor, form, known, 1)
    _guard(unit, actor, form, None, "create", raw)
    problems: list[Problem] = []
    given = values.take(unit, actor, form, raw, problems)
    record = {**dict.fromkeys(form.fields), **defaults(unit, actor, form, given), **given}
    problems += attaching.taken(unit, actor, form, record)
    record.update(stamps(unit, actor, record.get("owner")))
    record.update(stages.stamps(form, {}, record, given))
    unread = {p.path for p in problems}
    problems += [p for p in _missing(unit, actor, form, record) if p.path not in unread]
    record.update(
        {key: serial.next_value(unit, f, clock.now()) for key, f in form.fields.items() if f.kind_key == "serial"}
    )
    judgement = judge(unit, actor, form, record)
    record.update(judgement.formulas)
    problems += judgement.problems + uniqueness.problems(unit, form, record, list(form.fields))
    problems += vetoes(unit, actor, form, {}, record)
    values.refuse(problems)
    _require_own(unit, actor, form, record)
    # On SQLite writers stand in line before they look; elsewhere two may have looked at once.
    may_meet = client_id is not None and unit.dialect != "sqlite"
    try:
        with unit.savepoint() if may_meet else nullcontext():
            id_ = _insert(unit, form, record, client)
    except _SentTwice:  # the same entry arrived over another connection while this one was being looked at
        known = _by_client(unit, form, client)
        assert known is not None
        return _seen(unit, actor, form, known, 1)
    _record_event(unit, actor, form, id_, "created", via=via, change_set=change_set)
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
) -> Record:
    """Change the fields named in `raw`; what is equal already is no change, and no change is no event.

    stamped  what an undo puts back into fields that the door fills itself
    Raises `Stale` (detail `current`: the record as it is now) when `version` is not the record's, `Invalid`, `Denied`.
    """
    before = _load(unit, actor, form, id_, "edit")
    if version is None and form.settings.get("require_version"):
        raise Invalid(N_("This form wants the record's version with every change."), code="version_required")
    _require_version(unit, actor, form, id_, before, version)
    _require_live(form, before)
    _guard(unit, actor, form, id_, "edit", raw)
    problems: list[Problem] = []
    given = values.take(unit, actor, form, _touched(form, raw, before), problems)
    problems += attaching.taken(unit, actor, form, given, before, id_)
    changed = {key: value for key, value in given.items() if value != before.get(key)}
    values.refuse(problems if not changed else [])
    if not changed:
        return get(unit, actor, form, id_)
    after = {**before, **changed}
    problems += _newly_missing(unit, actor, form, before, after, id_)
    after.update(stages.stamps(form, before, after, given) | dict(stamped or {}))
    if "owner" in changed:
        after["owner_department"] = _department_of(unit, changed["owner"])
    judgement = judge(unit, actor, form, after, before, id_)
    after.update(judgement.formulas)
    problems += judgement.problems + uniqueness.problems(unit, form, after, list(changed), id_)
    problems += vetoes(unit, actor, form, before, after, via=via)
    values.refuse(problems)
    _write(unit, actor, form, id_, before, after, via)
    changes = {k: after[k] for k in after if after[k] != before.get(k)}
    _record_event(unit, actor, form, id_, "updated", before=before, changes=changes, via=via, change_set=change_set)
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
    _mark(unit, form, id_, before["version"], {"owner_department": department})
    changes = {"owner_department": department}
    _record_event(unit, actor, form, id_, "updated", before=before, changes=changes, via=via, change_set=change_set)


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
    _guard(unit, actor, form, id_, "delete", {})
    _mark(unit, form, id_, before["version"], {"deleted_at": clock.now(), "deleted_by": actor.member})
    _record_event(unit, actor, form, id_, "deleted", before=before, via=via, change_set=change_set)


def restore(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    *,
    version: int | None = None,
    via: str = "ui",
    change_set: int | None = None,
) -> Record:
    """Take a record out of the bin; refused (`Conflict`) where a live one has taken its unique value meanwhile."""
    before = _load(unit, actor, form, id_, "delete")
    _require_version(unit, actor, form, id_, before, version)
    if before["deleted_at"] is None:
        return get(unit, actor, form, id_)
    _guard(unit, actor, form, id_, "restore", {})
    taken = uniqueness.problems(unit, form, before, list(form.fields), id_)
    if taken:
        raise Conflict(N_("It cannot come back: a value that must be unique has been taken."), problems=taken)
    _mark(unit, form, id_, before["version"], {"deleted_at": None, "deleted_by": None})
    _record_event(unit, actor, form, id_, "restored", before=before, via=via, change_set=change_set)
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
    from webapp.engines.forms import comments, stars

    before = _load(unit, actor, form, id_, "delete")
    if not actor.is_keeper:
        raise Denied(N_("Only a system administrator removes records for good."))
    if before["deleted_at"] is None:
        raise Conflict(N_("A record is put into the bin before it is removed for good."))
    _guard(unit, actor, form, id_, "purge", {})
    _release(unit, actor, form, id_, empty_links, change_set)
    comments.forget(unit, form, id_)
    stars.forget(unit, form, id_)
    search.index(unit, form, [(id_, before.search_text, None)])
    attaching.release(unit, form, [id_])
    for field in form.fields.values():
        if field.values_table is not None:
            unit.execute(field.values_table.delete().where(field.values_table.c.record == id_))
    unit.execute(form.table.delete().where(form.table.c.id == id_))
    _record_event(unit, actor, form, id_, "purged", before=before, whole=True, via=via, change_set=change_set)


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
                before = stored(unit, other, linked)
                after = {**before, field.key: None}
                _write(unit, actor, other, linked, before, after, "system")
                _record_event(
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


class Row(dict[str, Any]):
    """Field key → Python value of everything a record stores; `search_text` is what its index entry was made of."""

    search_text: str | None = None


def stored(unit: Unit, form: Form, id_: int, *, lock: bool = False) -> Row:
    """Every stored value of a record (field key → Python value), rights aside: what the door works with itself."""
    found = _stored(unit, form, form.table.c.id == id_, lock)
    if found is None:
        raise select.missing(form)
    return found


def stored_many(unit: Unit, form: Form, ids: Sequence[int]) -> list[tuple[int, Row]]:
    """As `stored`, of several records (those that exist, by id), held against other writers."""
    fields, late, statement = _stored_statement(unit, form)
    statement = statement.where(form.table.c.id.in_(ids)).order_by(form.table.c.id)
    if unit.dialect != "sqlite":
        statement = statement.with_for_update(of=form.table)
    rows = [_row(fields, late, row) for row in unit.execute(statement)]
    return [(row["id"], row) for row in rows]


def _stored(unit: Unit, form: Form, condition: sa.ColumnElement[bool], lock: bool, **more: Any) -> Row | None:
    fields, late, statement = _stored_statement(unit, form)
    statement = statement.where(condition)
    if lock and unit.dialect != "sqlite":
        statement = statement.with_for_update(of=form.table)
    row = unit.execute(statement, more).first()
    return None if row is None else _row(fields, late, row)


def _stored_statement(unit: Unit, form: Form) -> Any:
    """The fields with a place of their own, those being converted, and the statement that reads them."""
    cache = versions.current(unit).cache
    key = ("stored", form.name)
    if key not in cache:
        fields = [f for f in form.names.values() if f.column is not None or f.values_table is not None]
        columns = [value_of(unit, f, form.table).label(f"v{i}") for i, f in enumerate(fields)]
        late, old = _late(unit, form, fields)
        cache[key] = (fields, late, sa.select(*columns, *old, form.table.c.m__search))
    return cache[key]


def _row(fields: list[Field], late: list[Any], row: Sequence[Any]) -> Row:
    found = Row({f.key: _decoded(f, row[i]) for i, f in enumerate(fields)})
    for i, (key_, convert) in enumerate(late):
        if found[key_] is None:
            found[key_] = convert(row[len(fields) + i])
    found.search_text = row[-1]
    return found


def _late(unit: Unit, form: Form, fields: list[Field]) -> tuple[list[Any], list[sa.ColumnElement[Any]]]:
    """Of fields that are being converted: (key, how its old value becomes the new one), and the old columns."""
    late: list[Any] = []
    columns: list[sa.ColumnElement[Any]] = []
    for field in filter(pending.is_pending, fields):
        if (old := pending.old_value(unit, field, form.table)) is not None:
            late.append((field.key, pending.converted(unit, field)))
            columns.append(old.label(f"o{len(late)}"))
    return late, columns


def _decoded(field: Field, value: Any) -> Any:
    if field.values_table is None:
        return value
    return (tuple(json.loads(value)) or None) if value else None


def _load(unit: Unit, actor: Actor, form: Form, id_: int, action: str) -> Row:
    """The stored record if the actor may do `action` with it; `Denied` if he may only see it, else `NotFound`."""
    select.require_form(unit, actor, form)
    _may_write(actor)
    if not 0 < id_ < 2**63:
        raise select.missing(form)
    parameters = _binds(unit, actor)
    condition = policy.rows(unit, actor, form, action, form.table)
    this = form.table.c.id == id_
    found = _stored(unit, form, this if condition is None else sa.and_(this, condition), True, **parameters)
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


def _may_write(actor: Actor) -> None:
    if not actor.may_write:
        raise Denied(N_("This token may only read."), action="write")


def _guard(unit: Unit, actor: Actor, form: Form, id_: int | None, action: str, raw: Mapping[str, Any]) -> None:
    for guard in guards.guards:
        if (reason := guard(unit, actor, form, id_, action, raw)) is not None:
            raise Conflict(reason, action=action)


def vetoes(
    unit: Unit,
    actor: Actor,
    form: Form,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    via: str = "ui",
    entering: Counter[tuple[str, str]] | None = None,
) -> list[Problem]:
    """What stands against a change that is good in itself: a kind\'s own rules, and whoever registered a veto.

    An undo goes back to what was good before, so kinds and full stages have no say in it.
    entering  records of the same write that enter a stage, where they are not in the table yet
    """
    found: list[Problem] = []
    for field in vetting(form) if via != "undo" else ():
        if after.get(field.key) != before.get(field.key):
            found += field.kind.vet(field, form, before, after)
    if via != "undo" and stages.of(form):
        found += stages.full(unit, form, before, after, Counter() if entering is None else entering)
    for veto in guards.vetoes:
        found += veto(unit, actor, form, before, after)
    return found


def vetting(form: Form) -> list[Field]:
    """The fields whose kind has something to say about a change. Looked up once a form: imports ask for each row."""
    found = _VETTING.get(form)
    if found is None:
        found = _VETTING[form] = [f for f in form.fields.values() if type(f.kind).vet is not Kind.vet]
    return found


_VETTING: WeakKeyDictionary[Form, list[Field]] = WeakKeyDictionary()


def _missing(unit: Unit, actor: Actor, form: Form, record: Mapping[str, Any], id_: int | None = None) -> list[Problem]:
    """A problem for each required field that is empty; what its own condition hides is not asked for."""
    found = values.required(form, record)
    if found and not visibility.sometimes(form).isdisjoint(p.path for p in found):
        hidden = visibility.hidden(unit, actor, form, record, id_)
        found = [p for p in found if p.path not in hidden]
    return found


def _newly_missing(
    unit: Unit, actor: Actor, form: Form, before: Mapping[str, Any], after: Mapping[str, Any], id_: int
) -> list[Problem]:
    """Required fields that a change empties, or that it shows empty. What was empty before stands in nobody's way."""
    found = _missing(unit, actor, form, after, id_)
    kept = {p.path for p in found if before.get(p.path) is None}
    if kept and not kept.isdisjoint(visibility.sometimes(form)):
        kept -= visibility.hidden(unit, actor, form, before, id_)
    return [p for p in found if p.path not in kept]


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


def stamps(unit: Unit, actor: Actor, owner: int | None) -> dict[str, Any]:
    """The system fields of a new record of `owner` (the actor himself when None)."""
    now = clock.now().replace(microsecond=0)
    owner = owner or actor.member
    department = actor.department if owner == actor.member else _department_of(unit, owner)
    return {
        "version": 1, "created_at": now, "created_by": actor.member, "updated_at": now, "updated_by": actor.member,
        "owner": owner, "owner_department": department, "last_activity_at": now, "deleted_at": None, "deleted_by": None,
    }  # fmt: skip


def _department_of(unit: Unit, owner: int | None) -> int | None:
    if owner is None:
        return None
    found: int | None = unit.execute(sa.select(member.c.department).where(member.c.id == owner)).scalar()
    return found


def _require_own(unit: Unit, actor: Actor, form: Form, record: Mapping[str, Any]) -> None:
    """A new record must lie within what the actor may create."""
    if not policy.may_create(unit, actor, form, record):
        raise Denied(N_("Your role does not allow this record in {form}.", form=form.label), action="create")


class _SentTwice(Exception):
    """Another transaction has made the record of this client id meanwhile."""


def _client(actor: Actor, client_id: str | None) -> str:
    """What stands for the client id in the table: it is the member's own, so that it tells others nothing."""
    if client_id is None:
        return str(uuid.uuid4())
    try:
        return str(uuid.uuid5(uuid.UUID(client_id), str(actor.member)))
    except ValueError:
        raise Invalid(N_("A client id is a UUID."), code="bad_client_id") from None


def _by_client(unit: Unit, form: Form, client: str) -> int | None:
    found: int | None = unit.execute(sa.select(form.table.c.id).where(form.table.c.m__client == client)).scalar()
    return found


@contextmanager
def _watched(form: Form) -> Iterator[None]:
    try:
        with uniqueness.watched(form):
            yield
    except IntegrityError as error:
        if "m__client" in str(error.orig):
            raise _SentTwice from error
        raise


def _insert(unit: Unit, form: Form, record: Mapping[str, Any], client: str) -> int:
    columns = values.row(form, record)
    told = search.prepared(form, record)
    columns["m__client"] = client
    columns["m__search"] = told.text
    with _watched(form):
        id_ = unit.execute(form.table.insert(), columns).inserted_primary_key[0]  # type: ignore[index]
    write_several(unit, form, id_, {}, record)
    attaching.bind(unit, form, id_, record)
    search.index_new(unit, form, [(id_, told.tokens)])
    found: int = id_
    return found


def _write(unit: Unit, actor: Actor, form: Form, id_: int, before: Row, after: dict[str, Any], via: str) -> None:
    """Store what differs, with the next version; losing a race to another writer is `Stale`."""
    now = clock.now().replace(microsecond=0)
    after.update(version=before["version"] + 1, updated_at=now, updated_by=actor.member)
    if via in ("ui", "api"):
        after["last_activity_at"] = now
    changed = {k: v for k, v in after.items() if v != before.get(k)}
    columns = values.row(form, changed)
    old_text, text = before.search_text, search.text_of(form, after)
    if text != old_text:
        columns["m__search"] = text
    at = {"m__row": id_, "m__version": before["version"]}
    with uniqueness.watched(form):
        done = unit.execute(_changing(form), {**columns, **at})
    if done.rowcount != 1:
        raise Stale(N_("Somebody else has changed this record meanwhile."), current=None, version=None)
    write_several(unit, form, id_, before, changed)
    attaching.bind(unit, form, id_, changed, before)
    if text != old_text:
        search.index(unit, form, [(id_, old_text, text)])


def _changing(form: Form) -> sa.Update:
    """The statement that changes one record at the version it was read at; made once a form."""
    found = _CHANGING.get(form)
    if found is None:
        table = form.table
        row = sa.bindparam("m__row", type_=table.c.id.type)
        version = sa.bindparam("m__version", type_=table.c.version.type)
        found = _CHANGING[form] = table.update().where(table.c.id == row, table.c.version == version)
    return found


_CHANGING: WeakKeyDictionary[Form, sa.Update] = WeakKeyDictionary()


def _mark(unit: Unit, form: Form, id_: int, version: int, columns: dict[str, Any]) -> None:
    this = sa.and_(form.table.c.id == id_, form.table.c.version == version)
    stamped = {**columns, "version": version + 1, "updated_at": clock.now()}
    try:
        done = unit.execute(form.table.update().where(this).values(stamped))
    except IntegrityError as error:
        raise Conflict(N_("It cannot come back: a value that must be unique has been taken.")) from error
    if done.rowcount != 1:
        raise Stale(N_("Somebody else has changed this record meanwhile."), current=None, version=None)


def write_several(unit: Unit, form: Form, id_: int, before: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """Store the values of fields that have several, in their order."""
    for key, value in changed.items():
        was = form.names[key].before
        if was is not None and was.values_table is not None:  # a conversion has nothing more to do here
            unit.execute(was.values_table.delete().where(was.values_table.c.record == id_))
        table = form.names[key].values_table
        if table is None:
            continue
        if before.get(key):
            unit.execute(table.delete().where(table.c.record == id_))
        if value:
            rows = [{"record": id_, "value": v, "position": i} for i, v in enumerate(value)]
            unit.execute(table.insert(), rows)


#: Fields whose change is no news of its own.
_UNJOURNALED = frozenset({"version", "updated_at", "updated_by", "last_activity_at"})


def _record_event(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    kind: str,
    *,
    via: str,
    change_set: int | None,
    before: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    whole: bool = False,
) -> None:
    """Write the event and, in the same transaction, the due rows of whoever is interested in it."""
    told: dict[str, Any] | None = None
    if changes is not None and before is not None:
        told = {
            k: [to_json(form, k, before.get(k)), to_json(form, k, v)]
            for k, v in changes.items()
            if k not in _UNJOURNALED
        }
    elif whole and before is not None:
        told = {k: to_json(form, k, v) for k, v in before.items() if v is not None}
    row = event_row(unit, actor, form, id_, kind, via=via, change_set=change_set)
    row.update(version_before=before["version"] if before else None, changes=told)
    announce(unit, [row])


def announce(unit: Unit, rows: list[dict[str, Any]]) -> list[int]:
    """Append events and tell whoever is interested; their due rows stand in the same transaction. Answers their ids."""
    ids = events.append(unit, rows)
    interests.tell(unit, versions.current(unit), rows, ids)
    return ids


def touch(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    """Somebody has done something about these records without changing them: a comment, a follow-up."""
    now = clock.now().replace(microsecond=0)
    unit.execute(form.table.update().where(form.table.c.id.in_(ids)).values(last_activity_at=now))


def event_row(
    unit: Unit, actor: Actor, form: Form, id_: int, kind: str, *, via: str, change_set: int | None
) -> dict[str, Any]:
    """An event of the journal without its changes."""
    version = versions.current(unit).app(form.app).version
    return {
        "actor": actor.member, "on_behalf_of": actor.on_behalf_of, "via": via,
        "change_set": change_set, "app": form.app, "form": form.key, "record": id_, "kind": kind,
        "version_before": None, "definition_version": version, "changes": None,
    }  # fmt: skip


def to_json(form: Form, key: str, value: Any) -> Any:
    """A value as the journal keeps it."""
    return None if value is None else form.names[key].kind.json(form.names[key], value)
