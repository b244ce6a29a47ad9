"""Whole working days in the starter app: a supervisor's morning at the desk, a rep's day on the phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.browser.team import Team
from tests.transfer.files import rows_of

pytestmark = pytest.mark.browser


class Hand:
    """Counts what somebody presses; what is typed is no press."""

    def __init__(self, page: Any, *, touch: bool = False) -> None:
        self.page, self.touch, self.count, self.told = page, touch, 0, {}

    def press(self, what: str, **more: Any) -> None:
        one = self.page.locator(what).locator("visible=true").first
        self.count += 1
        if self.touch:
            one.tap(**more)
        else:
            one.click(**more)

    def did(self, what: str) -> None:
        self.told[what] = self.count - sum(self.told.values())


def test_a_supervisors_morning_at_the_desk(crm: Team, open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = crm.sign_in(open_page(), who="hal")
    hand = Hand(page)
    page.goto(crm.url + "/")
    hand.press(".m-stat:has-text('停滞商机')")
    page.wait_for_selector("table[data-grid] tbody tr[data-open]")
    ids = [
        int(one.split("-")[1])
        for one in page.locator("tbody tr[data-open]").evaluate_all("(all) => all.map((r) => r.id)")
    ]
    assert len(ids) >= 4 and page.locator("table[data-grid]").inner_text().count("Ann") >= 1
    hand.did("find stuck deals")

    movable = [id_ for id_ in ids if crm.value("deal", id_, "stage") != "negotiation"][:3]
    other = next(id_ for id_ in ids if id_ not in movable)
    for id_ in movable:
        hand.press(f"#row-{id_} td >> nth=0")
    hand.press("#picked button:has-text('移到')")
    page.wait_for_selector("#dialog[open] form[data-bulk]")
    page.select_option("#dialog [name=stage]", "negotiation")
    hand.count += 2  # a list and its entry
    hand.press("#dialog button[type=submit]")
    page.wait_for_selector("#toast:has-text('3 条')")
    assert [crm.value("deal", id_, "stage") for id_ in movable] == ["negotiation"] * 3
    hand.did("move three")

    page.wait_for_selector(f"#row-{other}")
    hand.press(f"#row-{other} td >> nth=0")
    hand.press("#picked button:has-text('转交给')")
    page.wait_for_selector("#dialog[open] form[data-bulk]")
    heir = "bob" if crm.value("deal", other, "owner") == crm.world.people["ann"] else "ann"
    hand.press("#dialog [role=combobox]")
    page.keyboard.type(heir)
    hand.press(f"#dialog [role=option]:has-text('{heir.title()}')")
    hand.press("#dialog button[type=submit]")
    page.wait_for_selector("#toast:has-text('1 条')")
    assert crm.value("deal", other, "owner") == crm.world.people[heir]
    hand.did("reassign one")

    hand.press(f"#row-{other} [data-opens]")
    page.wait_for_selector("#panel form[data-say-form] textarea")
    hand.press("#panel form[data-say-form] textarea")
    page.keyboard.type(f"@{heir}", delay=20)
    page.wait_for_selector(".m-people [data-name]")
    page.keyboard.press("Enter")
    page.keyboard.type("请今天联系客户，报价再压两个点。")
    hand.press("#panel button[name=as][value=comment]")
    page.wait_for_selector("#panel #timeline .m-quote:has-text('请今天联系客户')")
    hand.did("comment with a mention")
    page.keyboard.press("Escape")

    hand.press("[popovertarget=list-more]")
    with page.expect_download() as saved:
        hand.press(":popover-open button[value=xlsx]")
    (tmp_path / "stuck.xlsx").write_bytes(Path(saved.value.path()).read_bytes())
    hand.did("export the view")
    rows = rows_of(tmp_path / "stuck.xlsx")
    table = crm.world.form("crm.deal").table
    with crm.world.database.read() as unit:
        stored = {r.name: r.amount for r in unit.execute(sa.select(table.c.name, table.c.amount))}
    page.reload()  # rows that were changed stay in sight until the list is asked for anew
    assert len(rows) == page.locator("table[data-grid] tbody tr[data-open]").count() + 1 <= len(ids)
    name, amount = rows[0].index("商机名称"), rows[0].index("金额")
    for row in rows[1:]:
        assert float(row[amount]) == float(stored[row[name]]), row
    print("a supervisor's morning, presses:", hand.told, "together", hand.count)
    assert hand.count <= 20


def test_a_reps_day_on_the_phone(crm: Team, open_page: Callable[..., Any]) -> None:
    page = crm.sign_in(open_page(phone=True), who="ann")
    hand = Hand(page, touch=True)
    hand.count += 1  # the shortcut on the home screen
    page.goto(crm.url + "/crm/lead/new?quick=1")
    page.wait_for_function("() => document.activeElement?.id === 'f-name'")
    for text in ("吕晓禾", "13800134299", "长岭豆业"):
        page.keyboard.insert_text(text)
        page.keyboard.press("Enter")
    hand.press("label:has-text('展会')")
    hand.press(".m-save button[type=submit]")
    page.wait_for_selector("#toast >> text=“吕晓禾”已保存")
    lead = crm.named("lead", "吕晓禾")
    hand.did("a lead")

    page.goto(f"{crm.url}/crm/lead/{lead}")
    page.evaluate("() => addEventListener('click', (e) => e.target.closest('a[href^=tel]') && e.preventDefault())")
    hand.press("a[href='tel:+8613800134299']")
    hand.press("nav.m-quick button[data-say]")
    page.locator("form[data-say-form] textarea").fill("通了电话，周五去看样机。")
    hand.press("form[data-say-form] [data-in-days='3']")
    hand.press("form[data-say-form] button[value='follow-up']")
    page.wait_for_selector("#timeline >> text=通了电话，周五去看样机。")
    assert crm.value("lead", lead, "next_follow_at") is not None
    hand.did("call and follow-up")

    page.goto(crm.url + "/")
    hand.press(".m-phonehead [data-dialog='#search']")
    page.locator("#search input").fill("yunshan")
    page.wait_for_selector("#search .m-item:has-text('苏州云杉包装材料有限公司')")
    hand.press("#search .m-item:has-text('苏州云杉包装材料有限公司')")
    page.wait_for_selector("h1:has-text('苏州云杉')")
    hand.did("find by pinyin")

    deal = next(id_ for id_ in crm.ids("deal", "ann") if crm.value("deal", id_, "stage") == "analysis")
    page.goto(f"{crm.url}/crm/deal/{deal}")
    hand.press(".m-path button:has-text('方案报价')")
    page.wait_for_selector(".m-path .now:has-text('方案报价')")
    assert crm.value("deal", deal, "stage") == "quote"
    hand.did("move a deal")

    page.goto(crm.url + "/")
    ending = page.locator("#due li", has=page.locator("button[hx-post$='/done']")).first
    title = ending.locator(".m-m").inner_text()
    hand.press("#due button[hx-post$='/done']")
    page.wait_for_selector(f"#toast >> text=“{title}”")
    todo = crm.named("todo", title)
    assert crm.value("todo", todo, "status") == "done"
    hand.did("a to-do done")
    print("a rep's day, taps:", hand.told, "together", hand.count)
    assert hand.told["a lead"] <= 5 and hand.count <= 12
