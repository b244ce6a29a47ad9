"""What is already there of what somebody types into a new record."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp import clock
from webapp.blueprints.records import blueprint
from webapp.engines.forms import formats
from webapp.engines.forms.entering import known
from webapp.web import respond, scope, screens


@blueprint.post("/<app>/<form>/known/<field>")
@scope.reading
def told(app: str, form: str, field: str) -> Any:
    """By POST, because numbers and names of people do not belong into addresses."""
    at = screens.form(app, form)
    found = known.told(at, field, request.form.get(field, ""))
    now = clock.now()
    when = {one: formats.near(one.touched, at.locale, clock.zone(), now) for one in found if one.touched}
    return respond.part("records/_known.html", found=found, when=when, at=at)
