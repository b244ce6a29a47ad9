"""The small firm with a sales app, and what page tests ask again and again."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.world import World
from webapp.engines.forms import records

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass
class Sales:
    """`deal(...)` and `account(...)` make records as somebody; `get` and `post` are that person's browser."""

    world: World
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def make(self, form: str, who: str = "ann", **values: Any) -> int:
        with self.world.database.write() as unit:
            return records.create(unit, self.world.actor(who), self.world.form(f"crm.{form}"), values).id

    def deal(self, name: str, who: str = "ann", **values: Any) -> int:
        return self.make("deal", who, name=name, **{"stage": "contact", **values})

    def account(self, name: str, who: str = "ann", **values: Any) -> int:
        return self.make("account", who, name=name, **values)

    def value(self, form: str, id_: int, key: str) -> Any:
        with self.world.database.read() as unit:
            return records.get(unit, self.world.actor("admin"), self.world.form(f"crm.{form}"), id_).values[key]

    def version(self, id_: int, form: str = "deal") -> int:
        with self.world.database.read() as unit:
            return records.get(unit, self.world.actor("admin"), self.world.form(f"crm.{form}"), id_).version

    def client(self, who: str) -> FlaskClient:
        if who not in self.clients:
            self.clients[who] = self.world.client(who)
        return self.clients[who]

    def get(self, path: str, who: str = "ann", *, target: str | None = None, part: bool = False) -> TestResponse:
        return self.client(who).get(path, headers=_headers(target, part))

    def post(
        self, path: str, values: dict[str, Any], who: str = "ann", *, target: str | None = None, part: bool = False
    ) -> TestResponse:
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/", who).text)
        assert token
        headers = {**_headers(target, part), "X-CSRF-Token": token[1], "Sec-Fetch-Site": "same-origin"}
        return self.client(who).post(path, data=values, headers=headers)

    def statements(self) -> AbstractContextManager[list[str]]:
        return self.world.statements()


def _headers(target: str | None, part: bool) -> dict[str, str]:
    if target:
        return {**PART, "HX-Target": f"div#{target}"}
    return dict(PART) if part else {}


@pytest.fixture
def sales_(world: World) -> Sales:
    """The firm with its sales app: `world` is a copy that has it already (`tests/databases.py`)."""
    return Sales(world)


def words(html: str) -> str:
    """A page without its tags, spaces made one."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())
