"""Settings and the pages about the API, walked by hand and by key, on the desk and on the phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import axe_problems, settled
from tests.browser.firm import Firm

pytestmark = pytest.mark.browser
PAGES = (
    "/settings",
    "/settings/members",
    "/settings/members/new",
    "/settings/members/2",
    "/settings/departments",
    "/settings/roles?role=crm.rep&form=deal",
    "/settings/tokens",
    "/settings/firm",
    "/settings/apps",
    "/settings/apps/crm",
    "/settings/jobs",
    "/settings/audit",
    "/me",
    "/me/security",
    "/me/tokens",
    "/api/docs",
    "/api/docs/crm/deal",
)


@pytest.mark.parametrize(("is_phone", "theme", "language"), [(False, "dark", "zh"), (True, "light", "en")])
def test_nothing_is_serious_for_axe_and_nothing_wider_than_the_screen(
    firm: Firm, open_page: Callable[..., Any], is_phone: bool, theme: str, language: str
) -> None:
    page = firm.sign_in(open_page(phone=is_phone, theme=theme, language=language), language, "admin")
    found = {}
    for path in PAGES:
        page.goto(firm.url + path)
        settled(page)
        if problems := axe_problems(page):
            found[path] = problems
        over = page.evaluate(
            "() => { const m = document.querySelector('main'); return m.scrollWidth - m.clientWidth; }"
        )
        assert over <= 0, path
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path
    assert found == {}


def test_an_administrator_sets_up_people_rights_and_the_look_of_the_firm(firm: Firm, page: Any) -> None:
    firm.sign_in(page, who="admin")
    page.goto(f"{firm.url}/settings/members/new")
    page.fill("#name", "顾清和")
    page.fill("#email", "gu@lanchuan.example")
    page.click("button[value=link]")
    page.wait_for_selector("#link")
    assert "/login/password/" in page.input_value("#link") and "/settings/members/" in page.url

    page.goto(f"{firm.url}/settings/roles?role=crm.rep&form=deal")
    page.focus("#c-rep-amount")
    page.keyboard.press("Enter")
    page.wait_for_selector(".m-draftbar")
    page.wait_for_selector("#c-rep-amount.changed")
    assert page.evaluate("() => document.activeElement.id") == "c-rep-amount", "the focus stays where it was"
    page.click(".m-draftbar button.btn-primary")
    page.wait_for_selector(".m-draftbar", state="detached")
    assert page.inner_text("#c-rep-amount") == "只读"

    page.goto(f"{firm.url}/settings/departments")
    row = page.locator("[data-node]", has_text="West")
    row.focus()
    page.keyboard.press("Alt+ArrowUp")
    page.wait_for_function("() => document.querySelectorAll('[data-node]')[1].dataset.label === 'West'")
    assert page.evaluate("() => document.activeElement.dataset.label") == "West"
    page.locator("[data-node]", has_text="West").drag_to(page.locator("[data-node]", has_text="East"))
    page.wait_for_function("() => document.querySelector('[data-label=West]').classList.contains('d2')")

    page.goto(f"{firm.url}/settings/firm")
    page.click("[data-swatch='#b3261e']")
    page.wait_for_selector("#accent-look rect[fill='#b3261e']")
    page.click("main button[type=submit]")
    page.wait_for_url("**/settings/firm?saved=1")
    colour = page.evaluate("() => getComputedStyle(document.querySelector('.btn-primary')).backgroundColor")
    assert colour == "rgb(179, 38, 30)"


def test_a_call_is_tried_from_the_page_and_a_writing_one_only_when_allowed(firm: Firm, page: Any) -> None:
    firm.sign_in(page)
    page.goto(f"{firm.url}/api/docs/crm/deal")
    page.fill("#get [name=filter]", "stage = 'quote'")
    page.fill("#get [name=limit]", "2")
    page.click("#get [type=submit]")
    page.wait_for_selector("#get [data-try-out]:not([hidden])")
    assert '"stage": "quote"' in page.inner_text("#get [data-try-out]")
    first = page.inner_text("#get [data-try-out]")
    page.click("#get [data-try-next]")
    page.wait_for_function("first => document.querySelector('#get [data-try-out]').innerText !== first", arg=first)
    page.fill("#get [name=filter]", "amont > 5")
    page.fill("#get [name=after]", "")
    page.click("#get [type=submit]")
    page.wait_for_selector("#get [data-try-out].bad")
    page.faults[:] = [fault for fault in page.faults if "422" not in fault and "400" not in fault]
    assert page.is_disabled("#post [type=submit]")
    page.check("[data-allow-writes]")
    page.fill("#post textarea", '{"values": {"name": "从文档页新建", "stage": "contact"}}')
    page.click("#post [type=submit]")
    page.wait_for_function("() => document.querySelector('#post [data-try-said]').innerText.startsWith('201')")
    page.click("#get [data-tool=python]")
    assert page.is_visible("#post [data-tool-text=python]"), "one choice for all examples"


def test_rights_are_walked_by_arrows_and_a_record_says_who_may_see_it(firm: Firm, page: Any) -> None:
    firm.sign_in(page, who="admin")
    page.goto(f"{firm.url}/settings/roles?role=crm.rep&form=deal")
    page.focus("#c-rep-name")
    walked = []
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "End", "Home"):
        page.keyboard.press(key)
        walked.append(page.evaluate("() => document.activeElement.id"))
    assert walked == ["c-rep-account", "c-head-account", "c-head-name", "c-rep-name", "c-head-name", "c-rep-name"]
    page.keyboard.press("Enter")
    page.wait_for_selector("#c-rep-name.changed")
    assert page.evaluate("() => document.activeElement.id") == "c-rep-name", "the focus stays on what was pressed"
    page.goto(f"{firm.url}/crm/deal/{firm.deals[0]}")
    page.locator("[popovertarget=record-menu]:visible").first.click()
    page.locator("#record-menu .m-item", has_text="谁能看到").click()
    page.wait_for_selector("#dialog .m-whys")
    assert "Ann" in page.inner_text("#dialog select") and "销售" in page.inner_text("#dialog .m-whys")
    page.select_option("#why-member", label="Bob")
    page.wait_for_function("() => document.querySelector('#why-member').selectedOptions[0].text === 'Bob'")
    page.wait_for_selector("#dialog .m-whys > li:first-child .m-tag:has-text('否')")
