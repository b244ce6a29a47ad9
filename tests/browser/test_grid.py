"""The grid as a spreadsheet: editing in place, ranges to and from the clipboard, picked rows, two people at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import settled
from tests.browser.firm import Firm

pytestmark = pytest.mark.browser

ADDRESS = "/crm/deal?view=all&sort=name"


def cell(page: Any, row: int, key: str) -> Any:
    at = page.locator("table[data-grid] thead th").evaluate_all(
        "(all, key) => all.findIndex(h => h.dataset.key === key)", key
    )
    return page.locator("table[data-grid] tbody tr[data-open]").nth(row).locator("td").nth(at)


def opened(firm: Firm, page: Any) -> Any:
    firm.sign_in(page).goto(firm.url + ADDRESS)
    settled(page)
    return page


def saved(page: Any) -> None:
    page.wait_for_timeout(60)  # what was pressed is taken up in the next turn
    page.wait_for_function("() => !document.querySelector('td.saving')")


def amount_of(firm: Firm, id_: int) -> Any:
    return firm.sales.value("deal", id_, "amount")


def id_of(page: Any, row: int) -> int:
    return int(page.locator("table[data-grid] tbody tr[data-open]").nth(row).get_attribute("id").removeprefix("row-"))


def test_a_cell_is_edited_saved_refused_and_taken_back_by_keys(firm: Firm, page: Any) -> None:
    opened(firm, page)
    first, second = id_of(page, 0), id_of(page, 1)
    cell(page, 0, "amount").click()
    page.keyboard.press("Enter")
    page.wait_for_selector(".m-celledit input[name=amount]")
    page.keyboard.type("12.5万")
    page.keyboard.press("Enter")
    saved(page)
    assert amount_of(firm, first) == 125000
    assert "¥125,000" in cell(page, 0, "amount").inner_text()
    page.keyboard.type("7")  # typing replaces, one row further down
    page.wait_for_selector(".m-celledit input[name=amount]")
    page.keyboard.press("Tab")
    saved(page)
    assert amount_of(firm, second) == 7
    cell(page, 2, "amount").click()
    page.keyboard.type("viel")
    page.keyboard.press("Enter")
    page.wait_for_selector(".m-celledit.wrong #cell-problem .m-err")
    assert page.input_value(".m-celledit input[name=amount]") == "viel"
    page.faults.clear()  # the refused save
    page.keyboard.press("Escape")
    assert page.locator(".m-celledit").count() == 0
    cell(page, 0, "amount").click()
    page.keyboard.press("Control+z")
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('已撤销')")
    assert amount_of(firm, second) != 7
    page.evaluate("() => { document.querySelector('#toast').textContent = ''; }")
    page.keyboard.press("Control+z")
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('已撤销')")
    assert amount_of(firm, first) != 125000
    stage = cell(page, 0, "stage")
    stage.dblclick()
    page.locator(".m-celledit label", has_text="赢单").click()
    saved(page)
    assert firm.sales.value("deal", first, "stage") == "won"


def test_a_range_goes_out_and_comes_in_as_lines_and_tabs(firm: Firm, page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(firm, page)
    ids = [id_of(page, n) for n in range(4)]
    before = [amount_of(firm, i) for i in ids]
    cell(page, 0, "amount").click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+c")
    assert page.evaluate("() => navigator.clipboard.readText()") == f"{before[0]:f}".rstrip("0").rstrip(
        "."
    ) + "\n" + f"{before[1]:f}".rstrip("0").rstrip(".")
    cell(page, 2, "amount").click()
    page.keyboard.press("Control+v")
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('2')")
    saved(page)
    assert [amount_of(firm, i) for i in ids[2:]] == before[:2]
    page.locator("#toast button", has_text="撤销").click()
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('已撤销')")
    assert [amount_of(firm, i) for i in ids] == before
    page.evaluate("() => navigator.clipboard.writeText('5万\\nviel')")
    cell(page, 0, "amount").click()
    page.keyboard.press("Control+v")
    page.wait_for_selector("td.refused")
    page.faults.clear()
    assert [amount_of(firm, i) for i in ids] == before, "half a paste is none"
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+d")
    saved(page)
    assert amount_of(firm, ids[1]) == before[0]
    page.keyboard.press("Delete")
    saved(page)
    assert amount_of(firm, ids[0]) is None and amount_of(firm, ids[1]) is None


def test_of_two_who_edit_a_cell_the_second_sees_both_and_chooses(firm: Firm, open_page: Any) -> None:
    one, two = opened(firm, open_page()), opened(firm, open_page())
    id_ = id_of(one, 0)
    for page, typed in ((one, "111"), (two, "222")):
        cell(page, 0, "amount").click()
        page.keyboard.press("Enter")
        page.wait_for_selector(".m-celledit input[name=amount]")
        page.fill(".m-celledit input[name=amount]", typed)
    one.keyboard.press("Enter")
    saved(one)
    two.keyboard.press("Enter")
    two.wait_for_selector("[data-keep-mine]")
    two.faults.clear()
    assert "¥111" in two.inner_text("#cell-problem") and two.input_value(".m-celledit input[name=amount]") == "222"
    two.click("[data-keep-mine]")
    saved(two)
    assert amount_of(firm, id_) == 222
    two.context.set_offline(True)
    cell(two, 0, "amount").click()
    two.keyboard.type("333")
    two.keyboard.press("Enter")
    two.wait_for_selector(".m-celledit.wrong")
    two.faults.clear()
    two.context.set_offline(False)
    assert two.input_value(".m-celledit input[name=amount]") == "333", "what was typed stays"
    two.keyboard.press("Enter")
    saved(two)
    assert amount_of(firm, id_) == 333


def test_picked_rows_are_changed_and_columns_sized_and_moved(firm: Firm, page: Any) -> None:
    opened(firm, page)
    ids = [id_of(page, n) for n in range(3)]
    for row in (0, 2):
        page.locator("table[data-grid] tbody tr[data-open]").nth(row).locator("td").first.click(
            modifiers=["Shift"] if row else []
        )
    assert "已选 3 条" in page.inner_text("#picked")
    page.locator("#picked [data-bulk-open]").first.click()
    page.wait_for_selector("#bulk-field")
    page.select_option("#bulk-field", "amount")
    page.wait_for_selector("#dialog input[name=amount]")
    page.fill("#dialog input[name=amount]", "9")
    page.locator("#dialog button[type=submit]").click()
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('3')")
    assert [amount_of(firm, i) for i in ids] == [9, 9, 9]
    assert page.locator("#picked").is_hidden()
    head = page.locator("th[data-key=amount]")
    box = head.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 77, box["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_timeout(800)
    page.reload()
    assert abs(page.locator("th[data-key=amount]").bounding_box()["width"] - box["width"] - 80) < 6
    page.locator("th[data-key=account] .m-sort").drag_to(page.locator("th[data-key=close_date] .m-sort"))
    page.wait_for_function("() => location.search.includes('cols=')")
    keys = page.locator("th[data-key]").evaluate_all("all => all.map(h => h.dataset.key)")
    assert keys.index("account") > keys.index("amount")
    assert page.locator(".m-saving").is_visible()


def test_a_view_is_saved_from_what_is_shown_and_a_list_follows_others(firm: Firm, page: Any, phone: Any) -> None:
    opened(firm, page)
    page.locator("[popovertarget=group-menu]:visible").click()
    page.locator("#group-menu .m-item", has_text="阶段").first.click()
    page.wait_for_selector("tr.group")
    page.locator("tr.group [data-fold-group]").first.click()
    assert page.locator("tr.group + tr").first.is_hidden()
    page.locator(".m-tabs button[data-of-list]").click()  # beside the list, and yet it knows how the list is now
    page.fill("#view-name", "按阶段看")
    page.keyboard.press("Enter")
    page.wait_for_selector(".m-tabs a.on:has-text('按阶段看')")
    assert page.locator("tr.group").count() >= 3 and page.locator(".m-saving").count() == 0
    firm.sign_in(phone).goto(page.url)
    phone.wait_for_selector(".m-ghead")
    phone.locator("[popovertarget=list-sheet]").tap()
    phone.locator("#list-sheet .m-item", has_text="排序").tap()
    phone.locator("#sort-menu .m-item", has_text="金额").first.tap()
    phone.wait_for_url("**sort=**")
    phone.locator("[popovertarget=list-sheet]").tap()
    phone.locator("#list-sheet .m-item", has_text="筛选").tap()
    phone.wait_for_selector(".m-filter")
    phone.select_option("#fr-0", "amount")
    phone.wait_for_selector("#fv-0-0")
    phone.fill("#fv-0-0", "5万")
    phone.locator(".m-filter .m-ffoot button[value=apply]").tap()
    phone.wait_for_url("**w=amount**")
    assert "金额" in phone.inner_text(".m-ptools")
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
