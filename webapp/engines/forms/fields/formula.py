"""Computed values (`formula`): the result of an expression, stored where it depends on its own record alone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Exact, Id, Moment
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import ExpressionText, Integer, OneOf, Setting, Struct, Text
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, Kind, Widget, folded
from webapp.expressions.names import find_option
from webapp.expressions.types import Type
from webapp.i18n import N_, label, language_of, translate

_COLUMNS: dict[str, Any] = {
    "text": sa.Text, "choice": sa.Text, "boolean": sa.Boolean, "date": sa.Date, "datetime": Moment,
    "duration": sa.BigInteger, "member": Id, "department": Id, "record": Id,
}  # fmt: skip
_SCHEMAS: dict[str, dict[str, Any]] = {
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "datetime": {"type": ["string", "null"], "format": "date-time"},
    "duration": {"type": ["integer", "null"]},
    "choices": {"type": "array", "items": {"type": "string"}},
    **{name: {"type": ["integer", "object", "null"]} for name in ("member", "department", "record")},
}


class Formula(Kind):
    key = "formula"
    label = N_("Formula")
    is_input = False
    settings = Struct(
        {
            "formula": Setting(ExpressionText(), required=True, label=N_("Formula")),
            "decimals": Setting(Integer(0, 6), label=N_("Decimals shown")),
            "show": Setting(OneOf(("number", "percent", "money")), "number", label=N_("Shown as")),
            "currency": Setting(Text(3), "CNY", label=N_("Currency")),
        }
    )

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        if field.column is None:
            return []
        kind = self.type(field)
        if kind.name == "number":
            return [sa.Column(field.column, Exact(kind.scale))]
        found = [sa.Column(field.column, _COLUMNS[kind.name])]
        return [*found, sa.Column(f"{field.column}__f", sa.Text)] if kind.name == "text" else found

    def type(self, field: Field) -> Type:
        if field.formula is None:
            raise RuntimeError(f"the formula of {field.form}.{field.key} is not compiled yet")
        return field.formula.type

    def parse(self, field: Field, raw: Any) -> None:
        if raw is not None and raw != "":
            raise FieldError(N_("This field is computed and cannot be filled in."), code="read_only")

    def asked(self, field: Field, raw: str) -> Any:
        """As of a field with typed values of that type."""
        kind = self.type(field)
        if kind.name == "text":
            return raw
        if kind.name in ("choice", "choices"):
            return find_option(kind.options, raw, 0, is_open=True)
        plain = Field(field.form, field.key, kind.name, field.label, {"decimals": 6, "unit": None})
        return plain.kind.parse(plain, raw)

    def said(self, field: Field, value: Any, locale: str) -> str:
        return f"“{value}”" if self.type(field).name == "text" else super().said(field, value, locale)

    def companions(self, field: Field, value: Any) -> dict[str, Any]:
        if field.column is None or self.type(field).name != "text":
            return {}
        return {f"{field.column}__f": folded(value)}

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else self._shown(field, value, locale)

    def cell(self, field: Field, value: Any, locale: str) -> str:
        kind = self.type(field).name
        if value is not None and kind == "number" and field.settings.get("show") == "money":
            return formats.money_in_grid(value, self._currency(field), locale, self._places(field))
        if value is not None and kind == "date":
            return formats.day_in_list(value, locale, clock.today(clock.firm_zone()))
        return self.text(field, value, locale)

    def short(self, field: Field, value: Any, locale: str) -> str:
        if value is None or self.type(field).name != "number" or field.settings.get("show") == "percent":
            return self.cell(field, value, locale)
        currency = self._currency(field) if field.settings.get("show") == "money" else None
        return formats.compact(value, locale, currency)

    def _shown(self, field: Field, value: Any, locale: str) -> str:
        kind = self.type(field)
        if kind.name == "number":
            return self._number(field, Decimal(value), locale)
        if kind.name in ("choice", "choices"):
            names = {o.value: label(o.label, locale) for o in kind.options}
            values = value if kind.name == "choices" else (value,)
            return ("、" if language_of(locale) == "zh" else ", ").join(names.get(v, v) for v in values)
        if kind.name == "boolean":
            return translate(locale, "Yes" if value else "No")
        if kind.name == "date":
            return formats.day(value, locale)
        if kind.name == "datetime":
            return formats.moment(value, locale, clock.zone())
        return formats.length(value, locale) if kind.name == "duration" else str(value)

    def _number(self, field: Field, value: Decimal, locale: str) -> str:
        style = field.settings.get("show") or "number"
        if style == "money":
            return formats.money(value, self._currency(field), locale, self._places(field))
        if style == "percent":
            return formats.percent(value, self._places(field))
        return formats.number(value, self._places(field))

    def _currency(self, field: Field) -> str:
        return field.settings.get("currency") or "CNY"

    def _places(self, field: Field) -> int:
        decimals = field.settings.get("decimals")
        if decimals is not None:
            return int(decimals)
        return (
            formats.places(self._currency(field)) if field.settings.get("show") == "money" else self.type(field).scale
        )

    def json(self, field: Field, value: Any) -> Any:
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, dt.datetime):
            return f"{value.astimezone(dt.UTC).isoformat()[:19]}Z"
        return value.isoformat() if isinstance(value, dt.date) else list(value) if isinstance(value, tuple) else value

    def unjson(self, field: Field, value: Any) -> Any:
        kind = self.type(field)
        if value is None:
            return None
        if kind.name == "number":
            return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
        if kind.name == "date":
            return dt.date.fromisoformat(value)
        if kind.name == "datetime":
            return dt.datetime.fromisoformat(value)
        return tuple(value) if kind.name == "choices" else value

    def search(self, field: Field, value: Any) -> str:
        return value if isinstance(value, str) and self.type(field).name == "text" else ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        shape = _SCHEMAS.get(self.type(field).name, {"type": ["string", "null"]})
        return {**shape, "readOnly": True}

    def widget(self, field: Field) -> Widget:
        return Widget("read")


field_kinds.register(Formula())
