"""A running firm for the tests of the web base: an application over the database and a few people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

import webapp
from webapp import create_app
from webapp.access import actors, members, passwords, sessions, setup
from webapp.db import Database
from webapp.web.scope import App

PASSWORD = "correct horse battery"


@dataclass
class Firm:
    database: Database
    app: App
    keeper: int
    ann: int

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def signed_in(self, member: int) -> FlaskClient:
        """A client with a session of the member's, as after signing in."""
        with self.database.write() as unit:
            cookie = sessions.begin(unit, member, device="test", lasts=timedelta(hours=1))
        client = self.client()
        client.set_cookie("mortise", cookie)
        return client


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
def firm(database: Database) -> Firm:
    hashed = passwords.hashed(database.settings, PASSWORD)
    with database.write() as unit:
        keeper = setup.begin(
            unit, email="Admin@Firm.example", name="Admin", password=hashed, firm_name="岚川装备", locale="zh"
        )
        ann = members.add(unit, actors.of_member(unit, keeper), "ann@firm.example", "Ann", password=hashed)
    return Firm(database, create_app(database.settings, database), keeper, ann)


@pytest.fixture(autouse=True)
def _gate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The web base is tested without the areas that stand on it."""
    monkeypatch.setattr(webapp, "BLUEPRINTS", ("webapp.blueprints.gate",))
