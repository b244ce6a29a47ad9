"""The small firm, its settings in somebody's browser, and a worker for what they leave to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.pages import sales
from tests.pages.conftest import Sales, sales_  # noqa: F401 (a fixture)
from webapp.access import audit, members
from webapp.definitions import drafts, versions
from webapp.journal import work
from webapp.serving import worker


class Office(Sales):
    """`send` fills the form that stands on a page, as a browser does; `work` does what is due."""

    def id(self, name: str) -> int:
        return self.world.people[name]

    def hire(self, name: str, *roles: str, department: str | None = "East") -> int:
        """Somebody new, with a password."""
        with self.world.database.write() as unit:
            place = self.world.departments[department] if department else None
            mail = f"{name.lower()}@firm.example"
            admin = self.world.actor("admin")
            made = members.add(unit, admin, mail, name, department_id=place, password="x")
            self.world.people[name.lower()] = made
        for role in roles:
            self.world.grant(name.lower(), role)
        return made

    def fresh(self) -> None:
        """The app as it began, and no drafts."""
        self.world.apply(sales.DOCUMENT, accept_loss=True)
        with self.world.database.write() as unit:
            for who in ("admin", "bob", "hal"):
                with_right = self.world.actor(who)
                drafts.drop(unit, with_right, "crm")

    def version(self, id_: int = 0, form: str = "deal") -> int:
        """The app's version in force; of a record with its number."""
        if id_:
            return super().version(id_, form)
        with self.world.database.read() as unit:
            return versions.current(unit).apps["crm"].version

    def send(
        self, path: str, values: dict[str, Any], who: str = "admin", *, page: str = "", **more: Any
    ) -> TestResponse:
        """POST `values`; the hidden stamp comes from `page` (the same address where nothing is said)."""
        seen = re.search(r'name="m__seen" value="([^"]+)"', self.get(page or path, who).text)
        return self.post(path, {**({"m__seen": seen[1]} if seen else {}), **values}, who, **more)

    def work(self) -> None:
        worker.load_handlers()
        work.run_ready(self.world.database)

    def audited(self, action: str) -> list[dict[str, Any]]:
        with self.world.database.read() as unit:
            return [e.detail for e in audit.listed(unit, self.world.actor("admin"), action=action)]


@pytest.fixture
def office(sales_: Sales) -> Office:  # noqa: F811
    """An office of the test's own."""
    return Office(sales_.world)
