"""The starter app in a real browser: regions and tags are chosen, a lead becomes a customer, the demo firm comes and goes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import axe_problems
from tests.browser.reps import Reps

pytestmark = pytest.mark.browser


def test_a_region_and_tags_are_chosen_with_keys_and_nothing_fires_while_composing(reps: Reps, page: Any) -> None:
    reps.sign_in(page).goto(f"{reps.url}/crm/account/new")
    page.fill("#f-name", "禾穗食品")
    page.focus("#f-region")
    page.wait_for_selector("#f-region-list [data-value='330000']")
    page.locator("#f-region-list [data-value='330000']").click()
    page.wait_for_selector("#f-region-list [data-value='330100']")
    assert axe_problems(page) == []
    page.locator("#f-region-list [data-value='330100']").click()
    page.wait_for_selector("#f-region-list [data-value='330106']")
    page.locator("#f-region-list [data-value='330106']").click()
    assert page.input_value("#f-region") == "浙江省杭州市西湖区"
    page.fill("#f-region", "jiaxing")
    page.wait_for_selector("#f-region-list [data-value='330400']")
    page.keyboard.press("Enter")
    assert page.input_value("[name=region]") == "330400"
    box = page.locator("[data-tags]").first
    box.locator("[role=combobox]").focus()
    page.wait_for_selector("[data-tags] [role=option]:has-text('重点客户')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("大客户,老客户")
    page.keyboard.press("Tab")  # leaving takes what is typed
    assert box.locator("[data-tags-value]").input_value() == "重点客户、大客户、老客户"
    box.locator("[role=combobox]").focus()
    page.keyboard.press("Backspace")
    assert box.locator("[data-tags-value]").input_value() == "重点客户、大客户"
    page.reload()  # the draft is kept, tags too
    page.wait_for_selector("[data-tags] .m-tag:has-text('大客户')")
    page.locator(".m-save button[type=submit]").click()
    page.wait_for_selector("h1:has-text('禾穗食品')")
    assert page.locator(".m-facts .m-tag:has-text('大客户')").count() == 1


def test_a_lead_becomes_a_customer_on_the_phone_and_back(reps: Reps, phone: Any) -> None:
    reps.make("account", name="长岭豆制品")
    lead = reps.lead(company="长岭豆制品", need="豆干装盒")
    reps.sign_in(phone).goto(f"{reps.url}/crm/lead/{lead}/convert")
    assert phone.locator("[name='account-use']:checked").get_attribute("value") != "new"
    small = phone.evaluate(
        "() => [...document.querySelectorAll('.m-convert label.m-check, .m-convert .btn')]"
        ".filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).length"
    )
    assert small == 0 and axe_problems(phone) == []
    phone.locator(".m-convert button[type=submit]").tap()
    phone.wait_for_selector("[id='f-deal-amount-error'] p")
    phone.faults.clear()  # the refusal itself
    phone.fill("[name='deal-amount']", "8万")
    phone.fill("[name='deal-expected_close']", "2027-01-31")
    phone.locator(".m-convert button[type=submit]").tap()
    phone.wait_for_selector("#toast button:has-text('撤销')")
    phone.wait_for_selector("h1:has-text('长岭豆制品')")
    phone.locator("#toast button:has-text('撤销')").tap()
    phone.wait_for_selector(".m-path .now:has-text('新线索')")


def test_the_demo_firm_comes_with_a_press_and_goes_with_one(reps: Reps, page: Any) -> None:
    reps.sign_in(page, who="admin").goto(reps.url)
    page.locator("#demo button:has-text('载入演示公司')").click()
    page.wait_for_selector("#demo button:has-text('删除演示数据')")
    assert axe_problems(page) == []
    page.locator("#demo button:has-text('删除演示数据')").click()
    page.wait_for_selector("#demo button:has-text('载入演示公司')")
