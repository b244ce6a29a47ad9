"""Boards as pages ask for them: columns by the values of one field, their cards, count and sum above each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webapp.definitions.model import Field, View
from webapp.engines.forms import conditions, formats, paths, select, totals
from webapp.engines.forms.display import Face, Tag, face, tags, title_of
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.views import Asked, Scope, query
from webapp.errors import NotFound
from webapp.i18n import N_

COLUMN_PAGE = 20  # cards of a column
MOST_PAGES = 5  # of a column that is brought up to date at once


@dataclass(frozen=True)
class Card:
    id: int
    version: int
    title: str
    face: Face


@dataclass(frozen=True)
class Lane:
    """A column of a board: the records with one value of the view's `by` field ("" is the empty value)."""

    value: str
    tag: Tag
    note: str = ""
    cards: tuple[Card, ...] = ()
    next: str | None = None
    may_add: bool = False


@dataclass(frozen=True)
class Head:
    """Count and sum above a column of a board; `total` is None where the view sums nothing."""

    value: str
    count: int
    total: str | None = None


def by_field(at: Scope, view: View) -> Field:
    """The field whose options are the board's columns."""
    return at.form.field(view.settings["by"])


def lanes(at: Scope, asked: Asked, *, limit: int = COLUMN_PAGE) -> tuple[Lane, ...]:
    """All columns of the board in the order of the options, each with its first `limit` cards."""
    by = by_field(at, asked.view)
    may_add = at.may("create") and at.visible.get(by.key) == "write"
    made = []
    for option in by.type.options:
        (tag,) = tags(by, [option.value], at.locale)
        made.append(Lane(option.value, tag, _note(option.attributes), may_add=may_add))
    empty = Lane("", Tag(N_("Empty").text(at.locale)))
    first = replace(asked, after=None)
    queries = [_query(at, first, one, limit) for one in (*made, empty)]
    *filled, last = [
        _filled(at, asked, one, sheet)
        for one, sheet in zip((*made, empty), select.sheets(at.unit, at.actor, at.form, queries), strict=True)
    ]
    return (*filled, last) if last.cards else tuple(filled)


def _note(attributes: Mapping[str, Any]) -> str:
    probability = attributes.get("probability")
    return "" if probability is None else f"{formats.plain(probability)}%"


def lane(at: Scope, asked: Asked, value: str) -> Lane:
    """One column, further down by the cursor in `asked`; raises `NotFound` for a value without a column."""
    by = by_field(at, asked.view)
    if value and value not in {o.value for o in by.type.options}:
        raise NotFound(N_("There is no column “{key}” on this board.", key=value[:40]))
    tag = tags(by, [value], at.locale)[0] if value else Tag(N_("Empty").text(at.locale))
    return fill(at, asked, Lane(value, tag))


def fill(at: Scope, asked: Asked, empty: Lane) -> Lane:
    """The lane with its page of cards."""
    return _filled(at, asked, empty, select.sheet(at.unit, at.actor, at.form, _query(at, asked, empty)))


def _query(at: Scope, asked: Asked, lane: Lane, limit: int = COLUMN_PAGE) -> Query:
    fields = [*card_keys(at, asked.view), at.form.title]
    return query(at, asked, _in_lane(at, asked, lane.value), fields=fields, limit=limit)


def _filled(at: Scope, asked: Asked, empty: Lane, sheet: Sheet) -> Lane:
    keys = card_keys(at, asked.view)
    return replace(empty, cards=tuple(_card(at, keys, r) for r in sheet.records()), next=sheet.next)


def _in_lane(at: Scope, asked: Asked, value: str) -> str:
    by = by_field(at, asked.view)
    return f"{by.key} = {conditions.literal(by, value)}" if value else f"{by.key} is empty"


def card_keys(at: Scope, view: View) -> tuple[str, ...]:
    chosen = view.settings.get("card") or [k for k in list(at.form.fields)[:5] if k != view.settings.get("by")]
    return tuple(k for k in chosen if paths.field(at.definitions, at.form, k) and paths.may_see(at, k))


def card(at: Scope, view: View, record: Record) -> Card:
    return _card(at, card_keys(at, view), record)


def _card(at: Scope, keys: tuple[str, ...], record: Record) -> Card:
    title = title_of(at.eye, at.form, record)
    return Card(record.id, record.version, title, face(at.eye, at.form, record, keys))


def heads(at: Scope, asked: Asked) -> dict[str, Head]:
    """Count and sum of every column of the board by its value, in one statement; an empty column sums to nothing."""
    by = by_field(at, asked.view)
    total = asked.view.settings.get("total")
    total = total if total and at.may_ask(total) else None
    measures = ["count()", *([f"sum({total})"] if total else [])]
    made = {o.value: Head(o.value, 0, "" if total else None) for o in by.type.options}
    for row in totals.measured(at, asked, [by.key], measures):
        value = row.group[0] or ""
        made[value] = Head(value, row.measures[0], _sum(at, total, row.measures[1]) if total else None)
    return made


def _sum(at: Scope, key: str, value: Any) -> str:
    found = at.form.names[key]
    return found.kind.short(found, value, at.locale) if value else ""
