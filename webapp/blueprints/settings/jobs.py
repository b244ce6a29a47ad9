"""Work in the background: imports, hand-overs, mails and what versions of apps leave to do; ending it, trying again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, request

from webapp import clock
from webapp.access import directory
from webapp.access.actor import Actor
from webapp.blueprints.settings import blueprint
from webapp.engines.forms import undo, undoing
from webapp.errors import Conflict, NotFound
from webapp.i18n import N_, Message
from webapp.journal import changesets, due
from webapp.journal.due import Job
from webapp.web import respond, scope, sections
from webapp.web.htmx import htmx

STATES: dict[str, tuple[Message, str]] = {
    due.RUNNING: (N_("running"), "blue"),
    due.WAITING: (N_("waiting"), "gray"),
    due.DONE: (N_("done"), "green"),
    due.FAILED: (N_("failed"), "red"),
    due.CANCELLED: (N_("ended"), "gray"),
}


@blueprint.get("/settings/jobs")
def list_jobs() -> Response:
    """What is under way, what failed, what is done; the list fetches itself again while something runs."""
    sections.enter("jobs")
    return _page()


@blueprint.post("/settings/jobs/<int:number>/cancel")
def cancel_job(number: int) -> Response:
    """End a waiting one at once, a running one at its next step."""
    unit = scope.unit()
    _mine(sections.enter("jobs"), due.get(unit, number))
    try:
        due.cancel(unit, number)
    except Conflict:
        scope.end_unit(commit=False)  # it has come to its end meanwhile: the list says how
    return _page()


@blueprint.post("/settings/jobs/<int:number>/retry")
def retry_job(number: int) -> Response:
    """Make a failed or ended one due again, as it was."""
    unit = scope.unit()
    job = due.get(unit, number)
    _mine(sections.enter("jobs"), job)
    if not due.may_repeat(job):
        raise Conflict(N_("Only what failed or was ended is tried again, and nothing that would then be done twice."))
    due.add(unit, job.kind, job.key, job.payload, actor=job.actor)
    return _page()


@blueprint.post("/settings/change-sets/<int:number>/undo")
def undo_change_set(number: int) -> Response:
    """Have a worker take back what was done together; what has been changed since stays."""
    undoing.add(scope.unit(), sections.enter("jobs"), number)
    return _page()


def _is_next(job: Job) -> bool:
    """Whether a worker is about to take it: a page that waits for it asks again soon."""
    return job.state == due.WAITING and job.due_at <= clock.now() + timedelta(seconds=5)


def _mine(actor: Actor, job: Job) -> None:
    actor.require_write()
    if not actor.is_keeper and job.actor != actor.member:
        raise NotFound(N_("There is no job {id}.", id=job.id))


def _page() -> Response:
    actor = scope.actor()
    if request.method == "POST":
        scope.settle()
    unit = scope.unit()
    wanted = request.args.get("state", "")
    states = [wanted] if wanted in STATES else None
    whose = None if actor.is_keeper else actor.member
    found = due.listed(unit, states=states, actor=whose, with_regular=False, limit=60)
    sets = changesets.listed(unit, actor=whose, limit=12)
    context: dict[str, Any] = {
        "jobs": found,
        "title_of": due.title_of,
        "states": STATES,
        "may_repeat": due.may_repeat,
        "wanted": wanted,
        "names": directory.everybody(unit),
        "is_busy": any(job.state == due.RUNNING or _is_next(job) for job in found),
        "sets": [(one, n, n > 0 and undo.is_offered(actor, one)) for one, n in sets],
    }
    if htmx.target_id == "jobs":
        return respond.part("settings/_jobs.html", **context)
    return sections.show("jobs", "settings/jobs.html", **context)
