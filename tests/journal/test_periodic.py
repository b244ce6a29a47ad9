from datetime import UTC, datetime, time, timedelta

import pytest

from webapp import clock
from webapp.db import Database
from webapp.journal import due, keeping, periodic, work

NOW = datetime(2026, 11, 22, 9, 2, 30, tzinfo=UTC)


@pytest.fixture
def alone():
    """Only the work that the test registers; returns (register, minutes that ran)."""
    kept, ran = dict(periodic.works._kinds), []
    periodic.works._kinds.clear()
    names = []

    def register(**settings):
        names.append("periodic.test")
        periodic.every("test", **settings)(lambda database, job: ran.append(job.payload["minute"]))
        return ran

    yield register
    periodic.works._kinds.clear()
    periodic.works._kinds.update(kept)
    for name in names:
        due.handlers._kinds.pop(name, None)


def turn(database, at):
    with clock.stopped(at):
        work.sweep(database)
        work.run_ready(database)


def test_periodic_work_is_done_once_a_slot_by_two_workers(database: Database, alone):
    ran = alone(minutes=5)
    for seconds in (0, 15, 30, 45, 150, 165):
        turn(database, NOW + timedelta(seconds=seconds))
        turn(database, NOW + timedelta(seconds=seconds))
    assert ran == ["2026-11-22T09:00:00Z", "2026-11-22T09:05:00Z"]


@pytest.mark.parametrize(("catch_up", "count"), [("once", 1), ("each", 6), ("skip", 0)])
def test_missed_minutes_are_caught_up_with_as_the_work_says(database: Database, alone, catch_up, count):
    ran = alone(minutes=10, catch_up=catch_up)
    turn(database, NOW.replace(minute=0))
    assert len(ran) == 1
    turn(database, NOW + timedelta(hours=1, minutes=3))  # nothing ran for an hour
    assert len(ran) == 1 + count


def test_a_look_back_ends_after_a_day(database: Database, alone):
    ran = alone(minutes=60, catch_up="each")
    turn(database, NOW)
    turn(database, NOW + timedelta(days=10))
    assert len(ran) == 1 + 24


def test_a_time_of_day_is_the_firms(database: Database, alone):
    ran = alone(at="08:00")  # Asia/Shanghai
    for hour in range(48):
        turn(database, NOW + timedelta(hours=hour))
    assert ran == ["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"]


def test_a_time_of_day_keeps_when_the_clocks_change():
    day = periodic.Work("x", at=time(8, 0))
    begin = datetime(2026, 10, 24, tzinfo=UTC)
    slots = list(day.slots(begin, begin + timedelta(days=2), "Europe/Berlin"))
    assert [slot.hour for slot in slots] == [6, 7]


def test_old_jobs_are_forgotten_and_open_ones_are_not(database: Database):
    old = NOW - timedelta(days=31)
    with clock.stopped(old), database.write() as unit:
        done, waiting = (due.add(unit, "nobody", key, {}) for key in "ab")
        due.cancel(unit, done)
    with clock.stopped(NOW):
        with database.write() as unit:
            job = due.get(unit, due.add(unit, "periodic.forget", "x", {}))
        assert keeping.forget(database, job) == {"jobs": 1, "answers": 0}
    with database.read() as unit:
        assert {found.id for found in due.listed(unit)} == {waiting, job.id}


def test_the_log_of_sqlite_is_brought_back_into_its_file(sqlite_database: Database):
    with sqlite_database.write() as unit:
        due.add(unit, "nobody", "x", {})
    keeping.checkpoint(sqlite_database)
    with sqlite_database.read() as unit:
        assert len(due.listed(unit)) == 1
