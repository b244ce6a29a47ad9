"""A record, its entry form and the search in a real browser: with a finger, with keys, and with nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import settled
from tests.browser.firm import Firm
from tests.pages.test_record_pages import DOCUMENT

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(firm: Firm) -> Firm:
    firm.sales.world.apply(DOCUMENT)
    return firm


def test_a_press_on_a_stage_moves_the_deal_and_shows_it(shop: Firm, phone: Any) -> None:
    deal = shop.sales.deal("新单", stage="contact")
    shop.sign_in(phone).goto(f"{shop.url}/crm/deal/{deal}")
    phone.locator(".m-path button:has-text('报价')").tap()
    phone.wait_for_selector(".m-path .now:has-text('报价')")
    assert shop.sales.value("deal", deal, "stage") == "quote"
    phone.locator("#toast button:has-text('撤销')").tap()
    phone.wait_for_selector(".m-path .now:has-text('初步接触')")
    assert shop.sales.value("deal", deal, "stage") == "contact"


def test_m_moves_the_deal_in_the_panel_and_what_is_missing_opens_as_a_form(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单", stage="contact", amount="99000000")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal?view=all")
    page.locator(f"#row-{deal} td").nth(1).click()
    page.wait_for_selector("#panel h1")
    page.keyboard.press("m")
    page.wait_for_selector("#stage-menu:popover-open")
    page.locator("#stage-menu .m-item:has-text('输单')").click()
    page.wait_for_selector("#dialog [name=lost_reason]")
    assert not page.locator("#toast").is_visible(), "the form says what is missing, no toast beside it"
    page.faults.clear()  # the refusal itself
    page.fill("#dialog [name=lost_reason]", "价格")
    page.locator("#dialog button[type=submit]").click()
    page.wait_for_selector("#panel .m-path .now:has-text('输单')")
    page.wait_for_selector(f"#row-{deal}:has-text('输单')")
    assert not page.locator("#dialog").is_visible()
    assert shop.sales.value("deal", deal, "lost_reason") == "价格"


def test_a_field_appears_with_its_condition_and_nothing_typed_is_lost(shop: Firm, page: Any) -> None:
    deal = shop.sales.deal("新单", stage="contact")
    shop.sign_in(page).goto(f"{shop.url}/crm/deal/{deal}/edit")
    page.fill("#f-name", "改了一半")
    assert not page.locator("[data-field=lost_reason]").is_visible()
    page.locator("label[for='f-stage-4']").click()
    page.wait_for_selector("[data-field=lost_reason]:visible")
    page.fill("[name=lost_reason]", "太贵")
    assert page.input_value("#f-name") == "改了一半"
    page.locator("label[for='f-urgent']").click()
    page.wait_for_selector("[data-field=note]:visible")
    page.locator("label[for='f-urgent']").click()
    page.wait_for_selector("[data-field=note]", state="hidden")
    page.locator("main button[type=submit]").last.click()
    page.wait_for_url(re.compile(rf"/crm/deal/{deal}$"))
    assert shop.sales.value("deal", deal, "lost_reason") == "太贵"


def test_the_search_finds_by_initials_and_enter_opens_the_first(shop: Firm, page: Any) -> None:
    shop.sign_in(page).goto(shop.url)
    page.keyboard.press("Control+k")
    page.keyboard.type("hssp")
    page.wait_for_selector("#search-results .m-item:has-text('禾穗食品')")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/crm/account/\d+"))


def test_a_new_deal_on_the_phone_asks_a_few_fields_first(shop: Firm, open_page: Callable[..., Any]) -> None:
    phone = shop.sign_in(open_page(phone=True))
    phone.goto(f"{shop.url}/crm/deal/new")
    assert phone.locator("[data-field]:visible").count() == 5
    phone.locator("[data-all-fields]").tap()
    assert phone.locator("[data-field]:visible").count() > 5


def test_thumb_targets_are_large_enough(shop: Firm, open_page: Callable[..., Any]) -> None:
    phone = shop.sign_in(open_page(phone=True))
    for path in ("/", "/crm/deal", "/crm/deal?view=board", f"/crm/deal/{shop.deals[0]}", "/crm/deal/new"):
        phone.goto(shop.url + path)
        settled(phone)
        small = phone.evaluate(
            "() => [...document.querySelectorAll('.btn, .m-bottom a, .m-bottom button, .m-path button, .m-pager button')]"
            ".filter((one) => one.offsetParent).map((one) => [one.getBoundingClientRect(), one])"
            ".filter(([at]) => at.height < 40 || at.width < 43).map(([at, one]) => one.outerHTML.slice(0, 90) + at.height)"
        )
        assert small == [], path
