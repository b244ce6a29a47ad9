"""Saved views as pages ask for them: which records, which columns, which cards. No request, no template.

A view's settings and what a person added in the address (filter, sort, search, cursor) become one `Query` for the
door, and its answer becomes rows, columns and cards of display values. Every verb here is one statement of the door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Field, Form, View
from webapp.engines.forms import aggregate, conditions, formats, select
from webapp.engines.forms.conditions import Condition
from webapp.engines.forms.display import (
    MOMENTS,
    NUMBERS,
    Cell,
    Eye,
    Face,
    Tag,
    cell,
    face,
    name_of,
    tags,
    title_of,
)
from webapp.engines.forms.record import AggregateRow, Query, Record
from webapp.errors import Invalid, NotFound
from webapp.expressions import check
from webapp.i18n import N_, label

PAGE = 50  # rows of a grid
COLUMN_PAGE = 20  # cards of a board's column
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
class Row:
    """A record in a grid. `face` is the same as a card, worked out where one is drawn."""

    id: int
    version: int
    title: str
    cells: tuple[Cell, ...]
    make_face: Callable[[], Face]

    @property
    def face(self) -> Face:
        return self.make_face()


@dataclass(frozen=True)
class Grid:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    next: str | None


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


@dataclass(frozen=True)
class Scope:
    """A form as one actor sees it: the ground every page of it stands on."""

    unit: Unit
    actor: Actor
    definitions: Definitions
    form: Form
    visible: Mapping[str, str] = field(default_factory=dict)
    locale: str = "zh"

    @property
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
    chosen = [k for k in view.settings.get("columns") or () if k in at.form.names]
    if not chosen:
        chosen = [k for k, f in at.form.fields.items() if _is_plain(f)][:MOST_COLUMNS]
    if at.form.title not in chosen:
        chosen.insert(0, at.form.title)
    return tuple(k for k in chosen if at.eye.sees(k))


def _is_plain(found: Field) -> bool:
    return found.type.name != "records"


def columns(at: Scope, asked: Asked) -> tuple[Column, ...]:
    orders = {o.removeprefix("-"): "desc" if o.startswith("-") else "asc" for o in _orders(at, asked)}
    made = []
    for key in column_keys(at, asked.view):
        found = at.form.names[key]
        now = orders.get(key)
        may = is_sortable(found) and at.may_ask(key)
        sort_to = None if not may else f"-{key}" if now == "asc" else key
        width = _width(at.form, found)
        made.append(Column(key, name_of(found, at.locale), found.type.name, found.kind_key, width, now, sort_to))
    return tuple(made)


def _width(form: Form, found: Field) -> str:
    """The class that sets a column's width: by what its values need."""
    if found.key == form.title:
        return "c-l"
    shape = found.type.name
    if shape in NUMBERS:
        return "c-m"
    if shape in MOMENTS or shape == "member":
        return "c-s w3"
    return "c-xs" if shape in ("choice", "boolean") else "c-m w2"


def grid(at: Scope, asked: Asked) -> Grid:
    """One page of the view as rows."""
    shown = columns(at, asked)
    keys = [c.key for c in shown]
    page = select.select(at.unit, at.actor, at.form, query(at, asked, fields=[*keys, at.form.title]))
    eye = at.eye
    return Grid(shown, tuple([_row(eye, at.form, r, keys) for r in page.records]), page.next)


def _row(eye: Eye, form: Form, record: Record, keys: Sequence[str]) -> Row:
    cells = tuple([cell(eye, form, record, k) for k in keys])
    title = title_of(eye, form, record)
    return Row(record.id, record.version, title, cells, partial(face, eye, form, record, keys))


@dataclass(frozen=True)
class Totals:
    """What stands below a grid: how many records (`is_more`: at least so many), and sums by column key."""

    count: int
    is_more: bool
    sums: Mapping[str, str]


def totals(at: Scope, asked: Asked) -> Totals:
    """Count (capped) and sums of the columns that are amounts; sums only where the count is exact."""
    asked = replace(asked, after=None)
    count, is_ = select.count(at.unit, at.actor, at.form, query(at, asked, fields=("id",)))
    if is_ != "exact" or not count:
        return Totals(count, is_ != "exact", {})
    keys = [k for k in column_keys(at, asked.view) if _is_summed(at, at.form.names[k])]
    if not keys:
        return Totals(count, False, {})
    found = measured(at, asked, [], [f"sum({k})" for k in keys])
    sums = dict(zip(keys, found[0].measures, strict=True)) if found else {}
    return Totals(count, False, {k: _amount(at, k, v) for k, v in sums.items()})


def _is_summed(at: Scope, found: Field) -> bool:
    """A number whose sum means something: not a percentage, a rating or a number that names its record."""
    return at.may_ask(found.key) and found.type.name == "number" and not found.is_system and found.kind_key == "money"


def _amount(at: Scope, key: str, value: Any, *, is_short: bool = False) -> str:
    if value is None:
        return ""
    found = at.form.names[key]
    show = found.kind.short if is_short else found.kind.cell
    return show(found, value, at.locale)


def measured(at: Scope, asked: Asked, group: list[str], measures: list[str]) -> list[AggregateRow]:
    """Groups and measures over what the list asks for."""
    wanted = query(at, replace(asked, after=None))
    return aggregate.aggregate(
        at.unit,
        at.actor,
        at.form,
        group=group,
        measures=measures,
        where=wanted.where,
        search_text=wanted.search,
        limit=1000,
    )


# --- board ------------------------------------------------------------------------------------------------------


def by_field(at: Scope, view: View) -> Field:
    """The field whose options are the board's columns."""
    return at.form.field(view.settings["by"])


def lanes(at: Scope, asked: Asked) -> tuple[Lane, ...]:
    """All columns of the board in the order of the options, each with its first cards."""
    by = by_field(at, asked.view)
    may_add = at.may("create") and at.visible.get(by.key) == "write"
    made = []
    for option in by.type.options:
        (tag,) = tags(by, [option.value], at.locale)
        made.append(fill(at, asked, Lane(option.value, tag, _note(option.attributes), may_add=may_add)))
    empty = fill(at, asked, Lane("", Tag(N_("Empty").text(at.locale))))
    return (*made, empty) if empty.cards else tuple(made)


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
    keys = card_keys(at, asked.view)
    page = select.select(
        at.unit,
        at.actor,
        at.form,
        query(at, asked, _in_lane(at, asked, empty.value), fields=[*keys, at.form.title], limit=COLUMN_PAGE),
    )
    return replace(empty, cards=tuple(card(at, asked.view, r) for r in page.records), next=page.next)


def _in_lane(at: Scope, asked: Asked, value: str) -> str:
    by = by_field(at, asked.view)
    return f"{by.key} = {conditions.literal(by, value)}" if value else f"{by.key} is empty"


def card_keys(at: Scope, view: View) -> tuple[str, ...]:
    chosen = view.settings.get("card") or [k for k in list(at.form.fields)[:5] if k != view.settings.get("by")]
    return tuple(k for k in chosen if k in at.form.names and at.eye.sees(k))


def card(at: Scope, view: View, record: Record) -> Card:
    title = title_of(at.eye, at.form, record)
    return Card(record.id, record.version, title, face(at.eye, at.form, record, card_keys(at, view)))


def heads(at: Scope, asked: Asked) -> dict[str, Head]:
    """Count and sum of every column of the board by its value, in one statement."""
    by = by_field(at, asked.view)
    total = asked.view.settings.get("total")
    total = total if total and at.may_ask(total) else None
    measures = ["count()", *([f"sum({total})"] if total else [])]
    made = {o.value: Head(o.value, 0, _amount(at, total, 0, is_short=True) if total else None) for o in by.type.options}
    for row in measured(at, asked, [by.key], measures):
        value = row.group[0] or ""
        made[value] = Head(
            value, row.measures[0], _amount(at, total, row.measures[1], is_short=True) if total else None
        )
    return made


def view_label(view: View, locale: str) -> str:
    return label(view.label, locale) if view.key else N_("All records").text(locale)
