"""A rep attacks what is not his: another team's records, hidden fields, masked ones, titles of hidden records.

What nobody may tell him carries a mark that stands nowhere else; every way out is asked and searched for it.
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote, unquote

import pytest
from werkzeug.routing import IntegerConverter

from tests.api.conftest import ACCOUNTS, DEALS, Program, program  # noqa: F401
from tests.contracts.test_routes import PAGES, PART, PIECES, WRITES
from tests.world import CRM, World
from webapp.engines.forms.around import history

#: Bob's, of another team. Its parts stand in titles, phones and amounts of his records alone.
FOREIGN = "zebrafish"
#: In fields of Ann's own records that are hidden from her or masked.
HIDDEN_COST, MASKED_PHONE = "7654321.09", "13944447731"
MARKS = (
    FOREIGN,
    "zebrafish".upper(),
    "7654321",
    "7,654,321",
    "765.43",
    "44447731",
    "4444 7731",
    "4444-7731",
    "8888777",
)

VIEWS = """
    views:
      board: {kind: kanban, by: stage, card: [account, amount, cost, partner], total: cost}
      costly: {kind: grid, label: Costly, columns: [name, cost, amount], filter: "cost > 1", sort: [-cost]}
      plain: {kind: grid, label: Plain, columns: [name, cost, account, amount], sort: [-cost]}
"""
DOCUMENT = CRM.replace("roles:\n  rep:", f"{VIEWS.strip(chr(10))}\nroles:\n  rep:")


@pytest.fixture
def world(world: World) -> World:
    world.apply(DOCUMENT)
    return world


@pytest.fixture
def scene(world: World, program: Any) -> dict[str, Any]:  # noqa: F811
    """Ann has an account and two deals (one with Bob's account), Bob has his own; an administrator filled them."""
    admin = program("admin")
    ann, bob = world.people["ann"], world.people["bob"]
    hers = admin.make(ACCOUNTS, name="Harbour Works", phone=MASKED_PHONE, industry="food", owner=ann)
    his = admin.make(ACCOUNTS, name=f"{FOREIGN} holdings", phone="13955558888", industry="machines", owner=bob)
    own = admin.make(DEALS, name="Crane", account=hers, amount="100", cost="1", stage="contact", owner=ann)
    mixed = admin.make(DEALS, name="Pump", account=his, amount="200", cost="2", stage="quote", owner=ann)
    foreign = admin.make(
        DEALS, name=f"{FOREIGN} deal", account=his, amount="8888777", cost="5", stage="quote", owner=bob, partner=bob
    )
    for cost in ("1.5", HIDDEN_COST):
        assert admin.patch(f"{DEALS}/{own}", {"values": {"cost": cost}}).status_code == 200
    assert admin.patch(f"{DEALS}/{mixed}", {"values": {"cost": "3"}}).status_code == 200
    return {"hers": hers, "his": his, "own": own, "mixed": mixed, "foreign": foreign, "ann": program("ann")}


def told(answer: Any) -> str:
    """Everything an answer says, headers included, decoded as a reader would."""
    text = answer.text + "\n".join(f"{k}: {v}" for k, v in answer.headers)
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return html.unescape(unquote(plain)) + answer.text


def silent(answer: Any, what: Any) -> None:
    found = [mark for mark in MARKS if mark in told(answer)]
    assert not found, f"{what} tells {found}"
    assert answer.status_code < 500, what


def test_no_page_and_no_part_that_a_rep_can_reach_tells_what_is_not_his(world: World, scene: dict[str, Any]) -> None:
    client = world.client("ann")
    waiting, seen = (
        ["/", "/?part=counts", "/crm/deal", "/crm/account", "/api/v1/openapi.json", "/api/v1/apps/crm"],
        set(),
    )
    for id_ in (scene["own"], scene["mixed"], scene["foreign"]):
        waiting += [f"/crm/deal/{id_}", f"/crm/deal/{id_}/history", f"/crm/deal/{id_}/edit", f"/crm/deal?binned={id_}"]
        waiting += [f"{DEALS}/{id_}", f"{DEALS}/{id_}/history"]
    for id_ in (scene["hers"], scene["his"]):
        waiting += [f"/crm/account/{id_}", f"/crm/account/{id_}/history", f"{ACCOUNTS}/{id_}"]
        waiting += [f"/crm/deal?w=account:is:{id_}", f"/crm/deal/new?account={id_}"]
    for view in ("", "board", "costly", "plain"):
        for piece in ("", "/totals", "/heads", "/column"):
            waiting.append(f"/crm/deal{piece}?view={view}&column=quote&value=quote")
        waiting.append(f"/crm/deal?view={view}&part=rows")
    for form in ("deal", "account"):
        for field in ("account", "partner", "owner", "phone", "cost"):
            waiting += [
                f"/crm/{form}/pick/{field}",
                f"/crm/{form}/pick/{field}?m__find=ze",
                f"/crm/{form}/filter?field={field}",
            ]
    for id_ in (scene["own"], scene["mixed"], scene["foreign"], scene["his"]):
        waiting += [path.replace("ids=1", f"ids={id_}").replace("cards=1:1", f"cards={id_}:1").format(deal=id_, draft=1)
                    for path in (*PAGES.values(), *PIECES.values()) if "import" not in path]  # fmt: skip
    for text in ("ze", FOREIGN, "7731", MASKED_PHONE, "7654321"):
        waiting += [
            f"/search?q={text}",
            f"/crm/deal?q={text}",
            f"/crm/account?q={text}",
            f"{DEALS}?search={text}",
            f"{ACCOUNTS}?search={text}",
        ]
    while waiting:
        address = waiting.pop()
        if address in seen or len(seen) > 500:
            continue
        seen.add(address)
        answers = [client.get(address)]
        if not address.startswith("/api"):
            answers.append(client.get(address, headers={"HX-Request": "true", "HX-Target": "panel"}))
        for answer in answers:
            said = answer
            asked = [m for m in MARKS if m in unquote(address)]  # what she typed herself comes back to her
            found = [m for m in MARKS if m in told(said) and m not in asked]
            assert not found, f"{address} tells {found}"
            assert answer.status_code < 500, address
            if answer.mimetype == "text/html":
                waiting += [
                    html.unescape(link)
                    for link in re.findall(r'(?:href|hx-get|action)="(/[^"]*)"', answer.text)
                    if not link.startswith(("/static/", "/login", "/logout")) and not link.endswith("/restore")
                ]
    assert len(seen) > 60
    page = world.client("admin").get(f"/crm/deal/{scene['own']}")
    assert "7,654,321" in told(page), "the marks are written otherwise by now"


@pytest.mark.parametrize(
    "asked",
    [
        f"cost = {HIDDEN_COST}",
        "cost > 1",
        "cost is empty",
        "account.phone = '13944447731'",
        "account.phone contains '7731'",
        "account.phone is empty",
        "sum(account.deals.cost) > 1",
        "any(account.deals, cost > 1)",
        "if(cost > 1, true, false)",
        "amount > cost",
        "[成本] > 1",
        "[Cost] > 1",
        "old.cost > 1",
    ],
)
def test_a_filter_over_a_hidden_or_masked_field_is_refused_as_if_there_were_none(
    scene: dict[str, Any], asked: str
) -> None:
    ann: Program = scene["ann"]
    answer = ann.get(f"{DEALS}?filter={quote(asked)}")
    assert answer.status_code == 422
    words = {"cost": "xqjz", "phone": "gwvbk", "成本": "咕咚", "Cost": "Xqjz"}
    other = asked
    for word, instead in words.items():
        other = other.replace(word, instead)
    nonsense = ann.get(f"{DEALS}?filter={quote(other)}").json
    found = answer.json
    assert found["code"] == nonsense["code"]
    for word, instead in words.items():
        nonsense["detail"] = nonsense["detail"].replace(instead, word)
    assert found["detail"] == nonsense["detail"]
    silent(answer, asked)


@pytest.mark.parametrize("near", ["cst", "costs", "coste", "Cost1", "phon", "phone1"])
def test_a_near_name_never_betrays_a_hidden_field(scene: dict[str, Any], near: str) -> None:
    ann: Program = scene["ann"]
    for answer in (
        ann.get(f"{DEALS}?filter={near} = 1"),
        ann.get(f"{DEALS}?sort={near}"),
        ann.get(f"{DEALS}?fields={near}"),
        ann.post(f"{DEALS}/aggregate", {"measures": [f"sum({near})"]}),
        ann.post(f"{DEALS}/aggregate", {"group": [f"account.{near}"]}),
        ann.post(DEALS, {"values": {near: "1"}}),
        ann.patch(f"{DEALS}/{scene['own']}", {"values": {near: "1"}}),
        ann.post(f"{DEALS}/batch", {"mode": "each", "create": [{"values": {near: 1}}]}),
    ):
        assert "“cost”" not in answer.text and "“phone”" not in answer.text, answer.text


@pytest.mark.parametrize("name", ["cost", "account.phone", "-cost", "account.deals", "m__search", "m__client"])
def test_nothing_is_sorted_grouped_or_measured_by_what_a_rep_may_not_read(scene: dict[str, Any], name: str) -> None:
    ann: Program = scene["ann"]
    bare = name.removeprefix("-")
    for answer in (
        ann.get(f"{DEALS}?sort={name}"),
        ann.post(f"{DEALS}/aggregate", {"group": [bare]}),
        ann.post(f"{DEALS}/aggregate", {"measures": [f"max({bare})"]}),
        ann.post(f"{DEALS}/aggregate", {"measures": [f"count({bare})"]}),
        ann.post(f"{DEALS}/aggregate", {"measures": [f"sum(amount, {bare} > 1)"]}),
    ):
        assert answer.status_code == 422, answer.text
        silent(answer, name)


def test_a_record_of_another_team_by_every_verb_is_as_one_that_never_was(world: World, scene: dict[str, Any]) -> None:
    ann: Program = scene["ann"]
    foreign, never = scene["foreign"], 999_999
    calls = (
        lambda id_: ann.get(f"{DEALS}/{id_}"),
        lambda id_: ann.get(f"{DEALS}/{id_}", If_None_Match='"1"'),
        lambda id_: ann.get(f"{DEALS}/{id_}/history"),
        lambda id_: ann.patch(f"{DEALS}/{id_}", {"values": {"name": "mine"}}),
        lambda id_: ann.patch(f"{DEALS}/{id_}", {"values": {"name": "mine"}}, If_Match='"77"'),
        lambda id_: ann.patch(f"{DEALS}/{id_}", {"values": {"nonsense": 1}}),
        lambda id_: ann.delete(f"{DEALS}/{id_}"),
        lambda id_: ann.delete(f"{DEALS}/{id_}", If_Match='"77"'),
        lambda id_: ann.post(f"{DEALS}/batch", {"update": [{"id": id_, "version": 7, "values": {"name": "x"}}]}),
        lambda id_: ann.post(f"{DEALS}/batch", {"mode": "each", "delete": [{"id": id_}]}),
        lambda id_: ann.post(DEALS, {"values": {"name": "x", "account": scene["his"] if id_ == foreign else never}}),
        lambda id_: ann.get(f"{DEALS}?filter=id = {id_}&count=exact"),
        lambda id_: ann.get(
            f"{DEALS}?filter=account = {scene['his'] if id_ == foreign else never}&count=exact&fields=name"
        ),
    )
    for n, call in enumerate(calls[:-1]):
        there, nowhere = call(foreign), call(never)
        same = nowhere.text.replace(str(never), str(foreign))
        assert (there.status_code, there.text) == (nowhere.status_code, same), n
        assert there.headers.get("ETag") == nowhere.headers.get("ETag"), n
    client = world.client("ann")
    for path in ("", "/history", "/edit"):
        there, nowhere = client.get(f"/crm/deal/{foreign}{path}"), client.get(f"/crm/deal/{never}{path}")
        assert there.status_code == nowhere.status_code == 404


def test_every_way_to_write_finds_another_teams_record_as_little_as_one_that_never_was(
    world: World, scene: dict[str, Any]
) -> None:
    client = world.client("ann")
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert found
    with world.database.read() as unit:
        event = history.last_event(unit, world.form("crm.deal"), scene["foreign"])
    walked = 0
    for endpoint, (method, path, body) in WRITES.items():
        if "{deal}" not in path:
            continue
        answers = []
        for id_ in (scene["foreign"], 999_999):
            sent = {"events": str(event), "version": "1"} | body if isinstance(body, dict) else body
            given = {"data": sent} if isinstance(sent, dict) else {"data": sent, "content_type": "application/json"}
            headers = {"X-CSRF-Token": found[1], **PART}
            answer = client.open(path.format(deal=id_, draft=1), method=method, headers=headers, **given)
            text = re.sub(r'value="[\w=-]{30,}"', "", answer.text)  # tokens
            answers.append((answer.status_code, text.replace("999999", str(scene["foreign"]))))
            silent(answer, endpoint)
        assert answers[0] == answers[1] and answers[0][0] in (403, 404), endpoint
        walked += 1
    assert walked > 12


def test_a_link_to_a_hidden_record_gives_neither_its_title_nor_its_number(scene: dict[str, Any]) -> None:
    ann: Program = scene["ann"]
    record = ann.get(f"{DEALS}/{scene['mixed']}").json
    assert record["values"]["account"] == {"masked": ""}
    grouped = ann.post(f"{DEALS}/aggregate", {"group": ["account"]}).json["rows"]
    assert [row["group"][0] for row in grouped] == [None, {"id": scene["hers"], "title": "Harbour Works"}]
    by_name = ann.post(f"{DEALS}/aggregate", {"group": ["account.name"]}).json["rows"]
    assert sorted(str(row["group"][0]) for row in by_name) == ["Harbour Works", "None"]
    for text in (f"account.name contains '{FOREIGN}'", "account.industry = 'machines'", "account.owner.name = 'Bob'"):
        assert ann.get(f"{DEALS}?filter={quote(text)}").json["records"] == [], text


def test_nobody_is_told_which_hidden_record_stands_behind_a_link(scene: dict[str, Any]) -> None:
    ann: Program = scene["ann"]
    found = ann.get(f"{DEALS}?filter={quote('account = ' + str(scene['his']))}").json["records"]
    assert found == []


def test_reverse_aggregates_count_only_what_one_may_see(scene: dict[str, Any], program: Any) -> None:  # noqa: F811
    ann: Program = scene["ann"]
    rows = ann.post(f"{ACCOUNTS}/aggregate", {"measures": ["count()", "sum(sum(deals.amount))"]})
    assert rows.status_code in (200, 422)
    found = ann.get(f"{ACCOUNTS}?filter={quote('sum(deals.amount) = 100')}").json["records"]
    assert [record["id"] for record in found] == [scene["hers"]]
    assert ann.get(f"{ACCOUNTS}?filter={quote('sum(deals.cost) > 0')}").status_code == 422


def test_counts_and_heads_count_ones_own(world: World, scene: dict[str, Any]) -> None:
    assert scene["ann"].get(f"{DEALS}?count=exact").json["count"] == 2
    heads = world.client("ann").get("/crm/deal/heads?view=board").text
    assert "8,888" not in heads and "888" not in heads


def test_a_view_that_filters_by_a_hidden_field_is_not_there(world: World, scene: dict[str, Any]) -> None:
    client = world.client("ann")
    assert client.get("/crm/deal?view=costly").status_code == 404
    assert "view=costly" not in client.get("/crm/deal").text
    plain = client.get("/crm/deal?view=plain")
    assert plain.status_code == 200 and "Cost" not in re.sub(r"view=costly", "", plain.text)


def test_history_hides_what_the_record_hides(scene: dict[str, Any]) -> None:
    ann: Program = scene["ann"]
    events = ann.get(f"{DEALS}/{scene['own']}/history").json["events"]
    assert [e["kind"] for e in events] == ["created"]
    answer = ann.get(f"{ACCOUNTS}/{scene['hers']}/history")
    silent(answer, "history")


def test_a_client_id_of_somebody_else_reveals_nothing_and_is_in_nobodys_way(
    scene: dict[str, Any],
    program: Any,  # noqa: F811
) -> None:
    same = "0b7b7a52-5c1e-4a70-9d5f-2f1f0e5b6a11"
    bob = program("bob")
    first = bob.post(DEALS, {"values": {"name": f"{FOREIGN} two"}, "client_id": same})
    again = bob.post(DEALS, {"values": {"name": "whatever"}, "client_id": same})
    assert first.json["id"] == again.json["id"]
    hers = scene["ann"].post(DEALS, {"values": {"name": "Lathe"}, "client_id": same})
    assert hers.status_code == 201 and hers.json["id"] != first.json["id"]
    assert hers.json["values"]["name"] == "Lathe"
    silent(hers, "client id")


def test_an_idempotency_key_of_somebody_else_reveals_nothing(scene: dict[str, Any], program: Any) -> None:  # noqa: F811
    body = {"values": {"name": f"{FOREIGN} three"}}
    first = program("bob").post(DEALS, body, Idempotency_Key="k1")
    hers = scene["ann"].post(DEALS, {"values": {"name": "Drill"}}, Idempotency_Key="k1")
    assert (first.status_code, hers.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in hers.headers
    silent(hers, "idempotency")


def test_a_cursor_of_somebody_else_is_refused(scene: dict[str, Any], program: Any) -> None:  # noqa: F811
    cursor = program("admin").get(f"{DEALS}?limit=1").json["next"]
    answer = scene["ann"].get(f"{DEALS}?limit=1&after={cursor}")
    assert answer.status_code == 422 and answer.json["code"] == "bad_cursor"


def test_a_record_handed_over_is_gone_for_its_giver(world: World, scene: dict[str, Any]) -> None:
    ann: Program = scene["ann"]
    answer = ann.patch(f"{DEALS}/{scene['own']}", {"values": {"owner": world.people["bob"]}})
    assert answer.status_code == 200 and answer.json["values"] == {}
    for path in ("", "/history"):
        assert ann.get(f"{DEALS}/{scene['own']}{path}").status_code == 404
    assert ann.get(f"{DEALS}?search=Crane").json["records"] == []


def test_a_reading_token_is_refused_by_every_writing_address(scene: dict[str, Any], program: Any) -> None:  # noqa: F811
    reader = program("admin", scope="read")
    own = scene["own"]
    for answer in (
        reader.post(DEALS, {"values": {"name": "x"}}),
        reader.patch(f"{DEALS}/{own}", {"values": {"name": "x"}}),
        reader.delete(f"{DEALS}/{own}"),
        reader.post(f"{DEALS}/batch", {"create": [{"values": {"name": "x"}}]}),
        reader.send("POST", "/crm/deal/new"),
        reader.send("POST", f"/crm/deal/{own}/edit"),
        reader.send("POST", f"/crm/deal/{own}/move"),
        reader.send("POST", f"/crm/deal/{own}/delete"),
        reader.send("POST", f"/crm/deal/{own}/restore"),
        reader.send("POST", "/me/preferences"),
    ):
        assert answer.status_code == 403, (answer.request.path, answer.status_code)
    each = reader.post(
        f"{DEALS}/batch", {"mode": "each", "create": [{"values": {"name": "x"}}], "delete": [{"id": own}]}
    )
    assert [each.json[verb][0]["problem"]["code"] for verb in ("created", "deleted")] == ["denied", "denied"]
    assert reader.get(f"{DEALS}/{own}").json["version"] == program("admin").get(f"{DEALS}/{own}").json["version"]


def test_a_disabled_members_session_and_token_end_with_the_next_request(world: World, scene: dict[str, Any]) -> None:
    from webapp.access import members

    client, ann = world.client("ann"), scene["ann"]
    assert client.get("/crm/deal").status_code == 200
    with world.database.write() as unit:
        members.disable(unit, world.actor("admin"), world.people["ann"])
    assert client.get("/crm/deal").status_code == 303
    assert client.get("/crm/deal/totals", headers={"HX-Request": "true"}).status_code == 401
    assert ann.get(DEALS).status_code == 401
    assert ann.post(DEALS, {"values": {"name": "x"}}).status_code == 401


def test_pickers_offer_no_leaver_and_no_address(world: World, scene: dict[str, Any]) -> None:
    client = world.client("ann")
    for q in ("", "zed", "firm", "@", "example"):
        page = client.get(f"/crm/deal/pick/partner?m__find={q}").text
        assert "Zed" not in page and "@" not in page.replace(f"{q}", "", 0 if q != "@" else 99), q
    assert "bob@firm.example" not in client.get(f"/crm/deal/{scene['own']}").text
    leaver = scene["ann"].post(DEALS, {"values": {"name": "x", "partner": world.people["zed"]}})
    assert leaver.status_code == 422


def test_the_specification_names_no_hidden_field_and_no_form_without_rights(scene: dict[str, Any]) -> None:
    spec = scene["ann"].get("/api/v1/openapi.json").json
    assert "cost" not in spec["components"]["schemas"]["crm.deal"]["properties"]["values"]["properties"]
    assert "成本" not in scene["ann"].get("/api/v1/openapi.json").text
    assert "document" not in scene["ann"].get("/api/v1/apps/crm").json


# What a phone must have before anybody signs in: the firm's name and colour, and pages without data.
OPEN = ("phone.manifest", "phone.worker", "phone.page", "phone.page_in")


def test_a_stranger_is_told_nothing_by_any_address(world: World, scene: dict[str, Any]) -> None:
    client = world.client()
    for rule in world.app.url_map.iter_rules():
        if rule.endpoint in ("static", "accent", "settings.show_logo", "healthz", "readyz") or rule.rule.startswith(
            ("/login", "/setup", "/logout")
        ):
            continue
        known = {"app": "crm", "form": "deal", "form_key": "deal", "id_": scene["own"], "field": "account"}
        numbers = {a for a, kind in rule._converters.items() if isinstance(kind, IntegerConverter)}
        values = {a: known.get(a, 1 if a in numbers else "crm") for a in rule.arguments}
        with world.app.test_request_context():
            address = rule.build(values, append_unknown=False)
        assert address is not None
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = client.open(address[1], method=method)
            if rule.endpoint not in OPEN:
                assert answer.status_code in (303, 401, 403), (method, address[1], answer.status_code)
            silent(answer, address[1])
