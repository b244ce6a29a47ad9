"""Searching everything: records of all forms of one person by Chinese, pinyin, initials or a piece of a number."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import search, select
from webapp.engines.forms.display import Eye, face, title_of
from webapp.engines.forms.record import Query
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


def find(unit: Unit, actor: Actor, text: str, locale: str) -> list[Found]:
    """What matches every word of `text`, one statement a form, as far as the actor may see it."""
    text = text.strip()[:LONGEST]
    if not search.terms(text):
        return []
    definitions = versions.current(unit)
    forms = [f for app in definitions.apps.values() for f in app.forms.values() if policy.may(unit, actor, f, "see")]
    found = [_of(unit, actor, form, text, locale) for form in forms[:FORMS]]
    return [one for one in found if one.hits]


def _of(unit: Unit, actor: Actor, form: Form, text: str, locale: str) -> Found:
    from urllib.parse import urlencode

    eye = Eye(versions.current(unit), locale, policy.fields(unit, actor, form))
    plain = (k for k, f in form.fields.items() if eye.sees(k) and f.type.name in ("record", "text", "number"))
    keys = [k for k in plain if k != form.title and form.fields[k].kind_key not in ("long_text", "serial")][:_TOLD]
    query = Query(search=text, fields=tuple(dict.fromkeys([form.title, *keys])), limit=EACH)
    page = select.select(unit, actor, form, query)
    base = f"/{form.app}/{form.key}"
    hits = []
    for record in page.records:
        card, title = face(eye, form, record, keys), title_of(eye, form, record)
        other = card.head if card.head.key != form.title else card.sub
        note = other.text if other is not None and other.text != title else ""
        hits.append(Hit(f"{base}/{record.id}", title, note, card.number.short if card.number else ""))
    more = f"{base}?{urlencode({'q': text})}" if page.next else None
    return Found(label(form.label, locale) or form.key, form.icon or "file-text", tuple(hits), more)
