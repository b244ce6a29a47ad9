"""`mortise import` and `mortise export`: records from a spreadsheet and into one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from webapp import clock
from webapp.cli.console import Console
from webapp.errors import Invalid
from webapp.i18n import N_

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("import")
@click.argument("app")
@click.argument("form")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--map", "map_", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Columns and values.")
@click.option("--key", metavar="FIELD", help="Update records with the same value in this field, insert the others.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--as", "as_", metavar="E", help="The member on whose behalf it is done, by address.")
@click.option("--background", is_flag=True, help="Leave the work to the running worker and wait for it.")
@click.pass_obj
def import_(
    console: Console,
    app: str,
    form: str,
    file: Path,
    map_: Path | None,
    key: str | None,
    dry_run: bool,
    as_: str | None,
    background: bool,
) -> None:
    """Read records of FORM in APP from FILE (CSV, TSV, XLSX or XLS)."""
    from dataclasses import replace

    from webapp.cli.people import acting
    from webapp.engines.forms.transfer import jobs, maps

    said = maps.read(map_) if map_ else maps.of({})
    said = replace(said, key=key or said.key)
    database = console.database
    with database.read() as unit:
        actor = acting(unit, as_)
    folder = jobs.put(database.settings, file)
    with database.write() as unit:
        id_ = jobs.add(unit, actor, f"{app}.{form}", folder, file.name, said, is_rehearsal=dry_run)
    job = _waited(console, id_) if background else _done(console, id_)
    if job.state != "done":
        result = job.result or {}
        problems = "".join(f"\n  {p['path']}: {p['text']}" for p in result.get("problems", ()))
        raise Invalid(N_("The import failed: {why}", why=(result.get("error") or job.error or job.state) + problems))
    _tell(console, job.result, file, dry_run)


def _done(console: Console, id_: int) -> Any:
    """Run the job here, unless a worker has it already; a try that went wrong is repeated here too."""
    from webapp.journal import claims, work

    database = console.database

    def do() -> None:
        with database.write() as unit:
            claimed = claims.claim(unit, work.name(), kinds=["import"], id=id_)
        for job in claimed:
            work.run(database, job)

    return _waited(console, id_, do)


def _waited(console: Console, id_: int, do: Callable[[], None] | None = None) -> Any:
    """The job when it has ended; tells how far it is meanwhile, and what keeps it."""
    from webapp.journal import due

    told, complaint = None, ""
    while True:
        with console.database.read() as unit:
            job = due.get(unit, id_)
        if job.state not in (due.WAITING, due.RUNNING):
            return job
        if job.state == due.WAITING and do is not None and job.due_at <= clock.now():
            do()
            continue
        trouble = due.trouble(job)
        if trouble is not None and trouble.id != complaint:
            console.say(trouble, is_error=True)
        complaint = trouble.id if trouble is not None else ""
        done = (job.progress or {}).get("done")
        if done != told and sys.stderr.isatty():
            told = done
            console.say(N_("{n} rows so far", n=done), is_error=True)
        time.sleep(0.2)


def _tell(console: Console, result: dict[str, Any], file: Path, is_rehearsal: bool) -> None:
    result = {**result, "rejected_file": _beside(result["rejected_file"], file)}
    lines = [
        N_("{n} inserted", n=result["inserted"]),
        N_("{n} updated", n=result["updated"]),
        N_("{n} unchanged", n=result["unchanged"]),
        N_("{n} rejected", n=result["rejected"]),
    ]
    texts = [", ".join(console.text(line) for line in lines)]
    if is_rehearsal:
        texts.append(console.text(N_("This was a dry run; nothing was written.")))
    if result["unmapped"]:
        texts.append(console.text(N_("Columns that were left out: {names}", names=", ".join(result["unmapped"]))))
    texts += [f"  {_reason(console, reason)}" for reason in result["reasons"][:20]]
    if result["rejected_file"]:
        texts.append(console.text(N_("Rejected rows with their reasons: {path}", path=result["rejected_file"])))
    if result["change_set"]:
        undo = N_("To take it back: mortise change-set undo {id}", id=result["change_set"])
        texts.append(console.text(undo))
    console.data(result, texts)


def _reason(console: Console, reason: dict[str, Any]) -> str:
    """`product “GTXPro”: 1,480 rows; there is no product “GTXPro”. Did you mean “GTX Pro”?`"""
    rows = console.text(N_("{n} rows", n=f"{reason['rows']:,}"))
    near = " " + console.text(N_("Did you mean “{name}”?", name=reason["near"])) if reason["near"] else ""
    return f"{reason['field']}: {rows}: {reason['text']}{near}"


def _beside(rejected: str | None, file: Path) -> str | None:
    """Copy the rejected rows to where the person looks for them: the folder he works in."""
    if rejected is None:
        return None
    import shutil

    source = Path(rejected)
    target = Path.cwd() / f"{file.stem}-rejected{source.suffix}"
    for number in range(2, 1000):
        if not target.exists():
            break
        target = Path.cwd() / f"{file.stem}-rejected-{number}{source.suffix}"
    shutil.copyfile(source, target)
    return str(target)


@click.command("export")
@click.argument("app")
@click.argument("form")
@click.option("--view", metavar="V", help="The records and columns of this view: its key or name.")
@click.option(
    "--format", "format_", type=click.Choice(["xlsx", "csv", "json"]), help="As the file is named, else xlsx."
)
@click.option("-o", "--output", "target", type=_FILE, required=True)
@click.option("--raw", is_flag=True, help="CSV: do not put an apostrophe before texts that look like formulas.")
@click.option("--as", "as_", metavar="E", help="The member on whose behalf it is done, by address.")
@click.pass_obj
def export(
    console: Console,
    app: str,
    form: str,
    view: str | None,
    format_: str | None,
    target: Path,
    raw: bool,
    as_: str | None,
) -> None:
    """Write the records of FORM in APP to a file."""
    from dataclasses import replace

    from webapp.cli.people import acting
    from webapp.definitions import versions
    from webapp.engines.forms.transfer import exporting

    chosen = format_ or (target.suffix[1:] if target.suffix[1:] in exporting.FORMATS else "xlsx")
    with console.database.read() as unit:
        actor = acting(unit, as_)
        found = versions.current(unit).form(f"{app}.{form}")
        wanted = exporting.Wanted(found.name, chosen)
        if view:
            wanted = exporting.from_view(unit, actor, found, view, chosen)
    count = exporting.write(console.database, actor, replace(wanted, is_guarded=not raw), target)
    text = N_("{n} records written to {path}", n=count, path=str(target))
    console.data({"records": count, "file": str(target), "format": chosen}, [console.text(text)])


commands = [import_, export]
