"""Whether anything that decides the rights of people has changed, asked for many sessions at once."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass

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
    open_now = (session.c.hash.in_(hashes), session.c.ended_at.is_(None), session.c.expires_at > clock.now())
    who = [member.c.id, member.c.name, member.c.department, member.c.locale, member.c.theme, member.c.zone]
    found = unit.execute(
        sa.select(session.c.hash, *who)
        .join(member, member.c.id == session.c.member)
        .where(*open_now, member.c.is_active)
    ).all()
    members = {row.id for row in found}
    held = unit.execute(
        sa.select(role_holder.c.member, role_holder.c.role)
        .where(role_holder.c.member.in_(members))
        .union_all(
            sa.select(department_member.c.member, sa.cast(department_member.c.department, sa.Text)).where(
                department_member.c.member.in_(members)
            )
        )
    ).all()
    tree = frozenset(
        tuple(row) for row in unit.execute(sa.select(department.c.id, department.c.parent, department.c.head))
    )
    holds: dict[int, set[str]] = {}
    for id_, what in held:
        holds.setdefault(id_, set()).add(what)
    return {row.hash: Mark(row.id, (tuple(row)[1:], frozenset(holds.get(row.id, ())), tree)) for row in found}
