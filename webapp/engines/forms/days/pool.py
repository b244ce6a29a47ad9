"""The pool of a form (`pool:`): records that are nobody's, which whoever may work on the form can take for himself.

Who looks into the pool is a different eye (`look`): he reads there what the form shows of it, and nothing may be
changed. Only what he has taken is his. A record put back belongs to nobody and stays with its department.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import KEEPER, Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import records, select
from webapp.engines.forms.record import Record
from webapp.engines.forms.writing import stored
from webapp.errors import Conflict, Denied, MortiseError, NotFound
from webapp.i18n import N_

#: Records of one list that come along.
BROUGHT = 100


def setting(form: Form) -> Mapping[str, Any] | None:
    """What the form says of its pool; None where it has none."""
    found: Mapping[str, Any] | None = form.settings.get("pool")
    return found


def may_take(unit: Unit, actor: Actor, form: Form) -> bool:
    """Whether he may take records of the form out of its pool, and put his own back."""
    return setting(form) is not None and policy.may_take(unit, actor, form)


def look(unit: Unit, actor: Actor, form: Form) -> Actor | None:
    """The same person looking into the pool; None where there is nothing to look at, or he sees every record anyway."""
    if not may_take(unit, actor, form) or policy.rows(unit, actor, form, "see", form.table) is None:
        return None
    return dataclasses.replace(actor, pool=form.name)


def holds(record: Record) -> bool:
    """Whether the record stands in its form's pool, as far as its reader knows."""
    said = setting(record.form)
    return said is not None and record.values.get(said["field"]) is True and not record.is_binned


def room(unit: Unit, actor: Actor, form: Form) -> tuple[int, int | None]:
    """How many records of the form are his and not in the pool, and how many may be."""
    said = setting(form)
    assert said is not None
    table, flag = form.table, _flag(form)
    mine = (table.c.owner == actor.member, table.c.deleted_at.is_(None), sa.or_(flag.is_(None), flag == sa.false()))
    count = int(unit.execute(sa.select(sa.func.count()).select_from(table).where(*mine)).scalar_one())
    return count, said["most"]


def take(unit: Unit, actor: Actor, form: Form, id_: int, *, via: str = "ui") -> Record:
    """Make a record of the pool his own. Raises `NotFound` where it is not (or no longer) in the pool, `Conflict` where
    he has as many as he may have."""
    said = _require(unit, actor, form)
    _one_at_a_time(unit, actor, form)
    before = _in_pool(unit, form, id_)
    count, most = room(unit, actor, form)
    if most is not None and count >= most:
        raise Conflict(
            N_("You have {n} already, and {most} is the most. Put one back first.", n=count, most=most),
            code="pool_full",
        )
    sets = {k: v for k, v in (said["set"] or {}).items() if before.get(k) != v}
    taker = _taker(actor)
    values = {**sets, said["field"]: False, "owner": actor.member}
    records.update(unit, taker, form, id_, values, via=via)
    _bring(unit, taker, form, id_, None, actor.member)
    return select.get(unit, actor, form, id_)


def put_back(unit: Unit, actor: Actor, form: Form, id_: int, *, version: int | None = None, via: str = "ui") -> Record:
    """Put a record he may change into the pool: it is nobody's from now on. Raises as `records.update` does."""
    said = _require(unit, actor, form)
    select.get(unit, actor, form, id_)
    owner = stored.get(unit, form, id_)["owner"]
    done = records.update(unit, actor, form, id_, {said["field"]: True, "owner": None}, version=version, via=via)
    _bring(unit, _taker(actor), form, id_, owner, None)
    return done


def _require(unit: Unit, actor: Actor, form: Form) -> Mapping[str, Any]:
    policy.require(unit, actor, form)
    said = setting(form)
    if said is None or not may_take(unit, actor, form):
        raise Denied(N_("Your role takes nothing from the pool of {form}.", form=form.label), action="take")
    return said


def _in_pool(unit: Unit, form: Form, id_: int) -> Mapping[str, Any]:
    """The record as it stands, held against others; whoever comes second finds it gone, as one that never was there."""
    said = setting(form)
    assert said is not None
    try:
        before = stored.get(unit, form, id_, lock=True) if 0 < id_ < 2**63 else None
    except NotFound:
        before = None
    if before is None or before[said["field"]] is not True or before["deleted_at"] is not None:
        raise NotFound(N_("It is not in the pool (any more): somebody else was quicker."), code="not_in_pool")
    return before


def _taker(actor: Actor) -> Actor:
    """He himself, for the one change that makes a record his or nobody's."""
    return dataclasses.replace(actor, roles=frozenset({KEEPER}))


def _one_at_a_time(unit: Unit, actor: Actor, form: Form) -> None:
    """Two presses of one person are counted one after the other."""
    if unit.dialect != "sqlite":
        named = hashlib.sha256(f"pool {form.name} {actor.member}".encode()).digest()
        unit.execute(sa.select(sa.func.pg_advisory_xact_lock(int.from_bytes(named[:8], "big", signed=True))))


def _flag(form: Form) -> sa.ColumnElement[bool]:
    said = setting(form)
    assert said is not None
    column: sa.ColumnElement[bool] = form.table.c[form.fields[said["field"]].column or ""]
    return column


def _bring(unit: Unit, taker: Actor, form: Form, id_: int, was: int | None, owner: int | None) -> None:
    """What hangs on the record and was the same person's goes with it: its contacts."""
    for key in (setting(form) or {}).get("bring") or ():
        back: Field | None = form.names.get(key)
        if back is None or back.type.target is None or back.reverse_of is None:
            continue
        other = versions.current(unit).form(back.type.target)
        link, table = other.fields[back.reverse_of], other.table
        his = table.c.owner.is_(None) if was is None else table.c.owner == was
        some = sa.select(table.c.id).where(table.c[link.column or ""] == id_, his, table.c.deleted_at.is_(None))
        for one in list(unit.execute(some.order_by(table.c.id).limit(BROUGHT)).scalars()):
            try:
                with unit.savepoint():
                    records.update(unit, taker, other, one, {"owner": owner}, via="system")
            except MortiseError:  # what cannot be saved as it is stays where it is
                continue
