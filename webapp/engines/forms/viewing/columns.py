"""A view as a grid: its headings for one person, and a page of its rows, written column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webapp.definitions.model import Field, Form
from webapp.engines.forms import select
from webapp.engines.forms.display import (
    MOMENTS,
    NUMBERS,
    Cell,
    Eye,
    Face,
    Look,
    face,
    is_amount,
    titles,
    writer,
)
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Masked
from webapp.engines.forms.viewing import arranged, paths
from webapp.engines.forms.viewing.views import Asked, Scope, is_sortable, orders, query
from webapp.engines.forms.writing import values
from webapp.i18n import label


@dataclass(frozen=True)
class Column:
    """A heading of a grid.

    sorted    "asc", "desc" or None; `sort_to` the sort a press asks for, None if it can't
    place     which column it is, from 0; `is_frozen`: it stays in sight
    px        its width where somebody has set one, else the class `width` says it
    is_edited whether its reader may change the values of it
    """

    key: str
    label: str
    shape: str
    kind: str
    width: str
    sorted: str | None = None
    sort_to: str | None = None
    px: int | None = None
    place: int = 0
    is_frozen: bool = False
    is_edited: bool = False

    @property
    def is_number(self) -> bool:
        return self.shape in NUMBERS


@dataclass(frozen=True)
class Grid:
    """One page of a view. Its rows are written column by column (`written`), its cards are made where they are drawn.

    size   how many records there are on the page
    """

    columns: tuple[Column, ...]
    sheet: Sheet
    eye: Eye
    form: Form

    @property
    def next(self) -> str | None:
        return self.sheet.next

    @property
    def size(self) -> int:
        return len(self.sheet.rows)

    @property
    def ids(self) -> list[int]:
        return [row[0] for row in self.sheet.rows]

    @property
    def titles(self) -> list[str]:
        """What names the records, in the order of the rows."""
        if self.form.title not in self.sheet.decoder.places:
            return [f"#{id_}" for id_ in self.ids]
        found = self.sheet.written(self.form.title, titles(self.eye, self.form))
        return [title or f"#{id_}" for title, id_ in zip(found, self.ids, strict=True)]

    def written(self, key: str, draw: Callable[[str | Cell], str]) -> list[str]:
        """A column row by row, as `draw` draws a text or what is more than that."""
        look = self.eye.look(self.form, key)
        if key not in self.sheet.decoder.places:
            return [draw(Cell(look))] * self.size
        write = writer(look)
        return self.sheet.written(key, lambda value, linked: draw(write(value, linked)))

    def edited(self, key: str, draw: Callable[[str | Cell, str], str]) -> list[str]:
        """The same of a column whose reader changes it: `draw` gets what its editor begins with as well.

        That is a text: several values with | between, links as their ids.
        """
        look = self.eye.look(self.form, key)
        write, typed = writer(look), _typing(look)
        return self.sheet.written(key, lambda value, linked: draw(write(value, linked), typed(value)))

    def typed(self, key: str) -> list[str]:
        """What an editor of the field begins with, row by row."""
        typed = _typing(self.eye.look(self.form, key))
        return self.sheet.written(key, lambda value, _linked: typed(value))

    @property
    def cards(self) -> list[tuple[int, Face]]:
        """Id and face of every record."""
        keys = [column.key for column in self.columns]
        return [(record.id, face(self.eye, self.form, record, keys)) for record in self.sheet.records()]


def _typing(look: Look) -> Callable[[object], str]:
    """How a value stands in the editor of its cell."""
    kind, of, language = look.kind, look.of, look.locale

    def typed(value: object) -> str:
        if isinstance(value, str):
            return value
        if value is None or isinstance(value, Masked):
            return ""
        if isinstance(value, bool):
            return "true" if value else ""
        if isinstance(value, list | tuple):
            return "|".join(str(one) for one in value)
        return str(kind.typed(of, value, language))

    return typed


def columns(at: Scope, asked: Asked) -> tuple[Column, ...]:
    """The headings of the view for this actor; kept, because they depend on his rights and the definitions alone."""
    sizes = tuple(arranged.widths(at, asked).items())
    who = select.signature(at.actor)
    key = ("columns", at.form.name, arranged.mark(asked), sizes, orders(at, asked), at.locale, who)
    return at.definitions.kept("columns").get(key, lambda: _columns(at, asked))


def _columns(at: Scope, asked: Asked) -> tuple[Column, ...]:
    order = {o.removeprefix("-"): "desc" if o.startswith("-") else "asc" for o in orders(at, asked)}
    sizes, frozen = arranged.widths(at, asked), arranged.freeze(asked)
    made = []
    for place, key in enumerate(arranged.column_keys(at, asked)):
        found = paths.field(at.definitions, at.form, key)
        assert found is not None
        now = order.get(key)
        may = key in at.form.names and is_sortable(found) and at.may_ask(key)
        sort_to = None if not may else f"-{key}" if now == "asc" else key
        name = paths.name(at.definitions, at.form, key, at.locale)
        made.append(
            Column(
                key,
                name,
                found.type.name,
                found.kind_key,
                _width(at, found, name),
                now,
                sort_to,
                sizes.get(key),
                place,
                place < frozen,
                "." not in key and at.visible.get(key) == "write" and values.is_input(found) and is_edited(found),
            )
        )
    return tuple(made)


def is_edited(found: Field) -> bool:
    """Whether a value fits into an editor in its cell."""
    return found.type.name not in ("records", "empty") and found.kind.is_typed


def _width(at: Scope, found: Field, name: str) -> str:
    """The class that sets a column's width: by what its values and its heading need."""
    shape = found.type.name
    if found.key == at.form.title and found.form == at.form.name:
        return "c-l"
    if shape in NUMBERS:
        long = _room(name) > 16
        is_wide = is_amount(found) or shape == "duration" or _room(name) > 10
        return "c-w" if long else "c-m" if is_wide else "c-xs"
    if shape in MOMENTS:
        return "c-date" if shape == "date" else "c-time"
    if shape == "member":
        return "c-s w3"
    if shape in ("choice", "boolean"):
        longest = max((_room(label(o.label, at.locale) or o.value) for o in found.type.options), default=0)
        return "c-xs" if max(longest, _room(name)) <= 10 else "c-date" if longest <= 15 else "c-w"
    return "c-m w2"


def _room(text: str) -> int:
    """How wide a text is, in letters: a Han character takes two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def grid(at: Scope, asked: Asked, *more: str) -> Grid:
    """One page of the view as rows, with `more` conditions."""
    shown = columns(at, asked)
    keys = [c.key for c in shown]
    sheet = select.sheet(at.unit, at.actor, at.form, query(at, asked, *more, fields=[*keys, at.form.title]))
    return Grid(shown, sheet, at.eye, at.form)


def of_records(at: Scope, asked: Asked, ids: Sequence[int]) -> Grid:
    """Certain records as rows of the view, whether its filter takes them or not."""
    shown = columns(at, asked)
    fields = dict.fromkeys([*(c.key for c in shown), at.form.title])
    return Grid(shown, select.sheet_of(at.unit, at.actor, at.form, tuple(fields), ids), at.eye, at.form)
