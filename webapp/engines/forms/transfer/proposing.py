"""Which field a column is proposed for: by its heading, by words that mean the same, by what stands in it.

Nothing is guessed silently: every proposal says why, and what was found by values alone asks to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Field, Form, LabelText
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.transfer import references
from webapp.engines.forms.transfer.heads import spellings
from webapp.engines.forms.transfer.mapping import names_of
from webapp.engines.forms.transfer.sheets import Cell
from webapp.engines.forms.transfer.synonyms import NEIGHBOURS, OF_KINDS, SYSTEM, meanings
from webapp.expressions.fold import fold

#: Share of a column's different values that must fit before its values alone speak for a field.
FITTING = 0.8
#: Different values of a column that are tried.
TRIED = 60
#: Kinds whose values cannot be mistaken for something else.
_TELLING = ("email", "phone", "url")
_REFERENCES = ("record", "member")


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a column: the field's key or None, and why (name, meaning, values, system, or nothing)."""

    index: int
    key: str | None = None
    why: str = ""


def propose(
    unit: Unit,
    actor: Actor,
    form: Form,
    fields: Mapping[str, Field],
    headings: Sequence[str],
    columns: Sequence[list[Cell]],
) -> list[Proposal]:
    """A proposal for each column; no field is proposed twice. `columns` are the cells of the first rows."""
    found: dict[int, Proposal] = {}
    for step in (_by_name, _by_meaning, _by_neighbour):
        _take(found, step(form, fields), headings, columns)
    held = names_of({k: f for k, f in form.fields.items() if f.type.name == "files"})
    for index, heading in enumerate(headings):
        meaning = _meaning(spellings(heading))
        if index not in found and meaning in SYSTEM:
            found[index] = Proposal(index, None, "system")
        if index not in found and fold(heading).strip() in held:
            found[index] = Proposal(index, None, "files")
    _by_values(unit, actor, fields, found, columns)
    return [found.get(i, Proposal(i)) for i in range(len(headings))]


Step = tuple[str, Callable[[str], Field | None]]


def _take(found: dict[int, Proposal], step: Step, headings: Sequence[str], columns: Sequence[list[Cell]]) -> None:
    """Add what `step` finds; of several columns for one field the fullest is taken, the first of equals."""
    why, look = step
    taken = {p.key for p in found.values()}
    wanted: dict[str, list[int]] = {}
    for index, heading in enumerate(headings):
        if index not in found and heading and (field := look(heading)) is not None and field.key not in taken:
            wanted.setdefault(field.key, []).append(index)
    for key, places in wanted.items():
        best = max(places, key=lambda i: (_filled(columns, i), -i))
        found[best] = Proposal(best, key, why)


def _filled(columns: Sequence[list[Cell]], index: int) -> int:
    return sum(cell is not None for cell in columns[index]) if index < len(columns) else 0


def _by_name(form: Form, fields: Mapping[str, Field]) -> Step:
    """A heading that is a field's key or label, with or without the form's own name before it."""
    names = names_of(fields)
    own = _own_names(form)

    def look(heading: str) -> Field | None:
        for spelling in _told(spellings(heading), own):
            if known := names.get(spelling):
                return known[0] if len(known) == 1 else None
        return None

    return "name", look


def _told(said: Iterable[str], own: Iterable[str]) -> Iterable[str]:
    """The spellings, then without the form's name (客户来源 in 客户 is 来源), then with it (名称 is 客户名称)."""
    said = list(said)
    yield from said
    for text in said:
        for name in own:
            if text.startswith(name) and len(text) > len(name):
                yield text.removeprefix(name).strip(" -_.")
            if len(text) > 1:
                yield f"{name} {text}" if name.isascii() else f"{name}{text}"


def _own_names(form: Form) -> list[str]:
    return [s for text in _texts(form.label) for s in spellings(text)]


def _texts(label: LabelText) -> list[str]:
    return [t for t in (label.values() if isinstance(label, Mapping) else [label]) if t]


def _by_meaning(form: Form, fields: Mapping[str, Field]) -> Step:
    known = _meant(form, fields)

    def look(heading: str) -> Field | None:
        meaning = _meaning(spellings(heading)) or _meaning(_told(spellings(heading), _own_names(form)))
        return known.get(meaning) if meaning else None

    return "meaning", look


def _by_neighbour(form: Form, fields: Mapping[str, Field]) -> Step:
    """Mobile for phone and the like, where the form has only one of the two."""
    known = _meant(form, fields)

    def look(heading: str) -> Field | None:
        meaning = _meaning(spellings(heading))
        other = NEIGHBOURS.get(meaning or "")
        field = known.get(other) if other and meaning not in known else None
        if field is None or other not in ("title", "account") or field.key == form.title:
            return field
        return None

    return "meaning", look


def _meant(form: Form, fields: Mapping[str, Field]) -> dict[str, Field]:
    """Meaning → the one field that has it: by its labels, else by its key, else by its kind."""
    own = _own_names(form)
    by_label: dict[str, list[Field]] = {}
    by_key: dict[str, list[Field]] = {}
    for field in fields.values():
        labels = [spellings(text) for text in _texts(field.label)]  # one says Name, the other 姓名
        meant = {m for said in labels if (m := _meaning(said) or _meaning(_told(said, own)))}
        if field.is_system and field.key == "owner":
            meant = {"owner"}
        for meaning in meant:
            by_label.setdefault(meaning, []).append(field)
        weak = _meaning(spellings(field.key)) or OF_KINDS.get(field.kind_key)
        if weak and not meant:
            by_key.setdefault(weak, []).append(field)
    found = {**by_key, **by_label}
    title = fields.get(form.title)
    if title is not None and "title" not in found:
        found["title"] = [title]
    return {meaning: some[0] for meaning, some in found.items() if len(some) == 1}


def _meaning(said: Iterable[str]) -> str | None:
    known = meanings()
    return next((known[text] for text in said if text in known), None)


def _by_values(
    unit: Unit,
    actor: Actor,
    fields: Mapping[str, Field],
    found: dict[int, Proposal],
    columns: Sequence[list[Cell]],
) -> None:
    """Columns whose values only one of the free fields would take: addresses of mail, options, names of records."""
    taken = {p.key for p in found.values()}
    free = [f for k, f in fields.items() if k not in taken]
    tried = {i: some for i, cells in enumerate(columns) if i not in found and (some := _tried(cells))}
    if not tried:
        return
    names = {f.key: references.names_of(unit, actor, f, None) for f in free if f.type.name in _REFERENCES}
    for one in names.values():
        one.learn(unit, {text for some in tried.values() for text in some})
    fits = {i: [f for f in free if _fit(f, some, names.get(f.key))] for i, some in tried.items()}
    for index, good in fits.items():
        if len(good) == 1 and sum(good[0] in others for others in fits.values()) == 1:
            found[index] = Proposal(index, good[0].key, "values")


def _tried(cells: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(str(c).strip() for c in cells if c is not None))[:TRIED]


def _fit(field: Field, tried: list[str], names: references.Names | None) -> bool:
    """Whether nearly all of `tried` are values of the field, and that says something."""
    if names is not None:
        if len(tried) < 3:
            return False
        return sum(isinstance(names.found(text), int) for text in tried) >= FITTING * len(tried)
    if field.type.name in ("choice", "choices"):
        return bool(field.type.options) and len(tried) >= 2 and _parsed(field, tried) >= FITTING * len(tried)
    return field.kind_key in _TELLING and _parsed(field, tried) >= FITTING * len(tried)


def _parsed(field: Field, tried: Iterable[str]) -> int:
    good = 0
    for text in tried:
        try:
            good += field.kind.parse(field, text) is not None
        except FieldError:
            continue
    return good
