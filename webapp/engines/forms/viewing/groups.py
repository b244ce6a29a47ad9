"""The rows of a grid under heads: one for each value of a field, each month of a date or step of a number, with count
and sums, within heads of another.

A link groups by the name of what it points at, as far as that is there for the reader: what is not counts as empty,
so that no number tells of records he may not see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from webapp.engines.forms import select
from webapp.engines.forms.display import Tag, tags
from webapp.engines.forms.finding import sortkeys
from webapp.engines.forms.record import AggregateRow
from webapp.engines.forms.viewing import arranged, totals
from webapp.engines.forms.viewing.columns import Grid, columns
from webapp.engines.forms.viewing.grouping import Group
from webapp.engines.forms.viewing.totals import Total
from webapp.engines.forms.viewing.views import PAGE, Asked, Scope, orders, query
from webapp.errors import Invalid, NotFound
from webapp.i18n import N_

MOST_HEADS = 200
_FIRST_ROWS = PAGE  # so many rows stand under the first heads at once


@dataclass(frozen=True)
class Head:
    """One value of the field that groups.

    value   as the address says it, "" for empty
    tag     of a chosen option; else `text` names it, and `is_person` a member
    start   how many rows stand before its first
    grid    its first rows, where they come with it
    """

    value: str
    text: str
    count: int
    totals: Mapping[str, Total]
    tag: Tag | None = None
    is_person: bool = False
    start: int = 0
    grid: Grid | None = None


@dataclass(frozen=True)
class Heads:
    """The heads of one level. `path` are the values above it; `is_cut` when there are more than can be shown."""

    field: str
    path: tuple[str, ...]
    heads: tuple[Head, ...]
    is_last: bool
    is_cut: bool = False


def within(at: Scope, asked: Asked, values: Sequence[str]) -> tuple[str, ...]:
    """Conditions of the rows below the heads with these values; raises `NotFound` for more than there are levels."""
    found = arranged.groups(at, asked)
    if len(values) > len(found):
        raise NotFound(N_("There is no such group."))
    return tuple(group.holds(at, value) for group, value in zip(found, values, strict=False))


def heads(at: Scope, asked: Asked, path: Sequence[str] = (), *, start: int = 0, with_rows: bool = False) -> Heads:
    """The heads below `path`; `with_rows` brings the first rows too, all of them in one statement."""
    levels = arranged.groups(at, asked)
    place = len(path)
    if place >= len(levels):
        raise NotFound(N_("There is no such group."))
    group = levels[place]
    wanted = totals.wanted(at, asked)
    measures = ["count()", *(totals.MEASURES[how][0].format(k) for k, how in wanted.items())]
    by, is_down = group.expression(at), f"-{group.field.key}" in orders(at, asked)
    sort = f"-{by}" if is_down and group.is_span else None
    more = within(at, asked, path)
    rows = totals.measured(at, asked, [by], measures, more=more, limit=MOST_HEADS + 1, sort=sort)
    made = [_head(at, group, row, wanted) for row in rows[:MOST_HEADS]]
    if not group.is_span:
        made = _ordered(group, made, is_down)
    numbered = []
    for head in made:
        numbered.append(replace(head, start=start))
        start += head.count
    is_last = place + 1 == len(levels)
    if with_rows and is_last:
        numbered = _with_rows(at, asked, path, numbered)
    return Heads(group.name, tuple(path), tuple(numbered), is_last, len(rows) > MOST_HEADS)


def _head(at: Scope, group: Group, row: AggregateRow, wanted: Mapping[str, str]) -> Head:
    value, link, found = row.group[0], row.links[0], group.field
    count, *measured = row.measures
    sums = {k: totals.shown(at, k, how, v) for (k, how), v in zip(wanted.items(), measured, strict=True)}
    kept = {k: total for k, total in sums.items() if total is not None}
    if value is None or value == "":
        return Head("", N_("Empty").text(at.locale), count, kept)
    if group.is_span:
        return Head(str(value), group.said(at, value), count, kept)
    if found.type.name == "choice":
        (tag,) = tags(found, [value], at.locale)
        return Head(value, tag.text, count, kept, tag)
    if found.type.name == "boolean":
        return Head("true" if value else "false", found.kind.text(found, bool(value), at.locale), count, kept)
    if link is not None:
        return Head(str(value), link.title or f"#{value}", count, kept, is_person=found.type.name == "member")
    return Head(str(value), str(value), count, kept)


def _ordered(group: Group, made: list[Head], is_down: bool) -> list[Head]:
    """In the order of the options or by name, the largest first where the list is sorted so; empty is lowest."""
    if group.field.type.name not in ("choice", "boolean"):
        made = sorted(made, key=lambda head: (head.value != "", sortkeys.sort_key(head.text, is_person=head.is_person)))
    return made[::-1] if is_down else made


def _with_rows(at: Scope, asked: Asked, path: Sequence[str], made: list[Head]) -> list[Head]:
    """The first heads with their first rows, as many as fill a page."""
    first: list[Head] = []
    rows = 0
    for head in made:
        if rows >= _FIRST_ROWS:
            break
        first.append(head)
        rows += min(head.count, PAGE)
    if not first:
        return made
    shown = columns(at, asked)
    fields = [*(c.key for c in shown), at.form.title]
    plain = replace(asked, after=None)
    queries = [query(at, plain, *within(at, asked, [*path, head.value]), fields=fields) for head in first]
    sheets = select.sheets(at.unit, at.actor, at.form, queries)
    filled = [
        replace(head, grid=Grid(shown, sheet, at.eye, at.form)) for head, sheet in zip(first, sheets, strict=True)
    ]
    return [*filled, *made[len(filled) :]]


def check_path(given: Sequence[str]) -> tuple[str, ...]:
    """The values of the address; raises `Invalid` for what no head could have."""
    if any(len(value) > 2000 for value in given):
        raise Invalid(N_("There is no such group."))
    return tuple(given)
