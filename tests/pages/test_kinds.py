"""Tags, regions, messengers and lengths of time on the pages: chosen, shown, filtered, renamed."""

from __future__ import annotations

import re

from tests.pages.conftest import Sales, words
from webapp.engines.forms import bulk, undo
from webapp.engines.forms.finding import tagging
from webapp.journal import changesets, due


def test_a_region_is_chosen_level_by_level_or_by_its_pinyin(sales_: Sales) -> None:
    top = sales_.get("/crm/account/pick/region", part=True).text
    assert "浙江省" in top and "杭州市" not in top and 'data-within="/crm/account/pick/region?within=330000"' in top
    inside = sales_.get("/crm/account/pick/region?within=330000", part=True).text
    assert "整个浙江省" in inside and "杭州市" in inside and "within=top" in inside
    districts = sales_.get("/crm/account/pick/region?within=330100&m__find=x", part=True).text
    assert 'data-value="330106" data-title="浙江省杭州市西湖区"' in districts
    assert "杭州市" in words(sales_.get("/crm/account/pick/region?m__find=hz", part=True).text)
    assert "没有找到" in sales_.get("/crm/account/pick/region?m__find=zzzz", part=True).text


def test_a_record_with_the_kinds_is_entered_shown_found_and_filtered(sales_: Sales) -> None:
    keys = "name,region,wechat,credit_code"
    values = {
        "m__fields": keys,
        "name": "禾穗食品",
        "region": "330106",
        "wechat": "微信：hesui_88",
        "credit_code": "91350100m000100y43",
    }
    made = sales_.post("/crm/account/new", values)
    assert made.status_code == 303
    page = sales_.get(made.location).text
    assert "浙江省杭州市西湖区" in page and 'data-copy="hesui_88"' in page and 'data-copy="91350100M000100Y43"' in page
    sales_.account("云杉包装", region="上海市")
    for code, found in (("33", ["禾穗食品"]), ("3301", ["禾穗食品"]), ("31", ["云杉包装"]), ("44", [])):
        listed = sales_.get(f"/crm/account?w=region:in:{code}").text
        assert [n for n in ("禾穗食品", "云杉包装") if n in listed] == found, code
    listed = words(sales_.get("/crm/account?w=region:in:浙江").text)
    assert "位于 浙江省" in listed and "浙江杭州西湖区" not in words(sales_.get("/crm/account?w=region:in:31").text)
    form = sales_.get(f"{made.location}/edit").text
    assert 'value="330106" data-picker-value' in form and 'value="浙江省杭州市西湖区"' in form
    refused = sales_.post(
        "/crm/account/new", {"m__fields": keys, "name": "x", "region": "朝阳区", "credit_code": "91350100M000100Y44"}
    )
    assert refused.status_code == 422
    assert "“朝阳区”对应多个地方" in refused.text and "校验位不符" in refused.text and 'value="朝阳区"' in refused.text


def test_a_filter_is_built_with_the_input_that_fits(sales_: Sales) -> None:
    form = sales_.get("/crm/account/filter?r0=region&o0=in&v0=3301&g0=0").text
    assert 'value="浙江省杭州市"' in form and "/crm/account/pick/region" in form
    tags = sales_.get("/crm/deal/filter?view=all&r0=labels&o0=has&v0=KA&g0=0").text
    assert 'value="KA"' in tags and "/crm/deal/pick/labels" in tags
    standing = sales_.get("/crm/deal/filter?view=all&w=effort:gt:2h&position=0").text
    assert 'value="7200s"' in standing


def test_a_length_of_time_is_typed_filtered_and_summed(sales_: Sales) -> None:
    sales_.deal("long", effort="3 小时 10 分")
    sales_.deal("short", effort="1:30")
    listed = sales_.get("/crm/deal?view=all&w=effort:gt:2h").text
    assert "long" in listed and ">short<" not in listed and "大于 2 小时" in words(listed)


def test_tags_are_proposed_from_what_one_sees_and_renamed_within_ones_rights(sales_: Sales) -> None:
    first = sales_.deal("first", labels="重点客户、老客户")
    second = sales_.deal("second", labels=["老客户", "KA"])
    theirs = sales_.deal("theirs", "bob", labels="老客户,秘密")
    proposed = words(sales_.get("/crm/deal/pick/labels?m__find=lkh", part=True).text)
    assert proposed == "老客户 2"
    assert "秘密" not in sales_.get("/crm/deal/pick/labels", part=True).text + sales_.get("/crm/deal/tags/labels").text
    listed = sales_.get("/crm/deal?view=all&w=labels:has:KA").text
    assert "second" in listed and ">first<" not in listed
    answer = sales_.post("/crm/deal/tags/labels", {"old": "老客户", "new": "KA"}, part=True)
    assert answer.status_code == 200
    assert (sales_.value("deal", first, "labels"), sales_.value("deal", second, "labels")) == (
        ("重点客户", "KA"),
        ("KA",),
    )
    assert sales_.value("deal", theirs, "labels") == ("老客户", "秘密")
    again = sales_.post("/crm/deal/tags/labels", {"old": "KA", "new": "KA"}, part=True)
    assert again.status_code == 422
    change_set = _last_change_set(sales_)
    done = undo.undo(sales_.world.database, sales_.world.actor("ann"), change_set)
    assert done.undone == 2 and sales_.value("deal", first, "labels") == ("重点客户", "老客户")


def _last_change_set(sales: Sales) -> int:
    with sales.world.database.read() as unit:
        return changesets.listed(unit, limit=1)[0][0].id


def test_many_records_are_renamed_by_the_worker(sales_: Sales) -> None:
    ann, form, database = sales_.world.actor("ann"), sales_.world.form("crm.deal"), sales_.world.database
    rows = [{"name": f"d{n}", "stage": "contact", "labels": ("old",)} for n in range(tagging.FEW + 5)]
    with database.write() as unit:
        bulk.create_many(unit, ann, form, rows, via="import")
    answer = sales_.post("/crm/deal/tags/labels", {"old": "old", "new": "new"}, part=True)
    assert "后台" in answer.headers["HX-Trigger"].encode().decode("unicode_escape")
    with database.read() as unit:
        (job,) = [j for j in due.listed(unit) if j.kind == tagging.JOB]
    tagging.rename_later(database, job)
    assert re.search(rf"new</a><span[^>]*>{len(rows)} ", sales_.get("/crm/deal/tags/labels").text)


def test_a_department_is_found_by_pinyin_and_says_where_it_stands(sales_: Sales) -> None:
    page = words(sales_.get("/crm/account/pick/team?m__find=eas", part=True).text)
    assert page == "East Sales"
    made = sales_.account("x", team="East")
    assert sales_.value("account", made, "team") is not None
    assert ">x<" not in sales_.get("/crm/account?w=team:empty:").text
