"""The menus above a grid: groups, sorts, fields, height of the rows. Each entry is an address."""

from __future__ import annotations

from typing import Any

from webapp.blueprints.records import blueprint
from webapp.engines.forms import arranged, views
from webapp.engines.forms.display import name_of
from webapp.engines.forms.sorting import MOST_KEYS
from webapp.engines.forms.views import Asked, Scope
from webapp.errors import NotFound
from webapp.i18n import N_
from webapp.web import respond, screens
from webapp.web.screens import Links

#: label, address, whether it is chosen
Entry = tuple[str, str, bool]
_HEIGHTS = {"short": N_("Short"), "medium": N_("Medium"), "tall": N_("Tall")}


def tools(at: Scope, asked: Asked) -> dict[str, Any]:
    """What the buttons say: names of the groups; names of the sorts, and whether the largest is first."""
    names = {k: name_of(f, at.locale) for k, f in at.form.names.items()}
    return {
        "grouped": [names[k] for k in arranged.groups(at, asked)],
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
        "groups": _groups(at, links, arranged.groups(at, asked)),
        **_sorts(at, asked, links),
        "fields": arranged.offered(at, asked),
        "title": at.form.title,
        "field_pairs": [pair for pair in links.pairs() if pair[0] != views.CHANGES["columns"]],
        "heights": [
            (word.text(at.locale), links.list(height=key), key == arranged.height(asked))
            for key, word in _HEIGHTS.items()
        ],
    }
    return respond.part("records/_tool_menu.html", which=which, tools=made, links=links, at=at)


def _groups(at: Scope, links: Links, grouped: tuple[str, ...]) -> list[list[Entry]]:
    """Entries of the first level, and of the second where there is a first."""
    fields = [(f.key, name_of(f, at.locale)) for f in arranged.groupable(at)]
    none = N_("No groups").text(at.locale)
    first = [(none, links.list(group=""), not grouped)]
    first += [(name, links.list(group=",".join((k, *grouped[1:2]))), grouped[:1] == (k,)) for k, name in fields]
    if not grouped:
        return [first]
    second = [(N_("No second level").text(at.locale), links.list(group=grouped[0]), len(grouped) < 2)]
    second += [
        (name, links.list(group=f"{grouped[0]},{k}"), grouped[1:] == (k,)) for k, name in fields if k != grouped[0]
    ]
    return [first, second]


def _sorts(at: Scope, asked: Asked, links: Links) -> dict[str, Any]:
    orders = [o for o, _ in _orders(at, asked)]
    sortable = [(k, f) for k, f in at.form.names.items() if at.may_ask(k) and views.is_sortable(f)]
    names = {k: name_of(f, at.locale) for k, f in sortable if k not in arranged.INNER}
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
