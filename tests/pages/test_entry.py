"""Entering, changing, removing: nothing typed is lost, nothing of others is told."""

from __future__ import annotations

import json
import re
import uuid

from tests.pages.conftest import Sales, words

KEYS = "name,account,amount,stage,close_date,partner,tags,labels,effort,urgent,note,lost_reason"


def test_a_new_record_is_entered_and_shown(sales_: Sales) -> None:
    account = sales_.account("禾穗食品")
    form = sales_.get("/crm/deal/new").text
    assert f'name="m__fields" value="{KEYS}"' in form
    values = {
        "m__fields": KEYS,
        "name": "装盒线",
        "account": str(account),
        "amount": "5万",
        "stage": "contact",
        "tags": ["key", "old"],
        "urgent": "true",
    }
    answer = sales_.post("/crm/deal/new", values)
    assert answer.status_code == 303
    page = words(sales_.get(answer.location).text)
    assert "装盒线" in page
    assert "¥50,000.00" in page
    assert "禾穗食品" in page
    assert "重点" in page
    assert "新建了记录" in page


def test_a_refused_entry_keeps_everything_and_says_what_to_mend_beside_the_field(sales_: Sales) -> None:
    values = {
        "m__fields": KEYS,
        "name": "",
        "amount": "viel",
        "stage": "quote",
        "tags": "key",
        "note": "第一行\n第二行",
    }
    answer = sales_.post("/crm/deal/new", values)
    assert answer.status_code == 422
    page = answer.text
    assert "请填写商机名称" in page
    assert 'value="viel"' in page
    assert "第一行\n第二行" in page
    assert re.search(r'value="key" checked', page)
    assert re.search(r'id="f-amount-error"[^>]*><p class="m-err">', page)
    assert re.search(r'id="f-name-error"[^>]*><p class="m-err">', page)
    with sales_.world.database.read() as unit:
        assert unit.execute(sales_.world.form("crm.deal").table.select()).first() is None


def test_sending_a_new_record_twice_makes_it_once(sales_: Sales) -> None:
    values = {"m__fields": "name,stage", "name": "一次", "stage": "contact", "m__client": str(uuid.uuid4())}
    first, second = sales_.post("/crm/deal/new", values), sales_.post("/crm/deal/new", values)
    assert first.location == second.location


def test_a_new_record_begins_with_what_the_address_gives(sales_: Sales) -> None:
    account = sales_.account("禾穗食品")
    page = sales_.get(f"/crm/deal/new?stage=quote&account={account}").text
    assert re.search(r'value="quote" (checked|selected)', page)
    assert 'value="禾穗食品"' in page


def test_a_changed_record_says_who_changed_what_in_both_languages(sales_: Sales) -> None:
    id_ = sales_.deal("装盒线", stage="contact")
    values = {"m__fields": "stage", "stage": "quote", "version": str(sales_.version(id_))}
    assert sales_.post(f"/crm/deal/{id_}/edit", values).status_code == 303
    page = words(sales_.get(f"/crm/deal/{id_}").text)
    assert "Ann 把阶段从 初步接触 改为 报价" in page
    admin = sales_.client("aud")
    admin.set_cookie("mortise-language", "en")
    assert "改为" in words(sales_.get(f"/crm/deal/{id_}/history", "aud").text)


def test_a_stale_save_shows_both_values_and_saving_again_keeps_ours(sales_: Sales) -> None:
    id_ = sales_.deal("装盒线", amount="100")
    old = str(sales_.version(id_))
    sales_.post(f"/crm/deal/{id_}/edit", {"m__fields": "amount", "amount": "200", "version": old}, "admin")
    answer = sales_.post(f"/crm/deal/{id_}/edit", {"m__fields": "amount", "amount": "300", "version": old})
    assert answer.status_code == 412
    assert 'value="300"' in answer.text
    assert "别人保存的是：¥200.00" in words(answer.text)
    version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert version
    again = {"m__fields": "amount", "amount": "300", "version": version[1]}
    assert sales_.post(f"/crm/deal/{id_}/edit", again).status_code == 303
    assert str(sales_.value("deal", id_, "amount")) == "300.00"


def test_the_panel_and_the_page_are_one_address(sales_: Sales) -> None:
    id_ = sales_.deal("装盒线")
    page, panel = sales_.get(f"/crm/deal/{id_}"), sales_.get(f"/crm/deal/{id_}", target="panel")
    assert "<html" in page.text
    assert "<html" not in panel.text
    assert "data-close-panel" in panel.text
    edited = sales_.get(f"/crm/deal/{id_}/edit", target="panel")
    assert 'hx-target="#panel"' in edited.text
    saved = sales_.post(f"/crm/deal/{id_}/edit", {"m__fields": "name", "name": "新名", "version": "1"}, target="panel")
    assert saved.status_code == 200
    assert "新名" in saved.text
    assert "data-close-panel" in saved.text


def test_another_teams_record_gives_nothing_by_any_way(sales_: Sales) -> None:
    account = sales_.account("秘密客户", "bob")
    id_ = sales_.deal("秘密商机", "bob", account=account, amount="77777")
    for path in ("", "/edit", "/history"):
        assert sales_.get(f"/crm/deal/{id_}{path}").status_code == 404
    for path in ("/delete", "/restore"):
        assert sales_.post(f"/crm/deal/{id_}{path}", {}).status_code == 404
    assert sales_.post(f"/crm/deal/{id_}/edit", {"m__fields": "name", "name": "x"}).status_code == 404
    moved = sales_.post(f"/crm/deal/{id_}/move?view=board", {"column": "won"})
    assert moved.status_code == 404
    assert "秘密" not in sales_.get("/crm/deal/pick/account?m__find=秘密").text
    assert "秘密" not in sales_.get(f"/crm/deal?w=account:is:{account}").text
    assert "秘密" not in sales_.get(f"/crm/deal/new?account={account}").text
    linked = sales_.post(
        "/crm/deal/new", {"m__fields": "name,stage,account", "name": "x", "stage": "contact", "account": str(account)}
    )
    assert linked.status_code == 422
    assert "秘密" not in linked.text


def test_a_link_picker_finds_as_one_types_and_only_what_may_be_seen(sales_: Sales) -> None:
    sales_.account("禾穗食品")
    sales_.account("海棠日化")
    found = sales_.get("/crm/deal/pick/account?m__find=禾穗", part=True).text
    assert "禾穗食品" in found
    assert "海棠日化" not in found
    assert sales_.get("/crm/deal/pick/cost?m__find=").status_code == 404
    assert sales_.get("/crm/deal/pick/name?m__find=").status_code == 404
    assert "Bob" in sales_.get("/crm/deal/pick/partner?m__find=bo", part=True).text


def test_deleting_offers_undo_and_undo_brings_it_back(sales_: Sales) -> None:
    id_ = sales_.deal("装盒线")
    answer = sales_.post(f"/crm/deal/{id_}/delete", {"version": "1"}, part=True)
    toast = json.loads(answer.headers["HX-Trigger"])["toast"]
    assert toast["undo"]["url"] == f"/crm/deal/{id_}/restore"
    assert "装盒线" not in sales_.get("/crm/deal").text
    assert sales_.post(toast["undo"]["url"], {}, part=True).status_code == 200
    assert "装盒线" in sales_.get("/crm/deal").text
    history = words(sales_.get(f"/crm/deal/{id_}/history").text)
    assert "放进了回收站" in history
    assert "从回收站取回" in history


def test_without_scripts_a_deleted_record_can_be_brought_back_from_the_list(sales_: Sales) -> None:
    id_ = sales_.deal("装盒线")
    answer = sales_.post(f"/crm/deal/{id_}/delete", {"version": "1"})
    assert answer.status_code == 303
    assert f"/crm/deal/{id_}/restore" in sales_.get(answer.location).text
    assert "这条记录在回收站里" in sales_.get(f"/crm/deal/{id_}").text
    assert sales_.get(f"/crm/deal?binned={id_}", "bob").text.count("/restore") == 0


def test_a_rep_may_not_send_what_he_may_not_write(sales_: Sales) -> None:
    answer = sales_.post(
        "/crm/deal/new", {"m__fields": "name,stage,cost", "name": "x", "stage": "contact", "cost": "1"}
    )
    assert answer.status_code == 422
    id_ = sales_.deal("y")
    assert sales_.post(f"/crm/deal/{id_}/edit", {"m__fields": "cost", "cost": "1"}).status_code == 422
    assert sales_.value("deal", id_, "cost") is None


def test_the_auditor_reads_and_is_offered_nothing_to_write(sales_: Sales) -> None:
    id_ = sales_.deal("装盒线")
    page = sales_.get(f"/crm/deal/{id_}", "aud").text
    assert "/edit" not in page
    assert "/delete" not in page
    assert sales_.get("/crm/deal/new", "aud").status_code == 403


def test_a_customers_page_lists_its_deals_as_far_as_he_may_see_them(sales_: Sales) -> None:
    account = sales_.account("禾穗食品")
    sales_.deal("我的", account=account)
    sales_.deal("主管的", "hal", account=account)
    page = sales_.get(f"/crm/account/{account}").text
    assert "我的" in page
    assert "主管的" not in page
    assert f"/crm/deal/add?account={account}" in page


def test_the_workbench_shows_apps_forms_and_what_is_mine(sales_: Sales) -> None:
    sales_.deal("装盒线")
    page = words(sales_.get("/").text)
    assert "客户管理" in page
    assert "装盒线" in page
    assert 'id="n-crm-deal"' in sales_.get("/").text
    assert ">1</hx-partial>" in sales_.get("/?part=counts", part=True).text


def test_who_lacks_a_right_is_told_whom_to_ask(sales_: Sales) -> None:
    page = sales_.get("/crm/deal/new", "aud")
    assert page.status_code == 403
    assert "可以找管理员：Admin" in words(page.text)
    assert "可以找管理员" not in words(sales_.get("/crm/nothing", "aud").text)
