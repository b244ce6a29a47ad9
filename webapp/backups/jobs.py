"""Backups in the background: every night, when somebody asks, and going through one again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import audit, firm, members
from webapp.access.actor import Actor
from webapp.access.guard import require_keeper
from webapp.backups import folders, keeping
from webapp.backups.archive import Damaged, Reader
from webapp.backups.steps import Say, Stage
from webapp.db import Database, Unit
from webapp.errors import MortiseError
from webapp.i18n import N_, Message
from webapp.journal import due, periodic
from webapp.journal.due import Job
from webapp.journal.tables import due as due_table

CREATE, VERIFY, NIGHTLY = "backup.create", "backup.verify", "periodic.backup"
#: A mount that is away for a moment, another backup at work: again after so long.
_AGAIN = (timedelta(minutes=5), timedelta(minutes=30))


def order(unit: Unit, actor: Actor) -> int:
    """Have one made now; one that is being made already is the one. The job's id."""
    require_keeper(actor)
    audit.add(unit, actor, "backup_ordered")
    return due.add(unit, CREATE, "now", {}, actor=actor.member)


def order_check(unit: Unit, actor: Actor, name: str, *, deep: bool = False) -> int:
    """Have one gone through; raises `NotFound`. The job's id."""
    require_keeper(actor)
    folders.named(unit.settings, name)
    return due.add(unit, VERIFY, name, {"name": name, "deep": deep}, actor=actor.member)


def running(unit: Unit) -> list[Job]:
    """What is waiting or at work, oldest first."""
    wanted = (due_table.c.kind.in_((CREATE, VERIFY, NIGHTLY))) & (due_table.c.due_at <= clock.now())
    query = sa.select(due_table).where(due.IS_OPEN, wanted).order_by(due_table.c.id)
    return [due.job_of(row) for row in unit.execute(query)]


@due.handler(CREATE, attempts=1, title=N_("Backup"), is_repeatable=True)
def create(database: Database, job: Job) -> dict[str, Any] | None:
    return _create(database, job, "hand")


@periodic.every("backup", at=keeping.chosen, attempts=3, backoff=_AGAIN)
def nightly(database: Database, job: Job) -> dict[str, Any] | None:
    """Make one, go through it, and let the old ones go. A firm that nobody has set up yet is left alone."""
    with database.read() as unit:
        if members.is_empty(unit):
            return {}
    return _create(database, job, "schedule")


def _create(database: Database, job: Job, reason: str) -> dict[str, Any] | None:
    from webapp.backups import checking, making

    settings, mine = database.settings, f"{job.id}:{job.created_at.isoformat()}"
    with _told(database):
        found = next((one for one in folders.listed(settings) if (one.manifest or {}).get("job") == mine), None)
        say = _telling(database, job)
        made = found or making.create(
            settings, making.Order(reason=reason, job=mine), lambda at, what: say(at * 3 // 4, what)
        )
        try:
            with Reader(made.path) as reader:  # from the disk, as a restore would read it
                checking.whole(reader, Stage(say, N_("Every byte is compared"), 75, 100, reader.size))
        except Damaged:
            made.path.unlink(missing_ok=True)  # nobody shall rely on it
            raise
    with database.read() as unit:
        plan = keeping.plan(unit)
    gone = keeping.clear(settings, plan) if reason == "schedule" else []
    result = {"name": made.name, "size": made.size, "removed": gone}
    with database.write() as unit:
        keeping.note(unit, made.name, None)
        keeping.note_verified(unit, made.name, None, [one.name for one in folders.listed(settings)])
        due.finish(unit, job, result)
    return result


@due.handler(VERIFY, attempts=1, title=N_("Check of a backup"), is_repeatable=True)
def verify(database: Database, job: Job) -> dict[str, Any] | None:
    """Go through every byte of one; what is wrong is the result, in the firm's language."""
    from webapp.backups import checking

    name, settings = job.payload["name"], database.settings
    error: MortiseError | None = None
    try:
        path = folders.named(settings, name)
        checking.verify(settings, path, deep=bool(job.payload.get("deep")), say=_telling(database, job))
    except MortiseError as found:
        error = found
    present = [one.name for one in folders.listed(settings)]
    with database.write() as unit:
        message = error.message if error else None
        keeping.note_verified(unit, name, message, present)
        due.finish(unit, job, {"name": name, "error": message.text(firm.get(unit).locale) if message else None})
    return None


@contextmanager
def _told(database: Database) -> Iterator[None]:
    """A backup that fails is remembered for the keepers."""
    try:
        yield
    except (due.Cancelled, due.Stopping, due.LeaseLost):
        raise
    except Exception as error:
        message = error.message if isinstance(error, MortiseError) else N_("Something went wrong: {error}", error=error)
        with database.write() as unit:
            keeping.note(unit, None, message)
        raise


def _telling(database: Database, job: Job) -> Say:
    """Progress as the job's, told in English and translated for whoever looks; ends the work when somebody asks."""

    def say(percent: int, what: Message) -> None:
        due.progress(database, job, percent, 100, what.id)

    return say
