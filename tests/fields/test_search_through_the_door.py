"""The index keeps in step with records as the door writes them, over changes of the definition too."""

from __future__ import annotations

import random

import sqlalchemy as sa

from tests.world import CRM, World
from webapp.engines.forms import records
from webapp.engines.forms.finding import search
from webapp.engines.forms.record import Query
from webapp.engines.forms.select import select
from webapp.expressions.fold import fold

NAMES = ("杭州联友装盒线", "重庆长安电机", "岚川 ACME 5号", "Berlin GmbH", "单氏贸易", "A_100%")


def found(world: World, text: str, name: str = "admin") -> set[int]:
    form, actor = world.form("crm.account"), world.actor(name)
    with world.database.read() as unit:
        return {r.id for r in select(unit, actor, form, Query(search=text, limit=200)).records}


def test_the_index_follows_every_write_and_every_new_definition(world: World) -> None:
    chance, admin = random.Random(5), world.actor("admin")
    names: dict[int, str] = {}
    for step in range(60):
        form = world.form("crm.account")
        if step == 30:
            world.apply(
                CRM.replace("zh: 机械}", "zh: 重机械}").replace(
                    "phone: {kind", "note: {kind: text}\n      phone: {kind"
                )
            )
            form = world.form("crm.account")
        with world.database.write() as unit:
            name = chance.choice(NAMES) + str(step)
            deed = chance.choice(("create", "create", "update", "delete", "purge"))
            if deed == "create" or not names:
                made = records.create(unit, admin, form, {"name": name, "industry": "machines"})
                names[made.id] = name
                continue
            id_ = chance.choice(list(names))
            if deed == "update":
                records.update(unit, admin, form, id_, {"name": name})
                names[id_] = name
            else:
                records.delete(unit, admin, form, id_)
                del names[id_]
                if deed == "purge":
                    records.purge(unit, admin, form, id_)
    for word in ("联友", "重庆", "cq", "zhongqing", "acme", "berl", "shanshi", "5号", "_100%", "装盒线1", "gmbh2"):
        sounding = {"cq": "重庆", "zhongqing": "没有", "shanshi": "单氏"}.get(word, word)
        assert found(world, word) == {i for i, name in names.items() if sounding in fold(name)}, word
    assert set(names) >= found(world, "重机械") and set(names) == found(world, "机械")
    form = world.form("crm.account")
    with world.database.read() as unit:
        indexed = unit.execute(
            sa.select(form.table.c.id).where(search.narrowing(form, form.table, "a_100%", unit.dialect))
        ).scalars()
        assert set(indexed) & set(names) == {i for i, name in names.items() if "A_100%" in name}
