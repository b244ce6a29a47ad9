"""Periodic work: its minutes are claimed by name, so that it is done once however many workers there are.

Each minute that comes becomes a due row in the transaction that claims it. After a time in which nothing ran, the
missed minutes of the last `look_back` are done each (`catch_up="each"`), only the latest (`"once"`) or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp.db import Database, Unit
from webapp.journal import due
from webapp.journal.tables import periodic as table
from webapp.registry import Registry

#: After this long, work that is not caught up with is skipped.
TOO_LATE = timedelta(minutes=2)


@dataclass(frozen=True)
class Work:
    """`minutes` between two times, or `at` a time of day (`HH:MM`, the firm's zone)."""

    key: str
    minutes: int | None = None
    at: time | None = None
    catch_up: str = "once"  # once, each, skip
    look_back: timedelta = timedelta(days=1)

    def slots(self, since: datetime, until: datetime, zone: str) -> Iterator[datetime]:
        """Its times after `since`, up to and with `until`, oldest first, in UTC."""
        if self.minutes is not None:
            step = self.minutes * 60
            first = int(since.timestamp()) // step + 1
            for number in range(first, int(until.timestamp()) // step + 1):
                yield datetime.fromtimestamp(number * step, UTC)
            return
        assert self.at is not None
        day = since.astimezone(ZoneInfo(zone)).date()
        while True:
            slot = datetime.combine(day, self.at, ZoneInfo(zone)).astimezone(UTC)
            if slot > until:
                return
            if slot > since:
                yield slot
            day += timedelta(days=1)


works: Registry[Work] = Registry("periodic work")


def every(
    key: str, *, minutes: int | None = None, at: str | None = None, catch_up: str = "once", **handling: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `fn(database, job)` to run every `minutes` or daily `at`; `job.payload["minute"]` is its time."""
    if (minutes is None) == (at is None):
        raise ValueError("periodic work has minutes or a time of day")
    works.register(Work(key, minutes, time.fromisoformat(at) if at else None, catch_up))
    return due.handler(f"periodic.{key}", **handling)


def claim_all(database: Database, now: datetime) -> int:
    """Make due rows of all minutes that have come and that nobody claimed; returns how many."""
    made = 0
    for work in works:
        with database.read() as unit:
            missed = _missed(unit, work, now)
        if missed:
            with database.write() as unit:
                made += sum(_claim(unit, work, slot, now) for slot in missed)
    return made


def _missed(unit: Unit, work: Work, now: datetime) -> list[datetime]:
    last = unit.execute(sa.select(sa.func.max(table.c.minute)).where(table.c.name == work.key)).scalar()
    since = now - work.look_back
    slots = list(work.slots(since if last is None else max(last, since), now, unit.zone))
    # Work that never ran begins with the latest time: it has no past to catch up with.
    return slots if work.catch_up == "each" and last is not None else slots[-1:]


def _claim(unit: Unit, work: Work, slot: datetime, now: datetime) -> bool:
    """Take one minute and make its due row; False if somebody else has it or it is too late for it."""
    from sqlalchemy.dialects import postgresql, sqlite

    module = postgresql if unit.dialect == "postgresql" else sqlite
    claim = module.insert(table).values(name=work.key, minute=slot).on_conflict_do_nothing()
    if unit.execute(claim.returning(table.c.name)).first() is None or (
        work.catch_up == "skip" and now - slot > TOO_LATE
    ):
        return False
    minute = slot.isoformat().replace("+00:00", "Z")
    due.add(unit, f"periodic.{work.key}", minute, {"minute": minute})
    return True


def forget(unit: Unit, before: datetime) -> None:
    """Drop claims older than `before`, all but the latest of each name."""
    latest = sa.select(sa.func.max(table.c.minute)).group_by(table.c.name)
    unit.execute(table.delete().where(table.c.minute < before, table.c.minute.not_in(latest)))
