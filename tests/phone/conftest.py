"""The starter app with ann and bob as reps, for what a phone asks of the server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pages.conftest import Sales
from tests.world import make
from webapp import catalog
from webapp.db import Database


@pytest.fixture
def reps(database: Database) -> Sales:
    world = make(database)
    world.apply(catalog.text("crm"))
    return Sales(world)


@pytest.fixture
def on_sqlite(sqlite_database: Database) -> Sales:
    """The same where the database makes no difference."""
    world = make(sqlite_database)
    world.apply(catalog.text("crm"))
    return Sales(world)


def lead(reps: Sales, who: str = "ann", **values: Any) -> int:
    return reps.make("lead", who, **{"name": "吕嘉禾", "mobile": "13800134210", "source": "phone", **values})
