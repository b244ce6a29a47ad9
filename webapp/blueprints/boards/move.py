"""A card moves to another column, or a record along its path: one changed field, one change set that can be undone.

On a board the answer is both heads and the card; for a record (`path` is sent) the page is told that it changed.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.boards import blueprint, needs
from webapp.blueprints.boards.columns import board, context, placed
from webapp.definitions.model import Field
from webapp.engines.forms import records
from webapp.engines.forms.around import related
from webapp.engines.forms.board import axes, board_settings, boards, lanes, moving
from webapp.engines.forms.display import title_of
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid, NotFound, Stale
from webapp.i18n import N_, Message
from webapp.journal import changesets
from webapp.web import respond, scope, screens
from webapp.web.htmx import htmx


@blueprint.post("/<app>/<form>/<int:id_>/move")
def move(app: str, form: str, id_: int) -> Any:
    if request.form.get("path"):
        return _along_path(app, form, id_)
    at, asked = board(app, form)
    by, to = boards.by_field(at, asked), request.form.get("column", "")
    before = records.get(at.unit, at.actor, at.form, id_)
    keys, more = needs.given(at, by)
    try:
        record, change_set = _write(at, by, before, {**more, by.key: axes.given(by, to), **_lane(at, asked, before)})
    except Stale as error:
        return _stale(at, by, id_, error)
    except Invalid as error:
        scope.end_unit(commit=False)
        at, asked = board(app, form)
        url = screens.Links(at, asked).piece(f"/{id_}/move")
        return _refuse(at, by, url, before, to, keys, error, "placed")
    scope.settle()
    return _moved(*board(app, form), before, record, change_set)


def _lane(at: Scope, asked: Asked, before: Record) -> dict[str, Any]:
    """What another lane changes."""
    lane = request.form.get("lane")
    return {} if lane is None or lane == lanes.value_of(at, asked, before) else lanes.values_for(at, asked, lane)


def _along_path(app: str, form: str, id_: int) -> Any:
    """Another stage for a record that is shown by itself; what is missing opens as a small form."""
    at = screens.form(app, form)
    before = records.get(at.unit, at.actor, at.form, id_)
    key, to = related.path(at, before).key, request.form.get("column", "")
    if not key:
        raise NotFound(N_("This form has no stages."))
    by, url = at.form.fields[key], screens.Links(at).record(id_, "/move")
    keys, more = needs.given(at, by)
    try:
        record, change_set = _write(at, by, before, {**more, key: to})
    except Stale as error:
        return respond.retarget(_stale(at, by, id_, error), swap="none")
    except Invalid as error:
        scope.end_unit(commit=False)
        at = screens.form(app, form)
        answer = _refuse(at, by, url, before, to, keys, error, "path")
        is_form = "m:error" not in answer.headers.get("HX-Trigger", "")
        return respond.retarget(answer, "#dialog", "innerHTML") if is_form else respond.retarget(answer, swap="none")
    scope.settle()
    at = screens.form(app, form)
    links = screens.Links(at)
    if not htmx.wants_part:
        return respond.redirect(links.record(id_))
    answer = respond.trigger(respond.nothing(), "close-dialog")
    respond.trigger(answer, "m:changed", url=links.base if record.is_out_of_sight else links.record(id_))
    return _say_moved(answer, at, by, before, record, links.piece("/moves/undo"), change_set)


def _write(at: Scope, by: Field, before: Record, values: dict[str, Any]) -> tuple[Record, int]:
    """Change the record under a change set of its own."""
    title = N_("“{title}” moved", title=title_of(at.eye, at.form, before)).text(at.locale)
    change_set = changesets.open(at.unit, moving.KIND, title, at.actor.member)
    record = records.update(
        at.unit, at.actor, at.form, before.id, values, version=screens.version(), change_set=change_set
    )
    changesets.close(at.unit, change_set)
    return record, change_set


def _moved(at: Scope, asked: Asked, before: Record, record: Record, change_set: int) -> Response:
    by = boards.by_field(at, asked)
    old, new = axes.value_of(by, before.values), axes.value_of(by, record.values)
    links, has_lanes = screens.Links(at, asked), board_settings.lane_key(at, asked) is not None
    if not htmx.wants_part:
        return respond.redirect(links.list())
    answer = respond.part(
        "boards/_moved.html",
        heads=placed(at, asked, {old, request.form.get("column", "")}),
        card=None if record.is_out_of_sight else boards.card(at, asked, record),
        id_=record.id,
        place=boards.column_of(at, asked, new).place,
        is_placed=bool(request.form.get("placed")) and not has_lanes,
        **context(at, asked),
    )
    if request.form.get("placed"):
        respond.trigger(answer, "close-dialog")
        if has_lanes:
            respond.trigger(answer, "m:refresh")
    return _say_moved(answer, at, by, before, record, links.piece("/moves/undo"), change_set)


def _say_moved(
    answer: Response, at: Scope, by: Field, before: Record, record: Record, url: str, change_set: int
) -> Response:
    """The toast with its way back, if there was a move."""
    old, new = axes.value_of(by, before.values), axes.value_of(by, record.values)
    if old == new or record.is_out_of_sight:
        return answer
    title, column = title_of(at.eye, at.form, record), axes.name(at, by, new)
    text = N_("“{title}” is in “{column}” now", title=title, column=column)
    undo = {"url": url, "values": {"change_set": str(change_set), "record": str(record.id)}}
    return respond.trigger(answer, "toast", text=text.text(at.locale), undo=undo)


def _refuse(
    at: Scope, by: Field, url: str, record: Record, to: str, keys: list[str], error: Invalid, how: str
) -> Response:
    """The reason, in his language; fields he could fill at once come as a small form that is sent to `url`."""
    missing = [p.path for p in error.problems if p.path != by.key]
    fillable = needs.fillable(at, [*keys, *missing])
    if not missing or not set(missing) <= set(fillable):
        return needs.refused(at, needs.reason(error))
    label = axes.name(at, by, to)
    hidden = {"column": to, "version": record.version, how: "1"}
    if "lane" in request.form:
        hidden["lane"] = request.form["lane"]
    more: dict[str, Any] = {"hidden": hidden, "sent": keys, "problems": error.problems, "record": record}
    return needs.form(at, url, needs_more(label), move_to(label), fillable, **more)


def needs_more(column: Any) -> Message:
    return N_("“{column}” needs more first", column=column)


def move_to(column: Any) -> Message:
    return N_("Move to {column}", column=column)


def _stale(at: Scope, by: Field, id_: int, error: Stale) -> Response:
    """Somebody else was faster: both values are said; the board then fetches the card as it stands."""
    scope.end_unit(commit=False)
    at = screens.form(at.form.app, at.form.key)
    current = error.detail["current"] or records.get(at.unit, at.actor, at.form, id_)
    message = N_(
        "Somebody else has changed it meanwhile: it is in “{current}” now, you wanted “{wanted}”.",
        current=axes.name(at, by, axes.value_of(by, current.values)),
        wanted=axes.name(at, by, request.form.get("column", "")),
    )
    return needs.refused(at, message, 409)
