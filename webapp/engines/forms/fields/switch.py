"""Yes or no (`switch`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import FieldError, Kind, Widget
from webapp.expressions import types
from webapp.expressions.fold import fold
from webapp.expressions.types import Type
from webapp.i18n import N_, translate

YES = frozenset({"true", "yes", "y", "on", "1", "t", "是", "有", "对", "真", "开", "√", "✓", "✔"})
NO = frozenset({"false", "no", "n", "off", "0", "f", "否", "无", "错", "假", "关", "×", "✗", "✘"})


class Switch(Kind):
    key = "switch"
    label = N_("Switch")

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.Boolean)]

    def type(self, field: Field) -> Type:
        return types.BOOLEAN

    def parse(self, field: Field, raw: Any) -> bool | None:
        if raw is None or isinstance(raw, bool):
            return raw
        if isinstance(raw, int | float) and raw in (0, 1):
            return bool(raw)
        if isinstance(raw, str) and len(raw) <= 20:
            word = fold(raw).strip()
            if not word or word in YES or word in NO:
                return word in YES if word else None
        raise FieldError(N_("Yes or no is expected here."), code="type")

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else translate(locale, "Yes" if value else "No")

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else "true" if value else "false"

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["boolean", "null"]}

    def widget(self, field: Field) -> Widget:
        return Widget("switch", "checkbox")


field_kinds.register(Switch())
