"""Several cards at once: to another column, to another owner; and taking a move back, of one card or of many."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.boards import blueprint, needs
from webapp.blueprints.boards.columns import board
from webapp.blueprints.boards.move import move_to, needs_more
from webapp.definitions.model import Field
from webapp.engines.forms import select
from webapp.engines.forms.board import axes, boards, moving
from webapp.engines.forms.board.moving import Moved
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid
from webapp.i18n import N_
from webapp.web import numbers, respond, scope, screens

Cards = list[tuple[int, int | None]]


@blueprint.get("/<app>/<form>/moves/assign")
def assign(app: str, form: str) -> Any:
    """Whose the picked cards shall be."""
    at, asked = board(app, form)
    if at.visible.get("owner") != "write":
        raise Invalid(N_("Your role may not change this field."))
    return respond.part("boards/_assign.html", at=at, links=screens.Links(at, asked), count=len(_cards()))


@blueprint.post("/<app>/<form>/moves")
def move_many(app: str, form: str) -> Any:
    """`cards`: `12:3,15:1` (id and version); `column` or `owner`; of the small form also what the column needs."""
    at, asked = board(app, form)
    select.require_form(at.unit, at.actor, at.form, "edit")
    cards, by = _cards(), boards.by_field(at, asked)
    keys, more = needs.given(at, by)
    wanted = {**more, **_wanted(at, by)}
    actor, name, title = at.actor, at.form.name, _title(at, by)
    joins = numbers.sent("change_set")
    scope.end_unit(commit=True)
    key = "owner" if "owner" in wanted else by.key
    done = moving.move_many(scope.database(), actor, name, cards, wanted, title, key=key, change_set=joins)
    at, asked = board(app, form)
    if _is_mendable(at, done):
        return _ask(at, asked, by, done, cards, keys)
    if done.change_set is not None:
        scope.end_unit(commit=False)
        moving.close(scope.database(), done.change_set)
        at, asked = board(app, form)
    return _say(at, asked, by, done, joins is not None)


@blueprint.post("/<app>/<form>/moves/undo")
def undo_move(app: str, form: str) -> Any:
    at = screens.form(app, form)
    select.require_form(at.unit, at.actor, at.form, "edit")
    id_ = numbers.sent("change_set") or 0
    actor, locale = at.actor, at.locale
    scope.end_unit(commit=True)
    done = moving.take_back(scope.database(), actor, id_)
    answer = respond.trigger(respond.nothing(), "m:refresh")
    if done.left:
        text = N_("Not all of it could be taken back: {reason}", reason=done.left[0][2]).text(locale)
        respond.trigger(answer, "toast", text=text, kind="bad")
    if request.form.get("record"):
        at = screens.form(app, form)
        respond.trigger(answer, "m:changed", url=f"{screens.Links(at).base}/{request.form['record'][:18]}")
    return answer


def _cards() -> Cards:
    found: Cards = []
    for text in request.values.get("cards", "").split(",")[: moving.MOST + 1]:
        id_, _, version = text.partition(":")
        if (number := numbers.of(id_)) is not None:
            found.append((number, numbers.of(version)))
    return found


def _wanted(at: Scope, by: Field) -> dict[str, Any]:
    if "owner" in request.form:
        if not request.form["owner"]:
            raise Invalid(N_("Choose who shall have them."))
        return {"owner": request.form["owner"]}
    return {by.key: axes.given(by, request.form.get("column", ""))}


def _title(at: Scope, by: Field) -> str:
    name = screens.form_label(at)
    if "owner" in request.form:
        return N_("{form}: other owner", form=name).text(at.locale)
    return N_("{form}: to “{column}”", form=name, column=_column(at, by)).text(at.locale)


def _column(at: Scope, by: Field) -> Any:
    return axes.name(at, by, request.form.get("column", ""))


def _is_mendable(at: Scope, done: Moved) -> bool:
    keys = {p.path for problems in done.lacking.values() for p in problems}
    return bool(keys) and set(needs.fillable(at, keys)) == keys


def _ask(at: Scope, asked: Asked, by: Field, done: Moved, cards: Cards, keys: list[str]) -> Response:
    """The fields that the cards which stayed still need, once for all of them."""
    problems = [p for one in done.lacking.values() for p in one]
    waiting = [(id_, version) for id_, version in cards if id_ in done.lacking]
    hidden = {
        "cards": ",".join(f"{id_}:{version or ''}" for id_, version in waiting),
        "column": request.form.get("column", ""),
        "change_set": done.change_set,
    }
    wanted = list(dict.fromkeys([*keys, *(p.path for p in problems)]))
    url, column = screens.Links(at, asked).piece("/moves"), _column(at, by)
    message = needs_more(column)
    if len(waiting) > 1:
        message = N_("“{column}” needs more of {n} cards", column=column, n=len(waiting))
    answer = needs.form(at, url, message, move_to(column), wanted, hidden=hidden, sent=keys, problems=problems)
    return respond.trigger(answer, "m:refresh") if done.moved else answer


def _say(at: Scope, asked: Asked, by: Field, done: Moved, is_rest: bool) -> Response:
    """How many moved, and why others did not; one step takes all of it back."""
    left = [*done.left.values(), *(problems[0].message for problems in done.lacking.values())]
    count = len(done.moved)
    if "owner" in request.form:
        text = N_("{n} cards have another owner now", n=count)
    else:
        text = N_("{n} cards are in “{column}” now", n=count, column=_column(at, by))
    said = text.text(at.locale) if count else ""
    if left:
        reasons = "; ".join(dict.fromkeys(m.text(at.locale) for m in left[:3]))
        stays = N_("{n} stay: {reasons}", n=len(left), reasons=reasons).text(at.locale)
        said = N_("{done}. {more}", done=said, more=stays).text(at.locale) if said else stays
    answer = respond.trigger(respond.nothing(), "m:refresh")
    respond.trigger(answer, "close-dialog")
    undo = {"url": screens.Links(at, asked).piece("/moves/undo"), "values": {"change_set": str(done.change_set)}}
    more: dict[str, Any] = {"undo": undo} if count or is_rest else {}
    return respond.trigger(answer, "toast", text=said, kind="" if count else "bad", **more)
