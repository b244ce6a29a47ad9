"""Percentages (`percent`): 12.5 is 12.5 %."""

from __future__ import annotations

import unicodedata
from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Integer, Setting, Struct
from webapp.engines.forms import formats
from webapp.engines.forms.fields.number import RANGE, ExactKind
from webapp.i18n import N_


class Percent(ExactKind):
    key = "percent"
    label = N_("Percent")
    settings = Struct({"decimals": Setting(Integer(0, 6), 2, label=N_("Decimals")), **RANGE})

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.percent(value, self.scale(field))

    def bare(self, field: Field, text: str) -> str:
        return unicodedata.normalize("NFKC", text).strip().removesuffix("%")


field_kinds.register(Percent())
