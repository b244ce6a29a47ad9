"""`make migration NAME="what it does"`: the next step, from what the tables in the code have and the steps lack."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from webapp import migrating
from webapp.config import Settings
from webapp.db import Database


def main() -> None:
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('Say what it does: make migration NAME="members have a nickname"')
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env({"MORTISE_DATA_DIR": folder, "MORTISE_SECRET_KEY": "for this step only"})
        database = Database(settings)
        migrating.migrate(database)
        number = f"{max(map(int, migrating.steps())) + 1:04d}"
        with database.write() as unit:
            config = migrating.config(connection=unit.connection)
            command.revision(config, message=sys.argv[1], autogenerate=True, rev_id=number)
        database.dispose()
    made = next(Path(migrating.ROOT, "versions").glob(f"{number}_*.py"))
    print(f"{made}: read it, and try it on both databases (make check).")


if __name__ == "__main__":
    main()
