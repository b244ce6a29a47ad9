from __future__ import annotations

import gzip
import json
import re
import threading
import time

import pytest
from flask import Response, request, stream_with_context

from tests.web.conftest import Firm, csrf_of
from tests.web.test_sign_in import firm_page
from webapp.access import actors, tokens
from webapp.access.tables import setting
from webapp.errors import Invalid, NotFound, Problem
from webapp.i18n import N_
from webapp.web import respond, scope
from webapp.web.signing import public


def rule(firm: Firm, path: str, view, **more) -> None:
    firm.app.add_url_rule(path, path, view, **more)


def has(firm: Firm, key: str) -> bool:
    with firm.database.read() as unit:
        return unit.execute(setting.select().where(setting.c.key == key)).first() is not None


def write(key: str) -> None:
    scope.unit().execute(setting.insert().values(key=key, value="1"))


def post(client, path, **more):
    return client.post(path, headers={"X-CSRF-Token": csrf_of(firm_page(client)), **more.pop("headers", {})}, **more)


def test_a_request_commits_once_and_only_when_its_answer_is_good(firm: Firm):
    def good():
        write("good")
        return "done"

    def refused():
        write("refused")
        return "mend this", 422

    def failing():
        write("failing")
        raise Invalid(N_("No."), problems=[Problem("name", N_("No."))])

    for view in (good, refused, failing):
        rule(firm, f"/{view.__name__}", view, methods=["POST"])
    client = firm.signed_in(firm.ann)
    assert post(client, "/good").status_code == 200
    assert post(client, "/refused").status_code == 422
    assert post(client, "/failing").status_code == 422
    assert [has(firm, key) for key in ("good", "refused", "failing")] == [True, False, False]


def test_a_page_that_is_only_read_opens_no_writing_unit(firm: Firm):
    rule(firm, "/kind", lambda: str(scope.unit().is_writing), methods=["GET", "POST"])
    rule(firm, "/search", scope.reading(lambda: str(scope.unit().is_writing)), methods=["POST"])
    client = firm.signed_in(firm.ann)
    assert client.get("/kind").text == "False"
    assert post(client, "/kind").text == "True"
    assert post(client, "/search").text == "False"


def test_the_unit_has_ended_before_the_answer_streams(firm: Firm):
    seen = []

    def streaming():
        write("streamed")

        def body():
            seen.append(has(firm, "streamed"))
            assert firm.app.turns.take(timeout=0), "a stream keeps no turn"
            firm.app.turns.give()
            yield "a"

        return Response(stream_with_context(body()))

    rule(firm, "/stream", streaming, methods=["POST"])
    assert post(firm.signed_in(firm.ann), "/stream").text == "a"
    assert seen == [True]


def test_requests_take_turns_and_leave_theirs_while_they_hash(firm: Firm):
    limit = firm.app.turns._free
    inside, most, both = [0], [0], threading.Barrier(2, timeout=5)

    def busy():
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.05)
        inside[0] -= 1
        return "x"

    def hashing():
        with scope.without_turn():
            both.wait()
        return "x"

    rule(firm, "/busy", public(busy))
    rule(firm, "/hashing", public(hashing))

    def ask(path, count):
        threads = [threading.Thread(target=lambda: firm.client().get(path)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    ask("/busy", limit + 3)
    assert most[0] == limit
    ask("/hashing", 2)
    assert not both.broken, "two requests could hash at once"
    assert firm.app.turns._free == limit


def test_a_turn_comes_back_whatever_happens(firm: Firm):
    limit = firm.app.turns._free
    rule(firm, "/boom", public(lambda: 1 / 0))
    assert firm.client().get("/boom").status_code == 500
    assert firm.client().get("/nowhere").status_code == 404
    assert firm.app.turns._free == limit


UNSAFE = [
    ({}, False),
    ({"X-CSRF-Token": "forged"}, False),
    ({"X-CSRF-Token": "TOKEN"}, True),
    ({"X-CSRF-Token": "TOKEN", "Sec-Fetch-Site": "same-origin"}, True),
    ({"X-CSRF-Token": "TOKEN", "Sec-Fetch-Site": "cross-site"}, False),
    ({"X-CSRF-Token": "TOKEN", "Sec-Fetch-Site": "same-site"}, False),
    ({"X-CSRF-Token": "TOKEN", "Origin": "http://localhost"}, True),
    ({"X-CSRF-Token": "TOKEN", "Origin": "http://127.0.0.1:8000"}, True),
    ({"X-CSRF-Token": "TOKEN", "Origin": "https://evil.example"}, False),
    ({"X-CSRF-Token": "TOKEN", "Origin": "null"}, False),
]


@pytest.mark.parametrize(("headers", "is_taken"), UNSAFE)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_only_our_own_pages_may_change_things(firm: Firm, headers: dict[str, str], is_taken: bool):
    rule(firm, "/change", lambda: "done", methods=["POST", "DELETE"])
    client = firm.signed_in(firm.ann)
    token = csrf_of(firm_page(client))
    sent = {k: v.replace("TOKEN", token) for k, v in headers.items()}
    assert client.post("/change", headers=sent).status_code == (200 if is_taken else 403)
    assert client.delete("/change", headers=sent).status_code == (200 if is_taken else 403)


def test_the_token_of_another_session_is_refused(firm: Firm):
    rule(firm, "/change", lambda: "done", methods=["POST"])
    ann, keeper = firm.signed_in(firm.ann), firm.signed_in(firm.keeper)
    assert ann.post("/change", data={"csrf_token": csrf_of(firm_page(keeper))}).status_code == 403
    assert ann.post("/change", data={"csrf_token": csrf_of(firm_page(ann))}).status_code == 200


def test_a_token_of_a_machine_needs_no_page_and_a_reading_one_stays_reading(firm: Firm):
    def change():
        return {"member": scope.actor().member, "may_write": scope.actor().may_write}

    rule(firm, "/api/change", change, methods=["POST"])
    with firm.database.write() as unit:
        ann = actors.of_member(unit, firm.ann)
        _, text = tokens.create(unit, ann, firm.ann, "machine")
        _, reading = tokens.create(unit, ann, firm.ann, "reader", scope="read")
    client = firm.client()
    assert client.post("/api/change", headers={"Authorization": f"Bearer {text}"}).json == {
        "member": firm.ann,
        "may_write": True,
    }
    assert client.post("/api/change", headers={"Authorization": f"Bearer {reading}"}).json["may_write"] is False
    refused = client.post("/api/change", headers={"Authorization": "Bearer mt_forged"})
    assert refused.status_code == 401
    assert refused.mimetype == "application/problem+json"
    assert refused.json["code"] == "unauthenticated"
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_script_of_a_page_carries_its_nonce_and_nothing_is_inline(firm: Firm):
    first, second = firm.client().get("/login"), firm.client().get("/login")
    policy = first.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    assert nonce not in second.headers["Content-Security-Policy"]
    assert "'strict-dynamic'" in policy and "style-src 'self'" in policy and "unsafe" not in policy
    scripts = re.findall(r"<script\b[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonce}"' in one or 'type="application/json"' in one for one in scripts)
    assert "style=" not in first.text and not re.search(r"\son[a-z]+=", first.text)
    for name in ("X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Permissions-Policy"):
        assert first.headers[name]
    assert first.headers["Cache-Control"] == "no-store"
    assert {"HX-Request", "HX-Request-Type", "Cookie"} - set(first.vary) <= {"Cookie"}


@pytest.mark.parametrize("status", [404, 405, 413, 500])
def test_errors_are_pages_parts_and_documents_in_the_persons_language(firm: Firm, status: int, caplog):
    def fail():
        if status == 413:
            return request.get_data()
        return 1 / 0

    firm.app.config["MAX_CONTENT_LENGTH"] = 100
    rule(firm, "/fail", public(fail), methods=["POST"] if status == 405 else ["GET", "POST"])
    rule(firm, "/api/fail", public(fail), methods=["POST"] if status == 405 else ["GET", "POST"])
    path = "/nothing" if status == 404 else "/fail"
    ask = firm.client().post if status == 413 else firm.client().get
    more = {"data": b"x" * 200} if status == 413 else {}
    page = ask(path, headers={"Accept-Language": "en"}, **more)
    assert page.status_code == status
    assert "<html" in page.text and f'<span class="m-code">{status}</span>' in page.text
    part = ask(path, headers={"Accept-Language": "zh", "HX-Request": "true", "HX-Request-Type": "partial"}, **more)
    assert part.status_code == status
    assert "<html" not in part.text and "m-empty" in part.text
    heard = json.loads(part.headers["HX-Trigger"])["m:error"]
    assert heard["status"] == status
    assert re.search(r"[\u4e00-\u9fff]", heard["message"]), "in Chinese"
    assert part.headers["HX-Trigger"].isascii()
    document = ask("/api/nothing" if status == 404 else "/api/fail", **more)
    assert document.status_code == status and document.mimetype == "application/problem+json"
    if status == 405:
        assert page.headers["Allow"]
    if status == 500:
        numbers = re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{2}", page.text)  # a secret of the page may look like one, too
        assert any(n in record.getMessage() and record.exc_info for record in caplog.records for n in numbers)
        assert "ZeroDivisionError" not in page.text


def test_problems_of_a_refused_save_reach_a_page_and_swap_nothing(firm: Firm):
    def save():
        raise Invalid(N_("Mend this."), problems=[Problem("name", N_("A name of 1 to 100 characters is needed."))])

    rule(firm, "/save", save, methods=["POST"])
    client = firm.signed_in(firm.ann)
    answer = post(client, "/save", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 422
    assert answer.headers["HX-Reswap"] == "none"
    heard = json.loads(answer.headers["HX-Trigger"])["m:error"]
    assert heard["problems"][0]["path"] == "name"


def test_a_page_answers_htmx_with_its_part_and_history_with_the_whole(firm: Firm):
    rule(firm, "/p", public(lambda: respond.page("gate/login.html", wanted="/", email="", problem=None)))
    client = firm.client()
    assert "<html" in client.get("/p").text
    part = client.get("/p", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "<html" not in part.text and "<form" in part.text
    assert "<html" in client.get("/p", headers={"HX-Request": "true", "HX-Request-Type": "full"}).text
    assert "<html" in client.get("/p", headers={"HX-History-Restore-Request": "true"}).text


def test_events_and_redirects_for_htmx_are_plain_ascii(firm: Firm):
    def save():
        return respond.trigger(respond.trigger(respond.redirect("/crm/deal/1"), "m:saved", title="中文"), "m:other")

    rule(firm, "/save", public(save))
    answer = firm.client().get("/save", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 200
    assert json.loads(answer.headers["HX-Location"])["path"] == "/crm/deal/1"
    assert json.loads(answer.headers["HX-Trigger"]) == {"m:saved": {"title": "中文"}, "m:other": {}}
    assert answer.headers["HX-Trigger"].isascii()
    assert firm.client().get("/save").headers["Location"] == "/crm/deal/1"


def test_pages_are_compressed_and_streams_are_not(firm: Firm):
    rule(firm, "/s", public(lambda: Response(iter(["x" * 5000]), mimetype="text/html")))
    page = firm.client().get("/login", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(page.data)
    assert "Content-Encoding" not in firm.client().get("/s", headers={"Accept-Encoding": "gzip"}).headers


def test_health_tells_alive_from_ready(firm: Firm):
    assert firm.client().get("/healthz").status_code == 200
    assert firm.client().get("/readyz").status_code == 200
    with firm.database.write() as unit:
        unit.connection.exec_driver_sql("DROP TABLE m__epoch")
    assert firm.client().get("/healthz").status_code == 200
    assert firm.client().get("/readyz").status_code == 503


def test_every_view_needs_a_sign_in_unless_it_says_otherwise(firm: Firm):
    rule(firm, "/secret", lambda: "secret")
    assert firm.client().get("/secret").status_code == 303
    assert firm.signed_in(firm.ann).get("/secret").text == "secret"
    open_ones = {name for name, view in firm.app.view_functions.items() if getattr(view, "is_public", False)}
    assert open_ones >= {"gate.show", "gate.create", "healthz"}


def test_not_found_is_the_same_for_what_is_hidden_and_what_is_not_there(firm: Firm):
    def hidden():
        raise NotFound(N_("There is no form “{key}”.", key="secret.form"))

    rule(firm, "/hidden", hidden)
    client = firm.signed_in(firm.ann)
    a, b = client.get("/hidden"), client.get("/none-such")
    assert a.status_code == b.status_code == 404
    assert "secret" not in a.text

    def body(answer):
        return re.sub(r'(nonce|value|content)="[^"]*"', "", answer.text).replace("/hidden", "/none-such")

    assert body(a) == body(b)
