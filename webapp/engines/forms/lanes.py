"""Swimlanes: the columns of a board once for each value of another field, one lane below the other.

Which lanes there are comes from the heads of that field (`groups`), so a link lies across the board by the names its
reader may see. The first lanes come with their cards in one statement, the others when they come into sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.engines.forms import board_settings, boards, groups, select
from webapp.engines.forms.boards import Column
from webapp.engines.forms.display import Tag
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Record
from webapp.engines.forms.views import Asked, Scope
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


def _grouped(at: Scope, asked: Asked) -> Asked:
    key = board_settings.lane_key(at, asked)
    if key is None:
        raise NotFound(N_("This board has no lanes."))
    return replace(asked, after=None).changed(group=key, totals="")


def lanes(at: Scope, asked: Asked) -> tuple[Lane, ...]:
    """All lanes, the first of them with their cards."""
    found = _all(at, asked)
    width = len(columns_of(at, asked))
    first: list[Lane] = []
    for lane in found:
        if lane.is_folded:
            continue
        if first and (len(first) + 1) * width > FIRST_CELLS:
            break
        first.append(lane)
    filled = {lane.value: lane for lane in _filled(at, asked, first)}
    return tuple(filled.get(lane.value, lane) for lane in found)


def some(at: Scope, asked: Asked, values: Sequence[str]) -> tuple[Lane, ...]:
    """The lanes of these values with their cards; what is no lane (any more) is left out."""
    found = [lane for lane in _all(at, asked) if lane.value in values]
    return tuple(_filled(at, asked, found[:MOST]))


def columns_of(at: Scope, asked: Asked) -> list[Column]:
    """The columns of each lane; that of the empty value only where the field may be empty."""
    found = boards.empty_columns(at, asked)
    return found[:-1] if boards.by_field(at, asked.view).is_required else found


def _all(at: Scope, asked: Asked) -> list[Lane]:
    heads = groups.heads(at, _grouped(at, asked)).heads[:MOST]
    folded = board_settings.folded(at, asked.view, "lanes")
    return [
        Lane(head.value, head.text, head.count, place, head.tag, head.is_person, head.value in folded)
        for place, head in enumerate(heads)
    ]


def _filled(at: Scope, asked: Asked, wanted: Sequence[Lane]) -> list[Lane]:
    """The lanes with the first cards of every cell, all in one statement."""
    if not wanted:
        return []
    show, grouped = boards.faces(at, asked), _grouped(at, asked)
    plain = replace(asked, after=None)
    columns = columns_of(at, asked)
    made = []
    queries = [
        boards.query_of(at, plain, show, column.value, CELL_PAGE, *groups.within(at, grouped, [lane.value]))
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
    show = boards.faces(at, asked)
    found = next((c for c in columns_of(at, asked) if c.value == column), None)
    if found is None:
        raise NotFound(N_("There is no column “{key}” on this board.", key=column[:40]))
    more = groups.within(at, _grouped(at, asked), [lane])
    query = boards.query_of(at, asked, show, column, boards.COLUMN_PAGE, *more)
    return boards.filled(show, found, select.sheet(at.unit, at.actor, at.form, query))


def place_of(at: Scope, asked: Asked, value: str) -> int:
    return next((lane.place for lane in _all(at, asked) if lane.value == value), 0)


def may_change(at: Scope, asked: Asked) -> bool:
    """Whether a card may be moved to another lane: not where a name stands for a link, as several may share it."""
    key = board_settings.lane_key(at, asked)
    return key is not None and at.form.names[key].type.name != "record" and at.visible.get(key) == "write"


def values_for(at: Scope, asked: Asked, lane: str | None) -> dict[str, Any]:
    """What a card gets that is put into the lane; nothing where lanes are not changed."""
    key = board_settings.lane_key(at, asked)
    if lane is None or key is None or not may_change(at, asked):
        return {}
    return {key: lane or None}


def value_of(at: Scope, asked: Asked, record: Record) -> str:
    """The lane a record is in, as `Lane.value` says it."""
    value = record.values.get(board_settings.lane_key(at, asked) or "")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
