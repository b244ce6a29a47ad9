"""System tables of imports: what somebody is about to import, and which columns of which files went where."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Id, PreciseMoment, metadata

#: An import on its way through the wizard. There for its member alone, for as long as its files.
import_ = sa.Table(
    "m__import",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("member", Id, nullable=False),
    sa.Column("form", sa.Text),  # app.key; none while the form itself is made from the file
    sa.Column("file", Id, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # of the file
    sa.Column("facts", sa.Text, nullable=False),  # JSON: what the file is, its first rows (`wizard.Facts`)
    sa.Column("map", sa.Text, nullable=False),  # JSON: as `maps.of` takes it
    sa.Column("draft", sa.Text),  # JSON: the form that is being made from the file
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("rehearsal", Id),  # due row of the check of this very map
    sa.Column("job", Id),  # due row of the import
    sa.Column("undo", Id),  # due row that takes it back
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("expires_at", PreciseMoment, nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("ix_m__import_member", import_.c.member, import_.c.id)
sa.Index("ix_m__import_expires_at", import_.c.expires_at)

#: The last map that was used for files of a shape (the fingerprint of their headings), by form and member.
shape = sa.Table(
    "m__import_shape",
    metadata,
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("shape", sa.Text, nullable=False),
    sa.Column("member", Id, nullable=False),
    sa.Column("map", sa.Text, nullable=False),
    sa.Column("used_at", PreciseMoment, nullable=False),
    sa.PrimaryKeyConstraint("form", "shape", "member"),
)
