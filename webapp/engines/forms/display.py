"""Values as people see them: cells of a grid, lines of a card, facts of a record. No request, no template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms.record import Linked, Masked, Record
from webapp.engines.forms.viewing import paths
from webapp.expressions.types import Option
from webapp.files.refs import FileRef
from webapp.i18n import label

NUMBERS = ("number", "duration")
MOMENTS = ("date", "datetime")
#: Shapes that are more than a text in a grid, or point at something.
_DRAWN = ("choice", "choices", "member", "department", "record", "records", "files")


@dataclass(frozen=True)
class Tag:
    """One chosen option: its label and the name of its pale colour."""

    text: str
    tone: str = "gray"


@dataclass(frozen=True)
class Look:
    """What all values of one field have in common for one who looks; made once a page, not once a cell."""

    of: Any  # the Field
    kind: Any
    key: str
    label: str
    shape: str
    locale: str
    is_writable: bool
    tags: dict[str, Tag] = field(default_factory=dict)


class Cell:
    """One value of one record. How it is written is worked out when a template asks: most ask for one way only.

    shape   the language type's name: it decides how the value is drawn (tag, person, link, number at the right)
    text    as a record shows it; `grid` in a column, `short` where room is scarce; all "" when empty
    """

    __slots__ = ("_ways", "href", "is_binned", "is_masked", "is_writable", "look", "tags", "value")

    def __init__(
        self,
        look: Look,
        value: Any = None,
        *,
        text: str | None = "",
        tags: tuple[Tag, ...] = (),
        href: str | None = None,
        is_masked: bool = False,
        is_binned: bool = False,
        is_writable: bool | None = None,
    ) -> None:
        """`text` None: the kind writes `value`."""
        self.look, self.value, self.tags, self.href = look, value, tags, href
        self.is_masked, self.is_binned = is_masked, is_binned
        self.is_writable = look.is_writable if is_writable is None else is_writable
        self._ways: dict[str, str] | str = {} if text is None else text

    def _written(self, way: str) -> str:
        ways = self._ways
        if isinstance(ways, str):
            return ways
        if way not in ways:
            ways[way] = getattr(self.look.kind, way)(self.look.of, self.value, self.look.locale)
        return ways[way]

    @property
    def key(self) -> str:
        return self.look.key

    @property
    def label(self) -> str:
        return self.look.label

    @property
    def shape(self) -> str:
        return self.look.shape

    @property
    def kind(self) -> str:
        found: str = self.look.kind.key
        return found

    @property
    def text(self) -> str:
        return self._written("text")

    @property
    def grid(self) -> str:
        return self._written("cell")

    @property
    def short(self) -> str:
        return self._written("short")

    @property
    def plain(self) -> str:
        """What a column of a grid shows where that is a text and nothing else; "" where it is drawn in some way."""
        if self.tags or self.is_masked or self.look.shape in ("member", "files"):
            return ""
        return self._written("cell")

    @property
    def is_amount(self) -> bool:
        return self.look.of is not None and is_amount(self.look.of)

    @property
    def is_copied(self) -> bool:
        return self.look.kind is not None and self.look.kind.is_copied and not self.is_masked

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


#: Colours of tags nobody chose one for, the same for a name everywhere.
_OPEN_TONES = ("blue", "teal", "purple", "amber", "cyan", "indigo", "green", "pink", "lime", "orange")
#: The look of a record's name, whatever it is made of.
_TITLE = Look(None, None, "", "", "text", "", False)


@dataclass(frozen=True)
class Face:
    """A record as a card: in a column of a board, in a list on the phone, in a list of a workbench."""

    head: Cell
    sub: Cell | None = None
    number: Cell | None = None
    when: Cell | None = None
    person: Cell | None = None
    rest: tuple[Cell, ...] = ()
    picture: FileRef | None = None


@dataclass(frozen=True)
class Eye:
    """Who looks: language, the definitions, and what he may see of the form's fields."""

    definitions: Definitions
    locale: str
    visible: Mapping[str, str] = field(default_factory=dict)
    looks: dict[tuple[str, str], Look] = field(default_factory=dict, compare=False, repr=False)

    def look(self, form: Form, key: str) -> Look:
        found = self.looks.get((form.name, key))
        if found is None:
            of = form.names[key] if key in form.names else paths.field(self.definitions, form, key)
            assert of is not None, key
            is_writable = self.visible.get(key) == "write" and of.kind.is_input
            name = paths.name(self.definitions, form, key, self.locale)
            found = Look(of, of.kind, key, name, of.type.name, self.locale, is_writable)
            self.looks[form.name, key] = found
        return found

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
    if form_field.type.is_open:
        return _OPEN_TONES[sum(ord(c) * (i + 1) for i, c in enumerate(option.value)) % len(_OPEN_TONES)]
    if "type" in option.attributes:
        return ("gray", "blue", "purple", "amber", "teal", "orange")[position % 6]
    return "gray"


def tags(form_field: Field, values: Iterable[str], locale: str) -> tuple[Tag, ...]:
    """The chosen options in order; a value whose option is gone keeps its text."""
    known = _tags(form_field, locale)
    return tuple(known.get(value) or Tag(value, tone(Option(value, value), 0, form_field)) for value in values)


def _tags(form_field: Field, locale: str) -> dict[str, Tag]:
    return {
        o.value: Tag(label(o.label, locale) or o.value, tone(o, i, form_field))
        for i, o in enumerate(form_field.type.options)
    }


def name_of(form_field: Field, locale: str) -> str:
    return label(form_field.label, locale) or form_field.key


def is_amount(form_field: Field) -> bool:
    """Whether it counts money: typed in, or computed and shown so."""
    return form_field.kind_key == "money" or form_field.settings.get("show") == "money"


def cell(eye: Eye, form: Form, record: Record, key: str) -> Cell:
    """The value of one field of a record as it may be seen; an unknown or hidden one is empty."""
    return seen(eye.look(form, key), record.values.get(key), record.links.get(key))


def seen(look: Look, value: Any, linked: Linked | None) -> Cell:
    """A value, and what it points at, as one sees it who has that look."""
    if isinstance(value, Masked):
        return Cell(look, text=value.text, is_masked=bool(value.text), is_writable=False)
    if value is None or value == () or value == "":
        return Cell(look)
    if linked is not None:
        return _linked(look, linked)
    if "." in look.key and look.shape in ("record", "member", "department"):
        return Cell(look, text=str(value))  # at the end of a path what is pointed at comes as its name
    if look.shape in ("choice", "choices"):
        if not look.tags:
            look.tags.update(_tags(look.of, look.locale))
        chosen = _chosen(look, [value] if isinstance(value, str) else value)
        return Cell(look, value, text=", ".join([t.text for t in chosen]), tags=chosen)
    return Cell(look, value, text=None, href=_reach(look.of, value))


def writer(look: Look) -> Callable[[Any, Linked | None], str | Cell]:
    """What a column of a grid shows of each value: a text where that is all, else the cell that has to be drawn."""

    def general(value: Any, linked: Linked | None) -> str | Cell:
        found = seen(look, value, linked)
        return found.plain or found

    def named(value: Any, linked: Linked | None) -> str | Cell:
        if linked is not None and linked.title and type(value) is not Masked:
            return linked.title
        return general(value, linked)

    if "." in look.key or look.shape in _DRAWN:
        return named if look.shape == "record" else general
    write = look.kind.writer(look.of, look.locale)

    def plain(value: Any, linked: Linked | None) -> str | Cell:
        if value is None or linked is not None or type(value) in (Masked, tuple) or value == "":
            return general(value, linked)
        return write(value) or general(value, linked)

    return plain


def titles(eye: Eye, form: Form) -> Callable[[Any, Linked | None], str]:
    """`title_of` by the value of the title field; "" where that names nothing."""
    look = eye.look(form, form.title)
    kind, of, locale = look.kind, look.of, look.locale
    if look.shape != "text":
        return lambda value, linked: seen(look, value, linked).text
    return lambda value, _linked: value.text if isinstance(value, Masked) else kind.text(of, value, locale)


def _chosen(look: Look, values: Iterable[str]) -> tuple[Tag, ...]:
    known = look.tags
    return tuple([known.get(v) or Tag(v, tone(Option(v, v), 0, look.of)) for v in values])


def shown(form_field: Field, value: Any, locale: str) -> dict[str, Any]:
    """text, short, tags and href of a value that points nowhere (a chosen option, a number, a date, a text)."""
    kind = form_field.kind
    if form_field.type.name in ("choice", "choices"):
        chosen = tags(form_field, [value] if isinstance(value, str) else value, locale)
        text = ", ".join(t.text for t in chosen)
        return {"text": text, "grid": text, "short": text, "tags": chosen}
    return {
        "text": kind.text(form_field, value, locale),
        "grid": kind.cell(form_field, value, locale),
        "short": kind.short(form_field, value, locale),
        "href": _reach(form_field, value),
    }


def _linked(look: Look, linked: Linked) -> Cell:
    title = linked.title or ""
    href = None
    if title and look.shape == "record" and look.of.type.target and not linked.is_binned:
        href = "/" + look.of.type.target.replace(".", "/") + f"/{linked.id}"
    return Cell(look, text=title, href=href, is_binned=linked.is_binned)


def _reach(form_field: Field, value: Any) -> str | None:
    """Where a press on the value leads outside (a call, a mail, a site), if its kind says so."""
    answer = getattr(form_field.kind, "reach", None)
    return answer(form_field, value) if answer is not None else None


def title_of(eye: Eye, form: Form, record: Record) -> str:
    """What names the record; its number when it has no name or the name may not be seen."""
    found = cell(eye, form, record, form.title).text if form.title in form.names and eye.sees(form.title) else ""
    return found or f"#{record.id}"


def face(eye: Eye, form: Form, record: Record, keys: Sequence[str]) -> Face:
    """A card from the fields `keys` (the view's `card` or its columns); a leading link heads it, else the title.

    A person always heads his own card. A yes is said by its field's name, a no not at all.
    """
    title = Cell(_TITLE, text=title_of(eye, form, record))
    cells = [cell(eye, form, record, k) for k in keys if k != form.title and ("." in k or eye.sees(k))]
    head, sub, rest = title, None, [c for c in cells if not c.is_empty]
    is_person = form.title in form.names and form.names[form.title].kind.is_name
    if (
        not is_person
        and rest
        and rest[0].shape == "record"
        and keys
        and rest[0].key == next(k for k in keys if k != form.title)
    ):
        head, sub = rest.pop(0), title
    picture = first_picture(rest)
    number = next((c for c in rest if c.is_amount), None)
    rest = [_said(c) for c in rest if c.shape not in NUMBERS and c.value is not False]  # a bare figure says nothing
    person = _take(rest, ("member",))
    when = _take(rest, MOMENTS)
    if sub is None:
        sub = _take(rest, ("record", "text"))
    return Face(head, sub, number, when, person, tuple(rest[:3]), picture)


def first_picture(cells: list[Cell]) -> FileRef | None:
    """The first picture among the cells; the cell it comes from is taken out if it holds pictures alone."""
    for position, found in enumerate(cells):
        if found.shape == "files" and not found.is_masked and (shown := [f for f in found.value if f.is_picture]):
            if len(shown) == len(found.value):
                cells.pop(position)
            return shown[0]
    return None


def _said(found: Cell) -> Cell:
    return Cell(found.look, found.value, text=found.label) if found.value is True else found


def _take(cells: list[Cell], shapes: tuple[str, ...]) -> Cell | None:
    """Remove and answer the first of `cells` with one of `shapes`."""
    for position, found in enumerate(cells):
        if found.shape in shapes:
            return cells.pop(position)
    return None
