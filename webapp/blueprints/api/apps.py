"""Which apps and forms there are, for who asks."""

from __future__ import annotations

from typing import Any

from flask import Response

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.blueprints.api import answers, blueprint, bodies
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import App, Form
from webapp.errors import NotFound, nearest
from webapp.i18n import N_
from webapp.web import scope


@blueprint.get("/apps")
def list_apps() -> Response:
    bodies.query(())
    unit, actor = scope.unit(), scope.actor()
    apps = [_summary(unit, actor, app) for app in versions.current(unit).apps.values()]
    return answers.send({"apps": [app for app in apps if app["forms"] or actor.builds(app["key"])]})


@blueprint.get("/apps/<key>")
def read_app(key: str) -> Response:
    """The document for those who build the app; for everybody else what they may see of it."""
    bodies.query(())
    unit, actor = scope.unit(), scope.actor()
    apps = versions.current(unit).apps
    app = apps.get(key)
    summary = _summary(unit, actor, app) if app is not None else None
    if app is None or summary is None or not (summary["forms"] or actor.builds(key)):
        raise NotFound(N_("There is no app “{key}”.", key=key), near=nearest(key, ()))
    if actor.builds(key):
        return answers.send({**summary, "document": app.document})
    return answers.send(summary)


def _summary(unit: Unit, actor: Actor, app: App) -> dict[str, Any]:
    forms = {key: _form(unit, actor, form) for key, form in app.forms.items() if policy.may(unit, actor, form, "see")}
    return {"key": app.key, "version": app.version, "label": app.label, "forms": forms}


def _form(unit: Unit, actor: Actor, form: Form) -> dict[str, Any]:
    rights = policy.fields(unit, actor, form)
    visible = {k: f for k, f in form.fields.items() if rights.get(k, "hidden") != "hidden"}
    return {
        "label": form.label,
        "title": form.title if form.title in visible else None,
        "may": {action: policy.may(unit, actor, form, action) for action in policy.ACTIONS},
        "fields": {
            key: {"kind": f.kind_key, "label": f.label, "required": f.is_required, "right": rights[key]}
            for key, f in visible.items()
        },
    }
