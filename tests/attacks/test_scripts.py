"""Whatever people call things, pages show it as text: tags, views, files, people, departments, comments, headings."""

from __future__ import annotations

import html
import io
import json
import re
from typing import Any

import pytest

from tests.pages.conftest import PART, Sales, sales_  # noqa: F401 (a fixture)
from webapp.access import departments, firm, members, tokens
from webapp.engines.forms import records
from webapp.engines.forms.around import comments
from webapp.journal import work

EVIL = "\"'><img src=x onerror=1>"
PLAIN = EVIL[3:]  # without quotes, as files carry it
DEAL = "/crm/deal"


def raw(text: str) -> bool:
    """Whether a name stands there as markup."""
    return "<img src=x" in text.lower() or "<b>x</b>" in text


@pytest.fixture
def named(sales_: Sales) -> Sales:  # noqa: F811
    """A firm in which everything that people name is called so."""
    world = sales_.world
    with world.database.write() as unit:
        admin = world.actor("admin")
        world.people["eve"] = members.add(unit, admin, "eve@firm.example", EVIL)
        departments.add(unit, admin, EVIL, head=world.people["eve"])
        firm.change(unit, admin, {"name": EVIL, "locale": "zh", "currency": "CNY", "accent": None})
        tokens.create(unit, admin, world.people["admin"], EVIL)
        form = world.form("crm.deal")
        account = records.create(unit, admin, world.form("crm.account"), {"name": EVIL, "wechat": EVIL}).id
        values = {"name": EVIL, "stage": "contact", "account": account, "labels": [EVIL[:40], "<b>x</b>"], "note": EVIL}
        made = records.create(unit, admin, form, {**values, "partner": world.people["eve"], "lost_reason": EVIL})
        records.update(unit, admin, form, made.id, {"note": f"{EVIL} again"})
        comments.add(unit, admin, made, f"@{EVIL} {EVIL} https://x.example/{EVIL}")
    return sales_


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # a database has no say in it
def test_names_that_are_markup_are_text_wherever_they_are_shown(named: Sales) -> None:
    answers: list[tuple[str, Any]] = []

    def post(path: str, values: dict[str, Any], part: bool = True) -> Any:
        answer = named.post(path, values, "admin", part=part)
        answers.append((path, answer))
        return answer

    post(f"{DEAL}/views/create?view=all&w=name:is:{EVIL.replace('&', '')}", {"label": EVIL, "readers": "*"})
    post(f"{DEAL}/views/create?view=board", {"label": EVIL})
    post(f"{DEAL}/cells?view=all", {"cells": json.dumps([[1, 2, {"stage": EVIL}]]), "title": EVIL})
    post(f"{DEAL}/cells?view=all", {"cells": json.dumps([[1, 2, {"lost_reason": EVIL + "2"}]]), "title": EVIL})
    post(f"{DEAL}/bulk?view=all", {"do": "edit", "ids": "1", "field": "stage", "stage": EVIL})
    post(f"{DEAL}/tags/labels", {"old": EVIL, "new": f"{EVIL}3"})
    post(f"{DEAL}/1/talk", {"text": f"@{EVIL} {EVIL}"})
    post(f"{DEAL}/1/move?view=board", {"column": EVIL, "version": "9"})
    post(f"{DEAL}/1/delete", {})
    post(f"{DEAL}/1/restore", {})
    sent = {"file": (io.BytesIO(f"{PLAIN},名称,阶段\n1,{PLAIN},{PLAIN}\n".encode()), f"{PLAIN}.csv")}
    draft = post(f"{DEAL}/import", sent, part=False).headers["Location"]
    post(f"{draft}/columns", {"place-B": "name", "place-C": "stage", "go": "check"}, part=False)
    work.run_ready(named.world.database)
    version = re.search(r'name="version" value="(\d+)"', named.get(f"{draft}/check", "admin").text)
    assert version
    answers.append(("check", named.get(f"{draft}/check", "admin")))
    post(f"{draft}/start", {"version": version[1]}, part=False)
    work.run_ready(named.world.database)
    again = {"file": (io.BytesIO(f"{PLAIN},b\n1,{PLAIN}\n2,x\n".encode()), f"{PLAIN}.csv")}
    founded = post("/build/import", again, part=False).headers["Location"]
    waiting, seen = (
        [f"{draft}/result", f"{DEAL}/import", founded, f"{DEAL}?view=board", "/settings", "/me", DEAL],
        set(),
    )
    waiting += [
        f"{DEAL}/1/people",
        f"{DEAL}/tags/labels?m__find=i",
        f"{DEAL}/pick/account?m__find=img",
        "/search?q=img",
    ]
    while waiting and len(seen) < 130:
        address = waiting.pop(0)
        if ((kind := re.sub(r"\d+|\?.*", "", address)) in seen and len(seen) > 60) or address in seen:
            continue
        seen |= {address, kind}
        for headers in ({}, {**PART, "HX-Target": "aside#panel"}):
            answer = named.client("admin").get(address, headers=headers)
            answers.append((address, answer))
        links = re.findall(r'(?:href|hx-get|data-open)="(/[^"]*)"', answers[-2][1].text)
        waiting += [html.unescape(a) for a in links if not a.startswith(("/static", "/api", "/login", "/logout"))]
    assert len(seen) > 60
    shown = "".join(answer.text for _, answer in answers)
    assert shown.count("&lt;img src=x") > 50, "the names are shown at all"
    for address, answer in answers:
        assert answer.mimetype != "text/html" or not raw(answer.text), address
        assert answer.status_code < 500, address
        for name, value in answer.headers:
            assert value.isascii() and "\n" not in value, (address, name)
            if name in ("HX-Trigger", "HX-Location") and value.startswith("{"):
                json.loads(value)
