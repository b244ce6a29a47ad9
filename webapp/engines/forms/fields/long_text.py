"""Text of several lines (`long_text`)."""

from __future__ import annotations

from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, Setting, Struct
from webapp.engines.forms.fields.base import TextKind, Widget, check_length, given_text
from webapp.i18n import N_

LONGEST = 100_000
SHORT = 80


class LongText(TextKind):
    key = "long_text"
    label = N_("Long text")
    settings = Struct(
        {
            "max_length": Setting(Integer(1, LONGEST), 10_000, label=N_("Longest")),
            "rows": Setting(Integer(2, 30), 4, label=N_("Lines shown")),
        }
    )

    def limit(self, field: Field) -> int:
        return int(field.settings.get("max_length") or 10_000)

    def parse(self, field: Field, raw: Any) -> str | None:
        text = given_text(raw).replace("\r\n", "\n").replace("\r", "\n")
        text = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n").rstrip()
        if not text.strip("\ufeff\u200b \u3000\n"):
            return None
        check_length(text, self.limit(field))
        return text

    def cell(self, field: Field, value: Any, locale: str) -> str:
        first = " ".join((value or "").split())
        return first if len(first) <= SHORT else first[: SHORT - 1] + "…"

    def widget(self, field: Field) -> Widget:
        rows = str(field.settings.get("rows") or 4)
        return Widget("textarea", attributes={"rows": rows, "maxlength": str(self.limit(field))})


field_kinds.register(LongText())
