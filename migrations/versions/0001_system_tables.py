"""The system's own tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import webapp.db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.create_table(
        "m__app",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_m__app"),
    )
    op.create_table(
        "m__app_version",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("based_on", sa.Text(), nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("created_by", webapp.db.Id, nullable=True),
        sa.PrimaryKeyConstraint("app", "version", name="pk_m__app_version"),
    )
    op.create_table(
        "m__attempt",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("until", webapp.db.PreciseMoment(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name="pk_m__attempt"),
    )
    op.create_table(
        "m__building",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", webapp.db.Id, server_default="0", nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("finished_at", webapp.db.PreciseMoment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_m__building"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__building_state", "m__building", ["state", "app", "form"], unique=False)
    op.create_table(
        "m__change_set",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("actor", webapp.db.Id, nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("undone_by", webapp.db.Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_m__change_set"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "m__counter",
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("form", "field", "period", name="pk_m__counter"),
    )
    op.create_table(
        "m__department",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent", webapp.db.Id, nullable=True),
        sa.Column("head", webapp.db.Id, nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["head"], ["m__member.id"], name="fk_m__department_head", use_alter=True),
        sa.ForeignKeyConstraint(["parent"], ["m__department.id"], name="fk_m__department_parent"),
        sa.PrimaryKeyConstraint("id", name="pk_m__department"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "m__due",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("actor", webapp.db.Id, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("lease_until", webapp.db.PreciseMoment(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("is_cancel_asked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("again_at", webapp.db.PreciseMoment(), nullable=True),
        sa.Column("again", sa.Text(), nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("finished_at", webapp.db.PreciseMoment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_m__due"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_m__due_open",
        "m__due",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_index(
        "uq_m__due_key",
        "m__due",
        ["kind", "key"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "m__epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_m__epoch"),
    )
    op.create_table(
        "m__event",
        sa.Column("id", webapp.db.Id, sa.Identity(always=False), autoincrement=True, nullable=False),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("tx", sa.BigInteger(), nullable=True),
        sa.Column("actor", webapp.db.Id, nullable=True),
        sa.Column("on_behalf_of", webapp.db.Id, nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("change_set", webapp.db.Id, nullable=True),
        sa.Column("cause", webapp.db.Id, nullable=True),
        sa.Column("depth", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("record", webapp.db.Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version_before", sa.Integer(), nullable=True),
        sa.Column("definition_version", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_m__event").ddl_if(dialect="sqlite"),
        sa.UniqueConstraint("id", "at", name="uq_m__event_id_at").ddl_if(dialect="postgresql"),
        postgresql_partition_by="RANGE (at)",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_m__event_change_set",
        "m__event",
        ["change_set", "id"],
        unique=False,
        sqlite_where=sa.text("change_set IS NOT NULL"),
        postgresql_where=sa.text("change_set IS NOT NULL"),
    )
    op.create_index("ix_m__event_record", "m__event", ["form", "record", "id"], unique=False)
    if is_postgresql:
        op.execute("CREATE TABLE m__event_default PARTITION OF m__event DEFAULT")
        op.create_index("ix_m__event_order", "m__event", ["tx", "id"], unique=False)
    op.create_table(
        "m__idempotency",
        sa.Column("actor", webapp.db.Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_m__idempotency"),
    )
    op.create_table(
        "m__periodic",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("minute", webapp.db.PreciseMoment(), nullable=False),
        sa.PrimaryKeyConstraint("name", "minute", name="pk_m__periodic"),
    )
    op.create_table(
        "m__seal",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("last_tx", sa.BigInteger(), nullable=False),
        sa.Column("last_event", webapp.db.Id, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", webapp.db.PreciseMoment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_m__seal"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "m__setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_m__setting"),
    )
    op.create_table(
        "m__member",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), server_default="", nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("department", webapp.db.Id, nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("theme", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["m__department.id"], name="fk_m__member_department"),
        sa.PrimaryKeyConstraint("id", name="pk_m__member"),
        sa.UniqueConstraint("email", name="uq_m__member_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "m__department_member",
        sa.Column("department", webapp.db.Id, nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.ForeignKeyConstraint(["department"], ["m__department.id"], name="fk_m__department_member_department"),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name="fk_m__department_member_member"),
        sa.PrimaryKeyConstraint("department", "member", name="pk_m__department_member"),
    )
    op.create_table(
        "m__role_holder",
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name="fk_m__role_holder_member"),
        sa.PrimaryKeyConstraint("member", "role", name="pk_m__role_holder"),
    )
    op.create_table(
        "m__session",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("seen_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("expires_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("ended_at", webapp.db.PreciseMoment(), nullable=True),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name="fk_m__session_member"),
        sa.PrimaryKeyConstraint("hash", name="pk_m__session"),
    )
    op.create_index("ix_m__session_member", "m__session", ["member"], unique=False)
    op.create_table(
        "m__token",
        sa.Column("id", webapp.db.Id, autoincrement=True, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("member", webapp.db.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", webapp.db.PreciseMoment(), nullable=False),
        sa.Column("expires_at", webapp.db.PreciseMoment(), nullable=True),
        sa.Column("used_at", webapp.db.PreciseMoment(), nullable=True),
        sa.Column("ended_at", webapp.db.PreciseMoment(), nullable=True),
        sa.ForeignKeyConstraint(["member"], ["m__member.id"], name="fk_m__token_member"),
        sa.PrimaryKeyConstraint("id", name="pk_m__token"),
        sa.UniqueConstraint("hash", name="uq_m__token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_m__token_member", "m__token", ["member"], unique=False)
    if is_postgresql:  # the two point at each other; SQLite takes it in the table
        op.create_foreign_key("fk_m__department_head", "m__department", "m__member", ["head"], ["id"])
