"""The worker: does what is due."""

from __future__ import annotations

import importlib

from webapp.config import Settings

#: Modules whose import registers handlers of due rows and periodic work.
HANDLERS = (
    "webapp.journal.keeping",
    "webapp.engines.forms.structure.building",
    "webapp.engines.forms.bulk_jobs",
    "webapp.engines.forms.finding.tagging",
    "webapp.engines.forms.days.emptying",
    "webapp.engines.forms.writing.filing",
    "webapp.engines.forms.transfer.export_jobs",
    "webapp.engines.forms.transfer.jobs",
    "webapp.engines.forms.undoing",
    "webapp.engines.forms.days.handover",
    "webapp.channels.password_mail",
    "webapp.backups.jobs",
)


def load_handlers() -> None:
    for module in HANDLERS:
        importlib.import_module(module)


def run(settings: Settings, *, threads: int = 4) -> None:
    """Work until SIGTERM or SIGINT."""
    import tasks
    from webapp.backups import presence
    from webapp.db import Database
    from webapp.journal import signals

    presence.hold(settings)
    load_handlers()
    database = Database(settings)
    signals.connect(database)
    try:
        tasks.run_worker(database, threads=threads)
    finally:
        database.dispose()
