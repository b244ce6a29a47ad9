"""A new record in a dialog over the page one is on: from a list of what hangs on a record, from the workbench."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.blueprints.records.entry import require, sent_client
from webapp.engines.forms import records
from webapp.engines.forms.display import title_of
from webapp.engines.forms.entering import inputs
from webapp.engines.forms.viewing.views import Scope
from webapp.errors import Invalid
from webapp.i18n import N_
from webapp.web import respond, scope, screens


@blueprint.get("/<app>/<form>/add")
def add(app: str, form: str) -> Any:
    at = screens.form(app, form)
    require(at, "create")
    prefilled = {k: request.args.getlist(k) for k in request.args if k in at.form.fields}
    return _form(at, prefilled=prefilled, client=str(uuid.uuid4()))


@blueprint.post("/<app>/<form>/add")
def add_here(app: str, form: str) -> Any:
    at = screens.form(app, form)
    client = sent_client()
    given = inputs.taken(at, request.form.to_dict(flat=False), screens.stood())
    try:
        record = records.create(at.unit, at.actor, at.form, given, client_id=client)
    except Invalid as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        return _form(at, sent=request.form.to_dict(flat=False), error=error, client=client or str(uuid.uuid4()))
    scope.settle()
    at = screens.form(app, form)
    links = screens.Links(at)
    if not request.headers.get("HX-Request"):
        return respond.redirect(links.base if record.is_out_of_sight else links.record(record.id))
    answer = respond.trigger(respond.nothing(), "close-dialog")
    respond.trigger(answer, "m:created", form=at.form.name)
    title = form_label = screens.form_label(at)
    if not record.is_out_of_sight:
        title = title_of(at.eye, at.form, record)
    text = N_("{form} “{title}” is saved", form=form_label, title=title).text(at.locale)
    return respond.trigger(answer, "toast", text=text)


def _said(prefilled: dict[str, list[str]] | None) -> str:
    """What was filled in before anybody typed: two places of one page begin differently, and so do their drafts."""
    return "&".join(f"{key}={','.join(values)}" for key, values in sorted((prefilled or {}).items()))[:200]


def _form(
    at: Scope,
    *,
    prefilled: dict[str, list[str]] | None = None,
    sent: dict[str, list[str]] | None = None,
    error: Invalid | None = None,
    client: str | None = None,
) -> Response:
    problems = error.problems if error else ()
    prefix = request.form.get("m__draft", "")[:200] if sent else _said(prefilled)
    stood = [*screens.stood(), *sent] if sent else None
    parts = inputs.parts(at, prefilled=prefilled, sent=sent, stood=stood, problems=problems)
    given = frozenset(prefilled or {}) | frozenset(request.form.get("m__given", "").split(","))
    quick_keys = [i for p in parts for i in p.inputs if (i.is_quick or i.key in given or i.error) and not i.is_hidden]
    shown = {i.key for i in quick_keys}
    return respond.page(
        "records/add.html",
        part="records/_add.html",
        status=error.status if error else 200,
        at=at,
        links=screens.Links(at),
        form_label=screens.form_label(at),
        inputs=quick_keys,
        keys=",".join(i.key for i in quick_keys),
        given=",".join(sorted(given - {""})),
        client=client,
        error=error,
        elsewhere=[p for p in problems if p.path not in shown],
        draft=":".join(filter(None, (f"{at.form.name}:add", prefix))),
        prefix=prefix,
    )
