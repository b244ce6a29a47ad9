"""How a board is arranged for one reader: its columns, swimlanes, the fields of its cards, their mark, the sum above.

Each comes from the address if it says so, else from the view. What he may not see is left out here, and kept when he
saves the view. Which columns and lanes he has folded is remembered for him alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from webapp.definitions.model import Field, View
from webapp.engines.forms import arranged, grouping, paths, saved
from webapp.engines.forms.views import Asked, Scope

MOST_ON_CARD = 8
#: Shapes of fields that lie across a board as lanes.
LANES = ("choice", "boolean", "member", "department", "record")
MARKS = ("choice", "boolean")


def by_field(at: Scope, view: View) -> Field:
    """The field whose options are the board's columns."""
    return at.form.field(view.settings["by"])


def card_keys(at: Scope, asked: Asked) -> tuple[str, ...]:
    """Fields on the cards that the reader may see, in order."""
    text = asked.change("columns")
    wanted = text.split(",") if text is not None else list(asked.view.settings.get("card") or ())
    if not wanted:
        wanted = [k for k in list(at.form.fields)[:5] if k != asked.view.settings.get("by")]
    found = [k for k in dict.fromkeys(wanted) if paths.field(at.definitions, at.form, k) and paths.may_see(at, k)]
    return tuple(found[:MOST_ON_CARD])


def mark_key(at: Scope, asked: Asked) -> str | None:
    """The choice that marks cards with its colour."""
    return _one(at, asked, "color", MARKS)


def lane_key(at: Scope, asked: Asked) -> str | None:
    """The field whose values lie across the board as lanes."""
    found = _one(at, asked, "group", LANES, "lanes")
    if found is None or found == asked.view.settings.get("by"):
        return None
    return found if grouping.read(at, found) else None  # a link by a name one may read


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
    by = asked.view.settings.get("by")
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
    return {k: v for k, v in settings.items() if v not in (None, [], {})}


def folded(at: Scope, view: View, what: str = "columns") -> frozenset[str]:
    """Values of the columns (or `lanes`) that he has folded on this board."""
    found = at.shelf.kept.get(view.key, {}).get(f"folded_{what}") or ()
    return frozenset(str(value) for value in found)


def fold(at: Scope, view: View, value: str, *, is_folded: bool, what: str = "columns") -> None:
    """Remember for him that a column (or one of the `lanes`) is folded, or open again."""
    before = set(folded(at, view, what))
    now = before | {value} if is_folded else before - {value}
    if now != before:
        saved.keep(at, view, **{f"folded_{what}": sorted(now)[:100] or None})
