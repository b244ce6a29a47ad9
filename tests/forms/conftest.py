from __future__ import annotations

import pytest

from tests.world import World, make
from webapp.db import Database


@pytest.fixture
def world(database: Database) -> World:
    return make(database)
