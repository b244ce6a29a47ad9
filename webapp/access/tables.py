"""System tables of people: members, departments, who holds which role, sessions, tokens, tries at signing in, and
what was done to all of these."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Id, PreciseMoment, metadata

department = sa.Table(
    "m__department",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent", Id, sa.ForeignKey("m__department.id")),
    sa.Column("head", Id, sa.ForeignKey("m__member.id", use_alter=True)),
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

member = sa.Table(
    "m__member",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),  # folded to small letters
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sort_key", sa.Text, nullable=False, server_default=""),  # pinyin
    sa.Column("password", sa.Text),  # Argon2; None until set
    sa.Column("department", Id, sa.ForeignKey("m__department.id")),  # the main one
    sa.Column("locale", sa.Text),
    sa.Column("zone", sa.Text),
    sa.Column("theme", sa.Text),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sqlite_autoincrement=True,
)

#: Further departments of a member, beside the main one.
department_member = sa.Table(
    "m__department_member",
    metadata,
    sa.Column("department", Id, sa.ForeignKey("m__department.id"), nullable=False),
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False),
    sa.PrimaryKeyConstraint("department", "member"),
)

#: Who holds which role: `crm.rep`, `keeper`, `builder:crm`.
role_holder = sa.Table(
    "m__role_holder",
    metadata,
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("member", "role"),
)

session = sa.Table(
    "m__session",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),  # SHA-256 of the cookie's value
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False, index=True),
    sa.Column("device", sa.Text),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("seen_at", PreciseMoment, nullable=False),
    sa.Column("expires_at", PreciseMoment, nullable=False),
    sa.Column("ended_at", PreciseMoment),
)

token = sa.Table(
    "m__token",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),  # read, write
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("expires_at", PreciseMoment),
    sa.Column("used_at", PreciseMoment),
    sa.Column("ended_at", PreciseMoment),
    sqlite_autoincrement=True,
)

#: Tries that count towards slowing down and locking out: of an address and of an account, by window.
attempt = sa.Table(
    "m__attempt",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),  # hash of "email:…" or "address:…"
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("since", PreciseMoment, nullable=False),
    sa.Column("until", PreciseMoment),
)

#: Links by mail to set a new password: good once and until they expire.
reset = sa.Table(
    "m__reset",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),  # SHA-256 of what stands in the link
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False, index=True),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("expires_at", PreciseMoment, nullable=False),
)

#: The firm's settings as key and JSON value (name, accent, set-up link).
setting = sa.Table(
    "m__setting",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

#: The journal of people and rights: who did what to whom, when and from where. Rows are added and never changed.
audit = sa.Table(
    "m__audit",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("at", PreciseMoment, nullable=False),
    sa.Column("actor", Id),  # member; None for the system and for strangers
    sa.Column("token", Id),  # the token by which he acted
    sa.Column("origin", sa.Text),  # network address, or `shell`
    sa.Column("action", sa.Text, nullable=False),  # member_added, role_granted …
    sa.Column("member", Id, index=True),  # whom it concerns
    sa.Column("detail", sa.Text, nullable=False),  # JSON
    sqlite_autoincrement=True,
)

#: The database itself refuses to change or remove a row.
KEEP_AUDIT = {
    "sqlite": tuple(
        f"CREATE TRIGGER m__audit_keeps_{verb.lower()} BEFORE {verb} ON m__audit "
        "BEGIN SELECT RAISE(ABORT, 'm__audit is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION m__audit_keeps() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'm__audit is append-only'; END $$",
        "CREATE TRIGGER m__audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON m__audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION m__audit_keeps()",
    ),
}
for _dialect, _statements in KEEP_AUDIT.items():
    for _statement in _statements:
        sa.event.listen(audit, "after_create", sa.DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect))
