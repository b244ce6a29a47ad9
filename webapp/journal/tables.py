"""System tables of what happened and of what is due."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Id, PreciseMoment, metadata

#: What belongs together and can be undone together: an import, a bulk edit, a conversion.
change_set = sa.Table(
    "m__change_set",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),  # as in `changesets.KINDS`
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("actor", Id),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open, done, undoing, undone
    sa.Column("undone_by", Id),
    sqlite_autoincrement=True,
)

#: The journal. Partitioned by month on PostgreSQL: no foreign keys, and a unique key there must hold `at`.
event = sa.Table(
    "m__event",
    metadata,
    sa.Column("id", Id, sa.Identity(), nullable=False, autoincrement=True),
    sa.Column("at", PreciseMoment, nullable=False),
    sa.Column("tx", sa.BigInteger),  # PostgreSQL: the transaction's number, for readers in commit order
    sa.Column("actor", Id),
    sa.Column("on_behalf_of", Id),
    sa.Column("via", sa.Text, nullable=False),  # ui, api, import, rule, flow, undo, system
    sa.Column("change_set", Id),
    sa.Column("cause", Id),
    sa.Column("depth", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("record", Id, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # as in `events.KINDS`
    sa.Column("version_before", sa.Integer),
    sa.Column("definition_version", sa.Integer, nullable=False),
    sa.Column("changes", sa.Text),  # JSON: {field: [before, after]}; the whole record when purged
    sa.Column("payload_hash", sa.LargeBinary),
    sa.PrimaryKeyConstraint("id").ddl_if(dialect="sqlite"),
    sa.UniqueConstraint("id", "at").ddl_if(dialect="postgresql"),
    sqlite_autoincrement=True,
    postgresql_partition_by="RANGE (at)",
)
sa.Index("ix_m__event_record", event.c.form, event.c.record, event.c.id)
sa.Index(
    "ix_m__event_change_set",
    event.c.change_set,
    event.c.id,
    sqlite_where=event.c.change_set.is_not(None),
    postgresql_where=event.c.change_set.is_not(None),
)
sa.Index("ix_m__event_order", event.c.tx, event.c.id).ddl_if(dialect="postgresql")

#: Where events of a month without a partition of its own go.
DEFAULT_PARTITION = "CREATE TABLE m__event_default PARTITION OF m__event DEFAULT"
sa.event.listen(event, "after_create", sa.DDL(DEFAULT_PARTITION).execute_if(dialect="postgresql"))

#: The hash chain over payload hashes, sealed by the worker in commit order.
seal = sa.Table(
    "m__seal",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("last_tx", sa.BigInteger, nullable=False),  # 0 on SQLite, where ids are the order
    sa.Column("last_event", Id, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("at", PreciseMoment, nullable=False),
    sqlite_autoincrement=True,
)

#: Due rows: everything that happens later. Claimed by an update that names the old state.
due = sa.Table(
    "m__due",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),  # unique with kind among the open ones
    sa.Column("payload", sa.Text, nullable=False),  # JSON: ids and settings
    sa.Column("actor", Id),  # on whose behalf; rebuilt when it runs
    sa.Column("state", sa.Text, nullable=False),  # waiting, running, done, failed, cancelled
    sa.Column("due_at", PreciseMoment, nullable=False),
    sa.Column("lease_until", PreciseMoment),
    sa.Column("worker", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("progress", sa.Text),  # JSON: done, total, note
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("is_cancel_asked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("again_at", PreciseMoment),  # added again while it ran: wait once more, with this payload
    sa.Column("again", sa.Text),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("finished_at", PreciseMoment),
    sqlite_autoincrement=True,
)
sa.Index(
    "ix_m__due_open",
    due.c.due_at,
    due.c.id,
    sqlite_where=due.c.state.in_(["waiting", "running"]),
    postgresql_where=due.c.state.in_(["waiting", "running"]),
)
sa.Index(
    "uq_m__due_key",
    due.c.kind,
    due.c.key,
    unique=True,
    sqlite_where=due.c.state.in_(["waiting", "running"]),
    postgresql_where=due.c.state.in_(["waiting", "running"]),
)

#: Which periodic work was begun for which minute: the claim that keeps two workers from doing it twice.
periodic = sa.Table(
    "m__periodic",
    metadata,
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("minute", PreciseMoment, nullable=False),
    sa.PrimaryKeyConstraint("name", "minute"),
)

#: Answers kept for repeats of a request.
idempotency = sa.Table(
    "m__idempotency",
    metadata,
    sa.Column("actor", Id, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("at", PreciseMoment, nullable=False),
    sa.PrimaryKeyConstraint("actor", "key"),
)
