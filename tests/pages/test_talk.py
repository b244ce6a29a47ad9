"""Comments, follow-ups, stars, one field changed in place, the bin, and what two people saved at once."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.pages.conftest import Sales, words
from tests.pages.followed import DOCUMENT
from tests.world import make
from webapp import clock
from webapp.db import Database
from webapp.engines.forms import records
from webapp.engines.forms.around import comments, standing


@pytest.fixture
def firm(database: Database) -> Iterator[Sales]:
    world = make(database)
    world.apply(DOCUMENT)
    yield Sales(world)


def timeline(firm: Sales, id_: int, who: str = "ann", form: str = "deal") -> str:
    page = firm.get(f"/crm/{form}/{id_}", who).text
    return words(page[page.index('id="timeline"') :].split("</ol>")[0])


def mentions(firm: Sales) -> list[Any]:
    with firm.world.database.read() as unit:
        return list(unit.execute(comments.mention.select().order_by(comments.mention.c.id)))


def test_a_comment_stands_in_the_history_as_it_was_written(firm: Sales) -> None:
    deal = firm.deal("装盒线")
    text = "<script>alert(1)</script> @Hal @Bob 看 https://a.example/x?y=1。\n第二行"
    before = firm.value("deal", deal, "last_activity_at"), firm.version(deal)
    sent = {"text": text, "as": "comment", "m__client": str(uuid.uuid4())}
    answer = firm.post(f"/crm/deal/{deal}/talk", sent, part=True)
    told = json.loads(answer.headers["HX-Trigger"])
    assert told["m:changed"] == {"url": f"/crm/deal/{deal}"} and told["m:said"]["client"] != sent["m__client"]
    firm.post(f"/crm/deal/{deal}/talk", sent, part=True)  # the same again: the answer was lost
    page = firm.get(f"/crm/deal/{deal}").text
    assert page.count("&lt;script&gt;alert(1)") == 1 and "<script>alert" not in page
    assert '<a href="https://a.example/x?y=1" rel="noopener noreferrer nofollow" target="_blank">' in page
    assert '<b class="m-b">@Hal</b>' in page and "<b>@Bob" not in page, "Bob does not see it: that is only a word"
    assert [(m.member, m.record) for m in mentions(firm)] == [(firm.world.people["hal"], deal)]
    assert firm.version(deal) == before[1], "a comment changes nothing of the record"
    assert firm.value("deal", deal, "last_activity_at") >= before[0]
    assert firm.post(f"/crm/deal/{deal}/talk", {"text": "  ", "as": "comment"}, part=True).status_code == 422


def test_ones_own_comment_can_be_changed_and_taken_back_and_nobody_elses(firm: Sales) -> None:
    deal = firm.deal("装盒线")
    firm.post(f"/crm/deal/{deal}/talk", {"text": "先问 @Hal"})
    place = f"/crm/deal/{deal}/comments/1"
    assert "先问" in firm.get(place, part=True).text
    assert firm.post(place, {"text": "x"}, "hal").status_code == 403
    assert firm.post(place, {"do": "delete"}, "hal").status_code == 403
    assert firm.get(place, "bob").status_code == 404
    firm.post(place, {"text": "先问法务"})
    assert "先问法务" in timeline(firm, deal, "hal") and "已编辑" in timeline(firm, deal, "hal")
    assert mentions(firm) == []
    firm.post(place, {"do": "delete"})
    assert "评论已删除" in timeline(firm, deal) and "先问" not in timeline(firm, deal)
    with firm.world.database.read() as unit:
        assert unit.execute(comments.comment.select()).one().text == ""
    assert firm.get(place).status_code == 404


def test_who_does_not_see_the_record_sees_and_writes_no_comment(firm: Sales) -> None:
    deal = firm.deal("秘密", "bob")
    firm.post(f"/crm/deal/{deal}/talk", {"text": "悄悄话"}, "bob")
    assert firm.post(f"/crm/deal/{deal}/talk", {"text": "x"}).status_code == 404
    assert firm.get(f"/crm/deal/{deal}/people").status_code == 404
    assert firm.post(f"/crm/deal/{deal}/star", {"on": "1"}).status_code == 404
    offered = firm.get(f"/crm/deal/{deal}/people?m__find=a", "bob", part=True).text
    assert "Ann" not in offered and "Admin" in offered
    firm.post(f"/crm/deal/{deal}/delete", {}, "bob")
    assert firm.post(f"/crm/deal/{deal}/talk", {"text": "x"}, "bob").status_code == 409, "it lies in the bin"


def test_a_follow_up_is_written_below_its_record_and_sets_when_to_come_back(firm: Sales) -> None:
    account = firm.account("禾穗食品")
    deal = firm.deal("装盒线", account=account, next_at="2020-01-01T08:00:00Z")
    sent = {
        "text": "王厂长同意，@Hal 看价格\n付款改 20%", "as": "follow-up", "kind": "visit", "next": "2031-05-06T10:00",
        "m__client": str(uuid.uuid4()),
    }  # fmt: skip
    for _ in range(2):  # the answer was lost once
        assert firm.post(f"/crm/deal/{deal}/talk", sent, part=True).status_code == 200
    with firm.world.database.read() as unit:
        visits = firm.world.form("crm.visit")
        (made,) = unit.execute(visits.table.select()).all()
        found = records.get(unit, firm.world.actor("ann"), visits, made.id)
    assert found.values["subject"] == "王厂长同意，@Hal 看价格" and found.values["kind"] == "visit"
    assert (found.values["deal"], found.values["account"]) == (deal, account), "of the deal's account as well"
    assert firm.value("deal", deal, "next_at") == found.values["next_at"]
    for form, id_ in (("deal", deal), ("account", account)):
        said = timeline(firm, id_, form=form)
        assert "Ann 记了一笔 拜访" in said and "付款改 20%" in said and "5月6日" in said
        assert "把下次跟进" not in said, "the follow-up says it"
    assert [m.member for m in mentions(firm)] == [firm.world.people["hal"]]


def test_a_follow_up_without_a_next_time_ends_the_waiting(firm: Sales) -> None:
    waits, later = firm.deal("过期", next_at="2020-01-01T08:00:00Z"), firm.deal("以后", next_at="2031-01-01T08:00:00Z")
    for deal in (waits, later):
        firm.post(f"/crm/deal/{deal}/talk", {"text": "打过电话", "as": "follow-up", "kind": "call"})
    assert firm.value("deal", waits, "next_at") is None
    assert firm.value("deal", later, "next_at") is not None, "it waits for another day"
    refused = firm.post(f"/crm/deal/{later}/talk", {"text": "", "as": "follow-up", "kind": "call"}, part=True)
    assert refused.status_code == 422 and "HX-Reswap" in refused.headers


def test_what_one_person_did_in_one_go_is_one_entry_and_can_be_taken_back(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="100")
    for values in ({"amount": "200"}, {"name": "装盒线二期"}, {"amount": "300"}):
        firm.post(f"/crm/deal/{deal}/edit", {"m__fields": ",".join(values), **values})
    said = timeline(firm, deal)
    assert "3 个字段" in said, said
    page = firm.get(f"/crm/deal/{deal}").text
    events = json.loads(re.search(r"hx-vals='(\{\"events[^']*)'", page)[1])["events"]  # type: ignore[index]
    assert firm.post(f"/crm/deal/{deal}/undo", {"events": events}, "bob").status_code == 404
    answer = firm.post(f"/crm/deal/{deal}/undo", {"events": events}, part=True)
    assert answer.status_code == 200
    assert str(firm.value("deal", deal, "amount")) == "100.00" and firm.value("deal", deal, "name") == "装盒线"
    again = firm.post(f"/crm/deal/{deal}/undo", {"events": "999999"}, part=True)
    assert "没有可撤回的了" in json.loads(again.headers["HX-Trigger"])["toast"]["text"]


def test_one_field_is_changed_where_it_stands(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="100")
    place = f"/crm/deal/{deal}/field/amount"
    form = firm.get(place, part=True)
    assert 'name="amount"' in form.text and "<html" not in form.text
    assert firm.get(f"/crm/deal/{deal}/field/cost", part=True).status_code == 403
    wrong = firm.post(place, {"amount": "viel", "version": "1"}, part=True)
    assert wrong.status_code == 422 and 'value="viel"' in wrong.text
    good = firm.post(place, {"amount": "5万", "version": "1"}, part=True)
    assert json.loads(good.headers["HX-Trigger"])["m:changed"]["focus"] == "[data-fact='amount'] button"
    lost = firm.post(place, {"amount": "50000", "version": "1"}, part=True)
    assert lost.status_code == 200, "the same was saved already, only its answer was lost"
    stale = firm.post(place, {"amount": "7", "version": "1"}, part=True)
    assert stale.status_code == 412 and "¥50,000.00" in words(stale.text) and 'data-take="theirs"' in stale.text
    assert firm.post(place, {"amount": "7"}, "aud", part=True).status_code == 403


def test_two_who_changed_different_fields_both_keep_theirs(firm: Sales) -> None:
    deal = firm.deal("装盒线", amount="100", next_step="报价")
    firm.post(f"/crm/deal/{deal}/edit", {"m__fields": "amount", "amount": "200", "version": "1"}, "admin")
    mine = {
        "m__fields": "amount,next_step,name",
        "amount": "100",
        "next_step": "签约",
        "name": "装盒线",
        "version": "1",
    }
    answer = firm.post(f"/crm/deal/{deal}/edit", mine, target="panel")
    assert answer.status_code == 200
    assert "Admin 同时改了别的字段" in json.loads(answer.headers["HX-Trigger"])["toast"]["text"]
    assert str(firm.value("deal", deal, "amount")) == "200.00" and firm.value("deal", deal, "next_step") == "签约"
    both = {**mine, "name": "二期", "next_step": "验收", "version": str(firm.version(deal))}
    firm.post(f"/crm/deal/{deal}/edit", {"m__fields": "name", "name": "三期"}, "admin")
    answer = firm.post(f"/crm/deal/{deal}/edit", {**both, "amount": "200"})
    assert answer.status_code == 412 and 'value="验收"' in answer.text
    assert answer.text.count("data-theirs") == 1 and "三期" in answer.text


def test_a_record_that_the_other_removed_can_still_be_saved(firm: Sales) -> None:
    deal, other = firm.deal("装盒线"), firm.deal("别的")
    firm.post(f"/crm/deal/{deal}/delete", {}, "admin")
    mine = {"m__fields": "name,stage", "name": "写了很久", "stage": "quote", "version": "1"}
    answer = firm.post(f"/crm/deal/{deal}/edit", mine)
    assert (
        answer.status_code == 409
        and 'value="写了很久"' in answer.text
        and "Admin 把这条记录放进了回收站" in answer.text
    )
    assert firm.post(f"/crm/deal/{deal}/edit", {**mine, "m__restore": "1"}).status_code == 303
    assert firm.value("deal", deal, "name") == "写了很久"
    with firm.world.database.write() as unit:
        admin, form = firm.world.actor("admin"), firm.world.form("crm.deal")
        records.delete(unit, admin, form, other)
        records.purge(unit, admin, form, other)
    answer = firm.post(f"/crm/deal/{other}/edit", mine)
    assert answer.status_code == 404 and 'value="写了很久"' in answer.text and "另存为新记录" in answer.text
    made = firm.post(f"/crm/deal/{other}/edit", {**mine, "m__as_new": "1", "m__client": str(uuid.uuid4())})
    assert made.status_code == 303 and made.location != f"/crm/deal/{other}"


def test_the_bin_lists_what_one_may_bring_back_and_a_purge_takes_all_with_it(firm: Sales) -> None:
    mine, theirs = firm.deal("我的"), firm.deal("别人的", "bob")
    firm.post(f"/crm/deal/{mine}/talk", {"text": "先放着 @Hal"})
    firm.post(f"/crm/deal/{mine}/star", {"on": "1"})
    for deal, who in ((mine, "ann"), (theirs, "bob")):
        firm.post(f"/crm/deal/{deal}/delete", {}, who)
    page = firm.get("/crm/deal/bin")
    assert "我的" in words(page.text) and "别人的" not in page.text and f"/crm/deal/{mine}/restore" in page.text
    assert "我的" not in words(firm.get("/crm/deal/bin?q=没有", target="bin").text)
    assert firm.get("/crm/deal/bin", "aud").status_code == 403
    assert firm.get("/crm/deal/bin", "hal").text.count("/restore") == 0, "a head may bring back only his own"
    with firm.world.database.write() as unit:
        records.purge(unit, firm.world.actor("admin"), firm.world.form("crm.deal"), mine)
    with firm.world.database.read() as unit:
        for table in ("m__comment", "m__mention", "m__star"):
            assert unit.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


def test_a_record_is_added_where_it_hangs_and_copied(firm: Sales) -> None:
    account = firm.account("禾穗食品")
    form = firm.get(f"/crm/deal/add?account={account}", target="dialog").text
    assert 'value="禾穗食品"' in form and "<html" not in form
    client = str(uuid.uuid4())
    sent = {"m__fields": "name,stage,account", "m__given": "account", "m__client": client, "account": str(account)}
    refused = firm.post("/crm/deal/add", {**sent, "name": "", "stage": "quote"}, target="dialog")
    assert refused.status_code == 422 and 'value="禾穗食品"' in refused.text
    for _ in range(2):
        good = firm.post("/crm/deal/add", {**sent, "name": "新线", "stage": "quote"}, target="dialog")
        assert json.loads(good.headers["HX-Trigger"])["m:created"] == {"form": "crm.deal"}
    lists = words(firm.get(f"/crm/account/{account}?part=related", part=True).text)
    assert lists.count("新线") == 1
    deal = firm.deal("装盒线", amount="700", stage="won", account=account)
    copy = firm.get(f"/crm/deal/new?m__copy={deal}").text
    assert 'value="装盒线"' in copy and "700" in copy and not re.search(r'value="won" (checked|selected)', copy)
    assert firm.get(f"/crm/deal/new?m__copy={firm.deal('秘密', 'bob')}").status_code == 404


def test_open_and_all_are_told_apart_and_a_record_costs_six_statements(firm: Sales) -> None:
    account = firm.account("禾穗食品", partner=firm.world.people["bob"])
    for n in range(7):
        firm.deal(f"线{n}", account=account, stage="won" if n < 5 else "quote")
    firm.post(f"/crm/account/{account}/edit", {"m__fields": "partner", "partner": str(firm.world.people["hal"])})
    whole = words(firm.get(f"/crm/account/{account}?part=related", part=True).text)
    assert "2 / 7" in whole and "全部 7" in whole
    only = words(firm.get(f"/crm/account/{account}?part=related&of=open", part=True).text)
    assert "线5" in only and "线1" not in only and "2 / 7" in only
    deal = firm.deal("看它", account=account, partner=firm.world.people["hal"])
    firm.post(f"/crm/deal/{deal}/edit", {"m__fields": "account", "account": str(firm.account("别家"))})
    firm.post(f"/crm/deal/{deal}/talk", {"text": "说一句"})
    for path in (f"/crm/account/{account}", f"/crm/deal/{deal}"):
        for target in (None, "panel"):
            firm.get(path, target=target)
            with firm.statements() as seen:
                assert firm.get(path, target=target).status_code == 200
            assert len(seen) <= 6, seen


def test_the_stage_says_how_long_the_record_is_in_it(firm: Sales) -> None:
    deal = firm.deal("装盒线", stage="contact")
    firm.post(f"/crm/deal/{deal}/edit", {"m__fields": "stage", "stage": "quote"})
    firm.post(f"/crm/deal/{deal}/edit", {"m__fields": "name", "name": "新名"})
    with firm.world.database.read() as unit:
        found = standing.of_record(unit, firm.world.actor("ann"), firm.world.form("crm.deal"), deal)
    assert found.since is not None and found.since > clock.now() - timedelta(minutes=5)
    with clock.stopped(clock.now() + timedelta(days=9, minutes=1)):
        assert found.days() == 9


def test_a_deal_is_called_by_the_number_of_its_account_as_far_as_one_reads_it(firm: Sales) -> None:
    account = firm.account("禾穗食品", "admin", phone="13800138000", owner=firm.world.people["ann"])
    deal = firm.deal("装盒线", account=account)
    assert 'href="tel:' not in firm.get(f"/crm/deal/{deal}").text, "it is masked for her"
    page = firm.get(f"/crm/deal/{deal}", "hal").text
    assert 'href="tel:+8613800138000"' in page and 'href="sms:+8613800138000"' in page
