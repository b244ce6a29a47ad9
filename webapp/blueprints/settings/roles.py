"""Roles: who holds which, and what they may. Changes go into a draft of the app, whose plan stands on the page."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request

from webapp.access import directory, guard, roles
from webapp.access.actor import SYSTEM_ROLES, Actor
from webapp.blueprints.settings import blueprint, rights
from webapp.blueprints.settings.members import said
from webapp.db import Unit
from webapp.definitions import drafts, versions
from webapp.definitions.model import App, Form
from webapp.errors import Denied, Invalid, NotFound, Problem
from webapp.expressions import ExpressionError, check
from webapp.i18n import N_
from webapp.web import language, respond, scope, sections
from webapp.web.htmx import htmx

_KEY = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


@blueprint.get("/settings/roles")
def list_roles() -> Response:
    """All roles; with `role=crm.rep` that one, for the form `form`."""
    sections.enter("roles")
    return _page(request.args.get("role", ""), request.args.get("form", ""))


@blueprint.post("/settings/roles/<role>/field")
def change_field_right(role: str) -> Response:
    """One press: the next level of a field."""
    form_key, key, level = (request.form.get(name, "") for name in ("form", "field", "level"))

    def change(source: dict[str, Any], app: App, own: str) -> None:
        form = _form(app, form_key)
        if level not in rights.WORDS or key not in form.names:
            raise NotFound(N_("There is no such right."))
        rights.set_level(source, own, form, key, level)

    return _changed(role, form_key, change)


@blueprint.post("/settings/roles/<role>/scope")
def change_scope(role: str) -> Response:
    """With which records the role may do something: one of the scopes, or a condition in the language."""
    form_key, action, wanted = (request.form.get(name, "") for name in ("form", "action", "scope"))
    condition = request.form.get("condition", "")[:2000]

    def change(source: dict[str, Any], app: App, own: str) -> None:
        if action not in rights.ACTIONS or wanted not in (*rights.SCOPES, "false", "condition"):
            raise NotFound(N_("There is no such right."))
        if wanted == "condition" and not condition.strip():
            problem = N_("Write the condition, for example: amount < 50000")
            raise Invalid(problem, problems=[Problem("condition", problem)])
        rights.set_scope(source, own, _form(app, form_key), action, wanted, condition)

    return _changed(role, form_key, change)


@blueprint.post("/settings/roles/<app>/new")
def add_role(app: str) -> Response:
    """A role with the rights of another, or with none."""
    actor, unit = sections.enter("roles"), scope.unit()
    label, copied = request.form.get("label", "").strip()[:100], request.form.get("copy", "")
    if not label:
        message = N_("A name of 1 to 100 characters is needed.")
        raise Invalid(message, problems=[Problem("label", message)])
    _require(actor, app)
    source, before = drafts.source(unit, actor, app)
    known = source.get("roles") or {}
    key = _new_key(label, set(known) | {r.key for r in versions.current(unit).app(app).roles.values()})
    forms = known[copied].get("forms") if copied in known else None
    source["roles"] = {**known, key: {"label": label, "forms": _copied(forms)}}
    drafts.change(unit, actor, app, source, before)
    scope.settle()
    return respond.redirect(f"/settings/roles?role={app}.{key}", whole=True)


@blueprint.post("/settings/roles/<role>/label")
def rename_role(role: str) -> Response:
    given = {code: request.form.get(f"label_{code}", "").strip()[:100] for code in ("en", "zh")}

    def change(source: dict[str, Any], app: App, own: str) -> None:
        wanted = {code: text for code, text in given.items() if text}
        if not wanted:
            message = N_("A name of 1 to 100 characters is needed.")
            raise Invalid(message, problems=[Problem("label", message)])
        source["roles"][own]["label"] = wanted if len(wanted) > 1 else next(iter(wanted.values()))

    return _changed(role, request.form.get("form", ""), change)


@blueprint.post("/settings/roles/<role>/remove")
def remove_role(role: str) -> Response:
    def change(source: dict[str, Any], app: App, own: str) -> None:
        del source["roles"][own]

    return _changed(role, "", change)


def _changed(role: str, form_key: str, change: Any) -> Response:
    """Make the change in the actor's draft, if the document is still good with it, and draw the page anew."""
    actor, unit = sections.enter("roles"), scope.unit()
    app_key, _, own = role.partition(".")
    _require(actor, app_key)
    app = versions.current(unit).app(app_key)
    source, before = drafts.source(unit, actor, app_key)
    if own not in (source.get("roles") or {}):
        raise NotFound(N_("There is no role “{name}”.", name=role))
    change(source, app, own)
    versions.validate(source, versions.current(unit))
    drafts.change(unit, actor, app_key, source, before)
    scope.settle()
    shown = request.form.get("shown", "")
    return _page(f"{app_key}.{shown}" if shown else role, form_key)


def _require(actor: Actor, app: str) -> None:
    if not actor.may_build(app):
        raise Denied(N_("Only a builder of the app may publish it."))


def _form(app: App, key: str) -> Form:
    if key not in app.forms:
        raise NotFound(N_("There is no form “{key}”.", key=f"{app.key}.{key}"))
    return app.forms[key]


def _new_key(label: str, taken: set[str]) -> str:
    """From the label where it is Latin, else `role`; with a number where that is taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:18].strip("_")
    stem = plain if _KEY.fullmatch(plain) else "role"
    return next(key for key in (stem, *(f"{stem}_{n}" for n in range(2, 1000))) if key not in taken)


def _copied(forms: Any) -> dict[str, Any]:
    from copy import deepcopy

    return deepcopy(forms) if isinstance(forms, dict) else {}


def _page(role: str, form_key: str) -> Response:
    actor, unit = scope.actor(), scope.unit()
    definitions = versions.current(unit)
    counts = roles.counts(unit)
    sources = {key: drafts.source(unit, actor, key)[0] for key in definitions.apps}
    groups: list[tuple[Any, str | None, list[dict[str, Any]]]] = []

    def entry(name: str, label: str, is_new: bool = False) -> dict[str, Any]:
        return {"name": name, "label": label, "n": counts.get(name, 0), "is_new": is_new}

    groups.append((None, None, [entry(name, said(roles.label_of(name, definitions))) for name in SYSTEM_ROLES]))
    for key, app in definitions.apps.items():
        entries = [
            entry(f"{key}.{own}", language.label(one.get("label") or own), own not in app.roles)
            for own, one in (sources[key].get("roles") or {}).items()
        ]
        groups.append((app.label, key if actor.builds(key) else None, entries))
    is_picked = bool(role)
    known = [one["name"] for _, _, entries in groups for one in entries]
    if role not in known:
        of_apps = [name for name in known if "." in name]
        role = of_apps[0] if of_apps else known[0]
    context: dict[str, Any] = {
        "groups": groups,
        "role": role,
        "is_picked": is_picked,
        "holders": _holders(unit, actor, role),
    }
    context |= {"about": roles.ABOUT.get(role), "may_people": guard.may_people(actor), "form": None}
    app_key, dot, own = role.partition(".")
    if dot:
        context |= _of_app(unit, actor, definitions.apps[app_key], own, form_key, sources[app_key])
    else:
        context["role_label"] = said(roles.label_of(role, definitions))
    if htmx.target_id == "roles":
        return respond.part("settings/_roles.html", **context)
    return sections.show("roles", "settings/roles.html", **context)


def _of_app(unit: Unit, actor: Actor, app: App, own: str, form_key: str, source: dict[str, Any]) -> dict[str, Any]:
    form = app.forms.get(form_key) or next(iter(app.forms.values()), None)
    found = (source.get("roles") or {})[own]
    label = found.get("label") or own
    labels = label if isinstance(label, dict) else {language.locale(): label}
    right = rights.right_of(source, own, form) if form else {}
    context: dict[str, Any] = {
        "app": app,
        "own": own,
        "role_label": language.label(label),
        "labels": labels,
        "role_about": language.label(found.get("description")),
        "form": form,
        "forms": [(key, language.label(one.label)) for key, one in app.forms.items()],
        "heads": [(key, language.label(one.get("label") or key)) for key, one in (source.get("roles") or {}).items()],
        "rows": rights.matrix(form, source, app.document) if form else [],
        "sentence": _in_words(unit, form, rights.sentence(right)),
        "has_right": any(value is not False for value in (right.get("may") or {}).values()),
        "words": rights.WORDS,
        "tones": rights.TONES,
        "scopes": rights.SCOPES,
        "may_build": actor.may_build(app.key),
    }
    return context | pending(unit, actor, app.key)


def _in_words(unit: Unit, form: Form | None, sentence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each condition said in the page's language, beside how it is written."""
    for one in sentence:
        if form is None or not one["condition"]:
            continue
        try:
            found = check(one["condition"], versions.current(unit), form.name, expect="boolean")
        except ExpressionError:
            continue  # its form is changing too: the plan names what is wrong
        one["words"] = found.sentence(language.locale())
    return sentence


def pending(unit: Unit, actor: Actor, app: str) -> dict[str, Any]:
    """The actor's draft of an app with its plan, for the bar above what he changes."""
    draft = drafts.get(unit, actor, app) if actor.builds(app) else None
    if draft is None:
        return {"draft": None}
    definitions = versions.current(unit)
    in_force = definitions.apps[app].version if app in definitions.apps else 0
    context: dict[str, Any] = {"draft": draft, "is_behind": draft.before != in_force, "plan": None, "plan_problems": ()}
    try:
        context["plan"] = drafts.plan_of(unit, definitions, draft)
    except Invalid as error:
        context["plan_problems"] = [(p.path, p.text(language.locale())) for p in error.problems]
    return context


def _holders(unit: Unit, actor: Actor, role: str) -> list[directory.Person]:
    if not guard.may_people(actor):
        return []
    return directory.listed(unit, actor, role=role)
