"""The definitions in force. Every unit of work asks once; when nothing moved that is one tiny statement.

The epoch is a row that every apply moves. On PostgreSQL a writing unit holds it FOR SHARE, so that an apply (FOR
UPDATE) never comes between the rules a write was checked by and its commit; on SQLite BEGIN IMMEDIATE does that.

Compiling takes long. On SQLite a writing unit looks at its beginning whether the epoch is known here; if it moved, the
unit ends, a reading one compiles, and the writing one looks again: nobody waits for a compiler.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.db import Database, Lacking, Unit, before_writing
from webapp.definitions import tables
from webapp.definitions.compile import compile_all
from webapp.definitions.document import load
from webapp.definitions.filling import Source
from webapp.definitions.model import Definitions

_READ = sa.select(tables.epoch.c.epoch).where(tables.epoch.c.id == 1)
_SHARE = _READ.with_for_update(read=True)
_ALONE = _READ.with_for_update()
_KEPT = 3
_known: weakref.WeakKeyDictionary[Any, dict[int, Definitions]] = weakref.WeakKeyDictionary()
_lock = threading.RLock()


def current(unit: Unit) -> Definitions:
    """All current apps, compiled; the same object for the whole unit and, while the epoch stands, the process."""
    found: Definitions | None = unit.memo.get("definitions")
    if found is None:
        found = unit.memo["definitions"] = _at(unit, _epoch(unit))
    return found


def _epoch(unit: Unit) -> int:
    if unit.is_writing and unit.dialect != "sqlite":
        return unit.execute(_SHARE).scalar() or 0
    epoch: int | None = unit.memo.get("epoch")
    return (unit.execute(_READ).scalar() or 0) if epoch is None else epoch


def column() -> sa.ScalarSelect[Any]:
    """The epoch as a column of a statement that is asked anyway; what it says goes to `note`."""
    return _READ.scalar_subquery()


def note(unit: Unit, epoch: int | None) -> None:
    """Remember the epoch that `column` told this unit. A unit that has to hold it asks again."""
    unit.memo["epoch"] = epoch or 0


@before_writing
def _look(unit: Unit) -> Lacking | None:
    """Whether this process has compiled the epoch in force; one that has compiled nothing so far is not made to."""
    by_epoch = _known.get(unit.connection.engine)
    if not by_epoch:
        return None
    found = by_epoch.get(unit.execute(_READ).scalar() or 0)
    if found is None:
        return current
    unit.memo["definitions"] = found
    return None


def warm(database: Database) -> None:
    """Compile before the first unit that writes, where this process has not compiled anything so far."""
    if not _known.get(database.engine):
        with database.read() as unit:
            current(unit)


def lock(unit: Unit) -> int:
    """Hold the epoch against everybody else until the unit ends; answers it. Makes the row on the first use."""
    epoch = unit.execute(_ALONE).scalar()
    if epoch is None:
        from sqlalchemy.dialects import postgresql, sqlite

        insert = (sqlite if unit.dialect == "sqlite" else postgresql).insert(tables.epoch)
        unit.execute(insert.values(id=1, epoch=0).on_conflict_do_nothing())
        epoch = unit.execute(_ALONE).scalar_one()
    return int(epoch)


def move(unit: Unit) -> int:
    """The next epoch, for a unit that holds it."""
    unit.memo.pop("definitions", None)
    unit.memo.pop("epoch", None)
    unit.execute(sa.update(tables.epoch).where(tables.epoch.c.id == 1).values(epoch=tables.epoch.c.epoch + 1))
    return int(unit.execute(_READ).scalar_one())


def read(unit: Unit, epoch: int) -> Definitions:
    """Compile what is current for this unit, past the cache."""
    return compile_all(epoch, sources(unit))


def sources(unit: Unit, without: str | None = None) -> list[Source]:
    """Every current app as it is stored, those others use first."""
    version = tables.app_version
    rows = unit.execute(
        sa.select(version.c.app, version.c.version, version.c.document, version.c.names)
        .join(tables.app, sa.and_(tables.app.c.key == version.c.app, tables.app.c.version == version.c.version))
        .order_by(version.c.app)
    ).all()
    open_work = _open_work(unit) if rows else {}
    return [
        Source(
            document=load(json.loads(row.document)),
            version=row.version,
            names=json.loads(row.names),
            open=open_work.get(row.app, {}),
        )
        for row in rows
        if row.app != without
    ]


def _open_work(unit: Unit) -> dict[str, dict[tuple[str, str], Mapping[str, Any]]]:
    """App → (form, field) of values that are still being converted or computed → what a conversion begins with."""
    building = tables.building
    rows = unit.execute(
        sa.select(building.c.app, building.c.form, building.c.field, building.c.payload)
        .where(building.c.state == "open", building.c.field.is_not(None))
        .order_by(building.c.id)
    )
    found: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.app, {})[row.form, row.field] = json.loads(row.payload)
    return found


def _at(unit: Unit, epoch: int) -> Definitions:
    """Compiled once a process: whoever comes meanwhile waits, whoever finds it there does not."""
    engine = unit.connection.engine
    if (found := _known.get(engine, {}).get(epoch)) is not None:
        return found
    with _lock:
        by_epoch = _known.setdefault(engine, {})
        found = by_epoch.get(epoch)
        if found is None:
            found = by_epoch[epoch] = read(unit, epoch)
            for old in list(by_epoch)[:-_KEPT]:
                del by_epoch[old]
        return found
