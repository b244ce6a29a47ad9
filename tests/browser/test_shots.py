"""`make shots`: pictures of the style guide in every size, language and theme."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.firm import Firm
from tests.browser.guide import Guide

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("MORTISE_SHOTS"), reason="pictures are taken by `make shots`"),
]


def _panel(page: Any) -> None:
    page.locator("main [data-open='/guide/deal/3']:visible").first.click()
    page.wait_for_selector("#panel h1")


def _me(page: Any) -> None:
    page.locator("[popovertarget=me-menu]:visible").click()
    page.wait_for_timeout(250)


def _search(page: Any) -> None:
    page.locator("[data-dialog='#search']:visible").first.click()
    page.keyboard.type("海")
    page.wait_for_selector("#search-results .m-item")


def _move(page: Any) -> None:
    page.focus("#card-1")
    page.keyboard.press("m")
    page.wait_for_timeout(250)


def _moved(page: Any) -> None:
    _move(page)
    page.locator("#move-menu .m-item:not([disabled])").last.click()
    page.wait_for_selector("#toast button")


def _mend(page: Any) -> None:
    page.fill("#name", "吕嘉禾")
    page.fill("#phone", "138 0013")
    page.locator("button[type=submit].btn-primary").click()
    page.wait_for_selector("#phone-error p")
    page.faults.clear()


STATES: dict[str, tuple[str, Callable[[Any], None] | None]] = {
    "parts": ("", None),
    "grid": ("/grid", None),
    "board": ("/board", None),
    "entry": ("/entry", None),
    "empty": ("/empty", None),
    "panel": ("/grid", _panel),
    "me": ("/grid", _me),
    "search": ("/grid", _search),
    "move": ("/board", _move),
    "moved": ("/board", _moved),
    "mend": ("/entry", _mend),
    "keys": ("/grid", lambda page: page.evaluate("() => document.getElementById('keys').showModal()")),
}


@pytest.mark.parametrize("name", STATES)
def test_guide(guide: Guide, shots: Callable[..., None], name: str) -> None:
    path, prepare = STATES[name]
    shots(f"guide-{name}", f"{guide.url}/guide{path}", prepare=prepare)


SCREENS: dict[str, str] = {
    "01-sign-in": "/login",
    "02-workbench": "/",
    "03-grid": "/crm/deal",
    "04-kanban": "/crm/deal?view=board",
    "05-record-page": "/crm/deal/{first}",
    "06-entry": "/crm/deal/new",
    "06-edit": "/crm/deal/{first}/edit",
    "15-empty": "/crm/deal?search=nothing",
    "15-missing": "/crm/nothing",
}


@pytest.mark.parametrize("name", SCREENS)
def test_screens(firm: Firm, shots: Callable[..., None], name: str) -> None:
    path = SCREENS[name].format(first=firm.deals[0])
    sign_in = None if name == "01-sign-in" else firm.sign_in
    forgive = (lambda page: page.faults.clear()) if name == "15-missing" else None
    shots(name, firm.url + path, sign_in=sign_in, prepare=forgive)


def test_record_panel(firm: Firm, shots: Callable[..., None]) -> None:
    def open_first(page: Any) -> None:
        page.locator("main [data-open]:visible").first.click()
        page.wait_for_selector("#panel h1")
        page.wait_for_load_state("networkidle")

    shots("05-record-panel", f"{firm.url}/crm/deal", sign_in=firm.sign_in, prepare=open_first)
