"""What the journal is told about a record: each write adds its event and, in the same transaction, its due rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.journal import events, interests

#: Fields whose change is no news of its own.
_UNJOURNALED = frozenset({"version", "updated_at", "updated_by", "last_activity_at"})


def tell(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    kind: str,
    *,
    via: str,
    change_set: int | None,
    before: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    whole: bool = False,
) -> None:
    """Write the event and, in the same transaction, the due rows of whoever is interested in it."""
    told: dict[str, Any] | None = None
    if changes is not None and before is not None:
        told = {
            k: [to_json(form, k, before.get(k)), to_json(form, k, v)]
            for k, v in changes.items()
            if k not in _UNJOURNALED
        }
    elif whole and before is not None:
        told = {k: to_json(form, k, v) for k, v in before.items() if v is not None}
    event = row(unit, actor, form, id_, kind, via=via, change_set=change_set)
    event.update(version_before=before["version"] if before else None, changes=told)
    announce(unit, [event])


def announce(unit: Unit, rows: list[dict[str, Any]]) -> list[int]:
    """Append events and tell whoever is interested; their due rows stand in the same transaction. Answers their ids."""
    ids = events.append(unit, rows)
    interests.tell(unit, versions.current(unit), rows, ids)
    return ids


def row(
    unit: Unit, actor: Actor, form: Form, id_: int, kind: str, *, via: str, change_set: int | None
) -> dict[str, Any]:
    """An event of the journal without its changes."""
    version = versions.current(unit).app(form.app).version
    return {
        "actor": actor.member, "on_behalf_of": actor.on_behalf_of, "via": via,
        "change_set": change_set, "app": form.app, "form": form.key, "record": id_, "kind": kind,
        "version_before": None, "definition_version": version, "changes": None,
    }  # fmt: skip


def to_json(form: Form, key: str, value: Any) -> Any:
    """A value as the journal keeps it."""
    return None if value is None else form.names[key].kind.json(form.names[key], value)
