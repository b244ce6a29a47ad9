"""The product's own pages: nothing serious for axe, nothing wider than the screen, no fault in the console."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import axe_problems, settled
from tests.browser.firm import Firm
from tests.world import PASSWORD

pytestmark = pytest.mark.browser
GROUPED = "/crm/deal?view=all&group=stage&w=amount:gt:5"
PAGES = (
    "/",
    "/crm/deal",
    GROUPED,
    "/crm/deal?view=board",
    "/crm/deal/{first}",
    "/crm/deal/new",
    "/crm/deal/{first}/edit",
)


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious(firm: Firm, open_page: Callable[..., Any], is_phone: bool) -> None:
    found = {}
    for theme in ("light", "dark"):
        page = firm.sign_in(open_page(phone=is_phone, theme=theme))
        for path in PAGES:
            page.goto(firm.url + path.format(first=firm.deals[0]))
            settled(page)
            if problems := axe_problems(page):
                found[path, theme] = problems
    assert found == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_phone(firm: Firm, open_page: Callable[..., Any], language: str) -> None:
    page = firm.sign_in(open_page(phone=True, language=language), language)
    for path in PAGES:
        page.goto(firm.url + path.format(first=firm.deals[0]))
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, path
        over = page.evaluate(
            "() => { const m = document.querySelector('main'); return m.scrollWidth - m.clientWidth; }"
        )
        assert over <= 0, path


def test_a_deal_is_made_moved_and_undone(firm: Firm, page: Any) -> None:
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal/new")
    page.get_by_label("商机名称").fill("试机 1 台")
    page.get_by_text("初步接触").click()
    page.locator("main button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/crm/deal/\d+"))
    made = int(page.url.split("?")[0].rstrip("/").rsplit("/", 1)[1])
    assert firm.sales.value("deal", made, "name") == "试机 1 台"
    page.goto(f"{firm.url}/crm/deal?view=board")
    page.focus(f"#card-{made}, [data-card='{made}']")
    page.keyboard.press("m")
    page.click("#move-menu .m-item:has-text('报价')")
    page.wait_for_selector("#toast button:has-text('撤销')")
    assert firm.sales.value("deal", made, "stage") == "quote"
    page.click("#toast button:has-text('撤销')")
    page.wait_for_selector(f"[data-column=contact] [data-card='{made}']")
    assert firm.sales.value("deal", made, "stage") == "contact"


def test_a_lapsed_session_is_renewed_over_the_page_and_the_record_is_saved(firm: Firm, page: Any) -> None:
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal/{firm.deals[0]}/edit")
    page.get_by_label("商机名称").fill("改过的名称")
    page.context.clear_cookies(name="mortise")
    page.locator("main button[type=submit]").last.click()
    page.wait_for_selector("#sign-in-again[open] input[name=email]")
    page.fill("#sign-in-again input[name=email]", "ann@firm.example")
    page.fill("#sign-in-again input[name=password]", "wrong password")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sign-in-again .m-err")
    page.fill("#sign-in-again input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/crm/deal/{firm.deals[0]}$"))
    assert firm.sales.value("deal", firm.deals[0], "name") == "改过的名称"
    page.faults[:] = [fault for fault in page.faults if "401" not in fault and "422" not in fault]


def test_a_stage_that_needs_a_field_asks_for_it_in_a_small_form(firm: Firm, page: Any) -> None:
    card = next(d for d in firm.deals if firm.sales.value("deal", d, "stage") == "quote")
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal?view=board")
    page.focus(f"[data-card='{card}']")
    page.keyboard.press("m")
    page.click("#move-menu .m-item:has-text('输单')")
    page.wait_for_selector("#dialog[open] form")
    assert page.locator(f"[data-column=quote] [data-card='{card}']").count() == 1
    page.locator("#dialog").get_by_label("输单原因").fill("价格")
    page.locator("#dialog button[type=submit]").click()
    page.wait_for_selector(f"[data-column=lost] [data-card='{card}']")
    assert firm.sales.value("deal", card, "stage") == "lost"
    assert firm.sales.value("deal", card, "lost_reason") == "价格"
    assert page.locator("#dialog[open]").count() == 0
    page.faults[:] = [fault for fault in page.faults if "422" not in fault]


def test_a_deleted_record_comes_back_by_undo(firm: Firm, page: Any) -> None:
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal")
    first = page.locator("tr[data-open]").first
    name = first.locator("td").nth(1).inner_text()
    first.locator("td").nth(1).click()
    page.wait_for_selector("#panel h1")
    page.locator("#panel > header [popovertarget]").click()
    page.locator("#panel .m-item.bad, .m-menu:popover-open .m-item.bad").first.click()
    page.wait_for_selector("#toast button:has-text('撤销')")
    page.wait_for_function("() => !document.querySelector('#panel').childElementCount")
    page.click("#toast button:has-text('撤销')")
    page.wait_for_function(
        "name => document.querySelector('tr[data-open] td:nth-child(2)').innerText === name", arg=name
    )


def test_what_was_typed_in_a_refused_form_is_still_kept(firm: Firm, page: Any) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal/new")
    page.get_by_label("商机名称").fill("没有阶段")
    page.locator("main button[type=submit]").last.click()
    page.wait_for_selector(".m-err")
    page.goto(f"{firm.url}/crm/deal")
    page.goto(f"{firm.url}/crm/deal/new")
    assert page.get_by_label("商机名称").input_value() == "没有阶段"
    page.faults[:] = [fault for fault in page.faults if "422" not in fault]
