"""Exports that are too long to wait for: a due row writes the file, and its member finds it under a link for a week."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webapp.access import actors
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.engines.forms.record import Query
from webapp.engines.forms.transfer import drafts, exporting
from webapp.engines.forms.transfer.exporting import Wanted
from webapp.errors import Denied, Invalid, MortiseError, NotFound
from webapp.files import shelf
from webapp.files.store import store_of
from webapp.i18n import N_
from webapp.journal import due
from webapp.journal.due import Job

KIND = "export"
#: Records up to which people wait for a workbook.
AT_ONCE = 20_000
#: Records after which it says how far it is.
TOLD = 5000
#: Bytes of an export.
MOST_BYTES = 2 << 30


def add(unit: Unit, actor: Actor, wanted: Wanted, name: str, key: str) -> int:
    """Make the export due; the job's id. `name` is what the file will be called, `key` who asked for what."""
    exporting.require(unit, actor, wanted)
    payload = {**asdict(wanted), "name": name}
    return due.add(unit, KIND, key, payload, actor=actor.member)


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
        result = {"file": kept.id, "count": count, "size": kept.size}
        due.finish(unit, job, result)
    return result


def _give_up(database: Database, job: Job, error: MortiseError, locale: str) -> None:
    with database.write() as unit:
        due.give_up(unit, job, str(error), {"error": error.message.text(locale)})
