"""Inviting, changing and saying goodbye to members; departments."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.pages.conftest import words
from tests.settings.conftest import Office
from tests.settings.shared import one_for_all  # noqa: F401
from webapp.access import actors, departments, directory, roles, sessions
from webapp.engines.forms import undo
from webapp.journal import changesets, due

GOOD = "seven grey geese"


def test_somebody_is_invited_by_a_link_sets_a_password_and_is_here(office: Office) -> None:
    values = {
        "name": "顾清和",
        "email": "Gu@Firm.example",
        "roles": ["crm.rep"],
        "department": str(office.world.departments["West"]),
    }
    made = office.send(
        "/settings/members/new", values | {"further": [str(office.world.departments["East"])], "by": "link"}
    )
    link = re.search(r'id="link" value="http://127.0.0.1:8000([^"]+)"', made.text)
    assert made.status_code == 200 and link, words(made.text)
    listing = office.get("/settings/members?state=invited", "admin").text
    assert "顾清和" in listing and "gu@firm.example" in listing
    all_ = words(office.get("/settings/members", "admin").text)
    assert "顾清和" in all_ and "已邀请" in all_ and "Zed" not in all_, "among all who are here, and marked"
    stranger = office.world.client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get(link[1]).text)
    assert token
    assert stranger.post(link[1], data={"csrf_token": token[1], "password": GOOD}).status_code == 303
    assert stranger.get(link[1]).status_code == 410, "the link works once"
    found = words(office.get("/settings/members?q=guqing", "admin").text)
    assert "顾清和" in found and "销售" in found, "found by pinyin, with the role"
    assert "顾清和" not in office.get("/settings/members?q=guqing&state=invited", "admin").text
    assert {"member_added", "role_granted", "member_invited"} <= {
        a for a in ("member_added", "role_granted", "member_invited") if office.audited(a)
    }


def test_what_does_not_fit_in_an_invitation_is_said_and_nothing_is_lost(office: Office) -> None:
    answer = office.send("/settings/members/new", {"name": "Dora", "email": "ann@firm.example", "roles": ["crm.head"]})
    assert answer.status_code == 409 and "Dora" in answer.text
    assert re.search(r'value="crm.head" checked', answer.text), "what was chosen stays chosen"
    assert office.send("/settings/members/new", {"name": "", "email": "x"}).status_code == 422


def test_two_administrators_at_one_member_do_not_undo_each_other(office: Office) -> None:
    address = f"/settings/members/{office.hire('Kim', 'crm.rep')}"
    before = office.get(address, "admin").text
    stamp = re.search(r'name="m__seen" value="([^"]+)"', before)
    assert stamp
    base = {"email": "kim@firm.example", "department": str(office.world.departments["East"]), "roles": ["crm.rep"]}
    assert office.send(address, base | {"name": "Kimberly"}).status_code == 303
    late = office.post(address, base | {"m__seen": stamp[1], "name": "Kim Other", "roles": ["crm.head"]}, "admin")
    assert late.status_code == 412 and "Kim Other" in late.text and "Kimberly" in late.text, "both are shown"
    with office.world.database.read() as unit:
        assert roles.held(unit, office.id("kim")) == {"crm.rep"}
    again = re.search(r'name="m__seen" value="([^"]+)"', late.text)
    assert again
    assert office.post(address, base | {"m__seen": again[1], "name": "Kim Other"}, "admin").status_code == 303


def test_the_last_administrator_cannot_lock_himself_out(office: Office) -> None:
    address = f"/settings/members/{office.id('admin')}"
    kept = office.send(address, {"name": "Admin", "email": "admin@firm.example", "roles": []})
    assert kept.status_code == 409 and "系统管理员" in kept.text
    assert office.send(f"{address}/leave", {}, page=address).status_code == 409
    assert office.get("/settings", "admin").status_code == 200


def test_an_administrator_of_people_leaves_holders_of_system_roles_alone(office: Office) -> None:
    office.hire("Pia", "people", department=None)
    page = office.get(f"/settings/members/{office.id('aud')}", "pia")
    assert page.status_code == 200 and "disabled" in page.text
    assert (
        office.send(f"/settings/members/{office.id('aud')}/leave", {}, "pia", page="/settings/members").status_code
        == 403
    )
    assert (
        office.send(f"/settings/members/{office.id('aud')}/link", {}, "pia", page="/settings/members").status_code
        == 403
    )
    ann = f"/settings/members/{office.id('ann')}"
    raised = office.send(ann, {"name": "Ann", "email": "ann@firm.example", "roles": ["crm.rep", "keeper"]}, "pia")
    assert raised.status_code == 403, "nobody raises anybody above himself"
    assert office.get("/settings/firm", "pia").status_code == 403
    assert office.get("/settings/audit", "pia").status_code in (403, 404)


def test_a_leavers_records_and_departments_go_to_somebody_else_and_can_come_back(office: Office) -> None:
    office.hire("Lee", "crm.rep")
    deals = [office.deal(f"Pump {n}", "lee") for n in range(12)]
    other = office.deal("Press", "bob")
    address = f"/settings/members/{office.id('lee')}"
    assert re.search(r"商机 12", words(office.get(address, "admin").text))
    with office.world.database.write() as unit:
        departments.set_head(unit, office.world.actor("admin"), office.world.departments["West"], office.id("lee"))
        cookie = sessions.begin(unit, office.id("lee"), device=None, lasts=timedelta(hours=1))
    gone = office.send(f"{address}/leave", {"heir": str(office.id("bob"))}, page=address)
    assert gone.status_code == 303
    with office.world.database.read() as unit:
        assert actors.of_session(unit, cookie) is None
        assert departments.get(unit, office.world.departments["West"]).head == office.id("bob")
    office.work()
    assert {office.value("deal", d, "owner") for d in (*deals, other)} == {office.id("bob")}
    assert {office.value("deal", d, "owner_department") for d in deals} == {office.world.departments["West"]}
    with office.world.database.read() as unit:
        job = due.listed(unit, kind="records.handover")[0]
        (made, n), *_ = changesets.listed(unit)
    assert job.result is not None
    assert (job.state, job.result["done"], job.result["left"], n) == ("done", 12, [], 12)
    assert office.send(f"{address}/return", {}, page=address).status_code == 303
    assert undo.undo(office.world.database, office.world.actor("admin"), made.id).undone == 12
    assert {office.value("deal", d, "owner") for d in deals} == {office.id("lee")}


def test_an_administrator_of_people_hands_over_what_he_does_not_see(office: Office) -> None:
    office.hire("Pat", "people", department=None)
    office.hire("Ted", "crm.rep")
    deal = office.deal("Unseen pumps", "ted")
    page = office.get(f"/settings/members/{office.id('ted')}", "pat").text
    assert "Unseen" not in page and re.search(r"商机 1", words(page)), "how many, not what they say"
    office.send(
        f"/settings/members/{office.id('ted')}/leave",
        {"heir": str(office.id("bob"))},
        "pat",
        page="/settings/members/new",
    )
    office.work()
    assert office.value("deal", deal, "owner") == office.id("bob")
    assert office.get(f"/crm/deal/{deal}", "pat").status_code == 404


def test_a_mover_takes_his_records_along_where_that_is_wanted(office: Office) -> None:
    office.hire("Mo", "crm.rep")
    deal, west = office.deal("Pumps", "mo"), office.world.departments["West"]
    values = {
        "name": "Mo",
        "email": "mo@firm.example",
        "department": str(west),
        "roles": ["crm.rep"],
        "follow": "true",
    }
    assert office.send(f"/settings/members/{office.id('mo')}", values).status_code == 303
    office.work()
    assert office.value("deal", deal, "owner_department") == west
    assert office.value("deal", deal, "owner") == office.id("mo")
    with office.world.database.read() as unit:
        (made, _), *_ = changesets.listed(unit)
    undo.undo(office.world.database, office.world.actor("admin"), made.id)
    assert office.value("deal", deal, "owner_department") == office.world.departments["East"]


def test_departments_are_made_moved_merged_and_removed(office: Office) -> None:
    at, deal = "/settings/departments", office.deal("Pumps")
    sales_, east, west = (office.world.departments[n] for n in ("Sales", "East", "West"))
    assert "North" in office.send(at, {"name": "North", "parent": str(sales_)}, target="departments").text
    names = lambda: [(d.name, d.depth) for d in tree(office)]  # noqa: E731
    north = next(d.id for d in tree(office) if d.name == "North")
    office.send(f"{at}/{north}/move", {"parent": str(sales_), "before": str(east)}, page=at)
    assert names()[0] == ("Sales", 0)
    assert names() == [("Sales", 0), ("North", 1), ("East", 1), ("West", 1)]
    assert office.send(f"{at}/{sales_}/move", {"parent": str(east)}, page=at).status_code == 409
    assert office.send(f"{at}/{east}/remove", {}, page=at).status_code == 409, "somebody is in it"
    assert office.send(f"{at}/{east}/merge", {"into": str(west)}, page=at).status_code == 200
    office.work()
    assert names() == [("Sales", 0), ("North", 1), ("West", 1)]
    assert office.value("deal", deal, "owner_department") == west
    with office.world.database.read() as unit:
        assert directory.get(unit, office.world.actor("admin"), office.id("ann")).department == west
    assert office.send(f"{at}/{north}/remove", {}, page=at).status_code == 200
    stale = office.post(f"{at}/{west}", {"name": "Far West", "m__seen": "old"}, "admin")
    assert stale.status_code == 412 and ("West", 1) in names()


def tree(office: Office) -> list[departments.Department]:
    with office.world.database.read() as unit:
        return departments.tree(unit)
