"""Saved views when the form under them changes, filters through links, several values, and views as files."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.pages import sales
from tests.pages.conftest import Sales, words
from tests.pages.test_lists import rows
from webapp.engines.forms.transfer import exporting
from webapp.errors import Invalid

_RENAMED = sales.DOCUMENT.replace(
    "      amount: {kind: money, currency: CNY,", "      value: {was: amount, kind: money, currency: CNY,"
).replace("amount", "value").replace("was: value", "was: amount")  # fmt: skip


def test_a_saved_view_follows_renamed_fields_and_opens_without_those_that_are_gone(sales_: Sales) -> None:
    for name, amount, reason in (("甲", "5000", "贵"), ("乙", "100", "贵"), ("丙", "9000", "晚")):
        sales_.deal(name, amount=amount, lost_reason=reason)
    own = quote("amount > 1000 and lost_reason = '贵'")
    asked = f"view=all&cols=name,amount,lost_reason&sums=amount.max&group=floor(amount/1000)&sort=-amount&f={own}"
    made = sales_.post(f"/crm/deal/views/create?{asked}", {"label": "大单", "readers": "all"}, "admin").location
    board = sales_.post(
        "/crm/deal/views/create?view=board&by=partner", {"label": "按协作人", "readers": "all"}, "admin"
    ).location
    assert rows(sales_.get(made).text) == ["甲"]
    sales_.world.apply(_RENAMED, accept_loss=True)
    page = sales_.get(made).text
    assert rows(page) == ["甲"] and 'data-key="value"' in page and "¥5,000" in page
    without = re.sub(r"\n      (lost_reason|partner): \{[^\n]+", "", _RENAMED).replace(", lost_reason]", "]")
    without = without.replace(", partner]", "]").replace(", required: [lost_reason]", "")
    sales_.world.apply(without, accept_loss=True)
    page = sales_.get(made, "admin").text
    assert set(rows(page)) == {"甲", "丙"}, "what is there still of the filter holds"
    assert "已不存在的字段：" in words(page) and "lost_reason" in words(page)
    assert "lost_reason" not in words(sales_.get(made).text) and "部分字段已不存在" in words(sales_.get(made).text)
    assert 'data-column="contact"' in sales_.get(board).text, "a board whose columns are gone stands by another field"
    kept = sales_.post(f"/crm/deal/views/save?{made.partition('?')[2]}", {"version": "1"}, "admin").location
    assert "已不存在" not in words(sales_.get(kept, "admin").text)


def test_a_list_is_filtered_through_links_and_by_several_values(sales_: Sales) -> None:
    food = sales_.account("禾穗", industry="food")
    machines = sales_.account("云杉", industry="machines")
    secret = sales_.account("别人的", "bob", industry="food")
    sales_.deal("甲", account=food, tags=["key"])
    sales_.deal("乙", account=machines, tags=["old"])
    sales_.deal("丙", tags=["key", "old"])
    sales_.deal("丁", "admin", account=secret, owner=sales_.world.people["ann"])
    form = sales_.get("/crm/deal/filter?view=all", target="pop").text
    assert '<optgroup label="客户">' in form and 'value="account.industry"' in form
    assert "account.phone" not in form, "what is masked behind a link is not asked"
    answer = sales_.get(
        "/crm/deal/filter?view=all&r0=account.industry&o0=any&v0=food&v0=machines&g0=0&do=apply", target="pop"
    )
    address = answer.headers["HX-Location"]
    assert "account.industry" in address
    page = sales_.get("/crm/deal?view=all&sort=name&w=account.industry:any:food|machines").text
    assert set(rows(page)) == {"甲", "乙"} and re.search(
        "客户行业.{1,12}机械、食品|客户行业.{1,12}食品、机械", words(page)
    )
    assert rows(sales_.get("/crm/deal?view=all&w=account.industry:any:food").text) == ["甲"], "not the one of others"
    assert sales_.get("/crm/deal?view=all&w=account.phone:empty:").status_code == 422
    assert set(rows(sales_.get("/crm/deal?view=all&w=tags:any:key|old").text)) == {"甲", "乙", "丙"}
    assert rows(sales_.get("/crm/deal?view=all&w=tags:every:key|old").text) == ["丙"]
    assert set(rows(sales_.get("/crm/deal?view=all&w=tags:lacks:key").text)) == {"乙", "丁"}
    assert set(rows(sales_.get("/crm/deal?view=all&w=tags:has:key").text)) == {"甲", "丙"}, "as it was once written"
    raw = quote("contains_any(tags, 'key', 'old') and account.industry = 'food' and close_date is empty")
    built = sales_.get(f"/crm/deal/filter?view=all&f={raw}", target="pop").text
    assert 'value="="' in built and built.count('<textarea class="form-control m-mono') == 0, "all of it can be picked"
    assert built.count(" checked") >= 3 and '<option value="account.industry" selected>' in built
    week = sales_.get("/crm/deal/filter?view=all&r0=close_date&o0=next_week&g0=0", target="pop").text
    assert re.search('value="next_week" selected>[^<]*下周', week) and "… 天" in week, "dates in words"
    people = sales_.get("/crm/deal/pick/account.owner?m__find=an", part=True).text
    assert "Ann" in people


def test_a_saved_view_is_written_to_a_file_by_its_key_or_its_name(sales_: Sales, tmp_path: Path) -> None:
    sales_.deal("甲", amount="5000")
    sales_.deal("乙", amount="10")
    made = sales_.post("/crm/deal/views/create?view=all&cols=amount&w=amount:gt:1000", {"label": "我的大单"}).location
    board = sales_.post("/crm/deal/views/create?view=board&cols=amount", {"label": "我的看板"}).location
    ann, form, database = sales_.world.actor("admin"), sales_.world.form("crm.deal"), sales_.world.database
    key = made.rpartition("=")[2]
    with database.read() as unit:
        mine = sales_.world.actor("ann")
        wanted = exporting.from_view(unit, mine, form, key, "csv")
        assert wanted == exporting.from_view(unit, mine, form, "我的大单", "csv") and wanted.fields == (
            "name",
            "amount",
        )
        assert exporting.from_view(unit, mine, form, board.rpartition("=")[2]).fields == ("name", "amount")
        with pytest.raises(Invalid):
            exporting.from_view(unit, ann, form, "我的大单")  # a personal view is nobody else's
    sales_.world.grant("ann", "crm.head")
    with database.read() as unit:
        wanted = exporting.from_view(unit, sales_.world.actor("ann"), form, key, "csv")
    assert exporting.write(database, sales_.world.actor("ann"), wanted, tmp_path / "a.csv") == 1
