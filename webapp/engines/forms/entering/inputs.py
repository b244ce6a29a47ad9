"""The entry form of one person: its sections, what stands in each input, and what was sent.

The inputs are those of `entry`; here they get what needs the data: defaults, names of what they point at, and what
somebody else saved meanwhile. Nothing is judged, that is the door's work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import records
from webapp.engines.forms.display import cell
from webapp.engines.forms.entering import entry, pickers, quick
from webapp.engines.forms.entering.entry import EntryField
from webapp.engines.forms.entering.layout import sections
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.finding import regions
from webapp.engines.forms.record import Masked, Record
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import stored, visibility
from webapp.engines.forms.writing.judge import defaults
from webapp.engines.forms.writing.values import parse
from webapp.errors import Problem
from webapp.expressions import types

POINTERS = ("record", "member", "department")


@dataclass(frozen=True)
class Part:
    """A section of an entry form."""

    label: str
    columns: int
    is_closed: bool
    inputs: tuple[EntryField, ...]

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
    copied: Record | None = None,
    prefilled: Mapping[str, list[str]] | None = None,
    sent: Mapping[str, list[str]] | None = None,
    stood: Iterable[str] | None = None,
    problems: Iterable[Problem] = (),
    theirs: Record | None = None,
    both: Collection[str] | None = None,
    only: Iterable[str] | None = None,
    is_quick: bool = False,
) -> tuple[Part, ...]:
    """The entry form: of a new record, of `record`, or as it was sent with its `problems`.

    prefilled  what an address puts into a new record
    sent       what a page with the inputs `stood` sent
    only       just these fields (a small form for what a stage needs)
    copied     a record whose values a new one begins with
    theirs     the record as somebody else left it, to show both values
    both       only of these, where others are to be taken as they are there
    is_quick   the fields of the quick entry come first, in the builder's order
    """
    wanted = None if only is None else set(only)
    said = list(problems)
    form = entry.make(
        at.definitions,
        at.form,
        at.visible,
        at.locale,
        values=_copied(at, copied) if copied is not None else _values(at, record, prefilled),
        sent=sent,
        stood=stood,
        problems=said,
    )
    wrong = {p.path for p in said}
    unseen = hidden(at, record, sent or prefilled) if wanted is None else frozenset()
    first = _quick(at) if record is None and wanted is None else ()
    sometimes, chosen = visibility.sometimes(at.form), quick.keys(at.form)
    for field in form:
        field.is_hidden, field.is_quick = field.key in unseen and field.key not in wrong, field.key in {*first, *wrong}
        if record is None and field.key in (at.form.settings.get("known") or {}):
            field.known = f"/{at.form.app}/{at.form.key}/known/{field.key}"
        field.is_met = both is None or field.key in both
        field.is_sometimes, field.is_picked = field.key in sometimes, field.is_quick and field.key in chosen

    def takes(found: Field) -> bool:
        return _is_shown(at, found, record) and (wanted is None or found.key in wanted)

    before = [k for k in first if is_quick and takes(at.form.fields[k])]
    if is_quick and before:
        lead = Part("", 1, False, tuple(_complete(at, form[k], theirs) for k in before))
        rest = _parts_of(at, form, lambda f: takes(f) and f.key not in before, wrong, theirs)
        return (lead, *rest)
    if wanted is None:
        return _parts_of(at, form, takes, wrong, theirs)
    return tuple(replace(part, label="", is_closed=False) for part in _parts_of(at, form, takes, wrong, theirs))


def _parts_of(
    at: Scope, form: entry.EntryForm, takes: Callable[[Field], bool], wrong: set[str], theirs: Record | None
) -> tuple[Part, ...]:
    """The layout's sections with the fields that `takes` accepts."""
    return tuple(
        Part(
            section.label,
            section.columns,
            section.is_closed and wrong.isdisjoint(section.keys),
            tuple(_complete(at, form[k], theirs) for k in section.keys),
        )
        for section in sections(at.form, at.locale, takes)
    )


def hidden(at: Scope, record: Record | None, raw: Mapping[str, list[str]] | None) -> frozenset[str]:
    """Keys of the fields that are not shown, by the record as it is stored and what was typed over it."""
    deciding = visibility.asked(at.form)
    if not visibility.conditions(at.form):
        return frozenset()
    values: dict[str, Any] = dict.fromkeys(at.form.fields)
    values |= stored.get(at.unit, at.form, record.id) if record else defaults(at.unit, at.actor, at.form, {})
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


def _quick(at: Scope) -> tuple[str, ...]:
    """The few inputs a record is entered with on the phone: those the builder chose and what is required; where he
    chose none, what is required, what lists show, what is checked, the first of the form, what is told in many words,
    until there are enough.
    """
    fields = at.form.fields
    if wanted := quick.keys(at.form):
        needed = [k for k, f in fields.items() if f.is_required and f.default is None]
        return tuple(k for k in dict.fromkeys([*wanted, *needed]) if writable(at, fields[k]))
    chosen = [k for k, f in fields.items() if f.is_required and f.default is None]
    sometimes = {k for one in visibility.conditions(at.form) for k in one.keys}
    order = [k for s in at.form.layout or () for k in s["fields"]] or list(fields)
    free = [k for k in order if k not in chosen and k not in sometimes and fields[k].default is None]
    free = [k for k in free if writable(at, fields[k])]
    free[1:] = sorted(free[1:], key=lambda k: fields[k].kind_key != "long_text")
    likely = [k for view in at.form.views.values() for k in view.settings.get("columns") or ()]
    likely += [c.field for c in at.form.checks if c.field]
    free = list(dict.fromkeys([k for k in likely if k in free and fields[k].type != types.BOOLEAN] + free))
    chosen = [k for k in dict.fromkeys(chosen) if writable(at, fields[k])]
    return (*chosen, *free[: max(0, QUICK - len(chosen))])


def _is_shown(at: Scope, found: Field, record: Record | None) -> bool:
    """A link to something he may not see is left as it is: its value is not his to send."""
    return writable(at, found) and not (record and isinstance(record.values.get(found.key), Masked))


def _to_the_minute(value: Any) -> Any:
    """Nobody thinks of now in seconds, and an input would show them."""
    return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value


def _values(at: Scope, record: Record | None, prefilled: Mapping[str, list[str]] | None) -> dict[str, Any]:
    """What stands in the inputs at first: the record's values, else the builder's defaults and the address's."""
    if record is not None:
        return {k: _written(at, k, v) for k, v in record.values.items() if not isinstance(v, Masked)}
    found = {k: _to_the_minute(v) for k, v in defaults(at.unit, at.actor, at.form, {}).items()}
    for key, texts in (prefilled or {}).items():
        found[key] = texts if at.form.fields[key].kind.is_multi else (texts or [""])[-1]
    return found


def _written(at: Scope, key: str, value: Any) -> Any:
    """A text as people write it: +8613800134210 → 138 0013 4210."""
    field = at.form.fields.get(key)
    if field is None or field.type.name != "text" or not isinstance(value, str):
        return value
    return field.kind.typed(field, value, at.locale)


def _copied(at: Scope, record: Record) -> dict[str, Any]:
    """What a copy begins with: all he may write, but what tells records apart and how far one has come."""
    found = {**defaults(at.unit, at.actor, at.form, {}), **_values(at, record, None)}
    for key, field in at.form.fields.items():
        if field.is_unique or any("type" in o.attributes for o in field.type.options):
            found[key] = defaults(at.unit, at.actor, at.form, {}).get(key)
    return found


def _complete(at: Scope, field: EntryField, theirs: Record | None) -> EntryField:
    """The input with the name of what it points at, and the other one's value where both have changed it."""
    theirs = theirs if field.is_met else None
    if field.field.type.name in POINTERS and field.value:
        is_id = field.value.isascii() and field.value.isdigit() and len(field.value) <= 18
        field.title = (pickers.title(at, field.field, int(field.value)) or "") if is_id else field.value
    if field.field.kind.asked_as(field.field) == "region" and field.value:
        field.title = (
            field.field.kind.text(field.field, field.value, at.locale) if regions.get(field.value) else field.value
        )
    value = _written(at, field.key, theirs.values.get(field.key)) if theirs is not None else None
    if theirs is not None and field.typed_as(value) != field.typed:
        field.theirs = cell(at.eye, at.form, theirs, field.key).text
        field.theirs_typed = () if isinstance(value, Masked) else field.typed_as(value)
        linked = theirs.links.get(field.key)
        field.theirs_title = (linked.title or "") if linked is not None else ""
    return field


def taken(at: Scope, sent: Mapping[str, list[str]], keys: Iterable[str], changes: int | None = None) -> dict[str, Any]:
    """Field key → what was sent, of the fields that stood on the form; what cannot be there is left to the door.

    changes  the record it was sent for
    """
    wanted = _without_same_moments(at, sent, keys, changes)
    found = entry.make(at.definitions, at.form, at.visible, at.locale, sent=sent).raw(wanted)
    for key in wanted:
        if key not in found:
            found[key] = sent[key][-1] if sent.get(key) else None
    return found


def _without_same_moments(
    at: Scope, sent: Mapping[str, list[str]], keys: Iterable[str], changes: int | None
) -> list[str]:
    """Without the moments that still stand as they were drawn: an input knows no zone, and in the hour that comes
    twice when summer time ends, reading it again would move the moment."""
    wanted = list(keys)
    moments = [k for k in wanted if k in at.form.fields and at.form.fields[k].type.name == "datetime" and sent.get(k)]
    if changes is None or not moments:
        return wanted
    record = records.get(at.unit, at.actor, at.form, changes)
    form = entry.make(at.definitions, at.form, at.visible, at.locale, values=_values(at, record, None))
    same = {input_.key for input_ in form if input_.key in moments and list(input_.typed) == sent[input_.key]}
    return [key for key in wanted if key not in same]


def asked(
    at: Scope,
    keys: Iterable[str],
    *,
    values: Mapping[str, Any],
    sent: Mapping[str, list[str]] | None = None,
    problems: Iterable[Problem] = (),
    prefix: str = "",
) -> tuple[EntryField, ...]:
    """Inputs of a few fields in their order; `prefix` stands before their names, where a page has several forms."""
    form = entry.make(
        at.definitions, at.form, at.visible, at.locale, values=values, sent=sent, problems=problems, prefix=prefix
    )
    return tuple(_complete(at, form[key], None) for key in keys if writable(at, at.form.fields[key]))


def sent_to(at: Scope, sent: Mapping[str, list[str]], keys: Iterable[str], prefix: str) -> dict[str, Any]:
    """Field key → what was sent of `asked` inputs."""
    return entry.make(at.definitions, at.form, at.visible, at.locale, sent=sent, prefix=prefix).raw(keys)
