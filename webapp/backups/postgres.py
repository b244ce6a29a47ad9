"""A PostgreSQL database: dumped by `pg_dump` in one snapshot with our own fingerprints, restored by `pg_restore`.

Both programs must be as new as the server at least; they are looked for in several places. A password never stands on
a command line, where every user of the machine could read it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp.backups import prints
from webapp.config import Settings
from webapp.errors import Busy, Conflict, NotFound
from webapp.i18n import N_

PART = "database.dump"
_DEBIAN = Path("/usr/lib/postgresql")
_MAJOR = re.compile(r"\(PostgreSQL\) (\d+)")
_COPY = re.compile(rb"COPY (?:\"(?:[^\"]|\"\")+\"|[^. ]+)\.(\"(?:[^\"]|\"\")+\"|[^ ]+) \(.*\) FROM stdin;")


# --- connecting -------------------------------------------------------------------------------------------------


def connect(settings: Settings, **more: Any) -> Any:
    """A plain psycopg connection beside the pool; in a `closing` it ends at once."""
    import psycopg

    try:
        return psycopg.connect(_address(settings), options="-c timezone=UTC", **more)
    except psycopg.OperationalError as error:
        raise Busy(
            N_("The database cannot be reached: {reason}", reason=str(error).strip()), code="unreachable"
        ) from None


def _address(settings: Settings, database: str | None = None) -> str:
    url = sa.make_url(settings.database_url).set(drivername="postgresql")
    return (url.set(database=database) if database else url).render_as_string(hide_password=False)


def schema_of(connection: Any) -> str:
    """Where our tables are or would be made."""
    return str(connection.execute("SELECT coalesce(current_schema(), 'public')").fetchone()[0])


def major(connection: Any) -> int:
    return int(connection.info.server_version) // 10000


def size(connection: Any) -> int:
    return int(connection.execute("SELECT pg_database_size(current_database())").fetchone()[0])


def others(connection: Any) -> list[str]:
    """Who else is connected to this database: program and address."""
    rows = connection.execute(
        "SELECT coalesce(nullif(application_name, ''), usename, '?'), coalesce(host(client_addr), '-')"
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    ).fetchall()
    return [f"{name} ({address})" if address != "-" else name for name, address in rows]


# --- the programs -----------------------------------------------------------------------------------------------


def program(settings: Settings, name: str, server: int) -> Path:
    """`pg_dump` or `pg_restore` for this server: the same version if there is one, else a newer one."""
    known = {path: version for path in _candidates(settings, name) if (version := _version(path))}
    good = sorted((version, str(path)) for path, version in known.items() if version >= server)
    if good:
        return Path(good[0][1])
    if known:
        there = N_("found: {list}", list=", ".join(f"{path} ({version})" for path, version in known.items()))
    else:
        there = N_("none was found")
    raise NotFound(
        N_(
            "{program} {version} or newer is needed for this server; {there}. On Debian: apt-get install "
            "postgresql-client-{version} (newer ones come from apt.postgresql.org), or name its folder in "
            "MORTISE_PG_BIN.",
            program=name,
            version=server,
            there=there,
        ),
        code="client_missing",
    )


def _candidates(settings: Settings, name: str) -> list[Path]:
    if settings.pg_bin:
        return [settings.pg_bin / name]
    found = [path for folder in sorted(_DEBIAN.glob("*/bin")) if (path := folder / name).exists()]
    first = shutil.which(name)
    return [*([Path(first)] if first else []), *found]


def _version(path: Path) -> int | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    number = _MAJOR.search(said)
    return int(number.group(1)) if number else None


def _environment(settings: Settings, database: str | None = None) -> dict[str, str]:
    """How the programs reach the database: through variables that only this user can read."""
    from psycopg.conninfo import conninfo_to_dict

    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
             "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
             "passfile": "PGPASSFILE", "service": "PGSERVICE"}  # fmt: skip
    said = conninfo_to_dict(_address(settings, database))
    given = {names[key]: str(value) for key, value in said.items() if key in names}
    return {**os.environ, **given, "PGTZ": "UTC", "PGAPPNAME": "mortise backup", "LC_ALL": "C"}


def _failed(name: str, error: str) -> Conflict:
    lines = [line for line in error.strip().splitlines() if line.strip()]
    return Conflict(
        N_("{program} failed: {reason}", program=name, reason=" ".join(lines[:3])[:500] or "?"), code="client_failed"
    )


# --- dumping ----------------------------------------------------------------------------------------------------


def dump(settings: Settings, connection: Any, target: Path, at: Callable[[int], None]) -> dict[str, prints.Print]:
    """One state of the database in `target`, and the fingerprints of the same state. Writers go on; publishing an
    app's new version waits for the end.

    connection  fresh, without a transaction; `at` is told rows that have been looked at
    """
    from psycopg import IsolationLevel

    dumping = program(settings, "pg_dump", major(connection))
    schema = schema_of(connection)
    connection.commit()
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
    command = [
        str(dumping), "--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--schema={schema}",
        f"--snapshot={snapshot}", "--lock-wait-timeout=60000", f"--file={target}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, env=_environment(settings), stdin=subprocess.DEVNULL, stderr=errors)  # noqa: S603
        try:
            found = prints.of_postgres(connection, schema, at)
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if code:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")
            if "No space left" in said or "File too large" in said:
                raise Conflict(
                    N_("The disk is full; the backup was not made. Make room or choose another folder."),
                    code="disk_full",
                )
            raise _failed("pg_dump", said)
    return found


def facts(connection: Any) -> dict[str, Any]:
    return {"kind": "postgresql", "version": major(connection), "schema": schema_of(connection)}


# --- restoring --------------------------------------------------------------------------------------------------


def is_empty(connection: Any) -> bool:
    """Whether nothing at all stands where our tables belong."""
    row = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s",
        (schema_of(connection),),
    ).fetchone()
    return int(row[0]) == 0


def put_aside(connection: Any, schema: str, name: str) -> None:
    """Rename the schema with all that is in it, and make an empty one in its place."""
    from psycopg import sql

    old, new = sql.Identifier(schema), sql.Identifier(name)
    connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(old, new))
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(old))
    connection.commit()


def take_back(connection: Any, schema: str, name: str | None) -> None:
    """Undo `put_aside` after a restore that did not succeed; without `name` it was empty."""
    from psycopg import sql

    connection.rollback()
    old = sql.Identifier(schema)
    connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(old))
    if name is None:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(old))
    else:
        connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(name), old))
    connection.commit()


def restore(settings: Settings, source: Path, server: int, schema: str, database: str | None = None) -> None:
    """Read a dump into the (empty) schema in one transaction: all of it or nothing."""
    restoring = str(program(settings, "pg_restore", server))
    listing = _run([restoring, "--list", str(source)], settings)
    with tempfile.NamedTemporaryFile("w", suffix=".list") as wanted:
        wanted.writelines(line + "\n" for line in listing.splitlines() if not _is_schema(line, schema))
        wanted.flush()
        name = sa.make_url(_address(settings, database)).database
        _run(
            [restoring, f"--dbname={name}", "--no-owner", "--no-privileges", "--no-password", "--single-transaction",
             "--exit-on-error", f"--use-list={wanted.name}", str(source)],
            settings, database,
        )  # fmt: skip


def _is_schema(line: str, schema: str) -> bool:
    """The schema itself is there already."""
    return bool(re.match(rf"\d+; \d+ \d+ (SCHEMA - {re.escape(schema)}|COMMENT - SCHEMA {re.escape(schema)}) ", line))


def _run(command: list[str], settings: Settings, database: str | None = None) -> str:
    done = subprocess.run(  # noqa: S603
        command, env=_environment(settings, database), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise _failed(Path(command[0]).name, done.stderr)
    return done.stdout


# --- trying -----------------------------------------------------------------------------------------------------


def prints_of_dump(settings: Settings, source: Path) -> dict[str, prints.Print]:
    """The fingerprints of the rows that stand in a dump, without any server."""
    restoring = program(settings, "pg_restore", 0)
    command = [str(restoring), "--data-only", "--file=-", str(source)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None and process.stderr is not None
        found = {}
        for line in process.stdout:
            if (copy := _COPY.match(line)) is not None:
                rows = iter(process.stdout.readline, b"\\.\n")
                found[copy.group(1).decode().strip('"').replace('""', '"')] = prints.of_lines(_until_end(rows))
        errors = process.stderr.read().decode("utf-8", "replace")
    if process.returncode:
        raise _failed("pg_restore", errors)
    return found


def _until_end(rows: Iterator[bytes]) -> Iterator[bytes]:
    for row in rows:
        if not row:
            return
        yield row


@contextmanager
def scratch(settings: Settings) -> Iterator[str | None]:
    """A database for a trial beside ours, dropped afterwards; None where we may not make one."""
    import psycopg
    from psycopg import sql

    name = f"mortise_trial_{uuid.uuid4().hex[:12]}"
    with closing(connect(settings, autocommit=True)) as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            yield None
            return
        try:
            yield name
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def url_of(settings: Settings, database: str) -> str:
    """The address of another database on the same server."""
    return sa.make_url(settings.database_url).set(database=database).render_as_string(hide_password=False)
