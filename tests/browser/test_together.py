"""Records in a real browser when things go wrong or two people meet: nothing typed is lost, nothing is saved twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.browser import day
from tests.browser.conftest import axe_problems, settled
from tests.browser.firm import Firm
from tests.browser.first import lapse
from tests.pages.conftest import (
    Sales,
    sales_,  # noqa: F401 (a fixture)
)
from tests.pages.followed import DOCUMENT
from tests.pages.test_workbench import at
from tests.world import PASSWORD
from webapp.engines.forms import records

pytestmark = pytest.mark.browser


@pytest.fixture
def both(sales_: Sales, serve: Callable[[Flask], str]) -> Firm:  # noqa: F811
    """The firm on either database."""
    return Firm(sales_, serve(sales_.world.app))


@pytest.fixture
def shop(firm: Firm) -> Firm:
    firm.sales.world.apply(DOCUMENT)
    return firm


def saved_by(shop: Firm, deal: int, who: str = "admin", **values: Any) -> None:
    world = shop.sales.world
    with world.database.write() as unit:
        records.update(unit, world.actor(who), world.form("crm.deal"), deal, values)


def test_a_field_is_changed_in_place_with_the_keyboard_and_the_focus_stays(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单", amount="100")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal/{deal}")
    page.locator("[data-fact=amount] .m-edit").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-fact=amount] input[name=amount]:focus")
    page.keyboard.type("9")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-fact=amount]:has-text('¥100.00')")
    page.locator("[data-fact=amount] .m-edit").press("Enter")
    page.wait_for_selector("[data-fact=amount] input[name=amount]:focus")
    page.keyboard.type("viel")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-fact=amount] .m-err")
    page.faults.clear()  # the refusal itself
    assert page.input_value("[data-fact=amount] input[name=amount]") == "viel"
    page.fill("[data-fact=amount] input[name=amount]", "5万")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-fact=amount]:has-text('¥50,000.00')")
    page.wait_for_function("() => document.activeElement.closest('[data-fact=amount]')")
    assert "改为 ¥50,000.00" in page.inner_text("#timeline")


def test_a_colleague_is_mentioned_and_a_half_written_comment_survives_what_happens(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单", stage="contact")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal/{deal}")
    box = page.locator("form[data-say-form] textarea")
    box.click()
    page.keyboard.type("请 @ha")
    page.wait_for_selector(".m-people [data-name='Hal']")
    page.keyboard.press("Enter")
    assert box.input_value() == "请 @Hal "
    page.locator(".m-path button:has-text('报价')").click()
    page.wait_for_selector(".m-path .now:has-text('报价')")
    assert box.input_value() == "请 @Hal ", "the record was drawn anew, what is being written stays"
    page.reload()
    page.wait_for_selector("form[data-say-form].open [data-draft-note] .m-banner")
    assert box.input_value() == "请 @Hal "
    page.goto(shop.url)
    page.wait_for_selector("[data-kept-drafts]:not([hidden]) a")
    page.locator("[data-kept-drafts] a").first.click()
    page.wait_for_url(re.compile(rf"/crm/deal/{deal}$"))
    box.press("End")
    page.keyboard.type("看看价格")
    page.locator("button[name=as][value=comment]").click()
    page.wait_for_selector("#timeline .m-quote:has-text('看看价格')")
    assert box.input_value() == ""
    page.goto(shop.url)
    assert page.locator("[data-kept-drafts]").is_hidden()


def test_what_is_due_is_ended_from_the_workbench(shop: Firm, open_page: Callable[..., Any]) -> None:
    deal = shop.sales.deal("过期的", next_at=at(-1), next_step="回访")
    phone = shop.sign_in(open_page(phone=True))
    phone.goto(shop.url)
    phone.locator("#due li:has-text('回访') .btn").tap()
    phone.wait_for_selector("#dialog[open] form[data-say-form].open")
    phone.locator("#dialog textarea").fill("谈好了")
    phone.locator("#dialog [data-in-days='3']").tap()
    phone.locator("#dialog button[value='follow-up']").tap()
    phone.wait_for_selector("#dialog:not([open])", state="attached")
    phone.wait_for_selector("#due li:has-text('回访')", state="detached")
    assert shop.sales.value("deal", deal, "next_at") is not None


def test_two_who_changed_the_same_choose_between_both_values(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单", amount="100", note="旧")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal/{deal}/edit")
    page.fill("#f-amount", "300")
    page.fill("#f-name", "新单二期")
    page.fill("#f-lost_reason", "签约")
    saved_by(shop, deal, amount="200", name="老单", note="新")
    page.locator("main button[type=submit]").last.click()
    page.wait_for_selector("[data-theirs]")
    page.faults.clear()
    assert page.locator("[data-theirs]").count() == 2 and page.input_value("#f-note") == "新"
    page.locator("[data-field=amount] [data-take=theirs]").click()
    assert page.input_value("#f-amount") == "200"
    page.locator("[data-field=amount] [data-take=mine]").click()
    assert page.input_value("#f-amount") == "300"
    page.locator("[data-field=name] [data-take=theirs]").click()
    page.locator("main button[type=submit]").last.click()
    page.wait_for_url(re.compile(rf"/crm/deal/{deal}$"))
    found = {k: str(shop.sales.value("deal", deal, k)) for k in ("amount", "name", "note", "lost_reason")}
    assert found == {"amount": "300.00", "name": "老单", "note": "新", "lost_reason": "签约"}


def test_a_record_deleted_under_ones_hands_is_taken_out_and_saved(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal?view=all")
    page.goto(f"{shop.url}/crm/deal/{deal}/edit")
    page.fill("#f-lost_reason", "写了很久")
    world = shop.sales.world
    with world.database.write() as unit:
        records.delete(unit, world.actor("admin"), world.form("crm.deal"), deal)
    page.locator("main button[type=submit]").last.click()
    page.wait_for_selector("button[name=m__restore]")
    page.faults.clear()
    assert page.input_value("#f-lost_reason") == "写了很久"
    page.locator("button[name=m__restore]").click()
    page.wait_for_url(re.compile(rf"/crm/deal/{deal}$"))
    assert shop.sales.value("deal", deal, "lost_reason") == "写了很久"


def test_the_session_ends_while_a_long_form_is_open(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal/{deal}/edit")
    page.fill("#f-note", "写了半个小时")
    lapse(page)
    page.locator("main button[type=submit]").last.click()
    page.wait_for_selector("#sign-in-again[open] form")
    page.faults.clear()
    page.fill("#sign-in-again [name=email]", "ann@firm.example")
    page.fill("#sign-in-again [name=password]", PASSWORD)
    page.locator("#sign-in-again button[type=submit]").click()
    page.wait_for_url(re.compile(rf"/crm/deal/{deal}$"))
    assert shop.sales.value("deal", deal, "note") == "写了半个小时"


def test_the_network_drops_in_the_middle_of_a_save_and_it_is_saved_once(shop: Firm, page: Any) -> None:
    """The server has it, the answer is lost: the next press finds it saved."""
    shop.sign_in(page).goto(f"{shop.url}/crm/account/{shop.sales.account('断网')}")
    lost: list[str] = []

    def lose(route: Any) -> None:
        if route.request.method == "POST" and route.request.url not in lost:
            lost.append(route.request.url)
            route.fetch()  # it arrives there
            route.abort()  # and nothing comes back
        else:
            route.continue_()

    page.route("**/crm/**", lose)
    page.locator("form[data-say-form] textarea").fill("说过的话")
    for _ in range(2):
        page.locator("button[name=as][value=comment]").click()
        page.wait_for_timeout(400)
    page.wait_for_selector("#timeline .m-quote")
    assert page.locator("#timeline .m-quote:has-text('说过的话')").count() == 1
    page.locator("[data-fact=industry] .m-edit").click(force=True)
    page.wait_for_selector("[data-fact=industry] form")
    page.locator("[data-fact=industry] form :is(select, label)").last.click()
    for _ in range(2):
        page.locator("[data-fact=industry] button[type=submit]").click()
        page.wait_for_timeout(400)
    page.wait_for_selector("[data-fact=industry] form", state="detached")
    deal = shop.sales.deal("断网的", amount="1")
    page.goto(f"{shop.url}/crm/deal/{deal}/edit")
    page.fill("#f-amount", "2")
    for _ in range(2):
        page.locator("main button[type=submit]").last.click()
        page.wait_for_timeout(400)
    page.wait_for_url(re.compile(rf"/crm/deal/{deal}$"))
    assert shop.sales.version(deal) == 2, "saved once"
    assert len(lost) == 3
    page.faults.clear()  # the lost answers


def test_next_and_previous_go_on_across_the_pages_of_the_list(shop: Firm, page: Any) -> None:
    for n in range(40):
        shop.sales.deal(f"第{n:02}单", amount=str(10 + n))
    shop.sign_in(page).goto(f"{shop.url}/crm/deal?view=all&sort=-amount")
    rows = page.locator("main tr[data-open]")
    assert rows.count() == 50
    link = rows.nth(48).locator("a[data-opens]")
    address = rows.nth(48).get_attribute("data-open")
    page.evaluate("() => document.querySelectorAll('.m-more').forEach((one) => one.removeAttribute('hx-trigger'))")
    link.click()
    page.wait_for_selector("#panel h1")
    assert page.inner_text("#panel [data-place]").startswith("49 /")
    for _ in range(3):
        page.locator("#panel").focus()
        page.keyboard.press("j")
        page.wait_for_timeout(250)
    page.wait_for_function("() => document.querySelector('#panel [data-place]').textContent.startsWith('52 /')")
    page.goto(shop.url + address)
    page.wait_for_selector("[data-walk]:not([hidden])")
    assert page.inner_text("[data-walk-place]").startswith("49 /")
    page.keyboard.press("k")
    page.wait_for_function("() => document.querySelector('[data-walk-place]')?.textContent.startsWith('48 /')")


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious_on_a_working_day(firm: Firm, open_page: Callable[..., Any], is_phone: bool) -> None:
    day.begin(firm)
    page = firm.sign_in(open_page(phone=is_phone))
    found = []
    for name, (_, who, prepare) in day.SCREENS.items():
        if who != "ann":
            continue
        page.goto(day.address(firm, name))
        settled(page)
        if prepare:
            prepare(page)
        found += [f"{name} {problem}" for problem in axe_problems(page)]
    assert not found, "\n".join(found)


def test_what_others_do_to_a_record_is_seen_but_not_while_one_edits_it(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单", amount="100", lost_reason="x")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal/{deal}")
    page.locator("[data-fact=note] .m-edit").click(force=True)
    page.wait_for_selector("[data-fact=note] form textarea:focus")
    page.keyboard.type("写到一半")
    saved_by(shop, deal, amount="200")
    page.wait_for_timeout(1500)
    assert page.input_value("[data-fact=note] textarea") == "写到一半" and "¥100" in page.inner_text(
        "[data-fact=amount]"
    )
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(
        "[data-fact=note] .m-theirs, [data-fact=note] .m-warn, [data-fact=note]:has-text('写到一半')"
    )
    page.wait_for_selector("[data-fact=amount]:has-text('¥200.00')")
    saved_by(shop, deal, amount="300")
    page.wait_for_selector("[data-fact=amount]:has-text('¥300.00')")


def test_of_two_who_change_one_view_the_second_sees_both_versions_and_chooses(
    both: Firm, open_page: Callable[..., Any]
) -> None:
    both.sales.world.grant("hal", "builder:crm")
    made = both.sales.post("/crm/deal/views/create?view=all", {"label": "共同的", "readers": "all"}, "admin").location
    one, two = (both.sign_in(open_page(), who=who) for who in ("admin", "hal"))
    one.goto(both.url + made)
    two.goto(both.url + made)
    save = ".m-sentence.bar .m-saving form button"
    for page, changed in ((one, "&cols=name,stage"), (two, "&cols=name,amount&sort=name")):
        page.evaluate("url => htmx.ajax('GET', url, {target: '#list', swap: 'outerMorph', push: url})", made + changed)
        page.wait_for_selector(save)
    one.locator(save).click()
    one.wait_for_selector(".m-saving", state="detached")
    two.locator(save).click()
    two.wait_for_selector("#dialog[open] table.m-both")
    two.faults.clear()
    rows = two.locator("#dialog tr.differs").all_inner_texts()
    said = " ".join(rows)
    assert "商机名称，阶段" in said and "商机名称，金额" in said and len(rows) == 2, "both versions beside each other"
    two.locator("#dialog button[hx-get*='do=new']").click()
    two.wait_for_selector("#dialog #view-name")
    two.fill("#view-name", "我的那一份")
    two.keyboard.press("Enter")
    two.wait_for_selector(".m-tabs a.on:has-text('我的那一份')")
    assert two.locator("th[data-key]").count() == 2, "mine is kept as a view of its own"
    two.goto(f"{both.url}{made}&cols=name,stage")
    one.goto(f"{both.url}{made}&rows=tall")
    two.locator(save).click()
    two.wait_for_selector(".m-saving", state="detached")
    one.locator(save).click()
    one.wait_for_selector("#dialog[open] table.m-both")
    one.faults.clear()
    one.locator("#dialog footer button.btn-primary").click()
    one.wait_for_selector(".m-h-tall")
    one.wait_for_selector(".m-saving", state="detached")
    assert one.locator("th[data-key]").count() == 2, "his is saved; what only the other has changed stays"


def test_of_two_at_one_board_the_second_is_told_where_the_card_is(both: Firm, open_page: Callable[..., Any]) -> None:
    deal = both.deals[0]
    one, two = (both.sign_in(open_page(), who=who) for who in ("ann", "hal"))
    for address in ("**/live/**", "**/crm/deal/cards**"):
        two.route(address, lambda route: route.abort())  # news has not come yet
    for page in (one, two):
        page.goto(f"{both.url}/crm/deal?view=board")
        page.wait_for_function("() => window.Sortable && document.querySelector('#count-0').textContent")
    move(one, deal, "报价")
    one.wait_for_selector(f"[data-column=quote] #card-{deal}[data-version='2']")
    move(two, deal, "赢单")
    two.wait_for_selector("#toast:popover-open:has-text('报价')")
    assert both.sales.value("deal", deal, "stage") == "quote"
    two.unroute_all()
    two.reload()
    move(two, deal, "赢单")
    two.wait_for_selector(f"[data-column=won] #card-{deal}[data-version='3']")
    one.wait_for_selector(f"[data-column=won] #card-{deal}")
    two.faults.clear()


def move(page: Any, deal: int, column: str) -> None:
    page.focus(f"#card-{deal}")
    page.keyboard.press("m")
    page.click(f"#move-menu .m-item:has-text('{column}')")
