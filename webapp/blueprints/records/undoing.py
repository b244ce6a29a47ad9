"""Taking back, from a record's history, what was changed there."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.blueprints.records.record import changed
from webapp.engines.forms import select, undo
from webapp.errors import Conflict
from webapp.i18n import N_
from webapp.web import respond, scope, screens

MOST = 20  # events of one entry of a history


@blueprint.post("/<app>/<form>/<int:id_>/undo")
def take_back(app: str, form: str, id_: int) -> Any:
    """Set the fields that these events changed back to what they were, where they still are what was made of them."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    given = [e for e in request.form.get("events", "").split(",") if e.isascii() and e.isdigit() and len(e) <= 18]
    done = undo.of_record(at.unit, at.actor, at.form, record.id, [int(e) for e in given[:MOST]])
    if not done.undone and done.left:
        raise Conflict(done.left[0][2])
    scope.settle()
    at = screens.form(app, form)
    answer = changed(at, id_)
    if not request.headers.get("HX-Request"):
        return answer
    text = N_("The change is taken back") if done.undone else N_("There was nothing left to take back")
    if done.left:
        text = done.left[0][2]
    return respond.trigger(answer, "toast", text=text.text(at.locale))
