"""The system table of files."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Id, PreciseMoment, metadata

#: A file somebody keeps. Several rows may name the same content.
file = sa.Table(
    "m__file",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("hash", sa.Text, nullable=False),  # SHA-256 of the content, and its name in the store
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # as people know it
    sa.Column("type", sa.Text, nullable=False),  # media type, told by the content
    sa.Column("purpose", sa.Text, nullable=False),  # import, rejected, export, …
    sa.Column("member", Id),  # whose it is: a job's file is there for nobody else
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("expires_at", PreciseMoment),
    # Of a record's file: the form's table, the field's column, and the record once one was saved with it.
    sa.Column("form", sa.Text),
    sa.Column("field", sa.Text),
    sa.Column("record", Id),
    sa.Column("width", sa.Integer),  # of a picture, as it is to be looked at
    sa.Column("height", sa.Integer),
    sqlite_autoincrement=True,
)
sa.Index("ix_m__file_hash", file.c.hash)
sa.Index(
    "ix_m__file_expires_at",
    file.c.expires_at,
    sqlite_where=file.c.expires_at.is_not(None),
    postgresql_where=file.c.expires_at.is_not(None),
)
sa.Index(
    "ix_m__file_record",
    file.c.form,
    file.c.record,
    sqlite_where=file.c.form.is_not(None),
    postgresql_where=file.c.form.is_not(None),
)
