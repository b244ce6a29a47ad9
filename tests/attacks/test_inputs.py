"""Input that nobody sends in good faith: every address answers it with an error of the sender's, never its own."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import ACCOUNTS, DEALS, Program, program  # noqa: F401
from tests.fields.making import make_field
from tests.world import CRM, World, make
from webapp.db import Database
from webapp.definitions import versions
from webapp.definitions.kinds import field_kinds
from webapp.engines.forms import contacts
from webapp.engines.forms.transfer import heads
from webapp.errors import Invalid, TooLarge

HOSTILE = (
    "\x00", "a\x00b", "\ud800", "1e400", "NaN", "-1", "99999999999999999999999999", "'", "\u202eabc", "😀", "<b>",
    "((((", "%", "\\", "' or 1=1 --", "2026-02-30", "²", "٣", "x" * 70_000,
)  # fmt: skip


@pytest.fixture
def keeper(program: Any) -> Program:  # noqa: F811
    found: Program = program("admin")
    return found


def escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def raw(program: Program, method: str, path: str, body: Any, **headers: str) -> Any:  # noqa: F811
    """Send a body as it is (JSON where it is no bytes)."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Authorization": f"Bearer {program.secret}", "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return program.client.open(path, method=method, data=data, headers=given)


def refused(answer: Any, what: Any) -> None:
    assert answer.status_code < 500, what


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_in_every_place_of_the_api_are_no_error_of_the_server(keeper: Program, text: str) -> None:
    account = keeper.make(ACCOUNTS, name="A")
    deal = keeper.make(DEALS, name="D", account=account)
    for key in ("filter", "sort", "fields", "limit", "after", "count", "search"):
        refused(keeper.get(f"{DEALS}?{key}={escaped(text)}"), key)
    for filter_ in ("id = {}", "amount * {} > 1", "name contains '{}'", "close_date = '{}'", "account = {}"):
        refused(keeper.get(f"{DEALS}?filter={escaped(filter_.format(text))}"), filter_)
    for path in (f"{DEALS}/{escaped(text)}", f"{DEALS}/{deal}/history?before={escaped(text)}", f"/{escaped(text)}"):
        refused(keeper.get(path), path)
    for key in ("name", "account", "amount", "close_date", "stage", "partner", "owner", "id", text):
        for value in (text, [text], {"by": text}, {"id": text}):
            refused(raw(keeper, "POST", DEALS, {"values": {"name": "n", key: value}}), (key, value))
        refused(raw(keeper, "PATCH", f"{DEALS}/{deal}", {"values": {key: text}}), key)
        batch = {"mode": "each", "create": [{"values": {key: text}}], "update": [{"id": deal, "values": {key: text}}]}
        refused(raw(keeper, "POST", f"{DEALS}/batch", batch), key)
    for key in ("group", "measures", "filter", "search", "sort"):
        given = [text] if key in ("group", "measures") else text
        refused(raw(keeper, "POST", f"{DEALS}/aggregate", {key: given}), key)
    refused(raw(keeper, "POST", DEALS, {"values": {"name": "n"}, "client_id": text}), "client id")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_in_every_place_of_the_pages_are_no_error_of_the_server(world: World, text: str) -> None:
    client = world.client("admin")
    page = client.get("/crm/deal/new").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    for key in (
        "view",
        "w",
        "sort",
        "q",
        "after",
        "binned",
        "part",
        "start",
        "next",
        "field",
        "op",
        "value",
        "position",
    ):
        for path in ("", "/totals", "/heads", "/filter", "/new", "/pick/account", "/pick/partner"):
            refused(client.get(f"/crm/deal{path}?{key}={escaped(text)}"), (path, key))
    for field in ("name", "account", "amount", "stage", "partner", "owner", "close_date"):
        refused(client.get(f"/crm/deal?w={field}:is:{escaped(text)}"), field)
    sent = {"csrf_token": token[1], "m__fields": "name,account,amount,stage,partner,close_date", "name": "N"}
    for path in ("/crm/deal/new", "/login", "/me/preferences", f"/setup/{escaped(text)}"):
        for key in (
            *sent,
            "account",
            "partner",
            "close_date",
            "m__client",
            "version",
            "email",
            "next",
            "locale",
            "theme",
        ):
            data = {**sent, key: text.encode("utf-8", "surrogatepass")}
            refused(client.post(path, data=data), (path, key))


@pytest.mark.parametrize("number", [0, 2**31, 2**63 - 1, 2**63, 10**30])
def test_numbers_beyond_what_a_database_counts_to_are_records_that_do_not_exist(
    world: World, keeper: Program, number: int
) -> None:
    client = world.client("admin")
    for path in ("", "/history"):
        assert keeper.get(f"{DEALS}/{number}{path}").status_code == 404
        assert client.get(f"/crm/deal/{number}{path}").status_code == 404
    assert client.get(f"/crm/deal/{number}/edit").status_code == 404
    # Beyond it the address is not one of a record at all: what other addresses of this form take no writes.
    assert keeper.patch(f"{DEALS}/{number}", {"values": {"name": "x"}}).status_code in (404, 405)
    assert keeper.delete(f"{DEALS}/{number}").status_code in (404, 405)
    assert keeper.post(DEALS, {"values": {"name": "x", "account": number}}).status_code == 422


@pytest.mark.parametrize("tag", ['""', 'W/"1"', '"²"', '"1", "2"', '"-1"', "1", '"99999999999999"'])
def test_an_if_match_that_is_none_is_refused(keeper: Program, tag: str) -> None:
    deal = keeper.make(DEALS, name="D")
    answer = keeper.patch(f"{DEALS}/{deal}", {"values": {"name": "E"}}, If_Match=tag.encode().decode("latin-1"))
    assert answer.status_code in (200, 400, 412) and (answer.status_code != 200 or tag == "1")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"values": {"name": "a", "amount": 1e400}}', 422),
        (b'{"values": {"name": "a", "amount": NaN}}', 400),
        (b'{"values": {"name": "a", "amount": "1e400"}}', 422),
        (b'{"values": {"name": "\\ud800"}}', 400),
        (b'{"values": {"name": "\xff"}}', 400),
        (b'\xef\xbb\xbf{"values": {"name": "a"}}', 400),
        (b'{"values": ' * 60 + b"1" + b"}" * 60, 400),
        (b'{"values": {"name": {"a": {"b": 1}}}}', 422),
        (b'{"values": {"name": "a"}, "values": {"name": ["b"]}}', 422),
        (b'{"values": {"name": ' + b"9" * 5000 + b"}}", 400),
        (b"[]", 400),
        (b"", 400),
        (b"null", 400),
    ],
)
def test_bodies_that_are_not_what_they_should_be_are_refused(keeper: Program, body: bytes, status: int) -> None:
    answer = raw(keeper, "POST", DEALS, body)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "a/b/c;;="])
def test_a_body_of_another_kind_is_refused(keeper: Program, kind: str) -> None:
    answer = raw(keeper, "POST", DEALS, b'{"values": {"name": "a"}}', Content_Type=kind)
    assert answer.status_code == 415 and answer.mimetype == "application/problem+json"


def test_a_method_that_is_not_there_is_405_and_says_which_are(keeper: Program) -> None:
    for method in ("PUT", "TRACE", "DELETE", "NONSENSE"):
        answer = keeper.send(method, DEALS)
        assert answer.status_code == 405, method
        assert {"GET", "POST"} <= set(re.split(r",\s*", answer.headers["Allow"]))
        assert answer.mimetype == "application/problem+json"


def test_a_cell_of_ten_megabytes_is_refused_with_its_field(world: World, keeper: Program) -> None:
    large = "x" * 10_000_000
    answer = raw(keeper, "POST", DEALS, {"values": {"name": large}})
    assert answer.status_code == 422
    assert [(e["path"], e["code"]) for e in answer.json["errors"]] == [("name", "too_long")]
    client = world.client("admin")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/crm/deal/new").text)
    assert token
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        data = {"m__fields": "name", "name": large, "csrf_token": token[1]}
        assert client.post("/crm/deal/new", data=data, content_type=kind).status_code == 413
    assert client.get("/crm/deal").status_code == 200


def test_a_body_of_more_than_64_megabytes_is_refused_without_being_read(keeper: Program) -> None:
    answer = keeper.client.post(
        DEALS,
        data=b"{}",
        headers={"Authorization": f"Bearer {keeper.secret}", "Content-Type": "application/json"},
        environ_overrides={"CONTENT_LENGTH": str(65 * 1024 * 1024)},
    )
    assert answer.status_code == 413


def test_a_formula_that_nests_ten_thousand_deep_is_refused_quickly(world: World, keeper: Program) -> None:
    began = time.monotonic()
    for deep in ("(" * 10_000 + "1" + ")" * 10_000, "not " * 10_000 + "true", "-" * 10_000 + "1", "1" + "+1" * 10_000,
                 "if(true," * 10_000 + "1" + ")" * 10_000, "account." * 10_000 + "name", "amount in (" + "1," * 10_000 + "1)"):  # fmt: skip
        answer = raw(keeper, "POST", f"{DEALS}/aggregate", {"filter": f"({deep}) = 1"})
        assert answer.status_code == 422, deep[:20]
        document = CRM.replace("      stage:\n", f'      deep: {{kind: formula, formula: "{deep}"}}\n      stage:\n', 1)
        with pytest.raises(Invalid), world.database.read() as unit:
            versions.validate(document, versions.current(unit))
    assert time.monotonic() - began < 10


def test_a_broken_app_document_is_refused_with_its_place_and_changes_nothing(world: World) -> None:
    for text in ("", "a: [", "mortise: 1\napp: [crm]", CRM.replace("kind: money", "kind: monkey"), CRM + "\nextra: 1"):
        with world.database.read() as unit, pytest.raises(Invalid) as error:
            versions.validate(text, versions.current(unit))
        assert str(error.value)
        with pytest.raises(Invalid):
            world.apply(text)
    with world.database.read() as unit:
        assert versions.current(unit).app("crm").version == 1


@pytest.mark.parametrize(
    "key",
    ["deal; drop table m__member", "deal--", "<script>", "deal<b>", "api", "login", "m", "new", "me", "x" * 25, "Deal",
     "deal__x", "m__member", "1deal", "deal\u202e", "déal", "", "../etc"],
)  # fmt: skip
def test_keys_that_are_sql_or_html_or_reserved_or_too_long_are_refused(world: World, key: str) -> None:
    for document in (
        CRM.replace("  deal:\n    label", f"  {json.dumps(key)}:\n    label", 1),
        CRM.replace("app: crm", f"app: {json.dumps(key)}", 1),
    ):
        with pytest.raises(Invalid):
            world.apply(document)


def test_a_bomb_of_aliases_and_a_document_of_megabytes_are_refused_quickly(world: World) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
    )
    began = time.monotonic()
    for text in (bomb, "x" * 3_000_000, "[" * 100_000, "{" * 100_000, "- " * 100_000, "? " * 50_000):
        with pytest.raises((Invalid, TooLarge)):
            world.apply(text)
    assert time.monotonic() - began < 10


def test_no_text_keeps_a_pattern_busy() -> None:
    """Each of these took minutes where a pattern tried every place with every length."""
    began = time.monotonic()
    for _ in range(20):
        contacts.read(["省" * 8000, "电话" + " " * 7990 + "x", "a" + " " * 7990 + "b", "Aa " * 2600, "a.b-" * 2000])
    for heading in ("1" + "\n" * 190_000, "*" * 190_000 + "x", "（ " * 90_000):
        assert len(heads.spellings(heading)) == 1
    tags = field_kinds.get("tags")
    assert tags.parse(make_field("tags"), "1,١," * 100_000) is not None
    assert time.monotonic() - began < 20


HTML = "<img src=x onerror=alert(1)>"
LABELLED = f"""
mortise: 1
app: crm
label: {{en: "{HTML}", zh: "{HTML}"}}
forms:
  deal:
    label: {{en: "{HTML}", zh: "{HTML}"}}
    title: name
    fields:
      name: {{kind: text, required: true, label: {{en: "{HTML}", zh: "{HTML}"}}, help: {{en: "{HTML}", zh: "{HTML}"}}}}
      account: {{kind: link, to: account, reverse: deals, label: {{en: "{HTML}", zh: "{HTML}"}}}}
      site: {{kind: url}}
      tags: {{kind: multi_select, options: [{{value: a, label: {{en: "{HTML}", zh: "{HTML}"}}}}]}}
      stage:
        kind: stage
        label: {{en: "{HTML}", zh: "{HTML}"}}
        options:
          - {{value: open, label: {{en: "{HTML}", zh: "{HTML}"}}, probability: 10}}
          - {{value: won, label: {{en: "{HTML}2", zh: "{HTML}2"}}, type: won}}
    views:
      board: {{kind: kanban, by: stage, label: {{en: "{HTML}", zh: "{HTML}"}}}}
      list: {{kind: grid, label: {{en: "{HTML}", zh: "{HTML}"}}, filter: "name != '{HTML}2'"}}
  account:
    title: name
    fields: {{name: {{kind: text}}}}
"""


def test_html_in_labels_and_values_is_text_on_every_page(database: Database) -> None:
    world = make(database)
    with world.database.read() as unit:
        assert versions.current(unit).app("crm").version == 1
    world.apply(LABELLED.replace("app: crm", "app: odd"))
    client = world.client("admin")
    form = world.form("odd.deal")
    from webapp.engines.forms import records

    with world.database.write() as unit:
        admin = world.actor("admin")
        account = records.create(unit, admin, world.form("odd.account"), {"name": HTML})
        made = records.create(unit, admin, form, {"name": HTML, "stage": "open", "account": account.id, "tags": ["a"]})
        records.update(unit, admin, form, made.id, {"name": HTML + HTML})
        with pytest.raises(Invalid):
            records.update(unit, admin, form, made.id, {"site": "javascript:alert(1)"})
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/odd/deal/new").text)
    assert token
    answers = [client.get(path) for path in (
        "/", "/odd/deal", "/odd/deal?view=list", "/odd/deal?view=board", "/odd/deal/new", f"/odd/deal/{made.id}",
        f"/odd/deal/{made.id}/history", f"/odd/deal/{made.id}/edit", "/odd/deal/filter", "/odd/deal/pick/account",
        "/odd/deal?q=" + quote(HTML), "/odd/deal?w=" + quote(f"name:contains:{HTML}"), "/odd/deal/" + quote(HTML),
        "/odd/deal?view=" + quote(HTML), "/odd/deal?sort=" + quote(HTML), f"/odd/account/{account.id}",
    )]  # fmt: skip
    part = {"HX-Request": "true", "X-CSRF-Token": token[1]}
    answers += [
        client.post(f"/odd/deal/{made.id}/move?view=board", data={"column": "won", "version": "2"}, headers=part),
        client.post(f"/odd/deal/{made.id}/move?view=board", data={"column": HTML, "version": "3"}, headers=part),
        client.post("/odd/deal/new", data={"m__fields": "name", "name": HTML * 20}, headers=part),
        client.post(f"/odd/deal/{made.id}/delete", headers=part),
    ]
    for answer in answers:
        assert "<img src=x" not in answer.text.lower()
        assert answer.status_code < 500
        for name, value in answer.headers:
            assert value.isascii() and "\n" not in value, name
            if name == "HX-Trigger":
                json.loads(value)
    assert any("HX-Trigger" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "\\\\evil", "javascript:alert(1)",
               "/ok\r\nX-Evil: 1", "/%0d%0aX-Evil: 1", "////evil.example", "/.//evil.example"],
)  # fmt: skip
def test_nobody_is_led_away_from_here_and_no_header_is_slipped_in(world: World, target: str) -> None:
    client = world.client("ann")
    for path in ("/login?next=", "/login/language/en?next="):
        answer = client.get(path + escaped(target))
        place = answer.headers["Location"]
        assert place.startswith("/") and not place.startswith(("//", "/\\")), place
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "name", ["../config.py", "..%2f..%2fconfig.py", "%2e%2e/webapp/config.py", "/etc/passwd", "a\x00b", "…/x"]
)
def test_no_path_leads_out_of_the_static_files(world: World, name: str) -> None:
    address = "/static/" + (name if "%" in name else quote(name))
    answer = world.client().get(address, follow_redirects=True)
    assert answer.status_code == 404 and "SECRET" not in answer.text


def test_a_request_from_another_site_or_with_a_forged_token_changes_nothing(world: World) -> None:
    client = world.client("ann")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/crm/deal/new").text)
    other = re.search(r'name="csrf_token" value="([^"]+)"', world.client("bob").get("/crm/deal/new").text)
    assert token and other
    data = {"m__fields": "name", "name": "planted"}
    for headers, given in (
        ({"Origin": "https://evil.example"}, token[1]),
        ({"Origin": "null"}, token[1]),
        ({"Sec-Fetch-Site": "cross-site"}, token[1]),
        ({"Sec-Fetch-Site": "same-site"}, token[1]),
        ({}, other[1]), ({}, token[1][:-4] + "AAAA"), ({}, ""), ({}, "\u202e"), ({}, "A" * 10_000),
    ):  # fmt: skip
        answer = client.post("/crm/deal/new", data={**data, "csrf_token": given}, headers=headers)
        assert answer.status_code == 403, (headers, given[:10])
        assert (
            client.post(
                DEALS, json={"values": {"name": "planted"}}, headers=headers | {"X-CSRF-Token": given}
            ).status_code
            == 403
        )
    assert "planted" not in client.get("/crm/deal").text
    assert client.post("/crm/deal/new", data={**data, "csrf_token": token[1]}).status_code == 303


def test_a_session_cookie_planted_before_sign_in_is_not_taken_over(world: World) -> None:
    from tests.web.test_sign_in import sign_in
    from tests.world import PASSWORD

    client = world.client()
    client.set_cookie("mortise", "planted-by-somebody-else")
    answer = sign_in(client, email="ann@firm.example", password=PASSWORD)
    assert answer.status_code == 303
    fresh = client.get_cookie("mortise")
    assert fresh is not None and fresh.value != "planted-by-somebody-else"
    stranger = world.client()
    stranger.set_cookie("mortise", "planted-by-somebody-else")
    assert stranger.get("/crm/deal").status_code == 303


@pytest.mark.parametrize("secret", ["", "x", "mt_" + "A" * 43, "mt_\u00e9", "' or 1=1 --", "null", "A" * 5000])
def test_a_forged_token_opens_nothing(world: World, secret: str) -> None:
    for path in (DEALS, "/api/v1/apps", "/api/v1/openapi.json"):
        answer = world.client().get(path, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 401 and answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_that_was_revoked_or_has_run_out_opens_nothing(world: World, program: Any) -> None:  # noqa: F811
    from datetime import timedelta

    import sqlalchemy as sa

    from webapp import clock
    from webapp.access import tokens
    from webapp.access.tables import token as table

    ended, ran_out = program("ann"), program("ann")
    assert ended.get(DEALS).status_code == ran_out.get(DEALS).status_code == 200
    with world.database.write() as unit:
        first, second = unit.execute(sa.select(table.c.id).order_by(table.c.id)).scalars().all()
        tokens.revoke(unit, world.actor("admin"), first)
        past = clock.now() - timedelta(seconds=1)
        unit.execute(table.update().where(table.c.id == second).values(expires_at=past))
    for one in (ended, ran_out):
        assert one.get(DEALS).status_code == 401
        assert one.post(DEALS, {"values": {"name": "x"}}).status_code == 401


def test_a_forged_host_leads_nobody_elsewhere(world: World) -> None:
    client = world.client()
    for host in ("evil.example", "evil.example:80", "[::1", "a b", "x" * 300):
        answer = client.get("/crm/deal", headers={"Host": host})
        assert answer.status_code < 500
        assert "evil.example" not in answer.headers.get("Location", "")
