"""Who holds which role: roles of apps (`crm.rep`), and the four of the system."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.access import audit, guard, tables
from webapp.access.actor import AUDITOR, BUILDER, KEEPER, PEOPLE, SYSTEM_ROLES, Actor
from webapp.access.tables import role_holder
from webapp.db import Unit
from webapp.definitions.model import Definitions, LabelText
from webapp.errors import NotFound, nearest
from webapp.i18n import N_, Message


def known(definitions: Definitions) -> list[str]:
    """Names of all roles that can be granted."""
    apps = definitions.apps.values()
    of_apps = [role.name for app in apps for role in app.roles.values()]
    return [*SYSTEM_ROLES, *(f"{BUILDER}:{app.key}" for app in apps), *of_apps]


_SYSTEM_LABELS = {
    KEEPER: N_("System administrator"),
    PEOPLE: N_("People administrator"),
    AUDITOR: N_("Auditor"),
    BUILDER: N_("Builder of all apps"),
}
ABOUT = {
    KEEPER: N_("May do everything"),
    PEOPLE: N_("Looks after members, departments and who holds which role"),
    AUDITOR: N_("Reads every record and the journals, changes nothing"),
    BUILDER: N_("Changes forms, views and roles"),
}


def label_of(role: str, definitions: Definitions) -> Message | LabelText:
    """What a role is called; one that no app has any more is named by its key."""
    if role in _SYSTEM_LABELS:
        return _SYSTEM_LABELS[role]
    if role.startswith(BUILDER + ":"):
        app = definitions.apps.get(role.partition(":")[2])
        return N_("Builder: {app}", app=app.label if app else role)
    found = definitions.role(role)
    return found.label if found else role


def counts(unit: Unit) -> dict[str, int]:
    """Role → how many members who are here hold it."""
    statement = (
        sa.select(role_holder.c.role, sa.func.count())
        .join(tables.member, tables.member.c.id == role_holder.c.member)
        .where(tables.member.c.is_active)
        .group_by(role_holder.c.role)
    )
    return {row[0]: row[1] for row in unit.execute(statement)}


def change(unit: Unit, actor: Actor, member: int, wanted: frozenset[str], definitions: Definitions) -> None:
    """Let a member hold exactly these roles. What he holds of apps that are gone stays as it is."""
    names = frozenset(known(definitions))
    have = held(unit, member)
    for role in sorted(wanted - have):
        grant(unit, actor, member, role, definitions)
    for role in sorted((have & names) - wanted):
        revoke(unit, actor, member, role)


def grant(unit: Unit, actor: Actor, member: int, role: str, definitions: Definitions) -> None:
    """Give a member a role; one he holds already stays. System roles are a keeper's to give."""
    _require(unit, actor, member, role)
    guard.require_member(unit, member)
    names = known(definitions)
    if role not in names:
        raise NotFound(N_("There is no role “{name}”.", name=role), near=nearest(role, names))
    if give(unit, member, role):
        audit.add(unit, actor, "role_granted", member, role=role)


def revoke(unit: Unit, actor: Actor, member: int, role: str) -> None:
    _require(unit, actor, member, role)
    if role == KEEPER:
        guard.require_another_keeper(unit, member)
    gone = unit.execute(role_holder.delete().where(role_holder.c.member == member, role_holder.c.role == role))
    if gone.rowcount:
        audit.add(unit, actor, "role_revoked", member, role=role)


def give(unit: Unit, member: int, role: str) -> bool:
    """Grant without asking, for the first set-up and for `grant`; False if he holds it already."""
    if role in held(unit, member):
        return False
    unit.execute(role_holder.insert().values(member=member, role=role))
    return True


def held(unit: Unit, member: int) -> frozenset[str]:
    return frozenset(unit.execute(sa.select(role_holder.c.role).where(role_holder.c.member == member)).scalars())


def holders(unit: Unit, role: str) -> list[int]:
    return sorted(unit.execute(sa.select(role_holder.c.member).where(role_holder.c.role == role)).scalars())


def keepers(unit: Unit) -> list[str]:
    """Names of the administrators who are here: whom to ask for what one may not do."""
    member = tables.member
    found = (
        sa.select(member.c.name)
        .join(role_holder, role_holder.c.member == member.c.id)
        .where(role_holder.c.role == KEEPER, member.c.is_active)
        .order_by(member.c.sort_key, member.c.id)
    )
    return list(unit.execute(found).scalars())


def _require(unit: Unit, actor: Actor, member: int, role: str) -> None:
    if guard.is_system_role(role):
        guard.require_keeper(actor)
    guard.require_power_over(unit, actor, member)
