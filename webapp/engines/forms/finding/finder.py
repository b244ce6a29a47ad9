"""Searching everything: records of all forms of one person by Chinese, pinyin, initials or a piece of a number."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Form
from webapp.engines.forms.display import Eye, face, title_of
from webapp.engines.forms.finding import search
from webapp.engines.forms.record import Query, Record
from webapp.engines.forms.viewing import several
from webapp.engines.forms.viewing.several import Wanted
from webapp.i18n import label

FORMS = 24  # searched at once, in the order of the apps
EACH = 5  # found of one form
LONGEST = 100
_TOLD = 6  # fields read of what was found, for its second line


@dataclass(frozen=True)
class Hit:
    """A record that was found; `note` tells it from others of its name, `figure` is its amount."""

    href: str
    title: str
    note: str
    figure: str


@dataclass(frozen=True)
class Found:
    """What one form has; `more` leads to its list under the same search where there may be more."""

    label: str
    icon: str
    hits: tuple[Hit, ...]
    more: str | None


@dataclass(frozen=True)
class _Place:
    """A form that is searched: how its records are named, and what tells them apart."""

    form: Form
    eye: Eye
    keys: tuple[str, ...]

    def wanted(self, sought: search.Sought) -> Wanted:
        fields = tuple(dict.fromkeys([self.form.title, *self.keys]))
        return Wanted(self.form, Query(fields=fields, limit=EACH + 1), sought=sought)


def find(unit: Unit, actor: Actor, text: str, locale: str) -> list[Found]:
    """What matches every word of `text`, all forms in one statement, as far as the actor may see it."""
    text = text.strip()[:LONGEST]
    if not search.terms(text):
        return []
    definitions = versions.current(unit)
    forms = [f for app in definitions.apps.values() for f in app.forms.values() if policy.may(unit, actor, f, "see")]
    places = [_place(unit, actor, definitions, form, locale) for form in forms[:FORMS]]
    sought, values = search.sought(text, unit.dialect)
    found = several.read(unit, actor, [p.wanted(sought) for p in places], values=values)
    return [_found(p, one.sheet.records(), text) for p, one in zip(places, found, strict=True) if one.sheet.rows]


def _place(unit: Unit, actor: Actor, definitions: Definitions, form: Form, locale: str) -> _Place:
    eye = Eye(definitions, locale, policy.fields(unit, actor, form))
    plain = (k for k, f in form.fields.items() if eye.sees(k) and f.type.name in ("record", "text", "number"))
    keys = [k for k in plain if k != form.title and form.fields[k].kind_key not in ("long_text", "serial")][:_TOLD]
    return _Place(form, eye, tuple(keys))


def _found(place: _Place, records: list[Record], text: str) -> Found:
    form, eye = place.form, place.eye
    base = f"/{form.app}/{form.key}"
    hits = []
    for record in records[:EACH]:
        card, title = face(eye, form, record, place.keys), title_of(eye, form, record)
        other = card.head if card.head.key != form.title else card.sub
        note = other.text if other is not None and other.text != title else ""
        hits.append(Hit(f"{base}/{record.id}", title, note, card.number.short if card.number else ""))
    more = f"{base}?{urlencode({'q': text})}" if len(records) > EACH else None
    return Found(label(form.label, eye.locale) or form.key, form.icon or "file-text", tuple(hits), more)
