"""Which rows of a file are records already: by a key field, within what the actor may see, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms import reading
from webapp.engines.forms.writing import uniqueness
from webapp.errors import Invalid, Problem, nearest
from webapp.expressions import binds
from webapp.i18n import N_

#: Key fields that every record has, beside the form's own.
ID = "id"


@dataclass
class Division:
    """Positions of rows by what is to be done.

    `new` are to be made; `changed`: position → id and the fields that differ; `same`: position → id.
    """

    new: list[int] = field(default_factory=list)
    changed: dict[int, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)
    refused: dict[int, Problem] = field(default_factory=dict)

    def skip(self) -> None:
        """Leave the records that are there already as they are."""
        self.same.update({i: id_ for i, (id_, _) in self.changed.items()})
        self.changed.clear()


def key_field(form: Form, key: str, mapped: Iterable[str], rights: Mapping[str, str]) -> Field:
    """The field by which records are known again; raises `Invalid` where that cannot be."""
    found = form.fields.get(key)
    if found is None or rights.get(key) not in ("read", "write"):
        good = [k for k in form.fields if rights.get(k) in ("read", "write")]
        text = N_("There is no field “{key}” to know records by.", key=key)
        raise Invalid(text, problems=[Problem("key", text, "unknown_field", nearest(key, good))])
    if found.column is None or found.type.name not in ("text", "number", "date", "datetime", "record", "choice"):
        text = N_("Records cannot be known by {field}.", field=found.label)
        raise Invalid(text, problems=[Problem("key", text, "bad_key")])
    if key not in mapped:
        text = N_("No column of the file is written to the key field {field}.", field=found.label)
        raise Invalid(text, problems=[Problem("key", text, "missing")])
    return found


def divide(unit: Unit, actor: Actor, form: Form, key: Field, rows: Mapping[int, Mapping[str, Any]]) -> Division:
    """Compare `rows` (position → values) with the records that have the same value in `key`."""
    division = Division()
    wanted: dict[Any, int] = {}
    for i, row in rows.items():
        if row.get(key.key) is None:
            text = N_("The key field {field} is empty.", field=key.label)
            division.refused[i] = Problem(key.key, text, "required")
        else:
            wanted[uniqueness.compared(key, form, row[key.key])] = i
    found = _found(unit, actor, form, key, list(wanted), sorted({k for row in rows.values() for k in row}))
    for value, i in wanted.items():
        known = found.get(value, [])
        if not known:
            division.new.append(i)
        elif len(known) > 1:
            text = N_("{n} records have this value in {field}; it does not say which.", n=len(known), field=key.label)
            division.refused[i] = Problem(key.key, text, "ambiguous_key")
        else:
            id_, before = known[0]
            changes = {k: v for k, v in rows[i].items() if before[k] != v}
            if changes:
                division.changed[i] = (id_, changes)
            else:
                division.same[i] = id_
    return division


def _found(
    unit: Unit, actor: Actor, form: Form, key: Field, values: list[Any], keys: list[str]
) -> dict[Any, list[tuple[int, dict[str, Any]]]]:
    """Value of the key → the live records that have it, with their values in `keys`."""
    if not values:
        return {}
    table = form.table
    column = uniqueness.column(form, key)
    read = [reading.value_of(unit, form.names[k], table).label(f"v{i}") for i, k in enumerate(keys)]
    statement = sa.select(table.c.id, column, *read).where(column.in_(values), table.c.deleted_at.is_(None))
    condition = policy.rows(unit, actor, form, "see", table)
    if condition is not None:
        statement = statement.where(condition)
    several = [form.names[k].values_table is not None for k in keys]
    found: dict[Any, list[tuple[int, dict[str, Any]]]] = {}
    for id_, value, *rest in unit.execute(statement, binds(actor, clock.now(), unit.zone)):
        read_ = [reading.several(v) if is_several else v for v, is_several in zip(rest, several, strict=True)]
        found.setdefault(value, []).append((id_, dict(zip(keys, read_, strict=True))))
    return found
