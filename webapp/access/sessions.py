"""Sessions are rows: whose, on which device, since when, last seen, until when. The cookie is kept as a hash."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp import clock
from webapp.access import audit, secret
from webapp.access.actor import Actor
from webapp.access.guard import require_care_of
from webapp.access.tables import member, role_holder, session
from webapp.db import Unit


def begin(unit: Unit, member: int, *, device: str | None, lasts: timedelta) -> str:
    """Sign a member in on a device; answers the cookie's value, which exists nowhere else."""
    value = secret.new()
    now = clock.now()
    unit.execute(
        session.insert().values(
            hash=secret.hashed(value),
            member=member,
            device=(device or "")[:200] or None,
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
        )
    )
    return value


def note_use(unit: Unit, hashed: str) -> None:
    unit.execute(session.update().where(session.c.hash == hashed).values(seen_at=clock.now()))


def roles_of_open(unit: Unit, hashes: Collection[str]) -> dict[str, frozenset[str]]:
    """Of these sessions those that are still good, with the roles their members hold now."""
    statement = (
        sa.select(session.c.hash, role_holder.c.role)
        .join(member, member.c.id == session.c.member)
        .outerjoin(role_holder, role_holder.c.member == member.c.id)
        .where(session.c.hash.in_(hashes), session.c.ended_at.is_(None), session.c.expires_at > clock.now())
        .where(member.c.is_active)
    )
    found: dict[str, set[str]] = {}
    for row in unit.execute(statement):
        found.setdefault(row.hash, set()).update([row.role] if row.role else [])
    return {hashed: frozenset(roles) for hashed, roles in found.items()}


def end(unit: Unit, cookie: str) -> None:
    """Sign out here."""
    _end(unit, session.c.hash == secret.hashed(cookie))


def end_all(unit: Unit, actor: Actor, member: int, *, but: str | None = None) -> None:
    """Sign a member out everywhere, or everywhere but where the cookie `but` is."""
    require_care_of(unit, actor, member)
    end_all_of(unit, member, but=but)
    audit.add(unit, actor, "sessions_ended", member)


def end_all_of(unit: Unit, member: int, *, but: str | None = None) -> None:
    """The same, where the caller has already asked whether it may be done."""
    kept = sa.true() if but is None else session.c.hash != secret.hashed(but)
    _end(unit, sa.and_(session.c.member == member, kept))


def end_one(unit: Unit, actor: Actor, member: int, hashed: str) -> None:
    """End one listed session of a member, named by its hash."""
    require_care_of(unit, actor, member)
    _end(unit, sa.and_(session.c.member == member, session.c.hash == hashed))
    audit.add(unit, actor, "sessions_ended", member)


def listed(unit: Unit, actor: Actor, member: int) -> list[sa.Row[tuple[str, str | None, datetime, datetime]]]:
    """A member's open sessions, last seen first: hash, device, created_at, seen_at."""
    require_care_of(unit, actor, member)
    return list(
        unit.execute(
            sa.select(session.c.hash, session.c.device, session.c.created_at, session.c.seen_at)
            .where(session.c.member == member, session.c.ended_at.is_(None), session.c.expires_at > clock.now())
            .order_by(session.c.seen_at.desc())
        )
    )


def _end(unit: Unit, which: sa.ColumnElement[bool]) -> None:
    unit.execute(session.update().where(which, session.c.ended_at.is_(None)).values(ended_at=clock.now()))
