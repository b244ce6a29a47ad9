"""Drafts of app documents: what a builder is changing and has not published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "m__app_draft",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("based_on", sa.Text(), nullable=True),
        sa.Column("left_out", sa.Text(), nullable=True),
        sa.Column("changed_at", webapp.db.PreciseMoment(), nullable=False),
        sa.PrimaryKeyConstraint("app", "member", name=op.f("pk_m__app_draft")),
    )
