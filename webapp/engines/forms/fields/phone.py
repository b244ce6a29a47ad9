"""Phone numbers (`phone`): kept as ``+8613812344210``, shown as people of the region write them.

Mainland mobile numbers, which are nearly all of them, are judged here; everything else asks `phonenumbers`, which is
imported where it is used because its tables are large.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Report, Setting, Struct, Text
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, TextKind, Widget
from webapp.errors import nearest
from webapp.i18n import N_, Message

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_BEGUN_MOBILE = re.compile(r"1[3-9][0-9]*")  # a mobile number with too many or too few figures
_DIGITS = 11
_SERVICE = re.compile(r"[0-9]{3,6}")  # 110, 12345, 95588: dialled as they are
_SPACE = re.compile(r"[\s\-‐-―−.·()/]")


class Phone(TextKind):
    key = "phone"
    way = "phone"
    sample = "+86 138 0013 8000"
    label = N_("Phone")
    longest = 40
    is_copied = True
    settings = Struct({"region": Setting(Text(2), "CN", label=N_("Region"))})

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        import phonenumbers

        region = settings.get("region") or "CN"
        if region not in phonenumbers.SUPPORTED_REGIONS:
            near = nearest(region, phonenumbers.SUPPORTED_REGIONS)
            report.add(f"{path}.region", N_("The region “{region}” is not known.", region=region), "unknown", near)

    def normalise(self, field: Field, text: str) -> str:
        given = unicodedata.normalize("NFKC", text).removeprefix("tel:")
        figures = _SPACE.sub("", given)
        region = field.settings.get("region") or "CN"
        if (found := _MOBILE.fullmatch(figures)) and (region == "CN" or figures.startswith(("+86", "0086"))):
            return "+86" + found[1]
        if _SERVICE.fullmatch(figures):
            return figures
        return _international(given, region)

    def text(self, field: Field, value: Any, locale: str) -> str:
        if not value or not value.startswith("+"):
            return value or ""
        region = field.settings.get("region") or "CN"
        if region == "CN" and _MOBILE.fullmatch(value):
            return f"{value[3:6]} {value[6:10]} {value[10:]}"
        return _national(value, region)

    def reach(self, field: Field, value: Any) -> str | None:
        return f"tel:{re.sub(r'[^0-9+*#,]', '', value.partition(';ext=')[0])}" if value else None

    def masked(self, field: Field, value: Any) -> str:
        if not value:
            return ""
        found = _MOBILE.fullmatch(value)
        return formats.masked(found[1] if found else value.removeprefix("+86"))

    def widget(self, field: Field) -> Widget:
        return Widget("phone", "tel", "tel", "tel", {"maxlength": str(self.longest)})


def _international(given: str, region: str) -> str:
    import phonenumbers

    try:
        found = phonenumbers.parse(given, region)
        number = str(found.national_number)
        if found.country_code == 86 and _BEGUN_MOBILE.fullmatch(number):
            raise FieldError(_cut_off(_DIGITS - len(number)), code="phone")
        if not phonenumbers.is_possible_number(found):
            raise ValueError
    except (phonenumbers.NumberParseException, ValueError):
        raise FieldError(
            N_("This is no phone number; an example of one: {example}", example="138 0000 0000"), code="phone"
        ) from None
    ending = f";ext={found.extension}" if found.extension else ""
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)) + ending


def _cut_off(n: int) -> Message:
    if n < 1:
        return N_("Too many digits: a mobile number has {all}.", all=_DIGITS)
    return N_("{n} digits are missing: a mobile number has {all}.", n=n, all=_DIGITS)


def _national(value: str, region: str) -> str:
    import phonenumbers

    number, _, extension = value.partition(";ext=")
    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return value
    is_here = found.country_code == phonenumbers.country_code_for_region(region)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_here else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    shown = str(phonenumbers.format_number(found, style))
    return f"{shown} ext. {extension}" if extension else shown


field_kinds.register(Phone())
