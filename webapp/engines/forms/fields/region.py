"""An administrative division of China (`region`): province, city or district, kept as its code of GB/T 2260."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import FieldError, Kind, Widget, given_text
from webapp.engines.forms.finding import regions
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_


class Region(Kind):
    """In the language it is the code, a text: `region starts with '33'` means in Zhejiang."""

    key = "region"
    sample = "310000"
    label = N_("Region of China")

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.Text), sa.Column(f"{field.column}__f", sa.Text)]

    def companions(self, field: Field, value: Any) -> dict[str, Any]:
        return {f"{field.column}__f": value}

    def type(self, field: Field) -> Type:
        return types.TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        given = given_text(raw).strip()
        if not given:
            return None
        short = given if len(given) <= 40 else given[:39] + "…"
        found = regions.read(given[:200])
        if len(found) == 1:
            return found[0]
        if found:
            examples = " / ".join(regions.text(code, "zh") for code in found[:3])
            raise FieldError(
                N_("“{name}” is the name of several places: {examples}.", name=short, examples=examples),
                code="ambiguous_region",
            )
        raise FieldError(
            N_(
                "“{name}” is no province, city or district; an example of one: {example}",
                name=short,
                example="浙江省杭州市",
            ),
            code="unknown_region",
        )

    def text(self, field: Field, value: Any, locale: str) -> str:
        return regions.text(value, locale) if value else ""

    def cell(self, field: Field, value: Any, locale: str) -> str:
        return regions.cell(value, locale) if value else ""

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return value or ""

    def masked(self, field: Field, value: Any) -> str:
        return "****" if value else ""

    def asked_as(self, field: Field) -> str:
        return "region"

    def asked(self, field: Field, raw: str) -> str | None:
        """What the codes of all places in it begin with."""
        code = self.parse(field, raw)
        return None if code is None else regions.prefix(code)

    def said(self, field: Field, value: Any, locale: str) -> str:
        return regions.text(str(value).ljust(6, "0"), locale)

    def search(self, field: Field, value: Any) -> str:
        return regions.text(value, "zh") if value else ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "pattern": "^[0-9]{6}$", "x-codes": "GB/T 2260"}

    def widget(self, field: Field) -> Widget:
        return Widget("region", "search", autocomplete="off")


field_kinds.register(Region())
