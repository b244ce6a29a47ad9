"""What a plan is made of, and what all that compares two versions of an app works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.db import Unit
from webapp.definitions import storage
from webapp.definitions.model import App, Definitions, Field, Form
from webapp.definitions.storage import Work
from webapp.i18n import N_, Message

NONE, CHANGE, LOSS, BLOCKED = "none", "change", "loss", "blocked"
_ORDER = (NONE, CHANGE, LOSS, BLOCKED)
SETTING = {"label": N_("label"), "icon": N_("icon"), "uses": N_("list of used apps"), "title": N_("title field")}


@dataclass(frozen=True)
class Change:
    """One difference. `severity` is change, loss (needs consent: data lost or shown) or blocked (mend it first)."""

    path: str
    message: Message
    severity: str = CHANGE
    code: str = "changed"

    def json(self) -> dict[str, Any]:
        texts = {language: self.message.text(language) for language in ("en", "zh")}
        return {"path": self.path, "severity": self.severity, "code": self.code, "message": texts}


@dataclass(frozen=True)
class Plan:
    """`before` is the version in force (0: none). Empty means that publishing would change nothing."""

    app: str
    before: int
    changes: tuple[Change, ...] = ()
    work: tuple[Work, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        return not self.changes and self.before > 0

    @property
    def severity(self) -> str:
        return max((c.severity for c in self.changes), key=_ORDER.index, default=NONE)

    def json(self) -> dict[str, Any]:
        return {
            "app": self.app,
            "before": self.before,
            "severity": self.severity,
            "changes": [c.json() for c in self.changes],
            "work": [{"form": w.form, "what": w.what, "field": w.field} for w in self.work],
        }


class Comparison:
    """Two versions of an app, compiled, with what was found different so far and the work that follows from it.

    `before` is None for a new app. Without a unit nothing is counted.
    """

    def __init__(self, old: Definitions, new: Definitions, before: App | None, after: App, unit: Unit | None) -> None:
        self.old, self.new, self.before, self.after, self.unit = old, new, before, after, unit
        self.changes: list[Change] = []
        self.work: list[Work] = []

    def say(self, path: str, message: Message, severity: str = CHANGE, code: str = "changed") -> None:
        self.changes.append(Change(path, message, severity, code))

    def entry(self, app: App, form: Form, item: Field) -> Mapping[str, Any]:
        entry: Mapping[str, Any] = app.names["forms"].get(form.key, {"fields": {}})["fields"].get(item.key, {})
        return entry

    def place(self, app: App, form: Form, item: Field) -> dict[str, Any]:
        """Where a field stands; what a formula computes may change at any time, the newest work takes over."""
        return {key: value for key, value in (self.entry(app, form, item) or {}).items() if key != "formula"}

    def count(self, form: Form) -> Any:
        return storage.get().count(self.unit, form) if self.unit is not None else "?"


def renamings(before: Mapping[str, Any], after: Mapping[str, Any], place: Any) -> dict[str, str]:
    """New key → old key, of what stands in the same place under another key."""
    places = {place(entry): key for key, entry in before.items() if place(entry)}
    found = {key: places[place(entry)] for key, entry in after.items() if place(entry) in places}
    return {key: old for key, old in found.items() if key != old and old not in after}


def where(entry: Mapping[str, Any]) -> str | None:
    """The physical name a field's values stand under."""
    return entry.get("column") or entry.get("values")


def filled(message: Message, **more: Any) -> Message:
    return Message(message.id, {**message.params, **more})
