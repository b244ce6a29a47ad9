"""Saved views, personal and shared, and what each person has chosen about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0004"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "m__view",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("owner", webapp.db.Id),
        sa.Column("audience", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("created_by", webapp.db.Id),
        sa.Column("updated_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("updated_by", webapp.db.Id),
        sa.Column("deleted_at", webapp.db.PreciseMoment()),
        sa.ForeignKeyConstraint(["owner"], ["m__member.id"], name=op.f("fk_m__view_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m__view")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__view_form", "m__view", ["app", "form"])
    stands = sa.text("key IS NOT NULL AND deleted_at IS NULL")
    op.create_index(
        "uq_m__view_key", "m__view", ["app", "form", "key"], unique=True, sqlite_where=stands, postgresql_where=stands
    )
    op.create_table(
        "m__view_choice",
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("default_view", sa.Text()),
        sa.Column("tabs", sa.Text()),
        sa.Column("kept", sa.Text()),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name=op.f("fk_m__view_choice_member")),
        sa.PrimaryKeyConstraint("member", "app", "form", name=op.f("pk_m__view_choice")),
    )
