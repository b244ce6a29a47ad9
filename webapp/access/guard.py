"""Who may look after whom. Only a keeper may touch those who hold a system role: nobody raises himself."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.access.actor import AUDITOR, BUILDER, KEEPER, PEOPLE, SYSTEM_ROLES, Actor
from webapp.access.tables import member, role_holder
from webapp.db import Unit
from webapp.errors import Conflict, Denied, NotFound
from webapp.i18n import N_


def is_system_role(role: str) -> bool:
    return role in SYSTEM_ROLES or role.startswith(BUILDER + ":")


def may_keep(actor: Actor) -> bool:
    """Whether he looks after the system itself."""
    return actor.is_keeper


def may_people(actor: Actor) -> bool:
    """Whether members, departments and roles are his to look after."""
    return bool(actor.roles & {KEEPER, PEOPLE})


def may_audit(actor: Actor) -> bool:
    """Whether the journals are his to read."""
    return bool(actor.roles & {KEEPER, AUDITOR})


def require_people(actor: Actor) -> None:
    """Members, departments and roles are changed by the keeper and the people administrator."""
    actor.require_write()
    if not actor.roles & {KEEPER, PEOPLE}:
        raise Denied(N_("Only administrators of people may do this."))


def require_keeper(actor: Actor) -> None:
    actor.require_write()
    if not actor.is_keeper:
        raise Denied(N_("Only system administrators may do this."))


def require_care_of(unit: Unit, actor: Actor, member_id: int) -> None:
    """He himself, or an administrator; holders of a system role are a keeper's to look after."""
    actor.require_write()
    if actor.member == member_id and actor.kind == "member":
        return
    require_power_over(unit, actor, member_id)


def require_power_over(unit: Unit, actor: Actor, member_id: int) -> None:
    require_people(actor)
    roles = unit.execute(sa.select(role_holder.c.role).where(role_holder.c.member == member_id)).scalars()
    if not actor.is_keeper and any(is_system_role(role) for role in roles):
        raise Denied(N_("Only system administrators may change somebody who holds a system role."))


def require_another_keeper(unit: Unit, member_id: int) -> None:
    """Refuse to lose the last keeper. On PostgreSQL the rows are locked, so that two cannot leave at once."""
    keepers = unit.execute(
        sa.select(member.c.id)
        .join(role_holder, role_holder.c.member == member.c.id)
        .where(role_holder.c.role == KEEPER, member.c.is_active)
        .order_by(member.c.id)
        .with_for_update()
    ).scalars()
    found = set(keepers)
    if member_id in found and len(found) == 1:
        raise Conflict(N_("This is the last system administrator; make another one first."))


def require_member(unit: Unit, member_id: int) -> None:
    if unit.execute(sa.select(member.c.id).where(member.c.id == member_id)).one_or_none() is None:
        raise NotFound(N_("There is no member with this number."))
