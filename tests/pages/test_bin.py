"""The bin: removed for good by an administrator who was told what that means, or at night where the firm wants it."""

from __future__ import annotations

from datetime import timedelta

from tests.pages.conftest import Sales, words
from webapp import clock
from webapp.engines.forms import records
from webapp.engines.forms.days import emptying
from webapp.journal import due, work


def binned(sales: Sales, form: str, id_: int) -> int:
    assert sales.post(f"/crm/{form}/{id_}/delete", {}, "admin").status_code == 303
    return id_


def lives(sales: Sales, form: str, id_: int) -> bool:
    table = sales.world.form(f"crm.{form}").table
    with sales.world.database.read() as unit:
        return unit.execute(table.select().where(table.c.id == id_)).first() is not None


def test_an_administrator_removes_for_good_and_is_told_what_points_there(sales_: Sales) -> None:
    sales = sales_
    account = sales.account("禾穗食品")
    deal = sales.deal("装盒线", account=account)
    assert sales.get(f"/crm/account/{account}/purge", "admin").status_code == 404, "only what lies in the bin"
    binned(sales, "account", account)
    assert (
        "彻底删除" in sales.get("/crm/account/bin", "admin").text
        and "彻底删除" not in sales.get("/crm/account/bin").text
    )
    for who in ("ann", "hal"):
        assert sales.get(f"/crm/account/{account}/purge", who).status_code in (403, 404)
        assert sales.post(f"/crm/account/{account}/purge", {}, who).status_code in (403, 404)
    said = words(sales.get(f"/crm/account/{account}/purge", "admin", target="dialog").text)
    assert "无法恢复" in said and "商机 1" in said
    assert sales.post(f"/crm/account/{account}/purge", {}, "admin", part=True).status_code == 409, "a deal points there"
    assert sales.post(f"/crm/account/{account}/purge", {"empty": "1"}, "admin", part=True).status_code == 200
    assert not lives(sales, "account", account) and sales.value("deal", deal, "account") is None


def test_the_night_empties_what_has_lain_there_for_as_long_as_the_firm_says(sales_: Sales) -> None:
    sales = sales_
    kept = sales.account("有商机的")
    sales.deal("指着它", account=kept)
    old, fresh = sales.deal("很久以前"), sales.deal("刚刚")
    long_ago = clock.now() - timedelta(days=40)
    with clock.stopped(long_ago), sales.world.database.write() as unit:
        for form, id_ in (("deal", old), ("account", kept)):
            records.delete(unit, sales.world.actor("admin"), sales.world.form(f"crm.{form}"), id_)
    binned(sales, "deal", fresh)

    def night() -> dict[str, object]:
        with sales.world.database.write() as unit:
            id_ = due.add(unit, "periodic.records.empty_bin", f"night {clock.now()}", {})
        work.run_ready(sales.world.database)
        with sales.world.database.read() as unit:
            return dict(due.get(unit, id_).result or {})

    assert night() == {"removed": 0, "kept": 0}, "never, unless somebody chose it"
    page = sales.get("/settings/firm", "admin").text
    seen = page.partition('name="m__seen" value="')[2].partition('"')[0]
    given = {"m__seen": seen, "name": "岚川装备", "locale": "zh", "currency": "CNY", "accent": "", "bin_days": "30"}
    assert sales.post("/settings/firm", given, "admin").status_code == 303
    assert "30 天" in words(sales.get("/crm/deal/bin", "admin").text)
    assert night() == {"removed": 1, "kept": 1}
    assert not lives(sales, "deal", old) and lives(sales, "deal", fresh) and lives(sales, "account", kept)
    with sales.world.database.write() as unit:
        emptying.firm.write(unit, "bin", {"days": 30, "by": sales.world.people["ann"]})
    assert "stopped" in night(), "who chose it keeps the system no more"
