"""What a board's page draws: its columns, and above them the menus of how it is arranged. Each entry is an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from webapp.blueprints.boards.columns import context
from webapp.definitions.model import Field
from webapp.engines.forms.board import axes, board_settings, boards, lanes
from webapp.engines.forms.display import name_of
from webapp.engines.forms.viewing import grouping, views
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.i18n import N_, label
from webapp.web.screens import Links

#: label, address, whether it is chosen
Entry = tuple[str, str, bool]


def page(at: Scope, asked: Asked) -> dict[str, Any]:
    by, links = boards.by_field(at, asked), Links(at, asked)
    has_lanes = board_settings.lane_key(at, asked) is not None
    columns = lanes.columns_of(at, asked) if has_lanes else boards.columns(at, asked)
    return {
        "columns": columns,
        "lanes": lanes.lanes(at, asked, columns) if has_lanes else (),
        "has_lanes": has_lanes,
        "is_still": axes.is_still(by),
        "by_label": label(by.label, at.locale) or by.key,
        "has_total": board_settings.total_key(at, asked) is not None,
        "new_in": lambda value: links.new(**{by.key: value, "next": links.list()}),
        "add_in": lambda value: f"{links.base}/add?{urlencode({by.key: value})}",
        "arranged": _arranged(at, asked, links),
        **context(at, asked),
    }


def _arranged(at: Scope, asked: Asked, links: Links) -> dict[str, Any]:
    none = N_("None").text(at.locale)

    def menu(change: str, chosen: str | None, shapes: tuple[str, ...]) -> list[Entry]:
        fields = board_settings.fitting(at, asked, shapes)
        changed: dict[str, Any] = {change: ""}
        found = [(none, links.list(**changed), chosen is None)]
        for field in fields:
            changed[change] = field.key
            found.append((name_of(field, at.locale), links.list(**changed), field.key == chosen))
        return found

    by = boards.by_field(at, asked)
    return {
        "fields": board_settings.offered(at, asked),
        "field_pairs": links.pairs(without=views.CHANGES["columns"]),
        "by": [(name_of(f, at.locale), links.list(by=f.key), f is by) for f in board_settings.possible(at)],
        "lanes": menu("group", board_settings.lane_key(at, asked), board_settings.LANES),
        "colors": menu("color", board_settings.mark_key(at, asked), board_settings.MARKS),
        "sums": menu("totals", board_settings.total_key(at, asked), ("number", "duration")),
        **_sort(at, asked, links),
    }


def _sort(at: Scope, asked: Asked, links: Links) -> dict[str, Any]:
    """A board is sorted by one field; pressing it again turns the order round."""
    first = views.orders(at, asked)[0]
    now = first.removeprefix("-")
    sortable = [
        f for k, f in at.form.names.items() if at.may_ask(k) and views.is_sortable(f) and k not in grouping.HIDDEN
    ]

    def to(found: Field) -> str:
        down = not first.startswith("-") if found.key == now else found.type.name in ("number", "duration")
        return links.list(sort=f"-{found.key}" if down else found.key)

    return {
        "sorts": [(name_of(f, at.locale), to(f), f.key == now) for f in sortable],
        "sorted_by": next((name_of(f, at.locale) for f in sortable if f.key == now and now != "id"), ""),
        "is_down": first.startswith("-"),
    }
