"""The workbench: what is due and late, what does not move, what is mine, and the numbers of the week."""

from __future__ import annotations

import html
import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.pages.conftest import Sales, words
from tests.pages.followed import DOCUMENT
from tests.world import make
from webapp import clock
from webapp.db import Database
from webapp.engines.forms import records


@pytest.fixture
def firm(database: Database) -> Sales:
    world = make(database)
    world.apply(DOCUMENT)
    return Sales(world)


def at(days: int, hour: int = 23) -> str:
    """A moment so many days from the firm's today."""
    zone = ZoneInfo("Asia/Shanghai")
    day = clock.now().astimezone(zone) + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, 59, tzinfo=zone).isoformat()


def desk(firm: Sales, who: str = "ann", query: str = "") -> str:
    page = firm.get(f"/{query}", who)
    assert page.status_code == 200
    return page.text[page.text.index("<main") :]


def rows(firm: Sales, page: str, name: str, who: str = "ann") -> str:
    """What the list shows that a number of the workbench leads to."""
    found = re.search(rf'<a href="([^"]+)"[^>]*>{name}', page)
    assert found, name
    answer = firm.get(html.unescape(found[1]), who)
    assert answer.status_code == 200
    return words(answer.text)


def test_the_first_line_says_what_is_due_and_every_number_leads_to_its_rows(firm: Sales) -> None:
    firm.deal("逾期的", next_at=at(-3), next_step="回访韩经理", amount="456000")
    firm.deal("今天的", next_at=at(0), stage="quote")
    firm.deal("明天的", next_at=at(1))
    firm.deal("赢了的", next_at=at(-1), stage="won")
    firm.deal("别人的", "bob", next_at=at(-1))
    page = desk(firm)
    said = words(page)
    assert "2 件事，其中 1 件已经迟了" in said
    assert said.index("回访韩经理") < said.index("今天的"), "late first"
    assert "逾期 3 天" in said and "45.6 万" in said
    due = words(page[page.index('id="due"') :].split("</section>")[0])
    assert "明天的" not in due and "赢了的" not in due and "别人的" not in said
    listed = rows(firm, page, "商机 2")
    assert "逾期的" in listed and "今天的" in listed and "明天的" not in listed and "赢了的" not in listed


def test_a_head_sees_what_waits_for_his_team_and_what_does_not_move(firm: Sales) -> None:
    waits = firm.deal("安的商机", next_at=at(-2))
    slow = firm.deal("卡住的", stage="contact")
    firm.post(f"/crm/deal/{slow}/edit", {"m__fields": "stage", "stage": "quote"})
    firm.deal("鲍的卡住的", "bob", stage="quote")
    assert "安的商机" not in words(desk(firm, "hal").split('id="mine"')[0])
    team = desk(firm, "hal", "?of=team")
    assert "安的商机" in words(team) and f"/crm/deal/{waits}" in team
    assert "大家的" not in words(desk(firm)), "a rep sees nobody else's"
    with clock.stopped(clock.now() + timedelta(days=9)):
        with firm.world.database.write() as unit:  # sessions are older than that
            unit.connection.exec_driver_sql("UPDATE m__session SET expires_at = '2099-01-01 00:00:00.000000'")
        page = desk(firm, "hal")
        stuck = words(page[page.index('id="stuck"') :].split("</section>")[0])
        assert "卡住的" in stuck and "报价 停了 9 天，上限 7 天" in stuck and "鲍" not in stuck
        listed = rows(firm, page[page.index('id="stuck"') :], "商机 1", "hal")
        assert "卡住的" in listed and "安的商机" not in listed


def test_the_numbers_are_those_one_may_see_and_lead_to_their_views(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="1286000", cost="9", who="admin")
    own = firm.deal("我的", amount="542000", stage="quote")
    firm.post(f"/crm/deal/{own}/talk", {"text": "谈过", "as": "follow-up", "kind": "call"})
    mine, all_ = desk(firm), desk(firm, "admin")
    assert "在谈商机 54.2 万 1 条" in words(mine) and "本周跟进 1" in words(mine)
    assert "成本" not in words(mine.split('id="due"')[0]), "its cost is hidden from him"
    assert "在谈商机 182.8 万 2 条" in words(all_) and "成本 ¥9" in words(all_)
    assert '<a class="m-stat" href="/crm/deal?view=open"' in mine and deal
    firm.world.apply(DOCUMENT.replace(DOCUMENT[DOCUMENT.index("workbench:") : DOCUMENT.index("roles:")], ""))
    page = desk(firm)
    assert "商机：本周新录入 1" in words(page), "without numbers of its own the app shows what one has entered"


def test_my_records_are_those_changed_lately_the_new_and_the_starred(firm: Sales) -> None:
    first, second = firm.deal("先做的"), firm.deal("后做的")
    account = firm.account("禾穗食品")
    firm.post(f"/crm/account/{account}/star", {"on": "1"})
    firm.post(f"/crm/deal/{first}/star", {"on": "1"})
    firm.post(f"/crm/deal/{first}/edit", {"m__fields": "name", "name": "先做的改了"})
    lately = words(firm.get("/?part=mine&what=recent", part=True).text)
    assert "后做的" in lately and "先做的改了" in lately
    starred = words(firm.get("/?part=mine&what=starred", part=True).text)
    assert starred.index("先做的改了") < starred.index("禾穗食品") and "后做的" not in starred
    assert f"/crm/deal/{second}" in firm.get("/?part=mine&what=new", part=True).text
    with firm.world.database.write() as unit:
        form = firm.world.form("crm.deal")
        records.update(unit, firm.world.actor("admin"), form, first, {"owner": firm.world.people["bob"]})
    assert "先做的" not in firm.get("/?part=mine&what=starred", part=True).text, "it is not his to see any more"


def test_a_form_says_how_a_duty_is_ended_and_that_can_be_taken_back(firm: Sales) -> None:
    firm.world.apply(
        DOCUMENT.replace(
            "when: \"stage.type = 'open'\"}", "when: \"stage.type = 'open'\", done: {urgent: true, next_at: null}}"
        )
    )
    deal = firm.deal("装盒线", next_at=at(-1))
    assert f'hx-post="/crm/deal/{deal}/done"' in desk(firm)
    assert firm.post(f"/crm/deal/{deal}/done", {"version": "7"}, part=True).status_code == 412
    answer = firm.post(f"/crm/deal/{deal}/done", {"version": "1"}, part=True)
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert firm.value("deal", deal, "next_at") is None and "装盒线" not in words(desk(firm).split('id="mine"')[0])
    assert firm.post(toast["undo"]["url"], toast["undo"]["values"], part=True).status_code == 200
    assert firm.value("deal", deal, "next_at") is not None and firm.value("deal", deal, "urgent") is not True
    assert firm.post(f"/crm/account/{firm.account('x')}/done", {}).status_code == 404


def test_the_workbench_costs_few_statements_and_an_empty_one_teaches(firm: Sales) -> None:
    page = words(desk(firm))
    assert "今天没有到期的" in page and "录入第一条" in page
    for n in range(3):
        firm.deal(f"线{n}", next_at=at(-n))
    firm.get("/")
    with firm.statements() as seen:
        firm.get("/")
    assert len(seen) <= 4, seen
    with firm.statements() as seen:
        firm.get("/?part=counts", part=True)
    assert len(seen) <= 2, seen
