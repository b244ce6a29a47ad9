"""All system tables, gathered from the packages that define them, for migrations and tests."""

from __future__ import annotations

import importlib

import sqlalchemy as sa

from webapp.db import Database, metadata

#: Modules whose import puts tables into `db.metadata`.
OWNERS = (
    "webapp.definitions.tables",
    "webapp.access.tables",
    "webapp.journal.tables",
    "webapp.files.tables",
    "webapp.engines.forms.structure.counters",
    "webapp.engines.forms.around.comments",
    "webapp.engines.forms.around.stars",
    "webapp.engines.forms.viewing.saved_tables",
    "webapp.engines.forms.transfer.tables",
)


def load() -> sa.MetaData:
    for module in OWNERS:
        importlib.import_module(module)
    return metadata


def create(database: Database) -> None:
    """Make every system table in an empty database (migrations do the same step by step)."""
    load()
    with database.write() as unit:
        metadata.create_all(unit.connection)
