"""Every address of the product: pages answer whole and as a part, writing needs a token of the page and a right.

A new route is walked here or named with its reason; otherwise the first test fails.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import before_render_template, g
from flask.testing import FlaskClient

from tests.pages.conftest import Sales, sales_  # noqa: F401 (a fixture)
from tests.world import World
from webapp.access import members, sessions, tokens
from webapp.definitions.document import RESERVED_KEYS
from webapp.engines.forms import records
from webapp.engines.forms.transfer import wizard
from webapp.engines.forms.transfer.looking import Facts

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
DEAL, API = "/crm/deal", "/api/v1/data/crm/deal"

#: Pages: whole for a browser, without the frame for htmx.
PAGES = {
    "workbench.show": "/",
    "workbench.search": "/search?q=Pumps",
    "records.listing": DEAL,
    "records.show": f"{DEAL}/{{deal}}",
    "records.edit": f"{DEAL}/{{deal}}/edit",
    "records.changes": f"{DEAL}/{{deal}}/history",
    "records.new": f"{DEAL}/new",
    "records.bin_": f"{DEAL}/bin",
    "records.talk": f"{DEAL}/{{deal}}/talk",
    "records.add": f"{DEAL}/add",
    "records.field": f"{DEAL}/{{deal}}/field/name",
    "workbench.show_demo": "/demo",
    "records.tag_list": f"{DEAL}/tags/labels",
    "records.convert_form": f"{DEAL}/{{deal}}/convert",
    "records.pick": f"{DEAL}/filter?view=all",
    "records.bulk_dialog": f"{DEAL}/bulk?view=all",
    "records.view_dialog": f"{DEAL}/views/dialog?view=all",
    "transfer.upload": f"{DEAL}/import",
    "transfer.step": f"{DEAL}/import/{{draft}}",
    "gate.show_me": "/me",
    "docs.overview": "/api/docs",
    "docs.of_form": "/api/docs/crm/deal",
    "settings.index": "/settings",
    "settings.show_security": "/me/security",
    "settings.show_my_tokens": "/me/tokens",
}
#: Pages of the settings, for those who look after the system; everybody else is refused.
SETTINGS = {
    "settings.show_firm": "/settings/firm",
    "records.why": f"{DEAL}/{{deal}}/why",
    "settings.show_accent": "/settings/firm/accent?accent=%231661ab",
    "settings.show_tokens": "/settings/tokens",
    "settings.show_health": "/settings/health",
    "settings.list_checks": "/settings/health/checks",
    "settings.show_backups": "/settings/backups",
    "settings.list_backups": "/settings/backups/list",
    "settings.show_audit": "/settings/audit",
    "settings.list_jobs": "/settings/jobs",
    "settings.list_roles": "/settings/roles?role=crm.rep&form=deal",
    "settings.list_apps": "/settings/apps",
    "settings.show_app": "/settings/apps/crm",
    "settings.list_members": "/settings/members",
    "settings.new_member": "/settings/members/new",
    "settings.show_member": "/settings/members/2",
    "settings.list_departments": "/settings/departments",
    "settings.show_department": "/settings/departments/1",
}
#: Pieces of a page that are fetched by themselves.
PIECES = {
    "records.totals": f"{DEAL}/totals?view=all",
    "records.some_rows": f"{DEAL}/rows?view=all&ids=1",
    "records.list_menu": f"{DEAL}/tools/sort?view=all",
    "records.editors": f"{DEAL}/editors?view=all",
    "records.count_picked": f"{DEAL}/picked?view=all",
    "records.column_menu": f"{DEAL}/column-menu?view=all&key=amount",
    "records.choices": f"{DEAL}/pick/account",
    "records.people": f"{DEAL}/{{deal}}/people",
    "boards.column": f"{DEAL}/column?view=board&column=contact",
    "boards.heads": f"{DEAL}/heads?view=board",
    "boards.cards": f"{DEAL}/cards?view=board",
    "boards.assign": f"{DEAL}/moves/assign?view=board&cards=1:1",
}
#: The API for reading.
READS = {
    "api.list_apps": "/api/v1/apps",
    "api.read_app": "/api/v1/apps/crm",
    "api.list_records": API,
    "api.read_record": f"{API}/{{deal}}",
    "api.read_history": f"{API}/{{deal}}/history",
    "api.list_comments": f"{API}/{{deal}}/comments",
    "api.specification": "/api/v1/openapi.json",
}
#: Whatever changes something: method, address, body (a mapping is sent as a form, a text as JSON).
WRITES: dict[str, tuple[str, str, Any]] = {
    "records.create": ("POST", f"{DEAL}/new", {"name": "x", "stage": "contact", "m__fields": "name,stage"}),
    "records.update": ("POST", f"{DEAL}/{{deal}}/edit", {"name": "x", "m__fields": "name"}),
    "records.delete": ("POST", f"{DEAL}/{{deal}}/delete", {}),
    "records.convert": ("POST", f"{DEAL}/{{deal}}/convert", {}),
    "records.unconvert": ("POST", f"{DEAL}/{{deal}}/unconvert", {"set": "1"}),
    "api.convert_record": ("POST", f"{API}/{{deal}}/convert", "{}"),
    "api.create_comment": ("POST", f"{API}/{{deal}}/comments", '{"text": "x"}'),
    "records.restore": ("POST", f"{DEAL}/{{deal}}/restore", {}),
    "workbench.load_demo": ("POST", "/demo", {}),
    "workbench.remove_demo": ("POST", "/demo/remove", {"set": "1"}),
    "records.rename_tag": ("POST", f"{DEAL}/tags/labels", {"old": "a", "new": "b"}),
    "records.change_cell": ("POST", f"{DEAL}/{{deal}}/cell?view=all", {"m__field": "name", "name": "x"}),
    "records.change_cells": ("POST", f"{DEAL}/cells?view=all", {"cells": "[]"}),
    "records.change_many": ("POST", f"{DEAL}/bulk?view=all", {"do": "delete", "ids": "1"}),
    "records.undo_change": ("POST", f"{DEAL}/undo?view=all", {"change_set": "1"}),
    "records.cancel_job": ("POST", f"{DEAL}/jobs/1/cancel", {}),
    "records.create_view": ("POST", f"{DEAL}/views/create?view=all", {"label": "x"}),
    "records.save_view": ("POST", f"{DEAL}/views/save?view=all", {}),
    "records.change_view": ("POST", f"{DEAL}/views/change?view=all", {"label": "x"}),
    "records.delete_view": ("POST", f"{DEAL}/views/delete?view=all", {}),
    "records.restore_view": ("POST", f"{DEAL}/views/restore", {"id": "1"}),
    "records.choose_view": ("POST", f"{DEAL}/views/choose?view=all", {"first": "1"}),
    "records.add_here": ("POST", f"{DEAL}/add", {"name": "x", "stage": "contact", "m__fields": "name,stage"}),
    "records.set_field": ("POST", f"{DEAL}/{{deal}}/field/name", {"name": "x"}),
    "records.take": ("POST", f"{DEAL}/{{deal}}/take", {}),
    "records.take_many": ("POST", f"{DEAL}/take", {"ids": "1"}),
    "records.release": ("POST", f"{DEAL}/{{deal}}/release", {}),
    "records.purge": ("POST", f"{DEAL}/{{deal}}/purge", {}),
    "records.star": ("POST", f"{DEAL}/{{deal}}/star", {"on": "1"}),
    "records.say": ("POST", f"{DEAL}/{{deal}}/talk", {"text": "x"}),
    "records.take_back": ("POST", f"{DEAL}/{{deal}}/undo", {"events": "1"}),
    "boards.move": ("POST", f"{DEAL}/{{deal}}/move?view=board", {"column": "quote"}),
    "boards.move_many": ("POST", f"{DEAL}/moves?view=board", {"cards": "1:1", "column": "quote"}),
    "boards.undo_move": ("POST", f"{DEAL}/moves/undo?view=board", {"change_set": "1"}),
    "transfer.receive": ("POST", f"{DEAL}/import", {"text": "name\tamount\nx\t1"}),
    "transfer.look": ("POST", f"{DEAL}/import/{{draft}}/look", {"header": "0"}),
    "transfer.match": ("POST", f"{DEAL}/import/{{draft}}/columns", {"place-A": "name", "go": "check"}),
    "transfer.decide": ("POST", f"{DEAL}/import/{{draft}}/values", {"field": "stage", "value": "x", "to": "=empty"}),
    "transfer.start": ("POST", f"{DEAL}/import/{{draft}}/start", {"version": "1"}),
    "transfer.cancel": ("POST", f"{DEAL}/import/{{draft}}/cancel", {}),
    "transfer.undo": ("POST", f"{DEAL}/import/{{draft}}/undo", {}),
    "transfer.again": ("POST", f"{DEAL}/import/{{draft}}/again", {}),
    "files.upload": ("POST", f"{DEAL}/files/name", {}),
    "api.upload_file": ("POST", f"{API}/files/name", None),
    "boards.fold": ("POST", f"{DEAL}/board/fold?view=board", {"column": "quote", "folded": "1"}),
    "gate.change_preferences": ("POST", "/me/preferences", {"theme": "dark"}),
    "settings.change_password": ("POST", "/me/security/password", {"now": "x", "password": "seven grey geese"}),
    "settings.end_session": ("POST", "/me/security/end", {"session": "others"}),
    "settings.create_token": ("POST", "/me/tokens", {"name": "x", "scope": "read"}),
    "settings.end_my_token": ("POST", "/me/tokens/1/end", {}),
    "settings.change_firm": ("POST", "/settings/firm", {"name": "x"}),
    "settings.cancel_job": ("POST", "/settings/jobs/1/cancel", {}),
    "settings.retry_job": ("POST", "/settings/jobs/1/retry", {}),
    "settings.undo_change_set": ("POST", "/settings/change-sets/1/undo", {}),
    "settings.change_field_right": ("POST", "/settings/roles/crm.rep/field", {"form": "deal"}),
    "settings.change_scope": ("POST", "/settings/roles/crm.rep/scope", {"form": "deal", "action": "see"}),
    "settings.add_role": ("POST", "/settings/roles/crm/new", {"label": "x"}),
    "settings.rename_role": ("POST", "/settings/roles/crm.rep/label", {"label_en": "x"}),
    "settings.remove_role": ("POST", "/settings/roles/crm.rep/remove", {}),
    "settings.upload_document": ("POST", "/settings/apps/upload", {"text": "x"}),
    "settings.start_app": ("POST", "/settings/apps/crm/start", {}),
    "settings.rollback_app": ("POST", "/settings/apps/crm/rollback", {"version": "1"}),
    "settings.upgrade_app": ("POST", "/settings/apps/crm/upgrade", {}),
    "settings.retry_app": ("POST", "/settings/apps/crm/retry", {}),
    "settings.publish_draft": ("POST", "/settings/apps/crm/draft/publish", {}),
    "settings.rebase_draft": ("POST", "/settings/apps/crm/draft/rebase", {}),
    "settings.drop_draft": ("POST", "/settings/apps/crm/draft/drop", {}),
    "settings.invite_member": ("POST", "/settings/members/new", {"name": "x", "email": "x@firm.example"}),
    "settings.change_member": ("POST", "/settings/members/2", {"name": "x"}),
    "settings.make_link": ("POST", "/settings/members/2/link", {}),
    "settings.see_as": ("POST", "/settings/members/2/see", {}),
    "settings.end_members_session": ("POST", "/settings/members/2/end", {"session": "others"}),
    "settings.end_members_token": ("POST", "/settings/members/2/tokens/1/end", {}),
    "settings.close_member": ("POST", "/settings/members/3/leave", {}),
    "settings.hand_over": ("POST", "/settings/members/3/hand-over", {"heir": "2"}),
    "settings.reopen_member": ("POST", "/settings/members/3/return", {}),
    "settings.add_department": ("POST", "/settings/departments", {"name": "x"}),
    "settings.change_department": ("POST", "/settings/departments/1", {"name": "x"}),
    "settings.move_department": ("POST", "/settings/departments/2/move", {"parent": ""}),
    "settings.merge_department": ("POST", "/settings/departments/2/merge", {"into": "3"}),
    "settings.remove_department": ("POST", "/settings/departments/2/remove", {}),
    "settings.create_backup": ("POST", "/settings/backups", {}),
    "settings.change_backups": ("POST", "/settings/backups/plan", {"at": "03:00"}),
    "settings.check_backup": ("POST", "/settings/backups/mortise-1.tar/check", {}),
    "settings.download_backup": ("POST", "/settings/backups/mortise-1.tar/download", {"password": "x"}),
    "settings.end_token": ("POST", "/settings/tokens/1/end", {}),
    "api.create_record": ("POST", API, '{"values": {"name": "x", "stage": "contact"}}'),
    "api.change_record": ("PATCH", f"{API}/{{deal}}", '{"values": {"name": "x"}}'),
    "api.delete_record": ("DELETE", f"{API}/{{deal}}", None),
    "api.batch": ("POST", f"{API}/batch", '{"create": [{"values": {"name": "x", "stage": "contact"}}]}'),
}
#: Not walked here, with the reason.
ELSEWHERE = {
    "api.change_comment": "needs a comment of one's own; tested with the API",
    "api.delete_comment": "needs a comment of one's own; tested with the API",
    "records.end": "needs a form that says how its duties end; tested with the workbench",
    "records.comment": "needs a comment of one's own; tested with the comments",
    "records.rewrite": "needs a comment of one's own; tested with the comments",
    "static": "files, tested with the assets",
    "healthz": "for process managers, no page; tested with the web base",
    "readyz": "for process managers, no page; tested with the web base",
    "metrics": "for programs that watch, no page; tested with the web base",
    "accent": "a stylesheet made from the colour in its address",
    "settings.show_logo": "the firm's picture, before sign-in too; tested with the settings",
    "settings.export_document": "a file; tested with the settings",
    "settings.stop_seeing": "takes a cookie away and changes nothing; tested with the settings",
    "settings.export_audit": "a file; tested with the settings",
    "settings.show_draft": "there only while somebody has a draft; tested with the settings",
    "gate.show": "before sign-in; tested with sign-in",
    "gate.create": "signs in: there is no session yet whose token could be asked for",
    "gate.delete": "signs out; tested with sign-in",
    "gate.choose_language": "before sign-in; sets a cookie only",
    "gate.setup_show": "behind a one-time link; tested with the set-up",
    "gate.setup_step": "behind a one-time link; tested with the set-up",
    "gate.setup_firm": "behind a one-time link; tested with the set-up",
    "gate.setup_finish": "behind a one-time link; tested with the set-up",
    "gate.setup_done": "the last step of the set-up, without the frame; tested with the set-up",
    "gate.ask": "before sign-in; tested with the mails",
    "gate.send": "before sign-in; tested with the mails",
    "gate.choose_password": "behind a one-time link; tested with the mails",
    "gate.set_password": "behind a one-time link; tested with the mails",
    "gate.judge": "before sign-in; says how strong a password is and changes nothing",
    "phone.manifest": "before sign-in too; describes the app to a browser (tested with the phone)",
    "phone.worker": "the service worker; tested with the phone",
    "phone.page": "before sign-in too; the same for everybody, filled by the device (tested with the phone)",
    "phone.page_in": "the same in one language, for the service worker",
    "phone.take": "comes from other apps of the phone and changes nothing; tested with the phone",
    "phone.show": "leads on to a form; tested with the phone",
    "phone.give_pass": "says to the service worker whose session it is; tested with the phone",
    "phone.give_forms": "empty quick forms for the device to keep; tested with the phone",
    "records.told": "hints while typing; reads, though by POST (tested with quick entry)",
    "records.purge_form": "for administrators, of a record in the bin; tested with the bin",
    "records.job": "how far a bulk change is: there is none for the walk (tested with bulk changes)",
    "records.shown": "tells which fields of a form on the screen show; reads, though by POST (tested with entry forms)",
    "transfer.found": "for builders; tested with forms from files",
    "transfer.found_file": "for builders; tested with forms from files",
    "transfer.found_step": "for builders; tested with forms from files",
    "transfer.found_look": "for builders; tested with forms from files",
    "transfer.found_form": "for builders; tested with forms from files",
    "transfer.check": "there for an import that is being checked; tested with the wizard",
    "transfer.result": "there for an import that has begun; tested with the wizard",
    "transfer.rejected": "a file; tested with the wizard",
    "transfer.export": "reads, though by POST; tested with exports",
    "transfer.exported": "there for a long export; tested with exports",
    "transfer.exported_file": "there for a long export; tested with exports",
    "transfer.cancel_export": "there for a long export; tested with exports",
    "files.file": "a file of a record or of a job; tested with the files and with exports",
    "api.read_file": "the same for programs; tested with the files",
    "live.stream": "a stream without end that says no value; tested with the live pages",
    "api.aggregate_records": "reads, though by POST: a reading token may use it (tested with the API)",
}


@dataclass
class Firm:
    """A firm with a deal of ann's, and an import of hers on its way; `people` beside those of the world: eve, who holds no role."""

    world: World
    deal: int
    draft: int
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def at(self, path: str) -> str:
        return path.format(deal=self.deal, draft=self.draft)

    def client(self, who: str) -> FlaskClient:
        if who not in self.clients:
            self.clients[who] = self.world.client(who)
        return self.clients[who]

    def send(self, method: str, path: str, body: Any, client: FlaskClient, headers: dict[str, str]) -> Any:
        more = {"json": json.loads(body)} if isinstance(body, str) else {"data": body}
        return client.open(self.at(path), method=method, headers=headers, **more)

    def stands(self) -> list[tuple[Any, ...]]:
        """All deals: id, version, whether binned."""
        table = self.world.form("crm.deal").table
        with self.world.database.read() as unit:
            return [tuple(r) for r in unit.execute(table.select().order_by(table.c.id))]


@pytest.fixture
def firm(sales_: Sales) -> Firm:  # noqa: F811
    world = sales_.world
    with world.database.write() as unit:
        admin, ann = world.actor("admin"), world.actor("ann")
        world.people["eve"] = members.add(unit, admin, "eve@firm.example", "Eve")
        made = records.create(unit, ann, world.form("crm.deal"), {"name": "Pumps", "stage": "contact"})
        facts = Facts("text", None, (), "utf-8", ",", 2, [1, 2], [["name", "x"], ["amount", "1"]])
        draft = wizard.begin(unit, ann, world.form("crm.deal"), 0, "deals.csv", facts)
    return Firm(world, made.id, draft)


def test_every_route_is_walked_or_named(firm: Firm) -> None:
    walked = {*PAGES, *SETTINGS, *PIECES, *READS, *WRITES, *ELSEWHERE}
    assert {rule.endpoint for rule in firm.world.app.url_map.iter_rules()} == walked


#: Pages without a picture of their own, with the reason.
UNPICTURED = {
    "records.talk": "what the record's own page has at its bottom",
    "records.add": "a dialog on records and boards, pictured there",
    "records.field": "a field in place, pictured on a record",
    "records.pick": "opens in the list, pictured there",
    "records.bulk_dialog": "a dialog of the grid, pictured there",
    "records.view_dialog": "a dialog of the grid, pictured there",
    "transfer.step": "steps of the wizard, pictured one by one",
    "settings.show_accent": "a part of the firm's page",
    "settings.list_checks": "a part of the page of health",
    "settings.list_backups": "a part of the page of backups",
}


def test_every_page_has_its_picture(firm: Firm) -> None:
    """`make shots` leaves none out, so none goes unseen."""
    from tests.browser import day, test_shots

    paths = [one[0] for table in (test_shots.SCREENS, test_shots.CRM, day.SCREENS) for one in table.values()]
    adapter = firm.world.app.url_map.bind("")
    told = [re.sub(r"\{\w+\}", "1", path).partition("?")[0] for path in paths]
    pictured = {adapter.match(path)[0] for path in told}
    assert {*PAGES, *SETTINGS} - pictured == UNPICTURED.keys()


def test_first_parts_of_our_own_addresses_are_no_names_of_apps(firm: Firm) -> None:
    first = {rule.rule.split("/")[1] for rule in firm.world.app.url_map.iter_rules()}
    assert {name for name in first if name and not name.startswith("<")} <= RESERVED_KEYS


def test_a_page_answers_whole_and_as_a_part(firm: Firm) -> None:
    for endpoint, path in PAGES.items():
        whole = firm.client("ann").get(firm.at(path))
        part = firm.client("ann").get(firm.at(path), headers=PART)
        assert (whole.status_code, part.status_code) == (200, 200), endpoint
        assert "<html" in whole.text and "<html" not in part.text and part.text.strip(), endpoint
        assert "HX-Request" in whole.headers["Vary"] and whole.headers["Cache-Control"] == "no-store", endpoint


def test_settings_are_for_those_who_look_after_the_system(firm: Firm) -> None:
    for endpoint, path in SETTINGS.items():
        whole, part = (firm.client("admin").get(firm.at(path), headers=headers) for headers in ({}, PART))
        assert (whole.status_code, part.status_code) == (200, 200), endpoint
        assert "<html" not in part.text and part.text.strip(), endpoint
        assert firm.client("ann").get(firm.at(path)).status_code in (403, 404), endpoint
    for endpoint, (method, path, body) in WRITES.items():
        if path.startswith("/settings"):
            headers = {"X-CSRF-Token": token_of(firm, "ann")}
            answer = firm.send(method, path, body, firm.client("ann"), headers)
            assert answer.status_code in (403, 404), endpoint


def token_of(firm: Firm, who: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', firm.client(who).get("/").text)
    assert found
    return found[1]


def test_a_piece_is_never_a_whole_page(firm: Firm) -> None:
    for endpoint, path in PIECES.items():
        answer = firm.client("ann").get(firm.at(path), headers=PART)
        assert answer.status_code == 200 and "<html" not in answer.text, endpoint


def test_the_api_answers_in_json_and_refuses_unknown_query_keys(firm: Firm) -> None:
    for endpoint, path in READS.items():
        good = firm.client("ann").get(firm.at(path))
        assert (good.status_code, good.mimetype) == (200, "application/json"), endpoint
        assert firm.client("ann").get(firm.at(path), query_string={"filtre": "x"}).status_code == 400, endpoint
    for endpoint, (method, path, body) in WRITES.items():
        if endpoint.startswith("api."):
            answer = firm.send(method, f"{path}?filtre=x", body, firm.world.app.test_client(), bearer(firm, "write"))
            assert (answer.status_code, answer.json["code"]) == (400, "bad_request"), endpoint


def bearer(firm: Firm, scope: str) -> dict[str, str]:
    with firm.world.database.write() as unit:
        _, secret = tokens.create(unit, firm.world.actor("admin"), firm.world.people["ann"], "t", scope=scope)
    return {"Authorization": f"Bearer {secret}"}


def test_writing_without_the_pages_token_is_refused(firm: Firm) -> None:
    before = firm.stands()
    for endpoint, (method, path, body) in WRITES.items():
        answer = firm.send(method, path, body, firm.client("ann"), {})
        assert answer.status_code == 403, endpoint
    assert firm.stands() == before


def test_an_answer_is_drawn_when_the_writer_is_free_again(firm: Firm) -> None:
    """Drawing takes longer than a save: on SQLite everybody else who writes would wait for it."""
    headers = {**PART, "X-CSRF-Token": token_of(firm, "ann"), "HX-Target": "div#panel"}
    drawn: list[tuple[str, bool]] = []

    def note(_app: Any, template: Any, **_: Any) -> None:
        drawn.append((template.name, "unit" in g and g.unit.is_writing))

    with before_render_template.connected_to(note, firm.world.app):
        for endpoint in ("records.update", "boards.move", "records.delete", "records.restore"):
            method, path, body = WRITES[endpoint]
            assert firm.send(method, path, body, firm.client("ann"), headers).status_code == 200, endpoint
    assert {name for name, _ in drawn} >= {"records/_panel.html", "boards/_moved.html", "records/_gone.html"}
    assert [name for name, is_writing in drawn if is_writing] == []


def test_a_reading_token_writes_nothing(firm: Firm) -> None:
    before, headers = firm.stands(), bearer(firm, "read")
    for endpoint, (method, path, body) in WRITES.items():
        answer = firm.send(method, path, body, firm.world.app.test_client(), headers)
        assert answer.status_code == 403, endpoint
    assert firm.stands() == before


def test_nobody_who_has_not_signed_in_gets_anywhere(firm: Firm) -> None:
    stranger = firm.world.app.test_client()
    for endpoint, path in {**PAGES, **SETTINGS, **PIECES}.items():
        answer = stranger.get(firm.at(path))
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/login"), endpoint
    for endpoint, path in READS.items():
        assert stranger.get(firm.at(path)).status_code == 401, endpoint
    for endpoint, (method, path, body) in WRITES.items():
        assert firm.send(method, path, body, stranger, {}).status_code in (401, 403), endpoint


def test_a_form_does_not_exist_for_somebody_without_a_role(firm: Firm) -> None:
    before = firm.stands()
    with firm.world.database.write() as unit:
        _, secret = tokens.create(unit, firm.world.actor("admin"), firm.world.people["eve"], "t")
    headers = {"Authorization": f"Bearer {secret}"}
    client = firm.world.app.test_client()
    for endpoint, path in {**PAGES, **PIECES, **READS}.items():
        if "crm" in path:
            assert client.get(firm.at(path), headers=headers).status_code == 404, endpoint
    for endpoint, (method, path, body) in WRITES.items():
        if "crm" in path and not path.startswith("/settings"):
            assert firm.send(method, path, body, client, headers).status_code == 404, endpoint
    assert firm.stands() == before


def test_a_session_that_ended_opens_nothing(firm: Firm) -> None:
    with firm.world.database.write() as unit:
        cookie = sessions.begin(unit, firm.world.people["ann"], device="test", lasts=timedelta(hours=1))
        sessions.end(unit, cookie)
    client = firm.world.app.test_client()
    client.set_cookie("mortise", cookie)
    assert all(client.get(firm.at(path)).status_code == 303 for path in PAGES.values())
