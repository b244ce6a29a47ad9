"""`mortise serve`, `web`, `worker` and `migrate`."""

from __future__ import annotations

import dataclasses
import importlib
import os
from typing import TYPE_CHECKING

import click

from webapp import clock
from webapp.cli.console import Console
from webapp.config import Settings
from webapp.errors import MortiseError
from webapp.i18n import N_

if TYPE_CHECKING:
    import socket

_host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
_port = click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
_processes = click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
_threads = click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Jobs at a time.")


@click.command("serve")
@_host
@_port
@_processes
@_threads
@click.option("--app", "apps", multiple=True, help="A starter app to put into a new database, such as crm.")
@click.pass_obj
def serve(console: Console, host: str, port: int, workers: int, threads: int, apps: tuple[str, ...]) -> int:
    """Migrate if needed, then run web and worker together until Ctrl-C."""
    from webapp.serving import imports, supervisor, web, worker

    listener = web.listen(host, port)
    settings = _settled(console, host, listener)
    importlib.import_module("webapp.db")  # for both sides of the fork
    prepared = supervisor.begin_apart(lambda: _prepare(console, settings, apps))
    imports.early(settings)  # meanwhile: they open nothing
    if code := prepared():
        return code
    parts = [
        supervisor.Part("web", lambda: web.run(settings, listener, workers)),
        supervisor.Part("worker", lambda: worker.run(settings, threads=threads)),
    ]
    return supervisor.Supervisor(parts).run()


@click.command("web")
@_host
@_port
@_processes
@click.pass_obj
def web(console: Console, host: str, port: int, workers: int) -> int:
    """Run the web server alone (a process manager looks after it)."""
    from webapp.serving import imports, supervisor
    from webapp.serving import web as server

    listener = server.listen(host, port)
    settings = _settled(console, host, listener)
    prepared = supervisor.begin_apart(lambda: _prepare(console, settings))
    imports.early(settings)
    if code := prepared():
        return code
    server.run(settings, listener, workers)
    return 0


@click.command("worker")
@_threads
@click.pass_obj
def worker(console: Console, threads: int) -> int:
    """Run a worker alone; any number may run on any number of machines."""
    from webapp.serving import imports, supervisor
    from webapp.serving import worker as part

    settings = _begin(console)
    code = supervisor.run_apart(lambda: _migrate(console, settings))
    if not code:
        imports.queue(settings)
        part.run(settings, threads=threads)
    return code


@click.command("migrate")
@click.option("--without-backup", is_flag=True, help="Make no backup first.")
@click.pass_obj
def migrate(console: Console, without_backup: bool) -> int:
    """Bring the database up to date, after a backup, and end."""
    return _migrate(console, _begin(console), is_saved=not without_backup)


def _begin(console: Console) -> Settings:
    """Logs and the process's time zone, which SQLite's `localtime` follows."""
    from webapp.serving import logs

    settings = console.settings
    logs.configure(settings.log)
    clock.keep_firm_zone(settings.timezone)
    return settings


def _settled(console: Console, host: str, listener: socket.socket) -> Settings:
    """Without `MORTISE_BASE_URL` people reach us where we listen."""
    settings = _begin(console)
    if os.environ.get("MORTISE_BASE_URL"):
        return settings
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return dataclasses.replace(settings, base_url=f"http://{shown}:{listener.getsockname()[1]}")


def _migrate(console: Console, settings: Settings, *, is_saved: bool = True) -> int:
    from webapp import migrating
    from webapp.db import Database

    database = Database(settings)
    try:
        migrating.migrate(database, say=console.say, before=console.backing_up(settings) if is_saved else None)
    except MortiseError as error:
        console.fail(error)
        return 1
    finally:
        database.dispose()
    return 0


def _prepare(console: Console, settings: Settings, apps: tuple[str, ...] = ()) -> int:
    """In a child process: migrate, fill a new database, and say where we are."""
    from webapp import migrating
    from webapp.access import setup
    from webapp.cli import init
    from webapp.db import Database

    database = Database(settings)
    is_new = migrating.current(database) is None
    code = _migrate(console, settings)
    if code:
        return code
    try:
        for app in apps if is_new else ():
            init.start_app(console, app)
    except MortiseError as error:
        console.fail(error)
        return 1
    with database.write() as unit:
        secret = setup.issue(unit)
    database.dispose()
    console.say(N_("Mortise runs at {address}", address=settings.base_url))
    if secret:
        link = settings.base_url + setup.path(secret)
        console.say(N_("Nobody is registered yet. Set it up within 24 hours at {link}", link=link))
    return 0


commands = [serve, web, worker, migrate]
