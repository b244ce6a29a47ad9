"""The journal of people and rights: members, departments, roles, tokens, sessions, lock-outs. Added to, never changed.

Records have a journal of their own (`webapp.journal`); this one is read by keepers and auditors.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import AUDITOR, Actor
from webapp.access.tables import audit, member
from webapp.db import Unit
from webapp.errors import Denied
from webapp.i18n import N_, Message

#: What is written down, with the words for people.
ACTIONS: dict[str, Message] = {
    "member_added": N_("Member added"),
    "member_renamed": N_("Member renamed"),
    "member_readdressed": N_("E-mail address changed"),
    "member_invited": N_("Link to set a password made"),
    "records_handed_over": N_("Records handed over"),
    "member_placed": N_("Departments changed"),
    "member_seen_as": N_("Looked as this member"),
    "member_disabled": N_("Member disabled"),
    "member_enabled": N_("Member enabled again"),
    "password_set": N_("Password set"),
    "password_reset": N_("Password set by a link in a mail"),
    "role_granted": N_("Role granted"),
    "role_revoked": N_("Role revoked"),
    "token_created": N_("Token made"),
    "token_revoked": N_("Token revoked"),
    "sessions_ended": N_("Signed out elsewhere"),
    "locked_out": N_("Locked out after wrong passwords"),
    "department_added": N_("Department added"),
    "department_renamed": N_("Department renamed"),
    "department_moved": N_("Department moved"),
    "department_head_set": N_("Head of department set"),
    "department_merged": N_("Department merged into another"),
    "department_removed": N_("Department removed"),
    "backup_plan_changed": N_("Nightly backups changed"),
    "backup_ordered": N_("Backup ordered"),
    "backup_downloaded": N_("Backup downloaded"),
    "backup_restored": N_("Backup restored"),
    "firm_changed": N_("Settings of the firm changed"),
    "app_published": N_("Version of an app published"),
    "app_retried": N_("Building tried again"),
}


#: What people look for, with the actions it means.
GROUPS: dict[str, tuple[Message, tuple[str, ...]]] = {
    "members": (N_("Members"), tuple(a for a in ACTIONS if a.startswith("member_") or a == "records_handed_over")),
    "departments": (N_("Departments"), tuple(a for a in ACTIONS if a.startswith("department_"))),
    "roles": (N_("Roles"), ("role_granted", "role_revoked")),
    "access": (
        N_("Passwords, sessions and tokens"),
        ("password_set", "password_reset", "sessions_ended", "locked_out", "token_created", "token_revoked"),
    ),
    "system": (N_("Firm and apps"), tuple(a for a in ACTIONS if a.startswith(("firm_", "app_", "backup_")))),
}


@dataclass(frozen=True)
class Entry:
    """One line of the journal. Names are those of today; `detail` says the rest, by action."""

    id: int
    at: datetime
    actor: int | None
    actor_name: str | None
    token: int | None
    origin: str | None
    action: str
    member: int | None
    member_name: str | None
    detail: dict[str, Any]


def add(
    unit: Unit,
    actor: Actor | None,
    action: str,
    member_id: int | None = None,
    *,
    origin: str | None = None,
    **detail: Any,
) -> None:
    """Write down what `actor` (None: nobody who is signed in) has done to `member_id`, in the unit that does it."""
    if action not in ACTIONS:
        raise ValueError(action)
    unit.execute(
        audit.insert().values(
            at=clock.now(),
            actor=actor.member or None if actor else None,
            token=actor.token if actor else None,
            origin=origin or unit.origin,
            action=action,
            member=member_id,
            detail=json.dumps(detail, ensure_ascii=False, default=str),
        )
    )


def listed(
    unit: Unit,
    actor: Actor,
    *,
    member_id: int | None = None,
    action: str | None = None,
    actions: Collection[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """The newest lines first, older than line `before`; for keepers and auditors.

    since, until  from this moment on, and before that one
    """
    if not (actor.is_keeper or AUDITOR in actor.roles):
        raise Denied(N_("Only auditors and system administrators read this journal."))
    statement = _select(member_id, action, before, limit)
    if actions is not None:
        statement = statement.where(audit.c.action.in_(actions))
    if since is not None:
        statement = statement.where(audit.c.at >= since)
    if until is not None:
        statement = statement.where(audit.c.at < until)
    return _read(unit, statement)


def of_member(unit: Unit, member_id: int, *, limit: int) -> list[Entry]:
    """The newest lines about a member, for his page; the caller has asked whether they may be read."""
    return _read(unit, _select(None, None, None, limit).where(audit.c.member == member_id))


def _select(member_id: int | None, action: str | None, before: int | None, limit: int) -> sa.Select[Any]:
    who, whom = member.alias(), member.alias()
    statement = (
        sa.select(audit, who.c.name.label("actor_name"), whom.c.name.label("member_name"))
        .outerjoin(who, who.c.id == audit.c.actor)
        .outerjoin(whom, whom.c.id == audit.c.member)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    if member_id is not None:
        statement = statement.where(sa.or_(audit.c.member == member_id, audit.c.actor == member_id))
    if action is not None:
        statement = statement.where(audit.c.action == action)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return statement


def _read(unit: Unit, statement: sa.Select[Any]) -> list[Entry]:
    rows = [dict(row._mapping) for row in unit.execute(statement)]
    return [Entry(**{**row, "detail": json.loads(row["detail"])}) for row in rows]
