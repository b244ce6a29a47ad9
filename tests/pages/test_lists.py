"""Lists: what stands in a grid, for whom, in which order, and what a hostile address gets."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.pages import sales
from tests.pages.conftest import Sales, words
from webapp.definitions import storage
from webapp.engines.forms import records
from webapp.engines.forms.viewing import conditions


def rows(html: str) -> list[str]:
    return re.findall(r"data-opens>([^<]+)</a>", html)


def test_a_rep_sees_his_own_deals_and_nobody_elses(sales_: Sales) -> None:
    sales_.deal("装盒线改造", "ann", amount="1286000")
    sales_.deal("别人的商机", "bob")
    page = sales_.get("/crm/deal").text
    assert rows(page) == ["装盒线改造"]
    assert "别人的商机" not in page
    assert "¥1,286,000" in page


def test_a_hidden_field_is_in_no_heading_filter_or_sort(sales_: Sales) -> None:
    sales_.deal("A", "hal", cost="777")
    admin, rep = sales_.get("/crm/deal", "admin").text, sales_.get("/crm/deal").text
    assert "成本" in words(admin)
    assert "成本" not in words(rep)
    assert "成本" not in words(sales_.get("/crm/deal/filter").text)
    assert "成本" not in words(sales_.get("/crm/deal/new").text)


@pytest.mark.parametrize(
    "query",
    ["w=cost:gt:1", "sort=cost", "sort=-cost", "w=cost:empty:", "view=costly"],
)
def test_naming_a_hidden_field_is_refused_like_one_that_does_not_exist(sales_: Sales, query: str) -> None:
    sales_.deal("A", "ann")
    hidden = sales_.get(f"/crm/deal?{query}")
    unknown = sales_.get(f"/crm/deal?{query.replace('cost', 'nosuch')}")
    assert hidden.status_code == unknown.status_code
    assert hidden.status_code in (404, 422)


def test_a_masked_field_is_shown_masked_and_cannot_be_filtered_by(sales_: Sales) -> None:
    sales_.account("禾穗食品", "hal", phone="13800138000")
    id_ = sales_.account("海棠日化", "ann")
    with sales_.world.database.write() as unit:
        unit.execute(sales_.world.form("crm.account").table.update().values(owner=sales_.world.people["ann"]))
    page = sales_.get("/crm/account").text
    assert "13800138000" not in page
    assert "138****" in page
    assert sales_.get("/crm/account?w=phone:contains:138").status_code == 422
    assert id_


def test_filters_read_as_a_sentence_and_narrow_the_list(sales_: Sales) -> None:
    sales_.deal("大单", amount="120000", stage="quote")
    sales_.deal("小单", amount="300", stage="quote")
    sales_.deal("早单", amount="500000")
    page = sales_.get("/crm/deal?" + "w=" + quote("stage:any:quote") + "&w=" + quote("amount:gt:5万")).text
    assert rows(page) == ["大单"]
    assert "只看 阶段 是 报价" in words(page)
    assert "且 金额 大于 5 万" in words(page)


def test_a_picked_condition_leads_to_the_list_it_makes(sales_: Sales) -> None:
    sales_.deal("大单", amount="120000")
    answer = sales_.get("/crm/deal/filter?field=amount&op=gt&value=5万&do=apply&w=stage:any:contact")
    assert answer.status_code == 303
    assert answer.location.endswith("/crm/deal?view=all&w=stage%3Aany%3Acontact&w=amount%3Agt%3A50000")
    assert rows(sales_.get(answer.location).text) == ["大单"]


def test_a_condition_that_cannot_be_read_keeps_what_was_typed(sales_: Sales) -> None:
    answer = sales_.get("/crm/deal/filter?field=amount&op=gt&value=viel&do=apply", target="pop")
    assert answer.status_code == 422
    assert 'value="viel"' in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "w=amount",
        "w=amount:gt:",
        "w=amount:gt:1%27%20or%201=1",
        "w=amount:nosuch:1",
        "w=%00:gt:1",
        "w=stage:any:%27;drop%20table%20crm__deal",
        "w=account:is:1%20or%201=1",
        "w=close_date:on:0000-99-99",
        "sort=nosuch",
        "sort=-tags",
        "sort=" + "amount,name,stage,close_date,owner",
        "view=nosuch",
        "after=rubbish",
        "after=" + "A" * 5000,
        "&".join(["w=amount:gt:1"] * 40),
        "w=name:contains:" + "x" * 2000,
    ],
)
def test_a_hostile_address_gets_a_clear_error_page(sales_: Sales, query: str) -> None:
    sales_.deal("A")
    answer = sales_.get(f"/crm/deal?{query}")
    assert answer.status_code in (400, 404, 422)
    assert "<h2" in answer.text
    assert "Traceback" not in answer.text
    assert sales_.get("/crm/deal").status_code == 200


def test_text_with_quotes_is_searched_for_as_it_is(sales_: Sales) -> None:
    sales_.deal("O'Neill's line")
    sales_.deal("other")
    assert rows(sales_.get("/crm/deal?w=" + quote("name:contains:O'Neill's")).text) == ["O&#39;Neill&#39;s line"]


def test_headings_sort_both_ways_and_say_so(sales_: Sales) -> None:
    for name, amount in (("b", "2"), ("a", "1"), ("c", None)):
        sales_.deal(name, amount=amount)
    assert rows(sales_.get("/crm/deal?sort=amount").text) == ["c", "a", "b"]
    page = sales_.get("/crm/deal?sort=-amount").text
    assert rows(page) == ["b", "a", "c"]
    assert 'aria-sort="descending"' in page


def test_pages_joined_by_the_sentinel_are_the_whole_list(sales_: Sales) -> None:
    for n in range(113):
        sales_.deal(f"deal {n:03}", amount=str(n % 7))
    found, page = [], sales_.get("/crm/deal?sort=amount,name").text
    for _ in range(4):
        found += rows(page)
        following = re.search(r'id="more-rows" hx-get="([^"]+)"', page)
        if not following:
            break
        page = sales_.get(following[1].replace("&amp;", "&"), part=True).text
        assert "<html" not in page
    assert len(found) == 113
    assert len(set(found)) == 113


def test_search_in_a_view_finds_by_a_piece_of_the_name(sales_: Sales) -> None:
    sales_.deal("贴标机更新 12 台")
    sales_.deal("码垛机器人")
    assert rows(sales_.get("/crm/deal?q=" + quote("标机")).text) == ["贴标机更新 12 台"]


def test_the_totals_come_as_a_part_of_their_own(sales_: Sales) -> None:
    sales_.deal("a", amount="1000")
    sales_.deal("b", amount="500.50")
    sales_.deal("x", "bob", amount="9999")
    answer = sales_.get("/crm/deal/totals?view=all", part=True)
    assert "合计 2 条" in answer.text
    assert "¥1,500.50" in answer.text
    assert "<html" not in answer.text


def test_htmx_gets_the_part_and_a_browser_the_page(sales_: Sales) -> None:
    sales_.deal("a")
    whole, part = sales_.get("/crm/deal"), sales_.get("/crm/deal", target="list")
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert part.text.lstrip().startswith('<div id="list"')
    for answer in (whole, part):
        assert {"HX-Request", "HX-Request-Type"} <= {v.strip() for v in answer.headers["Vary"].split(",")}


def test_a_grid_page_takes_few_statements(sales_: Sales) -> None:
    account = sales_.account("禾穗食品")
    for n in range(60):
        sales_.deal(f"deal {n}", account=account, amount=str(n))
    sales_.get("/crm/deal")
    with sales_.statements() as seen:
        assert sales_.get("/crm/deal?w=amount:gt:3").status_code == 200
    assert len(seen) <= 3, seen  # who asks, his views, the rows


def test_a_grid_shows_every_kind_of_value_as_a_person_reads_it(sales_: Sales) -> None:
    account = sales_.account("<b>A & B</b>", "hal", phone="13800138000")
    gone = sales_.account("Gone", "hal")
    view = "/crm/deal?part=rows&sort=name"
    values = {"amount": "-1286000.5", "close_date": "2031-02-03", "partner": sales_.world.people["bob"]}
    sales_.deal("a \"quoted\" 'name'", "hal", account=account, tags=["key", "old"], urgent=True, **values)
    sales_.deal("b", "hal", account=gone, amount="12")
    sales_.deal("c", "hal", stage="won")
    with sales_.world.database.write() as unit:
        form = sales_.world.form("crm.account")
        records.delete(unit, sales_.world.actor("admin"), form, gone)
    page = sales_.get(view, "hal").text
    assert "a &#34;quoted&#34; &#39;name&#39;</a>" in page
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;</td>" in page
    assert ">-¥1,286,000.50</td>" in page and ">¥12</td>" in page
    assert ">2031年2月3日</td>" in page
    assert ">Gone</td>" in page
    assert '<span class="m-tag green">赢单</span></td>' in page
    assert '<span class="m-dim">—</span></td>' in page
    assert 'aria-hidden="true">H</span><span class="m-cut">hal</span></span></td>' in page.replace("Hal", "hal")
    assert [int(n) for n in re.findall(r'tabindex="-1">(\d+)</td>\n', page)] == [1, 2, 3]
    assert [int(n) for n in re.findall(r'tabindex="-1">(\d+)</td>\n', sales_.get(view + "&start=50", "hal").text)] == [
        51,
        52,
        53,
    ]


def test_an_empty_form_teaches_and_offers_the_first_record(sales_: Sales) -> None:
    page = sales_.get("/crm/deal").text
    assert "还没有商机" in words(page)
    assert 'href="/crm/deal/new"' in page


def test_a_form_without_a_role_does_not_exist(sales_: Sales) -> None:
    assert sales_.get("/crm/nosuch").status_code == 404
    assert sales_.get("/nosuch/deal").status_code == 404
    assert sales_.get("/crm/deal", "aud").status_code == 200


def test_everything_reads_in_english_too(sales_: Sales) -> None:
    sales_.deal("a", amount="1286000", stage="quote")
    with sales_.world.database.write() as unit:
        from webapp.access.tables import member

        unit.execute(member.update().where(member.c.id == sales_.world.people["ann"]).values(locale="en"))
    page = words(sales_.get("/crm/deal?w=amount:gt:50000").text)
    assert "Amount is over" in page
    assert "All deals" in page
    assert not re.search(r"[\u4e00-\u9fff]", page.replace("岚川装备", "").replace("简体中文", "").replace("榫卯", ""))


SAMPLES = {
    "text": ["装"],
    "number": ["5", "7"],
    "duration": ["2h", "3h"],
    "date": ["2026-01-01", "2026-12-31"],
    "datetime": ["2026-01-01T08:00", "2026-12-31T08:00"],
    "choice": ["quote", "won"],
    "choices": ["key"],
    "member": ["1", "2"],
    "department": ["1"],
    "record": ["1"],
    "effort": ["1h", "2h"],
}


def test_every_operator_of_every_field_can_be_asked_and_read(sales_: Sales) -> None:
    sales_.deal("装盒线", amount="6", close_date="2026-05-05", tags=["key"], urgent=True)
    form = sales_.world.form("crm.deal")
    asked = 0
    for field in form.names.values():
        for operator in conditions.operators(field):
            samples = ["7"] if operator.days else SAMPLES.get(field.key, SAMPLES.get(field.type.name, []))
            values = samples[: {"none": 0, "one": 1, "two": 2, "many": 2}[operator.takes]]
            written = f"{field.key}:{operator.key}:" + "|".join(values)
            answer = sales_.get("/crm/deal?w=" + quote(written), "admin")
            assert answer.status_code == 200, written
            assert "m-chip" in answer.text
            asked += 1
    assert asked > 60


def test_a_list_says_which_of_his_fields_is_being_converted_until_it_is(sales_: Sales) -> None:
    sales_.deal("A", "ann", lost_reason="1,200")
    sales_.deal("B", "hal", cost="777")
    changed = sales.DOCUMENT.replace("lost_reason: {kind: text,", "lost_reason: {kind: integer,")
    changed = changed.replace("cost: {kind: money, currency: CNY,", "cost: {kind: text,").replace(
        "cost > 1000", "cost is empty"
    )
    sales_.world.apply(changed, accept_loss=True)
    for address in ("/crm/deal", "/crm/deal?view=board"):
        assert "正在转换：输单原因。" in words(sales_.get(address).text)
    assert "正在转换：成本，输单原因。" in words(sales_.get("/crm/deal", "admin").text)
    storage.get().finish(sales_.world.database)
    assert "正在转换" not in sales_.get("/crm/deal", "admin").text
