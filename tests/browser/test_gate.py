"""What people first see, in a real browser: the set-up, signing in, a forgotten password, their own settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import first
from tests.browser.conftest import axe_problems
from tests.browser.firm import Firm
from tests.world import PASSWORD
from webapp.access import members

pytestmark = pytest.mark.browser
PAGES = ("/login", "/login/forgotten", "/login/forgotten?sent=1", "/login/password/forged", "{reset}")
STEPS = ("check", "firm", "start-mend", "done")


def fits(page: Any) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_the_set_up_is_walked_and_nothing_of_it_is_serious_for_axe(
    empty: first.Empty, open_page: Callable[..., Any], is_phone: bool
) -> None:
    found = {}
    for theme, language in (("light", "zh"), ("dark", "en")):
        for step in STEPS:
            page = open_page(phone=is_phone, theme=theme, language=language)
            empty.walk(page, step)
            if problems := axe_problems(page):
                found[step, theme] = problems
            assert fits(page), (step, language)
    assert found == {}
    page.click("a.btn-primary")
    page.wait_for_selector(".m-hello")


def test_the_strength_of_a_password_is_said_while_it_is_typed(empty: first.Empty, page: Any) -> None:
    empty.walk(page, "start")
    assert page.inner_text("#password-strength") == "很强"
    page.fill("#password", "fang@lanchuan.example")
    page.wait_for_selector("[data-level='0'][value='1']")
    assert page.evaluate("() => document.activeElement.id") == "password", "typing is not interrupted"
    page.fill("#password", "")


def test_back_and_reload_keep_what_was_typed(empty: first.Empty, page: Any) -> None:
    empty.walk(page, "start")
    page.click("button[value=back]")
    assert page.input_value("#firm") == "岚川装备"
    page.click("button[value=on]")
    page.reload()
    assert page.input_value("#name") == "方予安" and page.input_value("#password") == ""
    page.go_back()
    assert page.input_value("#firm") == "岚川装备"


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_the_way_in_has_nothing_serious_for_axe(firm: Firm, open_page: Callable[..., Any], is_phone: bool) -> None:
    first.with_mail(firm)
    reset = first.reset_link(firm)
    found = {}
    for theme, language in (("light", "zh"), ("dark", "en")):
        page = open_page(phone=is_phone, theme=theme, language=language)
        for path in PAGES:
            page.goto(firm.url + path.format(reset=reset))
            if problems := axe_problems(page):
                found[path, theme] = problems
            assert fits(page), (path, language)
        page.faults.clear()  # a link that is spent answers 410
    assert found == {}


def test_a_new_password_is_set_by_a_link_and_signs_in(firm: Firm, page: Any) -> None:
    page.goto(firm.url + first.reset_link(firm))
    first.type_password(page)
    page.click("main button[type=submit]")
    page.wait_for_url("**/login?set=1")
    page.fill("#email", "ann@firm.example")
    page.fill("#password", first.GOOD)
    page.click("main button[type=submit]")
    page.wait_for_selector(".m-hello")


def test_a_lapsed_session_is_gone_on_with(firm: Firm, page: Any) -> None:
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal/{firm.deals[0]}")
    first.lapsed_session(page)
    page.fill("#again-email", "ann@firm.example")
    page.fill("#again-password", PASSWORD)
    page.click("#sign-in-form button[type=submit]")
    page.wait_for_selector("#sign-in-again:not([open])", state="attached")


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_a_member_sets_his_zone_on_his_own_page(firm: Firm, open_page: Callable[..., Any], is_phone: bool) -> None:
    page = firm.sign_in(open_page(phone=is_phone))
    page.goto(firm.url)
    page.locator("[popovertarget=me-menu]:visible").click()
    page.click("#me-menu a[href='/me']")
    page.wait_for_selector("#zone")
    assert axe_problems(page) == [] and fits(page)
    page.select_option("#zone", "Europe/Berlin")
    page.click("main button[type=submit]")
    page.wait_for_url("**/me?saved=1")
    assert page.input_value("#zone") == "Europe/Berlin"
    with firm.sales.world.database.read() as unit:
        assert members.get(unit, firm.sales.world.people["ann"]).zone == "Europe/Berlin"


def test_a_save_that_comes_too_late_shows_both_values(firm: Firm, page: Any) -> None:
    firm.sign_in(page)
    page.goto(f"{firm.url}/crm/deal/{firm.deals[0]}/edit")
    first.stale_save(firm, page)
    assert page.input_value("#f-name") == "二期装盒线改造（含安装）"
    assert "二期装盒线" in page.locator("[data-field=name] .m-warn").inner_text()
    assert "87,000" in page.locator("[data-field=amount] .m-warn").inner_text()
    page.reload()
    page.faults.clear()
