"""How a record stands for who opens it, in one statement: which fields show, whether he starred it, since when it is
in its stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import PreciseMoment, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import converting, select
from webapp.engines.forms.around import stars
from webapp.engines.forms.board.stages import stage_of
from webapp.engines.forms.reading import path_reader
from webapp.engines.forms.writing import visibility
from webapp.expressions import Stored, binds
from webapp.journal.tables import event


@dataclass(frozen=True)
class Standing:
    """`hidden` are keys of fields whose own condition does not hold; `since` is None where there are no stages;
    `may_convert` where others may be made of it (`converting`); `reach` has phone numbers and addresses of what it
    points at, by their paths (`contact.mobile`)."""

    hidden: frozenset[str]
    is_starred: bool
    since: datetime | None
    may_convert: bool = False
    reach: Mapping[str, Any] = field(default_factory=dict)

    def days(self) -> int | None:
        """Whole days in the stage."""
        return None if self.since is None else max(0, (clock.now() - self.since).days)


def of_record(unit: Unit, actor: Actor, form: Form, id_: int) -> Standing:
    """Of a record that the actor has just read."""
    kept = versions.current(unit).kept("standing")
    statement, ways = kept.get((form.name, select.signature(actor)), lambda: _statement(unit, actor, form))
    row = unit.execute(statement, {**binds(actor, clock.now(), unit.zone), "this_record": id_}).one()
    every = visibility.conditions(form)
    shown = row[3 : 3 + len(every)]
    hidden = {key for one, is_shown in zip(every, shown, strict=True) if not is_shown for key in one.keys}
    reach = dict(zip(ways, row[3 + len(every) :], strict=True))
    return Standing(frozenset(hidden), bool(row[0]), row[1], bool(row[2]), reach)


def _statement(unit: Unit, actor: Actor, form: Form) -> tuple[sa.Select[Any], tuple[str, ...]]:
    table = form.table
    columns = [one.condition.sql(Stored(table), unit.dialect) for one in visibility.conditions(form)]
    ways = tuple(_ways(unit, actor, form))
    statement = sa.select(
        stars.exists(actor, form, table).label("starred"),
        since(form, table).label("since"),
        converting.condition(unit, actor, form).label("converts"),
        *[column.label(f"v{i}") for i, column in enumerate(columns)],
        *[
            reader.columns[0].label(f"w{i}")
            for i, reader in enumerate(path_reader(unit, actor, form, w, table) for w in ways)
        ],
    ).where(table.c.id == sa.bindparam("this_record", type_=table.c.id.type))
    return statement, ways


def _ways(unit: Unit, actor: Actor, form: Form) -> Iterator[str]:
    """How to call and write to whom the record is about: paths to the first phone and address behind its links,
    those of people first."""
    definitions = versions.current(unit)
    eyes = policy.eyes(unit, actor)
    targets = [
        (key, definitions.form(f.type.target or "")) for key, f in form.fields.items() if f.type.name == "record"
    ]
    targets.sort(key=lambda pair: not pair[1].fields[pair[1].title].kind.is_name)
    for way in ("phone", "email"):
        for key, target in targets:
            end = next((k for k, f in target.fields.items() if f.kind.way == way), None)
            if end and eyes.may_name(form.name, key) and eyes.may_name(target.name, end):
                yield f"{key}.{end}"
                break


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
