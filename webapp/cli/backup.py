"""`mortise backup`: make, check, list and restore. Nothing of it brings the database up to date by itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webapp.cli.console import Console
from webapp.errors import Invalid, NotFound
from webapp.i18n import N_, Message

if TYPE_CHECKING:
    from webapp.backups.folders import Backup
    from webapp.backups.steps import Say

_COLUMNS = {
    "name": N_("File"),
    "made_at": N_("Made"),
    "size": N_("Size"),
    "reason": N_("Why"),
    "key": N_("Key"),
    "state": N_("State"),
}
REASONS: dict[str | None, Message] = {
    "hand": N_("by hand"),
    "schedule": N_("nightly"),
    "update": N_("before an update"),
}
_ABOUT_DATA = ("step", "integrity", "built", "agreement", "journal", "files")
_passphrase = click.option(
    "--passphrase-stdin", is_flag=True, help="Read the passphrase of the key from standard input."
)


@click.group("backup")
def backup() -> None:
    """Backups: the whole firm in one file that proves itself whole."""


@backup.command("create")
@click.option("--with-key", is_flag=True, help="Put the secret key in as well.")
@_passphrase
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Another place for the file.")
@click.pass_obj
def create(console: Console, with_key: bool, passphrase_stdin: bool, output: Path | None) -> None:
    """Make a backup while everybody works on."""
    from webapp.backups import making

    passphrase = _read_passphrase(passphrase_stdin)
    if passphrase is not None and not with_key:
        raise Invalid(N_("A passphrase closes the key: say --with-key as well."))
    order = making.Order(with_key=with_key, passphrase=passphrase, target=output.absolute() if output else None)
    made = making.create(console.settings, order, _progress(console))
    console.data(_row(console, made), [str(made.path)])
    if not with_key:
        console.say(
            N_(
                "The secret key is not in it: after a restore without it, open pages have to be loaded once more. "
                "Everything else comes back."
            ),
            is_error=True,
        )
    elif passphrase is None:
        console.say(
            N_("The secret key lies in it as it is: keep this file as you would keep the key itself."), is_error=True
        )


@backup.command("list")
@click.pass_obj
def list_backups(console: Console) -> int:
    """List the backups of the folder, newest first."""
    from webapp.backups import folders

    found = folders.listed(console.settings)
    if console.is_json:
        console.data([_row(console, one) for one in found])
    elif found:
        console.table([_shown(console, one) for one in found], _COLUMNS)
    else:
        console.say(N_("There is no backup in {folder} yet.", folder=str(folders.root(console.settings))))
    return 0


@backup.command("verify")
@click.argument("file", required=False)
@click.option("--deep", is_flag=True, help="Restore it for a trial as well.")
@click.pass_obj
def verify(console: Console, file: str | None, deep: bool) -> None:
    """Go through every byte of a backup, the newest one if none is named."""
    from webapp.backups import checking

    path = _path(console, file)
    report = checking.verify(console.settings, path, deep=deep, say=_progress(console))
    told = N_(
        "{name} is whole: {parts} parts, {tables} tables, {rows} rows.",
        name=report.name,
        parts=report.parts,
        tables=report.tables,
        rows=report.rows,
    )
    trials = {
        "restored": N_("A trial restore brought the same tables, and the journal’s chain holds."),
        "read": N_("Its rows were read and are the same; no database could be made for a trial restore."),
    }
    lines = [told.text(console.locale), *([trials[report.trial].text(console.locale)] if report.trial else [])]
    console.data({**vars(report), "file": str(path)}, lines)


@backup.command("restore")
@click.argument("file")
@click.option("--replace", is_flag=True, help="Over the data that is here, which is kept beside.")
@_passphrase
@click.pass_obj
def restore(console: Console, file: str, replace: bool, passphrase_stdin: bool) -> None:
    """Restore a backup into an empty place, with Mortise stopped."""
    from webapp.backups import restoring

    path = _path(console, file)
    passphrase = _read_passphrase(passphrase_stdin)
    done = restoring.restore(console.settings, path, replace=replace, passphrase=passphrase, say=_progress(console))
    notes = [note.text(console.locale) for note in done.notes]
    lines = [
        N_("Restored: {rows} rows, {files} files, as of {at}.", rows=done.rows, files=done.files, at=done.made_at).text(
            console.locale
        )
    ]
    if done.aside:
        lines.append(N_("What was here before lies in {folder}.", folder=done.aside).text(console.locale))
    if done.from_step != done.to_step:
        told = N_("It was brought up to date from step {old} to {new}.", old=done.from_step, new=done.to_step)
        lines.append(told.text(console.locale))
    console.data({**vars(done), "notes": notes}, [*lines, *notes])
    _look_after(console)


def _look_after(console: Console) -> None:
    """What `mortise doctor` says of the restored firm, as far as it is not well. Nothing runs yet."""
    from webapp.db import Database
    from webapp.serving import doctor

    database = Database(console.settings)
    try:
        found = doctor.run(database)
    finally:
        database.dispose()
    for one in found:
        if one.state == "bad" or (one.state == "warn" and one.key in _ABOUT_DATA):
            console.say(N_("{what}: {said}", what=one.title, said=one.said), is_error=True)


def _path(console: Console, file: str | None) -> Path:
    from webapp.backups import folders

    if file is not None:
        return folders.found(console.settings, file)
    for one in folders.listed(console.settings):
        return one.path
    raise NotFound(N_("There is no backup in {folder} yet.", folder=str(folders.root(console.settings))))


def _read_passphrase(is_given: bool) -> str | None:
    if not is_given:
        return None
    text = sys.stdin.readline().rstrip("\r\n")
    if len(text) < 8:
        raise Invalid(N_("A passphrase of 8 characters or more is needed."))
    return text


def _progress(console: Console) -> Say:
    """On a terminal, a line that grows; nothing where a program reads."""
    is_seen = sys.stderr.isatty()

    def say(percent: int, what: Message) -> None:
        if is_seen:
            end = "\n" if percent >= 100 else ""
            click.echo(f"\r\033[K{percent:3d} %  {what.text(console.locale)}{end}", err=True, nl=False)

    return say


def _row(console: Console, one: Backup) -> dict[str, Any]:
    error = one.error
    said = one.manifest or {}
    return {
        "name": one.name,
        "path": str(one.path),
        "size": one.size,
        "made_at": one.made_at,
        "reason": one.reason,
        "key": one.key,
        "step": said.get("step"),
        "product": said.get("product"),
        "state": error.code if error else "good",
        "error": error.message.text(console.locale) if error else None,
    }


def _shown(console: Console, one: Backup) -> dict[str, Any]:
    keys = {"plain": N_("open"), "passphrase": N_("closed")}
    return {
        "name": one.name,
        "made_at": one.made_at,
        "size": f"{one.size / 1e6:.1f} MB",
        "reason": REASONS[one.reason].text(console.locale) if one.reason in REASONS else "",
        "key": keys[one.key].text(console.locale) if one.key else "",
        "state": one.error.message.text(console.locale) if one.error else N_("good").text(console.locale),
    }


commands = [backup]
