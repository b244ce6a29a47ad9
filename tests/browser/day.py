"""A day of a small firm for pictures: what is due and late, a deal with a history, a team with something stuck."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.firm import Firm
from tests.pages.followed import DOCUMENT
from tests.pages.test_workbench import at

_STEPS = ((-3, "回访韩经理，确认切换样品"), (-1, "上门谈付款方式"), (0, "方案线上讲解"), (0, "发需求清单"))


def begin(firm: Firm) -> None:
    sales, deals = firm.sales, firm.deals
    sales.world.apply(DOCUMENT)
    for deal, (days, step) in zip(deals, _STEPS, strict=False):
        values = {"m__fields": "next_at,next_step", "next_at": at(days)[:16], "next_step": step}
        sales.post(f"/crm/deal/{deal}/edit", values)
    said = "王厂长同意本周签，付款方式要改：预付 30% 降到 20%，质保金 5% 留一年。法务在看第 7 条。"
    talk = f"/crm/deal/{deals[0]}/talk"
    sales.post(talk, {"text": said, "as": "follow-up", "kind": "call", "next": at(0)[:16]})
    sales.post(talk, {"text": "@Hal 价格能再让 2% 吗？方案在 https://docs.example/plan", "as": "comment"})
    sales.post(f"/crm/deal/{deals[0]}/edit", {"m__fields": "stage", "stage": "quote"})
    changed = {"m__fields": "amount,note", "amount": "128.6万", "note": "客户要 120 盒/分，留 15% 余量。"}
    sales.post(f"/crm/deal/{deals[0]}/edit", changed)
    sales.post(f"/crm/deal/{deals[5]}/delete", {})


def _in_place(page: Any) -> None:
    page.locator("[data-fact=amount] .m-edit").first.click(force=True)
    page.wait_for_selector("[data-fact=amount] form input[name=amount]")


def _write(page: Any) -> None:
    page.locator("form[data-say-form] textarea").first.click()
    page.keyboard.type("价格请 @")
    page.wait_for_selector(".m-people [data-name]")


def _log(page: Any) -> None:
    page.locator("#due .btn").first.click()
    page.wait_for_selector("#dialog[open] form[data-say-form]")


def _add(page: Any) -> None:
    page.locator("a.m-add:visible").first.click()
    page.wait_for_selector("#dialog[open] form")


def _menu(page: Any) -> None:
    page.locator("[popovertarget=record-menu]:visible").first.click()
    page.wait_for_timeout(250)


#: name → address, who looks, what is done before the picture
SCREENS: dict[str, tuple[str, str, Callable[[Any], None] | None]] = {
    "02-workbench-day": ("/", "ann", None),
    "02-workbench-team": ("/?of=team", "hal", None),
    "02-workbench-log": ("/", "ann", _log),
    "05-record-talk": ("/crm/deal/{deal}", "ann", None),
    "05-record-menu": ("/crm/deal/{deal}", "ann", _menu),
    "05-record-in-place": ("/crm/deal/{deal}", "ann", _in_place),
    "05-record-mention": ("/crm/deal/{deal}", "ann", _write),
    "05-record-360": ("/crm/account/{account}", "ann", None),
    "05-record-add": ("/crm/account/{account}", "ann", _add),
    "05-record-history": ("/crm/deal/{deal}/history", "ann", None),
    "05-bin": ("/crm/deal/bin", "ann", None),
}


def address(firm: Firm, name: str) -> str:
    account = firm.sales.value("deal", firm.deals[0], "account")
    return firm.url + SCREENS[name][0].format(deal=firm.deals[0], account=account)
