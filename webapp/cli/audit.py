"""`mortise audit`: the chain of seals over the journal."""

from __future__ import annotations

from dataclasses import asdict

import click

from webapp.cli.console import Console
from webapp.i18n import N_

_LINE = {
    "id": N_("No."),
    "at": N_("Moment"),
    "actor_name": N_("Done by"),
    "what": N_("Action"),
    "member_name": N_("Concerning"),
    "said": N_("Details"),
    "origin": N_("Origin"),
}


@click.group("audit")
def audit() -> None:
    """Seal and verify the journal; read what was done to people and rights."""


@audit.command("list")
@click.option("--as", "as_email", metavar="EMAIL", help="The keeper or auditor who reads.")
@click.option("--member", "email", metavar="EMAIL", help="Only what this member did or what was done to him.")
@click.option("--before", type=int, metavar="N", help="Only lines older than line N.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.pass_obj
def list_lines(console: Console, as_email: str | None, email: str | None, before: int | None, limit: int) -> None:
    """List changes to members, roles, tokens and departments and lock-outs at sign-in, newest first."""
    from webapp.access import audit as journal
    from webapp.cli.people import acting, found

    with console.database.read() as unit:
        actor = acting(unit, as_email)
        whose = found(unit, email).id if email else None
        lines = journal.listed(unit, actor, member_id=whose, before=before, limit=limit)
    if console.is_json:
        console.data([asdict(line) for line in lines])
        return
    rows = [
        {
            **asdict(line),
            "what": journal.ACTIONS[line.action].text(console.locale)
            if line.action in journal.ACTIONS
            else line.action,
            "said": ", ".join(f"{key} {value}" for key, value in line.detail.items() if value not in (None, [])),
        }
        for line in lines
    ]
    console.table(rows, _LINE)


@audit.command("seal")
@click.pass_obj
def seal(console: Console) -> None:
    """Seal all events up to now (the worker does so every five minutes)."""
    from webapp.journal import seals

    count = seals.seal(console.database)
    console.data({"events": count}, [console.text(N_("{count} events sealed.", count=count))])


@audit.command("verify")
@click.pass_obj
def verify(console: Console) -> int:
    """Check that no sealed event was changed, dropped or slipped in; exit code 1 if one was."""
    from webapp.journal import seals

    report = seals.verify(console.database)
    lines = [
        N_("{seals} seals over {events} events verified.", seals=report.seals, events=report.events),
        N_("Payloads erased on purpose: {count}. Not sealed yet: {unsealed}.", count=report.erased,
           unsealed=report.unsealed),
    ]  # fmt: skip
    if report.broken is not None:
        lines.append(N_("Seal {id} does not hold: an event under it was changed, dropped or added.", id=report.broken))
    if report.changed:
        ids = ", ".join(map(str, report.changed[:20]))
        lines.append(N_("The payload of these events was changed: {ids}", ids=ids))
    console.data({**asdict(report), "is_whole": report.is_whole}, map(console.text, lines))
    return 0 if report.is_whole else 1


commands = [audit]
