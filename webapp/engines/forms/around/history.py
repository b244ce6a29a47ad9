"""What happened to a record, as far as its reader may know it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import tables, versions
from webapp.definitions.model import Form
from webapp.engines.forms import select
from webapp.engines.forms.around import comments
from webapp.engines.forms.reading import mask, record_title
from webapp.engines.forms.record import Entry, Linked, Masked, Record
from webapp.expressions import binds
from webapp.journal.tables import change_set, event


def history(
    unit: Unit, actor: Actor, form: Form, id_: int, *, limit: int = 50, before: int | None = None
) -> list[Entry]:
    """The newest events of a record first; raises `NotFound` for a record outside the actor's reach.

    Changes of fields he may not see are left out; an update of nothing else is not shown at all.
    """
    return of_record(unit, actor, select.get(unit, actor, form, id_), limit=limit, before=before)


def of_record(
    unit: Unit,
    actor: Actor,
    record: Record,
    *,
    limit: int = 50,
    before: int | None = None,
    kinds: Collection[str] | None = None,
) -> list[Entry]:
    """The same for a record that the actor has just read in this unit; only events of `kinds`."""
    form, id_ = record.form, record.id
    told = event.outerjoin(member, member.c.id == event.c.actor)
    told = told.outerjoin(change_set, change_set.c.id == event.c.change_set)
    told = told.outerjoin(comments.comment, comments.comment.c.event == event.c.id)
    statement = (
        sa.select(
            event,
            member.c.name.label("actor_name"),
            change_set.c.title.label("set_title"),
            change_set.c.kind.label("set_kind"),
            *comments.COLUMNS,
        )
        .select_from(told)
        .where(_about(unit, form, id_))
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(event.c.id < before)
    if kinds is not None:
        statement = statement.where(event.c.kind.in_(kinds))
    rights = policy.fields(unit, actor, form)
    rows = [(row, _changes(form, row, rights, id_)) for row in unit.execute(statement)]
    links = _links(unit, actor, form, [changes for _, changes in rows])
    entries = []
    for row, changes in rows:
        if row.kind in ("updated", "conversion") and not changes:
            continue
        entries.append(
            Entry(
                row.id,
                row.at,
                row.actor,
                row.actor_name,
                row.via,
                row.kind,
                changes,
                links,
                row.change_set,
                row.set_title,
                row.set_kind,
                comments.beside(row, row.actor_name),
            )
        )
    return entries


def last_event(unit: Unit, form: Form, id_: int) -> int | None:
    """The newest event of a record."""
    own = sa.and_(event.c.app == form.app, event.c.form == form.key, event.c.record == id_)
    found: int | None = unit.execute(sa.select(sa.func.max(event.c.id)).where(own)).scalar()
    return found


def _about(unit: Unit, form: Form, id_: int) -> sa.ColumnElement[bool]:
    """The events of a record, those of conversions too: one event stands for the records up to the one it names."""
    own = sa.and_(event.c.app == form.app, event.c.form == form.key, event.c.record == id_)
    chunks = []
    for converted in _conversions(unit, form):
        chunk = sa.select(event.c.id).where(event.c.change_set == converted, event.c.record >= id_)
        chunks.append(event.c.id == chunk.order_by(event.c.id).limit(1).scalar_subquery())
    return sa.or_(sa.and_(own, event.c.kind != "conversion"), *chunks)


def _conversions(unit: Unit, form: Form) -> list[int]:
    """Change sets of the form's conversions. A new one comes with a new epoch, so those that have begun are kept."""
    cache, key = versions.current(unit).cache, ("conversions", form.name)
    if key in cache:
        kept: list[int] = cache[key]
        return kept
    table = tables.building
    done = sa.select(table.c.payload).where(
        table.c.app == form.app, table.c.form == form.key, table.c.what == "convert", table.c.state != "dropped"
    )
    sets = [json.loads(payload).get("change_set") for payload in unit.execute(done).scalars()]
    found = [one for one in sets if one is not None]
    if len(found) == len(sets):
        cache[key] = found
    return found


def _pairs(row: Any, id_: int) -> dict[str, Any]:
    """Field key → [before, after] as the journal has them; of a conversion what became of this record."""
    if row.kind not in ("updated", "conversion") or not row.changes:
        return {}
    found: dict[str, Any] = json.loads(row.changes)
    if row.kind == "conversion":
        found = {key: records[str(id_)] for key, records in found.items() if str(id_) in records}
    return found


def _changes(form: Form, row: Any, rights: Any, id_: int) -> dict[str, tuple[Any, Any]]:
    """Field key → (before, after) of an update, through the reader's rights, of fields that still exist.

    Of a conversion the value before is the text it was.
    """
    found = {}
    for key, pair in _pairs(row, id_).items():
        field = form.names.get(key)
        right = rights.get(key, "hidden")
        if field is None or right == "hidden":
            continue
        is_text = row.kind == "conversion"
        try:
            values = [
                v if v is None or (is_text and i == 0) else field.kind.unjson(field, v) for i, v in enumerate(pair)
            ]
        except (ValueError, TypeError, ArithmeticError):
            continue  # the kind has changed since and cannot read it any more
        if right == "masked":
            shown = [
                None if v is None else Masked("" if is_text and i == 0 else mask(field, v))
                for i, v in enumerate(values)
            ]
            values = list(shown)
        found[key] = (values[0], values[1])
    return found


def _links(
    unit: Unit, actor: Actor, form: Form, changes: Iterable[dict[str, tuple[Any, Any]]]
) -> dict[tuple[str, int], Linked]:
    """Titles of everything the changes point at, by field key and id, in one statement."""
    wanted: dict[str, set[int]] = {}
    for found in changes:
        for key, pair in found.items():
            if form.names[key].type.name in ("record", "member", "department"):
                wanted.setdefault(key, set()).update(v for v in pair if isinstance(v, int))
    links: dict[tuple[str, int], Linked] = {}
    if not wanted:
        return links
    for key, ids in wanted.items():
        links.update({(key, id_): Linked(id_, None) for id_ in ids})
    asked = sa.union_all(*[_titles(unit, actor, form, key, ids) for key, ids in wanted.items()])
    for key, id_, title in unit.execute(asked, binds(actor, clock.now(), unit.zone)):
        links[(key, id_)] = Linked(id_, title.removesuffix("\x1f") if title is not None else None)
    return links


def _titles(unit: Unit, actor: Actor, form: Form, key: str, ids: set[int]) -> sa.Select[Any]:
    """(field key, id, title) of what one field points at."""
    field, name = form.names[key], sa.literal(key, sa.Text)
    if field.type.name == "record" and field.type.target:
        target = versions.current(unit).form(field.type.target)
        title = record_title(unit, actor, target, target.table.c.id)
        return sa.select(name, target.table.c.id, title).where(target.table.c.id.in_(ids))
    people = member if field.type.name == "member" else department
    return sa.select(name, people.c.id, people.c.name).where(people.c.id.in_(ids))
