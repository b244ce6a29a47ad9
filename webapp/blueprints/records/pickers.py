"""What can be chosen for a link, a member or a department, as somebody types."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms.entering import pickers
from webapp.engines.forms.viewing import reach
from webapp.web import respond, screens


@blueprint.get("/<app>/<form>/pick/<field>")
def choices(app: str, form: str, field: str) -> Any:
    at = screens.form(app, form)
    found = reach.fields(at).get(field) or at.form.field(field)
    within = request.args.get("within", "")
    entries = pickers.choices(at, found, request.args.get("m__find", "") if not within else "", within)
    return respond.part("fields/_choices.html", entries=entries, key=field, at=at, here=request.path)
