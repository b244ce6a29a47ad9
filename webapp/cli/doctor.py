"""`mortise doctor`: looks at everything and says what to do. Ends with 1 when something has to be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from webapp.cli.console import Console
from webapp.errors import Invalid
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.serving.checks import Check

_MARK = {"ok": "✓", "warn": "!", "bad": "✗"}


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Take the time to go through all of it.")
@click.option("--mend", is_flag=True, help="Have formulas and search texts that do not agree computed anew.")
@click.pass_obj
def doctor(console: Console, deep: bool, mend: bool) -> int:
    """Look at configuration, database, worker, disk, mail, backups and more."""
    from webapp.db import Database
    from webapp.serving import doctor as looking

    try:
        settings = console.settings
    except Invalid as error:
        console.fail(error)
        console.say(N_("Nothing else was looked at: mend the settings first."), is_error=True)
        return 1
    database = Database(settings)
    try:
        found = looking.run(database, deep=deep)
        if mend and found[0].state == "ok":
            from webapp.engines.forms.structure import soundness

            count = soundness.mend(database, soundness.look(database, 2000)[1])
            console.say(N_("{n} pieces of work are left to the worker.", n=count), is_error=True)
    finally:
        database.dispose()
    show(console, found)
    return looking.code(found)


def show(console: Console, found: list[Check]) -> None:
    """Each thing with its mark, and how to mend what is not well."""
    data: list[dict[str, Any]] = [
        {
            "check": one.key,
            "state": one.state,
            "said": one.said.text(console.locale),
            "todo": one.todo.text(console.locale) if one.todo and one.state != "ok" else None,
        }
        for one in found
    ]
    lines = []
    for one, said in zip(found, data, strict=True):
        lines.append(f"{_MARK[one.state]} {one.title.text(console.locale)}: {said['said']}")
        if said["todo"]:
            lines.append(f"    → {said['todo']}")
    counts = {state: sum(one.state == state for one in found) for state in _MARK}
    total = N_("{ok} good, {warn} can wait, {bad} to be mended", **counts)
    console.data({"checks": data, **counts}, [*lines, total.text(console.locale)])


commands = [doctor]
