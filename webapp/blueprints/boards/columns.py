"""More cards of one column, all columns as they are now, count and sum above them, and folding one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request

from webapp.blueprints.boards import blueprint
from webapp.engines.forms.board import axes, board_settings, boards, lanes
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import N_
from webapp.web import numbers, respond, scope, screens


def board(app: str, form: str) -> tuple[Scope, Asked]:
    """The board the address names; raises `NotFound` when the view is none."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    if asked.view.kind != "kanban":
        raise NotFound(N_("This view is not a board."))
    return at, asked


@blueprint.get("/<app>/<form>/column")
def column(app: str, form: str) -> Any:
    at, asked = board(app, form)
    value, lane = request.args.get("column", ""), request.args.get("lane")
    if lane is not None and board_settings.lane_key(at, asked):
        found = lanes.cell(at, asked, lane, value)
        place = f"{lanes.place_of(at, asked, lane)}-{found.place}"
        return respond.part("boards/_cards.html", column=found, place=place, lane_value=lane, **context(at, asked))
    behind = numbers.asked("behind")
    if behind is not None:
        after = boards.cursor_behind(at, asked, value, behind)
        if after is None:  # it has left this column: the board is brought up to date instead
            return respond.trigger(respond.nothing(), "m:refresh")
        asked = replace(asked, after=after)
    found = boards.column(at, asked, value)
    return respond.part("boards/_cards.html", column=found, place=found.place, **context(at, asked))


@blueprint.get("/<app>/<form>/cards")
def cards(app: str, form: str) -> Any:
    """All columns as they are now, as long as the longest that is `shown` (within reason), for an open board."""
    at, asked = board(app, form)
    if board_settings.lane_key(at, asked):
        found = lanes.some(at, asked, request.args.getlist("lane"))
        return respond.part("boards/_lanes.html", lanes=found, is_live=True, **context(at, asked))
    shown = numbers.asked("shown", 10**5) or 0
    pages = min(-(-shown // boards.COLUMN_PAGE), boards.MOST_PAGES)
    columns = boards.columns(at, asked, limit=max(pages, 1) * boards.COLUMN_PAGE)
    return respond.part("boards/_columns.html", columns=columns, **context(at, asked))


@blueprint.get("/<app>/<form>/heads")
def heads(app: str, form: str) -> Any:
    at, asked = board(app, form)
    found = placed(at, asked)
    return respond.part("boards/_heads.html", heads=found, count=f"{sum(one.count for one in found):,}")


@blueprint.post("/<app>/<form>/board/fold")
def fold(app: str, form: str) -> Any:
    """Remember that a column (or a lane) is folded; the cards of a column that is opened are the answer."""
    at, asked = board(app, form)
    if "lane" in request.form:
        is_folded = bool(request.form.get("folded"))
        board_settings.fold(at, asked, request.form["lane"][:2000], is_folded=is_folded, what="lanes")
        return respond.nothing()
    value, is_folded = request.form.get("column", ""), bool(request.form.get("folded"))
    if not axes.is_mark(boards.by_field(at, asked), value):
        raise NotFound(N_("There is no column “{key}” on this board.", key=value[:40]))
    board_settings.fold(at, asked, value, is_folded=is_folded)
    if is_folded:
        return respond.nothing()
    scope.settle()
    at, asked = board(app, form)
    found = boards.column(at, asked, value)
    return respond.part("boards/_cards.html", column=found, place=found.place, **context(at, asked))


def placed(at: Scope, asked: Asked, only: set[str] | None = None) -> list[boards.Head]:
    """The heads of all columns, or of `only` these values: of those that no record has any more, too."""
    found = boards.heads(at, asked)
    if only is None:
        return list(found.values())
    gone = [v for v in only - set(found) if axes.is_mark(boards.by_field(at, asked), v)]
    return [found[v] for v in only if v in found] + [boards.empty_head(at, asked, v) for v in gone]


def context(at: Scope, asked: Asked) -> dict[str, Any]:
    """What drawing cards needs."""
    by = boards.by_field(at, asked)
    return {
        "at": at,
        "links": screens.Links(at, asked),
        "may_move": at.may("edit") and at.visible.get(by.key) == "write",
        "may_change_lane": lanes.may_change(at, asked),
        "may_assign": at.may("edit") and at.visible.get("owner") == "write",
    }
