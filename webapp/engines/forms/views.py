"""Saved views as pages ask for them: which records, which columns, which cards. No request, no template.

A view's settings and what a person added in the address (filter, sort, search, cursor) become one `Query` for the
door, and its answer becomes rows, columns and cells of display values. Every verb here is one statement of the door.
Boards are in `boards`, what stands below a grid in `totals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Field, Form, View
from webapp.engines.forms import conditions, paths, pending, select
from webapp.engines.forms.conditions import Condition
from webapp.engines.forms.display import (
    MOMENTS,
    NUMBERS,
    Cell,
    Eye,
    Face,
    face,
    is_amount,
    titles,
    writer,
)
from webapp.engines.forms.reading import Sheet
from webapp.engines.forms.record import Query
from webapp.errors import Invalid, NotFound
from webapp.expressions import check
from webapp.i18n import N_, label

PAGE = 50  # rows of a grid
MOST_COLUMNS = 8  # of a grid that nobody has set up
#: View kinds that have a page.
SHOWN = ("grid", "kanban")


@dataclass(frozen=True)
class Asked:
    """What the address asks of a view. `sort` and `search` are None where the view decides."""

    view: View
    conditions: tuple[Condition, ...] = ()
    sort: str | None = None
    search: str | None = None
    after: str | None = None

    def address(self, **changes: Any) -> str:
        """The query string of this list (never with a cursor), with `changes`, "" if nothing needs saying."""
        asked = replace(self, **changes) if changes else self
        pairs = [("view", asked.view.key)] if asked.view.key else []
        pairs += [("w", c.address) for c in asked.conditions]
        pairs += [("sort", asked.sort)] if asked.sort else []
        pairs += [("q", asked.search)] if asked.search else []
        return urlencode(pairs)

    def without(self, position: int) -> str:
        """The address without one of its conditions."""
        kept = tuple(c for i, c in enumerate(self.conditions) if i != position)
        return self.address(conditions=kept)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.conditions or self.search)


@dataclass(frozen=True)
class Column:
    """A heading of a grid. `sorted` is "asc", "desc" or None; `sort_to` the sort a press asks for, None if it can't."""

    key: str
    label: str
    shape: str
    kind: str
    width: str
    sorted: str | None = None
    sort_to: str | None = None

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

    @property
    def cards(self) -> list[tuple[int, Face]]:
        """Id and face of every record."""
        keys = [column.key for column in self.columns]
        return [(record.id, face(self.eye, self.form, record, keys)) for record in self.sheet.records()]


@dataclass(frozen=True)
class Scope:
    """A form as one actor sees it: the ground every page of it stands on."""

    unit: Unit
    actor: Actor
    definitions: Definitions
    form: Form
    visible: Mapping[str, str] = field(default_factory=dict)
    locale: str = "zh"

    @cached_property
    def eye(self) -> Eye:
        return Eye(self.definitions, self.locale, self.visible)

    def may(self, action: str) -> bool:
        return policy.may(self.unit, self.actor, self.form, action)

    def may_ask(self, key: str) -> bool:
        """Whether he may filter, sort or group by the field: not by one whose value he may not read."""
        return self.visible.get(key) in ("read", "write")


def scope(unit: Unit, actor: Actor, app: str, form: str, locale: str | None = None) -> Scope:
    """The form `app.form` for the actor; raises `NotFound` when it does not exist for him."""
    definitions = versions.current(unit)
    found = definitions.form(f"{app}.{form}")
    if not policy.may(unit, actor, found, "see") and not policy.may(unit, actor, found, "create"):
        raise NotFound(N_("There is no form “{key}”.", key=f"{app}.{form}"))
    return Scope(unit, actor, definitions, found, policy.fields(unit, actor, found), locale or actor.locale)


# --- which views, and what is asked of them ---------------------------------------------------------------------


def offered(at: Scope) -> tuple[View, ...]:
    """The form's views that this actor can use; a plain list of all records if there is none."""
    return at.definitions.kept("views").get((at.form.name, select.signature(at.actor)), lambda: _offered(at))


def _offered(at: Scope) -> tuple[View, ...]:
    found = tuple(v for v in at.form.views.values() if v.kind in SHOWN and _is_usable(at, v))
    return found or (View("", "grid", N_("All records").id, {}),)


def _is_usable(at: Scope, view: View) -> bool:
    if view.kind == "kanban" and not _has_lanes(at, view.settings.get("by", "")):
        return False
    text = _filter(view)
    if not text:
        return True
    kept = at.definitions.cache.setdefault("filters", {})
    key = (at.form.name, view.key)
    if (names := kept.get(key)) is None:
        names = kept[key] = check(text, at.definitions, at.form.name, expect="boolean").names
    eyes = policy.eyes(at.unit, at.actor)
    return all(eyes.may_name(form, key) for form, key in names)


def _has_lanes(at: Scope, key: str) -> bool:
    return at.may_ask(key) and key in at.form.names and bool(at.form.names[key].type.options)


def _filter(view: View) -> str | None:
    """The view's own condition as text."""
    found = view.settings.get("filter")
    return getattr(found, "text", found) or None


def ask(
    at: Scope,
    *,
    view: str | None = None,
    written: Sequence[str] = (),
    sort: str | None = None,
    search: str | None = None,
    after: str | None = None,
) -> Asked:
    """What an address asks, checked; raises `NotFound` for a view and `Invalid` for anything else he cannot ask."""
    views = {v.key: v for v in offered(at)}
    if view and view not in views:
        raise NotFound(N_("There is no view “{key}”.", key=view[:40]))
    if len(written) > conditions.MOST:
        raise Invalid(N_("A list takes at most {n} conditions.", n=conditions.MOST))
    chosen = tuple(conditions.read(at.form, at.visible, text) for text in written)
    if sort is not None:
        sort = _sortable(at, sort)
    search = (search or "").strip()[:100] or None
    return Asked(views[view] if view else next(iter(views.values())), chosen, sort, search, after or None)


def _sortable(at: Scope, sort: str) -> str | None:
    """The sort as asked; raises `Invalid` when it names what he may not read or what has no order."""
    for key in (part.removeprefix("-") for part in sort.split(",") if part):
        found = at.form.names.get(key)
        if found is None or not at.may_ask(key) or not is_sortable(found):
            raise Invalid(N_("This list cannot be sorted by “{key}”.", key=key[:40]))
    return sort or None


def is_sortable(found: Field) -> bool:
    return found.type.name not in ("choices", "records", "empty")


def _orders(at: Scope, asked: Asked) -> tuple[str, ...]:
    if asked.sort:
        return tuple(part for part in asked.sort.split(",") if part)
    settings = asked.view.settings.get("sort") or ()
    settings = [settings] if isinstance(settings, str) else settings
    kept = tuple(s for s in settings if at.may_ask(s.removeprefix("-").split(".")[0]))
    return kept or ("-id",)


def query(at: Scope, asked: Asked, *more: str, fields: Iterable[str] | None = None, limit: int = PAGE) -> Query:
    """The door's query for what is asked, with `more` conditions in the language."""
    own = _filter(asked.view)
    where = (*([own] if own else []), *(c.text for c in asked.conditions), *more)
    return Query(
        where=where,
        search=asked.search,
        sort=_orders(at, asked),
        fields=None if fields is None else tuple(dict.fromkeys(fields)),
        limit=limit,
        after=asked.after,
    )


def sentence(at: Scope, asked: Asked) -> list[tuple[str, str]]:
    """The conditions in words, (field, what is asked), the view's own first."""
    said = []
    if own := _filter(asked.view):
        said.append(("", check(own, at.definitions, at.form.name).sentence(at.locale, at.definitions)))
    titles = _names_in(at, asked.conditions)
    return said + [c.words(at.locale, titles) for c in asked.conditions]


def _names_in(at: Scope, chosen: Sequence[Condition]) -> dict[tuple[str, Any], str]:
    """Titles of the records, members and departments that conditions name, as far as he may see them."""
    found: dict[tuple[str, Any], str] = {}
    for condition in chosen:
        for value in condition.values:
            if condition.field.type.name in ("record", "member", "department"):
                found[condition.field.key, value] = title_at(at, condition.field, value) or f"#{value}"
    return found


def title_at(at: Scope, found: Field, id_: int) -> str | None:
    """What names the record, member or department `id_` that `found` points at; None when not for this actor."""
    from webapp.engines.forms import pickers

    return pickers.title(at, found, id_)


# --- grid -------------------------------------------------------------------------------------------------------


def column_keys(at: Scope, view: View) -> tuple[str, ...]:
    """Fields of the view's columns that the actor may see, the title always among them."""
    chosen = [k for k in view.settings.get("columns") or () if paths.field(at.definitions, at.form, k)]
    if not chosen:
        chosen = [k for k, f in at.form.fields.items() if _is_plain(f)][:MOST_COLUMNS]
    if at.form.title not in chosen:
        chosen.insert(0, at.form.title)
    return tuple(k for k in chosen if paths.may_see(at, k))


def _is_plain(found: Field) -> bool:
    return found.type.name != "records"


def columns(at: Scope, asked: Asked) -> tuple[Column, ...]:
    """The headings of the view for this actor; kept, because they depend on his rights and the definitions alone."""
    key = ("columns", at.form.name, asked.view.key, _orders(at, asked), at.locale, select.signature(at.actor))
    return at.definitions.kept("columns").get(key, lambda: _columns(at, asked))


def _columns(at: Scope, asked: Asked) -> tuple[Column, ...]:
    orders = {o.removeprefix("-"): "desc" if o.startswith("-") else "asc" for o in _orders(at, asked)}
    made = []
    for key in column_keys(at, asked.view):
        found = paths.field(at.definitions, at.form, key)
        assert found is not None
        now = orders.get(key)
        may = key in at.form.names and is_sortable(found) and at.may_ask(key)
        sort_to = None if not may else f"-{key}" if now == "asc" else key
        name = paths.name(at.definitions, at.form, key, at.locale)
        made.append(Column(key, name, found.type.name, found.kind_key, _width(at, found, name), now, sort_to))
    return tuple(made)


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


def grid(at: Scope, asked: Asked) -> Grid:
    """One page of the view as rows."""
    shown = columns(at, asked)
    keys = [c.key for c in shown]
    sheet = select.sheet(at.unit, at.actor, at.form, query(at, asked, fields=[*keys, at.form.title]))
    return Grid(shown, sheet, at.eye, at.form)


def converting(at: Scope) -> list[str]:
    """Names of the fields he may ask about whose values are moving in ways that filters and sums cannot follow yet."""
    moving = [f for key, f in at.form.fields.items() if at.may_ask(key) and pending.is_unseen(f)]
    return [label(f.label, at.locale) or f.key for f in moving]


def view_label(view: View, locale: str) -> str:
    return label(view.label, locale) if view.key else N_("All records").text(locale)
