"""Forgotten passwords: a link by mail that works once and for an hour. Unknown addresses answer like known ones."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from webapp import clock
from webapp.access import attempts, audit, guard, members, secret, sessions
from webapp.access.actor import Actor
from webapp.access.tables import member, reset
from webapp.db import Unit
from webapp.errors import Conflict, MortiseError, TooMany
from webapp.i18n import N_
from webapp.journal import due

#: The due row that sends the mail; `webapp.channels.password_mail` does it.
MAIL = "password.mail"
LASTS = timedelta(hours=1)
#: A link that an administrator gives to somebody.
INVITED = timedelta(days=7)


class LinkSpent(MortiseError):
    """The link has been used, has expired or was never given; which of them is not told."""

    code, status = "gone", 410


def ask(unit: Unit, email: str, *, address: str) -> None:
    """Have a link sent to whoever has this address, if anybody has; raises `TooMany` with `retry_after`.

    address  where the request comes from
    """
    account = members.normal_email(email)
    try:
        attempts.begin(unit, _counted(account), address)
    except TooMany as error:
        minutes = -(-error.detail["retry_after"] // 60)
        said = N_("This was asked for too often. Try again in {n} min.", n=minutes)
        raise TooMany(said, **error.detail) from None
    found = unit.execute(sa.select(member.c.id).where(member.c.email == account, member.c.is_active)).scalar()
    # A row for nobody, too, so that both take the same time; the address itself is not kept.
    due.add(unit, MAIL, secret.hashed(_counted(account)), {"member": found}, actor=found)


def invite(unit: Unit, actor: Actor, member_id: int) -> str:
    """A fresh secret for the link with which a member sets his password, for an administrator to hand to him."""
    guard.require_power_over(unit, actor, member_id)
    if not members.get(unit, member_id).is_active:
        raise Conflict(N_("Somebody who has left cannot be invited; open the account again first."))
    void(unit, member_id)
    audit.add(unit, actor, "member_invited", member_id)
    return issue(unit, member_id, lasts=INVITED)


def mail(unit: Unit, actor: Actor, member_id: int) -> None:
    """Have the link sent to a member's address."""
    guard.require_power_over(unit, actor, member_id)
    audit.add(unit, actor, "member_invited", member_id, mail=True)
    due.add(unit, MAIL, f"invitation:{member_id}", {"member": member_id, "is_invitation": True}, actor=member_id)


def issue(unit: Unit, member_id: int, *, lasts: timedelta = LASTS) -> str:
    """A fresh secret for a member's link; its hash is kept. Earlier ones stay good: their mail may be on its way."""
    now = clock.now()
    unit.execute(reset.delete().where(reset.c.expires_at <= now))
    text = secret.new()
    values = {"hash": secret.hashed(text), "member": member_id, "created_at": now, "expires_at": now + lasts}
    unit.execute(reset.insert().values(values))
    return text


def path(text: str) -> str:
    """The address of the page behind the link."""
    return f"/login/password/{text}"


def require(unit: Unit, text: str) -> members.Member:
    """Whose link it is; raises `LinkSpent`."""
    found = unit.execute(
        sa.select(reset.c.member)
        .join(member, member.c.id == reset.c.member)
        .where(reset.c.hash == secret.hashed(text), reset.c.expires_at > clock.now(), member.c.is_active)
    ).scalar()
    if found is None:
        raise LinkSpent(N_("This link has been used, has expired or is not complete."))
    return members.get(unit, found)


def use(unit: Unit, text: str, hashed: str) -> int:
    """Set the password (its hash): the links of the member are spent, his sessions end. Of two at once the second
    raises `LinkSpent`."""
    whose = require(unit, text)
    if unit.execute(reset.delete().where(reset.c.hash == secret.hashed(text))).rowcount == 0:
        raise LinkSpent(N_("This link has been used, has expired or is not complete."))
    void(unit, whose.id)
    unit.execute(member.update().where(member.c.id == whose.id).values(password=hashed))
    sessions.end_all_of(unit, whose.id)
    attempts.forgive(unit, whose.email)
    attempts.forgive(unit, _counted(whose.email))
    audit.add(unit, None, "password_reset", whose.id)
    return whose.id


def void(unit: Unit, member_id: int) -> None:
    """All links of a member are spent."""
    unit.execute(reset.delete().where(reset.c.member == member_id))


def _counted(account: str) -> str:
    """What the tries are counted for, beside those at signing in."""
    return f"reset:{account}"
