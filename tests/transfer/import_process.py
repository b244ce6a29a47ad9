"""A worker of its own process for tests, which does imports in small steps until it is killed."""

from __future__ import annotations

import time

import webapp.engines.forms  # noqa: F401 (registers the job)
from webapp.config import Settings
from webapp.db import Database
from webapp.engines.forms.transfer import importing
from webapp.journal import work


def main() -> None:
    importing.SQLITE_ROWS = importing.POSTGRES_ROWS = 20
    importing.PAUSE = 0.02
    written = importing._Import._write

    def slowly(self, *arguments):
        written(self, *arguments)
        time.sleep(0.02)  # PostgreSQL does not pause of itself

    importing._Import._write = slowly
    print("ready", flush=True)
    work.run_ready(Database(Settings.from_env()))


if __name__ == "__main__":
    main()
