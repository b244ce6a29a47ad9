"""`mortise audit`: the chain of seals over the journal."""

from __future__ import annotations

from dataclasses import asdict

import click

from webapp.cli.console import Console
from webapp.i18n import N_


@click.group("audit")
def audit() -> None:
    """Seal and verify the journal."""


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
