"""Links by mail to set a new password."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "m__reset",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("expires_at", webapp.db.PreciseMoment(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name=op.f("fk_m__reset_member")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_m__reset")),
    )
    op.create_index(op.f("ix_m__reset_member"), "m__reset", ["member"])
