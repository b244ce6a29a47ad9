"""Taking back a change set as a due row: a worker does it, in pieces, with how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.access import actors
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.engines.forms import undo
from webapp.errors import MortiseError
from webapp.i18n import N_
from webapp.journal import changesets, due
from webapp.journal.due import Job

KIND = "change_set.undo"


def add(unit: Unit, actor: Actor, change_set: int) -> int:
    """Make it due that the change set is taken back on behalf of `actor`; the job's id. Raises as `undo.undo` would."""
    undo.require(actor, changesets.get(unit, change_set))
    return due.add(unit, KIND, str(change_set), {"change_set": change_set}, actor=actor.member)


def said(undone: int, left: int, locale: str) -> str:
    """What has become of it, in a sentence or two."""
    text = N_("Taken back: {n} changes", n=undone).text(locale)
    if left:
        text += " " + N_("{n} were left, because somebody has changed them since.", n=left).text(locale)
    return text


@due.handler(KIND, title=N_("Taking back"), is_repeatable=True)
def run(database: Database, job: Job) -> Mapping[str, Any] | None:
    """Undo, going on where an earlier try stopped; what cannot be undone at all ends it for good."""
    assert job.actor is not None
    with database.read() as unit:
        actor = actors.on_behalf(unit, job.actor)

    def told(done: int) -> bool:
        due.progress(database, job, done)
        return True

    try:
        done = undo.undo(database, actor, job.payload["change_set"], progress=told)
    except MortiseError as error:
        with database.write() as unit:
            due.give_up(unit, job, str(error), {"error": error.message.text(actor.locale)})
        return None
    left = [[form, record, message.text(actor.locale)] for form, record, message in done.left[:100]]
    return {"undone": done.undone, "left": left, "left_count": len(done.left), "change_set": done.change_set}
