"""The face of a card on a board: what stands where, from the fields that were chosen, in their order.

A leading link heads the card, else its title; the first amount, date, person and moment have places of their own;
choices are tags; everything else stands below with its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from webapp import clock
from webapp.definitions.model import Field
from webapp.engines.forms import formats
from webapp.engines.forms.board import stages
from webapp.engines.forms.display import Cell, Tag, cell, first_picture, title_of
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.files.refs import FileRef
from webapp.i18n import N_


@dataclass(frozen=True)
class Note:
    """A short text with its state: "late", "close" or ""; `said` is what the text leaves out."""

    text: str
    state: str = ""
    said: str = ""


@dataclass(frozen=True)
class Face:
    """due: the next moment; age: how long the record has been in its stage; mark: the option that colours the card."""

    head: str
    sub: str = ""
    number: Cell | None = None
    when: Cell | None = None
    person: Cell | None = None
    due: Note | None = None
    age: Note | None = None
    mark: Tag | None = None
    tags: tuple[Tag, ...] = ()
    lines: tuple[Cell, ...] = ()
    cover: FileRef | None = None


@dataclass(frozen=True)
class Faces:
    """How the cards of one board are made for one reader; `stage` is the board's column where that is a stage."""

    at: Scope
    keys: tuple[str, ...]
    mark: str | None = None
    stage: Field | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """What has to be read for a card."""
        found = [*self.keys, self.at.form.title, *([self.mark] if self.mark else [])]
        if self.stage is not None:
            found += [key for key in (self.stage.key, self.entered) if key]
        return tuple(dict.fromkeys(found))

    @property
    def entered(self) -> str | None:
        """The field that says since when a record is in its stage, if he may read it."""
        key = self.stage.settings.get("entered") if self.stage is not None else None
        return key if key and self.at.may_ask(key) else None

    def of(self, record: Record) -> Face:
        at, title = self.at, title_of(self.at.eye, self.at.form, record)
        given = [k for k in self.keys if k not in (at.form.title, self.mark, self.entered)]
        cells = [c for c in (cell(at.eye, at.form, record, k) for k in given) if not c.is_empty]
        head, sub = title, ""
        if cells and cells[0].shape == "record" and cells[0].key == given[0]:
            head, sub = cells.pop(0).text, title
        cover = first_picture(cells)
        number = _take(cells, lambda c: c.is_amount)
        when = _take(cells, lambda c: c.shape == "date")
        due = _take(cells, lambda c: c.shape == "datetime" and isinstance(c.value, datetime))
        person = _take(cells, lambda c: c.shape == "member" and not c.is_masked)
        tags = tuple(tag for c in cells for tag in c.tags)
        return Face(
            head,
            sub,
            number,
            when,
            person,
            self._due(record, due) if due is not None else None,
            self._age(record),
            self._mark(record),
            tags,
            tuple(c for c in cells if not c.tags),
            cover,
        )

    def _due(self, record: Record, found: Cell) -> Note:
        at, moment, now = self.at, found.value, clock.now()
        zone = ZoneInfo(at.unit.zone)
        is_open = self._type(record) == "open"
        if moment < now and is_open and moment.astimezone(zone).date() < now.astimezone(zone).date():
            late = formats.late(moment.astimezone(zone).date(), at.locale, now.astimezone(zone).date())
            return Note(late, "late", found.label)
        return Note(found.short, "late" if moment < now and is_open else "", found.label)

    def _type(self, record: Record) -> str:
        found = stages.stage(self.stage, record.values.get(self.stage.key)) if self.stage is not None else None
        return found.attributes.get("type", "open") if found is not None else "open"

    def _age(self, record: Record) -> Note | None:
        if self.stage is None or self.entered is None:
            return None
        today = clock.today(self.at.unit.zone)
        found = stages.age(
            self.stage, record.values.get(self.stage.key), record.values.get(self.entered), today, self.at.unit.zone
        )
        if found is None:
            return None
        days, state = found
        said = {
            "late": N_("Too long in this stage"),
            "close": N_("Close to the limit of this stage"),
            "": N_("In this stage"),
        }[state]
        return Note(formats.days(days, self.at.locale), state, said.text(self.at.locale))

    def _mark(self, record: Record) -> Tag | None:
        if self.mark is None:
            return None
        found = cell(self.at.eye, self.at.form, record, self.mark)
        return found.tags[0] if found.tags else Tag(found.label, "amber") if found.value is True else None


def _take(cells: list[Cell], fits: Callable[[Cell], bool]) -> Cell | None:
    """Remove and answer the first of `cells` that fits."""
    for place, found in enumerate(cells):
        if fits(found):
            return cells.pop(place)
    return None
