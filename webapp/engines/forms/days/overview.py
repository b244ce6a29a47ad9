"""Across all forms of one person: which there are, how many records, which are his, and the numbers of his week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import App, Form
from webapp.engines.forms import aggregate, formats
from webapp.engines.forms.around import stars
from webapp.engines.forms.days import duties
from webapp.engines.forms.display import Eye, Face, face, title_of
from webapp.engines.forms.record import COUNT_CAP, Query
from webapp.engines.forms.viewing import several, views
from webapp.engines.forms.viewing.several import Wanted
from webapp.i18n import N_, label

FORMS = 12  # of which records are looked for
EACH = 5
SHOWN = 8
TILES = 4
#: What of his own records is shown.
KINDS = ("recent", "new", "starred")


@dataclass(frozen=True)
class FormTile:
    name: str
    label: str
    icon: str
    href: str
    new: str | None
    add: str | None
    is_quick: bool = False


@dataclass(frozen=True)
class AppTile:
    key: str
    label: str
    forms: tuple[FormTile, ...]


@dataclass(frozen=True)
class Mine:
    """A record of his: changed lately, new, or starred."""

    href: str
    title: str
    form: str
    icon: str
    face: Face
    at: datetime | None
    when: str


@dataclass(frozen=True)
class Figure:
    """A number with its unit, what stands below it, and the address of the records it is made of."""

    label: str
    value: str
    unit: str
    note: str
    href: str


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


def _all_seen(unit: Unit, actor: Actor) -> Iterator[Form]:
    return (f for app in versions.current(unit).apps.values() for f in _seen(unit, actor, app))


def _tile(unit: Unit, actor: Actor, form: Form, locale: str) -> FormTile:
    href = f"/{form.app}/{form.key}"
    may_create = policy.may(unit, actor, form, "create")
    name = label(form.label, locale) or form.key
    new, add = (f"{href}/new", f"{href}/add") if may_create else (None, None)
    return FormTile(form.name, name, form.icon or "file-text", href, new, add, bool(form.settings.get("quick")))


def counts(unit: Unit, actor: Actor) -> dict[str, str]:
    """How many records of each form he may see, as shown: "412", "10,000+"; one statement."""
    forms = list(_all_seen(unit, actor))
    one = Query(fields=("id",), sort=("id",), limit=1)
    found = several.read(unit, actor, [Wanted(form, one, counts=((),)) for form in forms])
    return {
        form.name: f"{f.counts[0]:,}" + ("+" if f.counts[0] >= COUNT_CAP else "")
        for form, f in zip(forms, found, strict=True)
    }


def mine(unit: Unit, actor: Actor, locale: str, what: str = "recent") -> list[Mine]:
    """His own records over all forms: those changed last, those made this week, those he starred."""
    definitions = versions.current(unit)
    starred = stars.of_member(unit, actor) if what == "starred" else {}
    wanted: list[Wanted] = []
    drawn: list[tuple[Form, Eye, list[str]]] = []
    for form in _all_seen(unit, actor):
        eye = Eye(definitions, locale, policy.fields(unit, actor, form))
        if what == "starred" and form.name not in starred:
            continue
        if what != "starred" and (len(wanted) >= FORMS or not all(eye.sees(k) for k in ("owner", "updated_at"))):
            continue
        keys = [k for k, f in form.fields.items() if eye.sees(k) and f.type.name not in ("records", "text")][:4]
        wanted.append(_wanted(form, tuple(dict.fromkeys([form.title, *keys])), what))
        drawn.append((form, eye, keys))
    ids = {_among(name): found for name, found in starred.items()}
    found = several.read(unit, actor, wanted, among=ids)
    made = [one for shown, f in zip(drawn, found, strict=True) for one in _mine(*shown, f)]
    if what == "starred":
        order = [f"/{name.replace('.', '/')}/{id_}" for name, all_ in starred.items() for id_ in all_]
        return sorted(made, key=lambda one: order.index(one.href))[: 2 * SHOWN]
    return sorted(made, key=lambda one: one.at or clock.now(), reverse=True)[:SHOWN]


def _among(form: str) -> str:
    return "starred_" + form.replace(".", "__")


def _wanted(form: Form, keys: tuple[str, ...], what: str) -> Wanted:
    if what == "starred":
        return Wanted(form, Query(fields=(*keys, "updated_at"), limit=2 * SHOWN), among=_among(form.name))
    stamp = "updated_at" if what == "recent" else "created_at"
    where = ["owner = me()"] + (["created_at >= start_of_week(today())"] if what == "new" else [])
    return Wanted(form, Query(where=tuple(where), sort=(f"-{stamp}",), fields=(*keys, stamp), limit=EACH))


def _mine(form: Form, eye: Eye, keys: Sequence[str], found: several.Found) -> Iterator[Mine]:
    for record in found.sheet.records():
        at: Any = record.values.get("updated_at") or record.values.get("created_at")
        yield Mine(
            f"/{form.app}/{form.key}/{record.id}",
            title_of(eye, form, record),
            label(form.label, eye.locale) or form.key,
            form.icon or "file-text",
            face(eye, form, record, keys),
            at,
            formats.near(at, eye.locale, clock.zone(), clock.now()) if at is not None else "",
        )


# --- numbers ----------------------------------------------------------------------------------------------------


def figures(unit: Unit, actor: Actor, locale: str) -> list[Figure]:
    """The numbers the apps name for their workbench, as far as he may see what they are made of; one statement.

    Where no app names any, what he has entered this week.
    """
    asked: list[tuple[aggregate.Asked, dict[str, Any]]] = []
    for app in versions.current(unit).apps.values():
        for tile in (app.document.get("workbench") or {}).get("tiles") or ():
            if (one := _asked(unit, actor, app, tile, locale)) is not None:
                asked.append(one)
    if not asked:
        asked = [_entered(form, locale) for form in _all_seen(unit, actor) if policy.may(unit, actor, form, "create")]
    found = aggregate.together(unit, actor, [one for one, _ in asked])
    shown = [_figure(one, tile, row, locale) for (one, tile), row in zip(asked, found, strict=True) if row is not None]
    return shown[:TILES]


def _asked(
    unit: Unit, actor: Actor, app: App, tile: dict[str, Any], locale: str
) -> tuple[aggregate.Asked, dict[str, Any]] | None:
    form = app.forms.get(tile["form"])
    if form is None or tile["view"] not in form.views or not policy.may(unit, actor, form, "see"):
        return None
    view = form.views[tile["view"]]
    text = views.view_filter(view)
    measure = tile.get("measure") or "count()"
    measures = (measure,) if measure == "count()" else (measure, "count()")
    href = f"/{form.app}/{form.key}?view={view.key}"
    shown = {"label": label(tile["label"], locale), "href": href}
    return aggregate.Asked(form, measures, (text,) if text else ()), shown


def _entered(form: Form, locale: str) -> tuple[aggregate.Asked, dict[str, Any]]:
    where = ("created_by = me()", "created_at >= start_of_week(today())")
    name = label(form.label, locale) or form.key
    said = N_("{form}: entered this week", form=name).text(locale)
    return aggregate.Asked(form, ("count()",), where), {"label": said, "href": duties.rows_of(form, where)}


def _figure(one: aggregate.Asked, tile: dict[str, Any], row: Sequence[Any], locale: str) -> Figure:
    value, note = row[0], ""
    if len(row) > 1:
        note = N_("{n} records", n=f"{row[1]:,}").text(locale)
    inner = one.measures[0].removesuffix(")").partition("(")[2].strip()
    if value is not None and inner in one.form.names:
        field = one.form.names[inner]
        text = str(field.kind.short(field, value, locale))
    else:
        text = "0" if value is None else formats.number(value) if not isinstance(value, int) else f"{value:,}"
    number, _, unit = text.partition(" ")
    return Figure(tile["label"], number, unit, note, tile["href"])
