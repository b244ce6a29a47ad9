"""Imports as due rows: a worker runs them, another one goes on after a crash, and files go when nobody needs them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from webapp import clock
from webapp.access import actors
from webapp.access.actor import Actor
from webapp.config import Settings
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.engines.forms import select
from webapp.engines.forms.transfer import drafts, importing, maps, orders, sheets
from webapp.engines.forms.transfer.orders import Order, Outcome, State
from webapp.engines.forms.writing import filing
from webapp.errors import Denied, Invalid, MortiseError, NotFound, TooLarge
from webapp.files import shelf
from webapp.files.store import store_of
from webapp.i18n import N_
from webapp.journal import changesets, due, periodic
from webapp.journal.due import Job

KIND = "import"
#: Files of an import, its rejected rows too, stay this long.
KEPT = timedelta(days=7)


def folder_of(settings: Settings, name: str) -> Path:
    """Where the files of one import are."""
    return settings.data_dir / "imports" / name


def put(settings: Settings, source: Path) -> str:
    """Copy the file into a folder of its own; the folder's name."""
    name = uuid.uuid4().hex
    folder = folder_of(settings, name)
    folder.mkdir(parents=True, mode=0o700)
    shutil.copyfile(source, folder / "source")
    return name


def add(
    unit: Unit,
    actor: Actor,
    form: str,
    folder: str,
    name: str,
    said: maps.FileMap,
    *,
    is_rehearsal: bool = False,
    file: int | None = None,
) -> int:
    """Make an import due, on behalf of `actor`; the job's id. `name` is the file's own.

    The file lies in `folder`, or among the kept files as number `file`: then what is rejected is kept there too.
    """
    found = versions.current(unit).form(form)
    select.require_form(unit, actor, found, orders.action_of(said))
    payload = {"form": form, "folder": folder, "name": name, "map": said.json(), "is_rehearsal": is_rehearsal}
    if file is not None:
        payload["file"] = file
    return due.add(unit, KIND, folder, payload, actor=actor.member)


@due.handler(KIND, title=N_("Import"))
def run(database: Database, job: Job) -> Mapping[str, Any] | None:
    """Import, from where the last try was committed; a file or map that cannot be used ends it for good."""
    payload = job.payload
    folder = folder_of(database.settings, payload["folder"])
    state = State(**job.progress["state"]) if job.progress else State()
    locale = database.settings.locale
    actor: Actor | None = None
    try:
        with database.read() as unit:
            assert job.actor is not None
            actor = actors.on_behalf(unit, job.actor)
        locale = actor.locale
        said = maps.of(payload["map"])
        with _source(database, payload, folder, actor) as path:
            order = Order(payload["form"], path, payload["name"], said, payload["is_rehearsal"])
            outcome = importing.run(database, actor, order, folder, state=state, keep=_keeper(job, actor))
        if "file" in payload and not payload["is_rehearsal"]:
            return {**outcome.json(), "files": _put_away(database, actor, outcome, folder, payload["name"])}
    except due.Cancelled:
        _close(database, state if job.progress is None else State(**job.progress["state"]))
        raise
    except _RightsChanged:  # what was committed stays; the rest is judged by what he may do now
        return run(database, job)
    except (Invalid, Denied, NotFound, TooLarge) as error:
        _close(database, State(**job.progress["state"]) if job.progress else state)
        with database.write() as unit:
            due.give_up(unit, job, str(error), _said(error, actor.locale if actor else locale))
        return None
    return outcome.json()


@contextmanager
def _source(database: Database, payload: Mapping[str, Any], folder: Path, actor: Actor) -> Iterator[Path]:
    """Where the file of an import can be read."""
    if "file" in payload:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        with database.read() as unit:
            file = shelf.get(unit, payload["file"], member=actor.member)
        with store_of(database.settings).local(file.hash) as path:
            yield path
        return
    if not (folder / "source").exists():
        raise NotFound(N_("The file of this import is gone."))
    yield folder / "source"


def _put_away(database: Database, actor: Actor, outcome: Outcome, folder: Path, name: str) -> dict[str, int]:
    """Keep the rejected rows, as a file to mend and as they were spooled, for the member alone."""
    if outcome.rejected is None:
        return {}
    store = store_of(database.settings)
    stem = Path(name).stem[:120]
    wanted = {
        "rejected": (outcome.rejected, f"{stem}-{N_('rejected').text(actor.locale)}{outcome.rejected.suffix}"),
        "rows": (folder / "rejected.jsonl", "rejected.jsonl"),
    }
    found = {}
    for key, (path, called) in wanted.items():
        with path.open("rb") as file:
            incoming = store.receive(file, most=2 * sheets.MOST_BYTES)
        with database.write() as unit:
            kept = shelf.keep(
                unit, store, incoming, name=called, purpose="rejected", member=actor.member, lasts=drafts.LASTS
            )
        found[key] = kept.id
    return found


class _RightsChanged(Exception):
    """The member has other roles or departments than when the import began."""


def _keeper(job: Job, actor: Actor) -> importing.Keep:
    """Keeps how far the import is, in the unit of each piece; somebody who has left meanwhile writes no more."""

    def keep(unit: Unit, state: State) -> None:
        if actors.on_behalf(unit, actor.member) != actor:
            raise _RightsChanged
        progress = {"done": state.done, "total": state.total, "note": None, "state": asdict(state)}
        due.keep(unit, job, progress)
        unit.after_commit(lambda: setattr(job, "progress", progress))

    return keep


def _close(database: Database, state: State) -> None:
    """What was written until now stays, and can be undone."""
    if state.change_set is not None:
        with database.write() as unit:
            if changesets.get(unit, state.change_set).state == changesets.OPEN:
                changesets.close(unit, state.change_set)


def _said(error: MortiseError, locale: str) -> dict[str, Any]:
    """An error for whoever asked for the import."""
    problems = [{"path": p.path, "text": p.text(locale), "code": p.code} for p in error.problems]
    return {"error": error.message.text(locale), "problems": problems}


@periodic.every("imports.expire", at="03:40")
def expire(database: Database, job: Job) -> dict[str, int]:
    """Remove the files of imports that nobody needs any more."""
    root = database.settings.data_dir / "imports"
    before = clock.now() - KEPT
    gone = 0
    for folder in root.iterdir() if root.exists() else ():
        if datetime.fromtimestamp(folder.stat().st_mtime, before.tzinfo) < before:
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    while True:
        with database.write() as unit:
            some = drafts.expired(unit)
            drafts.remove(unit, [id_ for id_, _ in some])
            filing.drop(unit, [file for _, file in some])
        if not some:
            break
    return {"removed": gone}
