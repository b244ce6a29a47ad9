"""The grid under the fingers of somebody who knows spreadsheets, and when the network or the session goes meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.firm import Firm
from tests.browser.first import lapse
from tests.browser.test_grid import amount_of, cell, id_of, opened, saved
from tests.world import PASSWORD

pytestmark = pytest.mark.browser


def here(page: Any) -> tuple[int, str]:
    """Row and column of the cell with the focus."""
    return tuple(
        page.evaluate(
            "() => { const c = document.activeElement.closest('td'); const t = c.closest('table');"
            " return [[...t.querySelectorAll('tr[data-open]')].indexOf(c.parentElement),"
            " t.tHead.rows[0].cells[c.cellIndex].dataset.key]; }"
        )
    )


def marked(page: Any) -> int:
    return int(page.locator("td.in").count())


def test_every_key_of_a_spreadsheet_does_what_it_does_there(firm: Firm, page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(firm, page)
    last = page.locator("table[data-grid] tbody tr[data-open]").count() - 1
    keys, press = page.keyboard, page.keyboard.press
    cell(page, 1, "amount").click()
    for key, place in (
        ("ArrowDown", (2, "amount")),
        ("ArrowUp", (1, "amount")),
        ("ArrowLeft", (1, "stage")),
        ("Tab", (1, "amount")),
        ("Shift+Tab", (1, "stage")),
        ("Home", (1, "name")),
        ("End", (1, "owner")),
        ("Control+Home", (0, "name")),
        ("Control+End", (last, "owner")),
        ("Control+ArrowUp", (0, "owner")),
        ("Control+ArrowDown", (last, "owner")),
        ("PageUp", None),
        ("Control+Home", (0, "name")),
    ):
        press(key)
        assert place is None or here(page) == place, key
    cell(page, 1, "stage").click()
    press("Shift+ArrowRight")
    press("Shift+ArrowDown")
    assert marked(page) == 4
    press("Escape")
    assert marked(page) == 0
    first, second = id_of(page, 0), id_of(page, 1)
    before = amount_of(firm, second)
    cell(page, 0, "amount").click()
    press("F2")
    page.wait_for_selector(".m-celledit input[name=amount]:focus")
    keys.type("1")
    press("Escape")
    assert page.locator(".m-celledit").count() == 0 and here(page) == (0, "amount"), "Esc takes back"
    keys.type("42")
    press("Enter")
    saved(page)
    assert amount_of(firm, first) == 42 and here(page) == (1, "amount")
    press("Control+x")
    saved(page)
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('1')")
    assert amount_of(firm, second) is None
    press("ArrowUp")
    press("Control+v")
    page.wait_for_function(f"() => document.querySelector('#row-{first}').textContent.includes('¥{before:,.0f}')")
    saved(page)
    assert amount_of(firm, first) == before
    press("Shift+ArrowDown")
    press("Control+d")
    page.wait_for_function(f"() => document.querySelector('#row-{second}').textContent.includes('¥{before:,.0f}')")
    saved(page)
    for _ in range(3):
        press("Control+z")
        page.wait_for_function("() => document.querySelector('#toast').textContent.includes('已撤销')")
        page.evaluate("() => { document.querySelector('#toast').textContent = ''; }")
    assert amount_of(firm, second) == before and amount_of(firm, first) == 42, "the last is taken back first"


def test_an_input_method_types_into_a_cell_and_sends_nothing_while_it_composes(firm: Firm, page: Any) -> None:
    opened(firm, page)
    first = id_of(page, 0)
    ime = page.context.new_cdp_session(page)
    cell(page, 0, "amount").click()
    page.keyboard.press("Home")
    page.keyboard.press("F2")
    page.wait_for_selector(".m-celledit input[name=name]:focus")
    ime.send("Input.imeSetComposition", {"text": "xin dan", "selectionStart": 7, "selectionEnd": 7})
    page.evaluate(
        "() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', keyCode: 229, isComposing: true, bubbles: true, cancelable: true}))"
    )
    assert page.locator(".m-celledit").count() == 1, "Enter chooses a character"
    ime.send("Input.insertText", {"text": "新单"})
    page.keyboard.press("Enter")
    saved(page)
    assert firm.sales.value("deal", first, "name") == "新单"


def test_a_paste_survives_a_lost_network_and_makes_new_rows_when_asked(firm: Firm, page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(firm, page)
    rows = page.locator("table[data-grid] tbody tr[data-open]")
    last = rows.count() - 1
    id_ = id_of(page, last)
    page.evaluate("() => navigator.clipboard.writeText('末行\\n新行一\\n新行二')")
    cell(page, last, "amount").click()
    page.keyboard.press("Home")
    lost: list[str] = []

    def lose(route: Any) -> None:
        if route.request.url.split("?")[0].endswith("/cells") and not lost:
            lost.append(route.request.url)
            route.fetch()  # it arrives there, and nothing comes back
            route.abort()
        else:
            route.continue_()

    page.route("**/crm/deal/**", lose)
    page.keyboard.press("Control+v")
    page.wait_for_selector("#beyond[open]")
    assert "2" in page.inner_text("#beyond [data-said]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#beyond:not([open])", state="attached")
    assert not lost and cell(page, last, "name").inner_text() != "末行", "Esc pastes nothing"
    page.locator("table[data-grid] tbody tr[data-open]").nth(last).locator("td").nth(2).click()
    page.evaluate(
        "() => navigator.clipboard.writeText('末行\\t\\t报价\\t1\\n新行一\\t\\t报价\\t1万\\n新行二\\t\\t报价\\t2万')"
    )
    page.keyboard.press("Home")
    page.keyboard.press("Control+v")
    page.wait_for_selector("#beyond[open]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#toast button:has-text('再试一次')")
    page.faults.clear()
    page.locator("#toast button", has_text="再试一次").click()
    page.wait_for_function("() => document.querySelector('#toast').textContent.includes('新建 2 条')")
    names = rows.locator("a[data-opens]").all_inner_texts()
    assert names[-3:] == ["末行", "新行一", "新行二"] and len(names) == last + 3
    assert [rows.nth(n).locator("td").first.inner_text() for n in (last + 1, last + 2)] == [
        str(last + 2),
        str(last + 3),
    ]
    with firm.sales.world.database.read() as unit:
        table = firm.sales.world.form("crm.deal").table
        found = unit.execute(table.select().with_only_columns(table.c.name)).scalars().all()
    assert found.count("新行一") == 1 and firm.sales.version(id_) == 2, "written once"


def test_grid_and_panel_show_what_the_other_changes_and_a_session_may_end(firm: Firm, page: Any) -> None:
    opened(firm, page)
    rows = page.locator("table[data-grid] tbody tr[data-open]")
    first = id_of(page, 0)
    rows.first.locator("a[data-opens]").click()
    page.wait_for_selector("#panel h1")
    cell(page, 0, "name").focus()
    page.keyboard.press("F2")
    page.wait_for_selector(".m-celledit input[name=name]:focus")
    page.keyboard.type("改了名")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel h1:has-text('改了名')")
    assert here(page) == (1, "name"), "the focus stays in the grid"
    page.locator("#panel [data-fact=amount] .m-edit").click(force=True)
    page.fill("#panel [data-fact=amount] input[name=amount]", "7万")
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => document.querySelector('#row-{first}').textContent.includes('¥70,000')")
    page.keyboard.press("Escape")
    cell(page, 1, "amount").click()
    page.keyboard.type("8万")
    lapse(page)
    page.keyboard.press("Enter")
    again(page)
    page.wait_for_function("() => !document.querySelector('td.saving')")
    assert amount_of(firm, id_of(page, 1)) == 80000
    page.locator(".m-tools a", has_text="筛选").click()
    page.wait_for_selector(".m-filter")
    page.select_option("#fr-0", "amount")
    page.wait_for_selector("#fv-0-0")
    page.fill("#fv-0-0", "7万")
    page.wait_for_timeout(900)  # the sums below are counted anew
    lapse(page)
    page.locator(".m-filter .m-ffoot button[value=apply]").click()
    again(page)
    page.wait_for_url("**w=amount**")
    assert amount_of(firm, first) == 70000 and page.locator(".m-chip", has_text="金额").count()


def again(page: Any) -> None:
    """The session has ended: the sheet over the page."""
    page.wait_for_selector("#sign-in-again[open] form")
    page.faults.clear()
    page.fill("#sign-in-again [name=email]", "ann@firm.example")
    page.fill("#sign-in-again [name=password]", PASSWORD)
    page.locator("#sign-in-again button[type=submit]").click()
    page.wait_for_selector("#sign-in-again:not([open])", state="attached")
