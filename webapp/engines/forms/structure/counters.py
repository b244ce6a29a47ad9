"""Counters of serial numbers (decisions 18): unique and rising, one row a field and period.

On SQLite, and wherever a field is `gap_free`, the counter is taken in the record's own transaction: no number is lost.
On PostgreSQL that would make all who create records of a form wait for one another, so a process takes a range at
once; what is left of it can be used once its transaction has committed, and is lost when the process ends.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from webapp.db import Unit, metadata

RANGE = 20

counter = sa.Table(
    "m__counter",
    metadata,
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),  # "", 2026, 202611 or 20261122
    sa.Column("last", sa.BigInteger, nullable=False),  # the last number given out
    sa.PrimaryKeyConstraint("form", "field", "period"),
)

_left: dict[Any, list[int]] = {}  # what this process may still give out
_lock = threading.Lock()


def take(unit: Unit, form: str, field: str, period: str, count: int, *, gap_free: bool = False) -> list[int]:
    """The next `count` numbers, rising."""
    if gap_free or unit.dialect == "sqlite":
        last = _advance(unit, form, field, period, count)
        return list(range(last - count + 1, last + 1))
    key = (os.getpid(), str(unit.connection.engine.url), form, field, period)
    found = _take_left(unit, key, count)
    if len(found) < count:
        missing = count - len(found)
        last = _advance(unit, form, field, period, missing + RANGE - 1)
        fresh = list(range(last - missing - RANGE + 2, last + 1))
        found += fresh[:missing]
        _lease(unit, key, fresh[missing:])
    return found


def forget() -> None:
    """Give out nothing of what this process has taken before: its database is another one now."""
    with _lock:
        _left.clear()


def _lease(unit: Unit, key: Any, numbers: list[int]) -> None:
    """Keep `numbers` for this transaction; what it leaves is the process's when it has committed."""

    def give_back() -> None:
        with _lock:
            _left[key] = sorted([*_left.get(key, []), *numbers])

    unit.memo.setdefault(("counters", key), []).append((give_back, numbers))
    unit.after_commit(give_back)


def _take_left(unit: Unit, key: Any, count: int) -> list[int]:
    """From the transaction's own ranges, unless the savepoint they were taken in fell; then from the process's."""
    leases = [numbers for action, numbers in unit.memo.get(("counters", key), []) if unit.awaits(action)]
    found: list[int] = []
    for numbers in leases:
        found += [numbers.pop(0) for _ in range(min(count - len(found), len(numbers)))]
    with _lock:
        left = _left.get(key, [])
        return found + [left.pop(0) for _ in range(min(count - len(found), len(left)))]


def _advance(unit: Unit, form: str, field: str, period: str, by: int) -> int:
    """Move the counter and lock its row until the transaction ends; the new last number."""
    insert: Any = postgresql.insert if unit.dialect == "postgresql" else sqlite.insert
    statement = insert(counter).values(form=form, field=field, period=period, last=by)
    statement = statement.on_conflict_do_update(
        index_elements=[counter.c.form, counter.c.field, counter.c.period],
        set_={"last": counter.c.last + statement.excluded.last},
    ).returning(counter.c.last)
    return int(unit.execute(statement).scalar_one())
