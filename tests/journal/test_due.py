from datetime import UTC, datetime, timedelta

import pytest

from webapp import clock
from webapp.db import Database
from webapp.errors import Conflict, Invalid
from webapp.i18n import N_
from webapp.journal import claims, due, work

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def ran():
    """What the job kind `test.note` was given, in order; its behaviour can be changed through `ran.does`."""

    class Ran(list):
        does = staticmethod(lambda database, job: None)

    found = Ran()

    def run(database, job):
        found.append(job.payload)
        return found.does(database, job)

    due.handlers._kinds["test.note"] = due.Handler("test.note", run, attempts=3)
    yield found
    del due.handlers._kinds["test.note"]


def add(database, key="a", payload=None, **more):
    with database.write() as unit:
        return due.add(unit, "test.note", key, payload or {}, **more)


def get(database, id):
    with database.read() as unit:
        return due.get(unit, id)


def test_a_job_runs_once_and_is_done(database: Database, ran):
    ran.does = lambda database, job: {"seen": 1}
    id = add(database, payload={"record": 5}, actor=7)
    assert work.run_ready(database) == 1
    assert work.run_ready(database) == 0
    job = get(database, id)
    assert ran == [{"record": 5}]
    assert (job.state, job.result, job.actor, job.attempts) == (due.DONE, {"seen": 1}, 7, 1)


def test_a_job_for_later_waits_for_its_time(database: Database, ran):
    with clock.stopped(NOW):
        add(database, at=NOW + timedelta(minutes=10))
        assert work.run_ready(database) == 0
    with clock.stopped(NOW + timedelta(minutes=10)):
        assert work.run_ready(database) == 1


def test_adding_again_merges_and_keeps_the_earlier_time(database: Database, ran):
    with clock.stopped(NOW):
        id = add(database, payload={"records": [1, 2], "to": "x"}, at=NOW + timedelta(hours=1))
        assert add(database, payload={"records": [2, 3], "to": "y"}, at=NOW + timedelta(hours=2)) == id
        assert get(database, id).due_at == NOW + timedelta(hours=1)
    with clock.stopped(NOW + timedelta(hours=1)):
        work.run_ready(database)
    assert ran == [{"records": [1, 2, 3], "to": "y"}]


def test_adding_while_it_runs_makes_it_run_once_more(database: Database, ran):
    def again(database, job):
        if len(ran) == 1:
            add(database, payload={"n": 2})
            add(database, payload={"m": 3})

    ran.does = again
    id = add(database, payload={"n": 1})
    assert work.run_ready(database) == 2
    assert ran == [{"n": 1}, {"n": 2, "m": 3}]
    assert get(database, id).state == due.DONE


def test_a_finished_key_can_be_added_anew(database: Database, ran):
    first = add(database)
    work.run_ready(database)
    assert add(database) != first


def test_a_failed_job_is_tried_again_after_growing_pauses_and_then_given_up(database: Database, ran):
    def fails(database, job):
        raise Invalid(N_("The address is wrong."))

    ran.does = fails
    with clock.stopped(NOW):
        id = add(database)
        work.run_ready(database)
        assert get(database, id).due_at == NOW + timedelta(seconds=5)
        assert work.run_ready(database) == 0
    with clock.stopped(NOW + timedelta(seconds=5)):
        work.run_ready(database)
        assert get(database, id).due_at == NOW + timedelta(seconds=65)
    with clock.stopped(NOW + timedelta(seconds=65)):
        work.run_ready(database)
    job = get(database, id)
    assert (job.state, job.attempts, job.error) == (due.FAILED, 3, "The address is wrong.")


def test_a_handler_may_ask_to_be_called_later(database: Database, ran):
    def later(database, job):
        raise due.Retry("asked to wait", timedelta(minutes=7))

    ran.does = later
    with clock.stopped(NOW):
        id = add(database)
        work.run_ready(database)
    assert get(database, id).due_at == NOW + timedelta(minutes=7)


def test_a_waiting_job_is_cancelled_at_once(database: Database, ran):
    id = add(database)
    with database.write() as unit:
        assert due.cancel(unit, id) == due.CANCELLED
    assert work.run_ready(database) == 0
    with database.write() as unit, pytest.raises(Conflict):
        due.cancel(unit, id)


def test_a_running_job_ends_where_it_tells_its_progress(database: Database, ran):
    def counts(database, job):
        for n in range(10):
            if n == 3:
                with database.write() as unit:
                    assert due.cancel(unit, job.id) == due.RUNNING
            due.progress(database, job, n, 10, "rows")

    ran.does = counts
    id = add(database)
    assert work.run_one(database) == due.CANCELLED
    job = get(database, id)
    assert (job.state, job.progress) == (due.CANCELLED, {"done": 3, "total": 10, "note": "rows"})


def test_the_work_of_a_dead_worker_is_given_to_another(database: Database, ran):
    with clock.stopped(NOW):
        id = add(database)
        with database.write() as unit:
            (job,) = claims.claim(unit, "dead")
        work.sweep(database)
        work.run_ready(database)
        assert ran == []
    with clock.stopped(NOW + due.LEASE + timedelta(seconds=1)):
        assert work.sweep(database) >= 1
        work.run_ready(database)
    assert get(database, id).state == due.DONE
    with database.write() as unit, pytest.raises(due.LeaseLost):
        due.finish(unit, job)  # the dead one was only slow: too late


def test_a_job_that_kills_its_worker_every_time_is_given_up(database: Database, ran):
    at = NOW
    with clock.stopped(at):
        id = add(database)
    for _ in range(3):
        with clock.stopped(at), database.write() as unit:
            assert claims.claim(unit, "dies", kinds=["test.note"])
        at += due.LEASE + timedelta(seconds=1)
        with clock.stopped(at):
            work.sweep(database)
    job = get(database, id)
    assert (job.state, job.error) == (due.FAILED, "the worker died")


def test_effects_written_with_finish_happen_once_even_if_the_lease_was_lost(database: Database, ran):
    from webapp.access.tables import setting

    def slow(database, job):
        with clock.stopped(clock.now() + timedelta(hours=1)):
            work.sweep(database)  # meanwhile the others hold it for dead
            with database.write() as unit:
                unit.execute(setting.insert().values(key="sent", value="1"))
                due.finish(unit, job)

    ran.does = slow
    add(database)
    assert work.run_one(database) == "lost"
    with database.read() as unit:
        assert unit.execute(setting.select()).all() == []


def test_what_is_added_in_a_unit_that_fails_is_not_due(database: Database, ran):
    with pytest.raises(ZeroDivisionError), database.write() as unit:
        due.add(unit, "test.note", "a", {})
        raise ZeroDivisionError
    assert work.run_ready(database) == 0


def test_a_unit_wakes_the_workers_once_after_its_commit(database: Database, ran):
    woken = []
    heard = woken.append
    due.on_added(heard)
    try:
        with database.write() as unit:
            for n in range(3):
                due.add(unit, "test.note", str(n), {})
            with pytest.raises(ZeroDivisionError), unit.savepoint():
                due.add(unit, "test.note", "gone", {})
                raise ZeroDivisionError
            due.add(unit, "test.note", "later", {}, at=clock.now() + timedelta(hours=1))
            assert woken == []
        assert len(woken) == 1
    finally:
        due.off_added(heard)
    assert work.run_ready(database) == 3


def test_jobs_are_done_in_the_order_they_became_due(database: Database, ran):
    with clock.stopped(NOW):
        add(database, "b", {"n": 2}, at=NOW - timedelta(minutes=1))
        add(database, "a", {"n": 1}, at=NOW - timedelta(minutes=2))
        add(database, "c", {"n": 3})
        work.run_ready(database)
    assert ran == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_whoever_waits_is_told_what_keeps_a_job(database: Database, ran):
    id = add(database)
    now = clock.now()

    def said(seconds: int) -> str:
        with database.read() as unit:
            return str(due.trouble(due.get(unit, id), now=now + timedelta(seconds=seconds)) or "")

    assert said(1) == "" and "No worker has taken it" in said(30)
    with database.write() as unit:
        (job,) = claims.claim(unit, "w1", now=now)
    assert said(19) == "", "a lease is renewed every 20 seconds"
    assert "goes on in 30 s" in said(30), "its worker has missed that"
    assert "no other has gone on" in said(90)
    with database.write() as unit:
        claims.fail(unit, job, "ValueError: secret", after=timedelta(seconds=60))
    assert "tried again in" in said(5) and "secret" not in said(5)
    with database.write() as unit:
        due.cancel(unit, id)
    assert said(900) == ""


def test_each_kind_has_its_own_lease(database: Database, ran):
    due.handlers._kinds["test.quick"] = due.Handler("test.quick", lambda *_: None, lease=timedelta(seconds=5))
    try:
        with clock.stopped(NOW), database.write() as unit:
            quick, usual = due.add(unit, "test.quick", "a", {}), due.add(unit, "test.note", "a", {})
            claims.claim(unit, "w", limit=2)
            ends = dict(unit.execute(due.sa.select(due.table.c.id, due.table.c.lease_until)).all())
    finally:
        del due.handlers._kinds["test.quick"]
    assert (ends[quick], ends[usual]) == (NOW + timedelta(seconds=5), NOW + due.LEASE)


def test_a_long_handler_keeps_its_lease(database: Database, ran):
    import time

    due.handlers._kinds["test.note"] = due.Handler(
        "test.note", due.handlers.get("test.note").run, lease=timedelta(seconds=0.6)
    )
    ran.does = lambda database, job: time.sleep(1.5) or (work.sweep(database) and None)
    id = add(database)
    assert work.run_one(database) == due.DONE
    assert get(database, id).attempts == 1


def test_the_open_rows_are_found_through_their_index(database: Database):
    import sqlalchemy as sa

    query = sa.select(due.table.c.id).where(due.IS_WAITING, due.table.c.due_at <= NOW).order_by(due.table.c.due_at)
    with database.read() as unit:
        if unit.dialect == "postgresql":
            unit.execute(sa.text("SET LOCAL enable_seqscan = off"))
            explain = "EXPLAIN "
        else:
            explain = "EXPLAIN QUERY PLAN "
        text = str(query.compile(unit.connection, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(str(row) for row in unit.execute(sa.text(explain + text.replace(":", "\\:"))))
    assert "ix_m__due_open" in plan
