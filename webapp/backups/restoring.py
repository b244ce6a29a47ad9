"""The way back: a firm out of a backup, into an empty place or over an old one that is kept beside.

Everything is unpacked, compared and brought up to date next to its place first; then it takes the place by renaming.
Whatever goes wrong before that leaves all as it was. A break in the short time of renaming leaves a mark, over which
nothing starts.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock, migrating
from webapp.access import audit
from webapp.backups import archive, checking, folders, keys, making, postgres, presence, prints, sqlite
from webapp.backups.archive import Reader
from webapp.backups.steps import Say, Stage, silent
from webapp.config import Settings
from webapp.db import Database
from webapp.errors import Conflict, Invalid, Problem
from webapp.i18n import N_, Message
from webapp.journal import due
from webapp.journal.tables import due as due_table

#: Jobs that made the very backup: it is made, and need not be made again.
OVER = ("backup.create", "periodic.backup")
_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Restored:
    """What was done. `aside` is where the data that was here before lies; `notes` what the keeper should know."""

    name: str
    made_at: str
    aside: str | None
    rows: int
    files: int
    from_step: str
    to_step: str
    notes: tuple[Message, ...] = ()


@dataclass
class _Place:
    """Where things are prepared, and what the old ones are called when they are put aside."""

    settings: Settings
    stage: Path
    aside: str
    moved: list[tuple[Path, Path]] = field(default_factory=list)
    put: list[Path] = field(default_factory=list)
    schema: str | None = None  # what the old one is called now, on PostgreSQL

    @property
    def marker(self) -> Path:
        return self.settings.data_dir / presence.UNFINISHED


def restore(
    settings: Settings,
    path: Path,
    *,
    replace: bool = False,
    passphrase: str | None = None,
    say: Say = silent,
) -> Restored:
    """Put the firm back; raises before anything is changed: `Damaged`, or `Conflict` (running, newer, data there)."""
    with Reader(path) as reader, presence.alone(settings):
        checking.whole(reader, Stage(say, N_("Every byte is compared"), 0, 30, reader.size))
        _fits(settings, reader)
        key = _key(reader, passphrase)
        with _place(settings) as place, _told(), _database_of(settings) as connection:
            _nobody_else(connection)
            if not replace:
                _require_empty(settings, connection)
            folders.require_room(place.stage, reader.size + reader.manifest["database"].get("size", 5 * reader.size))
            say(35, N_("Files are unpacked"))
            files = _unpack_files(reader, place)
            if settings.is_sqlite:
                step = _sqlite(reader, place, say)
            else:
                step = _postgres(reader, place, connection, say)
        notes = [*_notes(settings, reader), *_place_key(settings, key)]
        said = reader.manifest
    say(100, N_("Done"))
    rows = sum(count for count, _ in said["tables"].values())
    aside = ", ".join(sorted({str(kept.parent) for _, kept in place.moved} | {place.schema or ""} - {""})) or None
    return Restored(path.name, said["made_at"], aside, rows, files, said["step"], step, tuple(notes))


# --- before -----------------------------------------------------------------------------------------------------


def _fits(settings: Settings, reader: Reader) -> None:
    kind = checking.kind_of(reader)
    if kind != ("sqlite" if settings.is_sqlite else "postgresql"):
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        how = N_(
            "To move to the other database: there, publish the apps (mortise app export, mortise app apply), then move "
            "the records form by form (mortise export, mortise import)."
        )
        raise Conflict(
            N_(
                "{file} is a backup of a firm on {kind}; MORTISE_DATABASE_URL says another database. Restore it on "
                "{kind}.",
                file=reader.path.name,
                kind=names[kind],
            ),
            problems=[Problem("mortise", how)],
            code="other_database",
        )


def _key(reader: Reader, passphrase: str | None) -> str | None:
    how = reader.manifest.get("key")
    if how is None:
        return None
    data = b"".join(reader.chunks(making.KEY))
    if how == "plain":
        return data.decode()
    if passphrase is None:
        raise Invalid(N_("The key in this backup is closed: give its passphrase (--passphrase-stdin)."))
    return keys.opened(data, passphrase)


@contextmanager
def _database_of(settings: Settings) -> Iterator[Any]:
    """A connection to PostgreSQL, None for SQLite."""
    if settings.is_sqlite:
        yield None
    else:
        with closing(postgres.connect(settings)) as connection:
            yield connection


def _nobody_else(connection: Any) -> None:
    if connection is not None and (found := postgres.others(connection)):
        raise Conflict(
            N_(
                "Others are connected to this database: {list}. Stop Mortise (web and worker) on all machines first.",
                list=", ".join(found[:5]),
            ),
            code="still_running",
        )


def _require_empty(settings: Settings, connection: Any) -> None:
    there = [place for place, folder in folders.saved(settings).items() if folders.size_of(folder)]
    if settings.is_sqlite:
        file = making.database_file(settings)
        if file.exists() and file.stat().st_size:
            there.append(file.name)
    elif not postgres.is_empty(connection):
        there.append("PostgreSQL")
    if there:
        raise Conflict(
            N_(
                "There is data here already ({what}). With --replace the backup takes its place, and what is here is "
                "kept beside.",
                what=", ".join(there),
            ),
            code="not_empty",
        )


@contextmanager
def _place(settings: Settings) -> Iterator[_Place]:
    """A folder for preparing, on the disk of the data, gone at the end."""
    for folder in folders.saved(settings).values():
        if os.path.ismount(folder):
            raise Conflict(
                N_(
                    "{folder} is a disk of its own, so nothing can take its place there. Mount it somewhere else for "
                    "the restore.",
                    folder=str(folder),
                )
            )
    stage = settings.data_dir / f".restoring-{uuid.uuid4().hex[:8]}"
    stage.mkdir(mode=0o700, parents=True)
    moment = f"{clock.now().astimezone(ZoneInfo(settings.timezone)):%Y%m%d-%H%M%S}"
    try:
        yield _Place(settings, stage, f"before-restore-{moment}")
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Conflict(
            N_("The restore failed: {reason} {file}", reason=error.strerror or str(error), file=error.filename or "")
        ) from error


def _unpack_files(reader: Reader, place: _Place) -> int:
    count = 0
    for name in reader.parts:
        if name.startswith(tuple(f"{folder}/" for folder in reader.manifest["folders"])):
            reader.extract(name, folders.inside(place.stage, name))
            count += 1
    return count


# --- the database -----------------------------------------------------------------------------------------------


def _sqlite(reader: Reader, place: _Place, say: Say) -> str:
    made = place.stage / "database"
    say(50, N_("The database is unpacked"))
    sqlite.unpacked(reader, made)
    say(65, N_("The tables are compared"))
    with sqlite.opened(made) as connection:
        checking.compare(reader, prints.of_sqlite(connection))
    say(85, N_("The database is brought up to date"))
    step = _brought_up(dataclasses.replace(place.settings, database_url=f"sqlite:///{made}"), reader)
    target = making.database_file(place.settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _renaming(place):
        for companion in _COMPANIONS:
            _aside(place, target.with_name(target.name + companion))
        _put(place, made, target)
        _files_into_place(place)
    return step


def _postgres(reader: Reader, place: _Place, connection: Any, say: Say) -> str:
    dump = place.stage / postgres.PART
    reader.extract(postgres.PART, dump)
    schema, server = postgres.schema_of(connection), postgres.major(connection)
    postgres.program(place.settings, "pg_restore", server)  # said before anything is moved
    if schema != reader.manifest["database"]["schema"]:
        raise Conflict(
            N_(
                "The backup’s tables stand in the schema {wanted}, those of this database in {found}.",
                wanted=reader.manifest["database"]["schema"],
                found=schema,
            )
        )
    aside = None if postgres.is_empty(connection) else place.aside.replace("-", "_")
    connection.commit()
    with _renaming(place):
        if aside:
            postgres.put_aside(connection, schema, aside)
            place.schema = aside
        try:
            say(50, N_("The database is restored"))
            postgres.restore(place.settings, dump, server, schema)
            say(75, N_("The tables are compared"))
            checking.compare(reader, prints.of_postgres(connection, schema))
            connection.commit()
            say(85, N_("The database is brought up to date"))
            step = _brought_up(place.settings, reader)
            _files_into_place(place)
        except BaseException:
            postgres.take_back(connection, schema, aside)
            raise
    return step


def _brought_up(settings: Settings, reader: Reader) -> str:
    """Migrate, end the jobs that were making this very backup, and write down what was restored; the step it is at."""
    database = Database(settings)
    try:
        migrating.migrate(database)
        mine = due_table.c.kind.in_(OVER) & (due_table.c.state == due.RUNNING)
        with database.write() as unit:
            ended = {"state": due.DONE, "finished_at": clock.now(), "lease_until": None, "result": json.dumps({})}
            unit.execute(sa.update(due_table).where(due.IS_OPEN, mine).values(ended))
            unit.origin = "shell"
            audit.add(unit, None, "backup_restored", name=reader.path.name, made_at=reader.manifest["made_at"])
        if database.is_sqlite:
            with database.engine.connect() as raw:
                raw.exec_driver_sql("COMMIT")
                raw.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                raw.exec_driver_sql("BEGIN")
        return migrating.current(database) or "?"
    finally:
        database.dispose()


# --- taking the place -------------------------------------------------------------------------------------------


@contextmanager
def _renaming(place: _Place) -> Iterator[None]:
    """The mark stands from before the first renaming until after the last; what fails is renamed back."""
    with archive.new_file(place.marker) if not place.marker.exists() else place.marker.open("wb") as mark:
        mark.write(place.aside.encode())
    archive.sync_folder(place.settings.data_dir)
    try:
        yield
    except BaseException:
        for new in place.put:
            _clear(new)
        for old, kept in reversed(place.moved):
            os.rename(kept, old)
        place.marker.unlink()
        raise
    place.marker.unlink()
    archive.sync_folder(place.settings.data_dir)


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _aside(place: _Place, old: Path) -> None:
    if old.is_dir() and not folders.size_of(old):
        shutil.rmtree(old)
    if not old.exists():
        return
    kept = old.parent / place.aside / old.name
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    os.rename(old, kept)
    place.moved.append((old, kept))


def _put(place: _Place, new: Path, target: Path) -> None:
    os.rename(new, target)
    place.put.append(target)
    archive.sync_folder(target.parent)


def _files_into_place(place: _Place) -> None:
    for name, folder in folders.saved(place.settings).items():
        _aside(place, folder)
        new = place.stage / name
        new.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _put(place, new, folder)


# --- after ------------------------------------------------------------------------------------------------------


def _place_key(settings: Settings, key: str | None) -> list[Message]:
    """The key out of the backup, unless the environment gives one."""
    path = settings.data_dir / "secret.key"
    if key is None:
        return [
            N_(
                "The secret key was not in the backup: pages that are open in browsers have to be loaded once more. "
                "Members, passwords, sign-ins and API tokens are as they were."
            )
        ]
    if os.environ.get("MORTISE_SECRET_KEY"):
        return [N_("The key in the backup was left out: MORTISE_SECRET_KEY gives one.")]
    made = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with archive.new_file(made) as file:
        file.write(key.encode())
    os.rename(made, path)
    archive.sync_folder(path.parent)
    return []


def _notes(settings: Settings, reader: Reader) -> Iterator[Message]:
    said = reader.manifest
    if said["timezone"] != settings.timezone:
        yield N_(
            "The firm’s time zone was {zone}: start with MORTISE_TIMEZONE={zone}, or dates already written are read in "
            "another one.",
            zone=said["timezone"],
        )
    if said.get("gone"):
        yield N_("{n} files went away while the backup was made.", n=len(said["gone"]))
