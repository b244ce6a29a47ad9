"""The page of backups: made, checked, planned and taken away by keepers, and said where one failed."""

from __future__ import annotations

import pytest

from tests.backups.conftest import with_programs
from tests.settings.conftest import Office
from tests.world import PASSWORD
from webapp.backups import folders, jobs, keeping
from webapp.i18n import N_
from webapp.journal import due


@pytest.fixture
def office(office: Office) -> Office:
    database = office.world.database
    database.settings = with_programs(database.settings)
    return office


def names(office: Office) -> list[str]:
    return [one.name for one in folders.listed(office.world.database.settings)]


def test_a_keeper_makes_one_sees_it_checked_and_takes_it_away_with_his_password(office: Office) -> None:
    page = office.get("/settings/backups", "admin")
    assert "还没有备份" in page.text and "every 1s" not in page.text
    part = office.post("/settings/backups", {}, "admin", part=True)
    assert "正在做备份" in part.text and "every 1s" in part.text and "<html" not in part.text
    polled = office.get("/settings/backups/list", "admin", part=True)
    assert "等待后台任务" in polled.text and "m-backups" not in polled.text
    office.work()
    (name,) = names(office)
    assert office.get("/settings/backups/list", "admin", part=True).headers["HX-Retarget"] == "#backups"
    shown = office.get("/settings/backups/list", "admin").text
    assert "已核对" in shown and "every 1s" not in shown and "手动" in shown
    wrong = office.post(f"/settings/backups/{name}/download", {"password": "wrong"}, "admin")
    assert wrong.status_code == 422 and "open" in wrong.text
    path = folders.named(office.world.database.settings, name)
    good = office.post(f"/settings/backups/{name}/download", {"password": PASSWORD}, "admin")
    assert good.status_code == 200 and good.data == path.read_bytes()
    assert name in good.headers["Content-Disposition"] and good.headers["Cache-Control"] == "no-store"
    assert [one["name"] for one in office.audited("backup_downloaded")] == [name]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    office.post(f"/settings/backups/{name}/check", {}, "admin")
    office.work()
    assert "已损坏" in office.get("/settings/backups/list", "admin").text
    for bad in ("../../etc/passwd", "mortise-x.tar", "secret.key"):
        refused = office.post(f"/settings/backups/{bad}/download", {"password": PASSWORD}, "admin")
        assert refused.status_code == 404, bad


def test_nobody_but_a_keeper_gets_near_a_backup(office: Office) -> None:
    office.post("/settings/backups", {}, "admin")
    office.work()
    (name,) = names(office)
    for who in ("hal", "aud"):
        assert office.post(f"/settings/backups/{name}/download", {"password": PASSWORD}, who).status_code == 403
        assert office.post("/settings/backups", {}, who).status_code == 403
        assert office.get("/settings/backups/list", who).status_code == 403
    assert name not in office.get("/settings", "aud").text


def test_the_plan_is_changed_in_words_and_not_over_somebody_elses(office: Office) -> None:
    said = {"is_on": "true", "at": "04:15", "daily": "3", "weekly": "2", "monthly": "1"}
    wrong = office.send("/settings/backups/plan", {**said, "daily": "many"}, page="/settings/backups")
    assert wrong.status_code == 422 and 'value="many"' in wrong.text and "请填 0 到 366 的整数" in wrong.text
    page = office.get("/settings/backups", "admin").text
    assert office.send("/settings/backups/plan", said, page="/settings/backups").status_code == 303
    with office.world.database.read() as unit:
        assert keeping.plan(unit) == keeping.Plan(True, "04:15", 3, 2, 1)
    seen = page.split('name="m__seen" value="')[1].split('"')[0]
    late = office.post("/settings/backups/plan", {**said, "m__seen": seen, "daily": "9"}, "admin")
    assert late.status_code == 412 and 'value="9"' in late.text
    assert [one["at"] for one in office.audited("backup_plan_changed")] == ["04:15"]


def test_a_backup_that_failed_is_said_on_the_keepers_workbench_alone(office: Office) -> None:
    with office.world.database.write() as unit:
        keeping.note(unit, None, N_("磁盘已满"))
    assert "磁盘已满" in office.get("/", "admin").text
    assert "磁盘已满" not in office.get("/", "hal").text
    assert "磁盘已满" in office.get("/settings/backups", "admin").text
    with office.world.database.read() as unit:
        assert due.listed(unit, kind=jobs.CREATE) == []
