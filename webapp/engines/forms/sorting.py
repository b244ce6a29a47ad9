"""Orders and where a page goes on. Empty sorts lowest on both databases; the id follows the last key's direction.

A page after a row is a row-value comparison within the non-empty part and a second statement within the empty one
(decisions 16): the same condition written with OR makes both databases read the whole index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms.reading import value_of
from webapp.errors import Invalid, Problem
from webapp.expressions import Stored, check
from webapp.expressions.types import Type
from webapp.i18n import N_

#: What a page can be ordered by: no more keys than a person can follow.
MOST_KEYS = 4


@dataclass(frozen=True)
class SortKey:
    column: sa.ColumnElement[Any]
    is_descending: bool
    is_nullable: bool


def resolve(
    unit: Unit, definitions: Definitions, actor: Actor, form: Form, sort: tuple[str, ...], table: sa.FromClause
) -> tuple[SortKey, ...]:
    """The keys of `sort` (`-amount`, `account.industry`); raises `Invalid` for names the actor may not use."""
    if len(sort) > MOST_KEYS:
        raise Invalid(N_("A list is sorted by at most {n} fields.", n=MOST_KEYS))
    keys: list[SortKey] = []
    for text in sort:
        name = text.removeprefix("-")
        if name == "id":
            keys.append(SortKey(table.c.id, text.startswith("-"), False))
            break  # nothing after the id can decide anything
        keys.append(_key(unit, definitions, actor, form, name, text.startswith("-"), table))
    return tuple(keys) or (SortKey(table.c.id, True, False),)


def _key(
    unit: Unit, definitions: Definitions, actor: Actor, form: Form, name: str, down: bool, table: sa.FromClause
) -> SortKey:
    eyes = policy.eyes(unit, actor)
    expression = check(name, definitions, form.name, eyes=eyes)
    field = form.names.get(name)
    if expression.type.name in ("choices", "records", "files"):
        raise Invalid(
            N_("A list cannot be sorted by {name}.", name=name),
            problems=[Problem("sort", N_("It has several values in one record."), "not_sortable")],
        )
    if field is not None and field.column is not None and field.old_column is None and field.old_number is None:
        return SortKey(
            _of_field(unit, definitions, actor, field, table), down, not field.is_system or name != "created_at"
        )
    column = expression.sql(Stored(table), unit.dialect, eyes)
    return SortKey(by_option(expression.type, column), down, True)


def _of_field(
    unit: Unit, definitions: Definitions, actor: Actor, field: Field, table: sa.FromClause
) -> sa.ColumnElement[Any]:
    for companion in (f"{field.column}__s", f"{field.column}__f"):
        if companion in table.c:
            return table.c[companion]
    value = value_of(unit, field, table)
    if field.type.name == "member":
        return sa.select(member.c.sort_key).where(member.c.id == value).scalar_subquery()
    if field.type.name == "record" and field.type.target:
        return _of_link(unit, definitions, actor, definitions.form(field.type.target), value)
    return by_option(field.type, value)


def _of_link(
    unit: Unit, definitions: Definitions, actor: Actor, form: Form, value: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    """A link sorts by the title of its target, as far as the actor may see that."""
    target = form.table.alias()
    title = form.names[form.title]
    if (
        policy.fields(unit, actor, form).get(form.title, "hidden") not in ("read", "write")
        or title.type.name == "record"
    ):
        return sa.null()
    statement = sa.select(_of_field(unit, definitions, actor, title, target)).where(target.c.id == value)
    condition = policy.rows(unit, actor, form, "see", target)
    return (statement if condition is None else statement.where(condition)).scalar_subquery()


def by_option(type_: Type, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A choice sorts in the order of its options, everything else as it is."""
    if type_.name != "choice" or not type_.options:
        return column
    positions = [(column == option.value, i) for i, option in enumerate(type_.options)]
    return sa.case(*[(when, sa.literal(i, sa.Integer)) for when, i in positions], else_=None)


def order(keys: tuple[SortKey, ...], table: sa.FromClause, dialect: str) -> list[sa.ColumnElement[Any]]:
    """ORDER BY; PostgreSQL is told that empty sorts lowest, which SQLite does by itself."""
    terms: list[sa.ColumnElement[Any]] = []
    for key in keys:
        term = key.column.desc() if key.is_descending else key.column.asc()
        if dialect != "sqlite" and key.is_nullable:
            term = term.nulls_last() if key.is_descending else term.nulls_first()
        terms.append(term)
    if keys[-1].column is not table.c.id:
        terms.append(table.c.id.desc() if keys[-1].is_descending else table.c.id.asc())
    return terms


Part = tuple[sa.ColumnElement[bool] | None, dict[str, Any]]


def parts(keys: tuple[SortKey, ...], table: sa.FromClause, after: list[Any] | None) -> list[Part]:
    """Conditions of the statements that give what comes `after` (sort values, then the id), in order."""
    if after is None:
        return [(None, {})]
    *values, id_ = after
    down = keys[-1].is_descending
    if keys[-1].column is table.c.id:
        keys, values = keys[:-1], values[:-1]
    if not keys:
        return [(_beyond(table.c.id, id_, down), {})]
    if len(keys) == 1 and keys[0].is_descending == down:
        return _single(keys[0], table, values[0], id_)
    return [(_general(keys, table, values, id_, down), {})]


def _single(key: SortKey, table: sa.FromClause, value: Any, id_: int) -> list[Part]:
    ids = _beyond(table.c.id, id_, key.is_descending)
    empty = key.column.is_(None)
    if value is None:
        rest: list[Part] = [(sa.and_(empty, ids), {})]
        return rest if key.is_descending else [*rest, (key.column.is_not(None), {})]
    pair = sa.tuple_(key.column, table.c.id)
    here = sa.tuple_(sa.literal(value, key.column.type), sa.literal(id_, table.c.id.type))
    following = pair < here if key.is_descending else pair > here
    parts_: list[Part] = [(following, {})]
    if key.is_descending and key.is_nullable:
        parts_.append((empty, {}))
    return parts_


def _general(
    keys: tuple[SortKey, ...], table: sa.FromClause, values: list[Any], id_: int, down: bool
) -> sa.ColumnElement[bool]:
    """Lexicographic comparison of several keys, each with its direction and its empty values."""
    condition = _beyond(table.c.id, id_, down)
    for key, value in reversed(list(zip(keys, values, strict=True))):
        same = key.column.is_(None) if value is None else key.column == sa.literal(value, key.column.type)
        condition = sa.or_(_strictly(key, value), sa.and_(same, condition))
    return condition


def _strictly(key: SortKey, value: Any) -> sa.ColumnElement[bool]:
    if value is None:
        return sa.false() if key.is_descending else key.column.is_not(None)
    here = sa.literal(value, key.column.type)
    if key.is_descending:
        return sa.or_(key.column < here, key.column.is_(None))
    return key.column > here


def _beyond(column: sa.ColumnElement[Any], value: Any, down: bool) -> sa.ColumnElement[bool]:
    return column < value if down else column > value
