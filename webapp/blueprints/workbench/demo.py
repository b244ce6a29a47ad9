"""The demo firm: offered where nothing has been entered yet, and taken out again with one press."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp import catalog
from webapp.access import policy
from webapp.blueprints.workbench import blueprint
from webapp.definitions import versions
from webapp.engines.forms.days import demo
from webapp.engines.forms.display import Eye, title_of
from webapp.engines.forms.record import Query
from webapp.engines.forms.viewing import several
from webapp.engines.forms.viewing.several import Wanted
from webapp.i18n import N_, label, language_of
from webapp.web import language, numbers, respond, scope

MOST = 20  # records named that were kept


@blueprint.get("/demo")
def show_demo() -> Any:
    return respond.page("workbench/demo.html", part="workbench/_demo.html", **_state())


@blueprint.post("/demo")
def load_demo() -> Any:
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    wanted = _offered(unit, actor) or next(filter(catalog.has_demo, catalog.names()))  # which is then refused
    scope.end_unit(commit=False)  # it works in units of its own
    tables = catalog.demo(wanted, language_of(locale))
    done = demo.load(scope.database(), actor, wanted, tables, N_("Demo firm").text(locale))
    answer = respond.redirect("/", whole=True)
    return respond.trigger(
        answer, "toast", text=N_("The demo firm is in place: {n} records.", n=done.made).text(locale)
    )


@blueprint.post("/demo/remove")
def remove_demo() -> Any:
    """Out with it. What people changed since stays and is named; `all` takes that too."""
    actor, locale = scope.actor(), language.locale()
    wanted = numbers.sent("set") or 0
    demo.of(scope.unit(), actor, wanted)
    scope.end_unit(commit=False)
    done = demo.remove(scope.database(), actor, wanted, changed_too=request.form.get("all") == "1")
    if not done.kept:
        answer = respond.redirect("/", whole=True)
        return respond.trigger(
            answer, "toast", text=N_("The demo data is gone: {n} records", n=done.removed).text(locale)
        )
    return respond.page("workbench/demo.html", part="workbench/_demo.html", **_state(wanted, done))


def _state(change_set: int | None = None, done: demo.Removed | None = None) -> dict[str, Any]:
    """What stands on the workbench: the offer, the way out, or what was kept."""
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    if done is not None:
        return {
            "kept": _named(done.kept),
            "kept_count": len(done.kept),
            "removed": done.removed,
            "change_set": change_set,
        }
    loaded = demo.loaded(unit, actor)
    if loaded is not None:
        return {"loaded": loaded}
    app = _offered(unit, actor)
    if app is None:
        return {}
    counts = {form: len(rows) for form, rows in catalog.demo(app, language_of(locale)).items()}
    forms = versions.current(unit).app(app).forms
    said = catalog.demo_of(app)
    told = [(label(forms[k].label, locale), counts[k]) for k in said["told"] if k in forms and k in counts]
    about = label(said["about"], locale)
    return {"offered": app, "about": about, "told": told, "count": sum(counts.values())}


def _offered(unit: Any, actor: Any) -> str | None:
    """A starter app in place in which nobody has entered anything."""
    for app in catalog.names():
        if catalog.has_demo(app) and demo.may_load(unit, actor, app) and demo.is_empty(unit, app):
            return app
    return None


def _named(kept: list[tuple[str, int]]) -> list[tuple[str, str, str]]:
    """Form, name and address of records that were kept, as far as they may be seen."""
    unit, actor, locale = scope.unit(), scope.actor(), language.locale()
    definitions = versions.current(unit)
    by_form: dict[str, list[int]] = {}
    for name, id_ in kept[:MOST]:
        by_form.setdefault(name, []).append(id_)
    forms = {name: definitions.form(name) for name in by_form}
    seen = [name for name, form in forms.items() if policy.may(unit, actor, form, "see")]
    wanted = [
        Wanted(forms[n], Query(fields=(forms[n].title,), limit=MOST), among=f"kept_{i}") for i, n in enumerate(seen)
    ]
    lists = several.read(unit, actor, wanted, among={f"kept_{i}": by_form[n] for i, n in enumerate(seen)})
    titles = {}
    for name, found in zip(seen, lists, strict=True):
        eye = Eye(definitions, locale, policy.fields(unit, actor, forms[name]))
        titles.update({(name, one.id): title_of(eye, forms[name], one) for one in found.sheet.records()})
    return [
        (label(forms[name].label, locale), titles[name, id_], f"/{name.replace('.', '/')}/{id_}")
        for name, id_ in kept[:MOST]
        if (name, id_) in titles
    ]
