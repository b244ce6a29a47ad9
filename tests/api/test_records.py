from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import ACCOUNTS, DEALS
from tests.world import World


def codes(answer: Any) -> dict[str, str]:
    return {e["path"]: e["code"] for e in answer.json["errors"]}


def test_a_record_goes_in_and_comes_out_the_same(program: Any) -> None:
    ann = program("ann")
    account = ann.make(ACCOUNTS, name="禾穗食品", industry="food")
    values = {
        "name": "二期装盒线改造",
        "account": account,
        "amount": "1286000.50",
        "close_date": "2026-11-30",
        "stage": "quote",
    }
    made = ann.post(DEALS, {"values": values})
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    read = ann.get(made.headers["Location"])
    assert read.json == made.json
    assert read.json["values"]["amount"] == "1286000.50"
    assert read.json["values"]["account"] == {"id": account, "title": "禾穗食品"}
    assert read.json["values"]["stage"] == "quote"
    assert read.json["values"]["close_date"] == "2026-11-30"
    assert read.json["created_at"].endswith("Z")


def test_links_and_options_are_taken_by_name(program: Any) -> None:
    ann = program("ann")
    account = ann.make(ACCOUNTS, name="ＡＣＭＥ 包装")
    made = ann.post(DEALS, {"values": {"name": "x", "account": {"by": "acme 包装"}, "stage": "报价"}})
    assert made.json["values"]["account"]["id"] == account
    assert made.json["values"]["stage"] == "quote"


def test_every_wrong_field_is_named_at_once(program: Any) -> None:
    answer = program("ann").post(
        DEALS,
        {"values": {"amount": "many", "stage": "qoute", "account": 999_999, "nmae": "x", "close_date": "2026-02-30"}},
    )
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert codes(answer).keys() == {"amount", "stage", "account", "nmae", "close_date", "name"}
    assert "name" in next(e["message"] for e in answer.json["errors"] if e["path"] == "nmae")


def test_a_list_filters_sorts_searches_and_counts(program: Any) -> None:
    ann = program("ann")
    for i, stage in enumerate(["contact", "quote", "quote", "won"]):
        ann.make(DEALS, name=f"装盒线 {i}", amount=str(1000 * i), stage=stage)
    text = quote("stage = 'quote' and amount > 500")
    answer = ann.get(f"{DEALS}?filter={text}&sort=-amount&count=capped&fields=name,amount").json
    assert [r["values"] for r in answer["records"]] == [
        {"name": "装盒线 2", "amount": "2000.00"},
        {"name": "装盒线 1", "amount": "1000.00"},
    ]
    assert (answer["count"], answer["count_is"], answer["next"]) == (2, "exact", None)
    found = ann.get(f"{DEALS}?search={quote('装盒线')}").json["records"]
    assert len(found) == 4
    assert ann.get(f"{DEALS}?search=zhx").json["records"]


@pytest.mark.parametrize(
    "sort", ["amount", "-amount", "name", "-stage", "close_date,-amount", "-amount,id", "account,name"]
)
def test_pages_joined_are_the_whole_list(program: Any, sort: str) -> None:
    ann = program("ann")
    accounts = [ann.make(ACCOUNTS, name=n) for n in ("张三", "阿里", "Zeta")]
    items = [
        {
            "values": {
                "name": f"n{i % 4}",
                "amount": None if i % 5 == 0 else str(i % 7),
                "stage": [None, "contact", "won"][i % 3],
                "close_date": None if i % 4 == 0 else f"2026-01-{i % 6 + 1:02d}",
                "account": None if i % 6 == 0 else accounts[i % 3],
            }
        }
        for i in range(37)
    ]
    assert ann.post(f"{DEALS}/batch", {"create": items}).status_code == 200
    whole = [r["id"] for r in ann.get(f"{DEALS}?sort={sort}&limit=1000").json["records"]]
    assert len(whole) == 37
    joined: list[int] = []
    after = ""
    while True:
        page = ann.get(f"{DEALS}?sort={sort}&limit=4{after}").json
        joined += [r["id"] for r in page["records"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert joined == whole


def test_a_forged_or_foreign_cursor_is_refused(program: Any) -> None:
    ann = program("ann")
    for i in range(3):
        ann.make(DEALS, name=str(i))
    cursor = ann.get(f"{DEALS}?limit=1&sort=name").json["next"]
    for wrong in (cursor[:-3] + "abc", "x", cursor):
        answer = ann.get(f"{DEALS}?limit=1&sort=-name&after={wrong}")
        assert (answer.status_code, answer.json["code"]) == (422, "bad_cursor")
    assert ann.get(f"{DEALS}?after=%00").status_code == 400


def test_unknown_query_keys_are_refused_with_the_nearest(program: Any) -> None:
    answer = program("ann").get(f"{DEALS}?fitler=x&limit=many")
    assert answer.status_code == 400
    assert "filter" in answer.text


def test_a_stale_write_is_412_and_nothing_is_lost(program: Any) -> None:
    ann = program("ann")
    path = f"{DEALS}/{ann.make(DEALS, name='a', amount='1')}"
    assert ann.patch(path, {"values": {"amount": "2"}}, If_Match='"1"').headers["ETag"] == '"2"'
    stale = ann.patch(path, {"values": {"amount": "3"}}, If_Match='"1"')
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    assert ann.get(path).json["values"]["amount"] == "2.00"
    assert ann.patch(path, {"values": {"name": "b"}}).json["values"]["amount"] == "2.00"


def test_reading_again_what_has_not_changed_is_304(program: Any) -> None:
    ann = program("ann")
    path = f"{DEALS}/{ann.make(DEALS, name='a')}"
    assert ann.get(path, If_None_Match='"1"').status_code == 304


def test_a_repeat_with_the_same_key_gets_the_first_answer(program: Any) -> None:
    ann = program("ann")
    first = ann.post(DEALS, {"values": {"name": "once"}}, Idempotency_Key="k1")
    again = ann.post(DEALS, {"values": {"name": "once"}}, Idempotency_Key="k1")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    other = ann.post(DEALS, {"values": {"name": "twice"}}, Idempotency_Key="k1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert len(ann.get(DEALS).json["records"]) == 1


def test_a_batch_is_all_or_nothing(program: Any) -> None:
    ann = program("ann")
    known = ann.make(DEALS, name="known", amount="1")
    batch = {
        "create": [{"values": {"name": "a"}}, {"values": {"name": "b"}}],
        "update": [{"id": known, "values": {"amount": "5"}}],
    }
    done = ann.post(f"{DEALS}/batch", batch).json
    assert [c["version"] for c in done["created"]] == [1, 1]
    assert done["updated"] == [{"id": known, "version": 2}]
    batch["create"].append({"values": {"amount": "x"}})
    batch["update"][0]["values"]["amount"] = "9"
    refused = ann.post(f"{DEALS}/batch", batch)
    assert refused.status_code == 422
    assert "create[2].values.amount" in codes(refused)
    assert ann.get(f"{DEALS}/{known}").json["values"]["amount"] == "5.00"
    assert len(ann.get(DEALS).json["records"]) == 3


def test_a_batch_in_mode_each_tells_of_each(program: Any) -> None:
    ann = program("ann")
    answer = ann.post(f"{DEALS}/batch", {"mode": "each", "create": [{"values": {"name": "a"}}, {"values": {}}]}).json
    assert answer["created"][0]["version"] == 1
    assert answer["created"][1]["problem"]["errors"][0]["path"] == "name"


def test_groups_and_measures(program: Any) -> None:
    ann = program("ann")
    food = ann.make(ACCOUNTS, name="f", industry="food")
    for amount, stage in (("1.10", "won"), ("2.20", "won"), ("5", "quote")):
        ann.make(DEALS, name="n", amount=amount, stage=stage, account=food)
    asked = {"group": ["stage", "account.industry"], "measures": ["count()", "sum(amount)"], "sort": "-sum(amount)"}
    rows = ann.post(f"{DEALS}/aggregate", asked).json["rows"]
    assert rows == [
        {"group": ["quote", "food"], "measures": [1, "5.00"]},
        {"group": ["won", "food"], "measures": [2, "3.30"]},
    ]
    by_account = ann.post(f"{DEALS}/aggregate", {"group": ["account"]}).json["rows"]
    assert by_account == [{"group": [{"id": food, "title": "f"}], "measures": [3]}]


def test_history_tells_who_changed_what(program: Any, world: World) -> None:
    ann = program("ann")
    path = f"{DEALS}/{ann.make(DEALS, name='a', stage='contact')}"
    ann.patch(path, {"values": {"stage": "won"}})
    events = ann.get(f"{path}/history").json["events"]
    assert [e["kind"] for e in events] == ["updated", "created"]
    assert events[0]["changes"] == {"stage": {"before": "contact", "after": "won"}}
    assert events[0]["actor"] == {"id": world.people["ann"], "title": "Ann"}
    assert events[0]["via"] == "api"


def test_deleting_puts_into_the_bin_and_keeps_the_history(program: Any) -> None:
    hal = program("hal")
    path = f"{DEALS}/{hal.make(DEALS, name='a')}"
    assert hal.delete(path).status_code == 204
    assert hal.get(DEALS).json["records"] == []
    assert hal.get(path).json["deleted_at"]
    assert hal.delete(path).status_code == 204


def test_another_persons_records_do_not_exist(program: Any) -> None:
    ann, bob = program("ann"), program("bob")
    account = ann.make(ACCOUNTS, name="secret account")
    id_ = ann.make(DEALS, name="secret", amount="7", account=account)
    missing = bob.get(f"{DEALS}/999999")
    for answer in (
        bob.get(f"{DEALS}/{id_}"),
        bob.patch(f"{DEALS}/{id_}", {"values": {"name": "x"}}),
        bob.delete(f"{DEALS}/{id_}"),
        bob.get(f"{DEALS}/{id_}/history"),
    ):
        assert answer.status_code == 404
        assert answer.json["detail"] == missing.json["detail"]
    assert bob.get(DEALS).json["records"] == []
    assert bob.get(f"{DEALS}?search=secret&count=exact").json["count"] == 0
    assert bob.post(f"{DEALS}/aggregate", {"measures": ["count()", "sum(amount)"]}).json["rows"] == [
        {"group": [], "measures": [0, "0.00"]}
    ]
    linked = bob.post(DEALS, {"values": {"name": "b", "account": account}})
    unknown = bob.post(DEALS, {"values": {"name": "b", "account": 999_999}})
    assert linked.status_code == 422
    assert linked.json["errors"] == unknown.json["errors"]


def test_a_hidden_field_is_as_good_as_none(program: Any) -> None:
    ann, hal = program("ann"), program("hal")
    id_ = ann.make(DEALS, name="a")
    assert hal.patch(f"{DEALS}/{id_}", {"values": {"cost": "5"}}).status_code == 200
    record = ann.get(f"{DEALS}/{id_}")
    assert "cost" not in record.json["values"]
    for path in (f"{DEALS}?filter={quote('cost > 1')}", f"{DEALS}?sort=cost", f"{DEALS}?sort={quote('-cost')}"):
        hidden, none = ann.get(path), ann.get(path.replace("cost", "xyzw"))
        assert hidden.status_code == none.status_code == 422
        assert json.dumps(hidden.json).replace("cost", "xyzw") == json.dumps(none.json)
    written = ann.patch(f"{DEALS}/{id_}", {"values": {"cost": "1"}})
    assert codes(written) == {"cost": "unknown_field"}
    assert ann.get(f"{DEALS}/{id_}/history").text.count("cost") == 0
    assert ann.post(f"{DEALS}/aggregate", {"measures": ["sum(cost)"]}).status_code == 422


def test_a_masked_field_shows_little_and_finds_nothing(program: Any) -> None:
    ann = program("ann")
    id_ = ann.make(ACCOUNTS, name="a")
    admin = program("admin")
    admin.patch(f"{ACCOUNTS}/{id_}", {"values": {"phone": "13812340001"}})
    assert ann.get(f"{ACCOUNTS}/{id_}").json["values"]["phone"] == {"masked": "138****0001"}
    assert ann.get(f"{ACCOUNTS}?search=13812340001").json["records"] == []
    assert ann.get(f"{ACCOUNTS}?filter={quote('phone contains 1234')}").status_code == 422


def test_a_list_says_of_every_record_what_the_record_says_itself(program: Any) -> None:
    ann, admin = program("ann"), program("admin")
    account = ann.make(ACCOUNTS, name='100 % "禾穗" \\ <b>\u2028 %s %(name)s', industry="food")
    admin.patch(f"{ACCOUNTS}/{account}", {"values": {"phone": "13812340001"}})
    empty = ann.make(ACCOUNTS, name="empty")
    deals = [
        ann.make(DEALS, name="a", account=account, amount="-0.50", stage="won", close_date="2026-11-30"),
        ann.make(DEALS, name="b", account=empty, amount="100000.10", stage="quote"),
        ann.make(DEALS, name="c"),
    ]
    admin.delete(f"{ACCOUNTS}/{empty}")
    for who in (ann, admin):
        for path in (ACCOUNTS, DEALS):
            whole = who.get(f"{path}?count=exact&sort=id")
            own = [who.get(f"{path}/{r['id']}").text for r in whole.json["records"]]
            count = len(own)
            expected = f'{{"records":[{",".join(own)}],"next":null,"count":{count},"count_is":"exact"}}'
            assert whole.text == expected
    some = ann.get(f"{DEALS}?fields=amount,owner&sort=id&limit=2&count=capped").json
    assert [list(r) for r in some["records"]] == [["id", "version", "values"]] * 2
    assert [r["values"]["amount"] for r in some["records"]] == ["-0.50", "100000.10"]
    assert some["count"] == len(deals) and some["next"]


def test_a_list_that_ends_before_its_limit_counts_itself(program: Any, world: World) -> None:
    ann = program("ann")
    for n in range(3):
        ann.make(DEALS, name=str(n))
    for limit, statements in ((3, 2), (2, 3)):
        ann.get(f"{DEALS}?limit={limit}&count=capped")
        with world.statements() as seen:
            found = ann.get(f"{DEALS}?limit={limit}&count=capped").json
        assert (found["count"], found["count_is"]) == (3, "exact")
        assert len(seen) == statements, seen


def test_a_reading_token_writes_nothing(program: Any) -> None:
    ann = program("ann", scope="read")
    assert ann.get(DEALS).status_code == 200
    refused = ann.post(DEALS, {"values": {"name": "x"}})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "body", ["", "[1]", "{", '{"values": 3}', '{"values": {}, "x": 1}', "[" * 5000, '{"values": {"name": NaN}}']
)
def test_a_broken_body_is_a_clear_400(program: Any, body: str) -> None:
    ann = program("ann")
    headers = {"Authorization": f"Bearer {ann.secret}", "Content-Type": "application/json"}
    answer = ann.client.post(DEALS, data=body, headers=headers)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


def test_a_program_without_a_token_or_with_a_forged_one_is_told_so(program: Any) -> None:
    assert program(None).get(DEALS).status_code == 401
    forged = program(None)
    forged.secret = "mt_" + "a" * 40
    answer = forged.get(DEALS)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_specification_tells_only_what_the_token_may_reach(program: Any) -> None:
    mine, all_ = program("ann").get("/api/v1/openapi.json").json, program("admin").get("/api/v1/openapi.json").json
    assert mine["openapi"] == "3.1.0"
    assert "cost" not in mine["components"]["schemas"]["crm.deal"]["properties"]["values"]["properties"]
    assert "cost" in all_["components"]["schemas"]["crm.deal"]["properties"]["values"]["properties"]
    assert "delete" not in mine["paths"]["/data/crm/deal/{id}"]
    assert "delete" in all_["paths"]["/data/crm/deal/{id}"]


def test_apps_are_told_to_readers_and_documents_to_builders(program: Any) -> None:
    ann = program("ann")
    assert set(ann.get("/api/v1/apps").json["apps"][0]["forms"]) == {"account", "deal"}
    app = ann.get("/api/v1/apps/crm").json
    assert "document" not in app
    assert "cost" not in app["forms"]["deal"]["fields"]
    assert program("admin").get("/api/v1/apps/crm").json["document"]["app"] == "crm"
    assert ann.get("/api/v1/apps/crmm").status_code == 404
