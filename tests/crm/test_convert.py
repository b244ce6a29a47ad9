"""A lead becomes a customer: once, whole or not at all, within one's rights, and back again."""

from __future__ import annotations

import json
import re
import threading

import pytest

from tests.crm.conftest import Crm
from tests.pages.conftest import words
from webapp.engines.forms import converting, undo
from webapp.engines.forms.converting import Choice
from webapp.errors import Conflict, Denied, Invalid, MortiseError, NotFound

DEAL = {"values": {"amount": "5万", "expected_close": "2027-01-31", "name": "装盒线"}}


def convert(crm: Crm, lead: int, who: str = "ann", **choices: Choice) -> converting.Converted:
    with crm.world.database.write() as unit:
        return converting.convert(unit, crm.world.actor(who), crm.world.form("crm.lead"), lead, choices)


def test_a_lead_becomes_an_account_a_contact_and_a_deal_and_its_follow_ups_come_along(crm: Crm) -> None:
    lead = crm.lead(region="330402", need="装盒线一条", tags="展会", budget="8万", wechat="lv_jiahe")
    mine = crm.make("follow_up", lead=lead, subject="初次电话", kind="call", content="想看样机")
    todo = crm.make("todo", title="寄样本", lead=lead)
    done = convert(crm, lead, deal=Choice(values=DEAL["values"]))
    assert set(done.into) == done.made == {"account", "contact", "deal"} and (done.brought, done.left) == (2, 0)
    account, contact, deal = (crm.values(k, done.into[k]) for k in ("account", "contact", "deal"))
    assert (account["name"], account["region"], account["tags"]) == ("禾穗食品有限公司", "330402", ("展会",))
    assert (contact["name"], contact["account"], contact["wechat"]) == ("吕嘉禾", done.into["account"], "lv_jiahe")
    assert (deal["name"], deal["amount"], deal["contact"], deal["stage"]) == (
        "装盒线",
        50000,
        done.into["contact"],
        "contact",
    )
    after = crm.values("lead", lead)
    assert after["status"] == "converted" and [after[k] for k in ("account", "contact", "deal")] == list(
        done.into.values()
    )
    moved = crm.values("follow_up", mine)
    assert (moved["lead"], moved["account"], moved["deal"]) == (lead, done.into["account"], done.into["deal"])
    assert crm.values("todo", todo)["account"] == done.into["account"]
    back = undo.undo(crm.world.database, crm.world.actor("ann"), done.change_set)
    assert back.left == [] and [crm.count(k) for k in ("account", "contact", "deal")] == [0, 0, 0]
    again = crm.values("lead", lead)
    assert (again["status"], again["account"], crm.values("follow_up", mine)["account"]) == ("new", None, None)
    convert(crm, lead, deal=Choice(skip=True))  # and once more


def test_what_is_there_already_is_found_within_ones_rights_and_joined(crm: Crm) -> None:
    mine = crm.make("account", name="禾穗食品有限公司")
    theirs = crm.make("account", "bob", name="云杉包装", phone="0571-88881234")
    lead, other = crm.lead(), crm.lead(name="李工", company="云杉包装", mobile="13900001111", phone="0571-88881234")
    with crm.world.database.read() as unit:
        _, intos = converting.offer(unit, crm.world.actor("ann"), crm.world.form("crm.lead"), lead)
        assert [r.id for r in intos[0].found] == [mine]
        _, intos = converting.offer(unit, crm.world.actor("ann"), crm.world.form("crm.lead"), other)
        assert intos[0].found == ()
    done = convert(crm, lead, account=Choice(use=mine), deal=Choice(skip=True))
    assert done.into["account"] == mine and done.made == {"contact"} and crm.count("account") == 2
    with pytest.raises(Invalid) as error:
        convert(crm, other, deal=Choice(skip=True))
    assert [p.path for p in error.value.problems] == ["account.name"]
    with pytest.raises(NotFound):
        convert(crm, other, account=Choice(use=theirs))
    assert crm.values("lead", other)["status"] == "new" and crm.count("contact") == 1


def test_whoever_lacks_a_right_is_told_and_nothing_is_half_done(crm: Crm) -> None:
    lead = crm.lead("mia")
    with pytest.raises(Denied) as error:
        convert(crm, lead, "mia")
    assert "客户" in error.value.message.text("zh")
    with pytest.raises((NotFound, Denied)):
        convert(crm, lead, "bob")
    with pytest.raises(Invalid) as missing:
        convert(crm, crm.lead())
    assert {p.path for p in missing.value.problems} == {"deal.amount", "deal.expected_close"}
    assert [crm.count(k) for k in ("account", "contact", "deal")] == [0, 0, 0]


def test_a_directors_conversion_leaves_the_customer_with_the_leads_owner(crm: Crm) -> None:
    done = convert(crm, crm.lead(), "hal", deal=Choice(skip=True))
    owner = crm.values("account", done.into["account"])["owner"]
    assert owner == crm.world.people["ann"]


def test_two_at_once_convert_once(crm: Crm) -> None:
    lead = crm.lead()
    told: list[object] = []
    start = threading.Barrier(3)

    def go(who: str) -> None:
        start.wait()
        try:
            told.append(convert(crm, lead, who, deal=Choice(skip=True)))
        except MortiseError as error:
            told.append(error)

    threads = [threading.Thread(target=go, args=(who,)) for who in ("ann", "hal", "admin")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    done = [t for t in told if isinstance(t, converting.Converted)]
    lost = [t for t in told if isinstance(t, Conflict)]
    assert (len(done), len(lost), crm.count("account"), crm.count("contact")) == (1, 2, 1, 1), told
    assert all(e.code == "converted" and e.detail["id"] == done[0].into["account"] for e in lost)


def test_the_screen_offers_asks_keeps_what_was_typed_and_leads_to_the_customer(crm: Crm) -> None:
    known = crm.make("account", name="禾穗食品有限公司")
    lead = crm.lead(need="装盒线\n产量 60 盒/分")
    page = crm.get(f"/crm/lead/{lead}").text
    assert "转为客户" in page
    dialog = crm.get(f"/crm/lead/{lead}/convert", target="dialog").text
    assert f'value="{known}" checked' in dialog and 'name="deal-name" type="text" value="装盒线"' in dialog
    sent = {"account-use": "new", "account-name": "禾穗食品（嘉兴）", "contact-use": "new", "contact-name": "吕嘉禾"}
    sent |= {"deal-use": "new", "deal-name": "装盒线", "deal-amount": "viel", "deal-expected_close": "2027-01-31"}
    refused = crm.post(f"/crm/lead/{lead}/convert", sent, target="dialog")
    assert refused.status_code == 422 and 'value="viel"' in refused.text and "禾穗食品（嘉兴）" in refused.text
    good = crm.post(f"/crm/lead/{lead}/convert", {**sent, "deal-amount": "8万"}, target="dialog")
    said = json.loads(good.headers["HX-Trigger"])["toast"]
    assert good.status_code == 200 and said["text"] == "已新建：客户、联系人、商机"
    address = json.loads(good.headers["HX-Location"])["path"]
    assert "禾穗食品（嘉兴）" in words(crm.get(address).text)
    again = crm.post(f"/crm/lead/{lead}/convert", {**sent, "deal-amount": "8万"}, target="dialog")
    assert json.loads(again.headers["HX-Location"])["path"] == address and crm.count("account") == 2
    assert "转为客户" not in crm.get(f"/crm/lead/{lead}").text
    back = crm.post(said["undo"]["url"], said["undo"]["values"], part=True)
    assert back.status_code == 200 and crm.count("account") == 1 and crm.values("lead", lead)["account"] is None
    assert crm.post(said["undo"]["url"], {"set": "999"}, part=True).status_code == 404


def test_a_program_converts_too_and_a_repeat_makes_nothing(crm: Crm) -> None:
    lead = crm.lead()
    client = crm.client("ann")
    token = re.search(r'name="csrf-token" content="([^"]+)"', crm.get("/").text)
    assert token
    headers = {"X-CSRF-Token": token[1], "Sec-Fetch-Site": "same-origin", "Idempotency-Key": "k1"}
    at = f"/api/v1/data/crm/lead/{lead}/convert"
    bad = client.post(
        at, json={"into": {"deals": {}, "deal": {"use": 1, "skip": True}}}, headers={**headers, "Idempotency-Key": "k0"}
    )
    assert bad.status_code == 400 and [p["path"] for p in bad.json["errors"]] == ["into.deal", "into.deals"]
    first = client.post(at, json={"into": {"deal": DEAL}}, headers=headers)
    second = client.post(at, json={"into": {"deal": DEAL}}, headers=headers)
    assert first.status_code == 200 and first.json == second.json and first.json["into"]["deal"]["made"] is True
    late = client.post(at, json={}, headers={**headers, "Idempotency-Key": "k2"})
    assert (late.status_code, late.json["code"]) == (409, "converted")
    assert (
        f"{at.split('/convert')[0].removeprefix('/api/v1').replace(str(lead), '{id}')}/convert"
        in crm.get("/api/v1/openapi.json").json["paths"]
    )
