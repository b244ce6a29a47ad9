"""Text of one line (`text`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Flag, Integer, Report, Setting, Struct, Text
from webapp.engines.forms.fields import patterns
from webapp.engines.forms.fields.base import FieldError, TextKind
from webapp.i18n import N_

LONGEST = 2000


class TextLine(TextKind):
    key = "text"
    label = N_("Text")
    is_sorted = True
    settings = Struct(
        {
            "max_length": Setting(Integer(1, LONGEST), 200, label=N_("Longest")),
            "pattern": Setting(Text(patterns.LONGEST), label=N_("Pattern")),
            "scan": Setting(Flag(), False, label=N_("Scan button")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        pattern = settings.get("pattern")
        if pattern and not patterns.is_valid(pattern):
            report.add(
                f"{path}.pattern",
                N_("This is no regular expression; look-around and back references are not possible."),
                "bad_pattern",
            )

    def limit(self, field: Field) -> int:
        return int(field.settings.get("max_length") or 200)

    def normalise(self, field: Field, text: str) -> str:
        pattern = field.settings.get("pattern")
        if pattern and not patterns.matches(pattern, text):
            raise FieldError(N_("The text does not have the expected form."), code="pattern")
        return text


field_kinds.register(TextLine())
