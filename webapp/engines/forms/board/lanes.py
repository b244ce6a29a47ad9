"""Swimlanes: the columns of a board once for each value of another field, one lane below the other.

Which lanes there are comes from the records one sees (`axes`). The first lanes come with their cards in one
statement, the others when they come into sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import select
from webapp.engines.forms.board import axes, board_settings, boards
from webapp.engines.forms.board.boards import Column
from webapp.engines.forms.display import Tag
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import N_

#: Cards of one column in one lane, and how many such cells come with the page.
CELL_PAGE = 8
FIRST_CELLS = 60
MOST = 100


@dataclass(frozen=True)
class Lane:
    """One lane; `columns` is None where its cards have not been read yet.

    place  which lane it is, for the names of its parts on the page
    """

    value: str
    text: str
    count: int
    place: int
    tag: Tag | None = None
    is_person: bool = False
    is_folded: bool = False
    columns: tuple[Column, ...] | None = None


def _field(at: Scope, asked: Asked) -> Field:
    key = board_settings.lane_key(at, asked)
    if key is None:
        raise NotFound(N_("This board has no lanes."))
    return at.form.names[key]


def lanes(at: Scope, asked: Asked, columns: Sequence[Column]) -> tuple[Lane, ...]:
    """All lanes, the first of them with their cards in these columns."""
    found = _all(at, asked)
    width = len(columns)
    first: list[Lane] = []
    for lane in found:
        if lane.is_folded:
            continue
        if first and (len(first) + 1) * width > FIRST_CELLS:
            break
        first.append(lane)
    filled = {lane.value: lane for lane in _filled(at, asked, first, columns)}
    return tuple(filled.get(lane.value, lane) for lane in found)


def some(at: Scope, asked: Asked, values: Sequence[str]) -> tuple[Lane, ...]:
    """The lanes of these values with their cards; what is no lane (any more) is left out."""
    found = [lane for lane in _all(at, asked) if lane.value in values]
    return tuple(_filled(at, asked, found[:MOST], columns_of(at, asked)))


def columns_of(at: Scope, asked: Asked) -> list[Column]:
    """The columns of each lane; that of the empty value only where the field may be empty."""
    found = boards.empty_columns(at, asked)
    return found[:-1] if boards.by_field(at, asked).is_required else found


def _all(at: Scope, asked: Asked) -> list[Lane]:
    marks = axes.seen(at, replace(asked, after=None), _field(at, asked), MOST)
    folded = board_settings.folded(at, asked, "lanes")
    return [
        Lane(
            mark.value,
            mark.tag.text,
            mark.count,
            place,
            mark.tag if mark.option else None,
            mark.is_person,
            mark.value in folded,
        )
        for place, mark in enumerate(marks)
    ]


def _filled(at: Scope, asked: Asked, wanted: Sequence[Lane], columns: Sequence[Column]) -> list[Lane]:
    """The lanes with the first cards of every cell, all in one statement."""
    if not wanted:
        return []
    show, field = boards.faces(at, asked), _field(at, asked)
    plain = replace(asked, after=None)
    made = []
    queries = [
        boards.query_of(at, plain, show, column.value, CELL_PAGE, axes.holds(field, lane.value))
        for lane in wanted
        for column in columns
    ]
    step = 240  # SQLite joins 500 selects at the most
    sheets: list[Sheet] = []
    for n in range(0, len(queries), step):
        sheets += select.sheets(at.unit, at.actor, at.form, queries[n : n + step])
    for n, lane in enumerate(wanted):
        cells = zip(columns, sheets[n * len(columns) : (n + 1) * len(columns)], strict=True)
        made.append(replace(lane, columns=tuple(boards.filled(show, column, sheet) for column, sheet in cells)))
    return made


def cell(at: Scope, asked: Asked, lane: str, column: str) -> Column:
    """One column of one lane, further down by the cursor in `asked`."""
    show, found = boards.faces(at, asked), boards.column_of(at, asked, column)
    more = axes.holds(_field(at, asked), lane)
    query = boards.query_of(at, asked, show, column, boards.COLUMN_PAGE, more)
    return boards.filled(show, found, select.sheet(at.unit, at.actor, at.form, query))


def place_of(at: Scope, asked: Asked, value: str) -> int:
    return next((lane.place for lane in _all(at, asked) if lane.value == value), 0)


def may_change(at: Scope, asked: Asked) -> bool:
    """Whether a card may be moved to another lane."""
    key = board_settings.lane_key(at, asked)
    return key is not None and at.visible.get(key) == "write"


def values_for(at: Scope, asked: Asked, lane: str | None) -> dict[str, Any]:
    """What a card gets that is put into the lane; nothing where lanes are not changed."""
    if lane is None or not may_change(at, asked):
        return {}
    field = _field(at, asked)
    return {field.key: axes.given(field, lane)}


def value_of(at: Scope, asked: Asked, record: Record) -> str:
    """The lane a record is in, as `Lane.value` says it."""
    return axes.value_of(_field(at, asked), record.values)
