"""Names of people (`person_name`): sorted with the readings of surnames, found by pinyin and initials."""

from __future__ import annotations

from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms.fields.base import TextKind, Widget
from webapp.i18n import N_


class PersonName(TextKind):
    key = "person_name"
    sample = "李文"
    label = N_("Person's name")
    longest = 100
    is_sorted = True
    is_name = True

    def sort_key(self, value: str) -> str:
        from webapp.engines.forms.finding import sortkeys

        return sortkeys.sort_key(value, is_person=True)

    def masked(self, field: Field, value: Any) -> str:
        return f"{value[:1]}**" if value else ""

    def widget(self, field: Field) -> Widget:
        return Widget("text", autocomplete="off", attributes={"maxlength": str(self.longest)})


field_kinds.register(PersonName())
