"""Every address of the product with numbers and texts that are none: an error of the sender's, never the server's.

New routes are walked as they come; what they ask for is read from their own code.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import IntegerConverter, Rule, UnicodeConverter

from tests.contracts.sources import modules
from tests.pages.conftest import PART
from tests.world import World
from webapp.web import texts

#: Not walked: streams without end, what would end the walk itself, and what takes no input but long.
ELSEWHERE = {
    "live.stream", "gate.delete", "static", "settings.see_as", "settings.end_session", "settings.close_member",
    "workbench.load_demo", "settings.create_backup",
}  # fmt: skip
LARGE = ("9" * 19, "9" * 30, str(2**63))


def rules(world: World) -> list[Rule]:
    return [rule for rule in world.app.url_map.iter_rules() if rule.endpoint not in ELSEWHERE]


def address(world: World, rule: Rule, **given: str) -> str:
    """With ordinary values in its places, but for those of a kind that is `given` (`number`, `text`)."""
    known = {"app": "crm", "form": "deal", "field": "name", "language": "en", "key": "deal"}
    made = rule.rule
    for name, converter in rule._converters.items():
        if isinstance(converter, IntegerConverter):
            value = given.get("number", "1")
        else:
            value = given.get("text") or known.get(name, "x")
        made = re.sub(rf"<(\w+:)?{name}>", value, made)
    return made


def test_every_number_in_an_address_is_one_that_a_database_counts_to(world: World) -> None:
    for rule in rules(world):
        for name, converter in rule._converters.items():
            if isinstance(converter, IntegerConverter):
                assert isinstance(converter, texts.Whole) and converter.max == texts.LARGEST, (rule, name)
            elif isinstance(converter, UnicodeConverter):
                assert isinstance(converter, texts.Name), (rule, name)


def test_numbers_beyond_counting_and_control_characters_are_not_found(world: World) -> None:
    client = world.client("admin")
    token = token_of(client)
    for rule in rules(world):
        kinds = {type(c) for c in rule._converters.values()}
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            tried = [("number", n) for n in LARGE] if texts.Whole in kinds else []
            tried += [("text", "a%00b"), ("text", "%ED%A0%80")] if texts.Name in kinds else []
            for kind, value in tried:
                path = address(world, rule, **{kind: value})
                answer = client.open(path, method=method, headers={"X-CSRF-Token": token})
                wanted = (404, 405) if value != "%ED%A0%80" and value != LARGE[0] else range(200, 500)
                assert answer.status_code in wanted, (method, path, answer.status_code)


def asked_for(view: Any) -> Iterator[str]:
    """The names a module of handlers takes from addresses and forms."""
    for node in ast.walk(modules()[view.__module__]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first, of = node.args[0], ast.unparse(node.func.value)
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and of in FROM:
                yield first.value


FROM = ("request.args", "request.form", "request.values", "given", "form", "sent", "args")


def token_of(client: Any) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert found
    return found[1]


@pytest.mark.parametrize("value", ["9" * 30, "-²\u202e{{7*7}}%s'\"<b>"], ids=("large", "odd"))
def test_what_every_page_asks_for_may_be_anything(world: World, value: str) -> None:
    client = world.client("admin")
    token = token_of(client)
    for rule in rules(world):
        view = inspect.unwrap(world.app.view_functions[rule.endpoint])
        if view.__module__ not in modules():
            continue
        names = sorted(set(asked_for(view)))
        path = address(world, rule)
        for method in rule.methods & {"GET", "POST"}:
            if method == "GET":
                answer = client.get(path, query_string=dict.fromkeys(names, value), headers=PART)
            else:
                data = dict.fromkeys(names, value)
                answer = client.post(path, data=data, headers={**PART, "X-CSRF-Token": token})
            assert answer.status_code < 500, (method, path, names)


def test_a_text_without_end_or_sense_is_told_by_every_page(world: World) -> None:
    client = world.client("admin")
    headers = {"X-CSRF-Token": token_of(client)}
    for rule in rules(world):
        path = address(world, rule)
        answer = client.get(path + "?x=a%00b")
        assert answer.status_code in (400, 404, 405), path
        if "POST" in rule.methods:
            for data in ({"x": "a\0b"}, {"a\0b": "x"}):
                assert client.post(path, data=data, headers=headers).status_code in (400, 403, 404, 415), path
    answer = client.post("/crm/deal/new", data={"name": "a\0b"}, headers={**headers, **PART})
    assert answer.status_code == 400 and "NUL" in answer.text and answer.headers["HX-Reswap"] == "none"
    assert client.post("/api/v1/data/crm/deal/aggregate", json={"search": "a\0b"}, headers=headers).status_code == 400
