"""Months of the journal on PostgreSQL, each a partition of its own, made before they begin."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit

#: What partitions of the journal are called.
NAME = re.compile(r"m__event_(default|y\d{4}m\d{2})")


def month_after(moment: datetime, months: int = 0) -> datetime:
    """The first moment (UTC) of the month `months` after that of `moment`."""
    count = moment.year * 12 + moment.month - 1 + months
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def ensure(unit: Unit, *, months: int = 3, now: datetime | None = None) -> list[str]:
    """Make what is missing of this and the next `months` months; returns the names made. Nothing on SQLite."""
    if unit.dialect != "postgresql":
        return []
    made = []
    now = now or clock.now()
    for offset in range(months + 1):
        begin, end = month_after(now, offset), month_after(now, offset + 1)
        name = f"m__event_y{begin:%Y}m{begin:%m}"
        if _exists(unit, name) or _has_strays(unit, begin, end):
            continue
        unit.execute(
            sa.text(
                f"CREATE TABLE {name} PARTITION OF m__event"
                f" FOR VALUES FROM ('{begin:%Y-%m-%d} 00:00:00+00') TO ('{end:%Y-%m-%d} 00:00:00+00')"
            )
        )
        made.append(name)
    return made


def _exists(unit: Unit, name: str) -> bool:
    return unit.execute(sa.select(sa.func.to_regclass(name))).scalar() is not None


def _has_strays(unit: Unit, begin: datetime, end: datetime) -> bool:
    """Events of that month already in the default partition: they stay there, and so does their month."""
    query = sa.text("SELECT EXISTS (SELECT 1 FROM m__event_default WHERE at >= :begin AND at < :end)")
    return bool(unit.execute(query, {"begin": begin, "end": end}).scalar())
