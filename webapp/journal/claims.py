"""What a worker does with due rows: it claims them for the length of a lease, renews it, gives back what it cannot do.

See `due` for what a row goes through; handlers need nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit
from webapp.journal import due
from webapp.journal.due import table


def claim(
    unit: Unit,
    worker: str,
    *,
    limit: int = 1,
    kinds: Iterable[str] | None = None,
    id: int | None = None,
    now: datetime | None = None,
) -> list[due.Job]:
    """Take up to `limit` rows that are due, of `kinds` (all that have a handler here), oldest first; or only `id`."""
    now = now or clock.now()
    known = due.handlers.keys() if kinds is None else list(kinds)
    ready = (
        sa.select(table.c.id)
        .where(
            due.IS_WAITING, table.c.due_at <= now, table.c.kind.in_(known), *([] if id is None else [table.c.id == id])
        )
        .order_by(table.c.due_at, table.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("ready")  # not a subquery, which PostgreSQL may run more than once
    )
    taken = (
        table.update()
        .where(table.c.id.in_(sa.select(ready.c.id)), table.c.state == due.WAITING)
        .values(
            state=due.RUNNING,
            worker=worker,
            lease_until=_lease_until(known, now),
            attempts=table.c.attempts + 1,
            error=None,
        )
        .returning(table)
    )
    return sorted((due.job_of(row) for row in unit.execute(taken)), key=lambda job: (job.due_at, job.id))


def _lease_until(kinds: list[str], now: datetime) -> Any:
    """When the lease of a row ends, by its kind."""
    leases = {kind: now + due.handlers.get(kind).lease for kind in kinds if kind in due.handlers}
    special = {kind: end for kind, end in leases.items() if end != now + due.LEASE}
    usual = sa.bindparam("lease", now + due.LEASE, type_=table.c.lease_until.type)
    if not special:
        return usual
    whens = [(table.c.kind == kind, sa.literal(end, table.c.lease_until.type)) for kind, end in special.items()]
    return sa.case(*whens, else_=usual)


def heartbeat(unit: Unit, job: due.Job, lease: timedelta = due.LEASE) -> bool:
    """Renew the lease; True if somebody asked to cancel. Raises `LeaseLost`."""
    due.change(unit, job, lease_until=clock.now() + lease)
    return bool(unit.execute(sa.select(table.c.is_cancel_asked).where(table.c.id == job.id)).scalar())


def fail(unit: Unit, job: due.Job, error: str, *, after: timedelta | None = None) -> str:
    """This try went wrong: wait for the next one, or give up after the last. Returns the new state."""
    rule = due.handlers.get(job.kind)
    if job.attempts >= rule.attempts:
        due.end(unit, job, due.FAILED, error)
        return due.FAILED
    pause = after if after is not None else rule.backoff[min(job.attempts, len(rule.backoff)) - 1]
    due.change(unit, job, state=due.WAITING, due_at=clock.now() + pause, error=error, lease_until=None, worker=None)
    return due.WAITING


def give_back(unit: Unit, job: due.Job) -> None:
    """Let another worker have it at once; this try does not count."""
    due.change(unit, job, state=due.WAITING, attempts=table.c.attempts - 1, lease_until=None, worker=None)


def give_back_orphan(unit: Unit, job: due.Job) -> None:
    """The worker died, and nobody here knows the kind: it waits for a worker that does."""
    due.change(unit, job, state=due.WAITING, lease_until=None, worker=None)


def cancelled(unit: Unit, job: due.Job) -> None:
    """The handler has stopped because it was asked to."""
    due.end(unit, job, due.CANCELLED, None)
