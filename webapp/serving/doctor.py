"""`mortise doctor`: the checks of the set-up, and what else can go wrong with a firm that has worked for years."""

from __future__ import annotations

import shutil
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from webapp import clock, migrating
from webapp.access import members
from webapp.config import Settings
from webapp.db import Database
from webapp.definitions import versions
from webapp.i18n import N_
from webapp.journal import due, seals
from webapp.journal.tables import due as due_table
from webapp.journal.tables import event, periodic, seal
from webapp.serving import checks
from webapp.serving.checks import BAD, OK, WARN, Check, Said

#: The chain of so many events is walked without being asked to go deep.
_WALKED = 200_000
_SILENT = timedelta(minutes=11)  # the worker's own periodic work comes every five
_WEEK = timedelta(days=7)
_SOON = timedelta(days=14)
_LARGE_LOG = 256 * 1024**2


def run(database: Database, *, deep: bool = False, seen_at: str | None = None) -> list[Check]:
    """All checks, those of the set-up first. `deep` goes through all of it: the chain, every record's page of SQLite.

    seen_at  the address at which somebody is looking

    A database of another step than this program's is not looked into any further.
    """
    settings = database.settings
    first = checks.look_at([("step", N_("Version"), lambda: _step(database))])
    if first[0].state != OK:
        return first
    found = checks.run(database, seen_at)
    more: list[checks.Look] = [
        ("integrity", N_("Database file"), lambda: _integrity(database, deep=deep)),
        ("worker", N_("Worker"), lambda: _worker(database)),
        ("jobs", N_("Failed jobs"), lambda: _jobs(database)),
        ("built", N_("Indexes and conversions"), lambda: _built(database)),
        ("agreement", N_("Formulas and search"), lambda: _agreement(database, deep=deep)),
        ("journal", N_("Journal"), lambda: _journal(database, deep=deep)),
        ("files", N_("Files"), lambda: _files(database)),
        ("backups", N_("Backups"), lambda: _backups(database)),
        ("certificate", N_("Certificate"), lambda: _certificate(settings)),
        ("proxies", N_("Web server in front"), lambda: _proxies(settings)),
        ("key", N_("Secret key"), lambda: _key(settings)),
    ]
    if not settings.is_https:
        more = [one for one in more if one[0] != "certificate"]  # the address has said so already
    return [*first, *found, *checks.look_at(more)]


def code(found: list[Check]) -> int:
    """The exit code: 0 where nothing has to be mended."""
    return int(any(one.state == BAD for one in found))


# --- the database -----------------------------------------------------------------------------------------------


def _step(database: Database) -> Said:
    there, wanted = migrating.current(database), migrating.head()
    said = N_("Database at step {there}, program at {wanted}", there=there or "–", wanted=wanted)
    if there is None:
        return BAD, N_("There is nothing in this database yet."), N_("Start Mortise, or restore a backup.")
    if there > wanted:
        return BAD, said, N_("Install the newer Mortise that made this database, or restore a backup from before.")
    if there < wanted:
        return WARN, said, N_("The next start brings it up to date. Make a backup first: mortise backup create")
    return OK, said, None


def _integrity(database: Database, *, deep: bool) -> Said:
    return _sqlite(database, deep=deep) if database.is_sqlite else _postgresql(database)


def _sqlite(database: Database, *, deep: bool) -> Said:
    from webapp.backups import making, sqlite

    file = making.database_file(database.settings)
    with sqlite.opened(file) as connection:
        found = sqlite.troubles(connection, quick=not deep)
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if found:
        todo = N_("Stop Mortise and restore the last good backup: mortise backup list")
        return BAD, N_("SQLite finds: {what}", what="; ".join(found[:3])), todo
    size = file.stat().st_size / 1e6
    log = file.with_name(file.name + "-wal")
    said = N_("The file is sound, {size} MB", size=f"{size:.0f}")
    if mode != "wal":
        return WARN, said, N_("It is not in WAL mode ({mode}); the next start changes that.", mode=mode)
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        grown = N_("Its log has grown to {size} MB: something has been reading for hours. Restart Mortise.",
                   size=f"{log.stat().st_size / 1e6:.0f}")  # fmt: skip
        return WARN, said, grown
    return OK, said, None


def _postgresql(database: Database) -> Said:
    with database.read() as unit:
        broken = list(
            unit.execute(
                sa.text(
                    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid"
                )
            ).scalars()
        )
        hours = unit.execute(
            sa.text("SELECT extract(epoch FROM now() - min(xact_start)) / 3600 FROM pg_stat_activity")
        ).scalar()
        size = unit.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
    said = N_("{size} MB", size=f"{size / 1e6:.0f}")
    if broken:
        todo = N_("This builds them again: mortise app retry APP")
        return WARN, N_("Broken indexes: {list}", list=", ".join(broken[:5])), todo
    if hours and hours > 1:
        todo = N_("A transaction has been open for {n} hours; it keeps the journal’s readers waiting.", n=int(hours))
        return WARN, said, todo
    return OK, said, None


def _built(database: Database) -> Said:
    with database.read() as unit:
        missing, open_ = versions.unbuilt(unit), versions.building(unit)
    if missing:
        said = N_("{n} could not be built: {what}", n=len(missing), what=missing[0].message)
        return WARN, said, N_("Mend the data, then: mortise app retry APP")
    late = [one for one in open_ if one["created_at"] < clock.now() - timedelta(hours=1)]
    if late:
        said = N_("{n} pieces of work have been open for over an hour", n=len(late))
        return WARN, said, N_("Look at: mortise jobs list")
    return OK, N_("All is built"), None


def _agreement(database: Database, *, deep: bool) -> Said:
    from webapp.engines.forms.structure import soundness

    looked, unlike = soundness.look(database, 2000 if deep else 100)
    if not unlike:
        return OK, N_("{n} records looked at, all agree", n=looked), None
    shown = ", ".join(f"{one.form} {one.record} ({one.field})" for one in unlike[:5])
    todo = N_("This computes them anew: mortise doctor --mend. If it comes back, report it.")
    return BAD, N_("{n} of {all} records do not agree: {list}", n=len(unlike), all=looked, list=shown), todo


def _journal(database: Database, *, deep: bool) -> Said:
    with database.read() as unit:
        total = unit.execute(sa.select(sa.func.count()).select_from(event)).scalar_one()
        sealed = unit.execute(sa.select(sa.func.coalesce(sa.func.sum(seal.c.events), 0))).scalar_one()
        oldest = unit.execute(
            sa.select(sa.func.min(event.c.at)).where(
                event.c.id > sa.select(sa.func.coalesce(sa.func.max(seal.c.last_event), 0)).scalar_subquery()
            )
        ).scalar()
    if total > _WALKED and not deep:
        whole, how = True, N_("{n} events, {sealed} sealed; the chain is walked by --deep", n=total, sealed=sealed)
    else:
        report = seals.verify(database)
        whole, how = report.is_whole, N_("{n} events, {sealed} sealed, the chain holds", n=total, sealed=sealed)
    if not whole:
        return BAD, N_("The chain does not hold: somebody has changed the journal."), N_("See: mortise audit verify")
    if oldest is not None and oldest < clock.now() - timedelta(minutes=30):
        return WARN, how, N_("Events of half an hour are not sealed: is the worker running?")
    return OK, how, None


# --- the work ---------------------------------------------------------------------------------------------------


def _worker(database: Database) -> Said:
    """What comes every five minutes tells when a worker was last there."""
    with database.read() as unit:
        last = unit.execute(sa.select(sa.func.max(periodic.c.minute)).where(periodic.c.name == "seal")).scalar()
    start = N_("Start the worker: mortise serve, or mortise worker beside mortise web.")
    if last is None:
        return WARN, N_("No worker has been here yet"), start
    minutes = int((clock.now() - last).total_seconds() // 60)
    if clock.now() - last > _SILENT:
        return BAD, N_("No worker has been here for {n} minutes", n=minutes), start
    return OK, N_("A worker was here {n} minutes ago", n=minutes), None


def _jobs(database: Database) -> Said:
    with database.read() as unit:
        query = sa.select(due_table.c.kind, sa.func.count()).where(
            due_table.c.state == due.FAILED, due_table.c.finished_at > clock.now() - _WEEK
        )
        counts = unit.execute(query.group_by(due_table.c.kind)).all()
    if not counts:
        return OK, N_("None in the last week"), None
    shown = ", ".join(f"{kind} ({count})" for kind, count in counts)
    return WARN, N_("In the last week: {list}", list=shown), N_("See why: mortise jobs list --state failed")


def _files(database: Database) -> Said:
    from webapp.files.store import store_of
    from webapp.files.tables import file

    store = store_of(database.settings)
    with database.read() as unit:
        newest = sa.select(file.c.hash, file.c.name).order_by(file.c.id.desc()).limit(1000)
        rows = unit.execute(newest).all()
    gone = [row.name for row in rows if not store.has(row.hash)]
    if gone:
        said = N_("{n} files are missing: {list}", n=len(gone), list=", ".join(gone[:3]))
        return BAD, said, N_("Look at MORTISE_FILES_URL; a backup has them: mortise backup list")
    return OK, N_("{n} files looked at, all are there", n=len(rows)), None


def _backups(database: Database) -> Said:
    from webapp.backups import folders, keeping

    settings = database.settings
    with database.read() as unit:
        plan, failed, is_new = keeping.plan(unit), keeping.trouble(unit), members.is_empty(unit)
    found = folders.listed(settings)
    good = [one for one in found if one.error is None and one.made_at is not None]
    make = N_("Make one now: mortise backup create")
    if failed:
        return BAD, N_("The last one failed: {error}", error=failed), make
    if not good:
        return (OK if is_new else WARN), N_("There is none yet"), make
    age = clock.now() - (good[0].made_at or clock.now())
    said = N_("{n} in all, the newest {hours} hours old", n=len(good), hours=int(age.total_seconds() // 3600))
    if broken := [one.name for one in found if one.error is not None]:
        return WARN, said, N_("These are damaged: {list}", list=", ".join(broken[:3]))
    if age > _WEEK or (plan.is_on and age > timedelta(hours=30)):
        return (BAD if age > _WEEK else WARN), said, make
    if not plan.is_on:
        return WARN, said, N_("Nightly backups are off: switch them on in the settings.")
    if not folders.is_own_disk(settings):
        return WARN, said, N_("They lie on the disk of the data. Set MORTISE_BACKUP_DIR to another one.")
    free = shutil.disk_usage(folders.root(settings)).free
    if free < 2 * good[0].size:
        return WARN, said, N_("There is room for less than two more in {folder}.", folder=str(folders.root(settings)))
    return OK, said, None


# --- the way in -------------------------------------------------------------------------------------------------


def _certificate(settings: Settings) -> Said:
    """Of the address people use, as a browser would look at it."""
    address = urlsplit(settings.base_url)
    assert address.hostname is not None
    try:
        context = ssl.create_default_context()
        with (
            closing(socket.create_connection((address.hostname, address.port or 443), 5)) as plain,
            context.wrap_socket(plain, server_hostname=address.hostname) as secure,
        ):
            ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        said = N_("Browsers will not trust it: {reason}", reason=error.verify_message)
        return BAD, said, N_("Look at the web server in front; Caddy gets and renews one by itself.")
    except OSError as error:
        reason = error.strerror or str(error)
        said = N_("{address} cannot be reached from here: {reason}", address=settings.base_url, reason=reason)
        todo = N_("If people reach it, all is well; else look at the web server in front and at the firewall.")
        return WARN, said, todo
    left = datetime.fromtimestamp(ends, UTC) - clock.now()
    said = N_("Good for {n} more days", n=left.days)
    if left < _SOON:
        return WARN, said, N_("It should have been renewed by now: look at the log of the web server in front.")
    return OK, said, None


def _proxies(settings: Settings) -> Said:
    named = ", ".join(str(one) for one in settings.trusted_proxies)
    said = N_("These are believed about who asks: {list}", list=named)
    if any(one.prefixlen < (8 if one.version == 4 else 16) for one in settings.trusted_proxies):
        return BAD, said, N_("That is nearly everybody: name only your web server in MORTISE_TRUSTED_PROXIES.")
    return OK, said, None


def _key(settings: Settings) -> Said:
    path = settings.data_dir / "secret.key"
    if not path.exists():
        return OK, N_("It comes from MORTISE_SECRET_KEY"), None
    if path.stat().st_mode & 0o077:
        said = N_("Others on this machine can read {file}", file=str(path))
        return WARN, said, N_("Run: chmod 600 {file}", file=str(path))
    return OK, N_("Only its owner reads it"), None
