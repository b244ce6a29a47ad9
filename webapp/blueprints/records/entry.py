"""Entering a new record and changing one: a form, and what was sent."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, make_response, request

from webapp.blueprints.records import blueprint
from webapp.engines.forms import inputs, quick, records, visibility
from webapp.engines.forms.contacts import places
from webapp.engines.forms.display import title_of
from webapp.engines.forms.record import Record
from webapp.engines.forms.views import Scope
from webapp.errors import Denied, Invalid, Stale
from webapp.i18n import N_
from webapp.web import errors, respond, scope, screens, shared


@blueprint.get("/<app>/<form>/new")
def new(app: str, form: str) -> Any:
    at = screens.form(app, form)
    _require(at, "create")
    prefilled = {k: request.args.getlist(k) for k in request.args if k in at.form.fields} | _shared(at)
    return _form(at, prefilled=prefilled, client=str(uuid.uuid4()), next_=request.args.get("next"))


@blueprint.post("/<app>/<form>/new")
def create(app: str, form: str) -> Any:
    at = screens.form(app, form)
    sent = request.form.to_dict(flat=False)
    client = _client()
    try:
        record = records.create(at.unit, at.actor, at.form, _given(at), client_id=client)
    except Invalid as error:
        if errors.wants_json():  # the device sends what was entered without a connection
            raise
        scope.end_unit(commit=False)
        return _form(screens.form(app, form), sent=sent, error=error, client=client, next_=request.form.get("next"))
    links = screens.Links(at)
    seen = links.base if record.is_out_of_sight else links.record(record.id)
    if errors.wants_json():
        return {"id": record.id, "url": seen}
    answer = respond.redirect(respond.local(request.form.get("next"), seen), whole=True)
    if request.form.get("shared"):
        shared.drop(answer)
    title = title_of(at.eye, at.form, record)
    undo = {"url": links.record(record.id, "/delete"), "values": {"leave": "1", "version": record.version}}
    return respond.trigger(
        answer,
        "toast-next",
        text=N_("“{title}” is saved", title=title).text(at.locale),
        undo=undo if at.may("delete") and not record.is_out_of_sight else None,
        more={"text": N_("Another one").text(at.locale), "url": _again(links)},
    )


def _shared(at: Scope) -> dict[str, list[str]]:
    """What another app has shared, if the form was opened for it."""
    given = request.args.get("shared", "")
    if not (given.isascii() and given.isdigit() and len(given) < 3):
        return {}
    found = shared.read()
    return places.values(at, found[int(given)]) if int(given) < len(found) else {}


def _again(links: screens.Links) -> str:
    """Where the next one is entered: the form that has just been filled, empty."""
    return links.new(quick="1") if request.form.get("quick") else links.new()


@blueprint.get("/<app>/<form>/<int:id_>/edit")
def edit(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    return _form(at, record=records.get(at.unit, at.actor, at.form, id_))


@blueprint.post("/<app>/<form>/<int:id_>/edit")
def update(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    sent = request.form.to_dict(flat=False)
    try:
        record = records.update(at.unit, at.actor, at.form, id_, _given(at, id_), version=_version())
    except (Invalid, Stale) as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        return _form(at, record=records.get(at.unit, at.actor, at.form, id_), sent=sent, error=error)
    scope.settle()
    if record.is_out_of_sight:  # handed over: there is nothing left to show
        return respond.redirect(screens.Links(at).base, whole=True)
    from webapp.blueprints.records.record import show

    address = screens.Links(at).record(id_)
    if not screens.part_for(panel="panel"):
        return respond.redirect(address)
    return respond.trigger(make_response(show(app, form, id_)), "m:listed", url=address)


@blueprint.post("/<app>/<form>/shown")
def shown(app: str, form: str) -> Any:
    """Which fields of a form being filled have no place in it, by what is typed now. Nothing is written."""
    at = screens.form(app, form)
    given = request.form.get("m__id", "")
    record = None
    if given.isascii() and given.isdigit() and len(given) <= 18:
        record = records.get(at.unit, at.actor, at.form, int(given))
    else:
        _require(at, "create")
    unseen = inputs.hidden(at, record, request.form.to_dict(flat=False))
    return {"hidden": sorted(k for k in unseen if at.eye.sees(k))}


def _is_quick(at: Scope) -> bool:
    """Whether the quick fields come first: as the address or the form says, else on phones."""
    asked = request.values.get("quick")
    return bool(quick.keys(at.form)) and (asked == "1" if asked is not None else screens.is_phone())


def _require(at: Scope, action: str) -> None:
    if not at.may(action):
        raise Denied(N_("Your role does not allow this in {form}.", form=at.form.label), action=action)


def _given(at: Scope, changes: int | None = None) -> dict[str, Any]:
    """What was sent for the fields that stood on the form."""
    return inputs.taken(at, request.form.to_dict(flat=False), screens.stood(), changes)


def _client() -> str | None:
    """The id the device gave the new record, so that sending it twice makes it once."""
    try:
        return str(uuid.UUID(request.form.get("m__client", "")))
    except ValueError:
        return None


def _version() -> int | None:
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _form(
    at: Scope,
    *,
    record: Record | None = None,
    prefilled: dict[str, list[str]] | None = None,
    sent: dict[str, list[str]] | None = None,
    error: Invalid | Stale | None = None,
    client: str | None = None,
    next_: str | None = None,
) -> Response:
    problems = error.problems if error else ()
    is_quick = record is None and _is_quick(at)
    theirs = record if isinstance(error, Stale) else None
    parts = inputs.parts(
        at,
        record=record,
        prefilled=prefilled,
        sent=sent,
        stood=[*screens.stood(), *sent] if sent else None,  # what is hidden is sent too
        problems=problems,
        theirs=theirs,
        is_quick=is_quick,
    )
    shown = {i.key for p in parts for i in p.inputs if not i.is_hidden}
    context: dict[str, Any] = {
        "at": at,
        "links": screens.Links(at),
        "parts": parts,
        "keys": ",".join(i.key for p in parts for i in p.inputs if not i.is_hidden),
        "depends": " ".join(sorted(visibility.asked(at.form))),
        "is_quick": is_quick,
        "is_short": record is None and sum(not i.is_quick for p in parts for i in p.inputs) > 2,
        "record": record,
        "title": title_of(at.eye, at.form, record) if record else None,
        "form_label": screens.form_label(at),
        "client": client,
        "next_": respond.local(next_, "") if next_ else "",
        "error": error,
        "is_stale": isinstance(error, Stale),
        "elsewhere": [p for p in problems if p.path not in shown],
        "is_shared": record is None and bool(request.values.get("shared")),
        "draft": f"{at.form.name}:{record.id if record else 'shared' if request.values.get('shared') else 'new'}",
    }
    status = error.status if error else 200
    return respond.page(
        "records/entry.html", part=screens.part_for(panel="records/_entry.html"), status=status, **context
    )
