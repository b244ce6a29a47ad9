"""The journal of people and rights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEEP = {
    "sqlite": (
        "CREATE TRIGGER m__audit_keeps_update BEFORE UPDATE ON m__audit "
        "BEGIN SELECT RAISE(ABORT, 'm__audit is append-only'); END",
        "CREATE TRIGGER m__audit_keeps_delete BEFORE DELETE ON m__audit "
        "BEGIN SELECT RAISE(ABORT, 'm__audit is append-only'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION m__audit_keeps() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'm__audit is append-only'; END $$",
        "CREATE TRIGGER m__audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON m__audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION m__audit_keeps()",
    ),
}


def upgrade() -> None:
    op.create_table(
        "m__audit",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("actor", webapp.db.Id, nullable=True),
        sa.Column("token", webapp.db.Id, nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_m__audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_m__audit_member"), "m__audit", ["member"])
    for statement in _KEEP[op.get_context().dialect.name]:
        op.execute(statement)
