"""The one source of "now". Tests stop it; nothing else in the product asks the machine for the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_stopped: ContextVar[datetime | None] = ContextVar("stopped_clock", default=None)


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
