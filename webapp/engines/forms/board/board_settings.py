"""How a board is arranged for one reader: its columns, swimlanes, the fields of its cards, their mark, the sum above.

Each comes from the address if it says so, else from the view. What he may not see is left out here, and kept when he
saves the view. Which columns and lanes he has folded is remembered for him alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms.board import axes
from webapp.engines.forms.viewing import arranged, grouping, paths, saved
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid, Problem
from webapp.i18n import N_

MOST_ON_CARD = 8
#: Shapes of fields that lie across a board as lanes.
LANES = axes.SHAPES
MARKS = ("choice", "boolean")


def by_field(at: Scope, asked: Asked) -> Field:
    """The field whose values are the board's columns."""
    key = asked.change("by")
    if key and _fits(at, key, LANES) and axes.may_lie(at, at.form.names[key]):
        return at.form.names[key]
    return at.form.field(asked.view.settings["by"])


def possible(at: Scope) -> list[Field]:
    """Fields whose values could be the columns of a board."""
    return [f for k, f in at.form.names.items() if _fits(at, k, LANES) and axes.may_lie(at, f)]


def card_keys(at: Scope, asked: Asked) -> tuple[str, ...]:
    """Fields on the cards that the reader may see, in order."""
    text = asked.change("columns")
    wanted = text.split(",") if text is not None else list(asked.view.settings.get("card") or ())
    if not wanted:
        wanted = [k for k in list(at.form.fields)[:5] if k != by_field(at, asked).key]
    found = [k for k in dict.fromkeys(wanted) if paths.field(at.definitions, at.form, k) and paths.may_see(at, k)]
    return tuple(found[:MOST_ON_CARD])


def mark_key(at: Scope, asked: Asked) -> str | None:
    """The choice that marks cards with its colour."""
    return _one(at, asked, "color", MARKS)


def lane_key(at: Scope, asked: Asked) -> str | None:
    """The field whose values lie across the board as lanes."""
    found = _one(at, asked, "group", LANES, "lanes")
    if found is None or found == by_field(at, asked).key:
        return None
    return found if axes.may_lie(at, at.form.names[found]) else None  # a link by a name one may read


def total_key(at: Scope, asked: Asked) -> str | None:
    """The number that is summed above the columns."""
    return _one(at, asked, "totals", ("number", "duration"), "total")


def _one(at: Scope, asked: Asked, change: str, shapes: Iterable[str], setting: str | None = None) -> str | None:
    text = asked.change(change)
    key = text if text is not None else asked.view.settings.get(setting or change)
    return key if key and _fits(at, key, shapes) else None


def _fits(at: Scope, key: str, shapes: Iterable[str]) -> bool:
    found = at.form.names.get(key)
    return found is not None and found.type.name in shapes and at.may_ask(key) and key not in grouping.INNER


def fitting(at: Scope, asked: Asked, shapes: Iterable[str]) -> list[Field]:
    """Fields that may be chosen for lanes, marks or sums."""
    by = by_field(at, asked).key
    return [f for k, f in at.form.names.items() if k != by and _fits(at, k, shapes)]


def offered(at: Scope, asked: Asked) -> list[tuple[str, str, bool]]:
    """Every field that may stand on a card: key, name, whether it does; those that do first, in their order."""
    shown = card_keys(at, asked)
    plain = [
        k for k, f in at.form.names.items() if arranged.is_plain(f) and paths.may_see(at, k) and k not in grouping.INNER
    ]
    rest = [k for k in plain if k not in shown and k != at.form.title]
    return [(k, paths.name(at.definitions, at.form, k, at.locale), k in shown) for k in (*shown, *rest)]


def saved_settings(at: Scope, asked: Asked, made: dict[str, Any]) -> dict[str, Any]:
    """`made` with what the address changes."""
    settings = dict(made)
    if asked.change("columns") is not None:
        before = asked.view.settings.get("card") or ()
        settings["card"] = arranged.merged(before, card_keys(at, asked), lambda k: arranged.is_seen(at, k))
    for change, name, key in (
        ("color", "color", mark_key(at, asked)),
        ("group", "lanes", lane_key(at, asked)),
        ("totals", "total", total_key(at, asked)),
    ):
        if asked.change(change) is not None:
            settings[name] = key
    if asked.change("by") is not None:
        settings["by"] = by_field(at, asked).key
    return {k: v for k, v in settings.items() if v not in (None, [], {})}


def folded(at: Scope, asked: Asked, what: str = "columns") -> frozenset[str]:
    """Values of the columns (or `lanes`) that he has folded on this board."""
    found = at.shelf.kept.get(asked.view.key, {}).get(f"folded_{what}") or ()
    return frozenset(str(value) for value in found)


def fold(at: Scope, asked: Asked, value: str, *, is_folded: bool, what: str = "columns") -> None:
    """Remember for him that a column (or one of the `lanes`) is folded, or open again."""
    before = set(folded(at, asked, what))
    now = before | {value} if is_folded else before - {value}
    if now != before:
        saved.keep(at, asked.view, **{f"folded_{what}": sorted(now)[:100] or None})


def first_by(at: Scope, asked: Asked) -> str:
    """What a new board would have its columns by: as the board that is shown, else its stages, else a choice."""
    if asked.view.kind == "kanban":
        return by_field(at, asked).key
    fields = possible(at)
    rank = {"stage": 0, "select": 1, "radio": 2}
    return min(fields, key=lambda f: rank.get(f.kind_key, 3)).key if fields else ""


def as_kind(at: Scope, asked: Asked, kind: str, by: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The settings of a new view of another kind than the one that is shown, with what both kinds know."""
    if kind == "grid":
        if asked.view.kind == "grid":
            return kind, settings
        return kind, {k: v for k, v in settings.items() if k in ("filter", "sort")}
    if kind != "kanban" or by not in {f.key for f in possible(at)}:
        message = N_("Choose what the columns of the board are.")
        raise Invalid(message, problems=[Problem("by", message)])
    if asked.view.kind == "kanban":
        return "kanban", {**settings, "by": by}
    keys = [k for k in arranged.column_keys(at, asked) if k not in (by, at.form.title)]
    amount = next((k for k in keys if (f := at.form.names.get(k)) and f.kind_key == "money" and at.may_ask(k)), None)
    made: dict[str, Any] = {"by": by, "card": keys[:MOST_ON_CARD], "total": amount}
    made |= {k: v for k, v in settings.items() if k in ("filter", "sort")}
    return "kanban", {k: v for k, v in made.items() if v}
