"""System tables of saved views: the views themselves, and what each person has chosen about them."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.db import Id, PreciseMoment, metadata

#: A saved view. `key`: the view of the app document it stands for; `owner`: whose alone it is, NULL when shared.
view = sa.Table(
    "m__view",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("owner", Id, sa.ForeignKey("m__member.id")),
    sa.Column("audience", sa.Text),  # JSON: names of roles, ["*"] for everybody; NULL for a personal one
    sa.Column("kind", sa.Text, nullable=False),  # grid, kanban
    sa.Column("label", sa.Text, nullable=False),  # JSON: a text, or one by language
    sa.Column("settings", sa.Text, nullable=False),  # JSON: those of the kind
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("created_at", PreciseMoment, nullable=False),
    sa.Column("created_by", Id),
    sa.Column("updated_at", PreciseMoment, nullable=False),
    sa.Column("updated_by", Id),
    sa.Column("deleted_at", PreciseMoment),
    sqlite_autoincrement=True,
)
_STANDS = sa.and_(view.c.key.is_not(None), view.c.deleted_at.is_(None))
sa.Index("ix_m__view_form", view.c.app, view.c.form)
sa.Index(
    "uq_m__view_key",
    view.c.app,
    view.c.form,
    view.c.key,
    unique=True,
    sqlite_where=_STANDS,
    postgresql_where=_STANDS,
)

#: What one person has chosen for a form: the view it opens with, the order of the tabs, sizes, folded columns.
choice = sa.Table(
    "m__view_choice",
    metadata,
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("default_view", sa.Text),
    sa.Column("tabs", sa.Text),  # JSON: keys of views
    sa.Column("kept", sa.Text),  # JSON: view → what is remembered of how he looks at it
    sa.PrimaryKeyConstraint("member", "app", "form"),
)
