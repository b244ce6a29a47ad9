"""Departments: a tree with a head for each."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from webapp.access import audit, guard
from webapp.access.actor import Actor
from webapp.access.tables import department, department_member, member
from webapp.db import Unit
from webapp.errors import Conflict, Invalid, NotFound, Problem
from webapp.i18n import N_

MISSING = N_("There is no such department.")


@dataclass(frozen=True)
class Department:
    """`depth` is 0 at the top; `head` a member's id."""

    id: int
    name: str
    parent: int | None
    head: int | None
    depth: int = 0


def add(unit: Unit, actor: Actor, name: str, *, parent: int | None = None, head: int | None = None) -> int:
    guard.require_people(actor)
    _check_name(name)
    if parent is not None:
        get(unit, parent)
    if head is not None:
        guard.require_member(unit, head)
    made = unit.execute(department.insert().values(name=name.strip(), parent=parent, head=head))
    id_ = int(made.inserted_primary_key[0])  # type: ignore[index]
    audit.add(unit, actor, "department_added", department=id_, name=name.strip(), parent=parent, head=head)
    return id_


def get(unit: Unit, department_id: int) -> Department:
    for found in tree(unit):
        if found.id == department_id:
            return found
    raise NotFound(MISSING)


def tree(unit: Unit) -> list[Department]:
    """All departments, each followed by those below it."""
    c = department.c
    rows = unit.execute(sa.select(c.id, c.name, c.parent, c.head).order_by(c.position, c.name, c.id)).all()
    children: dict[int | None, list[sa.Row[tuple[int, str, int | None, int | None]]]] = {}
    for row in rows:
        children.setdefault(row.parent, []).append(row)
    found: list[Department] = []

    def visit(parent: int | None, depth: int) -> None:
        for row in children.get(parent, ()):
            found.append(Department(row.id, row.name, row.parent, row.head, depth))
            visit(row.id, depth + 1)

    visit(None, 0)
    return found


def below(unit: Unit, department_id: int) -> list[int]:
    """Ids of the department and all below it."""
    found = sa.select(department.c.id).where(department.c.id == department_id).cte("found", recursive=True)
    found = found.union(sa.select(department.c.id).join(found, department.c.parent == found.c.id))
    return sorted(unit.execute(sa.select(found.c.id)).scalars())


def rename(unit: Unit, actor: Actor, department_id: int, name: str) -> None:
    guard.require_people(actor)
    _check_name(name)
    _update(unit, department_id, name=name.strip())
    audit.add(unit, actor, "department_renamed", department=department_id, name=name.strip())


def move(unit: Unit, actor: Actor, department_id: int, parent: int | None, *, before: int | None = None) -> None:
    """Hang a department under another; refused where it would lie below itself.

    before  the sister it stands in front of; None: behind all of them
    """
    guard.require_people(actor)
    # Two moves at once could close a circle between them: they take turns.
    unit.execute(sa.select(department.c.id).order_by(department.c.id).with_for_update()).all()
    if parent is not None:
        get(unit, parent)
        if parent in below(unit, department_id):
            raise Conflict(N_("A department cannot lie below itself."))
    _update(unit, department_id, parent=parent)
    _arrange(unit, department_id, parent, before)
    audit.add(unit, actor, "department_moved", department=department_id, parent=parent)


def _arrange(unit: Unit, department_id: int, parent: int | None, before: int | None) -> None:
    sisters = [d.id for d in tree(unit) if d.parent == parent and d.id != department_id]
    place = sisters.index(before) if before in sisters else len(sisters)
    sisters.insert(place, department_id)
    for position, one in enumerate(sisters):
        unit.execute(department.update().where(department.c.id == one).values(position=position))


def merge(unit: Unit, actor: Actor, department_id: int, into: int) -> None:
    """Put all its members and the departments below it into another, and remove it.

    Records that were made in it keep its number, like those of a removed one.
    """
    guard.require_people(actor)
    unit.execute(sa.select(department.c.id).order_by(department.c.id).with_for_update()).all()
    gone, stays = get(unit, department_id), get(unit, into)
    if into in below(unit, department_id):
        raise Conflict(N_("A department cannot be merged into one that lies below it."))
    unit.execute(member.update().where(member.c.department == department_id).values(department=into))
    both = sa.select(department_member.c.member).where(department_member.c.department == into)
    mine = department_member.c.department == department_id
    unit.execute(department_member.delete().where(mine, department_member.c.member.in_(both)))
    unit.execute(department_member.update().where(mine).values(department=into))
    unit.execute(department.update().where(department.c.parent == department_id).values(parent=into))
    if unit.execute(department.delete().where(department.c.id == department_id)).rowcount == 0:
        raise NotFound(MISSING)
    audit.add(unit, actor, "department_merged", name=gone.name, department=department_id, into=stays.name)


def sizes(unit: Unit) -> dict[int, int]:
    """Department → how many members who are here have it as their main one."""
    statement = (
        sa.select(member.c.department, sa.func.count())
        .where(member.c.is_active, member.c.department.is_not(None))
        .group_by(member.c.department)
    )
    return {row[0]: row[1] for row in unit.execute(statement)}


def set_head(unit: Unit, actor: Actor, department_id: int, head: int | None) -> None:
    guard.require_people(actor)
    if head is not None:
        guard.require_member(unit, head)
    _update(unit, department_id, head=head)
    audit.add(unit, actor, "department_head_set", head, department=department_id)


def pass_on(unit: Unit, actor: Actor, leaver: int, heir: int | None = None) -> None:
    """Give what a leaver heads to `heir`, else to the head of the next department above that has another one."""
    guard.require_people(actor)
    found = {one.id: one for one in tree(unit)}
    for one in found.values():
        if one.head != leaver:
            continue
        head, above = heir, one.parent
        while head is None and above is not None:
            head, above = found[above].head, found[above].parent
            head = None if head == leaver else head
        set_head(unit, actor, one.id, head)


def remove(unit: Unit, actor: Actor, department_id: int) -> None:
    """Remove an empty department: nobody in it and none below it. Records that were made in it keep its number."""
    guard.require_people(actor)
    used = (
        sa.select(member.c.id).where(member.c.department == department_id),
        sa.select(department_member.c.member).where(department_member.c.department == department_id),
        sa.select(department.c.id).where(department.c.parent == department_id),
    )
    if any(unit.execute(query.limit(1)).first() for query in used):
        raise Conflict(N_("Somebody is still in this department, or another lies below it."))
    if unit.execute(department.delete().where(department.c.id == department_id)).rowcount == 0:
        raise NotFound(MISSING)
    audit.add(unit, actor, "department_removed", department=department_id)


def _update(unit: Unit, department_id: int, **values: object) -> None:
    if unit.execute(department.update().where(department.c.id == department_id).values(**values)).rowcount == 0:
        raise NotFound(MISSING)


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= 100:
        message = N_("A name of 1 to 100 characters is needed.")
        raise Invalid(message, problems=[Problem("name", message)])
