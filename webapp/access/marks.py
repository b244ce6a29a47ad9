"""Whether anything that decides the rights of people has changed, asked for many sessions at once."""

from __future__ import annotations

import functools
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.tables import department, department_member, member, role_holder, session
from webapp.db import Unit


@dataclass(frozen=True)
class Mark:
    """`said` is equal as long as an `Actor` of the member would be the same."""

    member: int
    said: Hashable


def of_sessions(unit: Unit, hashes: Collection[str]) -> dict[str, Mark]:
    """A mark for each of these sessions that is still good."""
    who, held, tree = _statements()
    found = unit.execute(who, {"hashes": list(hashes), "now": clock.now()}).all()
    members = {row.id for row in found}
    holds: dict[int, set[str]] = {}
    for id_, what in unit.execute(held, {"members": list(members)}):
        holds.setdefault(id_, set()).add(what)
    departments = frozenset(tuple(row) for row in unit.execute(tree))
    return {row.hash: Mark(row.id, (tuple(row)[1:], frozenset(holds.get(row.id, ())), departments)) for row in found}


@functools.cache
def _statements() -> tuple[sa.Select[Any], sa.CompoundSelect[Any], sa.Select[Any]]:
    """Sessions with their members, what members hold (roles, further departments), the tree of departments."""
    hashes = sa.bindparam("hashes", expanding=True, type_=session.c.hash.type)
    now = sa.bindparam("now", type_=session.c.expires_at.type)
    members = sa.bindparam("members", expanding=True, type_=member.c.id.type)
    columns = [member.c.id, member.c.name, member.c.department, member.c.locale, member.c.theme, member.c.zone]
    who = (
        sa.select(session.c.hash, *columns)
        .join(member, member.c.id == session.c.member)
        .where(session.c.hash.in_(hashes), session.c.ended_at.is_(None), session.c.expires_at > now, member.c.is_active)
    )
    further = sa.cast(department_member.c.department, sa.Text)
    held = sa.union_all(
        sa.select(role_holder.c.member, role_holder.c.role).where(role_holder.c.member.in_(members)),
        sa.select(department_member.c.member, further).where(department_member.c.member.in_(members)),
    )
    return who, held, sa.select(department.c.id, department.c.parent, department.c.head)
