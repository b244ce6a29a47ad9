"""A worker of its own process for tests: `python -m tests.worker.worker_process`, settings from the environment.

Its one kind of job writes a row when it starts and, in the unit that finishes it, a row for its effect.
"""

import os
import time
from datetime import timedelta

import sqlalchemy as sa

from webapp.config import Settings
from webapp.db import Database, Unit
from webapp.journal import due

KIND = "test.effect"


def make_tables(unit: Unit) -> None:
    unit.execute(sa.text("CREATE TABLE begun (job bigint, worker text)"))
    unit.execute(sa.text("CREATE TABLE effect (job bigint, worker text)"))


def rows(database: Database, table: str) -> list[tuple[int, str]]:
    with database.read() as unit:
        return [tuple(row) for row in unit.execute(sa.text(f"SELECT job, worker FROM {table} ORDER BY job"))]


def note(unit: Unit, table: str, job: due.Job) -> None:
    unit.execute(sa.text(f"INSERT INTO {table} VALUES (:job, :worker)"), {"job": job.id, "worker": str(os.getpid())})


def main() -> None:
    import tasks

    @due.handler(KIND, lease=timedelta(seconds=2), attempts=50)  # a killed worker's jobs come back within the test
    def effect(database, job):
        with database.write() as unit:
            note(unit, "begun", job)
        time.sleep(job.payload["seconds"])
        with database.write() as unit:
            note(unit, "effect", job)
            due.finish(unit, job)

    database = Database(Settings.from_env())
    print("ready", flush=True)
    tasks.run_worker(database, threads=4, sweep_every=0.5, ends_within=2.5)


if __name__ == "__main__":
    main()
