"""Amounts of money (`money`): exact, with the decimals of their currency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, OneOf, Report, Setting, Struct, Text
from webapp.engines.forms import formats
from webapp.engines.forms.fields.number import RANGE, ExactKind
from webapp.errors import nearest
from webapp.i18n import N_, language_of


class Money(ExactKind):
    key = "money"
    label = N_("Money")
    settings = Struct(
        {
            "currency": Setting(Text(3), "CNY", label=N_("Currency")),
            "decimals": Setting(Integer(0, 6), label=N_("Decimals")),
            **RANGE,
            "show": Setting(OneOf(("figures", "capitals")), "figures", label=N_("Shown as")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        super().examine(settings, path, report)
        currency = settings.get("currency") or "CNY"
        if currency not in formats.currencies():
            near = nearest(currency, formats.currencies())
            report.add(f"{path}.currency", N_("The currency “{code}” is not known.", code=currency), "unknown", near)
        elif settings.get("show") == "capitals" and currency != "CNY":
            report.add(f"{path}.show", N_("Capital figures exist for yuan only."), "capitals")

    def currency(self, field: Field) -> str:
        return field.settings.get("currency") or "CNY"

    def scale(self, field: Field) -> int:
        decimals = field.settings.get("decimals")
        return formats.places(self.currency(field)) if decimals is None else int(decimals)

    def text(self, field: Field, value: Any, locale: str) -> str:
        if value is None:
            return ""
        if field.settings.get("show") == "capitals" and language_of(locale) == "zh":
            return formats.capitals(value)
        return formats.money(value, self.currency(field), locale, self.scale(field))

    def cell(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.money_in_grid(value, self.currency(field), locale, self.scale(field))

    def writer(self, field: Field, locale: str) -> Callable[[Any], str]:
        return formats.money_writer(self.currency(field), locale, self.scale(field))

    def short(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.compact(value, locale, self.currency(field))


field_kinds.register(Money())
