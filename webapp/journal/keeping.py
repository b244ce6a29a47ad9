"""The journal's own periodic work: sealing, and forgetting what is no longer needed."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Database
from webapp.journal import periodic, seals
from webapp.journal.due import Job
from webapp.journal.tables import due as due_table
from webapp.journal.tables import idempotency

KEEP_JOBS = timedelta(days=30)
KEEP_ANSWERS = timedelta(days=7)
KEEP_MINUTES = timedelta(days=7)
_CHUNK = 200


@periodic.every("seal", minutes=5)
def seal(database: Database, job: Job) -> dict[str, Any]:
    return {"events": seals.seal(database)}


@periodic.every("forget", at="03:30")
def forget(database: Database, job: Job) -> dict[str, Any]:
    """Drop finished jobs after 30 days, kept answers and claimed minutes after 7."""
    now = clock.now()
    jobs = _drop(database, due_table, due_table.c.finished_at < now - KEEP_JOBS)
    answers = _drop(database, idempotency, idempotency.c.at < now - KEEP_ANSWERS)
    with database.write() as unit:
        periodic.forget(unit, now - KEEP_MINUTES)
    return {"jobs": jobs, "answers": answers}


def _drop(database: Database, table: sa.Table, condition: Any) -> int:
    """Delete in chunks, and leave the writer to others for as long as each took (decisions 30)."""
    dropped = 0
    key = sa.tuple_(*table.primary_key.columns)
    while True:
        began = time.monotonic()
        with database.write() as unit:
            some = sa.select(*table.primary_key.columns).where(condition).limit(_CHUNK)
            count = unit.execute(table.delete().where(key.in_(some))).rowcount
        dropped += count
        if count < _CHUNK:
            return dropped
        time.sleep(max(0.005, time.monotonic() - began))


def checkpoint(database: Database) -> None:
    """On SQLite: bring the log back into the file, so that it does not grow under long readers."""
    if not database.is_sqlite:
        return
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # out of the transaction that every connection begins with
        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        connection.exec_driver_sql("BEGIN")
