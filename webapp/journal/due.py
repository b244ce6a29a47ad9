"""Due rows: everything that happens later. The rows are the truth; whoever wakes a worker only points at them.

    waiting → running → done | waiting again (failed, lost or added meanwhile) | failed | cancelled

A row is claimed by an update that names the old state, for the length of a lease that the worker renews while the
handler runs. A worker that dies stops renewing, and the sweep gives the row back. Effects that must happen exactly
once are written in the unit of work that also calls `finish`: whoever lost the lease cannot commit it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Database, Unit
from webapp.errors import Conflict, NotFound
from webapp.i18n import N_, Message
from webapp.journal.events import dumps
from webapp.journal.tables import due as table
from webapp.registry import Registry

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
LEASE = timedelta(seconds=60)
#: A worker that renews its lease so much too late is held for silent; work that nobody takes for so long is told.
LATE, UNTAKEN = timedelta(seconds=5), timedelta(seconds=20)
#: Set when this process is ending.
stopping = threading.Event()
#: Literal, so that both databases see that the partial indexes over open rows serve the query.
IS_OPEN = sa.text("state IN ('waiting', 'running')")
IS_WAITING = sa.text("state IN ('waiting', 'running') AND state = 'waiting'")


class Cancelled(Exception):
    """Somebody asked to end this job; the handler lets it pass through (or tidies up and raises it again)."""


class LeaseLost(Exception):
    """This worker was held for dead and the job was given to another; nothing of it may be committed any more."""


class Stopping(Exception):
    """This process is ending: the job goes back as it is, and the try does not count."""


class Retry(Exception):
    """Raised by a handler: not now, try again after `after`. Counts as an attempt."""

    def __init__(self, reason: str, after: timedelta) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True)
class Handler:
    """Who does the jobs of one kind.

    attempts   how often it is tried before it counts as failed
    backoff    pauses between tries; the last one repeats
    limit      a handler that runs longer is held for hung: its lease is no longer renewed
    title      what people call such work; None: it is not theirs to know
    is_repeatable   doing it once more does nothing twice: it finds what is left
    """

    key: str
    run: Callable[[Database, Job], Mapping[str, Any] | None]
    attempts: int = 5
    backoff: tuple[timedelta, ...] = tuple(timedelta(seconds=s) for s in (5, 60, 300, 1800))
    lease: timedelta = LEASE
    limit: timedelta = timedelta(hours=6)
    title: Message | None = None
    is_repeatable: bool = False


handlers: Registry[Handler] = Registry("job")


def handler(kind: str, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `fn(database, job) -> result or None` as the one who does jobs of `kind`; see `Handler`."""

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        handlers.register(Handler(kind, fn, **settings))
        return fn

    return register


@dataclass
class Job:
    """One due row. `attempts` counts this try as well; `actor` is the member on whose behalf it runs."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    actor: int | None
    state: str
    due_at: datetime
    attempts: int
    worker: str | None
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: str | None
    is_cancel_asked: bool
    created_at: datetime
    finished_at: datetime | None
    lease_until: datetime | None = None
    is_finished: bool = field(default=False, compare=False)  # by the handler itself, in its own unit of work


def title_of(job: Job) -> Message | str:
    """What people call this work; its key where nobody has named it."""
    found = handlers.get(job.kind) if job.kind in handlers else None
    return found.title if found is not None and found.title is not None else job.kind


def may_repeat(job: Job) -> bool:
    """Whether it failed or was ended, and nothing would then be done twice."""
    if job.state not in (FAILED, CANCELLED) or job.kind not in handlers:
        return False
    return handlers.get(job.kind).is_repeatable or not job.progress


def job_of(row: Any) -> Job:
    """A row of the table as a job."""
    names = Job.__dataclass_fields__
    values = {key: value for key, value in row._mapping.items() if key in names}
    for key in ("payload", "progress", "result"):
        values[key] = json.loads(values[key]) if values[key] else None
    return Job(**values)


# --- adding -----------------------------------------------------------------------------------------------------


def add(
    unit: Unit,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    actor: int | None = None,
    at: datetime | None = None,
) -> int:
    """Make `kind` due under `key` at `at` (now); returns the row's id. Written with the rest of the unit.

    There is one open row for a kind and key: adding again merges the payload into it (lists are joined without
    doubles, other values replaced) and keeps the earlier time. If it is running at that moment, it runs once more.
    """
    at = at or clock.now()
    if at <= clock.now():
        _wake_after(unit)
    values = {
        "kind": kind,
        "key": key,
        "payload": dumps(payload),
        "actor": actor,
        "state": WAITING,
        "due_at": at,
        "created_at": clock.now(),
    }
    while True:
        found = unit.execute(_insert(unit).values(values).returning(table.c.id)).scalar()
        if found is not None:
            return int(found)
        found = _merge(unit, kind, key, payload, at)
        if found is not None:
            return found


def _insert(unit: Unit) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    module = postgresql if unit.dialect == "postgresql" else sqlite
    return module.insert(table).on_conflict_do_nothing(index_elements=["kind", "key"], index_where=IS_OPEN)


def _merge(unit: Unit, kind: str, key: str, payload: Mapping[str, Any], at: datetime) -> int | None:
    """Put `payload` into the open row; None if there is none any more."""
    query = sa.select(table).where(table.c.kind == kind, table.c.key == key, IS_OPEN).with_for_update()
    row = unit.execute(query).first()
    if row is None:
        return None
    change = table.update().where(table.c.id == row.id)
    if row.state == WAITING:
        merged = dumps(merge(json.loads(row.payload), payload))
        unit.execute(change.values(payload=merged, due_at=min(row.due_at, at)))
    else:
        again = dumps(merge(json.loads(row.again) if row.again else {}, payload))
        unit.execute(change.values(again=again, again_at=min(row.again_at or at, at)))
    return int(row.id)


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Two payloads as one: lists are joined without doubles, of other values the newer stands."""
    merged = dict(old)
    for key, value in json.loads(dumps(new)).items():
        kept = merged.get(key)
        if isinstance(kept, list) and isinstance(value, list):
            merged[key] = kept + [v for v in value if v not in kept]
        else:
            merged[key] = value
    return merged


class _Wake:
    """One call a unit, however many rows it added; gone with the savepoint it was added in."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        for waker in _wakers:
            waker(self.count)


_wakers: list[Callable[[int], object]] = []


def on_added(waker: Callable[[int], object]) -> None:
    """`waker(count)` is called after the commit of each unit that added work for now. It must not raise."""
    _wakers.append(waker)


def off_added(waker: Callable[[int], object]) -> None:
    """Call it no more."""
    _wakers.remove(waker)


def _wake_after(unit: Unit) -> None:
    wake = unit.memo.setdefault("due.wake", _Wake())
    wake.count += 1
    if not unit.awaits(wake):
        unit.after_commit(wake)


# --- while it runs, and its end -------------------------------------------------------------------------------------


def _is_mine(job: Job) -> Any:
    return (
        (table.c.id == job.id)
        & (table.c.state == RUNNING)
        & (table.c.worker == job.worker)
        & (table.c.attempts == job.attempts)
    )


def change(unit: Unit, job: Job, **values: Any) -> None:
    """Change the row of a job that this worker still holds, else `LeaseLost`."""
    if unit.execute(table.update().where(_is_mine(job)).values(values)).rowcount != 1:
        raise LeaseLost(f"{job.kind} {job.key}")


def progress(database: Database, job: Job, done: int, total: int | None = None, note: str | None = None) -> None:
    """Tell how far it is. A long handler calls it between its units, and lets pass through what it raises:
    `Cancelled` when somebody asked to end it, `Stopping` when this worker ends, `LeaseLost` when it is not ours.
    """
    with database.write() as unit:
        change(unit, job, progress=dumps({"done": done, "total": total, "note": note}))
        asked = unit.execute(sa.select(table.c.is_cancel_asked).where(table.c.id == job.id)).scalar()
    if asked:
        raise Cancelled
    if stopping.is_set():
        raise Stopping


def keep(unit: Unit, job: Job, progress: Mapping[str, Any]) -> None:
    """Write down how far it is in the unit that does it, so that the next try goes on there. Raises as `progress`."""
    change(unit, job, progress=dumps(progress))
    if unit.execute(sa.select(table.c.is_cancel_asked).where(table.c.id == job.id)).scalar():
        raise Cancelled
    if stopping.is_set():
        raise Stopping


def give_up(unit: Unit, job: Job, error: str, result: Mapping[str, Any] | None = None) -> None:
    """Trying again would not help: it has failed. Called by the handler, which then returns."""
    job.is_finished = True
    end(unit, job, FAILED, error)
    unit.execute(table.update().where(table.c.id == job.id).values(result=dumps(result or {})))


def finish(unit: Unit, job: Job, result: Mapping[str, Any] | None = None) -> None:
    """It is done: call it in the unit that writes its effects, and they happen exactly once. Raises `LeaseLost`.

    A row that was added again while it ran waits once more.
    """
    job.is_finished = True
    again = unit.execute(sa.select(table.c.again, table.c.again_at).where(_is_mine(job)).with_for_update()).first()
    if again is not None and again.again_at is not None:
        change(unit, job, **_fresh(again))
        if again.again_at <= clock.now():
            _wake_after(unit)
    else:
        change(unit, job, state=DONE, result=dumps(result or {}), finished_at=clock.now(), lease_until=None)


def _fresh(row: Any) -> dict[str, Any]:
    return {
        "state": WAITING,
        "payload": row.again,
        "due_at": row.again_at,
        "again": None,
        "again_at": None,
        "attempts": 0,
        "lease_until": None,
        "progress": None,
        "is_cancel_asked": False,
    }


def end(unit: Unit, job: Job, state: str, error: str | None) -> None:
    """It has not been done and will not be; a row that was added again while it ran waits once more."""
    again = unit.execute(sa.select(table.c.again, table.c.again_at).where(_is_mine(job)).with_for_update()).first()
    if again is not None and again.again_at is not None:
        change(unit, job, **_fresh(again), error=error)
    else:
        change(unit, job, state=state, error=error, finished_at=clock.now(), lease_until=None)


def cancel(unit: Unit, id: int) -> str:
    """End a job: a waiting one at once, a running one at its next `progress`. Returns its state afterwards."""
    at_once = table.update().where(table.c.id == id, table.c.state == WAITING)
    if unit.execute(at_once.values(state=CANCELLED, finished_at=clock.now())).rowcount:
        return CANCELLED
    asked = table.update().where(table.c.id == id, table.c.state == RUNNING)
    if unit.execute(asked.values(is_cancel_asked=True)).rowcount:
        return RUNNING
    job = get(unit, id)
    raise Conflict(N_("Job {id} is already {state}.", id=id, state=job.state), state=job.state)


# --- looking ----------------------------------------------------------------------------------------------------


def get(unit: Unit, id: int) -> Job:
    row = unit.execute(sa.select(table).where(table.c.id == id)).first()
    if row is None:
        raise NotFound(N_("There is no job {id}.", id=id))
    return job_of(row)


def trouble(job: Job, *, now: datetime | None = None) -> Message | None:
    """Why an open job does not get on, for whoever waits for it; None while all is well."""
    now = now or clock.now()
    if job.state == WAITING and job.error and job.due_at > now:
        seconds = int((job.due_at - now).total_seconds()) + 1
        return N_("It went wrong and is tried again in {n} s.", n=seconds)
    if job.state == WAITING and now - job.due_at > UNTAKEN:
        return N_("No worker has taken it yet. Is one running?")
    if job.state != RUNNING or job.lease_until is None:
        return None
    left = job.lease_until - now
    if left <= -UNTAKEN:
        return N_("The worker that did it has ended, and no other has gone on with it. Is one running?")
    lease = handlers.get(job.kind).lease if job.kind in handlers else LEASE
    if left < lease - lease / 3 - LATE:  # it renews the lease three times in its length
        seconds = max(1, int(left.total_seconds()))
        return N_("The worker that does it no longer answers. Another one goes on in {n} s at the latest.", n=seconds)
    return None


def counts(unit: Unit) -> dict[str, int]:
    """How many jobs there are in each state; those that are done are kept for 30 days."""
    found = dict.fromkeys((WAITING, RUNNING, DONE, FAILED, CANCELLED), 0)
    found.update(unit.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state)).all())
    return found


def listed(
    unit: Unit,
    *,
    states: Iterable[str] | None = None,
    kind: str | None = None,
    actor: int | None = None,
    with_regular: bool = True,
    limit: int = 100,
) -> list[Job]:
    """Jobs, newest first. Without the regular ones (`periodic.…`) those of them that failed are still told."""
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if not with_regular:
        is_regular = table.c.kind.startswith("periodic.", autoescape=True)
        query = query.where(sa.or_(sa.not_(is_regular), table.c.state == FAILED))
    if states is not None:
        query = query.where(table.c.state.in_(list(states)))
    if kind is not None:
        query = query.where(table.c.kind == kind)
    if actor is not None:
        query = query.where(table.c.actor == actor)
    return [job_of(row) for row in unit.execute(query)]
