"""Files that go: their rows in somebody's unit of work, their content after the commit, once no row names it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import timedelta

from webapp import clock
from webapp.db import Database, Unit
from webapp.errors import Busy
from webapp.files import shelf
from webapp.files.pictures import pictures_of
from webapp.files.store import store_of
from webapp.journal import due, periodic
from webapp.journal.due import Job

REMOVE = "files.remove"
#: What has no row after that long is left over from a unit that rolled back or a process that died.
STRAY = timedelta(days=1)
#: Expired files taken away in one unit.
_AT_ONCE = 200


def drop(unit: Unit, ids: Iterable[int]) -> None:
    """The files are not needed any more; with the rest of the unit."""
    for hash_ in set(shelf.forget(unit, ids)):
        due.add(unit, REMOVE, hash_, {"hash": hash_})


@due.handler(REMOVE)
def remove(database: Database, job: Job) -> dict[str, bool]:
    """Remove the content, unless some file has it after all."""
    return {"removed": _remove(database, job.payload["hash"])}


def _remove(database: Database, hash_: str) -> bool:
    with database.write() as unit:
        shelf.hold(unit, hash_)
        if shelf.is_named(unit, hash_):
            return False
        store_of(database.settings).remove(hash_)
        pictures_of(database.settings).forget(hash_)
        return True


@periodic.every("files.expire", at="03:45")
def expire(database: Database, job: Job) -> dict[str, int]:
    """Take away what has expired, and what was left over."""
    now, expired = clock.now(), 0
    while True:
        with database.write() as unit:
            ids = shelf.expired(unit, now, _AT_ONCE)
            drop(unit, ids)
        expired += len(ids)
        if len(ids) < _AT_ONCE:
            break
    store = store_of(database.settings)
    stray = store.sweep(now - STRAY)
    for hash_, at in store.contents():
        if at < now - STRAY:
            with database.read() as unit:
                is_named = shelf.is_named(unit, hash_)
            if not is_named:
                with contextlib.suppress(Busy):  # a backup is being made: tomorrow
                    stray += _remove(database, hash_)
    return {"expired": expired, "stray": stray}
