"""A card moves to another column: one changed field, answered with both heads and the card."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.boards import blueprint
from webapp.blueprints.boards.columns import board, card_context, placed
from webapp.engines.forms import inputs, records, views
from webapp.engines.forms.display import title_of
from webapp.engines.forms.record import Record
from webapp.engines.forms.views import Asked, Scope
from webapp.errors import Invalid, Stale
from webapp.i18n import N_, Message
from webapp.web import respond, scope, screens
from webapp.web.htmx import htmx


@blueprint.post("/<app>/<form>/<int:id_>/move")
def move(app: str, form: str, id_: int) -> Any:
    at, asked = board(app, form)
    by, to = views.by_field(at, asked.view), request.form.get("column", "")
    before = records.get(at.unit, at.actor, at.form, id_)
    keys = [k for k in screens.stood() if k != by.key]
    given = inputs.taken(at, request.form.to_dict(flat=False), keys)
    try:
        record = records.update(at.unit, at.actor, at.form, id_, {**given, by.key: to}, version=_version())
    except Stale as error:
        return _stale(at, asked, error, id_)
    except Invalid as error:
        scope.end_unit(commit=False)
        return _refuse(*board(app, form), before, to, keys, error)
    scope.settle()
    return _moved(*board(app, form), before, record)


def _version() -> int | None:
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _moved(at: Scope, asked: Asked, before: Record, record: Record) -> Response:
    by = views.by_field(at, asked.view)
    old, new = str(before.values.get(by.key) or ""), str(record.values.get(by.key) or "")
    links = screens.Links(at, asked)
    if not htmx.wants_part:
        return respond.redirect(links.list())
    answer = respond.part(
        "boards/_moved.html",
        heads=placed(at, asked, {old, new}),
        card=views.card(at, asked.view, record),
        at_lane=[o.value for o in by.type.options].index(new),
        is_placed=bool(request.form.get("placed")),
        **card_context(at, asked),
    )
    if request.form.get("placed"):
        respond.trigger(answer, "close-dialog")
    if old == new:
        return answer
    options = {o.value: o for o in by.type.options}
    text = N_(
        "“{title}” is in “{column}” now",
        title=title_of(at.eye, at.form, record),
        column=options[new].label,
    )
    undo = {
        "url": links.piece(f"/{record.id}/move"),
        "values": {"column": old, "version": str(record.version), "placed": "1"},
    }
    return respond.trigger(answer, "toast", text=text.text(at.locale), **({"undo": undo} if old else {}))


def _refuse(at: Scope, asked: Asked, record: Record, to: str, keys: list[str], error: Invalid) -> Response:
    """The reason, in his language; fields he could fill at once come as a small form."""
    by = views.by_field(at, asked.view)
    missing = [p.path for p in error.problems if p.path != by.key]
    fillable = [
        k for k in dict.fromkeys([*keys, *missing]) if k in at.form.fields and inputs.writable(at, at.form.fields[k])
    ]
    is_form = bool(missing) and set(missing) <= set(fillable)
    sent = request.form.to_dict(flat=False) if keys else None
    parts = (
        inputs.parts(at, record=record, sent=sent, stood=keys, problems=error.problems if keys else (), only=fillable)
        if is_form
        else ()
    )
    label = next((o.label for o in by.type.options if o.value == to), to)
    message = (N_("“{column}” needs more first", column=label) if is_form else _reason(error)).text(at.locale)
    answer = respond.part(
        "boards/_refused.html",
        status=422,
        parts=parts,
        keys=",".join(i.key for p in parts for i in p.inputs),
        message=message,
        column=to,
        column_label=N_("{column}", column=label).text(at.locale),
        version=record.version,
        move_url=screens.Links(at, asked).piece(f"/{record.id}/move"),
        at=at,
        links=screens.Links(at),
    )
    return answer if is_form else respond.trigger(answer, "m:error", status=422, message=message)


def _reason(error: Invalid) -> Message:
    """The first thing that stands against the move, else the error's own words."""
    return error.problems[0].message if error.problems else error.message


def _stale(at: Scope, asked: Asked, error: Stale, id_: int) -> Response:
    """Somebody else was faster: both values are said, and the card comes as it stands now."""
    scope.end_unit(commit=False)
    by = views.by_field(at, asked.view)
    current: Record = error.detail["current"]
    labels = {o.value: o.label for o in by.type.options}
    message = N_(
        "Somebody else has changed it meanwhile: it is in “{current}” now, you wanted “{wanted}”.",
        current=labels.get(str(current.values.get(by.key)), ""),
        wanted=labels.get(request.form.get("column", ""), ""),
    )
    text = message.text(at.locale)
    answer = respond.part("boards/_refused.html", status=409, parts=(), message=text, at=at, links=screens.Links(at))
    return respond.trigger(answer, "m:error", status=409, message=text)
