"""Several of several options (`multi_select`): a table of their own, in the order chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, OneOf, Report, Setting, Struct
from webapp.engines.forms.fields import choices
from webapp.engines.forms.fields.base import FieldError, Kind, Widget, given_text
from webapp.expressions.types import Type
from webapp.i18n import N_, language_of

_MARKS = re.compile(r"[,，、;；\n|]")


class MultiSelect(Kind):
    key = "multi_select"
    label = N_("Several choices")
    is_multi = True
    settings = Struct(
        {
            "options": choices.options_setting(),
            "most": Setting(Integer(1, choices.MOST_OPTIONS), label=N_("At most")),
            "show": Setting(OneOf(("list", "checks", "buttons")), "list", label=N_("Shown as")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        choices.examine_options(settings, path, report)

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return []

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
            parts = _MARKS.split(text)
            if len(parts) == 1:
                raise
            return [choices.find(field, part) for part in parts]

    def text(self, field: Field, value: Any, locale: str) -> str:
        mark = "、" if language_of(locale) == "zh" else ", "
        return mark.join(choices.shown(field, one, locale) for one in value or ())

    def json(self, field: Field, value: Any) -> list[str]:
        return list(value or ())

    def unjson(self, field: Field, value: Any) -> tuple[str, ...] | None:
        return tuple(value) if value else None

    def search(self, field: Field, value: Any) -> str:
        return " ".join(choices.found_by(field, one) for one in value or ())

    def json_schema(self, field: Field) -> dict[str, Any]:
        item = {"type": "string", "enum": [o.value for o in choices.options(field)]}
        return {"type": ["array", "null"], "items": item, "uniqueItems": True}

    def widget(self, field: Field) -> Widget:
        return Widget("checks", "checkbox", attributes={"show": field.settings.get("show") or "list"})


field_kinds.register(MultiSelect())
