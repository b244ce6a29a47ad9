"""An entry form as a page draws it: one input a field, with what stands in it and what is wrong with it.

What was typed is shown again exactly as typed; nothing is judged here, that is the door's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import entry, judge, pickers, records, visibility
from webapp.engines.forms.display import cell, name_of, tone
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.layout import sections
from webapp.engines.forms.record import Masked, Record
from webapp.engines.forms.values import parse
from webapp.engines.forms.views import Scope
from webapp.errors import Problem
from webapp.i18n import label

#: Of an option list: so many stand as buttons, more as a drop-down.
MOST_BUTTONS = 5
POINTERS = ("record", "member", "department")


@dataclass(frozen=True)
class Pick:
    """One option of a choice."""

    value: str
    label: str
    tone: str = "gray"


@dataclass(frozen=True)
class Input:
    """One field of an entry form.

    template  which partial of `templates/fields` draws it
    typed     what stands in it, as texts; `title` names what a pointer points at
    error     what to mend, "" when nothing
    is_amount it counts money: the page says large ones in words (128.6 万)
    theirs    what somebody else saved meanwhile, where it differs
    is_hidden its condition does not hold now: it stands there unseen, so that nothing typed is lost
    is_quick  one of the few that a new record is entered with on the phone
    """

    key: str
    label: str
    template: str
    type: str = "text"
    typed: tuple[str, ...] = ()
    title: str = ""
    help: str = ""
    error: str = ""
    theirs: str | None = None
    is_required: bool = False
    picks: tuple[Pick, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    is_amount: bool = False
    is_hidden: bool = False
    is_quick: bool = False

    @property
    def value(self) -> str:
        return self.typed[0] if self.typed else ""

    @property
    def id(self) -> str:
        return f"f-{self.key}"


@dataclass(frozen=True)
class Part:
    """A section of an entry form."""

    label: str
    columns: int
    is_closed: bool
    inputs: tuple[Input, ...]

    @property
    def is_hidden(self) -> bool:
        return all(i.is_hidden for i in self.inputs)

    @property
    def is_quick(self) -> bool:
        return any(i.is_quick for i in self.inputs)


def writable(at: Scope, found: Field) -> bool:
    """Whether the actor may fill the field on a form."""
    return at.visible.get(found.key) == "write" and found.kind.is_input and found.type.name != "records"


def parts(
    at: Scope,
    *,
    record: Record | None = None,
    raw: Mapping[str, list[str]] | None = None,
    problems: Iterable[Problem] = (),
    theirs: Record | None = None,
    only: Iterable[str] | None = None,
) -> tuple[Part, ...]:
    """The entry form: of a new record, of `record`, or as it was sent (`raw`) with its `problems`.

    only   just these fields (a small form for what a stage needs)
    theirs the record as somebody else left it, to show both values
    """
    wanted = None if only is None else set(only)
    said = {p.path: p.text(at.locale) for p in reversed(list(problems))}
    standing = standing_values(at, record)
    unseen = hidden(at, record, raw, standing) if wanted is None else frozenset()
    quick = _quick(at, said) if record is None else frozenset()

    def takes(found: Field) -> bool:
        return _is_shown(at, found, record) and (wanted is None or found.key in wanted)

    def made(key: str) -> Input:
        one = make(at, at.form.fields[key], standing, raw, said.get(key, ""), theirs)
        return replace(one, is_hidden=key in unseen and key not in said, is_quick=key in quick)

    return tuple(
        Part(
            section.label if wanted is None else "",
            section.columns,
            section.is_closed and not any(k in said for k in section.keys) and wanted is None,
            tuple(made(k) for k in section.keys),
        )
        for section in sections(at.form, at.locale, takes)
    )


def standing_values(at: Scope, record: Record | None) -> Mapping[str, Any]:
    """What the form starts with: the record as the actor sees it, or the builder's defaults."""
    return record.values if record is not None else judge.defaults(at.unit, at.actor, at.form, {})


def hidden(
    at: Scope, record: Record | None, raw: Mapping[str, list[str]] | None, standing: Mapping[str, Any] | None = None
) -> frozenset[str]:
    """Keys of the fields that are not shown, by the record as it is stored and what was typed over it."""
    deciding = visibility.asked(at.form)
    if not visibility.conditions(at.form):
        return frozenset()
    values: dict[str, Any] = dict.fromkeys(at.form.fields)
    values |= records.stored(at.unit, at.form, record.id) if record else standing or standing_values(at, None)
    for key in deciding & set(raw or {}):
        found = at.form.fields[key]
        if writable(at, found):
            values[key] = _judged(at, found, (raw or {})[key])
    known = {k: v for k, v in values.items() if k in at.form.fields}
    return visibility.hidden(at.unit, at.actor, at.form, known, record.id if record else None)


def _judged(at: Scope, found: Field, typed: list[str]) -> Any:
    """What was typed as a value; while it is none yet the field counts as empty."""
    try:
        return parse(at.unit, at.actor, found, typed if found.kind.is_multi else typed[-1] if typed else None)
    except FieldError:
        return None


QUICK = 5


def _quick(at: Scope, said: Mapping[str, str]) -> frozenset[str]:
    """The few inputs a record is entered with on the phone: what is required or checked, the first of the form, what
    is told in many words, and so on until there are enough."""
    fields = at.form.fields
    chosen = [k for k, f in fields.items() if f.is_required and f.default is None]
    chosen += [c.field for c in at.form.checks if c.field and c.field in fields]
    sometimes = {k for one in visibility.conditions(at.form) for k in one.keys}
    order = [k for s in at.form.layout or () for k in s["fields"]] or list(fields)
    free = [k for k in order if k not in chosen and k not in sometimes and fields[k].default is None]
    free = [k for k in free if writable(at, fields[k])]
    free[1:] = sorted(free[1:], key=lambda k: fields[k].kind_key != "long_text")
    chosen = [k for k in dict.fromkeys(chosen) if writable(at, fields[k])]
    return frozenset([*chosen, *free[: max(0, QUICK - len(chosen))], *said])


def _is_shown(at: Scope, found: Field, record: Record | None) -> bool:
    """A link to something he may not see is left as it is: its value is not his to send."""
    return writable(at, found) and not (record and isinstance(record.values.get(found.key), Masked))


def make(
    at: Scope,
    found: Field,
    standing: Mapping[str, Any],
    raw: Mapping[str, list[str]] | None,
    error: str = "",
    theirs: Record | None = None,
) -> Input:
    widget = found.kind.widget(found)
    typed = tuple(raw[found.key]) if raw is not None and found.key in raw else _standing(at, found, standing)
    options = [o for o in found.type.options if not o.attributes.get("archived") or o.value in typed]
    template = widget.template
    attributes = dict(widget.attributes or {})
    if template in ("select", "radio") and attributes.get("show") not in ("list", "select"):
        template = "radio" if len(options) <= MOST_BUTTONS else "select"
    for name in ("inputmode", "autocomplete"):
        if answer := getattr(widget, name):
            attributes[name] = answer
    attributes.pop("show", None)
    attributes.pop("to", None)
    return Input(
        found.key,
        name_of(found, at.locale),
        template,
        widget.type,
        typed,
        _title(at, found, typed),
        label(found.help, at.locale),
        error,
        _theirs(at, found, typed, theirs),
        found.is_required,
        tuple(Pick(o.value, label(o.label, at.locale) or o.value, tone(o, i, found)) for i, o in enumerate(options)),
        attributes,
        _target(at, found),
        "currency" in found.settings,
    )


def _standing(at: Scope, found: Field, standing: Mapping[str, Any]) -> tuple[str, ...]:
    """What stands in the field at first."""
    value = standing.get(found.key)
    if value is None:
        return ()
    if isinstance(value, tuple | list):
        return tuple(str(v) for v in value)
    if isinstance(value, bool):
        return ("true",) if value else ()
    return (found.kind.typed(found, value, at.locale),)


def _title(at: Scope, found: Field, typed: tuple[str, ...]) -> str:
    if found.type.name not in POINTERS or not typed or not typed[0]:
        return ""
    given = typed[0]
    if given.isascii() and given.isdigit() and len(given) <= 18:
        return pickers.title(at, found, int(given)) or ""
    return given


def _target(at: Scope, found: Field) -> str:
    """What a pointer points at, in words: for the text of its picker."""
    if found.type.name != "record" or not found.type.target:
        return ""
    return label(at.definitions.form(found.type.target).label, at.locale)


def _theirs(at: Scope, found: Field, typed: tuple[str, ...], theirs: Record | None) -> str | None:
    if theirs is None or _standing(at, found, theirs.values) == typed:
        return None
    return cell(at.eye, at.form, theirs, found.key).text


def taken(at: Scope, sent: Mapping[str, list[str]], keys: Iterable[str]) -> dict[str, Any]:
    """Field key → what was sent, of the fields that stood on the form; what cannot be there is left to the door."""
    wanted = list(keys)
    found = entry.make(at.definitions, at.form, at.visible, at.locale, sent=sent).raw(wanted)
    for key in wanted:
        if key not in found:
            found[key] = sent[key][-1] if sent.get(key) else None
    return found
