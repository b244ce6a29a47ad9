"""Comments, who is mentioned in them, and records that members have marked for themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0006"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "m__comment",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("record", webapp.db.Id, nullable=False),
        sa.Column("event", webapp.db.Id, nullable=True),
        sa.Column("author", webapp.db.Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentioned", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("edited_at", webapp.db.PreciseMoment(), nullable=True),
        sa.Column("deleted_at", webapp.db.PreciseMoment(), nullable=True),
        sa.ForeignKeyConstraint(["author"], ["m__member.id"], name=op.f("fk_m__comment_author")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m__comment")),
        sa.UniqueConstraint("author", "client_id", name=op.f("uq_m__comment_author_client_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__comment_record", "m__comment", ["app", "form", "record", "id"])
    op.create_index("ix_m__comment_event", "m__comment", ["event"])
    op.create_table(
        "m__mention",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("author", webapp.db.Id, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("record", webapp.db.Id, nullable=False),
        sa.Column("comment", webapp.db.Id, nullable=True),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.ForeignKeyConstraint(["comment"], ["m__comment.id"], name=op.f("fk_m__mention_comment")),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name=op.f("fk_m__mention_member")),
        sa.ForeignKeyConstraint(["author"], ["m__member.id"], name=op.f("fk_m__mention_author")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m__mention")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__mention_member", "m__mention", ["member", "id"])
    op.create_index("ix_m__mention_record", "m__mention", ["app", "form", "record"])
    op.create_table(
        "m__star",
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("record", webapp.db.Id, nullable=False),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name=op.f("fk_m__star_member")),
        sa.PrimaryKeyConstraint("member", "app", "form", "record", name=op.f("pk_m__star")),
    )
