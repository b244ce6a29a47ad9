"""What a browser is told to install the product, and what the device keeps for when there is no connection."""

from __future__ import annotations

import json
import re

from tests.pages.conftest import Sales
from tests.phone.conftest import lead
from webapp.access import members
from webapp.web import assets


def test_the_app_is_described_for_who_asks(on_sqlite: Sales) -> None:
    stranger = on_sqlite.world.client().get("/offline/app.webmanifest")
    assert stranger.mimetype == "application/manifest+json"
    assert (stranger.json["name"], stranger.json["shortcuts"]) == ("岚川装备", [])
    mine = on_sqlite.get("/offline/app.webmanifest").json
    assert ("新建线索", "/crm/lead/new?quick=1") in [(s["name"], s["url"]) for s in mine["shortcuts"]]
    assert on_sqlite.get("/offline/app.webmanifest", "aud").json["shortcuts"] == [], (
        "who may not create gets no shortcut"
    )
    with on_sqlite.world.database.write() as unit:
        members.prefer(unit, on_sqlite.world.actor("admin"), on_sqlite.world.people["ann"], locale="en")
    assert on_sqlite.get("/offline/app.webmanifest").json["shortcuts"][0]["name"] == "New Lead"
    for icon in [*mine["icons"], *mine["shortcuts"][0]["icons"]]:
        got = on_sqlite.get(icon["src"])
        assert (got.status_code, got.mimetype) == (200, icon["type"])
    assert {"any", "maskable"} <= {icon.get("purpose") for icon in mine["icons"]}
    assert mine["share_target"]["action"] == "/share"


def test_the_service_worker_rules_the_whole_site_and_changes_with_the_release(on_sqlite: Sales) -> None:
    answer = on_sqlite.world.client().get("/offline/sw.js")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    about = json.loads(answer.text.splitlines()[0].removeprefix("self.mortise = ").rstrip(";"))
    assert all(re.fullmatch(r"/static/build/[\w-]+\.[0-9a-f]{10}\.\w+", name) for name in about["files"])
    assert on_sqlite.world.client().get("/offline/sw.js").text == answer.text


def test_the_page_without_a_connection_says_nothing_of_anybody(on_sqlite: Sales) -> None:
    pages = [
        on_sqlite.get("/offline").text,
        on_sqlite.get("/offline", "bob").text,
        on_sqlite.world.client().get("/offline/page/zh").text,
    ]
    assert len(set(pages)) == 1
    assert "data-member" not in pages[0]
    assert 'name="csrf-token" content=""' in pages[0]
    assert "No connection" in on_sqlite.world.client().get("/offline/page/en").text
    assert on_sqlite.world.client().get("/offline/page/fr").status_code == 404
    assert "nonce-" not in on_sqlite.get("/offline").headers["Content-Security-Policy"]
    assert assets.url("app.js") in pages[0]


def test_the_device_keeps_empty_forms_of_what_one_may_enter(on_sqlite: Sales) -> None:
    (lead,) = (form for form in on_sqlite.get("/offline/forms").json if form["name"] == "crm.lead")
    assert (lead["title"], lead["url"]) == ("新建线索", "/crm/lead/new")
    assert 'name="m__fields" value="name,mobile,company,source,need,card_photo"' in lead["html"]
    assert "csrf_token" not in lead["html"]
    assert on_sqlite.get("/offline/forms", "aud").json == []
    given = on_sqlite.get("/offline/pass").json
    assert given["member"] == str(on_sqlite.world.people["ann"])
    stranger = on_sqlite.world.client().get("/offline/pass", headers={"Accept": "application/json"})
    assert stranger.status_code == 401


def test_what_the_device_sends_is_answered_for_it(on_sqlite: Sales) -> None:
    client = on_sqlite.client("ann")
    headers = {"Accept": "application/json", "X-CSRF-Token": on_sqlite.get("/offline/pass").json["csrf"]}
    sent = {"m__client": "5f0c8a53-5e2c-4d0e-9d47-0d3c4b0f6a11", "m__fields": "name,mobile,source", "name": "在路上"}
    refused = client.post("/crm/lead/new", data=sent, headers=headers)
    assert refused.status_code == 422
    assert {one["path"] for one in refused.json["errors"]} >= {"source"}
    sent |= {"mobile": "13800134210", "source": "phone"}
    first, second = (client.post("/crm/lead/new", data=sent, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert first.json["url"].startswith("/crm/lead/")


def test_a_number_stands_in_its_input_as_people_write_it(on_sqlite: Sales) -> None:
    id_ = lead(on_sqlite)
    assert re.search(r'id="f-mobile"[^>]* value="138 0013 4210"', on_sqlite.get(f"/crm/lead/{id_}/edit").text)
    before = on_sqlite.version(id_, "lead")
    on_sqlite.post(f"/crm/lead/{id_}/edit", {"m__fields": "mobile", "mobile": "138 0013 4210", "version": str(before)})
    assert on_sqlite.version(id_, "lead") == before, "nothing has changed"
