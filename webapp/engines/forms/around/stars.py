"""The records a member has marked for himself."""

from __future__ import annotations

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Id, PreciseMoment, Unit, metadata
from webapp.definitions.model import Form

MOST = 200  # of one member; the oldest go

star = sa.Table(
    "m__star",
    metadata,
    sa.Column("member", Id, sa.ForeignKey("m__member.id"), nullable=False),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("record", Id, nullable=False),
    sa.Column("at", PreciseMoment, nullable=False),
    sa.PrimaryKeyConstraint("member", "app", "form", "record"),
)


def _this(actor: Actor, form: Form, id_: int) -> sa.ColumnElement[bool]:
    own = sa.and_(star.c.member == actor.member, star.c.app == form.app, star.c.form == form.key)
    return sa.and_(own, star.c.record == id_)


def exists(actor: Actor, form: Form, table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the record of a row of `table` is starred, as a column."""
    own = sa.and_(star.c.member == actor.member, star.c.app == form.app, star.c.form == form.key)
    return sa.exists().where(own, star.c.record == table.c.id)


def put(unit: Unit, actor: Actor, form: Form, id_: int, is_on: bool) -> None:
    """Mark a record that the actor has just read, or take the mark away; a repeat changes nothing."""
    actor.require_write()
    unit.execute(star.delete().where(_this(actor, form, id_)))
    if not is_on:
        return
    row = {"member": actor.member, "app": form.app, "form": form.key, "record": id_, "at": clock.now()}
    unit.execute(star.insert().values(row))
    kept = sa.select(star.c.at).where(star.c.member == actor.member).order_by(star.c.at.desc()).offset(MOST).limit(1)
    unit.execute(star.delete().where(star.c.member == actor.member, star.c.at <= kept.scalar_subquery()))


def of_member(unit: Unit, actor: Actor, limit: int = 30) -> dict[str, list[int]]:
    """Form name → starred records, the last marked first. Whether he still sees them is asked where they are read."""
    statement = (
        sa.select(star.c.app, star.c.form, star.c.record)
        .where(star.c.member == actor.member)
        .order_by(star.c.at.desc())
        .limit(limit)
    )
    found: dict[str, list[int]] = {}
    for app, form, record in unit.execute(statement):
        found.setdefault(f"{app}.{form}", []).append(record)
    return found


def forget(unit: Unit, form: Form, id_: int) -> None:
    """A record is removed for good."""
    unit.execute(star.delete().where(star.c.app == form.app, star.c.form == form.key, star.c.record == id_))
