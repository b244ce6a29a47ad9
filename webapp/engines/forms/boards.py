"""Boards as pages ask for them: columns by the values of one field, their cards, count and sum above each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import board_settings, conditions, formats, select, stages, totals
from webapp.engines.forms.board_settings import by_field
from webapp.engines.forms.display import Tag, tags, title_of
from webapp.engines.forms.faces import Face, Faces
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.views import Asked, Scope, query
from webapp.errors import NotFound
from webapp.expressions.types import Option
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
class Column:
    """A column of a board: the records with one value of the view's `by` field ("" is the empty value).

    limit      how many records it should hold; `is_firm`: more are refused
    is_folded  he has folded it: its cards come when it is opened
    """

    value: str
    tag: Tag
    note: str = ""
    limit: int | None = None
    is_firm: bool = False
    cards: tuple[Card, ...] = ()
    next: str | None = None
    may_add: bool = False
    is_folded: bool = False


@dataclass(frozen=True)
class Head:
    """Count and sum above a column of a board; `total` is None where nothing is summed."""

    value: str
    count: int
    total: str | None = None
    limit: int | None = None

    @property
    def state(self) -> str:
        """How the count is by the column's limit."""
        if self.limit is None or self.count < self.limit:
            return ""
        return "late" if self.count > self.limit else "close"


def faces(at: Scope, asked: Asked) -> Faces:
    by = by_field(at, asked.view)
    stage = by if by in stages.of(at.form) else None
    return Faces(at, board_settings.card_keys(at, asked), board_settings.mark_key(at, asked), stage)


def values(at: Scope, asked: Asked) -> list[str]:
    """What the columns stand for, in order; "" for empty comes last."""
    return [*(o.value for o in by_field(at, asked.view).type.options), ""]


def columns(at: Scope, asked: Asked, *, limit: int = COLUMN_PAGE, whole: bool = False) -> tuple[Column, ...]:
    """All columns of the board in the order of the options, each with its first `limit` cards, in one statement.

    whole  with the cards of those that he has folded, too
    """
    folded = frozenset() if whole else board_settings.folded(at, asked.view)
    made = [replace(one, is_folded=one.value in folded) for one in empty_columns(at, asked)]
    show = faces(at, asked)
    first = replace(asked, after=None)
    fetched = [one for one in made if not one.is_folded]
    queries = [query_of(at, first, show, one.value, limit) for one in fetched]
    sheets = select.sheets(at.unit, at.actor, at.form, queries) if queries else []
    done = {one.value: filled(show, one, sheet) for one, sheet in zip(fetched, sheets, strict=True)}
    *found, last = [done.get(one.value, one) for one in made]
    return (*found, last) if last.cards or last.is_folded else tuple(found)


def empty_columns(at: Scope, asked: Asked) -> list[Column]:
    """All columns without their cards."""
    by = by_field(at, asked.view)
    return [*(_column(at, by, option) for option in by.type.options), Column("", Tag(N_("Empty").text(at.locale)))]


def _column(at: Scope, by: Field, option: Option) -> Column:
    (tag,) = tags(by, [option.value], at.locale)
    attributes = option.attributes
    return Column(
        option.value,
        tag,
        _note(attributes),
        attributes.get("limit"),
        attributes.get("over_limit") == "refuse",
        may_add=at.may("create") and at.visible.get(by.key) == "write" and not attributes.get("archived"),
    )


def _note(attributes: Mapping[str, Any]) -> str:
    probability = attributes.get("probability")
    return "" if probability is None else f"{formats.plain(probability)}%"


def column(at: Scope, asked: Asked, value: str) -> Column:
    """One column, further down by the cursor in `asked`; raises `NotFound` for a value without a column."""
    empty = next((one for one in empty_columns(at, asked) if one.value == value), None)
    if empty is None:
        raise NotFound(N_("There is no column “{key}” on this board.", key=value[:40]))
    show = faces(at, asked)
    return filled(show, empty, select.sheet(at.unit, at.actor, at.form, query_of(at, asked, show, value, COLUMN_PAGE)))


def cursor_behind(at: Scope, asked: Asked, value: str, id_: int) -> str | None:
    """Where the column of `value` goes on behind a record; None when it is not in there."""
    wanted = query_of(at, replace(asked, after=None), faces(at, asked), value, COLUMN_PAGE)
    return select.cursor_behind(at.unit, at.actor, at.form, wanted, id_)


def query_of(at: Scope, asked: Asked, show: Faces, value: str, limit: int, *more: str) -> Query:
    """The door's query for a column, within `more` conditions."""
    by = by_field(at, asked.view)
    here = f"{by.key} = {conditions.literal(by, value)}" if value else f"{by.key} is empty"
    return query(at, asked, here, *more, fields=show.fields, limit=limit)


def filled(show: Faces, empty: Column, sheet: Sheet) -> Column:
    return replace(empty, cards=tuple(card_of(show, r) for r in sheet.records()), next=sheet.next)


def card(at: Scope, asked: Asked, record: Record) -> Card:
    return card_of(faces(at, asked), record)


def card_of(show: Faces, record: Record) -> Card:
    return Card(record.id, record.version, title_of(show.at.eye, show.at.form, record), show.of(record))


def heads(at: Scope, asked: Asked) -> dict[str, Head]:
    """Count and sum of every column of the board by its value, in one statement; an empty column sums to nothing."""
    by, total = by_field(at, asked.view), board_settings.total_key(at, asked)
    measures = ["count()", *([f"sum({total})"] if total else [])]
    limits = {o.value: o.attributes.get("limit") for o in by.type.options}
    made = {value: Head(value, 0, "" if total else None, limit) for value, limit in limits.items()}
    for row in totals.measured(at, asked, [by.key], measures):
        value = row.group[0] or ""
        total_said = _sum(at, total, row.measures[1]) if total else None
        made[value] = Head(value, row.measures[0], total_said, limits.get(value))
    return made


def _sum(at: Scope, key: str, value: Any) -> str:
    found = at.form.names[key]
    return found.kind.short(found, value, at.locale) if value else ""
