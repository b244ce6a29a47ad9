"""The chain of seals over the journal: nobody can rewrite, drop or slip in an event unseen.

A seal is a hash over the seal before it and, in commit order, over every event since: its own line (who, what,
when, which record) and the hash of its payload. Payloads themselves are not in the chain, so that one can be erased
by law and everything still verifies; `verify` compares each payload that is there with its hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import sqlalchemy as sa

from webapp import clock
from webapp.db import Database, Unit
from webapp.journal import events
from webapp.journal.tables import event as event_table
from webapp.journal.tables import seal as table

CHUNK = 2000
_GENESIS = b"\0" * 32


@dataclass(frozen=True)
class Report:
    """What `verify` found. `broken` names the first seal that does not hold, `changed` events with another payload."""

    seals: int = 0
    events: int = 0
    erased: int = 0
    unsealed: int = 0
    broken: int | None = None
    changed: list[int] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return self.broken is None and not self.changed


def _line(event: events.Event) -> bytes:
    parts = [
        event.id, event.at.isoformat(), event.actor, event.on_behalf_of, event.via, event.change_set, event.cause,
        event.depth, event.app, event.form, event.record, event.kind, event.version_before, event.definition_version,
        (event.payload_hash or b"").hex(),
    ]  # fmt: skip
    return json.dumps(parts, ensure_ascii=False).encode() + b"\n"


def _chain(before: bytes, found: list[events.Event]) -> bytes:
    digest = hashlib.sha256(before)
    for one in found:
        digest.update(_line(one))
    return digest.digest()


def _last(unit: Unit) -> tuple[events.Position, bytes]:
    row = unit.execute(sa.select(table).order_by(table.c.id.desc()).limit(1)).first()
    return (events.Position(row.last_tx, row.last_event), row.hash) if row else (events.START, _GENESIS)


def seal(database: Database) -> int:
    """Seal all settled events, a chunk at a time; returns how many were sealed.

    Events are read and hashed first; the writing unit only adds the seal, unless another sealer was faster.
    """
    sealed = 0
    while True:
        with database.read() as unit:
            position, before = _last(unit)
            found = events.after(unit, position, limit=CHUNK)
        if not found:
            return sealed
        made = {
            "last_tx": found[-1].tx,
            "last_event": found[-1].id,
            "events": len(found),
            "hash": _chain(before, found),
            "at": clock.now(),
        }
        with database.write() as unit:
            if unit.dialect == "postgresql":  # one sealer at a time
                unit.execute(sa.text("LOCK TABLE m__seal IN SHARE ROW EXCLUSIVE MODE"))
            if _last(unit) != (position, before):
                continue
            unit.execute(table.insert().values(made))
        sealed += len(found)


def verify(database: Database) -> Report:
    """Walk the chain from its first seal. One short read unit a seal, so that it never holds anybody up."""
    position, before = events.START, _GENESIS
    seals = sealed = erased = 0
    changed: list[int] = []
    with database.read() as unit:
        rows = unit.execute(sa.select(table).order_by(table.c.id)).all()
    for row in rows:
        with database.read() as unit:
            found = events.after(unit, position, limit=row.events)
        before = _chain(before, found)
        if len(found) != row.events or before != row.hash or found[-1].id != row.last_event:
            return Report(seals, sealed, erased, 0, row.id, changed)
        for one in found:
            if one.payload is None:
                erased += one.payload_hash is not None
            elif hashlib.sha256(one.payload.encode()).digest() != one.payload_hash:
                changed.append(one.id)
        position = events.Position(row.last_tx, row.last_event)
        seals, sealed = seals + 1, sealed + row.events
    with database.read() as unit:
        total = unit.execute(sa.select(sa.func.count()).select_from(event_table)).scalar_one()
    return Report(seals, sealed, erased, total - sealed, None, changed)
