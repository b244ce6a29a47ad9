"""Two people saved the same record: what each of them changed, and where both did.

What a person sent is held against the record as he had it (by the journal) and as it is now. Fields that only the
other one changed are his; fields that only this one changed are this one's; where both did, a person chooses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp.access.tables import member
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.record import Record
from webapp.engines.forms.viewing.views import Scope
from webapp.engines.forms.writing import telling
from webapp.engines.forms.writing.values import parse
from webapp.journal.tables import event

_UNREAD = object()  # what was sent is no value of the field


@dataclass(frozen=True)
class Meeting:
    """`who` saved meanwhile.

    theirs   keys he changed and this person did not touch
    both     keys that both changed, to different values
    """

    who: tuple[str, ...]
    theirs: tuple[str, ...]
    both: tuple[str, ...]


def meeting(at: Scope, record: Record, given: Mapping[str, Any], version: int) -> Meeting:
    """`record` is as it is now, `given` what was sent (field key → raw value) by somebody who had `version` of it."""
    names, before = _since(at, record, version)
    theirs: list[str] = []
    both: list[str] = []
    for key, raw in given.items():
        found = at.form.names.get(key)
        if found is None or key not in before:
            continue
        mine = _value(at, key, raw)
        now = telling.to_json(at.form, key, record.values.get(key))
        if mine == now:
            continue
        (theirs if mine == before[key] else both).append(key)
    return Meeting(names, tuple(theirs), tuple(both))


def _since(at: Scope, record: Record, version: int) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Who changed the record since that version, and what each changed field was then (as the journal keeps it)."""
    statement = (
        sa.select(event.c.changes, member.c.name)
        .outerjoin(member, member.c.id == event.c.actor)
        .where(
            event.c.app == at.form.app,
            event.c.form == at.form.key,
            event.c.record == record.id,
            event.c.version_before >= version,
            event.c.kind == "updated",
        )
        .order_by(event.c.id)
    )
    names: dict[str, None] = {}
    before: dict[str, Any] = {}
    for changes, name in at.unit.execute(statement):
        names.update({name: None} if name else {})
        for key, (old, _) in json.loads(changes or "{}").items():
            before.setdefault(key, old)
    return tuple(names), before


def is_there(at: Scope, record: Record, given: Mapping[str, Any]) -> bool:
    """Whether everything that was sent stands in the record already: it was saved, and only the answer was lost."""
    return all(
        key in at.form.names
        and key in record.values
        and _value(at, key, raw) == telling.to_json(at.form, key, record.values[key])
        for key, raw in given.items()
    )


def _value(at: Scope, key: str, raw: Any) -> Any:
    """What was sent as the journal would keep it."""
    try:
        return telling.to_json(at.form, key, parse(at.unit, at.actor, at.form.names[key], raw))
    except FieldError:
        return _UNREAD


def without(given: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    left = set(keys)
    return {key: value for key, value in given.items() if key not in left}
