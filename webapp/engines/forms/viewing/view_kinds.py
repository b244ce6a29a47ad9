"""The kinds of views: how each is set and what it asks of the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.shapes import FieldName, GroupName, SortKey, grouped_by
from webapp.definitions.spec import ExpressionText, Integer, ListOf, MapOf, OneOf, Setting, Struct
from webapp.definitions.views import Need, view_kinds
from webapp.i18n import N_

_FILTER = Setting(ExpressionText("boolean"), label=N_("Filter"))
_SORT = Setting(ListOf(SortKey(), most=5), label=N_("Sort"))
_CHOICES = ("choice", "boolean", "member", "department", "record", "text")


class Grid:
    key = "grid"
    label = N_("Grid")
    settings = Struct(
        {
            "columns": Setting(ListOf(FieldName(is_path=True), least=1, most=60), label=N_("Columns")),
            "filter": _FILTER,
            "sort": _SORT,
            "group": Setting(ListOf(GroupName(_CHOICES), most=3), label=N_("Group by")),
            "totals": Setting(
                MapOf(OneOf(("sum", "average", "min", "max", "count")), key=FieldName(), most=30),
                label=N_("Totals"),
            ),
            "freeze": Setting(Integer(0, 3), label=N_("Frozen columns")),
            "height": Setting(OneOf(("short", "medium", "tall")), label=N_("Row height")),
            "widths": Setting(MapOf(Integer(48, 800), key=FieldName(is_path=True), most=60), label=N_("Widths")),
        }
    )

    def needs(self, settings: Mapping[str, Any]) -> tuple[Need, ...]:
        group = tuple(settings.get("group") or ())
        sort = tuple(settings.get("sort") or ("-id",))
        for place, name in enumerate(group):
            if grouped_by(name) != name:  # periods and steps are gone through in the order of their field
                return (Need(settings.get("filter"), group[:place], (grouped_by(name),)),)
        return (Need(settings.get("filter"), group, sort),)


class Kanban:
    key = "kanban"
    label = N_("Board")
    settings = Struct(
        {
            "by": Setting(FieldName(("choice", "boolean", "member", "department", "record")), required=True),
            "card": Setting(ListOf(FieldName(is_path=True), most=8), label=N_("On the card")),
            "color": Setting(FieldName(("choice", "boolean")), label=N_("Marked by")),
            "lanes": Setting(FieldName(_CHOICES[:5]), label=N_("Lanes")),
            "total": Setting(FieldName(("number", "duration")), label=N_("Sum at the head")),
            "filter": _FILTER,
            "sort": _SORT,
        }
    )

    def needs(self, settings: Mapping[str, Any]) -> tuple[Need, ...]:
        by, total = settings["by"], settings.get("total")
        sums = (total,) if total else ()
        sort = tuple(settings.get("sort") or ("-id",))
        found: tuple[Need, ...] = (Need(settings.get("filter"), (by,), sort, sums),)
        if lanes := settings.get("lanes"):
            found = (*found, Need(settings.get("filter"), (lanes, by), sort, sums))
        return found


view_kinds.register(Grid())
view_kinds.register(Kanban())
