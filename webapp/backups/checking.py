"""Whether a backup is whole, to the byte; and with `deep`, whether a firm really comes out of it."""

from __future__ import annotations

import dataclasses
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from webapp import migrating
from webapp.backups import folders, postgres, prints, sqlite
from webapp.backups.archive import Damaged, Reader
from webapp.backups.steps import Say, Stage, silent
from webapp.config import Settings
from webapp.db import Database
from webapp.errors import Conflict
from webapp.i18n import N_
from webapp.journal import seals


@dataclass(frozen=True)
class Report:
    """What was looked at. `trial` says how deep it went: None, `restored` (a database was made of it and thrown away)
    or `read` (its rows were read and compared, because no database could be made for a trial)."""

    name: str
    parts: int
    tables: int
    rows: int
    trial: str | None = None


def verify(settings: Settings, path: Path, *, deep: bool = False, say: Say = silent) -> Report:
    """Go through every byte; raises `Damaged` (names the part), `Conflict` where it is of a newer program."""
    with Reader(path) as reader:
        whole(reader, Stage(say, N_("Every byte is compared"), 0, 40 if deep else 100, reader.size))
        trial = _tried(settings, reader, say) if deep else None
        tables = reader.manifest["tables"]
        return Report(path.name, len(reader.parts), len(tables), sum(rows for rows, _ in tables.values()), trial)


def whole(reader: Reader, stage: Stage) -> None:
    """Every byte, and that this program understands what it holds."""
    reader.check(stage.at)
    step, known = reader.manifest["step"], migrating.head()
    if step is None or step > known:
        raise Conflict(
            N_(
                "{file} was made by a newer Mortise (step {found}; this one knows {wanted}). Install the newer.",
                file=reader.path.name,
                found=step or "?",
                wanted=known,
            ),
            code="backup_newer",
        )


def kind_of(reader: Reader) -> str:
    return str(reader.manifest["database"]["kind"])


def _tried(settings: Settings, reader: Reader, say: Say) -> str:
    where = settings.backup_dir if settings.backup_dir and settings.backup_dir.is_dir() else settings.data_dir
    trying = _tried_sqlite if kind_of(reader) == "sqlite" else _tried_postgres
    for name in reader.parts:
        if name.startswith(tuple(f"{folder}/" for folder in reader.manifest["folders"])):
            folders.inside(where, name)
    try:
        with tempfile.TemporaryDirectory(prefix=".trial-", dir=where) as place:
            return trying(settings, reader, Path(place), say)
    except OSError as error:
        reason = f"{error.strerror or error} {error.filename or ''}".strip()
        raise Conflict(N_("The trial restore failed: {reason}", reason=reason), code="disk_trouble") from error


def _tried_sqlite(settings: Settings, reader: Reader, place: Path, say: Say) -> str:
    made = place / "mortise.db"
    say(45, N_("The database is unpacked for a trial"))
    sqlite.unpacked(reader, made)
    say(60, N_("The tables are compared"))
    with sqlite.opened(made) as connection:
        if found := sqlite.troubles(connection):
            raise Damaged(
                N_("The database in {file} is damaged: {what}", file=reader.path.name, what="; ".join(found[:3])),
                part=sqlite.PART,
            )
        compare(reader, prints.of_sqlite(connection))
    _live(dataclasses.replace(settings, database_url=f"sqlite:///{made}", data_dir=place), reader, say)
    return "restored"


def _tried_postgres(settings: Settings, reader: Reader, place: Path, say: Say) -> str:
    dump = place / postgres.PART
    reader.extract(postgres.PART, dump)
    if settings.is_sqlite:
        compare(reader, postgres.prints_of_dump(settings, dump))
        return "read"
    say(50, N_("A database is made for a trial"))
    with postgres.scratch(settings) as name:
        if name is None:
            compare(reader, postgres.prints_of_dump(settings, dump))
            return "read"
        trial = dataclasses.replace(settings, database_url=postgres.url_of(settings, name), data_dir=place)
        with closing(postgres.connect(trial)) as connection:
            server, schema = postgres.major(connection), reader.manifest["database"]["schema"]
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            connection.commit()
            postgres.restore(settings, dump, server, schema, name)
            say(75, N_("The tables are compared"))
            compare(reader, prints.of_postgres(connection, schema))
        _live(trial, reader, say)
    return "restored"


def compare(reader: Reader, found: dict[str, prints.Print]) -> None:
    """Raises `Damaged` where a table is not what the manifest says; names the first."""
    wanted = {name: prints.Print(*one) for name, one in reader.manifest["tables"].items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            counts = [str(one.rows) if one else "–" for one in (wanted.get(name), found.get(name))]
            raise Damaged(
                N_(
                    "{file}: the table {table} is not what was saved ({wanted} rows then, {found} now).",
                    file=reader.path.name,
                    table=name,
                    wanted=counts[0],
                    found=counts[1],
                ),
                part=name,
            )


def _live(settings: Settings, reader: Reader, say: Say) -> None:
    """The restored database as the product sees it: brought up to date, and its journal's chain whole."""
    say(85, N_("The journal’s chain is walked"))
    database = Database(settings)
    try:
        migrating.migrate(database)
        report = seals.verify(database)
    finally:
        database.dispose()
    if not report.is_whole:
        raise Damaged(
            N_("The journal in {file} does not hold: run mortise audit verify.", file=reader.path.name), part="m__event"
        )
    say(100, N_("Done"))
