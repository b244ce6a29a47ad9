"""Files of records: which record and field a file belongs to, and how large a picture is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("m__file", sa.Column("form", sa.Text(), nullable=True))
    op.add_column("m__file", sa.Column("field", sa.Text(), nullable=True))
    op.add_column("m__file", sa.Column("record", webapp.db.Id, nullable=True))
    op.add_column("m__file", sa.Column("width", sa.Integer(), nullable=True))
    op.add_column("m__file", sa.Column("height", sa.Integer(), nullable=True))
    op.create_index(
        "ix_m__file_record",
        "m__file",
        ["form", "record"],
        unique=False,
        sqlite_where=sa.text("form IS NOT NULL"),
        postgresql_where=sa.text("form IS NOT NULL"),
    )
