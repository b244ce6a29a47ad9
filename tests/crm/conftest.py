"""The starter app in the small firm: ann and bob sell, hal heads East, mia does marketing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import database_of
from tests.databases import known_of
from tests.pages.conftest import Sales
from tests.world import World
from webapp import catalog
from webapp.access import members, roles
from webapp.db import Database
from webapp.definitions import versions
from webapp.engines.forms import records


@dataclass
class Crm(Sales):
    """`lead(...)` makes a lead of ann's; `values` reads a record as the administrator."""

    def lead(self, who: str = "ann", **more: Any) -> int:
        given = {"name": "吕嘉禾", "company": "禾穗食品有限公司", "mobile": "13812344210", "source": "exhibition"}
        return self.make("lead", who, **{**given, **more})

    def values(self, form: str, id_: int) -> Mapping[str, Any]:
        with self.world.database.read() as unit:
            return records.get(unit, self.world.actor("admin"), self.world.form(f"crm.{form}"), id_).values

    def count(self, form: str) -> int:
        table = self.world.form(f"crm.{form}").table
        with self.world.database.read() as unit:
            return unit.execute(sa.select(sa.func.count()).where(table.c.deleted_at.is_(None))).scalar_one()


def staff(world: World) -> Any:
    """Put the starter app into force and give its roles to the people; who they are, for `tests/databases.py`."""
    world.apply(catalog.text("crm"))
    with world.database.write() as unit:
        admin, definitions = world.actor("admin"), versions.current(unit)
        world.people["mia"] = members.add(unit, admin, "mia@firm.example", "Mia")
        for who, role in (("ann", "rep"), ("bob", "rep"), ("hal", "director"), ("mia", "marketing")):
            roles.grant(unit, admin, world.people[who], f"crm.{role}", definitions)
    return world.people, world.departments


@pytest.fixture
def crm(database: Database) -> Crm:
    return Crm(World(database, *known_of(database)))


@pytest.fixture
def on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crm]:
    """The same where the database makes no difference."""
    with database_of(request, "sqlite", tmp_path, "crm") as database:
        yield Crm(World(database, *known_of(database)))
