"""Believable values, filters and records of a form, for whoever reads about it: only of fields that are his to read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from webapp import clock
from webapp.definitions.model import Definitions, Field, Form
from webapp.expressions import ExpressionError, Eyes, check
from webapp.i18n import N_

#: So many values stand in an example of a record.
_VALUES = 6
_UNKNOWN = "…"


_TEXT = N_("Example")


def value(field: Field, locale: str = "en") -> Any:
    """What a value of the field looks like as JSON, going out."""
    if field.type.name in ("record", "member", "department"):
        return {"id": 17, "title": "…"}
    if field.kind.sample is not None:
        return field.kind.sample
    found = _of_schema(field.kind.json_schema(field))
    return _TEXT.text(locale) if found == _UNKNOWN else found


def given(field: Field, locale: str) -> Any:
    """The same, coming in: of a link its id is enough."""
    found = value(field, locale)
    return found["id"] if isinstance(found, dict) and "id" in found else found


def _of_schema(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return next((one for one in schema["enum"] if one is not None), None)
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    today = clock.today(clock.firm_zone())
    if kind == "array":
        item = schema.get("items", {})
        return list(item["enum"][:2]) if "enum" in item else ["A", "B"]
    if schema.get("format") == "date":
        return (today + dt.timedelta(days=14)).isoformat()
    if schema.get("format") == "date-time":
        return f"{today.isoformat()}T02:30:00Z"
    if kind == "integer":
        return int(max(schema.get("minimum") or 1, min(8, schema.get("maximum") or 8)))
    if kind == "boolean":
        return True
    if "pattern" in schema:
        return "86000.00" if "\\." in str(schema["pattern"]) else "12"
    return _UNKNOWN


def body(form: Form, rights: Mapping[str, str], locale: str, *, most: int = _VALUES) -> dict[str, Any]:
    """Values to send: the required ones first, then some of the others."""
    mine = [f for k, f in form.fields.items() if rights.get(k) == "write" and f.kind.is_input]
    wanted = sorted(mine, key=lambda f: not f.is_required)[:most]
    return {f.key: given(f, locale) for f in form.fields.values() if f in wanted}


def record(form: Form, rights: Mapping[str, str], locale: str) -> dict[str, Any]:
    """A record as it comes back."""
    shown = [f for k, f in form.fields.items() if rights.get(k, "hidden") != "hidden" and f.type.name != "records"]
    values = {
        f.key: {"masked": "138****8000"} if rights[f.key] == "masked" else value(f, locale) for f in shown[:_VALUES]
    }
    at = f"{clock.today(clock.firm_zone()).isoformat()}T01:12:45Z"
    return {"id": 128, "version": 3, "values": values, "created_at": at, "updated_at": at}


def filters(
    definitions: Definitions, form: Form, rights: Mapping[str, str], eyes: Eyes, locale: str
) -> list[tuple[str, str]]:
    """Conditions over fields of this form, each with what it says in words."""
    found: list[tuple[str, str]] = []
    for text in _conditions(form, rights):
        try:
            made = check(text, definitions, form.name, expect="boolean", eyes=eyes)
        except ExpressionError:
            continue
        found.append((text, made.sentence(locale)))
        if len(found) == 6:
            break
    return found


def _conditions(form: Form, rights: Mapping[str, str]) -> Iterator[str]:
    """One for each type of field there is, then two of them together."""
    seen: dict[str, str] = {}
    for key, field in form.fields.items():
        if rights.get(key) not in ("read", "write") or field.type.name in seen:
            continue
        text = _condition(key, field)
        if text is not None:
            seen[field.type.name] = text
    yield from seen.values()
    if len(seen) > 1:
        first, second, *_ = seen.values()
        yield f"{first} and {second}"
    yield "owner = me()"


def _condition(key: str, field: Field) -> str | None:
    name, sample = field.type.name, value(field)
    if name == "choice":
        return f"{key} = '{sample}'"
    if name == "choices" and isinstance(sample, list) and sample:
        return f"{key} contains '{sample[0]}'"
    if name == "number":
        return f"{key} > 1000" if "." in str(sample) else f"{key} >= 1"
    if name == "date":
        return f"{key} >= today() and {key} < add_days(today(), 30)"
    if name == "datetime":
        return f"{key} >= now() - days(7)"
    if name == "text":
        return f"{key} is not empty"
    if name == "boolean":
        return f"{key} = true"
    return None
