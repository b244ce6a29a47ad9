"""Stars (`rating`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, Setting, Struct
from webapp.engines.forms.fields.base import Kind, Widget, check_range, read_decimal
from webapp.engines.forms.fields.number import whole
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_


class Rating(Kind):
    key = "rating"
    label = N_("Rating")
    settings = Struct({"max": Setting(Integer(2, 10), 5, label=N_("Stars"))})

    def most(self, field: Field) -> int:
        return int(field.settings.get("max") or 5)

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.BigInteger)]

    def type(self, field: Field) -> Type:
        return types.number(0)

    def parse(self, field: Field, raw: Any) -> int | None:
        if isinstance(raw, str) and raw.strip() and not raw.strip().strip("★☆"):
            raw = raw.count("★")
        elif isinstance(raw, str):
            raw = raw.split("/")[0]
        value = read_decimal(raw)
        if value is None or value == 0:
            return None
        number = whole(value)
        check_range(number, 1, self.most(field))
        return number

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else "★" * value + "☆" * (self.most(field) - value)

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else str(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["integer", "null"], "minimum": 1, "maximum": self.most(field)}

    def widget(self, field: Field) -> Widget:
        return Widget("rating", "radio", attributes={"max": str(self.most(field))})


field_kinds.register(Rating())
