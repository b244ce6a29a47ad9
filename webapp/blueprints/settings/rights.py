"""What a role may, as one reads and presses it: rows in a sentence, fields in a matrix across the roles of an app.

Works on the document as its author wrote it (`Document.source`); the words are those of the fields in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.access import policy
from webapp.definitions.model import Field, Form
from webapp.definitions.words import LEVEL
from webapp.errors import NotFound
from webapp.i18n import N_, Message

#: hidden … write as one word each.
WORDS: dict[str, Message] = {level: LEVEL[level] for level in ("write", "read", "masked", "hidden")}
TONES = {"write": "blue", "read": "gray", "masked": "amber", "hidden": "none"}
#: What the chips of the sentence offer; a condition is written beside them.
SCOPES: dict[str, Message] = {
    "true": N_("all"),
    "mine": N_("those I take part in"),
    "own": N_("my own"),
    "team": N_("those of my team"),
    "department": N_("those of my department"),
    "department_and_below": N_("those of my department and below"),
}
ACTIONS: dict[str, Message] = {
    "see": N_("Sees"),
    "create": N_("Creates"),
    "edit": N_("Edits"),
    "delete": N_("Deletes"),
    "export": N_("Exports"),
}


@dataclass(frozen=True)
class Cell:
    """What a role does with a field: its level, the one that a press makes of it, and whether the draft changed it."""

    role: str
    level: str | None
    next: str | None
    is_changed: bool = False


@dataclass(frozen=True)
class Row:
    key: str
    label: Any
    cells: tuple[Cell, ...]


def matrix(form: Form, draft: Mapping[str, Any], present: Mapping[str, Any]) -> list[Row]:
    """A row for each field, a cell for each role of the draft."""
    fields = {**form.fields, "owner": form.names["owner"]}
    rows = []
    for key, field in fields.items():
        cells = []
        for role in draft.get("roles") or {}:
            level = level_of(right_of(draft, role, form), key, field)
            before = level_of(right_of(present, role, form), key, field)
            cells.append(Cell(role, level, _next(field, level), level != before))
        rows.append(Row(key, field.label, tuple(cells)))
    return rows


def level_of(right: Mapping[str, Any], key: str, field: Field) -> str | None:
    """None where the role has nothing to do with the form."""
    may = right.get("may") or {}
    if all(may.get(action, False) is False for action in policy.ACTIONS):
        return None
    may_touch = any(may.get(action, False) is not False for action in ("create", "edit"))
    level: str = (right.get("fields") or {}).get(key) or ("write" if may_touch else "read")
    return "read" if level == "write" and not _may_be_written(field, key) else level


def _next(field: Field, level: str | None) -> str | None:
    if level is None:
        return None
    ladder = [one for one in WORDS if one != "write" or _may_be_written(field, field.key)]
    return ladder[(ladder.index(level) + 1) % len(ladder)]


def _may_be_written(field: Field, key: str) -> bool:
    return key == "owner" if field.is_system else bool(field.kind.is_input)


def right_of(source: Mapping[str, Any], role: str, form: Form) -> dict[str, Any]:
    """What the role says of the form; an empty one where it says nothing."""
    forms = ((source.get("roles") or {}).get(role) or {}).get("forms") or {}
    return forms.get(form.key) or forms.get(form.name) or {}


def sentence(right: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each action: its scope, or the condition that stands in its place."""
    may = right.get("may") or {}
    found = []
    for action, label in ACTIONS.items():
        value = may.get(action, False)
        scope = "true" if value is True else "false" if value is False else value if value in SCOPES else "condition"
        found.append(
            {"action": action, "label": label, "scope": scope, "condition": value if scope == "condition" else ""}
        )
    return found


def set_level(source: dict[str, Any], role: str, form: Form, key: str, level: str) -> None:
    """Let the role do this with a field; what it would do anyway is not written down."""
    right = _writable(source, role, form)
    may = right.get("may") or {}
    usual = "write" if any(may.get(action, False) is not False for action in ("create", "edit")) else "read"
    fields = right.setdefault("fields", {})
    if level == usual:
        fields.pop(key, None)
    else:
        fields[key] = level
    if not fields:
        del right["fields"]


def set_scope(source: dict[str, Any], role: str, form: Form, action: str, scope: str, condition: str) -> None:
    """Let the role do `action` with these records."""
    may = _writable(source, role, form).setdefault("may", {})
    may[action] = {"true": True, "false": False}.get(scope, condition.strip() if scope == "condition" else scope)


def _writable(source: dict[str, Any], role: str, form: Form) -> dict[str, Any]:
    roles = source.get("roles") or {}
    if role not in roles:
        raise NotFound(N_("There is no role “{name}”.", name=role))
    if not isinstance(roles[role].get("forms"), dict):
        roles[role]["forms"] = {}
    forms: dict[str, Any] = roles[role]["forms"]
    key = form.name if form.name in forms else form.key
    if not isinstance(forms.get(key), dict):
        forms[key] = {}
    found: dict[str, Any] = forms[key]
    return found
