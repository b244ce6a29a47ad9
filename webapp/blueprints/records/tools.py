"""The menus above a grid: groups, sorts, fields, height of the rows. Each entry is an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webapp.blueprints.records import blueprint
from webapp.engines.forms.display import name_of
from webapp.engines.forms.sorting import MOST_KEYS
from webapp.engines.forms.viewing import arranged, grouping, views
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import N_
from webapp.web import respond, screens
from webapp.web.screens import Links

#: label, address, whether it is chosen
Entry = tuple[str, str, bool]
#: The entry for none; fields with the ways to group by each (one without a word: by the field itself).
GroupMenu = tuple[Entry, list[tuple[str, list[Entry]]]]
_HEIGHTS = {"short": N_("Short"), "medium": N_("Medium"), "tall": N_("Tall")}


def tools(at: Scope, asked: Asked) -> dict[str, Any]:
    """What the buttons say: names of the groups; names of the sorts, and whether the largest is first."""
    names = {k: name_of(f, at.locale) for k, f in at.form.names.items()}
    return {
        "grouped": [group.label(at) for group in arranged.groups(at, asked)],
        "sorted": [(names.get(k, k), o.startswith("-")) for o, k in _orders(at, asked)],
    }


def _orders(at: Scope, asked: Asked) -> list[tuple[str, str]]:
    """Each sort as it is written, and its field."""
    return [(o, o.removeprefix("-")) for o in views.orders(at, asked) if o.removeprefix("-") != "id"]


@blueprint.get("/<app>/<form>/tools/<which>")
def list_menu(app: str, form: str, which: str) -> Any:
    """What stands in one of the menus: group, sort, fields, height."""
    at = screens.form(app, form)
    asked = screens.asked(at)
    if which not in ("group", "sort", "fields", "height"):
        raise NotFound(N_("There is nothing here"))
    links = Links(at, asked)
    made = {
        "groups": _groups(at, links, tuple(g.name for g in arranged.groups(at, asked))),
        **_sorts(at, asked, links),
        "fields": arranged.offered(at, asked),
        "title": at.form.title,
        "field_pairs": links.pairs(without=views.CHANGES["columns"]),
        "heights": [
            (word.text(at.locale), links.list(height=key), key == arranged.height(asked))
            for key, word in _HEIGHTS.items()
        ],
    }
    return respond.part("records/_tool_menu.html", which=which, tools=made, links=links, at=at)


def _groups(at: Scope, links: Links, grouped: tuple[str, ...]) -> list[GroupMenu]:
    """The first level, and the second where there is a first."""

    def level(none: str, without: str, chosen: str, make: Callable[[str], str]) -> GroupMenu:
        fields = []
        for key, field in at.form.names.items():
            ways = [(word, links.list(group=make(name)), name == chosen) for name, word in grouping.ways(at, key)]
            if ways:
                fields.append((name_of(field, at.locale), ways))
        return (none, links.list(group=without), not chosen), fields

    now = (*grouped, "", "")
    second = now[1]
    first = level(N_("No groups").text(at.locale), "", now[0], lambda n: ",".join(filter(None, (n, second))))
    if not grouped:
        return [first]
    none = N_("No second level").text(at.locale)
    return [first, level(none, grouped[0], second, lambda n: f"{grouped[0]},{n}")]


def _sorts(at: Scope, asked: Asked, links: Links) -> dict[str, Any]:
    orders = [o for o, _ in _orders(at, asked)]
    sortable = [(k, f) for k, f in at.form.names.items() if at.may_ask(k) and views.is_sortable(f)]
    names = {k: name_of(f, at.locale) for k, f in sortable if k not in grouping.INNER}
    made = []
    for place, order in enumerate(orders):
        key = order.removeprefix("-")
        flipped = key if order.startswith("-") else f"-{key}"
        rest = [o for i, o in enumerate(orders) if i != place]
        made.append(
            {
                "label": names.get(key, key),
                "down": order.startswith("-"),
                "flip": links.list(sort=",".join([*orders[:place], flipped, *orders[place + 1 :]])),
                "drop": links.list(sort=",".join(rest) or "-id"),
            }
        )
    used = {o.removeprefix("-") for o in orders}
    more = [(name, links.list(sort=",".join([*orders, key]))) for key, name in names.items() if key not in used]
    return {"sorts": made, "more_sorts": more if len(orders) < MOST_KEYS else []}
