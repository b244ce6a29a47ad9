"""How a record stands for who opens it, in one statement: which fields show, whether he starred it, since when it is
in its stage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import PreciseMoment, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import converting, select, stars, visibility
from webapp.engines.forms.related import stage_of
from webapp.expressions import Stored, binds
from webapp.journal.tables import event


@dataclass(frozen=True)
class Standing:
    """`hidden` are keys of fields whose own condition does not hold; `since` is None where there are no stages;
    `may_convert` where others may be made of it (`converting`)."""

    hidden: frozenset[str]
    is_starred: bool
    since: datetime | None
    may_convert: bool = False

    def days(self) -> int | None:
        """Whole days in the stage."""
        return None if self.since is None else max(0, (clock.now() - self.since).days)


def of_record(unit: Unit, actor: Actor, form: Form, id_: int) -> Standing:
    """Of a record that the actor has just read."""
    kept = versions.current(unit).kept("standing")
    statement = kept.get((form.name, select.signature(actor)), lambda: _statement(unit, actor, form))
    row = unit.execute(statement, {**binds(actor, clock.now(), unit.zone), "this_record": id_}).one()
    every = visibility.conditions(form)
    hidden = {key for one, is_shown in zip(every, row[3:], strict=True) if not is_shown for key in one.keys}
    since = row[1]
    return Standing(frozenset(hidden), bool(row[0]), since, bool(row[2]))


def _statement(unit: Unit, actor: Actor, form: Form) -> sa.Select[Any]:
    table = form.table
    columns = [one.condition.sql(Stored(table), unit.dialect) for one in visibility.conditions(form)]
    return sa.select(
        stars.exists(actor, form, table).label("starred"),
        since(form, table).label("since"),
        converting.condition(unit, actor, form).label("converts"),
        *[column.label(f"v{i}") for i, column in enumerate(columns)],
    ).where(table.c.id == sa.bindparam("this_record", type_=table.c.id.type))


def since(form: Form, table: sa.FromClause) -> sa.ColumnElement[Any]:
    """When the record of a row entered its stage, by the journal: the last change of it, else when it was made."""
    stage = stage_of(form)
    if stage is None:
        return sa.cast(sa.null(), PreciseMoment())
    entered = form.names.get(stage.settings.get("entered") or "")
    if entered is not None and entered.column is not None:
        return sa.type_coerce(sa.func.coalesce(table.c[entered.column], table.c.created_at), PreciseMoment())
    changed = sa.select(sa.func.max(event.c.at, type_=PreciseMoment())).where(
        event.c.app == form.app,
        event.c.form == form.key,
        event.c.record == table.c.id,
        event.c.kind == "updated",
        event.c.changes.contains(f'"{stage.key}":[', autoescape=True),
    )
    made = sa.type_coerce(table.c.created_at, PreciseMoment())
    entered = form.fields.get(str(stage.settings.get("entered")))
    if entered is not None and entered.column is not None:  # the record says it itself
        return sa.func.coalesce(sa.type_coerce(table.c[entered.column], PreciseMoment()), made, type_=PreciseMoment())
    return sa.func.coalesce(changed.scalar_subquery(), made, type_=PreciseMoment())
