"""Members as administrators look at them: with their departments, roles and when they were last here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.access import guard
from webapp.access.actor import Actor
from webapp.access.tables import department, department_member, member, role_holder, session
from webapp.db import Unit
from webapp.errors import NotFound
from webapp.expressions.fold import fold
from webapp.i18n import N_

#: active: can sign in; invited: has no password yet; left: disabled.
STATES = ("active", "invited", "left")
#: Whoever has not left.
HERE = "here"


@dataclass(frozen=True)
class Person:
    id: int
    email: str
    name: str
    locale: str | None
    state: str
    department: int | None
    department_name: str | None
    further: tuple[int, ...]
    roles: tuple[str, ...]
    headed: tuple[str, ...]
    signed_in_at: datetime | None
    seen_at: datetime | None
    created_at: datetime


def listed(
    unit: Unit,
    actor: Actor,
    *,
    search: str = "",
    state: str = HERE,
    in_department: Sequence[int] = (),
    role: str = "",
) -> list[Person]:
    """Members by name, in one statement; `search` finds names, their pinyin, and addresses."""
    _require(actor)
    is_asked = member.c.is_active if state == HERE else _state() == state
    statement = _select(unit).where(is_asked).order_by(member.c.sort_key, member.c.id)
    if in_department:
        further = sa.select(department_member.c.member).where(department_member.c.department.in_(in_department))
        statement = statement.where(sa.or_(member.c.department.in_(in_department), member.c.id.in_(further)))
    if role:
        holders = sa.select(role_holder.c.member).where(role_holder.c.role == role)
        statement = statement.where(member.c.id.in_(holders))
    wanted = fold(search.strip()[:100]).replace(" ", "")
    return [_person(unit, row) for row in unit.execute(statement) if not wanted or _is_found(row, wanted)]


def _is_found(row: Any, wanted: str) -> bool:
    """By name, by address, by the sounds of the name or by their first letters (the sort key has them with tones)."""
    sounds = re.sub(r"[^a-z]", "", row.sort_key)
    initials = "".join(re.findall(r"([a-z])[a-z]*\d", row.sort_key))
    return wanted in fold(row.name).replace(" ", "") or wanted in row.email or wanted in sounds or wanted in initials


def get(unit: Unit, actor: Actor, member_id: int) -> Person:
    _require(actor)
    row = unit.execute(_select(unit).where(member.c.id == member_id)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such member."))
    return _person(unit, row)


def counts(unit: Unit, actor: Actor) -> dict[str, int]:
    """How many there are in each state."""
    _require(actor)
    found = dict.fromkeys(STATES, 0)
    state = _state().label("state")
    found.update(unit.execute(sa.select(state, sa.func.count()).group_by(state)).all())
    return found


def names(unit: Unit) -> list[tuple[int, str]]:
    """Whoever is here, by name, to choose from."""
    statement = sa.select(member.c.id, member.c.name).where(member.c.is_active)
    return [(row.id, row.name) for row in unit.execute(statement.order_by(member.c.sort_key, member.c.id))]


def everybody(unit: Unit) -> dict[int, str]:
    """Names by number, of leavers too: who did what."""
    return {row.id: row.name for row in unit.execute(sa.select(member.c.id, member.c.name))}


def _require(actor: Actor) -> None:
    guard.require_people(actor)


def _state() -> sa.Case[Any]:
    return sa.case((sa.not_(member.c.is_active), "left"), (member.c.password.is_(None), "invited"), else_="active")


def _select(unit: Unit) -> sa.Select[Any]:
    gather = sa.func.json_group_array if unit.dialect == "sqlite" else sa.func.json_agg
    mine = session.c.member == member.c.id
    of_him = {
        "further": sa.select(gather(department_member.c.department)).where(department_member.c.member == member.c.id),
        "roles": sa.select(gather(role_holder.c.role)).where(role_holder.c.member == member.c.id),
        "headed": sa.select(gather(department.c.name)).where(department.c.head == member.c.id),
        "signed_in_at": sa.select(sa.func.max(session.c.created_at)).where(mine),
        "seen_at": sa.select(sa.func.max(session.c.seen_at)).where(mine),
    }
    here = department.alias()
    return sa.select(
        member.c.id,
        member.c.email,
        member.c.name,
        member.c.locale,
        _state().label("state"),
        member.c.department,
        here.c.name.label("department_name"),
        member.c.created_at,
        member.c.sort_key,
        *(query.scalar_subquery().label(name) for name, query in of_him.items()),
    ).outerjoin(here, here.c.id == member.c.department)


def _person(unit: Unit, row: Any) -> Person:
    found = {key: value for key, value in row._mapping.items() if key != "sort_key"}
    for key in ("further", "roles", "headed"):
        value = found[key]
        loaded = json.loads(value) if isinstance(value, str) else value or []
        found[key] = tuple(sorted(one for one in loaded if one is not None))
    return Person(**found)
