"""A small firm that tests know by heart: departments East and West under Sales, six people, accounts and deals.

admin keeps the system; ann (East) and bob (West) sell and see their own; hal heads East; aud audits; zed, once a rep in
East, has left.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from tests.databases import known_of
from webapp import create_app
from webapp.access import actors, departments, members, passwords, roles, sessions, setup
from webapp.access.actor import Actor
from webapp.blueprints.boards.news import News
from webapp.db import Database
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.web.live import Hub
from webapp.web.scope import App
from webapp.web.turns import Turns

PASSWORD = "correct horse battery"

CRM = """
mortise: 1
app: crm
label: {en: Customers, zh: 客户管理}
forms:
  account:
    label: {en: Account, zh: 客户}
    title: name
    fields:
      name: {kind: text, label: {en: Name, zh: 名称}, required: true}
      industry:
        kind: select
        label: {en: Industry, zh: 行业}
        options:
          - {value: machines, label: {en: Machines, zh: 机械}}
          - {value: food, label: {en: Food, zh: 食品}}
      phone: {kind: phone, label: {en: Phone, zh: 电话}}
      partner: {kind: member, label: {en: Partner, zh: 协作人}}
  deal:
    label: {en: Deal, zh: 商机}
    title: name
    fields:
      name: {kind: text, label: {en: Name, zh: 商机名称}, required: true}
      account: {kind: link, to: account, reverse: deals, label: {en: Account, zh: 客户}}
      amount: {kind: money, currency: CNY, label: {en: Amount, zh: 金额}}
      cost: {kind: money, currency: CNY, label: {en: Cost, zh: 成本}}
      close_date: {kind: date, label: {en: Closes on, zh: 预计成交}}
      partner: {kind: member, label: {en: Partner, zh: 协作人}}
      stage:
        kind: stage
        label: {en: Stage, zh: 阶段}
        options:
          - {value: contact, label: {en: First contact, zh: 初步接触}, probability: 10}
          - {value: quote, label: {en: Quote, zh: 报价}, probability: 50}
          - {value: won, label: {en: Won, zh: 赢单}, type: won}
          - {value: lost, label: {en: Lost, zh: 输单}, type: lost}
roles:
  rep:
    label: {en: Sales rep, zh: 销售}
    forms:
      account:
        may: {see: own, create: true, edit: own, delete: false, export: false}
        fields: {phone: masked}
      deal:
        may: {see: own, create: own, edit: own, delete: false, export: false}
        fields: {cost: hidden}
  head:
    label: {en: Sales head, zh: 销售主管}
    forms:
      account: {may: {see: department_and_below, create: true, edit: department_and_below, delete: own, export: true}}
      deal: {may: {see: department_and_below, create: true, edit: department_and_below, delete: own, export: true}}
"""


# The application of the run, and who has it now.
_lent: list[Any] = []


@dataclass(eq=False)
class World:
    """`people` and `departments` by name → id. `actor`, `client` and `form` make what a test needs of them."""

    database: Database
    people: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        with self.database.read() as unit:
            return actors.of_member(unit, self.people[name])

    def form(self, name: str) -> Form:
        with self.database.read() as unit:
            return versions.current(unit).form(name)

    def apply(self, document: str, **more: Any) -> None:
        versions.apply(self.database, self.actor("admin"), document, **more)

    def grant(self, name: str, role: str) -> None:
        with self.database.write() as unit:
            roles.grant(unit, self.actor("admin"), self.people[name], role, versions.current(unit))

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements a block sends to the database, transaction control left out."""
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        sa.event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            sa.event.remove(self.database.engine, "before_cursor_execute", note)
            seen[:] = [s for s in seen if not s.lstrip().upper().startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"))]

    @cached_property
    def app(self) -> App:
        """The application over this firm. The tests of a run lend it to one another, as making one takes a while."""
        borrower = _lent[1]() if _lent else None
        if _lent and borrower is None:
            app = _lent[0]
            app.database, app.settings = self.database, self.database.settings
            app.turns = Turns(1 if self.database.is_sqlite else 4)
            app.live.is_ending = lambda: True  # pages of an earlier test
            app.live = Hub(self.database, News(app))
        else:
            app = create_app(self.database.settings, self.database)
        if borrower is None:
            _lent[:] = app, weakref.ref(self)
        return app

    def client(self, name: str | None = None) -> FlaskClient:
        """A browser: signed in as somebody, or a stranger's."""
        client = self.app.test_client()
        if name is not None:
            with self.database.write() as unit:
                cookie = sessions.begin(unit, self.people[name], device="test", lasts=timedelta(hours=1))
            client.set_cookie("mortise", cookie)
        return client


def make(database: Database) -> World:
    """Found the firm in an empty database and publish its app."""
    world = World(database)
    hashed = passwords.hashed(database.settings, PASSWORD)
    with database.write() as unit:
        world.people["admin"] = setup.begin(
            unit, email="admin@firm.example", name="Admin", password=hashed, firm_name="岚川装备", locale="zh"
        )
        admin = actors.of_member(unit, world.people["admin"])
        for name, parent in (("Sales", None), ("East", "Sales"), ("West", "Sales")):
            above = world.departments[parent] if parent else None
            world.departments[name] = departments.add(unit, admin, name, parent=above)
        for name, place in (("ann", "East"), ("bob", "West"), ("hal", "East"), ("aud", None), ("zed", "East")):
            world.people[name] = members.add(
                unit,
                admin,
                f"{name}@firm.example",
                name.title(),
                department_id=world.departments[place] if place else None,
                password=hashed,
            )
        departments.set_head(unit, admin, world.departments["East"], world.people["hal"])
    world.apply(CRM)
    for name, role in (("ann", "rep"), ("bob", "rep"), ("zed", "rep"), ("hal", "head")):
        world.grant(name, f"crm.{role}")
    world.grant("aud", "auditor")
    with database.write() as unit:
        members.disable(unit, admin, world.people["zed"])
    return world


@pytest.fixture
def world(database: Database) -> World:
    """The firm as `make` founds it: `database` is a copy that has it already (`tests/databases.py`)."""
    people, places = known_of(database)
    return World(database, dict(people), dict(places))
