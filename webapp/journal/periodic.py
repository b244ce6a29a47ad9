"""Periodic work: its minutes are claimed by name, so that it is done once however many workers there are.

Each minute that comes becomes a due row in the transaction that claims it. After a time in which nothing ran, the
missed minutes of the last `look_back` are done each (`catch_up="each"`), only the latest (`"once"`) or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
    """`minutes` between two times, or `at` a time of day (`HH:MM`, the firm's zone).

    chosen  asked for the time of day instead, where people choose it: None while they want none. Such work begins
            with the next time after it was first seen, not with the latest
    """

    key: str
    minutes: int | None = None
    at: time | None = None
    catch_up: str = "once"  # once, each, skip
    look_back: timedelta = timedelta(days=1)
    chosen: Callable[[Unit], time | None] | None = None

    def as_chosen(self, unit: Unit) -> Work | None:
        """This work at the time that is chosen now; None if it is not wanted."""
        if self.chosen is None:
            return self
        at = self.chosen(unit)
        return replace(self, at=at) if at is not None else None

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
    key: str,
    *,
    minutes: int | None = None,
    at: str | Callable[[Unit], time | None] | None = None,
    catch_up: str = "once",
    **handling: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `fn(database, job)` to run every `minutes` or daily `at`; `job.payload["minute"]` is its time.

    at  a time of day, or a function that is asked for it (`Work.chosen`)
    """
    if (minutes is None) == (at is None):
        raise ValueError("periodic work has minutes or a time of day")
    fixed = time.fromisoformat(at) if isinstance(at, str) else None
    works.register(Work(key, minutes, fixed, catch_up, chosen=at if callable(at) else None))
    return due.handler(f"periodic.{key}", **handling)


def claim_all(database: Database, now: datetime) -> int:
    """Make due rows of all minutes that have come and that nobody claimed; returns how many."""
    made = 0
    for work in works:
        with database.read() as unit:
            wanted = work.as_chosen(unit)
            last = _last(unit, work)
            missed = _missed(unit, wanted, last, now) if wanted is not None else []
        if missed:
            is_first = last is None and work.chosen is not None
            with database.write() as unit:
                made += sum(_claim(unit, work, slot, now, is_first=is_first) for slot in missed)
    return made


def _last(unit: Unit, work: Work) -> datetime | None:
    return unit.execute(sa.select(sa.func.max(table.c.minute)).where(table.c.name == work.key)).scalar()


def _missed(unit: Unit, work: Work, last: datetime | None, now: datetime) -> list[datetime]:
    since = now - work.look_back
    slots = list(work.slots(since if last is None else max(last, since), now, unit.zone))
    # Work that never ran begins with the latest time: it has no past to catch up with.
    return slots if work.catch_up == "each" and last is not None else slots[-1:]


def _claim(unit: Unit, work: Work, slot: datetime, now: datetime, *, is_first: bool) -> bool:
    """Take one minute and make its due row; False if somebody else has it or it is too late (`is_first`: too early)."""
    from sqlalchemy.dialects import postgresql, sqlite

    module = postgresql if unit.dialect == "postgresql" else sqlite
    claim = module.insert(table).values(name=work.key, minute=slot).on_conflict_do_nothing()
    is_taken = unit.execute(claim.returning(table.c.name)).first() is None
    if is_taken or is_first or (work.catch_up == "skip" and now - slot > TOO_LATE):
        return False
    minute = slot.isoformat().replace("+00:00", "Z")
    due.add(unit, f"periodic.{work.key}", minute, {"minute": minute})
    return True


def forget(unit: Unit, before: datetime) -> None:
    """Drop claims older than `before`, all but the latest of each name."""
    latest = sa.select(sa.func.max(table.c.minute)).group_by(table.c.name)
    unit.execute(table.delete().where(table.c.minute < before, table.c.minute.not_in(latest)))
