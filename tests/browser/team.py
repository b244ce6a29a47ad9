"""The starter app with its demo firm, whose records are ann's and bob's; hal leads them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests.browser.reps import Reps
from tests.world import World
from webapp import catalog
from webapp.engines.forms.days import demo


class Team(Reps):
    """`reps` share the demo firm's records: every other deal is bob's, who works in hal's department too."""

    def __init__(self, world: World, url: str, language: str = "zh") -> None:
        super().__init__(world, url)
        admin = world.actor("admin")
        demo.load(world.database, admin, "crm", catalog.demo("crm", language), "Demo")
        east = world.departments["East"]
        with world.database.write() as unit:
            for key in ("account", "contact", "deal", "lead", "follow_up", "todo"):
                table = world.form(f"crm.{key}").table
                for who, rest in (("ann", 0), ("bob", 1)):
                    owned = {"owner": world.people[who], "owner_department": east}
                    if key == "todo":
                        owned["assignee"] = world.people[who]
                    mine = sa.and_(table.c.id % 2 == rest, table.c.owner.is_not(None))
                    unit.execute(table.update().where(mine).values(owned))

    def value(self, form: str, id_: int, key: str) -> Any:
        table = self.world.form(f"crm.{form}").table
        with self.world.database.read() as unit:
            return unit.execute(sa.select(table.c[key]).where(table.c.id == id_)).scalar_one()

    def named(self, form: str, title: str) -> int:
        made = self.world.form(f"crm.{form}")
        with self.world.database.read() as unit:
            this = made.table.c[made.title] == title
            return int(unit.execute(sa.select(made.table.c.id).where(this)).scalar_one())

    def ids(self, form: str, who: str) -> list[int]:
        table = self.world.form(f"crm.{form}").table
        with self.world.database.read() as unit:
            whose = table.c.owner == self.world.people[who]
            return list(unit.execute(sa.select(table.c.id).where(whose).order_by(table.c.id)).scalars())
