"""What can be done with one column of a grid: a menu of addresses."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.blueprints.records import blueprint
from webapp.engines.forms.viewing import arranged, grouping, paths, totals, views
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import N_
from webapp.web import respond, screens


@blueprint.get("/<app>/<form>/column-menu")
def column_menu(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    key = request.args.get("key", "")
    keys = arranged.column_keys(at, asked)
    if key not in keys:
        raise NotFound(N_("There is no field “{key}”.", key=key[:40]))
    links, found = screens.Links(at, asked), at.form.names.get(key)
    now = (arranged.totals(at, asked) or totals.wanted(at, asked)).get(key)
    place = keys.index(key)
    return respond.part(
        "records/_column_menu.html",
        at=at,
        key=key,
        name=paths.name(at.definitions, at.form, key, at.locale),
        links=links,
        is_sortable=found is not None and at.may_ask(key) and views.is_sortable(found),
        sorts=asked.sort or "",
        orders=views.orders(at, asked),
        groups=[(word, links.list(group=name)) for name, word in grouping.ways(at, key)],
        measures=[(how, word, how == now) for how, word in _measures(at, key)],
        set_measure=lambda how: links.list(totals=_with_measure(at, asked, key, how)),
        is_measured=now is not None,
        is_frozen=arranged.freeze(asked) == place + 1,
        freeze=place + 1 if place < arranged.MOST_FROZEN else None,
        without=",".join(k for k in keys if k != key) if key != at.form.title else None,
        left=_moved(keys, place, -1),
        right=_moved(keys, place, 1),
    )


def _moved(keys: tuple[str, ...], place: int, by: int) -> str | None:
    there = place + by
    if not 0 <= there < len(keys):
        return None
    moved = list(keys)
    moved.insert(there, moved.pop(place))
    return ",".join(moved)


_WORDS = {
    "sum": N_("Sum"),
    "average": N_("Average"),
    "min": N_("Least"),
    "max": N_("Most"),
    "count": N_("Filled"),
}


def _measures(at: Scope, key: str) -> list[tuple[str, Any]]:
    found = at.form.names.get(key)
    if found is None or not at.may_ask(key):
        return []
    return [(how, word) for how, word in _WORDS.items() if totals.fits(found, how)]


def _with_measure(at: Scope, asked: Asked, key: str, how: str) -> str:
    """All sums of the grid with this one otherwise; "" takes it away."""
    chosen = dict(totals.wanted(at, asked))
    chosen.pop(key, None)
    if how:
        chosen[key] = how
    return arranged.totals_text(chosen)
