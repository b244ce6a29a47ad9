"""Across all forms of one person: which there are, how many records, what was touched last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import App, Form
from webapp.engines.forms import formats, select
from webapp.engines.forms.display import Eye, Face, face, title_of
from webapp.engines.forms.record import Query
from webapp.i18n import label

FORMS = 12  # of which recent records are looked for
EACH = 4
SHOWN = 8


@dataclass(frozen=True)
class FormTile:
    name: str
    label: str
    icon: str
    href: str
    new: str | None


@dataclass(frozen=True)
class AppTile:
    key: str
    label: str
    forms: tuple[FormTile, ...]


@dataclass(frozen=True)
class Recent:
    """A record of his that was changed lately."""

    href: str
    title: str
    form: str
    icon: str
    face: Face
    at: datetime
    when: str


def apps(unit: Unit, actor: Actor, locale: str) -> list[AppTile]:
    """Apps and forms that exist for the actor."""
    made = []
    for app in versions.current(unit).apps.values():
        forms = tuple(_tile(unit, actor, f, locale) for f in _seen(unit, actor, app))
        if forms:
            made.append(AppTile(app.key, label(app.label, locale) or app.key, forms))
    return made


def _seen(unit: Unit, actor: Actor, app: App) -> list[Form]:
    return [f for f in app.forms.values() if policy.may(unit, actor, f, "see")]


def _tile(unit: Unit, actor: Actor, form: Form, locale: str) -> FormTile:
    href = f"/{form.app}/{form.key}"
    may_create = policy.may(unit, actor, form, "create")
    name = label(form.label, locale) or form.key
    return FormTile(form.name, name, form.icon or "file-text", href, f"{href}/new" if may_create else None)


def counts(unit: Unit, actor: Actor) -> dict[str, str]:
    """How many records of each form he may see, as shown: "412", "10,000+"."""
    shown = {}
    for app in versions.current(unit).apps.values():
        for form in _seen(unit, actor, app):
            found, is_ = select.count(unit, actor, form, Query(fields=("id",)))
            shown[form.name] = f"{found:,}" + ("" if is_ == "exact" else "+")
    return shown


def recent(unit: Unit, actor: Actor, locale: str) -> list[Recent]:
    """His own records that were changed last, over all forms."""
    definitions = versions.current(unit)
    forms = [f for app in definitions.apps.values() for f in _seen(unit, actor, app)][:FORMS]
    found: list[Recent] = []
    for form in forms:
        visible = policy.fields(unit, actor, form)
        if all(visible.get(k) in ("read", "write") for k in ("owner", "updated_at")):
            found += _recent_of(unit, actor, form, Eye(definitions, locale, visible))
    found.sort(key=lambda r: r.at, reverse=True)
    return found[:SHOWN]


def _recent_of(unit: Unit, actor: Actor, form: Form, eye: Eye) -> list[Recent]:
    keys = [k for k, f in form.fields.items() if eye.sees(k) and f.type.name not in ("records", "text")][:4]
    wanted = tuple(dict.fromkeys([form.title, *keys, "updated_at"]))
    query = Query(where=("owner = me()",), sort=("-updated_at",), fields=wanted, limit=EACH)
    made = []
    for record in select.select(unit, actor, form, query).records:
        at: Any = record.values["updated_at"]
        made.append(
            Recent(
                f"/{form.app}/{form.key}/{record.id}",
                title_of(eye, form, record),
                label(form.label, eye.locale) or form.key,
                form.icon or "file-text",
                face(eye, form, record, keys),
                at,
                formats.near(at, eye.locale, clock.zone(), clock.now()),
            )
        )
    return made
