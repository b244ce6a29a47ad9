"""What lies along a board: the columns of its field, and its lanes. Options stand still; people, departments and linked
records come from the records one sees.

A linked record is told by its id, so that cards can be moved to it, and only as far as it exists for the reader: what
does not counts as empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms.display import Tag, tags
from webapp.engines.forms.entering import pickers
from webapp.engines.forms.finding import sortkeys
from webapp.engines.forms.viewing import conditions, totals
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import NotFound
from webapp.expressions.types import Option
from webapp.i18n import N_

#: Shapes of fields that can lie along a board.
SHAPES = ("choice", "boolean", "member", "department", "record")
MOST_COLUMNS = 30  # of people and linked records: those with the most cards
_POINTING = ("member", "department", "record")


@dataclass(frozen=True)
class Mark:
    """One value of the field: `value` as the address says it ("" for empty), `place` as ids on the page call it."""

    value: str
    tag: Tag
    place: str
    is_person: bool = False
    count: int = 0
    option: Option | None = None


def is_still(field: Field) -> bool:
    """Whether its columns are there without any record."""
    return field.type.name not in _POINTING


def still(at: Scope, field: Field) -> list[Mark]:
    """The marks of options and switches, the empty one last."""
    if field.type.name == "boolean":
        said = [(one, field.kind.text(field, one == "true", at.locale)) for one in ("true", "false")]
        found = [Mark(value, Tag(text), str(n)) for n, (value, text) in enumerate(said)]
    else:
        options = enumerate(field.type.options)
        found = [Mark(o.value, tags(field, [o.value], at.locale)[0], str(n), option=o) for n, o in options]
    return [*found, _empty(at, str(len(found)))]


def _empty(at: Scope, place: str, count: int = 0) -> Mark:
    return Mark("", Tag(N_("Empty").text(at.locale)), place, count=count)


def marks(at: Scope, asked: Asked, field: Field) -> list[Mark]:
    """The columns of the field: all options, or what the records of the list have; the empty one last."""
    if is_still(field):
        return still(at, field)
    found = seen(at, asked, field, MOST_COLUMNS)
    if not any(not mark.value for mark in found):
        found.insert(0, _empty(at, "v"))
    return [*found[1:], found[0]]


def seen(at: Scope, asked: Asked, field: Field, most: int) -> list[Mark]:
    """What the records of the list have in the field, at most so many of it, the empty one first; in their order."""
    is_link = field.type.name == "record"
    group = list(_named(at, field)) if is_link else [field.key]
    sort = None if is_still(field) else "-count()"
    rows = totals.measured(at, asked, group, ["count()"], limit=most + 1, sort=sort)
    known = {mark.value: mark for mark in still(at, field)} if is_still(field) else {}
    found = []
    for row in rows[:most]:
        value = row.group[0]
        text = _said(value)
        if text in known:
            found.append(replace(known[text], count=row.measures[0]))
        elif value is None or value == "":
            found.append(_empty(at, "v", row.measures[0]))
        else:
            title = row.group[1] if is_link else row.links[0].title if row.links[0] else None
            tag = Tag(str(title) if title not in (None, "") else f"#{value}")
            found.append(Mark(text, tag, f"v{value}", field.type.name == "member", row.measures[0]))
    if is_still(field):
        return sorted(found, key=lambda mark: list(known).index(mark.value) if mark.value else -1)
    return sorted(found, key=lambda m: (m.value != "", sortkeys.sort_key(m.tag.text, is_person=m.is_person)))


def _named(at: Scope, field: Field) -> tuple[str, str]:
    """The id and the name of what a link points at, as far as it exists for the reader."""
    target = at.definitions.form(field.type.target or "")
    return f"{field.key}.id", f"{field.key}.{target.title}"


def may_lie(at: Scope, field: Field) -> bool:
    """Whether the reader may have it along a board: a link only where he reads the names behind it."""
    if field.type.name not in SHAPES or not at.may_ask(field.key):
        return False
    if field.type.name != "record":
        return True
    from webapp.access import policy

    eyes = policy.eyes(at.unit, at.actor)
    target = at.definitions.form(field.type.target or "")
    return eyes.may_name(target.name, target.title)


def holds(field: Field, value: str) -> str:
    """The condition of the records with this value; raises `NotFound` for what is none."""
    key, shape = field.key, field.type.name
    if value == "":
        return f"{key}.id is empty" if shape == "record" else f"{key} is empty"
    if shape == "boolean":
        return f"{key} = true" if value == "true" else f"not ({key} = true) and {key} is not empty"
    if shape not in _POINTING:
        return f"{key} = {conditions.literal(field, value)}"
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise NotFound(N_("There is no column “{key}” on this board.", key=value[:40]))
    return f"{key} = {value}" + (f" and {key}.id is not empty" if shape == "record" else "")


def is_mark(field: Field, value: str) -> bool:
    """Whether a record could have this value at all."""
    if value == "":
        return True
    if field.type.name in _POINTING:
        return value.isascii() and value.isdigit() and len(value) <= 18
    return value in (("true", "false") if field.type.name == "boolean" else [o.value for o in field.type.options])


def given(field: Field, value: str) -> Any:
    """What a card gets that is put there."""
    if field.type.name == "boolean":
        return value == "true" if value else None
    return value or None


def value_of(field: Field, values: Mapping[str, Any]) -> str:
    """The value of a record as a column says it."""
    return _said(values.get(field.key))


def _said(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def name(at: Scope, field: Field, value: str) -> Any:
    """What a column is called, as a text or a label in several languages."""
    if not value or not is_mark(field, value):
        return N_("Empty").text(at.locale) if not value else value[:40]
    if field.type.name in _POINTING:
        return pickers.title(at, field, int(value)) or f"#{value}"
    if field.type.name == "boolean":
        return field.kind.text(field, value == "true", at.locale)
    return next(o.label for o in field.type.options if o.value == value)


def may_empty(field: Field) -> bool:
    """Whether cards may be put into the column of the empty value: people and links can be taken away."""
    return field.type.name in _POINTING and not field.is_required and not field.is_system
