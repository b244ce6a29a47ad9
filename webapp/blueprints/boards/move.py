"""A card moves to another column, or a record along its path: one changed field.

On a board the answer is both heads and the card; for a record (`path` is sent) the page is told that it changed.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.boards import blueprint
from webapp.blueprints.boards.columns import board, context, placed
from webapp.definitions.model import Field
from webapp.engines.forms import boards, inputs, records, related
from webapp.engines.forms.display import title_of
from webapp.engines.forms.record import Record
from webapp.engines.forms.views import Asked, Scope
from webapp.errors import Invalid, NotFound, Stale
from webapp.i18n import N_, Message
from webapp.web import respond, scope, screens
from webapp.web.htmx import htmx


@blueprint.post("/<app>/<form>/<int:id_>/move")
def move(app: str, form: str, id_: int) -> Any:
    if request.form.get("path"):
        return _along_path(app, form, id_)
    at, asked = board(app, form)
    by, to = boards.by_field(at, asked.view), request.form.get("column", "")
    before = records.get(at.unit, at.actor, at.form, id_)
    keys, given = _given(at, by)
    try:
        record = records.update(at.unit, at.actor, at.form, id_, {**given, by.key: to}, version=_version())
    except Stale as error:
        return _stale(at, by, error)
    except Invalid as error:
        scope.end_unit(commit=False)
        at, asked = board(app, form)
        return _refuse(at, by, screens.Links(at, asked).piece(f"/{id_}/move"), before, to, keys, error)
    scope.settle()
    return _moved(*board(app, form), before, record)


def _along_path(app: str, form: str, id_: int) -> Any:
    """Another stage for a record that is shown by itself; what is missing opens as a small form."""
    at = screens.form(app, form)
    before = records.get(at.unit, at.actor, at.form, id_)
    key, to = related.path(at, before).key, request.form.get("column", "")
    if not key:
        raise NotFound(N_("This form has no stages."))
    by, url = at.form.fields[key], screens.Links(at).record(id_, "/move")
    keys, given = _given(at, by)
    try:
        record = records.update(at.unit, at.actor, at.form, id_, {**given, key: to}, version=_version())
    except Stale as error:
        return respond.retarget(_stale(at, by, error), swap="none")
    except Invalid as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        answer = _refuse(at, by, url, before, to, keys, error, is_path=True)
        is_form = "m:error" not in answer.headers.get("HX-Trigger", "")
        return respond.retarget(answer, "#dialog", "innerHTML") if is_form else respond.retarget(answer, swap="none")
    scope.settle()
    at = screens.form(app, form)
    links = screens.Links(at)
    if not htmx.wants_part:
        return respond.redirect(links.record(id_))
    answer = respond.trigger(respond.nothing(), "close-dialog")
    respond.trigger(answer, "m:changed", url=links.base if record.is_out_of_sight else links.record(id_))
    return _say_moved(answer, at, by, before, record, url, {"path": "1"})


def _given(at: Scope, by: Field) -> tuple[list[str], dict[str, Any]]:
    """The fields of the small form that were sent along, and their values."""
    keys = [k for k in screens.stood() if k != by.key]
    return keys, inputs.taken(at, request.form.to_dict(flat=False), keys)


def _version() -> int | None:
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def _moved(at: Scope, asked: Asked, before: Record, record: Record) -> Response:
    by = boards.by_field(at, asked.view)
    old, new = str(before.values.get(by.key) or ""), str(record.values.get(by.key) or "")
    links = screens.Links(at, asked)
    if not htmx.wants_part:
        return respond.redirect(links.list())
    answer = respond.part(
        "boards/_moved.html",
        heads=placed(at, asked, {old, new}),
        card=boards.card(at, asked, record),
        place=boards.values(at, asked).index(new),
        is_placed=bool(request.form.get("placed")),
        **context(at, asked),
    )
    if request.form.get("placed"):
        respond.trigger(answer, "close-dialog")
    return _say_moved(answer, at, by, before, record, links.piece(f"/{record.id}/move"), {"placed": "1"})


def _say_moved(
    answer: Response, at: Scope, by: Field, before: Record, record: Record, url: str, more: dict[str, str]
) -> Response:
    """The toast with its way back, if there was a move."""
    old, new = str(before.values.get(by.key) or ""), str(record.values.get(by.key) or "")
    if old == new or record.is_out_of_sight:
        return answer
    labels = {o.value: o.label for o in by.type.options}
    text = N_("“{title}” is in “{column}” now", title=title_of(at.eye, at.form, record), column=labels[new])
    undo = {"url": url, "values": {"column": old, "version": str(record.version), **more}}
    return respond.trigger(answer, "toast", text=text.text(at.locale), **({"undo": undo} if old else {}))


def _refuse(
    at: Scope, by: Field, url: str, record: Record, to: str, keys: list[str], error: Invalid, *, is_path: bool = False
) -> Response:
    """The reason, in his language; fields he could fill at once come as a small form that is sent to `url`."""
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
        move_url=url,
        is_path=is_path,
        at=at,
        links=screens.Links(at),
    )
    return answer if is_form else respond.trigger(answer, "m:error", status=422, message=message)


def _reason(error: Invalid) -> Message:
    """The first thing that stands against the move, else the error's own words."""
    return error.problems[0].message if error.problems else error.message


def _stale(at: Scope, by: Field, error: Stale) -> Response:
    """Somebody else was faster: both values are said, and the card comes as it stands now."""
    scope.end_unit(commit=False)
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
