"""A record's history in words: who did what, when, from what to what, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.definitions.model import Form
from webapp.engines.forms import formats
from webapp.engines.forms.display import Eye, name_of, shown
from webapp.engines.forms.record import Entry, Linked, Masked
from webapp.i18n import N_, Message

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Piece:
    """A run of words; `is_value` runs are what changed and stand out."""

    text: str
    is_value: bool = False


@dataclass(frozen=True)
class Line:
    """One entry. `said` is one sentence; several changes at once stand below it in `more`, a sentence each."""

    event: int
    icon: str
    who: str
    said: tuple[Piece, ...]
    at: datetime
    when: str
    via: str = ""
    more: tuple[tuple[Piece, ...], ...] = field(default=())


_KINDS: dict[str, tuple[str, Message]] = {
    "created": ("plus", N_("created the record")),
    "updated": ("pencil", N_("changed {n} fields")),
    "deleted": ("trash", N_("moved the record to the bin")),
    "restored": ("arrow-back-up", N_("took the record out of the bin")),
    "purged": ("x", N_("removed the record for good")),
    "conversion": ("transform", N_("changed the kind of {n} fields")),
}
_VIA: dict[str, Message] = {
    "api": N_("through the API"),
    "import": N_("by an import"),
    "rule": N_("by a rule"),
    "flow": N_("by a flow"),
    "undo": N_("by undoing"),
    "system": N_("by the system"),
}
_CHANGED = N_("changed {field} from {before} to {after}")
_FILLED = N_("set {field} to {after}")
_EMPTIED = N_("emptied {field}, it was {before}")


_CONVERTED = N_("converted {field} from {before} to {after}")
_LOST = N_("converted {field}; {before} does not fit")

_NONE: tuple[tuple[Piece, ...], ...] = ()


def lines(eye: Eye, form: Form, entries: Iterable[Entry], zone: str) -> list[Line]:
    """The entries in words; changes of fields the reader may not see are left out, and entries of nothing else too."""
    made = []
    for entry in entries:
        line = _line(eye, form, entry, zone)
        if line is not None:
            made.append(line)
    return made


def _line(eye: Eye, form: Form, entry: Entry, zone: str) -> Line | None:
    changes = [
        _change(eye, form, entry, key, before, after)
        for key, (before, after) in entry.changes.items()
        if key in form.names and eye.sees(key) and key not in form.computed  # a formula follows what was done
    ]
    if entry.kind in ("updated", "conversion") and not changes:
        return None
    icon, verb = _KINDS.get(entry.kind, ("history", N_("changed {n} fields")))
    if entry.kind in ("updated", "conversion") and len(changes) == 1:
        said, more = changes[0], _NONE
        icon = "arrow-right" if entry.kind == "updated" and _moves(form, entry) else icon
    else:
        said, more = _pieces(verb, eye.locale, n=str(len(changes))), tuple(changes)
    return Line(
        entry.event,
        icon,
        entry.actor_name or N_("The system").text(eye.locale),
        said,
        entry.at,
        formats.near(entry.at, eye.locale, zone, clock.now()),
        _VIA[entry.via].text(eye.locale) if entry.via in _VIA else "",
        more,
    )


def _moves(form: Form, entry: Entry) -> bool:
    (key,) = [k for k in entry.changes if k in form.names and k not in form.computed][:1] or [""]
    return bool(key) and form.names[key].type.name == "choice"


def _change(eye: Eye, form: Form, entry: Entry, key: str, before: Any, after: Any) -> tuple[Piece, ...]:
    found = form.names[key]
    new = _said(eye, form, entry, key, after)
    if entry.kind == "conversion":
        old = before.text or "••••" if isinstance(before, Masked) else str(before or "")
        sentence = _CONVERTED if new else _LOST
        return _pieces(sentence, eye.locale, field=name_of(found, eye.locale), before=old, after=new)
    old = _said(eye, form, entry, key, before)
    sentence = _CHANGED if old and new else _FILLED if new else _EMPTIED
    return _pieces(sentence, eye.locale, field=name_of(found, eye.locale), before=old, after=new)


def _said(eye: Eye, form: Form, entry: Entry, key: str, value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, Masked):
        return value.text or "••••"
    found = form.names[key]
    if found.type.name in ("record", "member", "department"):
        linked: Linked | None = entry.links.get((key, value))
        return (linked.title if linked else None) or "••••"  # what he may not see has no number either
    return str(shown(found, value, eye.locale)["text"])


def _pieces(message: Message, locale: str, **params: str) -> tuple[Piece, ...]:
    """The sentence in runs, its values apart, in the word order of the language."""
    made, at = [], 0
    text = Message(message.id).text(locale)
    for place in _PLACE.finditer(text):
        made.append(Piece(text[at : place.start()]))
        name = place[1]
        made.append(Piece(params.get(name, ""), name == "after"))
        at = place.end()
    made.append(Piece(text[at:]))
    return tuple(p for p in made if p.text)
