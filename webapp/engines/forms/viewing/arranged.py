"""How a grid is arranged for one reader: columns, groups, sums, frozen columns, heights and widths.

Each comes from the address if it says so, else from the view; widths from what the reader remembered, else from the
view. What he may not see is left out here, and kept when he saves the view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms.viewing import grouping, paths
from webapp.engines.forms.viewing.grouping import INNER, Group
from webapp.engines.forms.viewing.saved import SavedView
from webapp.engines.forms.viewing.views import MOST_GROUPS, Asked, Scope

MOST_COLUMNS = 8  # of a grid that nobody has set up
MOST_CHOSEN = 60
MOST_FROZEN = 3
HEIGHTS = ("short", "medium", "tall")
WIDTHS = (48, 800)


def mark(asked: Asked) -> tuple[Any, ...]:
    """Tells one arrangement of a view from another, for what is kept."""
    view = asked.view
    return (view.key, (view.id, view.version) if isinstance(view, SavedView) else 0, asked.changes)


def _listed(asked: Asked, name: str) -> list[str] | None:
    text = asked.change(name)
    return None if text is None else [key for key in text.split(",") if key][:MOST_CHOSEN]


def column_keys(at: Scope, asked: Asked) -> tuple[str, ...]:
    """Fields of the columns that the reader may see, in order, the title always among them."""
    wanted = _listed(asked, "columns")
    if wanted is None:
        wanted = list(asked.view.settings.get("columns") or ())
    chosen = [k for k in dict.fromkeys(wanted) if paths.field(at.definitions, at.form, k)]
    if not chosen:
        chosen = [k for k, f in at.form.fields.items() if is_plain(f)][:MOST_COLUMNS]
    if at.form.title not in chosen:
        chosen.insert(0, at.form.title)
    return tuple(k for k in chosen if paths.may_see(at, k))


def is_plain(found: Field) -> bool:
    return found.type.name != "records"


def offered(at: Scope, asked: Asked) -> list[tuple[str, str, bool]]:
    """Every field that may be a column: key, name, whether it is one; the columns first, in their order."""
    shown = column_keys(at, asked)
    rest = [k for k, f in at.form.names.items() if k not in shown and is_plain(f) and paths.may_see(at, k)]
    every = [*shown, *(k for k in rest if k not in INNER)]
    return [(k, paths.name(at.definitions, at.form, k, at.locale), k in shown) for k in every]


def groups(at: Scope, asked: Asked) -> tuple[Group, ...]:
    """What heads the rows, at most two."""
    wanted = _listed(asked, "group")
    if wanted is None:
        wanted = list(asked.view.settings.get("group") or ())
    found = [grouping.read(at, name) for name in dict.fromkeys(wanted)]
    return tuple(group for group in found if group is not None)[:MOST_GROUPS]


def totals(at: Scope, asked: Asked) -> Mapping[str, str] | None:
    """Column → sum, average, min, max or count; None where nobody has chosen."""
    text = asked.change("totals")
    if text is None:
        chosen: Mapping[str, str] | None = asked.view.settings.get("totals")
        return chosen
    pairs = [part.rpartition(".") for part in text.split(",") if part]
    return {key: how for key, _, how in pairs if key}


def totals_text(chosen: Mapping[str, str]) -> str:
    return ",".join(f"{key}.{how}" for key, how in chosen.items())


def freeze(asked: Asked) -> int:
    """How many columns stay in sight, counted from the left."""
    text = asked.change("freeze")
    found = (int(text) if text.isascii() and text.isdigit() else 1) if text else asked.view.settings.get("freeze")
    return min(max(1 if found is None else int(found), 0), MOST_FROZEN)


def height(asked: Asked) -> str:
    found = asked.change("height") or asked.view.settings.get("height")
    return found if found in HEIGHTS else "short"


def widths(at: Scope, asked: Asked) -> dict[str, int]:
    """Column → its width in px, where somebody has set one."""
    mine = at.shelf.kept.get(asked.view.key, {}).get("widths") or {}
    return {k: v for k, v in {**(asked.view.settings.get("widths") or {}), **mine}.items() if is_width(v)}


def is_width(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and WIDTHS[0] <= given <= WIDTHS[1]


def saved_settings(at: Scope, asked: Asked, made: dict[str, Any]) -> dict[str, Any]:
    """`made` with what the address changes of the arrangement."""
    settings = {k: v for k, v in made.items() if v not in (None, [], {})}
    if asked.view.kind == "kanban":
        from webapp.engines.forms.board import board_settings

        return board_settings.saved_settings(at, asked, settings)
    if asked.view.kind != "grid":
        return settings
    before = asked.view.settings
    if asked.change("columns") is not None:
        settings["columns"] = merged(before.get("columns") or (), column_keys(at, asked), lambda k: is_seen(at, k))
    if asked.change("group") is not None:
        settings["group"] = merged(
            before.get("group") or (), [g.name for g in groups(at, asked)], lambda k: grouping.read(at, k) is not None
        )
    if asked.change("totals") is not None:
        unseen = {k: v for k, v in (before.get("totals") or {}).items() if not at.may_ask(k)}
        settings["totals"] = {**unseen, **{k: v for k, v in (totals(at, asked) or {}).items() if at.may_ask(k)}}
    if asked.change("freeze") is not None:
        settings["freeze"] = freeze(asked)
    if asked.change("height") is not None:
        settings["height"] = height(asked)
    if found := widths(at, asked):
        settings["widths"] = found
    return {k: v for k, v in settings.items() if v not in ([], {}) or (k == "totals" and asked.change("totals"))}


def is_seen(at: Scope, path: str) -> bool:
    return paths.field(at.definitions, at.form, path) is None or paths.may_see(at, path)


def merged(before: Iterable[str], now: Iterable[str], is_seen: Any) -> list[str]:
    """`now`, with what was there before and its saver does not see at its old place."""
    merged = list(now)
    for place, key in enumerate(before):
        if key not in merged and not is_seen(key):
            merged.insert(min(place, len(merged)), key)
    return merged
