"""The journal: one row for each thing that was done to a record, written in the transaction that did it.

Readers that must miss nothing read in commit order: on SQLite that is the order of ids (there is one writer), on
PostgreSQL an id may be taken early and committed late, so they read by transaction number below the oldest one still
running.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit, binder
from webapp.journal import signals
from webapp.journal.tables import event

VIAS = ("ui", "api", "import", "rule", "flow", "undo", "system")
KINDS = (
    "created", "updated", "deleted", "restored", "purged", "conversion", "purge", "commented", "comment_edited",
    "comment_deleted",
)  # fmt: skip
# `m__tx` counts on from server to server (`journal/eras.py`).
_TX = sa.literal_column("m__tx(pg_current_xact_id())", sa.BigInteger)
_SETTLED = sa.literal_column("m__tx(pg_snapshot_xmin(pg_current_snapshot()))", sa.BigInteger)
_INSERT = event.insert()
_INSERT_ONE = {
    "postgresql": event.insert().values(tx=_TX).returning(event.c.id),
    "sqlite": event.insert().returning(event.c.id),
}
_DEFAULTS: dict[str, Any] = {
    "actor": None,
    "on_behalf_of": None,
    "change_set": None,
    "cause": None,
    "depth": 0,
    "version_before": None,
}


class Position(NamedTuple):
    """A place in commit order. `tx` is 0 on SQLite."""

    tx: int
    id: int


START = Position(0, 0)


@dataclass(frozen=True)
class Event:
    """One event as read. `payload` is the text that `payload_hash` was made of."""

    id: int
    at: datetime
    tx: int
    actor: int | None
    on_behalf_of: int | None
    via: str
    change_set: int | None
    cause: int | None
    depth: int
    app: str
    form: str
    record: int
    kind: str
    version_before: int | None
    definition_version: int
    payload: str | None
    payload_hash: bytes | None

    @property
    def changes(self) -> dict[str, Any] | None:
        """{field: [before, after]} with JSON values; the whole record when purged."""
        return json.loads(self.payload) if self.payload is not None else None

    @property
    def position(self) -> Position:
        return Position(self.tx, self.id)


def append(unit: Unit, rows: Sequence[Mapping[str, Any]], *, at: datetime | None = None) -> list[int]:
    """Write events in one statement; returns their ids in the order given.

    A row names app, form (its key), record, kind, via and definition_version, and may name actor, on_behalf_of,
    change_set, cause, depth, version_before and changes (a mapping; Decimal, date, datetime and tuples are taken).
    """
    if not rows:
        return []
    at = at or clock.now()
    signals.note(unit, rows)
    made = [_row(row, at) for row in rows]
    if len(made) == 1:
        return [int(unit.execute(_INSERT_ONE[unit.dialect], made[0]).scalar_one())]
    first, tx, ids = _reserve(unit, len(made))
    for given, row in zip(ids or range(first, first + len(made)), made, strict=True):
        row["id"], row["tx"] = given, tx
    unit.execute(_INSERT, made)
    return [row["id"] for row in made]


def append_alike(unit: Unit, template: Mapping[str, Any], records: Sequence[int]) -> list[int]:
    """One event like `template` (a row of `append` without changes) for each of `records`; their ids in that order."""
    if not records:
        return []
    signals.note(unit, [template])
    first, tx, ids = _reserve(unit, len(records))
    given = list(ids or range(first, first + len(records)))
    row = {k: v for k, v in {**_row(template, clock.now()), "tx": tx}.items() if k not in ("id", "record")}
    names = tuple(row)
    dialect = unit.connection.dialect
    makers = {name: binder(event.c[name], dialect) for name in names}
    same = tuple(make(row[n]) if (make := makers[n]) is not None else row[n] for n in names)
    unit.insert_many(event, ("id", "record", *names), [(i, r, *same) for i, r in zip(given, records, strict=True)])
    return given


def _row(row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    changes = row.get("changes")
    text = None if changes is None else dumps(changes)
    return {
        **_DEFAULTS,
        **row,
        "at": at,
        "changes": text,
        "payload_hash": None if text is None else hashlib.sha256(text.encode()).digest(),
    }


def _reserve(unit: Unit, count: int) -> tuple[int, int | None, Sequence[int] | None]:
    """(first id, transaction number, ids) for `count` events; ids are contiguous on SQLite."""
    if unit.dialect == "postgresql":
        found = unit.execute(_RESERVE, {"count": count}).one()
        return 0, found.tx, found.ids
    last = unit.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'm__event'")).scalar()
    return (last or 0) + 1, None, None


_RESERVE = sa.text(
    "SELECT m__tx(pg_current_xact_id()) AS tx,"
    " ARRAY(SELECT nextval(pg_get_serial_sequence('m__event', 'id')) FROM generate_series(1, :count)) AS ids"
)


def dumps(value: Any) -> str:
    """JSON as the journal keeps it: decimals as strings, dates and moments in ISO form, moments in UTC with Z."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"the journal cannot keep a {type(value).__name__}")


def _event(row: Any) -> Event:
    values = dict(row._mapping)
    values["payload"] = values.pop("changes")
    values["tx"] = values["tx"] or 0
    return Event(**values)


def of_record(
    unit: Unit, app: str, form: str, record: int, *, before: int | None = None, limit: int = 200
) -> list[Event]:
    """Events of one record, newest first; `before` is the id to go on from."""
    query = (
        sa.select(event)
        .where(event.c.app == app, event.c.form == form, event.c.record == record)
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(event.c.id < before)
    return [_event(row) for row in unit.execute(query)]


def of_change_set(unit: Unit, change_set: int, *, before: int | None = None, limit: int = 1000) -> list[Event]:
    """Events of one change set, newest first: the order in which they are undone."""
    query = sa.select(event).where(event.c.change_set == change_set).order_by(event.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(event.c.id < before)
    return [_event(row) for row in unit.execute(query)]


def get(unit: Unit, id: int) -> Event | None:
    row = unit.execute(sa.select(event).where(event.c.id == id)).first()
    return _event(row) if row is not None else None


def after(
    unit: Unit, position: Position = START, *, limit: int = 1000, forms: Iterable[str] | None = None
) -> list[Event]:
    """The next events in commit order, of `forms` (`crm.deal` …) or of all. Nothing is lost to late commits.

    The last one's `position` is where to go on. On PostgreSQL events whose transaction may still have company that
    is older and open are held back until it ended, so this never runs ahead of a slow writer.
    """
    query = sa.select(event).limit(limit)
    if unit.dialect == "postgresql":
        query = query.where(sa.tuple_(event.c.tx, event.c.id) > sa.tuple_(sa.literal(position.tx), position.id))
        query = query.where(event.c.tx < _SETTLED).order_by(event.c.tx, event.c.id)
    else:
        query = query.where(event.c.id > position.id).order_by(event.c.id)
    if forms is not None:
        query = query.where((event.c.app + "." + event.c.form).in_(list(forms)))
    return [_event(row) for row in unit.execute(query)]


def walk(unit: Unit, position: Position = START, *, chunk: int = 5000) -> Iterator[Event]:
    """All events after `position` in commit order, read in chunks."""
    while found := after(unit, position, limit=chunk):
        yield from found
        position = found[-1].position


def last(unit: Unit) -> Position:
    """The newest settled place: a reader that starts here sees only what happens from now on."""
    query = sa.select(sa.func.coalesce(event.c.tx, 0), event.c.id).limit(1)
    if unit.dialect == "postgresql":
        query = query.where(event.c.tx < _SETTLED).order_by(event.c.tx.desc(), event.c.id.desc())
    else:
        query = query.order_by(event.c.id.desc())
    row = unit.execute(query).first()
    return Position(row[0], row[1]) if row is not None else START


def touched(unit: Unit, position: Position) -> tuple[set[str], Position]:
    """Forms (`crm.deal` …) with settled events after `position`, and where to go on from."""
    newest = sa.func.max(event.c.id)
    query = sa.select(event.c.app, event.c.form, sa.func.max(sa.func.coalesce(event.c.tx, 0)), newest)
    if unit.dialect == "postgresql":
        query = query.where(sa.tuple_(event.c.tx, event.c.id) > sa.tuple_(sa.literal(position.tx), position.id))
        query = query.where(event.c.tx < _SETTLED)
    else:
        query = query.where(event.c.id > position.id)
    rows = unit.execute(query.group_by(event.c.app, event.c.form)).all()
    if not rows:
        return set(), position
    tx = max(row[2] for row in rows)
    return {f"{row.app}.{row.form}" for row in rows}, Position(tx, max(row[3] for row in rows if row[2] == tx))


def changed(unit: Unit, position: Position, *, most: int = 500) -> tuple[dict[str, frozenset[int] | None], Position]:
    """Form → the records with events after `position`, and where to go on; None for all forms when they are too many.

    On PostgreSQL with what is committed and may still have older company: that is found again by the next question.
    """
    query = sa.select(
        event.c.app, event.c.form, event.c.record, sa.func.coalesce(event.c.tx, 0).label("tx"), event.c.id
    )
    if unit.dialect == "postgresql":
        query = query.add_columns((event.c.tx < _SETTLED).label("is_settled"))
        query = query.where(sa.tuple_(event.c.tx, event.c.id) > sa.tuple_(sa.literal(position.tx), position.id))
        query = query.order_by(event.c.tx, event.c.id)
    else:
        query = query.add_columns(sa.true().label("is_settled")).where(event.c.id > position.id).order_by(event.c.id)
    rows = unit.execute(query.limit(most + 1)).all()
    settled = [Position(row.tx, row.id) for row in rows if row.is_settled]
    if len(rows) > most:
        forms, end = touched(unit, position)
        return dict.fromkeys({f"{row.app}.{row.form}" for row in rows} | forms), end
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(f"{row.app}.{row.form}", set()).add(row.record)
    return {form: frozenset(ids) for form, ids in found.items()}, max(settled, default=position)


def is_touched_since(unit: Unit, form: str, moment: datetime, *, among: int = 200) -> bool:
    """Whether `form` (`crm.deal`) has an event since `moment`. Where more than `among` events of any form are younger,
    the answer is yes without looking further."""
    query = sa.select(event.c.app, event.c.form, event.c.at).order_by(event.c.id.desc()).limit(among)
    young = [row for row in unit.execute(query) if row.at >= moment]
    return len(young) == among or any(f"{row.app}.{row.form}" == form for row in young)


def erase(unit: Unit, ids: Iterable[int]) -> int:
    """Forget what these events changed (a person's right to be forgotten). The chain of seals still verifies."""
    wanted = event.c.id.in_(list(ids))
    return unit.execute(event.update().where(wanted).values(changes=None)).rowcount
