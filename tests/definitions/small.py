"""A small app to change in tests, rows put straight into its tables, and the people who publish it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

import webapp.engines.forms  # noqa: F401  (registers the kinds and the storage)
from webapp import clock
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Database, Unit
from webapp.definitions import storage, versions
from webapp.definitions.model import Form

KEEPER = Actor(1, "Kay", roles=frozenset({"keeper"}))
BUILDER = Actor(2, "Bo", roles=frozenset({"builder:crm"}))
REP = Actor(3, "Ann", roles=frozenset({"crm.rep"}))

DOCUMENT: dict[str, Any] = {
    "mortise": 1,
    "app": "crm",
    "label": {"en": "Customers", "zh": "客户管理"},
    "forms": {
        "account": {
            "label": {"en": "Account", "zh": "客户"},
            "title": "name",
            "fields": {
                "name": {"kind": "text", "label": {"en": "Name", "zh": "名称"}, "required": True},
                "industry": {"kind": "select", "options": [{"value": "steel"}, {"value": "food"}]},
                "tags": {"kind": "multi_select", "options": [{"value": "vip"}, {"value": "new"}]},
            },
        },
        "deal": {
            "label": {"en": "Deal", "zh": "商机"},
            "title": "name",
            "fields": {
                "name": {"kind": "text", "required": True},
                "account": {"kind": "link", "to": "account", "reverse": "deals"},
                "amount": {"kind": "money", "currency": "CNY"},
                "stage": {
                    "kind": "stage",
                    "options": [
                        {"value": "contact", "label": {"en": "First contact", "zh": "初步接触"}, "probability": 10},
                        {"value": "quote", "label": {"en": "Quote", "zh": "报价"}, "probability": 60},
                        {"value": "won", "label": {"en": "Won", "zh": "赢单"}, "type": "won"},
                    ],
                },
            },
            "views": {
                "all": {"kind": "grid", "columns": ["name", "account", "amount"], "sort": ["-amount"]},
                "board": {"kind": "kanban", "by": "stage", "card": ["account"], "total": "amount"},
            },
        },
    },
    "roles": {
        "rep": {
            "label": {"en": "Rep", "zh": "销售"},
            "forms": {
                "account": {"may": {"see": True}},
                "deal": {"may": {"see": "own", "create": True, "edit": "own"}},
            },
        }
    },
}


def document(change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """A copy of the small app, changed."""
    made = copy.deepcopy(DOCUMENT)
    if change is not None:
        change(made)
    return made


def fields(made: dict[str, Any], form: str = "deal") -> dict[str, Any]:
    found: dict[str, Any] = made["forms"][form]["fields"]
    return found


def publish(database: Database, made: dict[str, Any], actor: Actor = KEEPER, **more: Any) -> versions.AppliedVersion:
    return versions.apply(database, actor, made, **more)


def people(unit: Unit, *others: Actor) -> None:
    """The members whose ids the actors have."""
    for actor in (KEEPER, BUILDER, REP, *others):
        unit.execute(
            sa.insert(member).values(
                id=actor.member, email=f"{actor.name.lower()}@firm.example", name=actor.name, created_at=clock.now()
            )
        )


def put(unit: Unit, form: Form, **values: Any) -> int:
    """A record straight into the table; Python values by field key."""
    now = clock.now()
    row: dict[str, Any] = {"created_at": now, "updated_at": now}
    for key, value in values.items():
        item = form.names[key]
        if item.values_table is None:
            assert item.column is not None
            row[item.column] = value
            row.update(item.kind.companions(item, value) if not item.is_system else {})
    id_ = int(unit.execute(sa.insert(form.table).values(row).returning(form.table.c.id)).scalar_one())
    for key, value in values.items():
        table = form.names[key].values_table
        if table is not None:
            rows = [{"record": id_, "value": v, "position": n} for n, v in enumerate(value)]
            unit.execute(sa.insert(table), rows)
    return id_


def column(database: Database, form: str, key: str) -> list[Any]:
    """The values of a field in the order of the ids."""
    with database.read() as unit:
        found = versions.current(unit).form(form)
        item = found.names[key]
        if item.values_table is not None:
            order = (item.values_table.c.record, item.values_table.c.position)
            return list(unit.execute(sa.select(item.values_table.c.value).order_by(*order)).scalars())
        assert item.column is not None
        return list(unit.execute(sa.select(found.table.c[item.column]).order_by(found.table.c.id)).scalars())


def messages(plan: versions.Plan, locale: str = "en") -> list[str]:
    return [change.message.text(locale) for change in plan.changes]


def finish(database: Database) -> None:
    storage.get().finish(database)


def accounts(database: Database, rows: list[dict[str, Any]]) -> None:
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        for row in rows:
            put(unit, form, **row)


def as_kind(key: str, form: str = "account", **settings: Any) -> dict[str, Any]:
    return document(lambda made: fields(made, form).update({key: settings}))
