"""Physical names: given once, kept through renames and removals, stored with each version as JSON.

    {"tables": [every table name ever given],
     "forms": {key: {"table", "used": [column stems], "fields": {key: ENTRY}, "retired": {key: [ENTRY, …]}}},
     "retired": {key: the form's whole entry}}

An ENTRY is {"column" or "values" (a table), "kind", "shape" (what its columns look like), "formula" (fingerprint)}.
What is removed retires with its data; the same key with the same kind and shape takes it up again.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from typing import Any

LONGEST = 50


def empty() -> dict[str, Any]:
    return {"tables": [], "forms": {}, "retired": {}}


def short(name: str, longest: int = LONGEST) -> str:
    """`name`, or its head and a hash where it would be too long for PostgreSQL."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class Names:
    """Gives names to one version of one app, beginning with those of the version before."""

    def __init__(self, app: str, before: Mapping[str, Any] | None) -> None:
        self.app = app
        self.data: dict[str, Any] = copy.deepcopy(dict(before)) if before else empty()

    def settle(self, forms: Mapping[str, Any]) -> None:
        """Carry over, rename (`was`), retire and take up again the forms, and the fields within them."""
        live: dict[str, Any] = self.data["forms"]
        _rename(live, forms)
        for key in [k for k in live if k not in forms]:
            self.data["retired"][key] = live.pop(key)
        for key, form in forms.items():
            if key not in live:
                live[key] = self.data["retired"].pop(key, None) or self._new_form(key)
            self._settle_fields(live[key], form["fields"])

    def _new_form(self, key: str) -> dict[str, Any]:
        return {"table": self.new_table(f"{self.app}__{key}"), "used": [], "fields": {}, "retired": {}}

    def _settle_fields(self, entry: dict[str, Any], fields: Mapping[str, Any]) -> None:
        live: dict[str, Any] = entry["fields"]
        _rename(live, fields)
        for key in [k for k in live if k not in fields]:
            entry["retired"].setdefault(key, []).append(live.pop(key))

    def new_table(self, name: str) -> str:
        free = _free(name, self.data["tables"])
        self.data["tables"].append(free)
        return free

    def table(self, form: str) -> str:
        found: str = self.data["forms"][form]["table"]
        return found

    def entry(self, form: str, field: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.data["forms"][form]["fields"].get(field)
        return found

    def give(self, form: str, field: str, kind: str, shape: str, holds: str) -> dict[str, Any]:
        """The entry of a field of this kind and shape; `holds` is column, values or nothing."""
        owner = self.data["forms"][form]
        found = owner["fields"].get(field)
        if found and (found["kind"], found["shape"]) == (kind, shape):
            return found
        if found:
            owner["retired"].setdefault(field, []).append(found)
        entry = _taken_up(owner["retired"].get(field, []), kind, shape)
        if entry is None:
            entry = {"kind": kind, "shape": shape}
            if holds == "column":
                entry["column"] = _free(field, owner["used"])
                owner["used"].append(entry["column"])
            elif holds == "values":
                entry["values"] = self.new_table(f"{owner['table']}__{field}")
        owner["fields"][field] = entry
        return entry


def _rename(live: dict[str, Any], wanted: Mapping[str, Any]) -> None:
    for key, item in wanted.items():
        was = item.get("was")
        if was and key not in live and was in live and was not in wanted:
            live[key] = live.pop(was)


def _taken_up(retired: list[dict[str, Any]], kind: str, shape: str) -> dict[str, Any] | None:
    for i, entry in enumerate(retired):
        if (entry["kind"], entry["shape"]) == (kind, shape):
            entry = retired.pop(i)
            entry.pop("formula", None)  # a formula's values went stale meanwhile
            return entry
    return None


def _free(name: str, used: list[str]) -> str:
    name = short(name)
    number, free = 1, name
    while free in used:
        number += 1
        free = f"{name}__{number}"
    return free
