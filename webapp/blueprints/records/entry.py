"""Entering a new record and changing one: a form, and what was sent."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from flask import Response, make_response, request

from webapp.blueprints.records import blueprint, meeting
from webapp.engines.forms import records
from webapp.engines.forms.contacts import places
from webapp.engines.forms.display import title_of
from webapp.engines.forms.entering import inputs, quick
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import visibility
from webapp.errors import Conflict, Denied, Invalid, MortiseError, NotFound, Stale
from webapp.i18n import N_, Message
from webapp.web import errors, numbers, respond, scope, screens, shared


@blueprint.get("/<app>/<form>/new")
def new(app: str, form: str) -> Any:
    at = screens.form(app, form)
    require(at, "create")
    prefilled = {k: request.args.getlist(k) for k in request.args if k in at.form.fields} | _shared(at)
    if (copied := numbers.asked("m__copy")) is not None:
        of = records.get(at.unit, at.actor, at.form, copied)
        return entry_form(at, copied=of, client=str(uuid.uuid4()), next_=request.args.get("next"))
    return entry_form(at, prefilled=prefilled, client=str(uuid.uuid4()), next_=request.args.get("next"))


@blueprint.post("/<app>/<form>/new")
def create(app: str, form: str) -> Any:
    at = screens.form(app, form)
    sent = request.form.to_dict(flat=False)
    client = sent_client()
    try:
        record = records.create(at.unit, at.actor, at.form, _given(at), client_id=client)
    except Invalid as error:
        if errors.wants_json():  # the device sends what was entered without a connection
            raise
        scope.end_unit(commit=False)
        return entry_form(
            screens.form(app, form), sent=sent, error=error, client=client, next_=request.form.get("next")
        )
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
    given = numbers.asked("shared", 99)
    if given is None:
        return {}
    found = shared.read()
    return places.values(at, found[given]) if given < len(found) else {}


def _again(links: screens.Links) -> str:
    """Where the next one is entered: the form that has just been filled, empty."""
    return links.new(quick="1") if request.form.get("quick") else links.new()


@blueprint.get("/<app>/<form>/<int:id_>/edit")
def edit(app: str, form: str, id_: int) -> Any:
    at = screens.form(app, form)
    return entry_form(at, record=records.get(at.unit, at.actor, at.form, id_))


@blueprint.post("/<app>/<form>/<int:id_>/edit")
def update(app: str, form: str, id_: int) -> Any:
    if request.form.get("m__as_new"):  # the record it was sent for is gone
        return create(app, form)
    at = screens.form(app, form)
    sent = request.form.to_dict(flat=False)
    note: Message | None = None
    try:
        given = _given(at, id_)
        if request.form.get("m__restore"):
            records.restore(at.unit, at.actor, at.form, id_)
            record = records.update(at.unit, at.actor, at.form, id_, given)
        else:
            record, note = meeting.saved(at, id_, given)
    except Stale as error:
        return meeting.stale(app, form, id_, sent, error)
    except (Conflict, NotFound) as error:
        return meeting.gone(app, form, id_, sent, error)
    except Invalid as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        return entry_form(at, record=records.get(at.unit, at.actor, at.form, id_), sent=sent, error=error)
    scope.settle()
    at = screens.form(app, form)
    if record.is_out_of_sight:  # handed over: there is nothing left to show
        return respond.redirect(screens.Links(at).base, whole=True)
    from webapp.blueprints.records.record import show

    address = screens.Links(at).record(id_)
    if not screens.part_for(panel="panel"):
        answer = respond.redirect(address)
    else:
        answer = respond.trigger(make_response(show(app, form, id_)), "m:listed", url=address)
    return answer if note is None else respond.trigger(answer, "toast", text=note.text(at.locale))


@blueprint.post("/<app>/<form>/shown")
def shown(app: str, form: str) -> Any:
    """Which fields of a form being filled have no place in it, by what is typed now. Nothing is written."""
    at = screens.form(app, form)
    given = numbers.sent("m__id")
    record = None
    if given is not None:
        record = records.get(at.unit, at.actor, at.form, given)
    else:
        require(at, "create")
    unseen = inputs.hidden(at, record, request.form.to_dict(flat=False))
    return {"hidden": sorted(k for k in unseen if at.eye.sees(k))}


def _is_quick(at: Scope) -> bool:
    """Whether the quick fields come first: as the address or the form says, else on phones."""
    asked = request.values.get("quick")
    return bool(quick.keys(at.form)) and (asked == "1" if asked is not None else screens.is_phone())


def require(at: Scope, action: str) -> None:
    if not at.may(action):
        raise Denied(N_("Your role does not allow this in {form}.", form=at.form.label), action=action)


def _given(at: Scope, changes: int | None = None) -> dict[str, Any]:
    """What was sent for the fields that stood on the form."""
    return inputs.taken(at, request.form.to_dict(flat=False), screens.stood(), changes)


def sent_client() -> str | None:
    """The id the device gave the new record, so that sending it twice makes it once."""
    try:
        return str(uuid.UUID(request.form.get("m__client", "")))
    except ValueError:
        return None


def entry_form(
    at: Scope,
    *,
    record: Record | None = None,
    copied: Record | None = None,
    prefilled: dict[str, list[str]] | None = None,
    sent: dict[str, list[str]] | None = None,
    error: MortiseError | None = None,
    both: Collection[str] | None = None,
    gone: Message | None = None,
    client: str | None = None,
    next_: str | None = None,
) -> Response:
    """The form: empty, of `record`, or as it was `sent` with what was refused.

    copied  a record whose values a new one begins with
    both   keys that somebody else changed too, where both values are shown
    gone   the record was removed meanwhile: what became of it
    """
    problems = error.problems if error else ()
    is_quick = record is None and _is_quick(at)
    theirs = record if isinstance(error, Stale) else None
    parts = inputs.parts(
        at,
        record=record,
        copied=copied,
        prefilled=prefilled,
        sent=sent,
        stood=[*screens.stood(), *sent] if sent else None,  # what is hidden is sent too
        problems=problems,
        theirs=theirs,
        both=both,
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
        "gone": gone,
        "may_restore": bool(gone and record and record.is_binned and at.may("delete")),
        "elsewhere": [p for p in problems if p.path not in shown],
        "is_shared": record is None and bool(request.values.get("shared")),
        "draft": f"{at.form.name}:{record.id if record else 'shared' if request.values.get('shared') else 'new'}",
    }
    status = error.status if error else 200
    return respond.page(
        "records/entry.html", part=screens.part_for(panel="records/_entry.html"), status=status, **context
    )
