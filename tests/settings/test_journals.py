"""The audit log and the work in the background."""

from __future__ import annotations

from tests.pages.conftest import words
from tests.settings.conftest import Office
from tests.settings.shared import one_for_all  # noqa: F401
from webapp.journal import changesets, due


def test_the_log_is_looked_through_by_person_thing_and_time_and_taken_out(office: Office) -> None:
    address = f"/settings/members/{office.hire('Rae', 'crm.rep')}"
    office.send(address, {"name": "=Rae", "email": "rae@firm.example", "roles": ["crm.rep", "crm.head"]})
    page = words(office.get("/settings/audit", "aud").text)
    assert "=Rae" in page and "销售主管" in page and "127.0.0.1" in page
    only = office.get(f"/settings/audit?group=roles&member={office.id('rae')}", "aud").text
    assert (
        "销售主管" in only
        and "Ann" not in words(only).partition("全部事项")[2].partition("</html>")[0].split("授予")[-1]
    )
    assert "没有找到" in words(office.get("/settings/audit?to=2020-01-01", "aud").text)
    assert office.get("/settings/audit?from=nonsense&member=x&before=y", "aud").status_code == 200
    file = office.get("/settings/audit/export?group=members", "aud")
    assert (file.mimetype == "text/csv" and "'=Rae" in file.text) or "→ =Rae" in file.text, (
        "no formula for a spreadsheet"
    )
    assert file.text.startswith("\ufeff") and "销售主管" not in file.text
    assert office.get("/settings/audit/export", "bob").status_code == 403


def test_jobs_are_ended_tried_again_and_taken_back_by_their_own_people(office: Office) -> None:
    deal, at = office.deal("Pumps"), "/settings/jobs"
    office.world.grant("hal", "builder:crm")
    address = f"/settings/members/{office.id('ann')}"
    office.send(f"{address}/hand-over", {"heir": str(office.id("bob"))}, page=address)
    with office.world.database.read() as unit:
        (job,) = due.listed(unit, kind="records.handover")
    assert "Ann → Bob" in words(office.get(at, "admin").text) and "Ann → Bob" not in words(office.get(at, "hal").text)
    assert office.send(f"{at}/{job.id}/cancel", {}, "hal", page=at).status_code == 404
    assert "已停止" in words(office.send(f"{at}/{job.id}/cancel", {}, page=at, target="jobs").text)
    office.work()
    assert office.value("deal", deal, "owner") == office.id("ann"), "what was ended does nothing"
    assert office.send(f"{at}/{job.id}/cancel", {}, page=at).status_code == 200, "it has ended already"
    assert office.send(f"{at}/{job.id}/retry", {}, page=at).status_code == 200
    office.work()
    assert office.value("deal", deal, "owner") == office.id("bob")
    with office.world.database.read() as unit:
        (made, _), *_ = changesets.listed(unit)
    assert office.send(f"/settings/change-sets/{made.id}/undo", {}, "hal", page=at).status_code == 404
    assert office.send(f"/settings/change-sets/{made.id}/undo", {}, page=at, target="jobs").status_code == 200
    office.work()
    assert "已撤回" in words(office.get(at, "admin", target="jobs").text)
    assert office.value("deal", deal, "owner") == office.id("ann")
