"""Nightly backups: once a night at the chosen time, late after a pause, and the right ones stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.backups.conftest import with_programs
from tests.conftest import settings_for
from tests.world import World
from webapp import clock
from webapp.backups import folders, jobs, keeping, making
from webapp.backups.folders import Backup
from webapp.backups.keeping import Plan
from webapp.errors import Conflict, Denied, Invalid
from webapp.journal import claims, due, periodic, work
from webapp.serving import worker

worker.load_handlers()
#: 02:30 in Shanghai
NIGHT = datetime(2026, 11, 25, 18, 30, tzinfo=UTC)


@pytest.fixture
def firm(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world, in which nothing is periodic but the backup."""
    world.database.settings = with_programs(world.database.settings)
    for key in list(periodic.works.keys()):
        if key != "backup":
            monkeypatch.delitem(periodic.works._kinds, key)
    yield world


def turn(firm: World, at: datetime) -> None:
    with clock.stopped(at):
        work.sweep(firm.database)
        work.run_ready(firm.database)


def names(firm: World) -> list[str]:
    return [one.name for one in folders.listed(firm.database.settings)]


def test_one_a_night_at_the_chosen_time_and_late_after_a_pause(firm: World) -> None:
    turn(firm, NIGHT - timedelta(hours=8))  # the first start makes none: there is nothing to catch up with
    turn(firm, NIGHT - timedelta(minutes=1))
    assert names(firm) == []
    for _ in range(2):
        turn(firm, NIGHT + timedelta(seconds=5))
    assert names(firm) == ["mortise-20261126-023005.tar"]
    assert folders.listed(firm.database.settings)[0].reason == "schedule"
    turn(firm, NIGHT + timedelta(days=1, hours=7))  # the machine was off at night
    assert names(firm)[0] == "mortise-20261127-093000.tar"
    with firm.database.write() as unit:
        found = keeping.tried(unit)
        assert found is not None and (found.error, found.name) == (None, names(firm)[0])
        assert keeping.verified(unit)[names(firm)[0]][1] is None
        keeping.change(unit, firm.actor("admin"), {"is_on": "false"})
    turn(firm, NIGHT + timedelta(days=3))
    assert len(names(firm)) == 2


def test_a_backup_that_fails_is_remembered_and_tried_again(firm: World, tmp_path: Path) -> None:
    turn(firm, NIGHT - timedelta(hours=1))
    good = firm.database.settings
    firm.database.settings = dataclasses.replace(good, backup_dir=tmp_path / "away")
    turn(firm, NIGHT)
    with firm.database.read() as unit:
        assert "away" in str(keeping.trouble(unit))
        (job,) = due.listed(unit, kind=jobs.NIGHTLY)
        assert (job.state, job.attempts) == ("waiting", 1)
    (tmp_path / "away").mkdir()
    turn(firm, NIGHT + timedelta(minutes=6))
    with firm.database.read() as unit:
        assert keeping.trouble(unit) is None
    assert len(list((tmp_path / "away").glob("mortise-*.tar"))) == 1


def test_a_worker_that_died_after_making_one_makes_no_second(firm: World) -> None:
    with firm.database.write() as unit:
        number = jobs.order(unit, firm.actor("admin"))
        assert jobs.order(unit, firm.actor("admin")) == number
    with firm.database.write() as unit:
        (job,) = claims.claim(unit, "dead")
    jobs.create(firm.database, job)
    with firm.database.write() as unit:
        unit.execute(jobs.due_table.update().values(state="running", lease_until=clock.now() - timedelta(seconds=1)))
        unit.execute(jobs.due_table.update().values(attempts=0))
    work.sweep(firm.database)
    work.run_ready(firm.database)
    with firm.database.read() as unit:
        assert due.get(unit, number).state == "done"
    assert len(names(firm)) == 1


def test_only_keepers_order_and_change_and_wrong_values_are_all_told(firm: World) -> None:
    with firm.database.write() as unit:
        with pytest.raises(Denied):
            jobs.order(unit, firm.actor("hal"))
        with pytest.raises(Denied):
            keeping.change(unit, firm.actor("ann"), {"at": "03:00"})
        with pytest.raises(Invalid) as wrong:
            keeping.change(unit, firm.actor("admin"), {"at": "25:00", "daily": "-1", "weekly": "x", "monthly": "3"})
        assert [p.path for p in wrong.value.problems] == ["at", "daily", "weekly"]
        said = {"is_on": "on", "at": "3:05", "daily": "0", "weekly": "8", "monthly": "24"}
        assert keeping.change(unit, firm.actor("admin"), said) == Plan(True, "03:05", 0, 8, 24)


def test_the_newest_of_days_weeks_and_months_stay_and_those_made_by_hand(tmp_path: Path) -> None:
    begin = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)
    made = [
        Backup(f"{n:03}", tmp_path / str(n), 1, begin + timedelta(days=n), "hand" if n == 5 else "schedule")
        for n in range(400)
    ]
    gone = {one.name for one in keeping.leaving(made, Plan(), "Asia/Shanghai")}
    stay = [one for one in made if one.name not in gone]
    days = [(one.made_at or begin).astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat() for one in stay]
    last = ["2027-01-30", "2027-01-31", *(f"2027-02-0{d}" for d in range(1, 6))]
    assert [day for day in days if day >= last[0]] == last
    assert "005" not in gone and made[-1].name not in gone
    months = sorted({day[:7] for day in days})
    assert months[-12:] == [f"2026-{m:02}" for m in range(3, 13)] + ["2027-01", "2027-02"]
    assert len(stay) <= 7 + 4 + 12 + 1
    assert keeping.leaving(made[:1], Plan(daily=0, weekly=0, monthly=0), "UTC") == []


def test_a_backup_is_not_made_into_a_full_disk(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise Conflict(folders.N_("The disk is full; the backup was not made. Make room or choose another folder."))

    monkeypatch.setattr(folders, "require_room", full)
    with firm.database.write() as unit:
        number = jobs.order(unit, firm.actor("admin"))
    work.run_ready(firm.database)
    with firm.database.read() as unit:
        assert due.get(unit, number).state == "failed"
        found = keeping.trouble(unit)
        assert found is not None and "磁盘已满" in found.text("zh")
    assert names(firm) == []


def test_one_that_the_disk_did_not_keep_whole_is_not_kept(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = making._place

    def spoiled(made: Path, target: Path) -> None:
        place(made, target)
        data = bytearray(target.read_bytes())
        data[5000] ^= 1
        target.write_bytes(data)

    monkeypatch.setattr(making, "_place", spoiled)
    with firm.database.write() as unit:
        number = jobs.order(unit, firm.actor("admin"))
    work.run_ready(firm.database)
    with firm.database.read() as unit:
        assert due.get(unit, number).state == "failed"
        assert "is damaged" in str(keeping.trouble(unit))
    assert names(firm) == []


def test_an_old_firm_that_is_not_set_up_is_left_alone(tmp_path: Path) -> None:
    from webapp import migrating
    from webapp.db import Database

    database = Database(settings_for(tmp_path))
    migrating.migrate(database)
    for at in (NIGHT - timedelta(hours=1), NIGHT):
        with clock.stopped(at):
            work.sweep(database)
            work.run_ready(database)
    assert folders.listed(database.settings) == []
    database.dispose()
