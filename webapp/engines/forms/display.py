"""Values as people see them: cells of a grid, lines of a card, facts of a record. No request, no template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms.record import Linked, Masked, Record
from webapp.expressions.types import Option
from webapp.i18n import label

NUMBERS = ("number", "duration")
MOMENTS = ("date", "datetime")


@dataclass(frozen=True)
class Tag:
    """One chosen option: its label and the name of its pale colour."""

    text: str
    tone: str = "gray"


@dataclass(frozen=True)
class Cell:
    """One value of one record.

    shape   the language type's name: it decides how the value is drawn (tag, person, link, number at the right)
    text    as a record shows it; `grid` in a column, `short` where room is scarce; all "" when empty
    """

    key: str
    label: str
    shape: str
    kind: str
    text: str = ""
    grid: str = ""
    short: str = ""
    tags: tuple[Tag, ...] = ()
    href: str | None = None
    is_masked: bool = False
    is_binned: bool = False
    is_writable: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.text

    @property
    def initial(self) -> str:
        """What stands in a person's round picture."""
        return initial(self.text)

    @property
    def tint(self) -> int:
        return tint(self.text)


@dataclass(frozen=True)
class Face:
    """A record as a card: in a column of a board, in a list on the phone, in a list of a workbench."""

    head: Cell
    sub: Cell | None = None
    number: Cell | None = None
    when: Cell | None = None
    person: Cell | None = None
    rest: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Eye:
    """Who looks: language, the definitions, and what he may see of the form's fields."""

    definitions: Definitions
    locale: str
    visible: Mapping[str, str] = field(default_factory=dict)

    def sees(self, key: str) -> bool:
        return self.visible.get(key, "hidden") != "hidden"


def initial(name: str) -> str:
    """The letter or character that stands for a person: 何诗雨 → 何, ann lee → A."""
    return name.strip()[:1].upper()


def tint(name: str) -> int:
    """One of five pale colours, the same for a name everywhere."""
    return sum(ord(c) * (i + 1) for i, c in enumerate(name)) % 5 + 1


def tone(option: Option, position: int, form_field: Field) -> str:
    """The colour of an option: its own, or for a stage without one by its place and outcome."""
    chosen = option.attributes.get("color")
    if chosen:
        return str(chosen)
    outcome = option.attributes.get("type")
    if outcome in ("won", "lost", "paused"):
        return {"won": "green", "lost": "red", "paused": "gray"}[outcome]
    if "type" in option.attributes:
        return ("gray", "blue", "purple", "amber", "teal", "orange")[position % 6]
    return "gray"


def tags(form_field: Field, values: Iterable[str], locale: str) -> tuple[Tag, ...]:
    """The chosen options in order; a value whose option is gone keeps its text."""
    known = {o.value: (i, o) for i, o in enumerate(form_field.type.options)}
    made = []
    for value in values:
        position, option = known.get(value, (0, Option(value, value)))
        made.append(Tag(label(option.label, locale) or value, tone(option, position, form_field)))
    return tuple(made)


def name_of(form_field: Field, locale: str) -> str:
    return label(form_field.label, locale) or form_field.key


def cell(eye: Eye, form: Form, record: Record, key: str) -> Cell:
    """The value of one field of a record as it may be seen; an unknown or hidden one is empty."""
    form_field = form.names[key]
    kind = form_field.kind
    made: dict[str, Any] = {
        "key": key,
        "label": name_of(form_field, eye.locale),
        "shape": form_field.type.name,
        "kind": kind.key,
    }
    is_writable = eye.visible.get(key) == "write" and kind.is_input
    value = record.values.get(key)
    if isinstance(value, Masked):
        return Cell(**made, text=value.text, grid=value.text, short=value.text, is_masked=bool(value.text))
    made["is_writable"] = is_writable
    if value is None or value == () or value == "":
        return Cell(**made)
    if (linked := record.links.get(key)) is not None:
        return Cell(**made, **_linked(form_field, linked))
    return Cell(**made, **shown(form_field, value, eye.locale))


def shown(form_field: Field, value: Any, locale: str) -> dict[str, Any]:
    """text, short, tags and href of a value that points nowhere (a chosen option, a number, a date, a text)."""
    kind = form_field.kind
    if form_field.type.name in ("choice", "choices"):
        chosen = tags(form_field, [value] if isinstance(value, str) else value, locale)
        text = ", ".join(t.text for t in chosen)
        return {"text": text, "grid": text, "short": text, "tags": chosen}
    if form_field.is_system and isinstance(value, datetime):
        value = value.replace(second=0)  # nobody asks for the second of a stamp
    return {
        "text": kind.text(form_field, value, locale),
        "grid": kind.cell(form_field, value, locale),
        "short": kind.short(form_field, value, locale),
        "href": _reach(form_field, value),
    }


def _linked(form_field: Field, linked: Linked) -> dict[str, Any]:
    title = linked.title or ""
    href = None
    if title and form_field.type.name == "record" and form_field.type.target and not linked.is_binned:
        href = "/" + form_field.type.target.replace(".", "/") + f"/{linked.id}"
    return {"text": title, "grid": title, "short": title, "href": href, "is_binned": linked.is_binned}


def _reach(form_field: Field, value: Any) -> str | None:
    """Where a press on the value leads outside (a call, a mail, a site), if its kind says so."""
    answer = getattr(form_field.kind, "reach", None)
    return answer(form_field, value) if answer is not None else None


def title_of(eye: Eye, form: Form, record: Record) -> str:
    """What names the record; its number when it has no name or the name may not be seen."""
    found = cell(eye, form, record, form.title).text if form.title in form.names and eye.sees(form.title) else ""
    return found or f"#{record.id}"


def face(eye: Eye, form: Form, record: Record, keys: Sequence[str]) -> Face:
    """A card from the fields `keys` (the view's `card` or its columns); a leading link heads it, else the title."""
    title = Cell(form.title, "", "text", "text", text=title_of(eye, form, record))
    cells = [cell(eye, form, record, k) for k in keys if k in form.names and eye.sees(k) and k != form.title]
    head, sub, rest = title, None, [c for c in cells if not c.is_empty]
    if rest and rest[0].shape == "record" and keys and rest[0].key == next(k for k in keys if k != form.title):
        head, sub = rest.pop(0), title
    number = _take(rest, NUMBERS)
    person = _take(rest, ("member",))
    when = _take(rest, MOMENTS)
    if sub is None:
        sub = _take(rest, ("record", "text"))
    return Face(head, sub, number, when, person, tuple(rest[:3]))


def _take(cells: list[Cell], shapes: tuple[str, ...]) -> Cell | None:
    """Remove and answer the first of `cells` with one of `shapes`."""
    for position, found in enumerate(cells):
        if found.shape in shapes:
            return cells.pop(position)
    return None
