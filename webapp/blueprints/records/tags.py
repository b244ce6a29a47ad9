"""The tags of a field: what there is, and calling one otherwise or one with another in all records."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms.display import name_of, tags
from webapp.engines.forms.finding import tagging
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Denied
from webapp.i18n import N_
from webapp.web import respond, scope, screens


@blueprint.get("/<app>/<form>/tags/<field>")
def tag_list(app: str, form: str, field: str) -> Any:
    return _page(screens.form(app, form), field)


@blueprint.post("/<app>/<form>/tags/<field>")
def rename_tag(app: str, form: str, field: str) -> Any:
    at = screens.form(app, form)
    found = tagging.field_of(at, field)
    if not at.may("edit") or at.visible.get(field) != "write":
        raise Denied(N_("Your role may not change this field."), action="edit")
    old, new = request.form.get("old", "")[:200], request.form.get("new", "")
    done = tagging.begin(at.unit, at.actor, at.form, found, old, new)
    scope.settle()
    at = screens.form(app, form)
    if done is None:
        message = N_("Many records have this tag: they are being changed in the background.").text(at.locale)
    else:
        message = N_("{n} records changed", n=done.changed).text(at.locale)
        if done.left:
            message += N_("; {n} may not be changed by you", n=done.left).text(at.locale)
    return respond.trigger(_page(at, field), "toast", text=message)


def _page(at: Scope, key: str) -> Any:
    found = tagging.field_of(at, key)
    rows = [(u, tags(found, [u.value], at.locale)[0]) for u in tagging.used(at.unit, at.actor, at.form, found)]
    return respond.page(
        "records/tags.html",
        part=screens.part_for(tags="records/_tags.html"),
        at=at,
        field=found,
        field_label=name_of(found, at.locale),
        rows=rows,
        may_rename=at.may("edit") and at.visible.get(key) == "write",
        links=screens.Links(at),
        form_label=screens.form_label(at),
    )
