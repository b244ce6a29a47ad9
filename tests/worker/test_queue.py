"""Workers in processes of their own: killed, doubled, cut off from the queue. Nothing is lost or done twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

import tasks
from tests.worker import worker_process
from webapp.db import Database
from webapp.journal import due, work


def wait_for(condition, seconds=30.0):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def workers(database: Database):
    """`workers(queue_url)` starts a worker process and answers when it is ready."""
    started = []

    def start(queue_url):
        env = {
            **os.environ,
            "MORTISE_DATA_DIR": str(database.settings.data_dir),
            "MORTISE_DATABASE_URL": database.settings.database_url,
            "MORTISE_QUEUE_URL": queue_url,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.worker.worker_process"], env=env, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    with database.write() as unit:
        worker_process.make_tables(unit)
    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def add(database, count, seconds=0.0):
    with database.write() as unit:
        return [due.add(unit, worker_process.KIND, str(n), {"seconds": seconds}) for n in range(count)]


def queue_url_of(database):
    return f"sqlite:///{database.settings.data_dir}/queue.db"


def connected(database, queue_url):
    import dataclasses

    return tasks.Queue(Database(dataclasses.replace(database.settings, queue_url=queue_url)))


@pytest.mark.redis
def test_two_workers_do_200_jobs_once_each_though_one_is_killed(database: Database, workers, redis_url):
    first, second = workers(redis_url), workers(redis_url)
    queue = connected(database, redis_url)
    ids = add(database, 200, seconds=0.02)
    assert queue.wake(200)
    assert wait_for(lambda: len(worker_process.rows(database, "effect")) >= 40)
    first.kill()
    assert wait_for(lambda: len(worker_process.rows(database, "effect")) >= 200, 60)
    time.sleep(0.5)
    effects = worker_process.rows(database, "effect")
    assert Counter(job for job, _ in effects) == Counter(ids)  # each once, none lost
    assert {worker for _, worker in effects} == {str(first.pid), str(second.pid)}  # both had a part
    begun = Counter(job for job, _ in worker_process.rows(database, "begun"))
    assert sum(begun.values()) <= 200 + 4  # only what the killed one had in its hands began again
    with database.read() as unit:
        assert {job.state for job in due.listed(unit, limit=300)} == {due.DONE}


def test_a_message_starts_a_job_within_a_second(database: Database, workers):
    workers(queue_url_of(database))
    time.sleep(1.5)  # asleep: polling at its slowest
    queue = connected(database, queue_url_of(database))
    begin = time.monotonic()
    add(database, 1)
    assert queue.wake()
    assert wait_for(lambda: worker_process.rows(database, "effect"))
    assert time.monotonic() - begin < 1.5


def test_a_lost_message_loses_nothing(database: Database, workers):
    workers(queue_url_of(database))
    ids = add(database, 5)  # nobody sends a message
    assert wait_for(lambda: [job for job, _ in worker_process.rows(database, "effect")] == ids)


def test_work_goes_on_while_the_queue_is_down(database: Database, workers):
    nowhere = "redis://127.0.0.1:1/0"
    queue = connected(database, nowhere)
    begin = time.monotonic()
    ids = add(database, 5)
    assert queue.wake(5) is False and queue.wake(5) is False
    assert time.monotonic() - begin < 1  # a save does not wait for a dead queue
    workers(nowhere)
    assert wait_for(lambda: [job for job, _ in worker_process.rows(database, "effect")] == ids)


def test_a_worker_that_is_asked_to_end_finishes_what_runs(database: Database, workers):
    process = workers(queue_url_of(database))
    add(database, 1, seconds=0.5)
    assert wait_for(lambda: worker_process.rows(database, "begun"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert len(worker_process.rows(database, "effect")) == 1


def test_what_does_not_end_in_time_is_given_back(database: Database, workers):
    process = workers(queue_url_of(database))
    (id,) = add(database, 1, seconds=30)
    assert wait_for(lambda: worker_process.rows(database, "begun"))
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - begin < 6
    due.handlers._kinds[worker_process.KIND] = due.Handler(worker_process.KIND, lambda *_: None)
    try:
        work.sweep(database)
    finally:
        del due.handlers._kinds[worker_process.KIND]
    with database.read() as unit:
        assert due.get(unit, id).state == due.WAITING
