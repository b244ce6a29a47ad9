"""Who wants to know of which events. Asked by the door in the transaction that writes them.

An interest names forms, kinds of events and fields; what it does about an event is adding due rows, never more. The
interests of rules, flows and webhooks stand in the definitions: their `source` makes them once per compiled
definition, and `of` keeps them by form so that a save without any costs one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from webapp.db import Unit

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Interest:
    """
    key      names it in logs and in *Why?*
    tell     `tell(unit, rows)` with the matching rows of one append, each with its `id`; adds due rows
    forms    `crm.deal` …, or None for all
    kinds    created, updated, deleted, restored, purged, or None for all
    fields   an `updated` event counts only if one of these changed; None for any
    on_undo  events of an undo are told as well (history and sums want them, rules and mails do not)
    """

    key: str
    tell: Callable[[Unit, Sequence[Row]], None]
    forms: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    on_undo: bool = False

    def wants(self, row: Row) -> bool:
        if self.kinds is not None and row["kind"] not in self.kinds:
            return False
        if row["via"] == "undo" and not self.on_undo:
            return False
        if self.fields is not None and row["kind"] == "updated":
            return not self.fields.isdisjoint(row.get("changes") or ())
        return True


Source = Callable[[Any], Iterable[Interest]]
_sources: list[Source] = []
_compiled: WeakKeyDictionary[Any, dict[str | None, list[Interest]]] = WeakKeyDictionary()


def source(fn: Source) -> Source:
    """Register `fn(definitions) -> interests`."""
    _sources.append(fn)
    _compiled.clear()
    return fn


def forget(fn: Source) -> None:
    """Take a source out again (tests)."""
    _sources.remove(fn)
    _compiled.clear()


def of(definitions: Any, form: str) -> list[Interest]:
    """The interests in one form (`crm.deal`), compiled once per definitions."""
    if not _sources:
        return []
    by_form = _compiled.get(definitions)
    if by_form is None:
        by_form = _compiled[definitions] = _by_form(definitions)
    return [*by_form.get(form, ()), *by_form.get(None, ())]


def _by_form(definitions: Any) -> dict[str | None, list[Interest]]:
    by_form: dict[str | None, list[Interest]] = {}
    for interest in (one for make in _sources for one in make(definitions)):
        for form in interest.forms or (None,):
            by_form.setdefault(form, []).append(interest)
    return by_form


def tell(unit: Unit, definitions: Any, rows: Sequence[Row], ids: Sequence[int]) -> None:
    """Tell whom it concerns of the `rows` just appended and their `ids`, in their order."""
    by_form: dict[str, list[Row]] = {}
    for row, id in zip(rows, ids, strict=True):
        by_form.setdefault(f"{row['app']}.{row['form']}", []).append({**row, "id": id})
    for form, found in by_form.items():
        for interest in of(definitions, form):
            wanted = [row for row in found if interest.wants(row)]
            if wanted:
                interest.tell(unit, wanted)
