"""One of several options (`select`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import OneOf, Report, Setting, Struct
from webapp.engines.forms.fields import choices
from webapp.engines.forms.fields.base import Kind, Widget
from webapp.expressions.types import Type
from webapp.i18n import N_


class Select(Kind):
    key = "select"
    label = N_("Choice")
    settings = Struct(
        {
            "options": choices.options_setting(),
            "show": Setting(OneOf(("list", "radio", "buttons")), "list", label=N_("Shown as")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        choices.examine_options(settings, path, report)

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.Text)]

    def type(self, field: Field) -> Type:
        return Type("choice", options=choices.options(field))

    def parse(self, field: Field, raw: Any) -> str | None:
        return choices.find(field, raw)

    def text(self, field: Field, value: Any, locale: str) -> str:
        return choices.shown(field, value, locale)

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return value or ""

    def search(self, field: Field, value: Any) -> str:
        return choices.found_by(field, value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "enum": [*(o.value for o in choices.options(field)), None]}

    def widget(self, field: Field) -> Widget:
        style = field.settings.get("show") or "list"
        return Widget("select", "select" if style == "list" else "radio", attributes={"show": style})


field_kinds.register(Select())
