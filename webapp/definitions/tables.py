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
    sa.Column("based_on", sa.Text),  # JSON: the catalog's document; NULL: the same as the version before
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("created_by", Id),
    sa.PrimaryKeyConstraint("app", "version"),
)

#: Work behind an apply that touches rows, and how far it has come (decisions 1). Any worker goes on with it.
building = sa.Table(
    "m__building",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("field", sa.Text),
    sa.Column("what", sa.Text, nullable=False),  # convert, backfill, search, index, purge
    sa.Column("version", sa.Integer, nullable=False),  # of the app that asked for it
    sa.Column("payload", sa.Text, nullable=False),  # JSON
    sa.Column("state", sa.Text, nullable=False),  # open, done, failed, dropped
    sa.Column("position", Id, nullable=False, server_default="0"),  # last id that is done
    sa.Column("report", sa.Text),  # JSON: what did not go, and why
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("finished_at", PreciseMoment),
    sqlite_autoincrement=True,
)
sa.Index("ix_m__building_state", building.c.state, building.c.app, building.c.form)

#: What a builder is changing and has not published; one an app and member.
app_draft = sa.Table(
    "m__app_draft",
    metadata,
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("member", Id, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # the version it began with; 0: a new app
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("based_on", sa.Text),  # JSON: the catalog's document that is followed once this is published
    sa.Column("left_out", sa.Text),  # JSON: of an upgrade, what of the catalog's was not taken
    sa.Column("changed_at", PreciseMoment, nullable=False),
    sa.PrimaryKeyConstraint("app", "member"),
)
