"""Ending what a record waits for, and taking back from its history what was changed there."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.blueprints.records.record import changed
from webapp.engines.forms import records, select, undo
from webapp.engines.forms.around import history
from webapp.engines.forms.display import title_of
from webapp.errors import Conflict, NotFound
from webapp.i18n import N_
from webapp.web import numbers, respond, scope, screens

MOST = 20  # events of one entry of a history


@blueprint.post("/<app>/<form>/<int:id_>/done")
def end(app: str, form: str, id_: int) -> Any:
    """What the record waited for is done: the form says what that sets (`due.done`)."""
    at = screens.form(app, form)
    sets = (at.form.settings.get("due") or {}).get("done")
    if not sets:
        raise NotFound(N_("There is nothing to end here."))
    record = records.update(at.unit, at.actor, at.form, id_, sets, version=screens.version())
    event = history.last_event(at.unit, at.form, id_)
    scope.settle()
    at = screens.form(app, form)
    if not request.headers.get("HX-Request"):
        return respond.redirect("/")
    title = title_of(at.eye, at.form, record)
    undo_it = {"url": screens.Links(at).record(id_, "/undo"), "values": {"events": str(event)}}
    answer = respond.trigger(respond.nothing(), "m:ended")
    return respond.trigger(answer, "toast", text=N_("“{title}” is done", title=title).text(at.locale), undo=undo_it)


@blueprint.post("/<app>/<form>/<int:id_>/undo")
def take_back(app: str, form: str, id_: int) -> Any:
    """Set the fields that these events changed back to what they were, where they still are what was made of them."""
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    given = numbers.among(request.form.get("events", "").split(","))
    done = undo.of_record(at.unit, at.actor, at.form, record.id, given[:MOST])
    if not done.undone and done.left:
        raise Conflict(done.left[0][2])
    scope.settle()
    at = screens.form(app, form)
    answer = changed(at, id_)
    if not request.headers.get("HX-Request"):
        return answer
    respond.trigger(answer, "m:ended")
    text = N_("The change is taken back") if done.undone else N_("There was nothing left to take back")
    if done.left:
        text = done.left[0][2]
    return respond.trigger(answer, "toast", text=text.text(at.locale))
