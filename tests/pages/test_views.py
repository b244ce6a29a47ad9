"""Saved views: whose they are, who may change them, and what two people at once find."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.pages import sales
from tests.pages.conftest import Sales, words
from webapp.definitions import storage
from webapp.engines.forms.structure import indexes
from webapp.engines.forms.viewing import saved

from .test_lists import rows

FILTER = quote("amount > 1000")


@pytest.fixture
def firm(sales_: Sales) -> Sales:
    return sales_


def tabs(firm: Sales, who: str) -> list[str]:
    page = firm.get("/crm/deal", who).text
    return re.findall(
        r"</svg>([^<]+)</a>",
        page[page.index('<nav class="m-tabs"') : page.index("</nav>", page.index('<nav class="m-tabs"'))],
    )


def saved_as(firm: Sales, who: str, name: str, query: str, **more: object) -> str:
    answer = firm.post(f"/crm/deal/views/create?{query}", {"label": name, **more}, who)
    assert answer.status_code == 303, words(answer.text)
    return answer.location


def test_a_personal_view_is_his_alone_and_remembers_what_was_shown(firm: Sales) -> None:
    for name, amount in (("大单", "5000"), ("小单", "10")):
        firm.deal(name, amount=amount)
    address = saved_as(firm, "ann", "我的大单", f"view=all&f={FILTER}&sort=name&cols=name,amount&group=&pin=2")
    assert re.fullmatch(r"/crm/deal\?view=\d+", address)
    page = firm.get(address)
    assert rows(page.text) == ["大单"]
    assert "只看 金额 大于 ¥1,000" in words(page.text)
    assert "我的大单" in tabs(firm, "ann") and "我的大单" not in tabs(firm, "hal") + tabs(firm, "admin")
    for who in ("hal", "admin", "bob"):
        assert firm.get(address, who).status_code == 404
        assert firm.post(address.replace("?", "/views/delete?"), {}, who).status_code == 404


def test_only_who_builds_shares_and_a_rep_saves_changes_as_his_own(firm: Sales) -> None:
    refused = firm.post("/crm/deal/views/create?view=all", {"label": "x", "readers": "all"}, "ann")
    assert refused.status_code == 403
    assert firm.post("/crm/deal/views/save?view=all&sort=name", {}, "ann").status_code == 403
    assert "为所有人保存" not in firm.get("/crm/deal?view=all&sort=name").text
    assert "为所有人保存" in firm.get("/crm/deal?view=all&sort=name", "admin").text
    shared = saved_as(firm, "admin", "本季重点", f"view=all&f={FILTER}", readers="all")
    heads = saved_as(firm, "admin", "主管看", "view=all", readers="roles", roles="crm.head")
    assert "本季重点" in tabs(firm, "ann")
    assert "主管看" in tabs(firm, "hal") and "主管看" not in tabs(firm, "ann")
    assert firm.get(heads, "ann").status_code == 404
    assert firm.post(shared.replace("?", "/views/change?"), {"label": "x"}, "ann").status_code == 403


def test_a_shared_view_leaves_out_what_its_reader_may_not_see(firm: Sales) -> None:
    firm.deal("贵", "ann", amount="1")
    firm.deal("贱", "ann", amount="2")
    with firm.world.database.write() as unit:
        table = firm.world.form("crm.deal").table
        unit.execute(table.update().where(table.c.amount == 1).values(cost=9000))
    hidden = quote("cost > 1000 and amount < 100")
    address = saved_as(
        firm,
        "admin",
        "贵的",
        f"view=all&f={hidden}&sort=-cost&cols=name,cost,amount&sums=cost.sum,amount.sum",
        readers="all",
    )
    assert rows(firm.get(address, "admin").text) == ["贵"]
    page = firm.get(address, "ann")
    assert set(rows(page.text)) == {"贵", "贱"}
    assert "成本" not in words(page.text) and "9,000" not in page.text
    assert "1 个条件未列出" in page.text
    totals = firm.get(address.replace("?", "/totals?"), "ann", part=True).text
    assert "9,000" not in totals and "¥3" in totals
    # he changes what he sees and an administrator shares it: what he does not see stays in it
    assert firm.get(f"{address}&cols=name,cost,amount").status_code == 200
    assert "9,000" not in firm.get(f"{address}&cols=name,cost&group=cost").text
    assert (
        firm.get("/crm/deal?f=" + quote("cost > 1")).status_code
        == firm.get("/crm/deal?f=" + quote("nosuch > 1")).status_code
        == 422
    )


def test_a_view_of_the_app_is_changed_for_all_and_set_back(firm: Sales) -> None:
    firm.deal("b", amount="1")
    firm.deal("a", amount="2")
    assert firm.post("/crm/deal/views/save?view=all&sort=name", {}, "admin").status_code == 303
    assert rows(firm.get("/crm/deal?view=all").text) == ["a", "b"]
    assert tabs(firm, "ann").count("全部商机") == 1
    assert firm.post("/crm/deal/views/delete?view=all", {}, "admin").status_code == 303
    assert rows(firm.get("/crm/deal?view=all&sort=").text) == ["a", "b"]  # the document's: largest amount first
    assert firm.post("/crm/deal/views/delete?view=all", {}, "admin").status_code == 422


def test_of_two_who_change_one_view_the_second_sees_both(firm: Sales) -> None:
    address = saved_as(firm, "admin", "共享", "view=all", readers="all")
    version = re.search(r'name="version" value="(\d+)"', firm.get(f"{address}&sort=name", "admin").text)
    assert version
    save = address.replace("?", "/views/save?")
    first = firm.post(f"{save}&sort=name", {"version": version[1]}, "admin")
    assert first.status_code == 303
    late = firm.post(f"{save}&f={FILTER}", {"version": version[1]}, "admin", part=True)
    assert late.status_code == 409
    assert "金额 大于 ¥1,000" in words(late.text) and "商机名称" in words(late.text)
    assert late.headers["HX-Retarget"] == "#dialog"
    fresh = re.search(r'name="version" value="(\d+)"', late.text)
    assert fresh and firm.post(f"{save}&f={FILTER}", {"version": fresh[1]}, "admin").status_code == 303
    assert "金额 大于 ¥1,000" in words(firm.get(address).text)


def test_a_deleted_view_comes_back_and_a_name_is_asked_for(firm: Sales) -> None:
    assert firm.post("/crm/deal/views/create?view=all", {"label": "  "}).status_code == 422
    address = saved_as(firm, "ann", "暂存", "view=all")
    gone = firm.post(address.replace("?", "/views/delete?"), {}, part=True)
    undo = re.search(r'"values":\{"id":"(\d+)"', gone.headers["HX-Trigger"])
    assert undo and "暂存" not in tabs(firm, "ann")
    assert firm.post("/crm/deal/views/restore", {"id": undo[1]}, "hal").status_code == 404
    assert firm.post("/crm/deal/views/restore", {"id": undo[1]}).status_code == 303
    assert firm.post(address.replace("?", "/views/change?"), {"label": "改名"}).status_code == 303
    assert "改名" in tabs(firm, "ann")


def test_each_has_his_first_view_his_order_and_his_widths(firm: Sales) -> None:
    firm.deal("a")
    address = saved_as(firm, "ann", "先看", "view=all&cols=name,amount")
    firm.post(address.replace("?", "/views/choose?"), {"first": "1"})
    firm.post(address.replace("?", "/views/choose?"), {"move": "left"})
    assert tabs(firm, "ann")[-2] == "先看"
    assert 'aria-current="page">' in firm.get("/crm/deal").text
    firm.post(address.replace("?", "/views/choose?"), {"widths": "amount.222,cost.300,name.9,x.1"})
    assert 'data-width="222"' in firm.get("/crm/deal").text
    assert (
        "data-width=" not in firm.get("/crm/deal?view=all").text
        and "data-width=" not in firm.get("/crm/deal", "hal").text
    )


def test_a_shared_view_has_its_indexes_and_a_broken_one_does_no_harm(firm: Sales) -> None:
    form = firm.world.form("crm.deal")

    def wanted() -> set[str]:
        with firm.world.database.read() as unit:
            shared = saved.shared(unit, form)
            return {why for i in indexes.derived(_now(unit), form, unit.dialect, shared) for why in i.why}

    address = saved_as(firm, "admin", "快", f"view=all&f={quote('close_date is empty')}&sort=close_date", readers="all")
    key = address.rpartition("=")[2]
    assert key in wanted()
    storage.get().finish(firm.world.database)
    changed = sales.DOCUMENT.replace("      close_date: {kind: date, label: {en: Closes on, zh: 预计成交}}\n", "")
    changed = changed.replace(", close_date", "")
    firm.world.apply(changed, accept_loss=True)
    form = firm.world.form("crm.deal")
    page = firm.get(address)
    assert page.status_code == 200 and "1 个条件未列出" in page.text
    wanted()


def _now(unit):
    from webapp.definitions import versions

    return versions.current(unit)


def test_groups_have_heads_with_sums_and_their_rows_come_as_they_are_seen(firm: Sales) -> None:
    account = firm.account("禾穗食品")
    for n in range(70):
        firm.deal(f"d{n:02}", stage=("contact", "quote", "won")[n % 3], amount="10", account=account if n % 2 else None)
    firm.deal("fremd", "bob", amount="999")
    firm.get("/crm/deal?group=stage")
    with firm.statements() as seen:
        page = firm.get("/crm/deal?view=all&group=stage&sort=name").text
    assert len(seen) <= 4, seen
    heads = re.findall(r'data-group="([^"]*)"', page)
    assert heads == ["contact", "quote", "won"]
    assert re.findall(r'm-dim m-num">(\d+)</span></span></td>', page) == ["24", "23", "23"]
    assert page[: page.index("m-cards")].count("¥240</span>") == 1
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert len(rows(table)) == 70 and "fremd" not in page
    two = firm.get("/crm/deal?view=all&group=owner,stage").text
    inner = re.search(r'hx-get="([^"]+part=group_rows[^"]*)"', two)
    assert inner and "Ann" in words(two)
    below = firm.get(inner[1].replace("&amp;", "&"), part=True).text
    assert re.findall(r'data-group="([^"]*)"', below) == [
        f"{firm.world.people['ann']}|{s}" for s in ("contact", "quote", "won")
    ]
    linked = firm.get("/crm/deal?view=all&group=account&sort=name").text
    assert re.findall(r'data-group="([^"]*)"', linked) == ["", "禾穗食品"]
    assert firm.get("/crm/deal?view=all&group=stage&part=rows&in=quote&in=x").status_code == 404
    for hidden in ("cost", "nosuch", "tags"):
        assert "data-group" not in firm.get(f"/crm/deal?view=all&group={hidden}").text


def test_a_group_by_a_link_tells_nothing_of_records_one_may_not_see(firm: Sales) -> None:
    secret = firm.account("秘密客户", "hal")
    firm.deal("a", "hal", account=secret)
    with firm.world.database.write() as unit:
        unit.execute(firm.world.form("crm.deal").table.update().values(owner=firm.world.people["ann"]))
    page = firm.get("/crm/deal?view=all&group=account").text
    assert "秘密客户" not in page and re.findall(r'data-group="([^"]*)"', page) == [""]
    assert firm.get(f"/crm/deal?view=all&group=account&part=rows&in={quote('秘密客户')}").text.count("<tr") == 0


def test_a_filter_is_built_row_by_row_and_read_back(firm: Sales) -> None:
    firm.deal("大", amount="90000", stage="quote")
    firm.deal("急", amount="1", urgent=True)
    firm.deal("小", amount="2")
    form = "/crm/deal/filter?view=all&r0=amount&o0=gt&v0=5万&g0=1&r1=urgent&o1=yes&g1=1&j1=or&r2=owner&o2=me&g2=0"
    answer = firm.get(form + "&do=apply")
    assert answer.status_code == 303
    page = firm.get(answer.location).text
    assert set(rows(page)) == {"大", "急"}
    said = words(page[page.index("m-sentence bar") : page.index("m-chip add")])
    assert "只看 金额 大于 5 万 或 加急" in said and "且 负责人 是我" in said, said
    back = firm.get(answer.location.replace("?", "/filter?") + "&position=0", target="pop").text
    assert 'value="50000"' in back and back.count('name="r') == 3 and "m-fgroup" in back
    more = firm.get(form + "&do=add:1", target="pop").text
    assert more.count('name="g3" value="1"') + more.count('name="g2" value="1"') == 1
    assert firm.get(form + "&do=drop:0", target="pop").text.count('name="r') == 2
    wrong = firm.get(form.replace("5万", "viel") + "&do=apply", target="pop")
    assert wrong.status_code == 422 and 'value="viel"' in wrong.text
    raw = firm.get("/crm/deal/filter?view=all&r0==&v0=" + quote("amount * 2 > 100000") + "&do=apply")
    assert rows(firm.get(raw.location).text) == ["大"]
    assert (
        firm.get("/crm/deal/filter?view=all&r0==&v0=" + quote("cost > 1") + "&do=apply", target="pop").status_code
        == 422
    )
