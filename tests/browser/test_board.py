"""A card moves on the real board: by mouse at a desk, by finger on a phone, by keyboard alone; or goes back, with why.

Each time both heads change, the database has it, and the history says who and when.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.pages.conftest import Sales, sales_  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser
COOKIE = "mortise"


class Board:
    """The board of the small firm, its server, and a deal of Ann's."""

    def __init__(self, sales: Sales, serve: Callable[[Flask], str]) -> None:
        self.sales = sales
        self.sales.deal("另一单", amount="500000", stage="quote")
        self.deal = self.sales.deal("装盒线改造", amount="1000000", stage="contact")
        self.url = serve(sales.world.app)

    def open(self, page: Any) -> Any:
        cookie = self.sales.client("ann").get_cookie(COOKIE)
        assert cookie
        page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": self.url}])
        page.goto(f"{self.url}/crm/deal?view=board")
        page.wait_for_function("() => window.Sortable && document.querySelector('#count-0').textContent === '1'")
        return page

    def heads(self, page: Any, place: int) -> tuple[str, str]:
        return page.inner_text(f"#count-{place}"), page.text_content(f"#total-{place}")

    def assert_moved(self, page: Any) -> None:
        page.wait_for_selector(f"[data-column=quote] #card-{self.deal}[data-version='2']")
        page.wait_for_function("() => document.querySelector('#count-1').textContent === '2'")
        assert page.text_content("#count-0") == "0"
        assert page.text_content("#total-1") == "150 万"
        assert page.text_content("#total-0").strip("\u200b") == ""
        assert self.sales.value("deal", self.deal, "stage") == "quote"
        page.goto(f"{self.url}/crm/deal/{self.deal}/history")
        line = page.inner_text("#timeline li >> nth=0")
        assert "Ann 把阶段从 初步接触 改为 报价" in line.replace("\n", " ")
        assert "今天" in line


@pytest.fixture
def board(sales_: Sales, serve: Callable[[Flask], str]) -> Board:  # noqa: F811
    return Board(sales_, serve)


def centre(page: Any, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, source: str, target: str) -> None:
    page.mouse.move(*centre(page, source))
    page.mouse.down()
    x, y = centre(page, target)
    page.mouse.move(x, y - 16, steps=15)  # in its upper half: the middle is neither before nor after
    page.wait_for_timeout(250)
    page.mouse.up()


def test_a_card_is_moved_with_the_mouse_at_a_desk(board: Board, page: Any) -> None:
    board.open(page)
    drag(page, f"#card-{board.deal}", "[data-column=quote] [data-card]")
    board.assert_moved(page)


def test_a_card_is_moved_by_a_finger_on_a_phone(board: Board, phone: Any) -> None:
    board.open(phone)
    touch = phone.context.new_cdp_session(phone)
    x, y = centre(phone, f"#card-{board.deal}")

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})

    send("touchStart", (x, y))
    phone.wait_for_timeout(400)
    for part in range(1, 16):
        send("touchMove", (x + (385 - x) * part / 15, y + 4))
    phone.wait_for_function("() => document.querySelector('[data-board]').scrollLeft > 250")
    send("touchMove", (195, y + 8))
    phone.wait_for_timeout(300)
    phone.wait_for_selector("[data-column=quote].over")
    send("touchEnd")
    board.assert_moved(phone)


def test_a_card_is_moved_by_the_keyboard_alone(board: Board, page: Any) -> None:
    board.open(page)
    page.focus(f"#card-{board.deal}")
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    board.assert_moved(page)


def test_the_menu_of_a_card_moves_it_too(board: Board, page: Any) -> None:
    board.open(page)
    page.focus(f"#card-{board.deal}")
    page.keyboard.press("m")
    page.click("#move-menu .m-item:has-text('报价')")
    board.assert_moved(page)


def test_a_move_is_taken_back_from_its_toast(board: Board, page: Any) -> None:
    board.open(page)
    drag(page, f"#card-{board.deal}", "[data-column=quote] [data-card]")
    page.click("#toast button:has-text('撤销')")
    page.wait_for_selector(f"[data-column=contact] #card-{board.deal}[data-version='3']")
    page.wait_for_function("() => document.querySelector('#count-0').textContent === '1'")
    assert board.sales.value("deal", board.deal, "stage") == "contact"


def test_a_stage_that_needs_a_field_asks_for_it_and_then_takes_the_card(board: Board, page: Any) -> None:
    board.open(page)
    page.focus(f"#card-{board.deal}")
    page.keyboard.press("m")
    page.click("#move-menu .m-item:has-text('输单')")
    page.wait_for_selector("#dialog[open] [name=lost_reason]")
    assert page.locator(f"[data-column=contact] #card-{board.deal}").count() == 1
    assert board.sales.value("deal", board.deal, "stage") == "contact"
    page.fill("#dialog [name=lost_reason]", "价格太高")
    page.click("#dialog button[type=submit]")
    page.wait_for_selector(f"[data-column=lost] #card-{board.deal}")
    page.wait_for_function("() => !document.querySelector('#dialog').open")
    assert board.sales.value("deal", board.deal, "lost_reason") == "价格太高"
    page.faults.clear()  # the browser counts the refusal as a fault


def test_a_refused_move_goes_back_with_the_reason(board: Board, page: Any) -> None:
    won = board.sales.deal("赢了的", stage="won")
    board.open(page)
    drag(page, f"#card-{won}", "[data-column=quote] [data-card]")
    page.wait_for_selector("#toast:popover-open")
    assert "赢单" in page.inner_text("#toast")
    page.wait_for_selector(f"[data-column=won] #card-{won}")
    assert page.text_content("#count-1") == "1"
    assert board.sales.value("deal", won, "stage") == "won"
    page.faults.clear()  # the browser counts the refusal as a fault


def test_several_cards_are_picked_moved_together_and_put_back(board: Board, page: Any) -> None:
    more = [board.sales.deal(f"第{n}单", stage="contact") for n in range(2)]
    cookie = board.sales.client("ann").get_cookie(COOKIE)
    page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": board.url}])
    page.goto(f"{board.url}/crm/deal?view=board")
    page.wait_for_function("() => window.Sortable && document.querySelector('#count-0').textContent === '3'")
    page.click(f"#card-{board.deal}", modifiers=["Control"])
    page.click(f"#card-{more[0]}", modifiers=["Control"])
    assert page.inner_text("[data-picked-count]") == "已选 2 张"
    assert page.locator("#panel h1").count() == 0, "a press that picks opens nothing"
    page.click(f"#card-{more[0]}", modifiers=["Control"])
    page.focus(f"#card-{more[0]}")
    page.keyboard.press("x")
    drag(page, f"#card-{board.deal}", "[data-column=quote] [data-card]")
    page.wait_for_selector(f"[data-column=quote] #card-{board.deal}")
    page.wait_for_selector(f"[data-column=quote] #card-{more[0]}")
    page.wait_for_selector("[data-picked-bar]", state="hidden")
    assert board.sales.value("deal", more[0], "stage") == "quote"
    page.click("#toast button:has-text('撤销')")
    page.wait_for_selector(f"[data-column=contact] #card-{board.deal}")
    page.wait_for_function("() => document.querySelector('#count-0').textContent === '3'")

    page.click(f"#card-{board.deal}", modifiers=["Control"])
    page.click("[data-picked-assign]")
    page.fill("#assign-owner", "Bob")
    page.click("#assign-owner-list [role=option]:has-text('Bob')")
    page.click("#dialog button[type=submit]")
    page.wait_for_selector(f"#card-{board.deal}", state="detached")
    assert "1 张卡片已换负责人" in page.inner_text("#toast")


def press_long(phone: Any, what: str) -> None:
    touch = phone.context.new_cdp_session(phone)
    x, y = centre(phone, what)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    phone.wait_for_timeout(500)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_long_press_picks_on_a_phone_and_a_folded_column_stays_folded(board: Board, phone: Any, page: Any) -> None:
    board.open(phone)
    press_long(phone, f"#card-{board.deal}")
    phone.wait_for_selector("[data-picked-bar]:not([hidden])")
    phone.tap("[data-picked-move]")
    phone.tap("#move-menu .m-item:has-text('报价')")
    phone.wait_for_function("() => document.querySelector('#count-1').textContent === '2'")
    assert board.sales.value("deal", board.deal, "stage") == "quote"

    cookie = board.sales.client("ann").get_cookie(COOKIE)
    page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": board.url}])
    page.goto(f"{board.url}/crm/deal?view=board")
    page.click("[data-column=quote] [data-fold-column]")
    page.wait_for_timeout(400)
    page.reload()
    assert page.locator("[data-column=quote].folded").count() == 1
    page.click("[data-column=quote] [data-fold-column]")
    page.wait_for_selector(f"#card-{board.deal}")


def test_a_stage_that_needs_a_field_is_filled_by_touch(board: Board, phone: Any) -> None:
    board.open(phone)
    press_long(phone, f"#card-{board.deal}")
    phone.tap("[data-picked-move]")
    phone.tap("#move-menu .m-item:has-text('输单')")
    phone.wait_for_selector("#dialog[open] [name=lost_reason]")
    assert board.sales.value("deal", board.deal, "stage") == "contact"
    phone.fill("#dialog [name=lost_reason]", "价格太高")
    phone.tap("#dialog button[type=submit]")
    phone.wait_for_selector(f"[data-column=lost] #card-{board.deal}", state="attached")
    assert board.sales.value("deal", board.deal, "lost_reason") == "价格太高"
    phone.faults.clear()  # the browser counts the refusal as a fault


def test_a_card_goes_to_another_lane_by_mouse_and_by_keys(board: Board, page: Any) -> None:
    acme, beta = board.sales.account("Acme"), board.sales.account("Beta")
    first = board.sales.deal("甲", account=acme, stage="contact")
    other = board.sales.deal("乙", account=beta, stage="contact")
    cookie = board.sales.client("ann").get_cookie(COOKIE)
    page.context.add_cookies([{"name": COOKIE, "value": cookie.value, "url": board.url}])
    page.goto(f"{board.url}/crm/deal?view=board&group=account")
    page.wait_for_function("() => window.Sortable && document.querySelector('#count-0').textContent")
    drag(page, f"#card-{first}", f"#card-{other}")
    page.wait_for_selector(f"[data-lane='{beta}'] #card-{first}[data-version='2']")
    assert board.sales.value("deal", first, "account") == beta
    page.focus(f"#card-{other}")
    for key in ("Space", "ArrowUp", "Space"):
        page.keyboard.press(key)
    page.wait_for_selector(f"[data-lane='{acme}'] #card-{other}[data-version='2']")
    assert board.sales.value("deal", other, "account") == acme
    page.locator("[popovertarget=by-menu]").click()
    page.locator("#by-menu .m-item", has_text="客户").click()
    page.wait_for_url("**by=account**")
    page.locator("[popovertarget=lanes-menu]").click()
    page.locator("#lanes-menu .m-item", has_text="无").first.click()
    drag(page, f"#card-{other}", f"#card-{first}")
    page.wait_for_selector(f"[data-column='{beta}'] #card-{other}[data-version='3']")
    assert board.sales.value("deal", other, "account") == beta
