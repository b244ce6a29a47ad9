"""Whether everything that Mortise needs is there, and what to do where it is not. Asked at the first set-up."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.config import Settings
from webapp.db import Database
from webapp.errors import MortiseError
from webapp.i18n import N_, Message
from webapp.journal import due
from webapp.journal.tables import due as due_table

OK, WARN, BAD = "ok", "warn", "bad"
#: Bytes free in the data folder.
_LITTLE, _TOO_LITTLE = 2 * 1024**3, 200 * 1024**2
#: Nothing that is ready waits so long while a worker runs.
_LONG = timedelta(minutes=2)
#: Clocks of two machines may differ by so much.
_APART = timedelta(seconds=30)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_TO_HTTPS = N_(
    "Over http, what is sent can be read on the way, and phones cannot install the app. Put a web server with a "
    "certificate in front and set MORTISE_BASE_URL to its https address."
)
_MAIL_HELP = N_(
    "Without it nobody gets a link for a forgotten password. Set MORTISE_MAIL_URL, for example "
    "smtp://user:password@mail.example.com?from=crm@example.com"
)

#: State, what was seen, and what to do about it.
Said = tuple[str, Message, Message | None]
#: Key, title, and who looks.
Look = tuple[str, Message, Callable[[], Said]]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `state` is ok, warn or bad; `todo` says how to mend it."""

    key: str
    title: Message
    state: str
    said: Message
    todo: Message | None = None


def run(database: Database, seen_at: str | None = None) -> list[Check]:
    """All checks. Takes as long as the mail server does, five seconds at most.

    seen_at  the address at which somebody is looking (`https://crm.example.com`)
    """
    settings = database.settings
    looks: tuple[Look, ...] = (
        ("database", N_("Database"), lambda: _database(database)),
        ("queue", N_("Background work"), lambda: _queue(database)),
        ("folder", N_("Data folder"), lambda: _folder(settings.data_dir)),
        ("clock", N_("Clock and time zone"), lambda: _clock(database)),
        ("address", N_("Address"), lambda: _address(settings, seen_at)),
        ("mail", N_("Mail"), lambda: _mail(settings)),
    )
    return look_at(looks)


def look_at(looks: Iterable[Look]) -> list[Check]:
    """Go through them; one that goes wrong keeps none of the others."""
    return [Check(key, title, *_looked(look)) for key, title, look in looks]


def _looked(look: Callable[[], Said]) -> Said:
    """What goes wrong while looking is what is wrong."""
    try:
        return look()
    except MortiseError as error:
        return BAD, error.message, N_("The server’s log says more.")
    except Exception as error:  # whatever it is, the other checks still count
        return (
            BAD,
            N_("This failed: {error}", error=f"{type(error).__name__}: {error}"[:300]),
            N_("The server’s log says more."),
        )


def _database(database: Database) -> Said:
    with database.write() as unit:  # a writer, so that a read-only disk is noticed
        version = unit.execute(
            sa.text("select sqlite_version()" if database.is_sqlite else "show server_version")
        ).scalar_one()
    if database.is_sqlite:
        return OK, N_("SQLite {version}, a file in the data folder", version=version), None
    return OK, N_("PostgreSQL {version}", version=str(version).split()[0]), None


def _queue(database: Database) -> Said:
    import tasks

    waiting = sa.select(due_table.c.id).where(due.IS_WAITING, due_table.c.due_at < clock.now() - _LONG).limit(1)
    with database.read() as unit:
        is_stuck = unit.execute(waiting).first() is not None
    kind = "SQLite" if database.settings.queue_url.startswith("sqlite") else "Redis"
    if is_stuck:
        return (
            BAD,
            N_("Nobody does what is due."),
            N_("Start the worker: mortise serve, or mortise worker beside mortise web."),
        )
    queue = tasks.Queue(database)
    try:
        queue.pending()
    except Exception as error:
        reason = str(error) or type(error).__name__
        todo = N_("Work is still found every 15 seconds. Look at MORTISE_QUEUE_URL and whether the queue runs.")
        return WARN, N_("The queue does not answer: {reason}", reason=reason[:200]), todo
    finally:
        queue.close()
    return OK, N_("The queue answers ({kind})", kind=kind), None


def _folder(folder: Path) -> Said:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        todo = N_("Let the user who runs Mortise write into {folder}.", folder=str(folder))
        return BAD, N_("It cannot be written: {reason}", reason=error.strerror or str(error)), todo
    free = shutil.disk_usage(folder).free
    room = N_("{folder}, {free} GB free", folder=str(folder), free=f"{free / 1024**3:.1f}")
    if free >= _LITTLE:
        return OK, room, None
    todo = N_("Make room on this disk, or set MORTISE_DATA_DIR to another one.")
    return (WARN if free >= _TOO_LITTLE else BAD), room, todo


def _clock(database: Database) -> Said:
    """Against the database server's clock, and against the age of the product itself; the person has a watch."""
    zone, now = database.settings.timezone, clock.now()
    local = now.astimezone(ZoneInfo(zone))
    said = N_("It is {time} in {zone}", time=f"{local:%Y-%m-%d %H:%M}", zone=zone)
    change = N_(
        "If that is not your firm’s time: start Mortise with MORTISE_TIMEZONE set, for example to Europe/Berlin."
    )
    if now < datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC) - timedelta(days=1):
        return BAD, said, N_("The clock is behind: set it right, best by the network (NTP).")
    if not database.is_sqlite:
        with database.read() as unit:
            theirs = unit.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        if abs(theirs - clock.now()) > _APART:
            return (
                BAD,
                said,
                N_("The clock of the database’s machine shows another time: set both by the network (NTP)."),
            )
    return OK, said, change


def _address(settings: Settings, seen_at: str | None) -> Said:
    said = N_("People reach it at {address}", address=settings.base_url)
    if seen_at and seen_at.startswith("https://") and seen_at != settings.base_url:
        todo = N_(
            "You are at {seen}: start Mortise with MORTISE_BASE_URL={seen}, so that links in mails lead there.",
            seen=seen_at,
        )
        return WARN, said, todo
    if settings.is_https:
        return OK, said, None
    if urlsplit(settings.base_url).hostname in _LOOPBACK:
        return WARN, N_("Only this machine reaches it, at {address}", address=settings.base_url), _TO_HTTPS
    return WARN, said, _TO_HTTPS


def _mail(settings: Settings) -> Said:
    from webapp.channels import email

    server = settings.mail
    if server is None:
        return WARN, N_("Not set up"), _MAIL_HELP
    try:
        email.probe(server)
    except email.MailFailed as error:
        return BAD, error.message, N_("Mend MORTISE_MAIL_URL and start again. You may go on without mail.")
    return OK, N_("{server} takes mail from {sender}", server=server.host, sender=server.sender), None
