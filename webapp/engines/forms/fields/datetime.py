"""Moments (`datetime`): kept in UTC to the second, typed and shown in the person's zone.

A text or a naive value is read in `clock.zone()`: whoever serves a person (a request, an import) wraps the work in
`clock.in_zone`; without it the firm's zone counts. A text with a zone of its own (RFC 3339) means that one.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import clock
from webapp.db import Moment
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, Kind, Widget
from webapp.engines.forms.fields.date import in_years, read_day
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_WHOLE = re.compile(
    r"(?P<day>.+?)[ t]+(?P<time>\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)\s*(?P<zone>z|[+-]\d{2}:?\d{2})?"
)
_CHINESE = re.compile(r"(?P<day>.+?日)\s*(?P<time>\d{1,2}:\d{1,2}(?::\d{1,2})?)(?P<zone>)")


class DateTime(Kind):
    key = "datetime"
    label = N_("Date and time")

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, Moment)]

    def type(self, field: Field) -> Type:
        return types.DATETIME

    def parse(self, field: Field, raw: Any) -> dt.datetime | None:
        try:
            if raw is None or (isinstance(raw, str) and not raw.strip()):
                return None
            if isinstance(raw, dt.datetime):
                return _in_utc(raw)
            if isinstance(raw, dt.date):
                return _in_utc(dt.datetime.combine(raw, dt.time()))
            if isinstance(raw, str) and len(raw) <= 60:
                return _in_utc(_read(raw))
        except (ValueError, OverflowError):
            pass
        raise FieldError(
            N_("This is no date and time; an example of one: {example}", example="2026-11-22 14:30"), code="datetime"
        )

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.moment(value, locale, clock.zone())

    def cell(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.near(value, locale, clock.zone(), clock.now())

    def writer(self, field: Field, locale: str) -> Callable[[Any], str]:
        return formats.near_writer(locale, clock.zone(), clock.now())

    def typed(self, field: Field, value: Any, locale: str) -> str:
        """``2026-11-22T14:30`` in the person's zone, as `datetime-local` inputs want it."""
        if value is None:
            return ""
        local = value.astimezone(ZoneInfo(clock.zone())).isoformat()
        return str(local[:16] if local[16:19] == ":00" else local[:19])

    def json(self, field: Field, value: Any) -> str | None:
        return None if value is None else f"{value.astimezone(dt.UTC).isoformat()[:19]}Z"

    def unjson(self, field: Field, value: Any) -> dt.datetime | None:
        return None if value is None else dt.datetime.fromisoformat(value)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date-time"}

    def widget(self, field: Field) -> Widget:
        return Widget("datetime", "datetime-local")


def _read(text: str) -> dt.datetime:
    if _ISO.fullmatch(text):  # as spreadsheets have them
        return dt.datetime.fromisoformat(text)
    given = unicodedata.normalize("NFKC", text).strip().casefold().replace("时", ":").replace("分", "").rstrip(":")
    found = _WHOLE.fullmatch(given) or _CHINESE.fullmatch(given)
    if not found:
        return dt.datetime.combine(read_day(text), dt.time())
    hour, minute, *second = found["time"].split(":")
    seconds = int(second[0].partition(".")[0]) if second else 0
    moment = dt.datetime.combine(read_day(found["day"]), dt.time(int(hour), int(minute), seconds))
    if not found["zone"]:
        return moment
    return moment.replace(tzinfo=dt.datetime.strptime(found["zone"].upper(), "%z").tzinfo)


def _in_utc(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(clock.zone()))
    value = value.astimezone(dt.UTC).replace(microsecond=0)
    in_years(value.date())
    value.astimezone(ZoneInfo(clock.zone()))  # a moment that cannot be shown is refused now, not later
    return value


field_kinds.register(DateTime())
