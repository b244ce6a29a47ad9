"""Tags across records: which there are, and calling one otherwise or one with another everywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from webapp import clock
from webapp.access import actors, policy
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import records
from webapp.engines.forms.display import tags as drawn
from webapp.engines.forms.fields.tags import Tags
from webapp.engines.forms.finding import sortkeys
from webapp.engines.forms.writing import stored
from webapp.errors import Invalid, MortiseError, NotFound
from webapp.expressions import binds
from webapp.expressions.fold import fold
from webapp.i18n import N_, label
from webapp.journal import changesets, due

if TYPE_CHECKING:
    from webapp.engines.forms.entering.pickers import Choice
    from webapp.engines.forms.viewing.views import Scope

#: Proposed at once; values looked at for proposals; records changed in one unit of work.
MOST, LOOKED_AT, AT_ONCE = 12, 20_000, 20
#: So many records are changed while a person waits; more are the worker's.
FEW = 50
JOB = "forms.retag"


@dataclass(frozen=True)
class Used:
    """A tag and how many records within somebody's reach have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Renamed:
    """What a renaming did: records changed, records left because the actor may not change them, its change set."""

    changed: int
    left: int
    change_set: int | None


def field_of(at: Scope, key: str) -> Field:
    """The tags field `key`, as far as the actor may read it; raises `NotFound`."""
    found = at.form.fields.get(key)
    if found is None or not isinstance(found.kind, Tags) or at.visible.get(key) not in ("read", "write"):
        raise NotFound(N_("There is no field “{key}” with tags.", key=key))
    return found


def used(unit: Unit, actor: Actor, form: Form, field: Field, *, most: int = 500) -> list[Used]:
    """The tags of records the actor may see, the most used first."""
    table = field.values_table
    assert table is not None
    mine = sa.select(table.c.value).join(form.table, form.table.c.id == table.c.record)
    mine = mine.where(form.table.c.deleted_at.is_(None))
    condition = policy.rows(unit, actor, form, "see", form.table)
    if condition is not None:
        mine = mine.where(condition)
    some = mine.limit(LOOKED_AT).subquery()
    count = sa.func.count().label("n")
    statement = sa.select(some.c.value, count).group_by(some.c.value).order_by(count.desc(), some.c.value).limit(most)
    return [Used(value, n) for value, n in unit.execute(statement, binds(actor, clock.now(), unit.zone))]


def proposals(at: Scope, field: Field, search: str) -> list[Choice]:
    """Tags that fit what is typed: those others used within the actor's reach, and those the form proposes."""
    from webapp.engines.forms.entering.pickers import Choice

    counts = {u.value: u.count for u in used(at.unit, at.actor, at.form, field)}
    options = {o.value: label(o.label, at.locale) or o.value for o in field.type.options}
    offered = [o.value for o in field.type.options if not o.attributes.get("archived")]
    wanted = fold(search).replace(" ", "")
    found = []
    for value in dict.fromkeys([*counts, *offered]):
        if not wanted or sortkeys.is_called(options.get(value, value), wanted):
            note = str(counts[value]) if value in counts else ""
            tone = drawn(field, [value], at.locale)[0].tone
            found.append(Choice(value, options.get(value, value), note, tone=tone))
    return found[:MOST]


def begin(unit: Unit, actor: Actor, form: Form, field: Field, old: str, new: str) -> Renamed | None:
    """Rename at once where few records have the tag, else leave it to the worker (None). Raises as `rename` does."""
    tag = _renamed(field, old, new)
    policy.require(unit, actor, form, "edit")
    if len(_having(unit, actor, form, field, old, 0, FEW + 1)) > FEW:
        payload = {"form": form.name, "field": field.key, "old": old, "new": tag or ""}
        key = f"{form.name}.{field.key}:{actor.member}:{old}:{tag or ''}"  # an order of its own for each person
        due.add(unit, JOB, key, payload, actor=actor.member)
        return None
    change_set = _open(unit, actor, old, tag)
    changed, left, _ = _some(unit, actor, form, field, old, tag, change_set, 0, FEW + 1)
    changesets.close(unit, change_set)
    return Renamed(changed, left, change_set if changed else None)


def _renamed(field: Field, old: str, new: str) -> str | None:
    assert isinstance(field.kind, Tags)
    tag = field.kind.tag(field, new)
    if tag == old:
        raise Invalid(N_("The new name is the old one."), problems=[])
    return tag


def _open(unit: Unit, actor: Actor, old: str, new: str | None) -> int:
    return changesets.open(unit, "bulk", f"{old} → {new or '–'}", actor.member)


def rename(database: Database, actor: Actor, form: Form, field: Field, old: str, new: str) -> Renamed:
    """Call the tag `old` `new` in every record the actor may change; if there is a tag `new`, the two become one.

    One change set over as many units as it takes: it can be undone, and a reader in between sees both. Empty `new`
    takes the tag away. Raises `Invalid`, `Denied`.
    """
    tag = _renamed(field, old, new)
    with database.write() as unit:
        policy.require(unit, actor, form, "edit")
        change_set = _open(unit, actor, old, tag)
    changed = left = after = 0
    while True:
        with database.write() as unit:
            some, refused, last = _some(unit, actor, form, field, old, tag, change_set, after, AT_ONCE)
            changed, left = changed + some, left + refused
            if last is None:
                changesets.close(unit, change_set)
                return Renamed(changed, left, change_set if changed else None)
            after = last


def _some(
    unit: Unit,
    actor: Actor,
    form: Form,
    field: Field,
    old: str,
    new: str | None,
    change_set: int,
    after: int,
    most: int,
) -> tuple[int, int, int | None]:
    """Rename in the next `most` records: how many changed, how many could not, and the last (None: no more)."""
    ids = _having(unit, actor, form, field, old, after, most)
    changed = sum(_swap(unit, actor, form, field, id_, old, new, change_set) for id_ in ids)
    return changed, len(ids) - changed, ids[-1] if len(ids) == most else None


@due.handler(JOB)
def rename_later(database: Database, job: due.Job) -> dict[str, int]:
    with database.read() as unit:
        actor = actors.on_behalf(unit, job.actor or 0)
        form = versions.current(unit).form(job.payload["form"])
    done = rename(database, actor, form, form.field(job.payload["field"]), job.payload["old"], job.payload["new"])
    return {"changed": done.changed, "left": done.left}


def _having(unit: Unit, actor: Actor, form: Form, field: Field, value: str, after: int, most: int) -> list[int]:
    """The next live records with the tag that the actor may see."""
    table = field.values_table
    assert table is not None
    statement = sa.select(form.table.c.id).join(table, table.c.record == form.table.c.id)
    statement = statement.where(table.c.value == value, form.table.c.id > after, form.table.c.deleted_at.is_(None))
    condition = policy.rows(unit, actor, form, "see", form.table)
    if condition is not None:
        statement = statement.where(condition)
    statement = statement.order_by(form.table.c.id).limit(most)
    return list(unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalars())


def _swap(
    unit: Unit, actor: Actor, form: Form, field: Field, id_: int, old: str, new: str | None, change_set: int
) -> bool:
    before = stored.get(unit, form, id_, lock=True).get(field.key) or ()
    tags = list(dict.fromkeys(t for t in (new if one == old else one for one in before) if t))
    try:
        with unit.savepoint():
            records.update(unit, actor, form, id_, {field.key: tags}, change_set=change_set)
    except MortiseError:
        return False
    return True
