"""Boards as pages ask for them: columns by the values of one field, their cards, count and sum above each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import formats, select
from webapp.engines.forms.board import axes, board_settings, stages
from webapp.engines.forms.board.axes import Mark
from webapp.engines.forms.board.board_settings import by_field
from webapp.engines.forms.board.faces import Face, Faces
from webapp.engines.forms.display import Tag, title_of
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.viewing import totals
from webapp.engines.forms.viewing.views import Asked, Scope, query
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
class Column:
    """A column of a board: the records with one value of the view's `by` field ("" is the empty value).

    limit      how many records it should hold; `is_firm`: more are refused
    is_folded  he has folded it: its cards come when it is opened
    place      how its parts are called on the page
    is_locked  no card can be put there
    """

    value: str
    tag: Tag
    place: str
    note: str = ""
    limit: int | None = None
    is_firm: bool = False
    cards: tuple[Card, ...] = ()
    next: str | None = None
    may_add: bool = False
    is_folded: bool = False
    is_person: bool = False
    is_locked: bool = False


@dataclass(frozen=True)
class Head:
    """Count and sum above a column of a board; `total` is None where nothing is summed."""

    value: str
    count: int
    place: str
    total: str | None = None
    limit: int | None = None

    @property
    def state(self) -> str:
        """How the count is by the column's limit."""
        if self.limit is None or self.count < self.limit:
            return ""
        return "late" if self.count > self.limit else "close"


def faces(at: Scope, asked: Asked) -> Faces:
    by = by_field(at, asked)
    stage = by if by in stages.of(at.form) else None
    return Faces(at, board_settings.card_keys(at, asked), board_settings.mark_key(at, asked), stage)


def values(at: Scope, asked: Asked) -> list[str]:
    """What the columns of a board stand for that are there without any record, in order; "" for empty comes last."""
    return [mark.value for mark in axes.still(at, by_field(at, asked))]


def columns(at: Scope, asked: Asked, *, limit: int = COLUMN_PAGE, whole: bool = False) -> tuple[Column, ...]:
    """All columns of the board in their order, each with its first `limit` cards, in one statement.

    whole  with the cards of those that he has folded, too
    """
    folded = frozenset() if whole else board_settings.folded(at, asked)
    made = [replace(one, is_folded=one.value in folded) for one in empty_columns(at, asked)]
    show = faces(at, asked)
    first = replace(asked, after=None)
    fetched = [one for one in made if not one.is_folded]
    queries = [query_of(at, first, show, one.value, limit) for one in fetched]
    sheets = select.sheets(at.unit, at.actor, at.form, queries) if queries else []
    done = {one.value: filled(show, one, sheet) for one, sheet in zip(fetched, sheets, strict=True)}
    *found, last = [done.get(one.value, one) for one in made]
    return (*found, last) if last.cards or last.is_folded or not last.is_locked else tuple(found)


def empty_columns(at: Scope, asked: Asked) -> list[Column]:
    """All columns without their cards."""
    by = by_field(at, asked)
    return [_column(at, by, mark) for mark in axes.marks(at, replace(asked, after=None), by)]


def _column(at: Scope, by: Field, mark: Mark) -> Column:
    attributes = mark.option.attributes if mark.option else {}
    may_add = at.may("create") and at.visible.get(by.key) == "write" and by.key in at.form.fields
    return Column(
        mark.value,
        mark.tag,
        mark.place,
        _note(attributes),
        attributes.get("limit"),
        attributes.get("over_limit") == "refuse",
        may_add=may_add and bool(mark.value) and not attributes.get("archived"),
        is_person=mark.is_person,
        is_locked=not mark.value and not axes.may_empty(by),
    )


def _note(attributes: Mapping[str, Any]) -> str:
    probability = attributes.get("probability")
    return "" if probability is None else f"{formats.plain(probability)}%"


def column(at: Scope, asked: Asked, value: str) -> Column:
    """One column, further down by the cursor in `asked`; raises `NotFound` for a value without a column."""
    empty = column_of(at, asked, value)
    show = faces(at, asked)
    return filled(show, empty, select.sheet(at.unit, at.actor, at.form, query_of(at, asked, show, value, COLUMN_PAGE)))


def column_of(at: Scope, asked: Asked, value: str) -> Column:
    """The column of a value without its cards, whether a record has it now or not."""
    by = by_field(at, asked)
    if not axes.is_mark(by, value):
        raise NotFound(N_("There is no column “{key}” on this board.", key=value[:40]))
    if axes.is_still(by):
        return _column(at, by, next(mark for mark in axes.still(at, by) if mark.value == value))
    return _column(at, by, Mark(value, Tag(axes.name(at, by, value)), f"v{value}", by.type.name == "member"))


def cursor_behind(at: Scope, asked: Asked, value: str, id_: int) -> str | None:
    """Where the column of `value` goes on behind a record; None when it is not in there."""
    wanted = query_of(at, replace(asked, after=None), faces(at, asked), value, COLUMN_PAGE)
    return select.cursor_behind(at.unit, at.actor, at.form, wanted, id_)


def query_of(at: Scope, asked: Asked, show: Faces, value: str, limit: int, *more: str) -> Query:
    """The door's query for a column, within `more` conditions."""
    here = axes.holds(by_field(at, asked), value)
    return query(at, asked, here, *more, fields=show.fields, limit=limit)


def filled(show: Faces, empty: Column, sheet: Sheet) -> Column:
    return replace(empty, cards=tuple(card_of(show, r) for r in sheet.records()), next=sheet.next)


def card(at: Scope, asked: Asked, record: Record) -> Card:
    return card_of(faces(at, asked), record)


def card_of(show: Faces, record: Record) -> Card:
    return Card(record.id, record.version, title_of(show.at.eye, show.at.form, record), show.of(record))


def heads(at: Scope, asked: Asked) -> dict[str, Head]:
    """Count and sum of every column of the board by its value, in one statement; an empty column sums to nothing."""
    by, total = by_field(at, asked), board_settings.total_key(at, asked)
    measures = ["count()", *([f"sum({total})"] if total else [])]
    marks = {mark.value: mark for mark in axes.still(at, by)} if axes.is_still(by) else {}
    limits = {value: mark.option.attributes.get("limit") for value, mark in marks.items() if mark.option}
    made = {v: Head(v, 0, m.place, "" if total else None, limits.get(v)) for v, m in marks.items() if v}
    group = f"{by.key}.id" if by.type.name == "record" else by.key
    for row in totals.measured(at, asked, [group], measures):
        value = axes.value_of(by, {by.key: row.group[0]})
        total_said = _sum(at, total, row.measures[1]) if total else None
        place = marks[value].place if value in marks else f"v{value}"
        made[value] = Head(value, row.measures[0], place, total_said, limits.get(value))
    return made


def empty_head(at: Scope, asked: Asked, value: str) -> Head:
    """The head of a column without records."""
    has_total = board_settings.total_key(at, asked) is not None
    return Head(value, 0, column_of(at, asked, value).place, "" if has_total else None)


def _sum(at: Scope, key: str, value: Any) -> str:
    found = at.form.names[key]
    return found.kind.short(found, value, at.locale) if value else ""
