"""`mortise app`: app documents from the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webapp.cli.console import Console
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.definitions.plan import Plan
    from webapp.definitions.unbuilt import Unbuilt
    from webapp.definitions.upgrade import Upgrade

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True)
_as = click.option("--as", "as_email", metavar="EMAIL", help="The builder who does this; else the first administrator.")
_EXIT = {"none": 0, "change": 2, "loss": 3, "blocked": 1}
_MARK = {"change": " ", "loss": "!", "blocked": "x"}
_CHANGED_BY = {
    "catalog": N_("Taken from the catalog:"),
    "both": N_("Changed alike here and in the catalog:"),
    "firm": N_("Changed here alone, and kept:"),
}
_LIST = {
    "app": N_("App"),
    "label": N_("Label"),
    "version": N_("Version"),
    "forms": N_("Forms"),
    "building": N_("Still building"),
}
_HISTORY = {
    "version": N_("Version"),
    "created_at": N_("Published"),
    "who": N_("Who"),
    "changes": N_("Changes"),
    "note": N_("Note"),
    "unbuilt": N_("Could not be built"),
}


@click.group("app")
def app() -> None:
    """App documents: look, plan, publish, take back."""
    import webapp.engines.forms  # noqa: F401  (registers the kinds)


@app.command("list")
@click.pass_obj
def list_apps(console: Console) -> None:
    """List the apps in force."""
    from webapp.definitions import versions
    from webapp.i18n import label

    with console.database.read() as unit:
        open_work = versions.building(unit)
        rows = [
            {
                "app": found.key,
                "label": label(found.label, console.locale),
                "version": found.version,
                "forms": len(found.forms),
                "building": sum(1 for w in open_work if w["app"] == found.key),
            }
            for found in versions.current(unit).apps.values()
        ]
    console.table(rows, _LIST)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of an app document."""
    import json

    from webapp.definitions.document import json_schema

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command("validate")
@click.argument("file", type=_FILE)
@click.pass_obj
def validate(console: Console, file: Path) -> None:
    """Check the document in FILE and name everything that needs mending."""
    from webapp.definitions import versions

    with console.database.read() as unit:
        found = versions.validate(_text(file), versions.current(unit))
    said = N_("The document of {app} is good.", app=found.app)
    console.data({"app": found.app, "valid": True}, [console.text(said)])


@app.command("plan")
@click.argument("file", type=_FILE)
@click.pass_obj
def plan(console: Console, file: Path) -> int:
    """Say what publishing FILE would change. Exit code 0: nothing; 2: changes; 3: data would be lost or shown."""
    from webapp.definitions import versions

    with console.database.read() as unit:
        definitions = versions.current(unit)
        found = versions.plan(definitions, versions.validate(_text(file), definitions), unit)
    _show(console, found)
    return _EXIT[found.severity]


@app.command("apply")
@click.argument("file", type=_FILE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--accept-loss", is_flag=True, help="Consent to data that is lost, or shown to more readers.")
@click.option("--expect-version", type=int, help="Refuse if another version than this one is in force.")
@click.option("--note", help="A word on why, kept in the history.")
@click.option("--finish", is_flag=True, help="Also do the work behind it here, without waiting for a worker.")
@_as
@click.pass_obj
def apply(
    console: Console,
    file: Path,
    yes: bool,
    accept_loss: bool,
    expect_version: int | None,
    note: str | None,
    finish: bool,
    as_email: str | None,
) -> None:
    """Publish the document in FILE."""
    from webapp.cli.people import acting
    from webapp.definitions import versions

    text = _text(file)
    with console.database.read() as unit:
        actor = acting(unit, as_email, or_system=True)
        definitions = versions.current(unit)
        document = versions.validate(text, definitions)
        found = versions.plan(definitions, document, unit)
    _ask(console, found, yes)
    expected = found.before if expect_version is None else expect_version
    done = versions.apply(
        console.database, actor, document, accept_loss=accept_loss, note=note, expect_version=expected
    )
    _tell(console, done, finish)


@app.command("export")
@click.argument("key", metavar="A")
@click.option("--version", type=int, help="An older version.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file instead of the screen.")
@click.pass_obj
def export(console: Console, key: str, version: int | None, output: Path | None) -> None:
    """Print the document of an app as YAML (with --json as JSON)."""
    from webapp.definitions import versions

    with console.database.read() as unit:
        document = versions.document(unit, key, version)
    text = document.text() + "\n" if console.is_json else versions.dump(document)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


@app.command("history")
@click.argument("key", metavar="A")
@click.pass_obj
def history(console: Console, key: str) -> None:
    """List the versions of an app, newest first."""
    import sqlalchemy as sa

    from webapp.access.tables import member
    from webapp.definitions import versions

    with console.database.read() as unit:
        names = {row.id: row.name for row in unit.execute(sa.select(member.c.id, member.c.name))}
        rows = [
            {
                "version": v.version,
                "created_at": v.created_at.isoformat(timespec="seconds"),
                "who": names.get(v.created_by or 0),
                "changes": v.plan["changes"] if console.is_json else len(v.plan["changes"]),
                "note": v.note,
                "unbuilt": _unbuilt(console, v.unbuilt),
            }
            for v in versions.history(unit, key)
        ]
    console.table(rows, _HISTORY)


def _unbuilt(console: Console, missing: Sequence[Unbuilt]) -> Any:
    if console.is_json:
        return [{**one.json(), "message": console.text(one.message)} for one in missing]
    return "; ".join(console.text(one.message) for one in missing)


@app.command("retry")
@click.argument("key", metavar="A")
@click.option("--finish", is_flag=True, help="Also do the work here, without waiting for a worker.")
@_as
@click.pass_obj
def retry(console: Console, key: str, finish: bool, as_email: str | None) -> int:
    """Try again what the data of app A did not let be built. Exit code 1: with --finish something is still missing."""
    from webapp.cli.people import acting
    from webapp.definitions import storage, versions

    with console.database.read() as unit:
        actor = acting(unit, as_email, or_system=True)
    count = versions.retry(console.database, actor, key)
    if finish and count:
        storage.get().finish(console.database)
    with console.database.read() as unit:
        missing = versions.unbuilt(unit, key)
    lines = [console.text(one.message) for one in missing]
    if not missing:
        said = N_("{n} pieces of work are tried again.", n=count) if count else N_("Nothing is missing.")
        lines = [console.text(said)]
    console.data({"app": key, "tried": count, "unbuilt": _unbuilt(console, missing)}, lines)
    return 1 if missing else 0


@app.command("rollback")
@click.argument("key", metavar="A")
@click.argument("version", metavar="V", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--accept-loss", is_flag=True, help="Consent to data that is lost, or shown to more readers.")
@click.option("--finish", is_flag=True, help="Also do the work behind it here, without waiting for a worker.")
@_as
@click.pass_obj
def rollback(
    console: Console, key: str, version: int, yes: bool, accept_loss: bool, finish: bool, as_email: str | None
) -> None:
    """Publish version V of app A again, as a new version."""
    from webapp.cli.people import acting
    from webapp.definitions import versions

    with console.database.read() as unit:
        actor = acting(unit, as_email, or_system=True)
        definitions = versions.current(unit)
        document = versions.validate(versions.document(unit, key, version), definitions)
        found = versions.plan(definitions, document, unit)
    _ask(console, found, yes)
    done = versions.rollback(console.database, actor, key, version, accept_loss=accept_loss)
    _tell(console, done, finish)


@app.command("upgrade")
@click.argument("key", metavar="A")
@click.option("--yes", is_flag=True, help="Publish it; without this it is only shown.")
@click.option("--accept-loss", is_flag=True, help="Consent to data that is lost, or shown to more readers.")
@click.option("--finish", is_flag=True, help="Also do the work behind it here, without waiting for a worker.")
@click.option("--base", type=click.IntRange(1, 10**8), metavar="V", help="Version V was the catalog's own document.")
@_as
@click.pass_obj
def upgrade(
    console: Console, key: str, yes: bool, accept_loss: bool, finish: bool, base: int | None, as_email: str | None
) -> int:
    """Bring app A up to the catalog's newer document and keep the firm's own changes.

    Without --yes it shows what would change. Exit code 0: nothing; 2: changes; 3: data would be lost or shown.
    """
    from webapp import catalog
    from webapp.access import firm
    from webapp.cli.people import acting
    from webapp.definitions import versions

    with console.database.read() as unit:
        actor = acting(unit, as_email, or_system=True)
        versions.current(unit).app(key)
        found = versions.propose(unit, key, catalog.document(key, firm.get(unit).currency), began=base)
    if not yes:
        lines = [*_plan_lines(console, found.plan), *_merge_lines(console, found)]
        console.data(found.json(), lines)
        return _EXIT[found.plan.severity]
    note = console.text(N_("upgrade from the catalog"))
    done = versions.upgrade(console.database, actor, found, accept_loss=accept_loss, note=note)
    _tell(console, done, finish, found.json())
    return 0


@app.command("purge")
@click.argument("key", metavar="A")
@click.option("--form", help="Only what is left of this form.")
@click.option("--field", help="Only what is left of this field of the form.")
@click.option("--yes", is_flag=True, help="Do not ask; consent to the loss.")
@click.option("--finish", is_flag=True, help="Also do the work behind it here, without waiting for a worker.")
@click.pass_obj
def purge(console: Console, key: str, form: str | None, field: str | None, yes: bool, finish: bool) -> None:
    """Remove for good what removed fields and forms and conversions of app A have left. It cannot be taken back."""
    from webapp.cli.people import acting
    from webapp.definitions import purge as purging
    from webapp.definitions import versions

    if field and not form:
        raise click.UsageError("--field needs --form")
    with console.database.read() as unit:
        actor = acting(unit, None, or_system=True)
        found = purging.plan(versions.current(unit), unit, key, form, field)
    if not found.work:
        console.data({"app": key, "changed": False}, [console.text(N_("Nothing is left there to be purged."))])
        return
    if not yes:
        _show(console, found, is_error=True)
        click.confirm(console.text(N_("Remove this for good?")), abort=True, err=True)
    _tell(console, versions.purge(console.database, actor, key, form, field, accept_loss=True), finish)


def _text(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _plan_lines(console: Console, found: Plan) -> list[str]:
    if found.is_empty:
        return [console.text(N_("Nothing would change."))]
    return [f"{_MARK[c.severity]} {c.path}: {c.message.text(console.locale)}" for c in found.changes]


def _merge_lines(console: Console, found: Upgrade) -> list[str]:
    """Who changed what since the app last followed the catalog; what is in dispute with both values."""
    lines = []
    for who, title in _CHANGED_BY.items():
        places = [d.path for d in found.merged.by(who)]
        if places:
            lines += ["", console.text(title), *(f"  {path}" for path in places)]
    if found.disputed:
        lines += ["", console.text(N_("The firm's own stands, the catalog's is left out:"))]
    for d in found.disputed:
        both = d.json()
        values = N_("yours {yours}, catalog {theirs}", yours=_shortly(both["yours"]), theirs=_shortly(both["catalog"]))
        reason = f" ({d.problem.text(console.locale)})" if d.problem else ""
        lines.append(f"  {d.path}: {console.text(values)}{reason}")
    return lines


def _shortly(value: object) -> str:
    """A part of a document on one line."""
    import json

    text = json.dumps(value, ensure_ascii=False) if value is not None else "–"
    return text if len(text) <= 120 else f"{text[:119]}…"


def _show(console: Console, found: Plan, *, is_error: bool = False) -> None:
    lines = _plan_lines(console, found)
    if is_error:
        click.echo("\n".join(lines), err=True)
    else:
        console.data(found.json(), lines)


def _ask(console: Console, found: Plan, yes: bool) -> None:
    """Show the plan and ask, unless the caller has said yes beforehand or nothing would change."""
    if yes or found.is_empty:
        return
    _show(console, found, is_error=True)
    click.confirm(console.text(N_("Publish this?")), abort=True, err=True)


def _tell(console: Console, done: object, finish: bool, more: Mapping[str, Any] | None = None) -> None:
    from webapp.definitions import storage
    from webapp.definitions.versions import AppliedVersion

    assert isinstance(done, AppliedVersion)
    if finish and done.is_changed:
        storage.get().finish(console.database)
    if not done.is_changed:
        said = N_("Nothing has changed; version {version} of {app} stays in force.", version=done.version, app=done.app)
    elif done.plan.work and not finish:
        said = N_(
            "Version {version} of {app} is in force; the worker goes on with {n} pieces of work.",
            version=done.version,
            app=done.app,
            n=len(done.plan.work),
        )
    else:
        said = N_("Version {version} of {app} is in force.", version=done.version, app=done.app)
    value = {"app": done.app, "version": done.version, "changed": done.is_changed, "plan": more or done.plan.json()}
    console.data(value, [console.text(said)])


commands = [app]
