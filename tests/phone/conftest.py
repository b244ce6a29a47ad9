"""The starter app with ann and bob as reps, for what a phone asks of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import database_of
from tests.databases import known_of
from tests.pages.conftest import Sales
from tests.world import World
from webapp.db import Database


@pytest.fixture
def reps(database: Database) -> Sales:
    return Sales(World(database, *known_of(database)))


@pytest.fixture
def on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sales]:
    """The same where the database makes no difference."""
    with database_of(request, "sqlite", tmp_path, "reps") as database:
        yield Sales(World(database, *known_of(database)))


def lead(reps: Sales, who: str = "ann", **values: Any) -> int:
    return reps.make("lead", who, **{"name": "吕嘉禾", "mobile": "13800134210", "source": "phone", **values})
