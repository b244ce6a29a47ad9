"""Reading a field while its values move to another kind: new, else old as the conversion will make it.

Links are found by SQL, because their titles are; everything else is turned over in Python, value by value. What the
conversion will not be able to keep reads as empty, as it will afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from webapp.access import firm
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field
from webapp.engines.forms.structure.conversions import FAILED, RELATIONS, Converter


def is_pending(field: Field) -> bool:
    """Whether the field has old values that only this module can read."""
    return field.before is not None and field.old_column is None


def is_unseen(field: Field) -> bool:
    """Whether filters, sorts, groups and sums may miss values of the field until they are converted: SQL reads an old
    number as well as Python does, of a text only what is plainly a number, and nothing else."""
    return is_pending(field) and (field.old_number is None or field.old_number.is_text)


def found_by_text(unit: Unit, field: Field, table: sa.FromClause) -> sa.ColumnElement[Any] | None:
    """For a text that becomes a link, member or department: the id of the one that it names."""
    before = field.before
    if before is None or field.type.name not in RELATIONS or before.column is None:
        return None
    if f"{before.column}__f" not in table.c:
        return None
    if field.type.name == "record":
        return _record_named(unit, field, table.c[f"{before.column}__f"])
    text = table.c[before.column]
    if field.type.name == "member":
        people = member.alias()
        same = sa.or_(people.c.name == text, people.c.email == sa.func.lower(text))
    else:
        people = department.alias()
        same = people.c.name == text
    return _the_one(people.c.id, same)


def _record_named(unit: Unit, field: Field, folded: sa.ColumnElement[Any]) -> sa.ColumnElement[Any] | None:
    target = versions.current(unit).form(field.type.target or "")
    name = f"{target.names[target.title].column}__f"
    if name not in target.table.c:
        return None
    other = target.table.alias()
    return _the_one(other.c.id, sa.and_(other.c[name] == folded, other.c.deleted_at.is_(None)))


def _the_one(id_: sa.ColumnElement[Any], condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    only = sa.case((sa.func.count() == 1, sa.func.min(id_)))
    return sa.select(sa.type_coerce(only, id_.type)).where(condition).scalar_subquery()


def old_value(unit: Unit, field: Field, table: sa.FromClause) -> sa.ColumnElement[Any] | None:
    """What `converted` takes: the old value, of a link its title; None where there is nothing it could take."""
    from webapp.engines.forms.reading import several_of

    before = field.before
    if before is None or field.type.name in RELATIONS:
        return None
    if before.values_table is not None:
        return several_of(unit, before.values_table, table)
    if before.column is None or before.column not in table.c:
        return None
    column: sa.ColumnElement[Any] = table.c[before.column]
    return _title(unit, before, column) if before.type.name in RELATIONS else column


def _title(unit: Unit, before: Field, id_: sa.ColumnElement[Any]) -> sa.ColumnElement[Any] | None:
    if before.type.name == "record":
        target = versions.current(unit).form(before.type.target or "")
        title = target.names[target.title]
        if title.column is None or title.type.name != "text":
            return None
        other: Any = target.table.alias()
        return sa.select(other.c[title.column]).where(other.c.id == id_).scalar_subquery()
    other = (member if before.type.name == "member" else department).alias()
    return sa.select(other.c.name).where(other.c.id == id_).scalar_subquery()


def converted(unit: Unit, field: Field) -> Callable[[Any], Any]:
    """A function from the column of `old_value` to the value it becomes."""
    before = field.before
    assert before is not None
    converter = Converter(None, None, before, field, firm.get(unit).locale)

    def convert(given: Any) -> Any:
        if before.values_table is not None:
            given = tuple(json.loads(given)) if given else None
        if given is None or given == ():
            return None
        text = given if before.type.name in RELATIONS else before.kind.text(before, given, converter.locale)
        made = converter.plain(given, text)
        return None if made is FAILED else made

    return convert
