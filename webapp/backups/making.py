"""Making a backup while everybody works on.

First the database, in one state of it; then the folders. Files are written before the row that names them, and none is
removed meanwhile, so whatever the saved rows name is there when the folders are read. The new file gets its name
only when it is whole and on the disk: a half written one is never taken for a backup.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from webapp import clock, migrating
from webapp.backups import archive, folders, keys, postgres, prints, sqlite
from webapp.backups.folders import Backup
from webapp.backups.steps import Say, Stage, silent
from webapp.config import Settings
from webapp.errors import Conflict
from webapp.files.store import store_of
from webapp.i18n import N_

KEY = "secret.key"
REASONS = ("hand", "schedule", "update")


@dataclasses.dataclass(frozen=True)
class Order:
    """What is wanted. `passphrase` closes the key; without it the key lies in the file as it is.

    target  another place than the folder of backups: a new file's path
    job     whose job it is: what he made before he died is found again by it
    """

    reason: str = "hand"
    with_key: bool = False
    passphrase: str | None = None
    target: Path | None = None
    job: str | None = None


def create(settings: Settings, order: Order = Order(), say: Say = silent) -> Backup:
    """Make one; raises `Busy` beside another one, `Conflict` on a full disk. Nothing is left where it fails."""
    now = clock.now()
    with folders.working(settings) as place, store_of(settings).held():
        made = place / "backup.tar"
        writer = archive.Writer(made, int(now.timestamp()))
        try:
            facts = _database(settings, place, writer, say)
            gone = _folders(settings, writer, say)
            key = _key(settings, order, writer)
            with_all = {
                "made_at": now.isoformat(timespec="seconds"),
                "product": importlib.metadata.version("mortise"),
                "reason": order.reason,
                "job": order.job,
                "key": key,
                "timezone": settings.timezone,
                "folders": sorted(folders.saved(settings)),
                "gone": gone,
                **facts,
            }
            writer.finish(with_all)
        finally:
            writer.close()
        target = order.target or folders.root(settings) / folders.free_name(settings, now)
        _place(made, target)
    say(100, N_("Done"))
    return folders.look(target)


def _place(made: Path, target: Path) -> None:
    """Give the finished file its name; on another disk it is copied there first, and an existing file stays."""
    if target.exists():
        raise Conflict(N_("{file} is there already.", file=str(target)))
    if made.stat().st_dev == target.parent.stat().st_dev:
        os.rename(made, target)
    else:
        beside = target.with_name(f".{target.name}.part")
        beside.unlink(missing_ok=True)
        try:
            with made.open("rb") as source, archive.new_file(beside) as file:
                while data := source.read(1 << 20):
                    file.write(data)
            os.rename(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    archive.sync_folder(target.parent)


# --- the database -----------------------------------------------------------------------------------------------


def _database(settings: Settings, place: Path, writer: archive.Writer, say: Say) -> dict[str, Any]:
    """Put the database in; what it is, table by table."""
    others = sum(folders.size_of(folder) for folder in folders.saved(settings).values())
    if settings.is_sqlite:
        return _from_sqlite(settings, place, writer, say, others)
    with closing(postgres.connect(settings)) as connection:
        folders.require_room(place, postgres.size(connection) + others)
        schema = postgres.schema_of(connection)
        names = prints.postgres_tables(connection, schema)
        rows = connection.execute(
            "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class WHERE relname = ANY(%s)", (names,)
        ).fetchone()[0]
        stage = Stage(say, N_("The database is being copied"), 0, 70, int(rows))
        found = postgres.dump(settings, connection, place / postgres.PART, stage.more)
        version, size = postgres.major(connection), postgres.size(connection)
        facts = {"database": {"kind": "postgresql", "version": version, "schema": schema, "size": size}}
        facts |= _facts(lambda text: connection.execute(text).fetchall())
        connection.rollback()
    with (place / postgres.PART).open("rb") as file:
        writer.add(postgres.PART, file)
    os.unlink(place / postgres.PART)
    return facts | {"tables": {name: one.json() for name, one in found.items()}}


def _from_sqlite(settings: Settings, place: Path, writer: archive.Writer, say: Say, others: int) -> dict[str, Any]:
    source, copied, packed = database_file(settings), place / "database.sqlite", place / sqlite.PART
    if not source.exists():
        raise Conflict(N_("There is no database at {file} yet.", file=str(source)))
    size = sqlite.size(source)
    folders.require_room(place, 2 * size + others)
    copying = Stage(say, N_("The database is being copied"), 0, 15, 100)
    sqlite.copy(source, copied, lambda done, total: copying.at(100 * done // total if total else 100))
    with sqlite.opened(copied) as connection:
        if found := sqlite.troubles(connection, quick=True):
            raise Conflict(
                N_("The database is damaged: {what}. Run: mortise doctor", what="; ".join(found[:3])),
                code="database_damaged",
            )
        rows = sum(connection.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in sqlite_names(connection))  # noqa: S608
        reading = Stage(say, N_("The tables are being read"), 15, 40, rows)
        found_prints = prints.of_sqlite(connection, reading.more)
        size = copied.stat().st_size
        facts = {"database": {"kind": "sqlite", "version": _sqlite_version(connection), "size": size}}
        facts |= _facts(lambda text: connection.execute(text).fetchall())
    packing = Stage(say, N_("The database is being packed"), 40, 70, copied.stat().st_size)
    sqlite.packed(copied, packed, packing.at)
    os.unlink(copied)
    with packed.open("rb") as file:
        writer.add(sqlite.PART, file)
    os.unlink(packed)
    return facts | {"tables": {name: one.json() for name, one in found_prints.items()}}


def database_file(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def sqlite_names(connection: Any) -> list[str]:
    return [name.replace('"', '""') for name in prints.sqlite_tables(connection)]


def _sqlite_version(connection: Any) -> str:
    return str(connection.execute("SELECT sqlite_version()").fetchone()[0])


#: What is told of a database, each by one statement that both understand.
_ASKED = {
    "step": f"SELECT version_num FROM {migrating.VERSION_TABLE}",  # noqa: S608
    "epoch": "SELECT epoch FROM m__epoch WHERE id = 1",
    "events": "SELECT count(*) FROM m__event",
    "last_event": "SELECT max(id) FROM m__event",
    "seal": "SELECT max(id) FROM m__seal",
    "firm": "SELECT value FROM m__setting WHERE key = 'name'",
}


def _facts(ask: Any) -> dict[str, Any]:
    """The definitions' and the journal's state, as far as a database of this age has them."""
    found = {}
    for name, text in _ASKED.items():
        rows = ask(text)
        found[name] = rows[0][0] if rows else None
    found["apps"] = dict(ask("SELECT key, version FROM m__app ORDER BY key"))
    return found


# --- beside it --------------------------------------------------------------------------------------------------


def _folders(settings: Settings, writer: archive.Writer, say: Say) -> list[str]:
    """Put in all files of the saved folders; names of those that went away meanwhile."""
    places = folders.saved(settings)
    stage = Stage(say, N_("Files are being saved"), 70, 98, sum(map(folders.size_of, places.values())))
    gone = []
    for name, path in _files(places):
        try:
            with path.open("rb") as file:
                part = writer.add(name, file)
        except FileNotFoundError:
            gone.append(name)
        else:
            stage.more(part.size)
    return gone


def _files(places: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Name in the archive and path of every file, in an order that stays. Links and half written files are left out."""
    for place, folder in sorted(places.items()):
        for where, below, names in os.walk(folder):
            below[:] = sorted(set(below) - {"incoming"})  # what arrives and has no row yet
            for name in sorted(names):
                path = Path(where, name)
                if path.is_file() and not path.is_symlink() and not name.startswith("."):
                    yield f"{place}/{path.relative_to(folder).as_posix()}", path


def _key(settings: Settings, order: Order, writer: archive.Writer) -> str | None:
    """Put the secret key in if it is wanted; how it lies there."""
    if not order.with_key:
        return None
    data = keys.closed(settings.secret_key, order.passphrase) if order.passphrase else settings.secret_key.encode()
    writer.add(KEY, io.BytesIO(data))
    return "passphrase" if order.passphrase else "plain"


def age(backup: Backup, now: datetime | None = None) -> float:
    """Hours since it was made."""
    return ((now or clock.now()) - backup.made_at).total_seconds() / 3600 if backup.made_at else float("inf")
