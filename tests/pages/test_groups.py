"""Rows under periods of a date and steps of a number: what counts where, in which order, and for whom."""

from __future__ import annotations

import re

from tests.pages.conftest import Sales, words


def heads(html: str) -> list[tuple[str, str]]:
    """Name and count of each head on the page."""
    found = re.findall(r'<tr class="group[^>]*>.*?<span class="m-cut">(.*?)</span> <span[^>]*>(.*?)</span>', html, re.S)
    return [(words(name), count) for name, count in found]


def test_rows_stand_under_months_quarters_and_steps_with_their_sums(sales_: Sales) -> None:
    for name, amount, day in (
        ("一", "500", "2026-01-31"),
        ("二", "12000", "2026-02-01"),
        ("三", "999.99", "2026-02-28"),
        ("四", "20000", "2025-12-31"),
        ("五", "-0.5", ""),
        ("六", "10000", "2027-01-01"),
    ):
        sales_.deal(name, amount=amount, close_date=day)
    at = "/crm/deal?view=all&sort=name"
    page = sales_.get(f"{at}&group=month(close_date)").text
    months = [("空", "1"), ("2025年12月", "1"), ("2026年1月", "1"), ("2026年2月", "2"), ("2027年1月", "1")]
    assert heads(page) == months
    assert "¥13,000" in words(page[page.index("2026年2月") : page.index("2027年1月")])
    assert "预计成交（月）" in words(page)
    assert heads(sales_.get("/crm/deal?view=all&sort=-close_date&group=month(close_date)").text) == months[::-1]
    assert [n for n, _ in heads(sales_.get(f"{at}&group=quarter(close_date)").text)] == [
        "空", "2025年4季度", "2026年1季度", "2027年1季度"
    ]  # fmt: skip
    steps = sales_.get(f"{at}&group=floor(amount/10000)").text
    assert heads(steps) == [("-1 万 至 ¥0", "1"), ("¥0 至 1 万", "2"), ("1 万 至 2 万", "2"), ("2 万 至 3 万", "1")]
    weeks = sales_.get(f"{at}&group=year(close_date),week(close_date)&part=group_rows&in=2026").text
    assert heads(weeks) == [("2026年1月26日 起一周", "2"), ("2026年2月23日 起一周", "1")]
    rows = sales_.get(f"{at}&group=month(close_date)&part=rows&in=2026-02").text
    assert re.findall(r"data-opens>(.)</a>", rows) == ["二", "三"]
    assert sales_.get(f"{at}&group=month(close_date)&part=rows&in=2026-13").status_code == 404
    moments = sales_.get("/crm/deal?view=all&group=day(created_at)", "admin").text
    assert [n for _, n in heads(moments)] == ["6"], "moments stand under the firm's days"
    hidden = sales_.get("/crm/deal?view=all&group=floor(cost/10000)").text
    assert heads(hidden) == [] and "成本" not in words(hidden), "nothing is grouped by what one may not read"


def test_a_view_keeps_its_periods_and_offers_them(sales_: Sales) -> None:
    sales_.deal("一", amount="5", close_date="2026-02-01")
    answer = sales_.post(
        "/crm/deal/views/create?view=all&group=quarter(close_date),floor(amount/1000)",
        {"label": "按季度", "readers": "all"},
        "admin",
    )
    page = sales_.get(answer.location)
    assert heads(page.text)[0][0] == "2026年1季度"
    menu = sales_.get(f"/crm/deal/tools/group?{answer.location.partition('?')[2]}", part=True).text
    assert menu.count('aria-checked="true"') == 2 and "预计成交 季度" in menu
    assert "group=month%28close_date%29" in sales_.get("/crm/deal/column-menu?view=all&key=close_date", part=True).text
