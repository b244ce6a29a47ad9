"""Counts, sums and the like over the records an actor may see: one statement, groups in the one language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import select
from webapp.engines.forms.finding import search
from webapp.engines.forms.reading import record_title
from webapp.engines.forms.record import AggregateRow, Linked
from webapp.engines.forms.sorting import by_option
from webapp.errors import Invalid, Problem
from webapp.expressions import Expression, Stored, binds, check, check_group, check_measure
from webapp.i18n import N_

MOST_GROUPS = 4
MOST_MEASURES = 20
MOST_ROWS = 10_000
KEPT = 200  # statements of an epoch


@dataclass(frozen=True)
class Aggregate:
    """A statement made ready: `groups` and `measures` are its checked expressions; `named` says for the group at a
    place where in the row the name of the member or department stands."""

    groups: list[Expression]
    measures: list[Expression]
    statement: sa.Select[Any]
    named: dict[int, int]


def aggregate(
    unit: Unit,
    actor: Actor,
    form: Form,
    *,
    group: Sequence[str] = (),
    measures: Sequence[str] = ("count()",),
    where: Sequence[str] = (),
    search_text: str | None = None,
    sort: str | None = None,
    limit: int = 100,
) -> list[AggregateRow]:
    """One row a group, in the order of the groups' values (or of `sort`: a group or measure, `-` for descending).

    Raises `Invalid` for names the actor may not use, a measure that is not one, or a sort that is none of them.
    """
    select.require_form(unit, actor, form)
    _limits(group, measures, limit)
    definitions = versions.current(unit)
    where_key = tuple(where)
    key = (form.name, select.signature(actor), tuple(group), tuple(measures), where_key, search_text, sort)
    made = definitions.kept("aggregates", KEPT).get(
        key, lambda: _prepare(unit, actor, form, list(group), list(measures), where_key, search_text, sort)
    )
    rows = unit.execute(made.statement, {**binds(actor, clock.now(), unit.zone), "row_limit": limit}).all()
    width = len(made.groups)
    links = [_links(unit, actor, g, [row[i] for row in rows]) for i, g in enumerate(made.groups)]
    for place, at in made.named.items():
        links[place] = {row[place]: Linked(row[place], row[at]) for row in rows if row[place] is not None}
    return [
        AggregateRow(
            [_whole(g, v) for g, v in zip(made.groups, row, strict=False)],
            [_whole(m, v) for m, v in zip(made.measures, row[width : width + len(made.measures)], strict=True)],
            [links[i].get(row[i]) for i in range(width)],
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Asked:
    """Numbers over one form: measures under conditions."""

    form: Form
    measures: tuple[str, ...]
    where: tuple[str, ...] = ()


def together(unit: Unit, actor: Actor, asked: Sequence[Asked]) -> list[list[Any] | None]:
    """The measures of each, all in one statement; None for what names something the actor may not read."""
    definitions = versions.current(unit)
    key = (select.signature(actor), tuple((a.form.name, a.measures, a.where) for a in asked))
    statement, made = definitions.kept("numbers", KEPT).get(key, lambda: _together(unit, actor, asked))
    if statement is None:
        return [None] * len(asked)
    row = list(unit.execute(statement, {**binds(actor, clock.now(), unit.zone), "row_limit": 1}).one())
    found: list[list[Any] | None] = []
    for one in made:
        if one is None:
            found.append(None)
        else:
            values, row = row[: len(one.measures)], row[len(one.measures) :]
            found.append([_whole(m, v) for m, v in zip(one.measures, values, strict=True)])
    return found


def _together(unit: Unit, actor: Actor, asked: Sequence[Asked]) -> tuple[sa.Select[Any] | None, list[Aggregate | None]]:
    made: list[Aggregate | None] = []
    for one in asked:
        try:
            made.append(_prepare(unit, actor, one.form, [], list(one.measures), one.where, None, None))
        except Invalid:
            made.append(None)
    parts = [m.statement.subquery(f"t{i}") for i, m in enumerate(m for m in made if m is not None)]
    columns = [column.label(f"t{i}_{column.name}") for i, part in enumerate(parts) for column in part.c]
    if not columns:
        return None, made
    together: Any = parts[0]
    for part in parts[1:]:  # each is one row
        together = together.join(part, sa.true())
    return sa.select(*columns).select_from(together), made


def _whole(expression: Expression, value: Any) -> Any:
    """Numbers without decimals are whole numbers for whoever reads them."""
    return int(value) if value is not None and expression.type.name == "number" and not expression.type.scale else value


def _limits(group: Sequence[str], measures: Sequence[str], limit: int) -> None:
    if len(group) > MOST_GROUPS:
        raise Invalid(N_("At most {n} groups are possible here.", n=MOST_GROUPS))
    if not measures or len(measures) > MOST_MEASURES:
        raise Invalid(N_("Between 1 and {n} measures are expected here.", n=MOST_MEASURES))
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(N_("Between 1 and {n} rows can be asked for.", n=MOST_ROWS))


def _prepare(
    unit: Unit,
    actor: Actor,
    form: Form,
    group: list[str],
    measures: list[str],
    where: tuple[str, ...],
    search_text: str | None,
    sort: str | None,
) -> Aggregate:
    definitions = versions.current(unit)
    eyes = policy.eyes(unit, actor)
    table = form.table
    source = Stored(table)
    groups = [check_group(text, definitions, form.name, eyes=eyes) for text in group]
    sums = [check_measure(text, definitions, form.name, eyes=eyes) for text in measures]
    group_columns = [g.sql(source, unit.dialect, eyes) for g in groups]
    measure_columns = [m.sql(source, unit.dialect, eyes) for m in sums]
    labelled = [c.label(f"g{i}") for i, c in enumerate(group_columns)] + [
        c.label(f"n{i}") for i, c in enumerate(measure_columns)
    ]
    statement = sa.select(*labelled).select_from(table).where(table.c.deleted_at.is_(None))
    if (condition := policy.rows(unit, actor, form, "see", table)) is not None:
        statement = statement.where(condition)
    for text in where:
        expression = check(text, definitions, form.name, expect="boolean", eyes=eyes)
        statement = statement.where(expression.sql(source, unit.dialect, eyes))
        statement = statement.where(*search.implied(form, table, expression, unit.dialect))
    if search_text and search_text.strip():
        statement = statement.where(
            search.condition(form, table, search_text, unit.dialect, fields=select.searchable(unit, actor, form))
        )
    if group_columns:
        statement = statement.group_by(*[sa.literal_column(f"g{i}") for i in range(len(group_columns))])
        statement = statement.order_by(*_order(unit, group, measures, groups, labelled, sort))
    statement = statement.limit(sa.bindparam("row_limit", type_=sa.Integer))
    people = [i for i, g in enumerate(groups) if g.type.name in ("member", "department")]
    if not people:
        return Aggregate(groups, sums, statement, {})
    return Aggregate(groups, sums, *_named(statement, groups, people, len(labelled)))


def _named(
    statement: sa.Select[Any], groups: list[Expression], people: list[int], width: int
) -> tuple[sa.Select[Any], dict[int, int]]:
    """The same rows, with the names of the members and departments that are groups behind each."""
    inner = statement.subquery()
    names = []
    for i in people:
        table = member if groups[i].type.name == "member" else department
        names.append(sa.select(table.c.name).where(table.c.id == inner.c[f"g{i}"]).scalar_subquery())
    return sa.select(*inner.c, *names), {i: width + n for n, i in enumerate(people)}


def _order(
    unit: Unit,
    group: list[str],
    measures: list[str],
    groups: list[Expression],
    labelled: list[sa.Label[Any]],
    sort: str | None,
) -> list[sa.ColumnElement[Any]]:
    down = bool(sort) and sort is not None and sort.startswith("-")
    names = [*group, *measures]
    natural: list[sa.ColumnElement[Any]] = []
    for expression, label in zip(groups, labelled, strict=False):
        element = by_option(expression.type, label.element)
        natural.append(element.asc() if unit.dialect == "sqlite" else element.asc().nulls_first())
    if not sort:
        return natural
    wanted = sort.removeprefix("-").replace(" ", "")
    for name, label in zip(names, labelled, strict=True):
        if name.replace(" ", "") == wanted:
            first = label.element.desc() if down else label.element.asc()
            if unit.dialect != "sqlite":
                first = first.nulls_last() if down else first.nulls_first()
            return [first, *natural]
    problem = Problem("sort", N_("It is neither a group nor a measure of this request."), "bad_sort")
    raise Invalid(N_("“{name}” cannot be sorted by.", name=sort[:80]), problems=[problem])


def _links(unit: Unit, actor: Actor, expression: Expression, values: list[Any]) -> dict[Any, Linked]:
    """Titles of the records that are groups, by id, in one statement."""
    ids = [v for v in values if v is not None]
    kind = expression.type.name
    if not ids or kind != "record":
        return {}
    assert expression.type.target is not None
    form = versions.current(unit).form(expression.type.target)
    title = record_title(unit, actor, form, form.table.c.id)
    statement = sa.select(form.table.c.id, title).where(form.table.c.id.in_(ids))
    rows = unit.execute(statement, binds(actor, clock.now(), unit.zone)).all()
    return {id_: Linked(id_, title.removesuffix("\x1f") if title is not None else None) for id_, title in rows}
