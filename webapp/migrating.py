"""Bringing a database up to date: one process does it, the others wait and say so.

The steps stand in `migrations/` (Alembic) and concern the system's own tables alone; form tables belong to the app
documents. A database that a newer program has touched is refused.
"""

from __future__ import annotations

import fcntl
import functools
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp import schema
from webapp.db import Database
from webapp.errors import Busy, Conflict
from webapp.i18n import N_, Message
from webapp.journal import eras, partitions

ROOT = Path(__file__).parent.parent / "migrations"
VERSION_TABLE = "m__migration"
WAIT = 600.0
_LOCK = 0x6D6F7274697365  # "mortise"

Say = Callable[[Message], None]


_STEP = re.compile(r'^(revision|down_revision)(?:: [^=]+)? = "(\w+)"', re.MULTILINE)


def steps() -> dict[str, str | None]:
    """Revision → the one before it. Their order is this chain, not their numbers."""
    found = {}
    for path in (ROOT / "versions").glob("[0-9]*_*.py"):
        said = dict(_STEP.findall(path.read_text("utf-8")))
        found[said["revision"]] = said.get("down_revision")
    return found


def head() -> str:
    """The revision this program wants: the one that no other comes after."""
    known = steps()
    (last,) = known.keys() - set(known.values())
    return last


def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with database.read() as unit:
        if not sa.inspect(unit.connection).has_table(VERSION_TABLE):
            return None
        return unit.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def is_current(database: Database) -> bool:
    """True if nothing is to do; raises `Conflict` if the database is newer than this program."""
    found, wanted = current(database), head()
    if found is not None and found != wanted and found not in steps():
        raise Conflict(
            N_(
                "This database was made by a newer Mortise (step {found}; this one knows {wanted}). Install the newer.",
                found=found,
                wanted=wanted,
            )
        )
    return found == wanted


def migrate(database: Database, *, say: Say | None = None, before: Callable[[], object] | None = None) -> bool:
    """Bring `database` up to date, making it if it is empty; True if there was something to do.

    before  called where a database that holds something is about to be changed; what it raises keeps it as it is
    """
    with _alone(database, say or (lambda _: None)):  # even to look: SQLite's very first connections must not race
        is_done = not is_current(database)
        if is_done:
            if before is not None and current(database) is not None:
                before()
            _upgrade(database)
            with database.write() as unit:
                partitions.ensure(unit)
        if not database.is_sqlite:
            with database.write() as unit:
                eras.ensure(unit)
    return is_done


def _upgrade(database: Database) -> None:
    from alembic import command

    with database.write() as unit:
        command.upgrade(config(connection=unit.connection), "head")


def config(**attributes: Any) -> Any:
    """Alembic's settings for this project (`connection`: where to run)."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(ROOT))
    made.attributes.update(attributes)
    return made


def options(dialect: str) -> dict[str, Any]:
    """What Alembic compares: the tables in the code with the system's own in the database, and nothing else."""
    return {
        "target_metadata": schema.load(),
        "version_table": VERSION_TABLE,
        "include_name": _is_ours,
        "include_object": functools.partial(_is_of, dialect),
        "compare_type": True,
        "user_module_prefix": "webapp.db.",
    }


def _is_ours(name: str | None, type_: str, _parents: object) -> bool:
    """System tables begin with `m__`; form tables are the app documents' and are never touched."""
    if type_ != "table" or name is None:
        return True
    return name.startswith("m__") and partitions.NAME.fullmatch(name) is None


def _is_of(dialect: str, thing: Any, _name: str | None, _type: str, is_reflected: bool, _other: object) -> bool:
    """Leave out what only the other database has (`ddl_if`)."""
    wanted = getattr(thing, "_ddl_if", None)
    return is_reflected or wanted is None or wanted.dialect == dialect


@contextmanager
def _alone(database: Database, say: Say) -> Iterator[None]:
    with _file_lock(database, say) if database.is_sqlite else _advisory_lock(database, say):
        yield


def _wait(try_lock: Callable[[], bool], say: Say) -> None:
    ends = time.monotonic() + WAIT
    is_told = False
    while not try_lock():
        if not is_told:
            say(N_("Another process is bringing the database up to date; waiting for it."))
            is_told = True
        if time.monotonic() > ends:
            raise Busy(N_("Another process has been bringing the database up to date for ten minutes; giving up."))
        time.sleep(0.2)


@contextmanager
def _file_lock(database: Database, say: Say) -> Iterator[None]:
    path = Path(database.settings.database_url.removeprefix("sqlite:///"))
    handle = os.open(path.with_name(path.name + ".migrating"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_lock() -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        _wait(try_lock, say)
        yield
    finally:
        os.close(handle)


@contextmanager
def _advisory_lock(database: Database, say: Say) -> Iterator[None]:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take = sa.text("SELECT pg_try_advisory_lock(:key)")
        _wait(lambda: bool(connection.execute(take, {"key": _LOCK}).scalar()), say)
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
