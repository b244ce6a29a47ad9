"""Tokens for the API. A token acts as its member, with all his rights or only the reading ones; shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import audit, secret
from webapp.access.actor import Actor
from webapp.access.guard import require_care_of, require_keeper, require_member
from webapp.access.tables import member as member_table
from webapp.access.tables import token
from webapp.db import Unit
from webapp.errors import Denied, Invalid, NotFound, Problem
from webapp.i18n import N_

PREFIX = "mt_"
SCOPES = ("read", "write")


def create(
    unit: Unit, actor: Actor, member: int, name: str, *, scope: str = "write", expires_at: datetime | None = None
) -> tuple[int, str]:
    """A new token of a member: its id and its secret, which is never shown again. A token cannot make tokens."""
    if actor.kind == "token":
        raise Denied(N_("A token cannot make or revoke tokens."))
    require_care_of(unit, actor, member)
    require_member(unit, member)
    _check(name, scope, expires_at)
    text = secret.new(PREFIX)
    made = unit.execute(
        token.insert().values(
            hash=secret.hashed(text),
            member=member,
            name=name.strip(),
            scope=scope,
            created_at=clock.now(),
            expires_at=expires_at,
        )
    )
    id_ = int(made.inserted_primary_key[0])  # type: ignore[index]
    audit.add(unit, actor, "token_created", member, number=id_, name=name.strip(), scope=scope, expires_at=expires_at)
    return id_, text


def revoke(unit: Unit, actor: Actor, token_id: int) -> None:
    if actor.kind == "token":
        raise Denied(N_("A token cannot make or revoke tokens."))
    owner = unit.execute(sa.select(token.c.member).where(token.c.id == token_id)).scalar_one_or_none()
    if owner is None:
        raise NotFound(N_("There is no token with this number."))
    require_care_of(unit, actor, owner)
    ended = unit.execute(
        token.update().where(token.c.id == token_id, token.c.ended_at.is_(None)).values(ended_at=clock.now())
    )
    if ended.rowcount:
        audit.add(unit, actor, "token_revoked", owner, number=token_id)


def end_all_of(unit: Unit, member: int) -> None:
    """Revoke every token of a member; the caller has asked whether it may be done."""
    unit.execute(
        token.update().where(token.c.member == member, token.c.ended_at.is_(None)).values(ended_at=clock.now())
    )


def listed(unit: Unit, actor: Actor, member: int) -> list[sa.Row[Any]]:
    """A member's tokens that were not revoked, newest first, without their secrets."""
    require_care_of(unit, actor, member)
    shown = (token.c.id, token.c.name, token.c.scope, token.c.created_at, token.c.expires_at, token.c.used_at)
    return list(
        unit.execute(
            sa.select(*shown).where(token.c.member == member, token.c.ended_at.is_(None)).order_by(token.c.id.desc())
        )
    )


def everybodys(unit: Unit, actor: Actor) -> list[sa.Row[Any]]:
    """All tokens that were not revoked, with their members' names; for keepers."""
    require_keeper(actor)
    shown = (token.c.id, token.c.name, token.c.scope, token.c.created_at, token.c.expires_at, token.c.used_at)
    return list(
        unit.execute(
            sa.select(*shown, member_table.c.id.label("member"), member_table.c.name.label("whose"))
            .join(member_table, member_table.c.id == token.c.member)
            .where(token.c.ended_at.is_(None))
            .order_by(member_table.c.sort_key, member_table.c.id, token.c.id.desc())
        )
    )


def note_use(unit: Unit, hashed: str) -> None:
    unit.execute(token.update().where(token.c.hash == hashed).values(used_at=clock.now()))


def _check(name: str, scope: str, expires_at: datetime | None) -> None:
    problems = []
    if not name.strip() or len(name) > 100:
        problems.append(Problem("name", N_("A name of 1 to 100 characters is needed.")))
    if scope not in SCOPES:
        problems.append(Problem("scope", N_("The scope is read or write.")))
    if expires_at is not None and expires_at <= clock.now():
        problems.append(Problem("expires_at", N_("This moment has passed.")))
    if problems:
        raise Invalid(N_("The token needs mending."), problems=problems)
