"""Numbers that the state gives (`id_code`), with their check characters: a mistyped one is refused.

credit   unified social credit code of a firm, GB 32100: 18 characters, the last from the others modulo 31
person   number of the identity card, GB 11643: 18 characters with region and birthday, the last modulo 11 (ISO 7064)
vat      number for value added tax of a member state of the European Union, as each state computes it
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

from webapp import clock
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import OneOf, Setting, Struct
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, TextKind, Widget
from webapp.i18n import N_

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z
_SPACE = re.compile(r"[\s.\-‐-―−]")


def credit(text: str) -> str:
    """Raises `FieldError`; the weights are the powers of 3 modulo 31."""
    if len(text) != 18 or any(c not in _CREDIT for c in text) or not re.match(r"[0-9A-Z][0-9A-Z]\d{6}", text):
        raise FieldError(
            N_("A credit code has 18 characters, digits and capital letters without I, O, S, V and Z."), code="id_code"
        )
    total = sum(_CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17]))
    if _CREDIT[-total % 31] != text[17]:
        raise _mistyped()
    return text


def person(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", text):
        raise FieldError(N_("An identity card number has 17 digits and a last one that may be X."), code="id_code")
    try:
        birthday = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        birthday = None
    if birthday is None or not date(1850, 1, 1) <= birthday <= clock.today(clock.firm_zone()):
        raise FieldError(N_("The date of birth in this number does not exist."), code="id_code")
    total = sum(int(c) * (2 ** (17 - i) % 11) for i, c in enumerate(text[:17]))
    if "10X98765432"[total % 11] != text[17]:
        raise _mistyped()
    return text


def vat(text: str) -> str:
    from stdnum.eu import vat as numbers
    from stdnum.exceptions import InvalidChecksum, ValidationError

    try:
        return str(numbers.validate(text))
    except InvalidChecksum:
        raise _mistyped() from None
    except ValidationError:
        raise FieldError(
            N_("This is no VAT number; it begins with the state: {example}", example="DE136695976"), code="id_code"
        ) from None


def _mistyped() -> FieldError:
    return FieldError(N_("A character of this number is mistyped: its check digit does not fit."), code="checksum")


_CHECKS: dict[str, Callable[[str], str]] = {"credit": credit, "person": person, "vat": vat}


class IdCode(TextKind):
    key = "id_code"
    sample = "91310000MA1FL0000X"
    label = N_("Official number")
    longest = 40
    is_copied = True
    settings = Struct({"which": Setting(OneOf(tuple(_CHECKS)), "credit", label=N_("Which number"))})

    def normalise(self, field: Field, text: str) -> str:
        plain = _SPACE.sub("", unicodedata.normalize("NFKC", text)).upper()
        return _CHECKS[self._of(field)](plain)

    def _of(self, field: Field) -> str:
        return field.settings.get("which") or "credit"

    def masked(self, field: Field, value: Any) -> str:
        """Of a person the region and the last two characters, never the birthday."""
        if value and self._of(field) == "person":
            return f"{value[:4]}************{value[-2:]}"
        return formats.masked(value or "")

    def widget(self, field: Field) -> Widget:
        attributes = {"maxlength": str(self.longest), "autocapitalize": "characters", "spellcheck": "false"}
        return Widget("text", "text", autocomplete="off", attributes=attributes)


field_kinds.register(IdCode())
