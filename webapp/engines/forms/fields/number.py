"""Exact numbers (`number`), and what the other number kinds share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.db import MAX_DIGITS, Exact
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, Label, Number, Report, Setting, Struct
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, Kind, Widget, check_range, exact, read_decimal
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import LANGUAGES, N_, label

RANGE = {
    "min": Setting(Number(), label=N_("Smallest")),
    "max": Setting(Number(), label=N_("Largest")),
}


class ExactKind(Kind):
    """A number with a fixed count of decimals; JSON and journal carry it as text."""

    def scale(self, field: Field) -> int:
        decimals = field.settings.get("decimals")
        return 2 if decimals is None else int(decimals)

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        least, most = settings.get("min"), settings.get("max")
        if least is not None and most is not None and Decimal(least) > Decimal(most):
            report.add(f"{path}.max", N_("The largest value is below the smallest."), "range")

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, Exact(self.scale(field)))]

    def type(self, field: Field) -> Type:
        return types.number(self.scale(field))

    def parse(self, field: Field, raw: Any) -> Decimal | None:
        value = read_decimal(self.bare(field, raw) if isinstance(raw, str) else raw)
        if value is None:
            return None
        value = exact(value, self.scale(field))
        check_range(value, field.settings.get("min"), field.settings.get("max"))
        return value

    def bounds(self, field: Field) -> tuple[Decimal | None, Decimal | None] | None:
        least, most = (field.settings.get(name) for name in ("min", "max"))
        return None if least is None else Decimal(least), None if most is None else Decimal(most)

    def bare(self, field: Field, text: str) -> str:
        """The text without what the kind itself writes around a number."""
        return text

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.plain(value)

    def json(self, field: Field, value: Any) -> str | None:
        return None if value is None else format(value, "f")

    def unjson(self, field: Field, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value).quantize(Decimal(1).scaleb(-self.scale(field)))

    def json_schema(self, field: Field) -> dict[str, Any]:
        whole, part = MAX_DIGITS - self.scale(field), self.scale(field)
        tail = rf"(\.[0-9]{{1,{part}}})?" if part else ""
        return {"type": ["string", "null"], "pattern": rf"^-?[0-9]{{1,{whole}}}{tail}$"}

    def widget(self, field: Field) -> Widget:
        mode = "decimal" if self.scale(field) else "numeric"
        limits = {name: str(field.settings[name]) for name in ("min", "max") if field.settings.get(name) is not None}
        return Widget("number", "text", mode, "off", {"decimals": str(self.scale(field)), **limits})


class NumberKind(ExactKind):
    key = "number"
    label = N_("Number")
    settings = Struct(
        {
            "decimals": Setting(Integer(0, 6), 2, label=N_("Decimals")),
            **RANGE,
            "unit": Setting(Label(20), label=N_("Unit")),
        }
    )

    def text(self, field: Field, value: Any, locale: str) -> str:
        if value is None:
            return ""
        unit = label(field.settings.get("unit"), locale)
        shown = formats.number(value, self.scale(field))
        return f"{shown} {unit}" if unit else shown

    def short(self, field: Field, value: Any, locale: str) -> str:
        if value is None or abs(value) < 10_000:
            return self.text(field, value, locale)
        unit = label(field.settings.get("unit"), locale)
        return f"{formats.compact(value, locale)}{' ' + unit if unit else ''}"

    def bare(self, field: Field, text: str) -> str:
        text = text.strip()
        for language in LANGUAGES:
            unit = label(field.settings.get("unit"), language)
            if unit and text.endswith(unit):
                return text.removesuffix(unit)
        return text


def whole(value: Decimal) -> int:
    """An exact integer of at most 15 digits; raises `FieldError`."""
    try:
        return int(exact(value, 0))
    except FieldError as error:
        if error.problem_code == "decimals":
            raise FieldError(N_("A whole number is expected here."), code="decimals") from None
        raise


field_kinds.register(NumberKind())
