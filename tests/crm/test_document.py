"""The starter app: published without anybody's consent, and a firm that began with its first text loses nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.crm.conftest import Crm
from tests.world import make
from webapp import catalog
from webapp.db import Database
from webapp.definitions import upgrade, versions
from webapp.engines.forms import records
from webapp.engines.forms.structure import building
from webapp.engines.forms.viewing import views
from webapp.engines.forms.viewing.views import Asked

FIRST = Path(__file__).parent / "crm_first.yaml"
SAMPLE: dict[str, dict[str, Any]] = {
    "account": {"name": "禾穗食品", "credit_code": "91350100M000100Y43", "street": "文三路 1 号"},
    "lead": {"name": "吕嘉禾", "wechat": "lv_jiahe", "source": "exhibition"},
    "deal": {"name": "装盒线", "amount": "128600", "expected_close": "2026-12-20", "lost_to": "北辰机械"},
}


def test_a_firm_with_the_first_text_is_brought_up_to_this_one_without_loss(database: Database) -> None:
    world = make(database)
    admin = world.actor("admin")
    upgrade.start(database, admin, FIRST.read_text("utf-8"))
    made = {}
    with database.write() as unit:
        for key, values in SAMPLE.items():
            more = {"account": made["account"]} if key == "deal" else {}
            made[key] = records.create(unit, admin, world.form(f"crm.{key}"), {**values, **more}).id
    with database.read() as unit:
        proposal = upgrade.propose(unit, "crm", catalog.text("crm"))
    assert proposal.disputed == []
    assert proposal.plan.severity == "change"
    upgrade.upgrade(database, admin, proposal)
    building.finish(database)
    with database.read() as unit:
        for key, values in SAMPLE.items():
            form = versions.current(unit).form(f"crm.{key}")
            found = records.get(unit, admin, form, made[key]).values
            for name, value in values.items():
                assert form.fields[name].kind.json(form.fields[name], found[name]).removesuffix(".00") == value, name


def test_every_view_opens_for_every_role(on_sqlite: Crm) -> None:
    crm = on_sqlite
    for who in ("admin", "ann", "hal", "mia"):
        for form in ("lead", "account", "contact", "follow_up", "deal", "todo", "product", "campaign", "competitor"):
            with crm.world.database.read() as unit:
                actor = crm.world.actor(who)
                if not crm.world.form(f"crm.{form}").views or (who, form) in {
                    ("mia", k) for k in ("contact", "follow_up", "deal")
                }:
                    continue
                at = views.scope(unit, actor, "crm", form, "zh")
                for view in views.offered(at):
                    assert crm.get(f"/crm/{form}?view={view.key}", who).status_code == 200, (who, form, view.key)
                    assert Asked(view) is not None


def test_a_contact_heads_his_card_a_yes_is_said_by_its_name_and_the_phone_asks_for_his_number(on_sqlite: Crm) -> None:
    crm = on_sqlite
    account = crm.make("account", "ann", name="云杉包装")
    for name, is_key in (("孙瑜", True), ("王建栋", False)):
        crm.make("contact", "ann", name=name, account=account, is_key=is_key, mobile="13812344210")
    cards = crm.get("/crm/contact?part=cards", part=True).text
    first, second = re.findall(r'class="m-b m-grow m-cut">([^<]+)<', cards)
    assert {first, second} == {"孙瑜", "王建栋"} and "云杉包装" in cards
    assert cards.count(">关键决策人<") == 1 and ">是<" not in cards and ">否<" not in cards
    quick = re.findall(r'class="m-field[^"]* quick[^"]*" data-field="(\w+)"', crm.get("/crm/contact/new").text)
    assert quick == ["name", "account", "job_title", "mobile", "email"]


def test_now_is_drawn_to_the_minute(on_sqlite: Crm) -> None:
    page = on_sqlite.get("/crm/follow_up/new").text
    assert re.search(r'name="at" type="datetime-local" value="\d{4}-\d\d-\d\dT\d\d:\d\d"', page)
