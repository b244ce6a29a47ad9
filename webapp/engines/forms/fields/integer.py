"""Whole numbers (`integer`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Label, Setting, Struct
from webapp.engines.forms.fields.base import Widget, check_range, read_decimal
from webapp.engines.forms.fields.number import RANGE, NumberKind, whole
from webapp.i18n import N_


class IntegerKind(NumberKind):
    key = "integer"
    label = N_("Whole number")
    settings = Struct({**RANGE, "unit": Setting(Label(20), label=N_("Unit"))})

    def scale(self, field: Field) -> int:
        return 0

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.BigInteger)]

    def parse(self, field: Field, raw: Any) -> int | None:  # type: ignore[override]
        value = read_decimal(self.bare(field, raw) if isinstance(raw, str) else raw)
        if value is None:
            return None
        number = whole(value)
        check_range(number, field.settings.get("min"), field.settings.get("max"))
        return number

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else str(value)

    def json(self, field: Field, value: Any) -> int | None:  # type: ignore[override]
        return value

    def unjson(self, field: Field, value: Any) -> int | None:  # type: ignore[override]
        return None if value is None else int(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        limits = {"minimum": field.settings.get("min"), "maximum": field.settings.get("max")}
        whole_limits = {name: float(limit) for name, limit in limits.items() if limit is not None}
        return {"type": ["integer", "null"], **whole_limits}

    def widget(self, field: Field) -> Widget:
        limits = {name: str(field.settings[name]) for name in ("min", "max") if field.settings.get(name) is not None}
        return Widget("number", "text", "numeric", "off", {"decimals": "0", **limits})


field_kinds.register(IntegerKind())
