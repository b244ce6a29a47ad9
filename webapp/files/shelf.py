"""The rows of files: kept in the unit that places their content, and taken away without it.

Content goes when no row names it any more: `engines.forms.filing` makes that due after the commit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit
from webapp.errors import NotFound
from webapp.files.kinds import type_of
from webapp.files.store import Folder, Incoming
from webapp.files.tables import file as table
from webapp.i18n import N_

LONGEST_NAME = 200


@dataclass(frozen=True)
class File:
    """A file as its row describes it."""

    id: int
    hash: str
    size: int
    name: str
    type: str
    purpose: str
    member: int | None
    created_at: datetime
    expires_at: datetime | None
    form: str | None = None
    field: str | None = None
    record: int | None = None
    width: int | None = None
    height: int | None = None


def keep(
    unit: Unit,
    store: Folder,
    incoming: Incoming,
    *,
    name: str,
    purpose: str,
    member: int | None,
    lasts: timedelta | None = None,
    place: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> File:
    """Place what has arrived and write its row; if the unit rolls back, the sweep takes the content.

    place   of a record's file: form, field, record, width, height
    """
    now = now or clock.now()
    hold(unit, incoming.hash)
    store.place(incoming)
    values: dict[str, Any] = {
        "hash": incoming.hash,
        "size": incoming.size,
        "name": name_of(name),
        "type": type_of(incoming.head, name),
        "purpose": purpose,
        "member": member,
        "created_at": now,
        "expires_at": now + lasts if lasts is not None else None,
        **(place or {}),
    }
    id_ = unit.execute(table.insert().values(values).returning(table.c.id)).scalar_one()
    return File(id=id_, **values)


def again(unit: Unit, file: File, *, place: Mapping[str, Any]) -> File:
    """Another row for the same content, for as long as it is needed."""
    hold(unit, file.hash)
    values = {**vars(file), "expires_at": None, "created_at": clock.now(), **place}
    del values["id"]
    return File(id=unit.execute(table.insert().values(values).returning(table.c.id)).scalar_one(), **values)


def name_of(given: str) -> str:
    """A file's name as it is kept: no folders, nothing that cannot be written, its ending whole."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)
    plain = plain.strip(" .") or "file"
    if len(plain) <= LONGEST_NAME:
        return plain
    stem, mark, suffix = plain.rpartition(".")
    return (
        stem[: LONGEST_NAME - len(suffix) - 1] + mark + suffix if mark and len(suffix) <= 10 else plain[:LONGEST_NAME]
    )


def get(unit: Unit, id: int, *, member: int | None = None, now: datetime | None = None) -> File:
    """The file, if it has not expired; with `member` only his own. Raises `NotFound`."""
    query = sa.select(table).where(table.c.id == id)
    if member is not None:
        query = query.where(table.c.member == member)
    row = unit.execute(query).first() if 0 < id < 2**63 else None
    if row is None or (row.expires_at is not None and row.expires_at <= (now or clock.now())):
        raise NotFound(N_("This file is gone."))
    return File(**row._mapping)


def held(unit: Unit, member: int, purpose: str, *, now: datetime | None = None) -> tuple[int, int]:
    """Bytes and number of the files that are kept for a member and a purpose."""
    is_there = sa.or_(table.c.expires_at.is_(None), table.c.expires_at > (now or clock.now()))
    query = sa.select(sa.func.coalesce(sa.func.sum(table.c.size), 0), sa.func.count())
    row = unit.execute(query.where(table.c.member == member, table.c.purpose == purpose, is_there)).one()
    return int(row[0]), int(row[1])


def forget(unit: Unit, ids: Iterable[int]) -> list[str]:
    """Take the rows away; the hashes of their content."""
    wanted = list(ids)
    if not wanted:
        return []
    return list(unit.execute(table.delete().where(table.c.id.in_(wanted)).returning(table.c.hash)).scalars())


def expired(unit: Unit, now: datetime, limit: int = 500) -> list[int]:
    query = sa.select(table.c.id).where(table.c.expires_at.is_not(None), table.c.expires_at <= now)
    return list(unit.execute(query.order_by(table.c.expires_at).limit(limit)).scalars())


def is_named(unit: Unit, hash: str) -> bool:
    """Whether some row names the content. Hold it first where the answer is acted on."""
    return unit.execute(sa.select(table.c.id).where(table.c.hash == hash).limit(1)).first() is not None


def hold(unit: Unit, hash: str) -> None:
    """Nobody else places or removes this content until the unit ends. (SQLite has one writer at a time anyway.)"""
    if unit.dialect == "postgresql":
        number = int(hash[:15], 16)
        unit.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
