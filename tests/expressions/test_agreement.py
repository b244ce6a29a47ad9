"""Random expressions over random records: SQL over the stored row, SQL over the judged record and the slow reference
give one verdict, on both databases. `MORTISE_SOAK` multiplies the number of examples."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.expressions import fakes
from tests.expressions import random_expressions as some
from tests.expressions.reference import Reference, World
from webapp.db import Database, Unit
from webapp.expressions import Judged, Stored, binds, check

EXAMPLES = int(os.environ.get("MORTISE_SOAK", "1")) * 60
MANY = int(os.environ.get("MORTISE_SOAK_SIZE", "10"))
PEOPLE = {
    "m.member": {
        1: {"name": "Ann", "email": "ann@example.com", "department": 11, "is_active": True},
        2: {"name": "鲍勃", "email": "bob@example.com", "department": 10, "is_active": True},
    },
    "m.department": {10: {"name": "Sales", "parent": None}, 11: {"name": "East", "parent": 10}},
}


def _store(unit: Unit, world: World, form: str, values: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(values)
    row["id"] = fakes.add(unit, form, **row)
    world.rows[form][row["id"]] = row
    return row


def _scene(unit: Unit, scene: Mapping[str, Any], zone: str) -> tuple[World, dict[str, Any]]:
    forms: dict[str, dict[int, dict[str, Any]]] = {"crm.account": {}, "crm.deal": {}, "crm.visit": {}}
    world = World(forms, fakes.SCHEMA, fakes.NOW, zone, fakes.ANN.member, fakes.ANN.department or 0, PEOPLE)
    parent = _store(unit, world, "crm.account", scene["parent"])
    account = _store(
        unit, world, "crm.account", {**scene["account"], "parent": parent["id"] if scene["linked"] else None}
    )
    here = account["id"] if scene["linked"] else None
    deal = _store(unit, world, "crm.deal", {**scene["deal"], "account": here})
    _store(unit, world, "crm.deal", {**scene["sibling"], "account": here})
    _store(unit, world, "crm.deal", {**scene["sibling"], "account": here, "deleted_at": fakes.NOW})
    for visit in scene["visits"]:
        _store(unit, world, "crm.visit", {**visit, "deal": deal["id"]})
    return world, deal


scenes = st.fixed_dictionaries(
    {
        "parent": some.accounts, "account": some.accounts, "linked": st.booleans(), "deal": some.deals, "sibling": some.deals,
        "visits": st.lists(some.visits, max_size=3), "texts": st.lists(some.expressions(), min_size=MANY, max_size=MANY),
    }
)  # fmt: skip


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_stored_and_judged_records_and_the_reference_agree(database: Database, zone: str) -> None:
    fakes.fill(database)

    @seed(20261122)
    @settings(
        max_examples=EXAMPLES // 2,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # the message names the expression; shrinking whole scenes takes minutes
        report_multiple_bugs=False,
    )
    @given(scenes)
    def agree(scene: Mapping[str, Any]) -> None:
        expressions = [check(text, fakes.SCHEMA, "crm.deal") for text in scene["texts"]]
        with database.write() as unit:
            world, deal = _scene(unit, scene, zone)
            table = fakes.SCHEMA.form("crm.deal").table
            stored = sa.select(*(e.sql(Stored(table), unit.dialect) for e in expressions)).where(
                table.c.id == deal["id"]
            )
            record = Judged(fakes.SCHEMA.form("crm.deal"), deal, row_id=deal["id"])
            judged = record.select(*(e.sql(record, unit.dialect) for e in expressions))
            parameters = binds(fakes.ANN, fakes.NOW, zone)
            from_row = tuple(unit.execute(stored.select_from(table), parameters).one())
            from_values = tuple(unit.execute(judged, parameters).one())
        expected = tuple(Reference(world, deal).answer(e.term) for e in expressions)
        for expression, row, values, wanted in zip(expressions, from_row, from_values, expected, strict=True):
            assert (row, values) == (wanted, wanted), expression.text
            assert isinstance(row, type(wanted)) and isinstance(values, type(wanted)), expression.text

    with fakes.firm_zone(zone):
        agree()
