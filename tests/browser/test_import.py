"""The import wizard in the browser: a real pipeline with its totals, dropped files, mending in place on a phone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import missing
from tests.browser.conftest import axe_problems, settled
from tests.browser.firm import Firm
from tests.conftest import DATA
from tests.transfer.conftest import SALES
from tests.transfer.files import rows_of
from webapp.engines.forms import aggregate
from webapp.journal import work

pytestmark = pytest.mark.browser
FILES = (("account", "accounts"), ("product", "products"), ("agent", "sales_teams"), ("deal", "sales_pipeline"))
LIST = "商机名称,金额,阶段\n二期装盒线,12.5万,报价\n码垛机器人,八千,报价\n,100,报价\n"


@pytest.fixture
def worker(firm: Firm) -> Iterator[None]:
    """Does what is due, as the product's own worker would."""
    ended = threading.Event()

    def go() -> None:
        while not ended.wait(0.1):
            work.run_ready(firm.sales.world.database)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()


def test_a_pipeline_goes_through_the_wizard_with_the_totals_of_its_source(
    firm: Firm, worker: None, open_page: Callable[..., Any]
) -> None:
    if not SALES.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    firm.sales.world.apply((Path(__file__).parent.parent / "transfer" / "crm_sales.yaml").read_text("utf-8"))
    page = firm.sign_in(open_page(), who="admin")
    for form, name in FILES:
        page.goto(f"{firm.url}/sales/{form}/import")
        page.set_input_files("input[type=file]", SALES / f"{name}.csv")
        page.wait_for_selector("#columns-form")
        page.click("button[name=go]")
        page.wait_for_selector(".m-stats", timeout=60_000)
        if form == "deal":
            assert "GTXPro" in page.inner_text("#values-form") and "1,480" in page.inner_text("#values-form")
            assert page.input_value("#values-form input[name=to]") == "GTX Pro"
            page.click("#values-form button[type=submit]")
            page.wait_for_selector("text=导入 8,800 行", timeout=60_000)
        page.click(".m-wbar .btn-primary")
        page.wait_for_selector(".m-banner.ok", timeout=60_000)
        assert "0 行退回" in page.inner_text(".m-banner.ok")
    expected = json.loads((DATA / "crm_sales" / "expected.json").read_text("utf-8"))["totals"]
    world = firm.sales.world
    with world.database.read() as unit:
        rows = aggregate.aggregate(
            unit, world.actor("admin"), world.form("sales.deal"), group=["deal_stage"],
            measures=["count()", "sum(close_value)"],
        )  # fmt: skip
    assert {r.group[0]: r.measures[0] for r in rows} == {k.lower(): n for k, n in expected["by_stage"].items()}
    assert {r.group[0]: r.measures[1] for r in rows} == {
        k.lower(): Decimal(n) for k, n in expected["close_value_by_stage"].items()
    }


def test_a_dropped_file_is_matched_checked_and_mended_on_a_phone_and_axe_finds_nothing(
    firm: Firm, worker: None, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Any, what: str) -> None:
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), f"{what} is too wide"
        if problems := axe_problems(page):
            found[what] = problems

    page = firm.sign_in(open_page(phone=True))
    page.goto(f"{firm.url}/crm/deal/import")
    look(page, "upload")
    drop = """text => { const data = new DataTransfer(); data.items.add(new File([text], "商机.csv", {type: "text/csv"}));
      document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", {bubbles: true, dataTransfer: data})); }"""
    page.evaluate(drop, "%PDF-1.7 nothing")
    page.wait_for_selector("[data-upload] [role=alert]")
    page.faults.clear()  # the 422
    assert page.url.endswith("/import"), "what is no table stays on the page"
    page.evaluate(drop, LIST)
    page.wait_for_selector("#columns-form")
    look(page, "columns")
    page.focus("#place-B")
    page.select_option("#place-B", "")
    page.wait_for_selector("#verdict-B:has-text('不导入')")
    assert page.evaluate("document.activeElement.id") == "place-B", "the focus stays where it was"
    page.select_option("#place-B", "amount")
    page.wait_for_selector("#verdict-B:has-text('请填数字')")
    page.click("button[name=go]")
    page.wait_for_selector(".m-stats")
    look(page, "check")
    page.click(".m-wbar .btn-primary")
    page.wait_for_selector(".m-banner.ok")
    look(page, "result")
    page.fill("[name=cell-3-1]", "8000")
    page.fill("[name=cell-4-0]", "贴标机")
    page.click("text=再导入 2 行")
    page.wait_for_selector("text=2 行已写入")
    page.click("text=撤销这次导入")
    page.wait_for_selector("text=这次导入已撤销")
    desk = firm.sign_in(open_page(), who="admin")
    desk.goto(f"{firm.url}/build/import")
    desk.set_input_files("input[type=file]", {"name": "名单.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    desk.wait_for_selector("#form-form")
    look(desk, "fields")
    desk.select_option("#kind-B", "link")
    desk.wait_for_selector("#to-B")
    with desk.expect_download() as saved:
        desk.goto(f"{firm.url}/crm/deal")
        desk.click("[popovertarget=list-more]")
        desk.click(":popover-open button[value=csv]")
    lines = Path(saved.value.path()).read_text("utf-8-sig").splitlines()
    assert saved.value.suggested_filename.startswith("商机-") and len(lines) == 26 and lines[0].startswith("商机名称")
    desk.click("table[data-grid] tbody tr[data-open] >> nth=0 >> td >> nth=0")
    desk.click("table[data-grid] tbody tr[data-open] >> nth=2 >> td >> nth=0")
    desk.wait_for_selector("#picked:not([hidden])")
    with desk.expect_download() as picked:
        desk.click("#picked form[data-export] button")
    (tmp_path / "picked.xlsx").write_bytes(Path(picked.value.path()).read_bytes())
    assert len(rows_of(tmp_path / "picked.xlsx")) == 3, "the two that were picked, and the headings"
    assert found == {}
