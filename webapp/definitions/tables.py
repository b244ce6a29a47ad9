"""System tables of the app documents."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Id, PreciseMoment, metadata

#: One row. Every unit of work reads it first; apply moves it. On PostgreSQL writers lock it FOR SHARE.
epoch = sa.Table(
    "m__epoch",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
)

#: One row an app: which version is current.
app = sa.Table(
    "m__app",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
)

#: Immutable versions. `names` are the physical names given so far, `building` what the worker still has to do.
app_version = sa.Table(
    "m__app_version",
    metadata,
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("names", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("based_on", sa.Text),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("created_by", Id),
    sa.PrimaryKeyConstraint("app", "version"),
)
