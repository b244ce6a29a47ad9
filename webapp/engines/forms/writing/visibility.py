"""What of a form is shown: the conditions of its fields and sections, judged over a record's values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.expressions import Expression, Judged, Stored, binds


@dataclass(frozen=True)
class Conditional:
    """Fields that are shown only under one condition."""

    keys: tuple[str, ...]
    condition: Expression


def conditions(form: Form) -> tuple[Conditional, ...]:
    """Every condition of the form's sections and fields."""
    sections = [Conditional(s["fields"], s["visible"]) for s in form.layout or () if s.get("visible")]
    fields = [Conditional((key,), found.visible) for key, found in form.fields.items() if found.visible is not None]
    return (*sections, *fields)


def asked(form: Form) -> frozenset[str]:
    """Keys of the form's own fields that decide what is shown."""
    return frozenset(
        key for one in conditions(form) for name, key in one.condition.names if name == form.name and key in form.fields
    )


def sometimes(form: Form) -> frozenset[str]:
    """Keys of the fields that are not always shown."""
    return frozenset(key for one in conditions(form) for key in one.keys)


def hidden(unit: Unit, actor: Actor, form: Form, values: Mapping[str, Any], id_: int | None = None) -> frozenset[str]:
    """Keys of the fields that are not shown in a record with `values` (Python values of all fields), one statement."""
    every = conditions(form)
    if not every:
        return frozenset()
    given = {key: value for key, value in values.items() if key not in form.computed}
    source = Judged(form, given, None, id_)
    columns = [one.condition.sql(source, unit.dialect) for one in every]
    row = unit.execute(source.select(*columns), binds(actor, clock.now(), unit.zone)).one()
    return frozenset(key for one, is_shown in zip(every, row, strict=True) if not is_shown for key in one.keys)


def hidden_stored(
    unit: Unit, actor: Actor, form: Form, ids: Collection[int], keys: Collection[str]
) -> dict[int, frozenset[str]]:
    """Record id → which of `keys` are not shown in it, of stored records; one statement."""
    every = [one for one in conditions(form) if not set(keys).isdisjoint(one.keys)]
    table = form.table
    columns = [one.condition.sql(Stored(table), unit.dialect) for one in every]
    statement = sa.select(table.c.id, *columns).where(table.c.id.in_(ids))
    return {
        id_: frozenset(key for one, is_shown in zip(every, row, strict=True) if not is_shown for key in one.keys)
        for id_, *row in unit.execute(statement, binds(actor, clock.now(), unit.zone))
    }
