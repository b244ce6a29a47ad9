"""The mail with a link to set a new password. The link is made when the mail is sent: nothing that waits holds it.

A worker killed between sending and finishing sends once more; both links are good until one is used.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from webapp import clock
from webapp.access import firm, members, resets
from webapp.access.members import Member
from webapp.channels import email
from webapp.channels.email import Letter
from webapp.db import Database, Unit
from webapp.i18n import N_, Message
from webapp.journal import due
from webapp.journal.due import Job

_BACKOFF = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1200))


@due.handler(
    resets.MAIL,
    attempts=6,
    backoff=_BACKOFF,
    limit=timedelta(minutes=5),
    title=N_("Mail to set a password"),
    is_repeatable=True,
)
def send(database: Database, job: Job) -> dict[str, Any] | None:
    """Send it, if there is somebody to send it to; a dead mail server is tried again for half an hour."""
    server = database.settings.mail
    with database.write() as unit:
        found = _recipient(unit, job)
        if found is None:
            return {"sent": False}
        if server is None:
            due.give_up(unit, job, str(N_("No mail server is set up.")))
            return None
        if job.payload.get("is_invitation"):
            letter = _invitation(unit, found, resets.issue(unit, found.id, lasts=resets.INVITED))
        else:
            letter = _letter(unit, found, resets.issue(unit, found.id))
        name = firm.get(unit).name
    try:
        email.send(server, letter, firm=name)
    except email.MailRefused as error:
        with database.write() as unit:
            due.give_up(unit, job, str(error))
        return None
    return {"sent": True}


def _recipient(unit: Unit, job: Job) -> Member | None:
    """None for an address that nobody has, for a leaver, and when he has stopped waiting."""
    if job.payload["member"] is None or clock.now() - job.created_at > resets.LASTS:
        return None
    found = members.get(unit, job.payload["member"])
    return found if found.is_active else None


def _letter(unit: Unit, member: Member, secret: str) -> Letter:
    firm_name = firm.get(unit).name
    return _written(
        unit, member, secret,
        N_("Set a new password for {firm}", firm=firm_name),
        N_("somebody asked for a new password for your account at {firm}. This link sets it:", firm=firm_name),
        N_("Set a new password"),
        N_("The link works once and for one hour."),
        N_("If it was not you, do nothing: your password stays as it is."),
    )  # fmt: skip


def _invitation(unit: Unit, member: Member, secret: str) -> Letter:
    firm_name = firm.get(unit).name
    return _written(
        unit, member, secret,
        N_("Your account at {firm}", firm=firm_name),
        N_("{firm} works with Mortise, and an account is ready for you. This link sets your password:", firm=firm_name),
        N_("Set a password"),
        N_("You sign in with this address: {email}", email=member.email),
        N_("The link works once and for seven days."),
    )  # fmt: skip


def _written(
    unit: Unit, member: Member, secret: str, subject: Message, why: Message, press: Message, *after: Message
) -> Letter:
    """A letter around the link, in the language of whom it is for."""
    locale = member.locale or firm.get(unit).locale
    return Letter(
        to=member.email,
        name=member.name,
        subject=subject.text(locale),
        before=[message.text(locale) for message in (N_("Hello {name},", name=member.name), why)],
        link=unit.settings.base_url + resets.path(secret),
        press=press.text(locale),
        after=[message.text(locale) for message in after],
    )
