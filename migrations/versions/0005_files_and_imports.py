"""Files that people keep, and imports on their way through the wizard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "m__file",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("expires_at", webapp.db.PreciseMoment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m__file")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__file_hash", "m__file", ["hash"])
    has_end = sa.text("expires_at IS NOT NULL")
    op.create_index("ix_m__file_expires_at", "m__file", ["expires_at"], sqlite_where=has_end, postgresql_where=has_end)
    op.create_table(
        "m__import",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("file", webapp.db.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rehearsal", webapp.db.Id, nullable=True),
        sa.Column("job", webapp.db.Id, nullable=True),
        sa.Column("undo", webapp.db.Id, nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("expires_at", webapp.db.PreciseMoment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m__import")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__import_member", "m__import", ["member", "id"])
    op.create_index("ix_m__import_expires_at", "m__import", ["expires_at"])
    op.create_table(
        "m__import_shape",
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("used_at", webapp.db.PreciseMoment(), nullable=False),
        sa.PrimaryKeyConstraint("form", "shape", "member", name=op.f("pk_m__import_shape")),
    )
