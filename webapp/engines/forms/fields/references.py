"""What the kinds that hold an id share (`member`, `department`, `link`). The caller finds ids for names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.db import Id
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import FieldError, Kind
from webapp.i18n import N_

LARGEST = 2**63 - 1


class Reference(Kind):
    """An id. What it is called is known to the caller (`Record.titles`)."""

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, Id)]

    def parse(self, field: Field, raw: Any) -> int | None:
        if isinstance(raw, Mapping) and "id" in raw:
            raw = raw["id"]
        if raw is None or raw == "":
            return None
        if isinstance(raw, str) and raw.isascii() and raw.strip().isdigit() and len(raw) <= 20:
            raw = int(raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or not 0 < raw <= LARGEST:
            raise FieldError(N_("The number of a record is expected here."), code="type")
        return raw

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else str(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        known = {"id": {"type": "integer"}, "title": {"type": ["string", "null"]}}
        return {
            "anyOf": [
                {"type": "null"},
                {"type": "integer", "minimum": 1},
                {"type": "object", "properties": known, "required": ["id"], "additionalProperties": False},
                {"type": "object", "properties": {"by": {"type": "object"}}, "required": ["by"]},
            ]
        }
