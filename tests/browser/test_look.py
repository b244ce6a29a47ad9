"""The style guide's pages: pictures to look at, nothing serious for axe, nothing cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import axe_problems, settled
from tests.browser.guide import Guide

pytestmark = pytest.mark.browser
PAGES = ("", "/grid", "/board", "/entry", "/empty")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    guide: Guide, open_page: Callable[..., Any], path: str, is_phone: bool, theme: str
) -> None:
    page = open_page(phone=is_phone, theme=theme)
    page.goto(f"{guide.url}/guide{path}")
    settled(page)
    assert axe_problems(page) == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_the_phone(guide: Guide, open_page: Callable[..., Any], path: str, language: str) -> None:
    page = open_page(phone=True, language=language)
    page.goto(f"{guide.url}/guide{path}")
    settled(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    main = page.evaluate("() => { const m = document.querySelector('main'); return m.scrollWidth - m.clientWidth; }")
    assert main <= 0
