"""Records that link here (`related`): the reverse of a link, shown as a panel. Nothing is stored."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, Key, ListOf, Setting, Struct, Text
from webapp.engines.forms.fields.base import FieldError, Kind, Widget
from webapp.engines.forms.fields.link import target
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_


class Related(Kind):
    """`to` names the form whose records are listed, `by` its link field that points here."""

    key = "related"
    label = N_("Related records")
    is_stored = False
    is_input = False
    settings = Struct(
        {
            "to": Setting(Text(60), required=True, label=N_("Form")),
            "by": Setting(Key(), required=True, label=N_("Its link field")),
            "columns": Setting(ListOf(Key(), most=12), label=N_("Columns")),
            "limit": Setting(Integer(1, 50), 5, label=N_("Rows shown")),
        }
    )

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return []

    def type(self, field: Field) -> Type:
        return types.records(target(field))

    def parse(self, field: Field, raw: Any) -> None:
        if raw not in (None, "", [], ()):
            raise FieldError(N_("This field cannot be filled in; its records are linked from their own form."))

    def text(self, field: Field, value: Any, locale: str) -> str:
        return ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "null", "readOnly": True}

    def widget(self, field: Field) -> Widget:
        return Widget("read")


field_kinds.register(Related())
