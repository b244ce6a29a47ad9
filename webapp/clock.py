"""The one source of "now". Tests stop it; nothing else in the product asks the machine for the time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_stopped: ContextVar[datetime | None] = ContextVar("stopped_clock", default=None)
_zone: ContextVar[str | None] = ContextVar("zone_of_the_person", default=None)


def now() -> datetime:
    """The present moment in UTC, time-zone aware, with microseconds."""
    return _stopped.get() or datetime.now(UTC)


def today(zone: str) -> date:
    """The business date in `zone` (an IANA name such as ``Asia/Shanghai``)."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` (aware) for the length of the block."""
    if at.tzinfo is None:
        raise ValueError("the clock is stopped at an aware moment only")
    token = _stopped.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _stopped.reset(token)


def zone() -> str:
    """The zone in which moments are shown and typed here: the person's inside `in_zone`, else the firm's."""
    return _zone.get() or os.environ.get("MORTISE_TIMEZONE") or "Asia/Shanghai"


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Show and take moments in the zone `name` for the length of the block (a request, an import)."""
    ZoneInfo(name)
    token = _zone.set(name)
    try:
        yield
    finally:
        _zone.reset(token)
