"""One record of another form (`link`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.db import Id
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Key, Label, Setting, Struct, Text
from webapp.engines.forms.fields.base import Widget
from webapp.engines.forms.fields.references import Reference
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_


class Link(Reference):
    """`to` names a form (of the same app, or `app.form`); `reverse` is what the other form calls these records."""

    key = "link"
    label = N_("Link")
    settings = Struct(
        {
            "to": Setting(Text(60), required=True, label=N_("Form")),
            "reverse": Setting(Key(), label=N_("Name on the other form")),
            "reverse_label": Setting(Label(), label=N_("Label on the other form")),
        }
    )

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, Id, sa.ForeignKey(f"{target_table(field)}.id"))]

    def type(self, field: Field) -> Type:
        return types.record(target(field))

    def widget(self, field: Field) -> Widget:
        return Widget("picker", "search", autocomplete="off", attributes={"to": target(field)})


def target(field: Field) -> str:
    """The form a link or a related list points at, as `app.form`."""
    to = str(field.settings["to"])
    return to if "." in to else f"{field.form.partition('.')[0]}.{to}"


def target_table(field: Field) -> str:
    """Physical name of that form's table: what the compiler put into `lazy`, else the name made from the keys."""
    return str(field.lazy.get("target_table") or target(field).replace(".", "__"))


field_kinds.register(Link())
