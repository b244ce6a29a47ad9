"""One field of a record, changed where it stands."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint, meeting
from webapp.blueprints.records.record import changed
from webapp.engines.forms import select
from webapp.engines.forms.entering import inputs
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Denied, Invalid, Stale
from webapp.i18n import N_
from webapp.web import respond, scope, screens


@blueprint.get("/<app>/<form>/<int:id_>/field/<key>")
def field(app: str, form: str, id_: int, key: str) -> Any:
    at = screens.form(app, form)
    record = select.get(at.unit, at.actor, at.form, id_)
    _require(at, key)
    return _form(at, record, key)


@blueprint.post("/<app>/<form>/<int:id_>/field/<key>")
def set_field(app: str, form: str, id_: int, key: str) -> Any:
    """Save the one field. What is refused stays as it was typed, with what to mend; stale, both values are shown."""
    at = screens.form(app, form)
    _require(at, key)
    sent = request.form.to_dict(flat=False)
    given = inputs.taken(at, sent, [key], id_)
    try:
        record, note = meeting.saved(at, id_, given)
    except (Invalid, Stale) as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        record = select.get(at.unit, at.actor, at.form, id_)
        return _form(at, record, key, sent=sent, error=error)
    scope.settle()
    at = screens.form(app, form)
    if record.is_out_of_sight:
        return respond.redirect(screens.Links(at).base, whole=True)
    answer = changed(at, id_, focus=f"[data-fact='{key}'] button")
    return answer if note is None else respond.trigger(answer, "toast", text=note.text(at.locale))


def _require(at: Scope, key: str) -> None:
    if not inputs.writable(at, at.form.field(key)) or not at.may("edit"):
        raise Denied(N_("Your role does not allow this in {form}.", form=at.form.label), action="edit")


def _form(
    at: Scope,
    record: Record,
    key: str,
    *,
    sent: dict[str, list[str]] | None = None,
    error: Invalid | Stale | None = None,
) -> Response:
    problems = error.problems if error else ()
    theirs = record if isinstance(error, Stale) else None
    stood = [key] if sent is not None else None
    parts = inputs.parts(at, record=record, sent=sent, stood=stood, problems=problems, theirs=theirs, only=[key])
    elsewhere = [p for p in problems if p.path != key]
    return respond.page(
        "records/field.html",
        part="records/_fact_form.html",
        status=error.status if error else 200,
        at=at,
        links=screens.Links(at),
        record=record,
        key=key,
        parts=parts,
        error=error,
        elsewhere=elsewhere,
        is_stale=isinstance(error, Stale),
    )
