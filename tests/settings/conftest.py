"""The small firm, its settings in somebody's browser, and a worker for what they leave to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.pages import sales
from tests.pages.conftest import Sales
from tests.world import make
from webapp.access import audit
from webapp.db import Database
from webapp.journal import work
from webapp.serving import worker


class Office(Sales):
    """`send` fills the form that stands on a page, as a browser does; `work` does what is due."""

    def id(self, name: str) -> int:
        return self.world.people[name]

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
def office(database: Database) -> Office:
    world = make(database)
    world.apply(sales.DOCUMENT)
    return Office(world)
