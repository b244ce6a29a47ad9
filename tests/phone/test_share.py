"""Sharing with the product: a draft of a record, even where one has to sign in first; nothing is saved by it."""

from __future__ import annotations

import io
import re

from tests.pages.conftest import Sales
from tests.phone.test_contacts import ANDROID_21, V4
from tests.world import PASSWORD


def value(page: str, key: str) -> str:
    found = re.search(rf'id="f-{key}"[^>]* value="([^"]*)"', page) or re.search(rf'id="f-{key}"[^>]*>\n?([^<]*)<', page)
    assert found, key
    return found[1]


def test_a_shared_contact_becomes_the_draft_of_a_lead(on_sqlite: Sales) -> None:
    client = on_sqlite.client("ann")
    sent = {"title": "", "text": "展会上认识", "file": (io.BytesIO(ANDROID_21.encode()), "吕嘉禾.vcf", "text/x-vcard")}
    answer = client.post("/share", data=sent, headers={"Sec-Fetch-Site": "none"})
    assert (answer.status_code, answer.location) == (303, "/share")
    assert "吕" not in answer.location
    form = client.get(client.get("/share").location)
    assert form.request.path == "/crm/lead/new"
    assert [value(form.text, key) for key in ("name", "mobile", "company", "need")] == [
        "吕嘉禾",
        "138-0013-4210",
        "长岭豆制品",
        "展会上认识",
    ]
    assert on_sqlite.world.form("crm.lead") and "吕嘉禾" not in on_sqlite.get("/crm/lead").text, "nothing is saved yet"

    saved = on_sqlite.post(
        "/crm/lead/new",
        {
            "m__fields": "name,source,mobile",
            "name": "吕嘉禾",
            "mobile": "13800134210",
            "source": "phone",
            "shared": "1",
        },
    )
    assert saved.status_code == 303
    assert "没有分享来的内容" in on_sqlite.get("/share").text, "done with"


def test_what_was_shared_survives_a_sign_in(on_sqlite: Sales) -> None:
    stranger = on_sqlite.world.client()
    answer = stranger.get("/share?text=张三 13800138000 杭州禾穗食品有限公司")
    assert answer.location == "/share"
    assert stranger.get("/share").location == "/login?next=/share"
    page = stranger.get("/login?next=/share").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    sign_in = {"email": "ann@firm.example", "password": PASSWORD, "next": "/share", "csrf_token": token[1]}
    assert stranger.post("/login", data=sign_in).location == "/share"
    form = stranger.get(stranger.get("/share").location).text
    assert (value(form, "name"), value(form, "company")) == ("张三", "杭州禾穗食品有限公司")


def test_several_contacts_are_chosen_from_and_what_finds_no_field_goes_into_the_note(on_sqlite: Sales) -> None:
    client = on_sqlite.client("ann")
    client.post("/share", data={"text": ANDROID_21 + V4})
    page = client.get("/share").text
    assert 'href="/crm/lead/new?quick=1&amp;shared=1"' in page
    form = client.get("/crm/lead/new?quick=1&shared=1").text
    assert (value(form, "name"), value(form, "wechat")) == ("李四", "lisi88")
    assert "网址: https://yunshan.example" in value(form, "need")
    assert value(form, "street") == "浙江省杭州市文三路 90 号"
    for spoilt in ("9", "x", "-1", "²"):
        assert client.get(f"/crm/lead/new?quick=1&shared={spoilt}").status_code == 200


def test_words_that_are_no_contact_are_for_any_quick_form(on_sqlite: Sales) -> None:
    page = on_sqlite.client("ann")
    page.post("/share", data={"text": "下周二把报价发给他们"})
    assert re.findall(r'href="(/crm/\w+/new\?quick=1&amp;shared=0)"', page.get("/share").text) == [
        "/crm/lead/new?quick=1&amp;shared=0",
        "/crm/todo/new?quick=1&amp;shared=0",
    ]


def test_somebody_without_a_form_to_enter_is_told(on_sqlite: Sales) -> None:
    client = on_sqlite.client("aud")
    client.post("/share", data={"text": "<script>alert(1)</script> 张三 13800138000"})
    page = client.get("/share").text
    assert "没有你可以新建记录的快速录入表单" in page
    assert "<script>alert" not in page
