"""Where Alembic runs: on the connection it is given, else on the database of the environment's settings."""

from __future__ import annotations

from alembic import context

from webapp import migrating
from webapp.config import Settings
from webapp.db import Database

attributes = context.config.attributes


def run(dialect: str, **where: object) -> None:
    is_batch = attributes.get("render_as_batch", True)
    context.configure(render_as_batch=is_batch, **migrating.options(dialect), **where)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    dialect = attributes.get("dialect") or ("sqlite" if Settings.from_env().is_sqlite else "postgresql")
    run(dialect, dialect_name=dialect, literal_binds=True)
elif "connection" in attributes:
    run(attributes["connection"].dialect.name, connection=attributes["connection"])
else:
    with Database(Settings.from_env()).write() as unit:
        run(unit.dialect, connection=unit.connection)
