"""More cards of one column, and count and sum above every column."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.boards import blueprint
from webapp.engines.forms import boards
from webapp.engines.forms.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import N_
from webapp.web import respond, screens


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
    lane = boards.lane(at, asked, request.args.get("column", ""))
    values = [o.value for o in boards.by_field(at, asked.view).type.options]
    place = values.index(lane.value) if lane.value else len(values)
    return respond.part("boards/_cards.html", lane=lane, at_lane=place, **card_context(at, asked))


@blueprint.get("/<app>/<form>/cards")
def cards(app: str, form: str) -> Any:
    """All columns as they are now, as long as the longest that is `shown` (within reason), for an open board."""
    at, asked = board(app, form)
    given = request.args.get("shown", "")
    shown = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    pages = min(-(-shown // boards.COLUMN_PAGE), boards.MOST_PAGES)
    lanes = boards.lanes(at, asked, limit=max(pages, 1) * boards.COLUMN_PAGE)
    return respond.part("boards/_columns.html", lanes=lanes, **card_context(at, asked))


@blueprint.get("/<app>/<form>/heads")
def heads(app: str, form: str) -> Any:
    at, asked = board(app, form)
    found = placed(at, asked)
    return respond.part("boards/_heads.html", heads=found, count=f"{sum(h['count'] for h in found):,}")


def placed(at: Scope, asked: Asked, only: set[str] | None = None) -> list[dict[str, Any]]:
    """Heads with the place of their column, of all columns or of `only` these values."""
    found = boards.heads(at, asked)
    values = [o.value for o in boards.by_field(at, asked.view).type.options] + [""]
    return [
        {"at": i, "count": found[v].count, "total": found[v].total}
        for i, v in enumerate(values)
        if v in found and (only is None or v in only)
    ]


def card_context(at: Scope, asked: Asked) -> dict[str, Any]:
    by = boards.by_field(at, asked.view)
    return {
        "at": at,
        "links": screens.Links(at, asked),
        "may_move": at.may("edit") and at.visible.get(by.key) == "write",
    }
