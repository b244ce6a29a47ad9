"""Several of several options (`multi_select`): a table of their own, in the order chosen."""

from __future__ import annotations

from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, OneOf, Setting, Struct
from webapp.engines.forms.fields import choices
from webapp.engines.forms.fields.base import FieldError, Widget, given_text
from webapp.expressions.types import Type
from webapp.i18n import N_


class MultiSelect(choices.Several):
    key = "multi_select"
    label = N_("Several choices")
    settings = Struct(
        {
            "options": choices.options_setting(),
            "most": Setting(Integer(1, choices.MOST_OPTIONS), label=N_("At most")),
            "show": Setting(OneOf(("list", "checks", "buttons")), "list", label=N_("Shown as")),
        }
    )

    def type(self, field: Field) -> Type:
        return Type("choices", options=choices.options(field))

    def parse(self, field: Field, raw: Any) -> tuple[str, ...] | None:
        """A list, or a text with the options between commas (of either width), 、, ; or line ends."""
        if raw is None:
            return None
        if isinstance(raw, list | tuple):
            values = [choices.find(field, item) for item in raw]
        else:
            values = self._from_text(field, given_text(raw))
        found = tuple(dict.fromkeys(value for value in values if value is not None))
        most = field.settings.get("most")
        if most is not None and len(found) > most:
            raise FieldError(N_("At most {n} options are possible here.", n=most), code="too_many")
        return found or None

    def _from_text(self, field: Field, text: str) -> list[str | None]:
        try:
            return [choices.find(field, text)]  # one option whose label has a comma in it
        except FieldError:
            parts = self.parts(text)
            if len(parts) == 1:
                raise
            return [choices.find(field, part) for part in parts]

    def json_schema(self, field: Field) -> dict[str, Any]:
        item = {"type": "string", "enum": [o.value for o in choices.options(field)]}
        return {"type": ["array", "null"], "items": item, "uniqueItems": True}

    def widget(self, field: Field) -> Widget:
        return Widget("checks", "checkbox", attributes={"show": field.settings.get("show") or "list"})


field_kinds.register(MultiSelect())
