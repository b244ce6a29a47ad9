"""A form is made from a file: kinds, options and links are proposed from its values, and all its rows come in."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import pytest

from tests import missing
from tests.conftest import DATA
from tests.pages.conftest import Sales, words
from webapp.definitions import versions
from webapp.engines.forms import aggregate
from webapp.journal import work

LEADS = DATA / "leads"
#: What stands in a file is told without a database; how the rows come in is tried on both with the imports.
once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def send(sales: Sales, content: bytes, name: str, who: str = "admin"):
    return sales.post("/build/import", {"file": (io.BytesIO(content), name)}, who)


def stands(page: str) -> dict:
    """What the form on the page would send."""
    values: dict = {"label": re.search(r'id="label" name="label" value="([^"]*)"', page)[1]}
    values["app_label"] = re.search(r'name="app_label" value="([^"]*)"', page)[1]
    values["app"] = (re.search(r'<option value="(\w*)" selected>', page.partition('name="app"')[2][:2000]) or [0, ""])[
        1
    ]
    for name in re.findall(r'name="((?:on|unique|empty)-\w+)" value="1" checked', page):
        values[name] = "1"
    for name, value in re.findall(r'name="(label-\w+)" value="([^"]*)"', page):
        values[name] = value
    for part in re.findall(r'name="(?:kind|to)-\w+".*?</select>', page, re.S):
        chosen = re.search(r'<option value="([\w.]*)" selected>', part)
        values[re.search(r'name="([\w-]+)"', part)[1]] = chosen[1] if chosen else ""
    if title := re.search(r'name="title" value="(\d+)" checked', page):
        values["title"] = title[1]
    return values


def kinds(values: dict) -> dict[str, str]:
    """Name of a column → the kind proposed for it."""
    return {values[f"label-{k[5:]}"]: v for k, v in values.items() if k.startswith("kind-")}


def sums(sales: Sales, form: str, group: list[str], measures: list[str]) -> dict:
    database = sales.world.database
    with database.read() as unit:
        rows = aggregate.aggregate(
            unit, sales.world.actor("admin"), sales.world.form(form), group=group, measures=measures, limit=1000
        )
    return {(r.group[0] if group else None): r.measures for r in rows}


@once
def test_a_file_of_leads_becomes_a_form_with_all_its_rows_and_totals(sales_):
    if not LEADS.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    expected = json.loads((LEADS / "expected.json").read_text("utf-8"))["totals"]
    address = send(sales_, (LEADS / "leads_x_education.csv").read_bytes(), "leads.csv").headers["Location"]
    page = sales_.get(address, "admin").text
    values = stands(page)
    found = kinds(values)
    assert (found["Prospect ID"], found["Lead Origin"], found["Converted"]) == ("text", "select", "switch")
    assert (found["TotalVisits"], found["Page Views Per Visit"]) == ("integer", "number")
    assert "“Select”算空（1,942 行）" in words(page)
    answer = sales_.post(address, {**values, "label": "线索", "app_label": "招生", "go": "make"}, "admin")
    assert answer.headers["Location"] == f"/zhao_sheng/xian_suo/import/{address.rpartition('/')[2]}/result"
    work.run_ready(sales_.world.database)
    told = words(sales_.get(answer.headers["Location"], "admin").text)
    assert "9,240 行已写入，0 行完全相同跳过，0 行退回。" in told
    form = "zhao_sheng.xian_suo"
    (whole,) = sums(sales_, form, [], ["count()", "sum(total_time_spent_on)", "sum(total_visits)"]).values()
    assert whole == [9240, expected["total_time_on_website_sum"], int(expected["total_visits_sum"])]
    (views,) = sums(sales_, form, [], ["sum(page_views_per_visit)"]).values()
    assert views == [Decimal(expected["page_views_per_visit_sum"])]
    converted = {("1" if k else "0"): n for k, (n,) in sums(sales_, form, ["converted"], ["count()"]).items()}
    assert converted == expected["converted"]
    origins = {k: n for k, (n,) in sums(sales_, form, ["lead_origin"], ["count()"]).items()}
    assert origins == expected["by_origin"]
    sources = {(k or ""): n for k, (n,) in sums(sales_, form, ["lead_source"], ["count()"]).items()}
    wanted = dict(expected["by_source"])
    wanted["Google"] += wanted.pop("google")
    assert sources == wanted
    empty = {k: n for k, (n,) in sums(sales_, form, ["specialization"], ["count()"]).items()}[None]
    both = expected["blank_per_column"]["Specialization"] + expected["placeholder_Select_per_column"]["Specialization"]
    assert empty == both


PEOPLE = "客户编号*,姓名,手机,邮箱,等级,负责人,客户,签约日期,金额,爱好,证件号,备注,空列\n" + "".join(
    f"K{n:03},张{n},1380000{n:04},a{n}@b.cn,{'ABC'[n % 3]},{('Ann', 'Bob', 'Hal')[n % 3]},"
    f'{("禾穗", "云杉", "松果")[n % 3]},2026/3/{n % 28 + 1},"¥{n},000.50","{("读书、跑步", "跑步", "读书、下棋")[n % 3]}",'
    f'3301021990010100{n % 10}{n % 9},"第一行\n第二行{n}",\n'
    for n in range(1, 25)
)


def test_kinds_options_links_and_people_are_told_by_the_values_and_corrected_by_hand(sales_):
    for name in ("禾穗", "云杉", "松果"):
        sales_.account(name)
    address = send(sales_, PEOPLE.encode(), "合同.csv").headers["Location"]
    page = sales_.get(address, "admin").text
    values = stands(page)
    assert kinds(values) == {
        "客户编号": "text", "姓名": "person_name", "手机": "phone", "邮箱": "email", "等级": "select",
        "负责人": "member", "客户": "link", "签约日期": "date", "金额": "money", "爱好": "multi_select",
        "证件号": "text", "备注": "long_text", "空列": "text",
    }  # fmt: skip
    assert values["to-G"] == "crm.account" and "on-M" not in values and values["unique-A"] == "1"
    assert values["app"] == "" and values["title"] == "1"
    # into the app that is there, for a role of it; a kind that does not fit is said
    wrong = sales_.post(address, {**values, "app": "crm", "kind-B": "link", "go": "make"}, "admin")
    assert wrong.status_code == 422 and "请选择 姓名 关联到哪个表单" in words(wrong.text)
    good = {**values, "app": "crm", "role": "rep", "kind-E": "text", "label-A": "合同编号", "go": "make"}
    answer = sales_.post(address, good, "admin")
    assert answer.status_code == 303, words(answer.text)
    work.run_ready(sales_.world.database)
    told = words(sales_.get(answer.headers["Location"], "admin").text)
    assert "24 行已写入" in told, told
    name = ".".join(answer.headers["Location"].split("/")[1:3])
    form = sales_.world.form(name)
    assert (form.title, form.field("code").is_unique, form.field("code").is_required) == ("person", True, True)
    assert form.field("account").type.target == "crm.account"
    linked = sums(sales_, name, ["account.name"], ["count()"])
    assert linked == {"禾穗": [8], "云杉": [8], "松果": [8]}
    assert sales_.get(f"/crm/{form.key}", "ann").status_code == 200
    assert sales_.get(f"/crm/{form.key}", "hal").status_code == 404, "no role of his names the new form"
    assert sales_.get(address, "admin").status_code == 404, "it is an import like any other now"


@once
def test_only_a_builder_makes_forms_and_a_stale_draft_is_no_double(sales_):
    assert sales_.get("/build/import", "ann").status_code == 403
    assert send(sales_, b"a,b\n1,2\n", "a.csv", "ann").status_code == 403
    assert "用文件建表单" not in sales_.get("/", "ann").text and "用文件建表单" in sales_.get("/", "admin").text
    address = send(sales_, b"a,b\n1,2\n", "a.csv").headers["Location"]
    values = stands(sales_.get(address, "admin").text)
    first = sales_.post(address, {**values, "go": "make"}, "admin")
    again = sales_.post(address, {**values, "go": "make"}, "admin")
    assert (first.status_code, again.status_code) == (303, 404)
    with sales_.world.database.read() as unit:
        assert len(versions.current(unit).apps) == 2


@once
@pytest.mark.parametrize(("content", "said"), [(b"", "文件里没有内容"), (b"\x89PNG\r\n\x1a\n\0\0", "不是表格文件")])
def test_what_is_no_table_makes_no_form(sales_, content, said):
    answer = send(sales_, content, "a.xlsx")
    assert answer.status_code == 422 and said in words(answer.text)


@once
def test_two_hundred_columns_and_a_file_without_headings(sales_):
    wide = ",".join(f"列{n}" for n in range(200)) + "\n" + ",".join("1" for _ in range(200)) + "\n"
    address = send(sales_, wide.encode(), "wide.csv").headers["Location"]
    values = stands(sales_.get(address, "admin").text)
    assert len(kinds(values)) == 200
    answer = sales_.post(address, {**values, "go": "make"}, "admin")
    assert answer.status_code == 303, words(answer.text)[:400]
    work.run_ready(sales_.world.database)
    assert "1 行已写入" in words(sales_.get(answer.headers["Location"], "admin").text)
    address = send(sales_, b"1,2026-01-02\n2,2026-02-03\n", "bare.csv").headers["Location"]
    assert list(kinds(stands(sales_.get(address, "admin").text)).items()) == [("A", "integer"), ("B", "date")]
