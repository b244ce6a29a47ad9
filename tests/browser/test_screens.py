"""The product's own pages: nothing serious for axe, nothing wider than the screen, no fault in the console."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import axe_problems
from tests.browser.firm import Firm

pytestmark = pytest.mark.browser
PAGES = ("/", "/crm/deal", "/crm/deal?view=board", "/crm/deal/{first}", "/crm/deal/new", "/crm/deal/{first}/edit")


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
def test_axe_finds_nothing_serious(firm: Firm, open_page: Callable[..., Any], is_phone: bool) -> None:
    found = {}
    for theme in ("light", "dark"):
        page = firm.sign_in(open_page(phone=is_phone, theme=theme))
        for path in PAGES:
            page.goto(firm.url + path.format(first=firm.deals[0]))
            page.wait_for_load_state("networkidle")
            if problems := axe_problems(page):
                found[path, theme] = problems
    assert found == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_phone(firm: Firm, open_page: Callable[..., Any], language: str) -> None:
    page = firm.sign_in(open_page(phone=True, language=language), language)
    for path in PAGES:
        page.goto(firm.url + path.format(first=firm.deals[0]))
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, path
        over = page.evaluate("() => { const m = document.querySelector('main'); return m.scrollWidth - m.clientWidth; }")
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
