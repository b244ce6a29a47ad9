"""Business dates (`date`)."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, Kind, Widget
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_

_MONTHS = {name.casefold(): i for i, name in enumerate(formats.MONTHS, start=1)}
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPLIT = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_PLAIN = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ENGLISH = re.compile(r"(\d{1,2})\s+([a-z]{3})[a-z]*\.?,?\s+(\d{4})")


def read_day(text: str) -> dt.date:
    """2026-11-22, 2026/11/22, 2026.11.22, 2026年11月22日, 20261122 or 22 Nov 2026; ValueError for the rest."""
    if _ISO.fullmatch(text):  # as nearly all of them are
        return in_years(dt.date.fromisoformat(text))
    given = unicodedata.normalize("NFKC", text).strip().casefold()
    if found := _SPLIT.fullmatch(given) or _PLAIN.fullmatch(given):
        year, month, day = (int(part) for part in found.groups())
    elif found := _ENGLISH.fullmatch(given):
        if found[2] not in _MONTHS:
            raise ValueError("no month")
        year, month, day = int(found[3]), _MONTHS[found[2]], int(found[1])
    else:
        raise ValueError("not a date")
    return in_years(dt.date(year, month, day))


def in_years(value: dt.date) -> dt.date:
    """Years have four figures here: text columns of moments sort by them."""
    if value.year < 1000:
        raise ValueError("before the year 1000")
    return value


def refused() -> FieldError:
    return FieldError(N_("This is no date; an example of one: {example}", example="2026-11-22"), code="date")


class Date(Kind):
    key = "date"
    label = N_("Date")

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.Date)]

    def type(self, field: Field) -> Type:
        return types.DATE

    def parse(self, field: Field, raw: Any) -> dt.date | None:
        try:
            if raw is None or (isinstance(raw, str) and not raw.strip()):
                return None
            if isinstance(raw, dt.datetime):
                return in_years((raw.astimezone(ZoneInfo(clock.firm_zone())) if raw.tzinfo else raw).date())
            if isinstance(raw, dt.date):
                return in_years(raw)
            if isinstance(raw, str) and len(raw) <= 60:
                return read_day(_without_midnight(raw))
        except (ValueError, OverflowError):
            pass
        raise refused()

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.day(value, locale)

    def cell(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.day_in_list(value, locale, clock.today(clock.firm_zone()))

    def writer(self, field: Field, locale: str) -> Callable[[Any], str]:
        return formats.day_writer(locale, clock.today(clock.zone()))

    def typed(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else value.isoformat()

    def json(self, field: Field, value: Any) -> str | None:
        return None if value is None else value.isoformat()

    def unjson(self, field: Field, value: Any) -> dt.date | None:
        return None if value is None else dt.date.fromisoformat(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date"}

    def widget(self, field: Field) -> Widget:
        return Widget("date", "date")


def _without_midnight(text: str) -> str:
    """Spreadsheets write dates as ``2026-11-22 00:00:00``."""
    return re.sub(r"[ T]00:00(:00(\.0+)?)?$", "", text.strip())


field_kinds.register(Date())
