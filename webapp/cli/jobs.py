"""`mortise jobs` and `mortise change-set`: what the worker does, and what was done together."""

from __future__ import annotations

import click

from webapp.cli.console import Console
from webapp.i18n import N_

_JOB = {
    "id": N_("No."),
    "kind": N_("Kind"),
    "key": N_("Key"),
    "state": N_("State"),
    "due_at": N_("Due"),
    "attempts": N_("Tries"),
    "error": N_("Error"),
}
_CHANGE_SET = {
    "id": N_("No."),
    "kind": N_("Kind"),
    "title": N_("Title"),
    "state": N_("State"),
    "created_at": N_("Begun"),
    "events": N_("Changes"),
}


@click.group("jobs")
def jobs() -> None:
    """Background jobs."""


@jobs.command("list")
@click.option("--state", multiple=True, type=click.Choice(["waiting", "running", "done", "failed", "cancelled"]))
@click.option("--kind", help="Only this kind.")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def list_jobs(console: Console, state: tuple[str, ...], kind: str | None, limit: int) -> None:
    """List jobs, newest first."""
    from webapp.journal import due

    with console.database.read() as unit:
        found = due.listed(unit, states=state or None, kind=kind, limit=limit)
    shown = [*_JOB, "progress", "result", "finished_at"] if console.is_json else list(_JOB)
    console.table([{key: getattr(job, key) for key in shown} for job in found], _JOB)


@jobs.command("cancel")
@click.argument("id", type=int)
@click.pass_obj
def cancel_job(console: Console, id: int) -> None:
    """End a waiting job at once, a running one at its next step."""
    from webapp.journal import due

    with console.database.write() as unit:
        state = due.cancel(unit, id)
    if state == due.CANCELLED:
        console.say(N_("Job {id} is cancelled.", id=id))
    else:
        console.say(N_("Job {id} is running and ends at its next step.", id=id))


@click.group("change-set")
def change_set() -> None:
    """What was done together: imports, bulk edits, conversions."""


@change_set.command("list")
@click.option("--limit", default=50, show_default=True)
@click.pass_obj
def list_change_sets(console: Console, limit: int) -> None:
    """List change sets, newest first."""
    from dataclasses import asdict

    from webapp.journal import changesets

    with console.database.read() as unit:
        found = changesets.listed(unit, limit=limit)
    console.table([{**asdict(one), "events": count} for one, count in found], _CHANGE_SET)


@change_set.command("undo")
@click.argument("id", type=int)
@click.option("--as", "email", help="Address of the member on whose behalf; without it the first administrator.")
@click.pass_obj
def undo_change_set(console: Console, id: int, email: str | None) -> int:
    """Take back everything of a change set; what has been changed since stays and is named."""
    from webapp.cli.people import acting
    from webapp.engines.forms import undo

    with console.database.read() as unit:
        actor = acting(unit, email)
    done = undo.undo(console.database, actor, id)
    left = [
        {"form": form, "record": record, "reason": reason.text(console.locale)} for form, record, reason in done.left
    ]
    if console.is_json:
        console.data({"change_set": done.change_set, "undone": done.undone, "left": left})
    else:
        console.say(N_("{n} changes taken back; {left} left as they are.", n=done.undone, left=len(left)))
        if left:
            console.table(left, {"form": N_("Form"), "record": N_("No."), "reason": N_("Reason")})
    return 1 if left else 0


commands = [jobs, change_set]
