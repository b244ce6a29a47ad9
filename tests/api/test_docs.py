"""The pages about the API: made from what the reader may reach, and what they say is true."""

from __future__ import annotations

import dataclasses
import html
import json
import re

import pytest

from tests.api.conftest import DEALS
from tests.pages.conftest import words
from tests.world import World
from webapp.blueprints.docs import snippets

DOC = "/api/docs/crm/deal"


def examples(page: str, method: str) -> list[str]:
    """The JSON bodies that stand in the forms to try."""
    found = re.findall(r'data-method="(\w+)".*?</form>', page, re.DOTALL)
    assert method in found, found
    part = next(p for p in re.split(r"<form class=\"m-try\"", page) if f'data-method="{method}"' in p)
    return [html.unescape(t) for t in re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", part, re.DOTALL)]


def test_a_page_shows_the_forms_fields_and_calls_of_its_reader_and_nothing_else(world: World) -> None:
    rep, auditor = world.client("ann").get(DOC).text, world.client("aud").get(DOC).text
    assert "预计成交" in rep and "成本" not in rep and ">cost<" not in rep, "a hidden field is in no corner of it"
    assert 'id="post"' in rep and 'id="delete-id"' not in rep, "and no call that is not his"
    assert "成本" in auditor and 'id="post"' not in auditor and "data-writes" not in auditor, (
        "he reads and writes nothing"
    )
    assert world.client("ann").get("/api/docs/crm/nothing").status_code == 404
    assert "masked" in world.client("ann").get("/api/docs/crm/account").text
    nobody = world.app.test_client().get(DOC)
    assert nobody.status_code == 303 and nobody.headers["Location"].startswith("/login")


def test_what_the_page_shows_works_as_it_stands(world: World) -> None:
    client = world.client("ann")
    page = client.get(DOC).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token
    headers = {"X-CSRF-Token": token[1]}
    (body,) = examples(page, "POST")[:1]
    values = json.loads(body)["values"]
    values = {key: value for key, value in values.items() if not isinstance(value, int)}  # there is no record 17 here
    made = client.post(DEALS, json={"values": values}, headers=headers)
    assert made.status_code == 201, made.text
    for text in re.findall(r"<tr><td><code>([^<]+)</code></td><td>[^<]+</td></tr>", page):
        answer = client.get(DEALS, query_string={"filter": html.unescape(text)})
        assert answer.status_code == 200, (text, answer.text)


def test_the_overview_explains_the_language_limits_and_errors_in_both_languages(world: World) -> None:
    world.database.settings = dataclasses.replace(world.database.settings, api_rate=1200)
    page = words(world.client("ann").get("/api/docs").text)
    for word in (
        "OpenAPI 3.1",
        "RateLimit-Remaining",
        "Idempotency-Key",
        "If-Match",
        "add_days(close_date, 7)",
        "1200",
    ):
        assert word in page, word
    world.client("ann")
    with world.database.write() as unit:
        from webapp.access import members

        members.prefer(unit, world.actor("admin"), world.people["ann"], locale="en")
    assert "In three steps" in words(world.client("ann").get("/api/docs").text)


@pytest.mark.parametrize("tool", snippets.TOOLS)
def test_an_example_quotes_what_needs_quoting(tool: str) -> None:
    body = {"values": {"name": 'O\'Neill "泵"', "urgent": True, "none": None}}
    text = snippets.request("https://crm.example", "POST", "/api/v1/data/crm/deal", body=body)[tool]
    if tool == "python":
        assert "True" in text and "None" in text
        compile(text, "example", "exec")
    elif tool == "curl":
        assert "O'\\''Neill" in text and "泵" in text
    else:
        assert "JSON.stringify({" in text and "O'Neill" in text


def test_the_description_says_what_too_many_requests_get(world: World) -> None:
    spec = world.client("ann").get("/api/v1/openapi.json").json
    answers = spec["paths"]["/data/crm/deal"]["get"]["responses"]
    assert answers["429"] == {"$ref": "#/components/responses/TooMany"}
    assert "Retry-After" in spec["components"]["responses"]["TooMany"]["headers"]
