"""A department of the firm (`department`)."""

from __future__ import annotations

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import Widget
from webapp.engines.forms.fields.references import Reference
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_


class Department(Reference):
    key = "department"
    label = N_("Department")

    def type(self, field: Field) -> Type:
        return types.DEPARTMENT

    def widget(self, field: Field) -> Widget:
        return Widget("picker", "search", autocomplete="off")


field_kinds.register(Department())
