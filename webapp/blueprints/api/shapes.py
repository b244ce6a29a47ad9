"""What goes out over the API (decisions 46): decimals as strings, moments in RFC 3339, links as id and title."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms.fields.base import Kind
from webapp.engines.forms.record import Entry, Linked, Masked, Record

#: System fields that stand beside `values`, not in it.
BESIDE = ("created_at", "created_by", "updated_at", "updated_by", "owner_department", "last_activity_at", "deleted_at")
_LEFT_OUT = frozenset({"id", "version", "deleted_by"})


def record(unit: Unit, found: Record) -> dict[str, Any]:
    """``{id, version, values: {…}, created_at, …}``; hidden fields are absent, masked ones ``{"masked": …}``."""
    return _shape(_outline(unit, found.form), found)


def _shape(outline: Outline, found: Record) -> dict[str, Any]:
    given = found.values
    shape: dict[str, Any] = {"id": found.id, "version": found.version}
    values = shape["values"] = {key: given[key] for key in outline.inside if key in given}
    for key in outline.beside:
        if key in given:
            shape[key] = given[key]
    for key, encode in outline.encoded:
        part = shape if key in BESIDE else values
        value = part.get(key)
        if value is not None and type(value) is not Masked:
            part[key] = encode(value)
    for key, linked in found.links.items():
        (shape if key in BESIDE else values)[key] = link(linked)
    if Masked in set(map(type, given.values())):
        values.update({k: {"masked": v.text} for k, v in values.items() if type(v) is Masked})
    if shape.get("deleted_at") is None:
        shape.pop("deleted_at", None)
    return shape


Encode = Callable[[Any], Any]


@dataclass(frozen=True)
class Outline:
    """Where the fields of a form stand in a record's shape, and those whose values do not go out as they are."""

    inside: tuple[str, ...]
    beside: tuple[str, ...]
    encoded: tuple[tuple[str, Encode], ...]


def _outline(unit: Unit, form: Form) -> Outline:
    cache = versions.current(unit).cache
    key = ("outline", form.name)
    if key not in cache:
        inside, beside = parts(form)
        made = encoders(unit, form)
        linked = {k for k, f in form.names.items() if f.type.name in ("record", "member", "department")}
        encoded = tuple((k, e) for k in (*inside, *beside) if k not in linked and (e := made[k]) is not None)
        cache[key] = Outline(inside, beside, encoded)
    found: Outline = cache[key]
    return found


def parts(form: Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys of the fields that stand in `values` of a record's shape, and of those beside it."""
    inside = tuple(k for k in form.names if k not in BESIDE and k not in _LEFT_OUT)
    return inside, tuple(k for k in BESIDE if k in form.names)


def link(found: Linked) -> dict[str, Any]:
    """A link whose target does not exist for the reader tells nothing of it."""
    if found.title is None:
        return {"masked": ""}
    shape: dict[str, Any] = {"id": found.id, "title": found.title}
    if found.is_binned:
        shape["deleted"] = True
    return shape


def encoders(unit: Unit, form: Form) -> Mapping[str, Callable[[Any], Any] | None]:
    """Field key → its kind's `json`, None where the value goes out as it is."""
    cache = versions.current(unit).cache
    key = ("encoders", form.name)
    if key not in cache:
        cache[key] = {
            k: None if getattr(type(f.kind), "json", None) is Kind.json else partial(f.kind.json, f)
            for k, f in form.names.items()
        }
    found: Mapping[str, Callable[[Any], Any] | None] = cache[key]
    return found


def plain(value: Any) -> Any:
    """A value of the language without a field: of a group or a measure."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).isoformat()[:19]}Z"
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def entry(unit: Unit, form: Form, found: Entry) -> dict[str, Any]:
    """One event of a record's history."""
    made = encoders(unit, form)

    def shown(key: str, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, Masked):
            return {"masked": value.text}
        if (key, value) in found.links if isinstance(value, int) else False:
            return link(found.links[(key, value)])
        encode = made.get(key)
        return encode(value) if encode is not None else value

    return {
        "id": found.event,
        "at": found.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": found.kind,
        "via": found.via,
        "actor": None if found.actor is None else {"id": found.actor, "title": found.actor_name},
        "change_set": found.change_set,
        "changes": {k: {"before": shown(k, b), "after": shown(k, a)} for k, (b, a) in found.changes.items()},
    }
