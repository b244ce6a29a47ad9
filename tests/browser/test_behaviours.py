"""What the pages do: panel, board, drafts, toasts, sign-in over the page, input methods, keys. In a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.guide import Guide

pytestmark = pytest.mark.browser


def moves(guide: Guide) -> list[dict[str, str]]:
    return [given for what, given in guide.asked if what == "move"]


def saves(guide: Guide) -> list[dict[str, str]]:
    return [given for what, given in guide.asked if what == "save"]


def centre(page: Any, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def over(page: Any, selector: str) -> tuple[float, float]:
    """In the upper half of it: exactly in the middle a drag means neither before nor after."""
    x, y = centre(page, selector)
    return x, y - 16


def drag(page: Any, source: str, target: str) -> None:
    page.mouse.move(*centre(page, source))
    page.mouse.down()
    page.mouse.move(*over(page, target), steps=12)
    page.wait_for_timeout(200)  # nobody lets go in the same instant
    page.mouse.up()


# Panel --------------------------------------------------------------------------------------------------------------


def test_a_row_opens_in_the_panel_with_its_own_address(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.click("tr[data-open='/guide/deal/3'] td:nth-child(2)")
    page.wait_for_selector("#panel h1")
    assert page.url.endswith("/guide/deal/3")
    assert page.inner_text("#panel [data-place]") == "3 / 40"
    assert page.evaluate("() => document.activeElement.id") == "panel"
    assert guide.asked[-1][1]["target"] == "aside#panel"


def test_escape_closes_the_panel_and_gives_the_focus_back(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.locator("tr[data-open='/guide/deal/2'] td:nth-child(2)").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel h1")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('#panel').childElementCount")
    assert page.url.endswith("/guide/grid")
    assert page.evaluate("() => document.activeElement.closest('tr')?.dataset.open") == "/guide/deal/2"


def test_j_and_k_walk_through_the_list(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.click("tr[data-open='/guide/deal/1'] td:nth-child(2)")
    page.wait_for_selector("#panel h1")
    page.keyboard.press("j")
    page.wait_for_selector("#panel .m-rh p:has-text('SJ-2')")
    assert page.url.endswith("/guide/deal/2")
    page.keyboard.press("k")
    page.wait_for_selector("#panel .m-rh p:has-text('SJ-1')")
    assert page.locator("#panel [data-previous]").is_disabled()


def test_back_returns_to_the_list_without_asking_the_server(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.click("tr[data-open='/guide/deal/1'] td:nth-child(2)")
    page.wait_for_selector("#panel h1")
    page.keyboard.press("j")
    page.wait_for_selector("#panel .m-rh p:has-text('SJ-2')")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.go_back()
    page.wait_for_function("() => !document.querySelector('#panel').childElementCount")
    assert page.url.endswith("/guide/grid")
    assert [url for url in asked if "/guide/" in url] == []


def test_a_record_address_opens_with_its_panel(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/deal/4")
    assert page.inner_text("#panel .m-rh p") == "SJ-4"


# Grid ---------------------------------------------------------------------------------------------------------------


def test_arrows_walk_among_cells_and_only_one_is_in_the_order_of_tab(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.locator("table[data-grid] td[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    at = page.evaluate("() => [document.activeElement.parentElement.dataset.open, document.activeElement.cellIndex]")
    assert at == ["/guide/deal/2", 2]
    assert page.locator("table[data-grid] td[tabindex='0']").count() == 1


def test_the_next_page_of_a_list_comes_by_scrolling(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.locator("tr.m-more").scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelectorAll('tr[data-open]').length === 40")
    assert page.locator("tr.m-more").count() == 0


# Board --------------------------------------------------------------------------------------------------------------


def in_column(page: Any, column: str, card: str) -> bool:
    return page.locator(f"[data-column={column}] #{card}").count() == 1


def test_a_card_is_dragged_with_the_mouse_and_its_column_head_follows(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/board")
    page.wait_for_function("() => window.Sortable")
    before = page.inner_text("#head-needs [data-sum]")
    drag(page, "#card-1", "[data-column=needs] [data-card]")
    page.wait_for_selector("#card-1[data-version='2']")
    assert in_column(page, "needs", "card-1")
    assert moves(guide)[0]["column"] == "needs"
    assert moves(guide)[0]["version"] == "1"
    assert page.inner_text("#head-needs [data-sum]") != before
    assert page.locator("#panel h1").count() == 0


def test_a_card_is_dragged_by_a_long_press_of_a_finger(guide: Guide, open_page: Callable[..., Any]) -> None:
    page = open_page(has_touch=True)
    page.goto(f"{guide.url}/guide/board")
    page.wait_for_function("() => window.Sortable")
    touch = page.context.new_cdp_session(page)
    x, y = centre(page, "#card-1")
    to_x, to_y = over(page, "[data-column=needs] [data-card]")
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    page.wait_for_timeout(400)
    for part in range(1, 13):
        at = {"x": x + (to_x - x) * part / 12, "y": y + (to_y - y) * part / 12}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
    page.wait_for_timeout(200)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_selector("#card-1[data-version='2']")
    assert in_column(page, "needs", "card-1")


def test_a_card_is_moved_by_keys_alone_and_it_is_announced(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/board")
    page.focus("#card-1")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('announce').textContent.includes('已提起')")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.getElementById('announce').textContent.includes('商务谈判')")
    page.keyboard.press("Space")
    page.wait_for_selector("#card-1[data-version='2']")
    assert in_column(page, "talks", "card-1")
    assert page.evaluate("() => document.activeElement.id") == "card-1"


def test_escape_takes_a_lifted_card_back_without_a_request(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/board")
    page.focus("#card-1")
    for key in ("Space", "ArrowLeft", "Escape"):
        page.keyboard.press(key)
    assert in_column(page, "quote", "card-1")
    assert moves(guide) == []


def test_m_opens_a_menu_of_columns(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/board")
    page.focus("#card-1")
    page.keyboard.press("m")
    page.wait_for_selector("#move-menu .m-item:focus")
    page.click("#move-menu .m-item:has-text('赢单')")
    page.wait_for_selector("#card-1[data-version='2']")
    assert in_column(page, "won", "card-1")


def test_a_refused_card_slides_back_with_the_reason(guide: Guide, page: Any) -> None:
    guide.refuses = "先填预计成交日"
    page.goto(f"{guide.url}/guide/board")
    page.wait_for_function("() => window.Sortable")
    drag(page, "#card-1", "[data-column=needs] [data-card]")
    page.wait_for_selector("#toast.bad:has-text('先填预计成交日')")
    assert in_column(page, "quote", "card-1")
    assert page.inner_text("#head-quote [data-count]") == "5"
    page.faults[:] = [fault for fault in page.faults if "422" not in fault]


def test_undo_in_the_toast_posts_what_the_server_said(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/board")
    page.focus("#card-1")
    page.keyboard.press("m")
    page.click("#move-menu .m-item:has-text('赢单')")
    page.click("#toast button:has-text('撤销')")
    page.wait_for_timeout(300)
    assert ("undo", {"id": "1", "to": "quote"}) in guide.asked
    assert not page.locator("#toast").is_visible()


def test_the_countdown_of_a_toast_waits_while_the_mouse_is_on_it(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/board")
    page.focus("#card-1")
    page.keyboard.press("m")
    page.click("#move-menu .m-item:has-text('赢单')")
    page.wait_for_selector("#toast small:has-text('9 s')")
    page.hover("#toast")
    page.wait_for_timeout(1500)
    assert page.inner_text("#toast small") == "9 s"


def test_a_phone_shows_one_column_and_its_tabs_lead_to_the_others(guide: Guide, phone: Any) -> None:
    phone.goto(f"{guide.url}/guide/board")
    phone.tap("[data-to=quote]")
    phone.wait_for_selector("[data-to=quote].on")
    assert phone.locator("#card-1").bounding_box()["x"] >= 0
    width = phone.locator("[data-column=quote]").bounding_box()["width"]
    assert width == 390


# Forms --------------------------------------------------------------------------------------------------------------


def test_what_was_typed_comes_back_after_leaving(guide: Guide, page: Any) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{guide.url}/guide/entry")
    page.fill("#name", "吕嘉禾")
    page.check("text=展会")
    page.wait_for_selector("[data-draft-state]:has-text('草稿已存')")
    page.goto(f"{guide.url}/guide/empty")
    page.goto(f"{guide.url}/guide/entry")
    assert page.input_value("#name") == "吕嘉禾"
    assert page.is_checked("text=展会")
    page.click("[data-draft-note] button")
    assert page.input_value("#name") == ""
    page.reload()
    assert page.input_value("#name") == ""


def test_leaving_with_unsaved_changes_asks(guide: Guide, page: Any) -> None:
    asked = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto(f"{guide.url}/guide/entry")
    page.click("#name")
    page.keyboard.type("abc")
    page.goto(f"{guide.url}/guide/empty")
    assert asked == ["beforeunload"]


def test_a_refused_save_keeps_everything_and_marks_the_field(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/entry")
    page.fill("#name", "吕嘉禾")
    page.fill("#phone", "138")
    page.click("button[type=submit]:has-text('保存')")
    page.wait_for_selector("#phone-error:has-text('少 2 位')")
    assert page.input_value("#name") == "吕嘉禾"
    assert page.get_attribute("#phone", "aria-invalid") == "true"
    page.faults[:] = [fault for fault in page.faults if "422" not in fault]


def test_a_saved_form_leaves_no_draft(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/entry")
    page.fill("#name", "吕嘉禾")
    page.fill("#phone", "13800138000")
    page.wait_for_selector("[data-draft-state]:has-text('草稿已存')")
    page.click("button[type=submit]:has-text('保存')")
    page.wait_for_selector(".m-banner.ok")
    page.wait_for_timeout(500)
    assert page.evaluate("() => Object.keys(localStorage).filter(k => k.startsWith('draft:'))") == []


def test_a_lapsed_session_signs_in_over_the_page_and_then_saves(guide: Guide, page: Any) -> None:
    guide.is_lapsed = True
    page.goto(f"{guide.url}/guide/entry")
    page.fill("#name", "吕嘉禾")
    page.fill("#phone", "13800138000")
    page.click("button[type=submit]:has-text('保存')")
    page.wait_for_selector("#sign-in-again[open] #again")
    page.fill("#again", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#again-error:has-text('密码不对')")
    page.fill("#again", "right")
    page.keyboard.press("Enter")
    page.wait_for_selector(".m-banner.ok")
    assert saves(guide) == [{"name": "吕嘉禾", "phone": "13800138000", "needs": ""}]
    assert page.locator("#sign-in-again[open]").count() == 0
    page.faults[:] = [fault for fault in page.faults if "401" not in fault and "422" not in fault]


# Input methods and keys ---------------------------------------------------------------------------------------------


def test_nothing_is_searched_while_an_input_method_composes(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#search[open] input:focus")
    ime = page.context.new_cdp_session(page)
    for typed in ("h", "hai", "haitang"):
        ime.send("Input.imeSetComposition", {"text": typed, "selectionStart": len(typed), "selectionEnd": len(typed)})
        page.wait_for_timeout(250)
    assert [what for what, _ in guide.asked if what == "search"] == []
    ime.send("Input.insertText", {"text": "海棠"})
    page.wait_for_selector("#search-results .m-item")
    assert [given["q"] for what, given in guide.asked if what == "search"] == ["海棠"]


def test_arrows_lead_from_the_search_into_what_was_found(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.keyboard.press("/")
    page.keyboard.type("feed")
    page.wait_for_selector("#search-results .m-item")
    page.wait_for_timeout(600)  # the answer to the last letter comes
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.matches('#search-results .m-item')")
    page.keyboard.press("Escape")
    assert page.locator("#search[open]").count() == 0


def test_keys_are_left_alone_where_somebody_types(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/entry")
    page.click("#name")
    page.keyboard.type("c?/m")
    assert page.input_value("#name") == "c?/m"
    assert page.locator("dialog[open], :popover-open").count() == 0
    page.on("dialog", lambda dialog: dialog.accept())


def test_the_theme_changes_at_once_and_the_server_is_told(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.click(".m-me")
    page.click("#me-menu button[value=dark]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.wait_for_timeout(300)
    assert saves(guide)[0]["theme"] == "dark"


def test_a_menu_is_walked_with_arrows_and_closed_with_escape(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.focus(".m-me")
    page.keyboard.press("Enter")
    page.wait_for_selector("#me-menu:popover-open .m-item:focus")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.value") == "dark"
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.activeElement.className") == "m-me"


def test_the_side_bar_stays_folded(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.click("[data-rail]")
    assert page.locator(".m-rail").bounding_box()["width"] == 56
    page.reload()
    assert page.locator(".m-rail").bounding_box()["width"] == 56


def test_offline_is_said_and_goes_away(guide: Guide, page: Any) -> None:
    page.goto(f"{guide.url}/guide/grid")
    page.context.set_offline(True)
    page.wait_for_selector("#offline:visible")
    page.context.set_offline(False)
    page.wait_for_selector("#offline", state="hidden")
    page.faults[:] = [fault for fault in page.faults if "ERR_INTERNET_DISCONNECTED" not in fault]


def test_every_target_of_a_phone_is_large_enough_for_a_thumb(guide: Guide, phone: Any) -> None:
    phone.goto(f"{guide.url}/guide/entry")
    small = phone.evaluate(
        "() => [...document.querySelectorAll('button, a, input:not([type=hidden]), select, textarea, .m-choice label')]"
        ".filter(e => e.offsetParent && !e.closest('.m-choice label:not(:scope)') && !e.matches('.m-choice input'))"
        ".filter(e => !e.matches('.m-skip')).filter(e => e.getBoundingClientRect().height < 44)"
        ".map(e => e.outerHTML.slice(0, 90))"
    )
    assert small == []
