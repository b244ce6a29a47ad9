"""Doing what is due: claim, run, finish; and the sweep that finds what was lost."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from webapp import clock
from webapp.db import Database
from webapp.errors import MortiseError
from webapp.journal import claims, due, keeping, partitions, periodic
from webapp.journal.due import Cancelled, Job, LeaseLost, Retry, Stopping, stopping
from webapp.journal.tables import due as table

__all__ = ["abandon", "name", "run", "run_one", "run_ready", "stopping", "sweep"]
log = logging.getLogger(__name__)
_process = uuid.uuid4().hex[:6]


def _process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{_process}:"


def name() -> str:
    """A name for this thread as a worker, never used by another one."""
    return f"{_process_name()}{threading.get_ident():x}"


def run_ready(database: Database, worker: str | None = None, *, limit: int = 1000) -> int:
    """Do what is due, one row after the other, until nothing is left (or `limit` is reached); how many were done."""
    worker = worker or name()
    for count in range(limit):
        if due.stopping.is_set() or run_one(database, worker) is None:
            return count
    return limit


def run_one(database: Database, worker: str | None = None) -> str | None:
    """Claim one row and run it; its state afterwards (`lost` if the lease was), None when nothing was due."""
    worker = worker or name()
    if not _is_any_ready(database):
        return None
    with database.write() as unit:
        jobs = claims.claim(unit, worker)
    return run(database, jobs[0]) if jobs else None


def _is_any_ready(database: Database) -> bool:
    """A look without the write lock: most wakes of several workers find nothing left."""
    query = sa.select(table.c.id).where(due.IS_WAITING, table.c.due_at <= clock.now()).limit(1)
    with database.read() as unit:
        return unit.execute(query).first() is not None


def run(database: Database, job: Job) -> str:
    """Do a job this thread has claimed; its state afterwards, `lost` if it was given to another meanwhile."""
    rule = due.handlers.get(job.kind)
    try:
        with _kept_alive(database, job, rule):
            result = rule.run(database, job)
        if not job.is_finished:
            with database.write() as unit:
                due.finish(unit, job, result)
        return due.DONE
    except LeaseLost:
        log.warning("job %s %s was given to another worker", job.kind, job.key)
        return "lost"
    except Cancelled:
        return _end(database, job, None)
    except Stopping:
        with database.write() as unit:
            claims.give_back(unit, job)
        return due.WAITING
    except Retry as error:
        return _end(database, job, str(error), error.after)
    except MortiseError as error:
        log.warning("job %s %s: %s", job.kind, job.key, error)
        return _end(database, job, str(error))
    except Exception as error:
        log.exception("job %s %s went wrong", job.kind, job.key)
        return _end(database, job, f"{type(error).__name__}: {error}")


def _end(database: Database, job: Job, error: str | None, after: timedelta | None = None) -> str:
    try:
        with database.write() as unit:
            if error is None:
                claims.cancelled(unit, job)
                return due.CANCELLED
            return claims.fail(unit, job, error, after=after)
    except LeaseLost:
        return "lost"


@contextmanager
def _kept_alive(database: Database, job: Job, rule: due.Handler) -> Iterator[None]:
    """Renew the lease while the handler runs, until it has taken longer than its limit."""
    ended = threading.Event()
    pause = rule.lease.total_seconds() / 3
    beats = int(rule.limit / rule.lease * 3) + 1

    def beat() -> None:
        for _ in range(beats):
            if ended.wait(pause):
                return
            try:
                with database.write() as unit:
                    claims.heartbeat(unit, job, rule.lease)
            except LeaseLost:
                return
            except Exception:
                log.exception("the lease of job %s %s could not be renewed", job.kind, job.key)

    thread = threading.Thread(target=beat, name=f"lease-{job.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def sweep(database: Database) -> int:
    """Put right what was lost; returns how many rows are ready to run.

    Leases that ran out: the row waits again, or has failed if that was its last try. Periodic work whose minute has
    come becomes due rows. Months of the journal are made ahead.
    """
    now = clock.now()
    for id in _expired(database, now):
        _give_back(database, id, now)
    periodic.claim_all(database, now)
    keeping.checkpoint(database)
    if not database.is_sqlite:
        with database.write() as unit:
            partitions.ensure(unit, now=now)
    with database.read() as unit:
        query = sa.select(sa.func.count()).select_from(table).where(due.IS_WAITING, table.c.due_at <= now)
        return int(unit.execute(query).scalar_one())


def abandon(database: Database) -> int:
    """At the end of a worker: whatever it could not finish in time is free for others from now on."""
    mine = (table.c.state == due.RUNNING) & table.c.worker.startswith(_process_name(), autoescape=True)
    with database.write() as unit:
        return unit.execute(table.update().where(due.IS_OPEN, mine).values(lease_until=clock.now())).rowcount


def _expired(database: Database, now: datetime) -> list[int]:
    query = sa.select(table.c.id).where(due.IS_OPEN, table.c.state == due.RUNNING, table.c.lease_until <= now)
    with database.read() as unit:
        return list(unit.execute(query.limit(1000)).scalars())


def _give_back(database: Database, id: int, now: datetime) -> None:
    with database.write() as unit:
        query = sa.select(table).where(table.c.id == id, table.c.state == due.RUNNING, table.c.lease_until <= now)
        row = unit.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return
        job = due.job_of(row)
        log.warning("job %s %s was lost with worker %s (try %s)", job.kind, job.key, job.worker, job.attempts)
        if row.is_cancel_asked:
            claims.cancelled(unit, job)
        elif job.kind in due.handlers:
            claims.fail(unit, job, "the worker died", after=timedelta(0))
        else:
            claims.give_back_orphan(unit, job)
