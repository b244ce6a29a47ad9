"""Actors, built from a member, a session or a token in one statement: roles and departments come with it."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from webapp import clock
from webapp.access import firm, secret
from webapp.access.actor import Actor
from webapp.access.firm import Firm
from webapp.access.tables import department, department_member, member, role_holder, session, token
from webapp.db import Unit
from webapp.definitions import epochs
from webapp.errors import NotFound, Unauthenticated
from webapp.i18n import N_

By = Literal["member", "session", "token"]


@dataclass(frozen=True)
class Known:
    """An actor and what he showed: the hash of his session's or token's secret and when it was last noted.

    firm  its settings, which nearly every page wants to know
    """

    actor: Actor
    hash: str
    noted_at: datetime | None
    firm: Firm


def of_member(unit: Unit, member_id: int) -> Actor:
    """The member himself. Raises `NotFound` for nobody, and for somebody who left."""
    row = unit.execute(_statement(unit.dialect, "member"), {"subject": member_id, "now": None}).one_or_none()
    if row is None:
        raise NotFound(N_("There is no active member with this number."))
    return _actor(unit, row)


def on_behalf(unit: Unit, member_id: int) -> Actor:
    """The system working for a member (a job of his), with his rights and no others."""
    row = unit.execute(_statement(unit.dialect, "member"), {"subject": member_id, "now": None}).one_or_none()
    if row is None:
        raise NotFound(N_("There is no active member with this number."))
    return _actor(unit, row, kind="system", on_behalf_of=member_id)


def of_session(unit: Unit, cookie: str) -> Actor | None:
    """Whose session the cookie's value is; None when there is none, or it ended, or its member left."""
    known = by_session(unit, cookie)
    return known.actor if known else None


def by_session(unit: Unit, cookie: str) -> Known | None:
    hashed = secret.hashed(cookie)
    row = unit.execute(_statement(unit.dialect, "session"), {"subject": hashed, "now": clock.now()}).one_or_none()
    return Known(_actor(unit, row), hashed, row.noted_at, firm.of_row(unit, row)) if row else None


def of_token(unit: Unit, text: str) -> Actor:
    """The member behind an API token, limited to its scope; raises `Unauthenticated`."""
    return by_token(unit, text).actor


def by_token(unit: Unit, text: str) -> Known:
    hashed = secret.hashed(text)
    row = unit.execute(_statement(unit.dialect, "token"), {"subject": hashed, "now": clock.now()}).one_or_none()
    if row is None:
        raise Unauthenticated(N_("This token is not valid: it is unknown, expired or revoked."))
    actor = _actor(unit, row, kind="token", scope=row.scope, token=row.token)
    return Known(actor, hashed, row.noted_at, firm.of_row(unit, row))


def _actor(unit: Unit, row: Any, **more: Any) -> Actor:
    epochs.note(unit, row.epoch)
    return Actor(
        member=row.id,
        name=row.name,
        roles=frozenset(_list(row.roles)),
        department=row.department,
        departments=tuple(sorted(_list(row.departments))),
        departments_below=tuple(sorted(_list(row.below))),
        headed=tuple(sorted(_list(row.headed))),
        locale=row.locale or (json.loads(row.firm_locale) if row.firm_locale else unit.settings.locale),
        theme=row.theme or "system",
        zone=row.zone,
        **more,
    )


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    loaded = json.loads(value) if isinstance(value, str) else value
    return [item for item in loaded if item is not None]


@functools.cache
def _statement(dialect: str, by: By) -> sa.Select[Any]:
    """One row with the member, his roles and his departments; parameters `subject` and `now`.

    The firm's settings and the epoch of the definitions come with it, so that a request asks one statement for all
    that every request wants to know.
    """
    gather = sa.func.json_group_array if dialect == "sqlite" else sa.func.json_agg
    who = _who(by).cte("who")
    own = sa.union(
        sa.select(who.c.department.label("id")).where(who.c.department.is_not(None)),
        sa.select(department_member.c.department).join(who, who.c.id == department_member.c.member),
    ).cte("own")
    below = _with_all_below(sa.select(own.c.id), "below")
    headed = _with_all_below(sa.select(department.c.id).join(who, who.c.id == department.c.head), "headed")
    roles = sa.select(gather(role_holder.c.role)).where(role_holder.c.member == who.c.id)
    return sa.select(
        who,
        roles.scalar_subquery().label("roles"),
        sa.select(gather(own.c.id)).scalar_subquery().label("departments"),
        sa.select(gather(below.c.id)).scalar_subquery().label("below"),
        sa.select(gather(headed.c.id)).scalar_subquery().label("headed"),
        *firm.columns(),
        epochs.column().label("epoch"),
    )


def _who(by: By) -> sa.Select[Any]:
    columns = [member.c.id, member.c.name, member.c.department, member.c.locale, member.c.theme, member.c.zone]
    subject: sa.BindParameter[Any] = sa.bindparam("subject")
    now = sa.bindparam("now", type_=session.c.expires_at.type)
    found = sa.select(*columns).where(member.c.is_active)
    if by == "member":
        return found.where(member.c.id == subject)
    if by == "session":
        return (
            found.add_columns(session.c.seen_at.label("noted_at"))
            .join(session, session.c.member == member.c.id)
            .where(session.c.hash == subject, session.c.ended_at.is_(None), session.c.expires_at > now)
        )
    return (
        found.add_columns(token.c.scope, token.c.id.label("token"), token.c.used_at.label("noted_at"))
        .join(token, token.c.member == member.c.id)
        .where(
            token.c.hash == subject,
            token.c.ended_at.is_(None),
            sa.or_(token.c.expires_at.is_(None), token.c.expires_at > now),
        )
    )


def _with_all_below(first: sa.Select[Any], name: str) -> sa.CTE:
    found = first.cte(name, recursive=True)
    return found.union(sa.select(department.c.id).join(found, department.c.parent == found.c.id))
