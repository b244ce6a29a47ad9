"""What the stages of a form ask of its records: room in a stage, and the moment a record entered it.

The rules between a record's own values (fields a stage needs, allowed moves) are the kind's (`fields/stage.py`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit
from webapp.definitions.model import Field, Form
from webapp.engines.forms.fields.stage import Stage, stage
from webapp.errors import Problem
from webapp.i18n import N_

#: A record is close to its limit of days from this part of them on.
CLOSE = 0.8


def of(form: Form) -> list[Field]:
    """The form's stage fields. Looked up once a form: imports ask for each row."""
    found = _STAGES.get(form)
    if found is None:
        found = _STAGES[form] = [f for f in form.fields.values() if isinstance(f.kind, Stage)]
    return found


_STAGES: WeakKeyDictionary[Form, list[Field]] = WeakKeyDictionary()


def is_stage(found: Field) -> bool:
    """Whether its options lead to an end."""
    return any("type" in o.attributes for o in found.type.options)


def stage_of(form: Form) -> Field | None:
    """The field that says how far a record has come."""
    return next((f for f in form.fields.values() if is_stage(f)), None)


def stamps(
    form: Form, before: Mapping[str, Any], after: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, datetime | None]:
    """When a record enters a stage, the moment goes into the field that the stages name for it (`entered`).

    given  what was written on purpose, which stands
    """
    found: dict[str, datetime | None] = {}
    for field in of(form):
        key = field.settings.get("entered")
        if key and key not in given and after.get(field.key) != before.get(field.key):
            found[key] = clock.now().replace(microsecond=0) if after.get(field.key) else None
    return found


def full(
    unit: Unit, form: Form, before: Mapping[str, Any], after: Mapping[str, Any], entering: Counter[tuple[str, str]]
) -> list[Problem]:
    """Problems where a stage that holds so many records and no more has no room.

    entering  how many of the same write enter a stage besides, (field, stage) → count; this record is added to them
    """
    problems = []
    for field in of(form):
        new = after.get(field.key)
        if new is None or new == before.get(field.key):
            continue
        limit = firm_limit(field, new)
        if limit is None:
            continue
        if _held(unit, form, field, new) + entering[field.key, new] >= limit:
            entered = stage(field, new)
            assert entered is not None
            message = N_("“{stage}” holds {n} records and is full.", stage=entered.label, n=limit)
            problems.append(Problem(field.key, message, "stage_full"))
        else:
            entering[field.key, new] += 1
    return problems


def firm_limit(field: Field, value: str) -> int | None:
    """How many records may be in the stage, where more are refused."""
    found = stage(field, value)
    if found is None or found.attributes.get("over_limit") != "refuse":
        return None
    return found.attributes.get("limit")


def _held(unit: Unit, form: Form, field: Field, value: str) -> int:
    """How many live records are in the stage, whoever may see them. Others who want in wait for this unit."""
    if unit.dialect != "sqlite":
        named = hashlib.sha256(f"stage {form.name} {field.key} {value}".encode()).digest()
        unit.execute(sa.select(sa.func.pg_advisory_xact_lock(int.from_bytes(named[:8], "big", signed=True))))
    table = form.table
    here = sa.and_(table.c[field.column or ""] == value, table.c.deleted_at.is_(None))
    return int(unit.execute(sa.select(sa.func.count()).select_from(table).where(here)).scalar_one())


def age(field: Field, value: str | None, entered: datetime | None, today: date, zone: str) -> tuple[int, str] | None:
    """Whole days in the stage, and how that is by its limit: "late", "close" or ""; None where nobody knows."""
    found = stage(field, value)
    if found is None or entered is None or found.attributes.get("type", "open") in ("won", "lost"):
        return None
    days = max(0, (today - entered.astimezone(ZoneInfo(zone)).date()).days)
    limit = found.attributes.get("max_days")
    state = "" if limit is None else "late" if days > limit else "close" if days >= limit * CLOSE else ""
    return days, state
