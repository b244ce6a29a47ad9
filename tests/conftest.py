"""Databases for tests: every test that asks for `database` runs on SQLite and on PostgreSQL (`tests/databases.py`)."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import (
    PostgresqlTemplates,
    SqliteTemplates,
    Templates,
    postgresql,
    quick_folder,
    settings_for,
    state_for,
)
from webapp.db import Database

__all__ = ["database_of", "settings_for"]

# The same examples every time, so that what was green stays green; `make soak` looks further.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.register_profile("soak", deadline=None)
settings.load_profile("soak" if os.environ.get("MORTISE_SOAK") else "fixed")

PINYIN = Path(__file__).parent.parent / "webapp" / "engines" / "forms" / "pinyin.txt"
DATA = Path(os.environ.get("MORTISE_TEST_DATA") or Path(__file__).parent.parent.parent / "shared" / "data")


def pytest_configure() -> None:
    """Put files in memory; make the table of readings where `make setup` has not run."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick_folder()))
    if not PINYIN.exists():
        subprocess.run(
            [sys.executable, "-m", "webapp.engines.forms.finding.pinyin_build"], check=True, cwd=PINYIN.parents[3]
        )


def pytest_collection_finish() -> None:
    """What has been imported stays: looking for garbage in it again and again took a fifth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file that share a costly fixture in one process, so that it is made once."""
    for item in items:
        known = getattr(item, "_fixtureinfo", None)
        fixtures = known.name2fixturedefs if known else {}
        if any(one.scope == "module" for found in fixtures.values() for one in found):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL, as a URL without a database name."""
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def _postgres_templates(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    templates = PostgresqlTemplates(tmp_path_factory.mktemp("postgresql"), postgres_url)
    yield templates
    templates.drop()


@pytest.fixture(scope="session")
def _sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return SqliteTemplates(tmp_path_factory.mktemp("sqlite"))


def database_of(
    request: pytest.FixtureRequest, kind: str, folder: Path, state: str = "empty"
) -> AbstractContextManager[Database]:
    """A database in `state` in `folder`, for fixtures that several tests share."""
    templates: Templates = request.getfixturevalue(
        "_postgres_templates" if kind == "postgresql" else "_sqlite_templates"
    )
    copied: AbstractContextManager[Database] = templates.copy(state, folder)
    return copied


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty firm on SQLite, or the one whose fixture the test asks for."""
    with database_of(request, "sqlite", tmp_path, state_for(request)) as database:
        yield database


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty firm on PostgreSQL, or the one whose fixture the test asks for."""
    with database_of(request, "postgresql", tmp_path, state_for(request)) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty firm, or the one whose fixture the test asks for, on each of the two databases in turn."""
    found: Database = request.getfixturevalue("sqlite_database" if request.param == "sqlite" else "postgres_database")
    return found


from tests.world import world  # noqa: E402, F401  (the small firm that most tests live in)
