"""Exports that are too long to wait for: a due row writes the file, and its member finds it under a link for a week."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp.access import actors
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.engines.forms.record import Query
from webapp.engines.forms.transfer import drafts, exporting
from webapp.engines.forms.transfer.exporting import Wanted
from webapp.errors import Denied, Invalid, MortiseError, NotFound, TooLarge, TooMany
from webapp.files import shelf
from webapp.files.store import store_of
from webapp.i18n import N_
from webapp.journal import due
from webapp.journal.due import Job
from webapp.journal.tables import due as due_table

KIND = "export"
#: Records up to which people wait for a workbook.
AT_ONCE = 20_000
#: Records after which it says how far it is.
TOLD = 5000
#: Bytes of an export.
MOST_BYTES = 2 << 30
#: Exports of one member that are waiting or being written, and bytes of those that are kept for him.
MOST_OPEN, MOST_HELD = 3, 4 << 30


def add(unit: Unit, actor: Actor, wanted: Wanted, name: str, key: str) -> int:
    """Make the export due; the job's id. `name` is what the file will be called, `key` who asked for what."""
    exporting.require(unit, actor, wanted)
    _require_room(unit, actor)
    payload = {**asdict(wanted), "name": name}
    return due.add(unit, KIND, key, payload, actor=actor.member)


def _require_room(unit: Unit, actor: Actor) -> None:
    states = (due.WAITING, due.RUNNING)
    mine = (due_table.c.kind == KIND, due_table.c.actor == actor.member, due_table.c.state.in_(states))
    if int(unit.execute(sa.select(sa.func.count()).where(*mine)).scalar_one()) >= MOST_OPEN:
        message = N_("{n} exports of yours are being written; wait until one is done.", n=MOST_OPEN)
        raise TooMany(message, retry_after=60)
    held, _ = shelf.held(unit, actor.member, "export")
    if held >= MOST_HELD:
        raise TooLarge(N_("Your exports of the last {n} days are too large for another one.", n=drafts.LASTS.days))


def file_of(unit: Unit, actor: Actor, job: Job) -> int:
    """The number of the file that the job has written, while its member may still have what is in it.

    Raises `Denied` and `NotFound`: a right that was taken away takes what was written with it.
    """
    exporting.require(unit, actor, wanted_of(job.payload))
    result = job.result or {}
    if "file" not in result:
        raise NotFound(N_("This file is gone."))
    if result.get("rights") != _rights(unit, actor):
        raise Denied(N_("Your rights are others now than when this file was written. Export it again."))
    return int(result["file"])


def _rights(unit: Unit, actor: Actor) -> str:
    """A mark of all that decides what the actor sees and exports; another one as soon as any of it changes."""
    definitions = versions.current(unit)
    roles = [role for name in sorted(actor.roles) if (role := definitions.role(name)) is not None]
    said = [
        (role.app, role.key, form, sorted(right.may.items()), sorted(right.fields.items()))
        for role in roles
        for form, right in sorted(role.forms.items())
    ]
    places = (sorted(actor.roles), actor.departments, actor.departments_below, actor.headed)
    return hashlib.sha256(repr((places, said)).encode()).hexdigest()[:32]


def wanted_of(payload: Mapping[str, Any]) -> Wanted:
    given = {k: v for k, v in payload.items() if k != "name"}
    query: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given["query"].items()}
    fields = given["fields"]
    return Wanted(
        **{
            **given,
            "query": Query(**query),
            "fields": None if fields is None else tuple(fields),
            "ids": tuple(given["ids"]),
        }
    )


@due.handler(KIND, title=N_("Export"))
def run(database: Database, job: Job) -> Mapping[str, Any] | None:
    """Write the file within what its member may see now, and keep it for him."""
    assert job.actor is not None
    wanted = wanted_of(job.payload)
    with database.read() as unit:
        actor = actors.on_behalf(unit, job.actor)
        rights = _rights(unit, actor)
    store = store_of(database.settings)

    def told(done: int) -> None:
        if done % TOLD < exporting.PAGE:
            due.progress(database, job, done)

    with tempfile.TemporaryDirectory(prefix="mortise-export-") as folder:
        path = Path(folder) / "export"
        try:
            count = exporting.write(database, actor, wanted, path, progress=told)
        except (Invalid, Denied, NotFound) as error:
            _give_up(database, job, error, actor.locale)
            return None
        with path.open("rb") as file:
            incoming = store.receive(file, most=MOST_BYTES)
    with database.write() as unit:
        kept = shelf.keep(
            unit,
            store,
            incoming,
            name=job.payload["name"],
            purpose="export",
            member=actor.member,
            lasts=drafts.LASTS,
        )
        result = {"file": kept.id, "count": count, "size": kept.size, "rights": rights}
        due.finish(unit, job, result)
    return result


def _give_up(database: Database, job: Job, error: MortiseError, locale: str) -> None:
    with database.write() as unit:
        due.give_up(unit, job, str(error), {"error": error.message.text(locale)})
