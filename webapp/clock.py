"""The one source of "now". Tests stop it; nothing else in the product asks the machine for the time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_stopped: ContextVar[datetime | None] = ContextVar("stopped_clock", default=None)
_zone: ContextVar[str | None] = ContextVar("zone_of_the_person", default=None)
_firm_zone = os.environ.get("MORTISE_TIMEZONE") or "Asia/Shanghai"


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


def keep_firm_zone(name: str) -> None:
    """The firm's zone, for the whole process: business dates follow it, and SQLite's `localtime` (decisions 15)."""
    global _firm_zone
    _firm_zone = name
    if os.environ.get("TZ") != name:
        os.environ["TZ"] = name
        time.tzset()


def firm_zone() -> str:
    """The zone of business dates, whoever looks at them."""
    return _firm_zone


def zone() -> str:
    """The zone in which moments are shown and typed here: the person's inside `in_zone`, else the firm's."""
    return _zone.get() or _firm_zone


def is_zone(name: str) -> bool:
    """Whether `name` is a zone that is known here."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Show and take moments in the zone `name` for the length of the block (a request, an import)."""
    ZoneInfo(name)
    token = _zone.set(name)
    try:
        yield
    finally:
        _zone.reset(token)
