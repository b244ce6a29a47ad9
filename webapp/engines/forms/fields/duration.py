"""A length of time (`duration`): whole seconds, typed as people say it: 1h30, 90 分, 1:30, 2 天 3 小时, 1.5 小时."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import OneOf, Report, Setting, Struct, Text
from webapp.engines.forms import formats
from webapp.engines.forms.fields.base import FieldError, Kind, Widget, one_line
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import N_, translate

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
#: A thousand years: more is a mistake.
LONGEST = 86400 * 366_000
_WORDS = {
    "d": 86400, "day": 86400, "days": 86400, "天": 86400, "日": 86400, "w": 604800, "week": 604800, "weeks": 604800,
    "周": 604800, "星期": 604800, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "小时": 3600,
    "个小时": 3600, "时": 3600, "钟头": 3600, "个钟头": 3600, "m": 60, "min": 60, "mins": 60, "minute": 60,
    "minutes": 60, "分": 60, "分钟": 60, "'": 60,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "秒": 1, "秒钟": 1, '"': 1,
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_PART = re.compile(rf"(\d{{1,12}}(?:\.\d{{1,6}})?|半)\s*(个半)?({_UNIT})?\s*(半)?(?:\s|,|、|和|and)*")
_CLOCK = re.compile(r"(\d{1,9}):([0-5]?\d)(?::([0-5]?\d))?")


class Duration(Kind):
    """`unit` is what a number alone means; with `least` and `most` (typed like a value) bounds are set."""

    key = "duration"
    label = N_("Duration")
    settings = Struct(
        {
            "unit": Setting(OneOf(tuple(UNITS)), "minute", label=N_("A number alone means")),
            "min": Setting(Text(40), label=N_("Shortest")),
            "max": Setting(Text(40), label=N_("Longest")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        bounds = {}
        for name in ("min", "max"):
            try:
                bounds[name] = read(settings.get(name) or "", settings.get("unit") or "minute")
            except FieldError as error:
                report.add(f"{path}.{name}", error.message, "invalid")
        least, most = bounds.get("min"), bounds.get("max")
        if least is not None and most is not None and least > most:
            report.add(f"{path}.max", N_("The longest is shorter than the shortest."), "range")

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return [sa.Column(field.column, sa.BigInteger)]

    def type(self, field: Field) -> Type:
        return types.DURATION

    def parse(self, field: Field, raw: Any) -> int | None:
        unit = field.settings.get("unit") or "minute"
        value = _given(raw, unit)
        if value is None:
            return None
        if abs(value) > LONGEST:
            raise FieldError(N_("This is longer than a thousand years."), code="too_large")
        least, most = (read(field.settings.get(name) or "", unit) for name in ("min", "max"))
        if least is not None and value < least:
            raise FieldError(N_("At least {n} is expected here.", n=field.settings["min"]), code="too_small")
        if most is not None and value > most:
            raise FieldError(N_("At most {n} is possible here.", n=field.settings["max"]), code="too_large")
        return value

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else whole(value, locale)

    def cell(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else formats.length(value, locale)

    def asked(self, field: Field, raw: str) -> Any:
        return self.parse(field, raw)

    def said(self, field: Field, value: Any, locale: str) -> str:
        return whole(value, locale)

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["integer", "null"], "minimum": -LONGEST, "maximum": LONGEST, "x-unit": "seconds"}

    def widget(self, field: Field) -> Widget:
        return Widget("duration", "text", autocomplete="off")


def _given(raw: Any, unit: str) -> int | None:
    """Programs give whole seconds; spreadsheets times of the day; people texts."""
    if isinstance(raw, dt.time):
        return raw.hour * 3600 + raw.minute * 60 + raw.second
    if isinstance(raw, dt.timedelta):
        return round(raw.total_seconds())
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    return read(one_line(raw), unit)


def read(text: str, unit: str) -> int | None:
    """Seconds of a text as typed; a number alone counts in `unit`. None when empty; raises `FieldError`."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if not plain:
        return None
    sign = -1 if plain[0] in "-−" else 1
    plain = plain.lstrip("+-− ")
    if found := _CLOCK.fullmatch(plain):
        return sign * (int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0))
    total, position, smallest = Decimal(0), 0, None
    while position < len(plain) and len(plain) <= 60:
        found = _PART.match(plain, position)
        if found is None or (found[3] is None and smallest is None and found.end() < len(plain)):
            raise _refused()
        # 1h30: what follows a unit counts in the next smaller one
        size = _WORDS[found[3]] if found[3] else _next(smallest) if smallest else UNITS[unit]
        number = Decimal("0.5") if found[1] == "半" else Decimal(found[1])
        total += (number + (Decimal("0.5") if found[2] or found[4] else 0)) * size
        position, smallest = found.end(), size
    if smallest is None:
        raise _refused()
    return sign * int(total.to_integral_value())


def _next(size: int) -> int:
    return {604800: 86400, 86400: 3600, 3600: 60}.get(size, 1)


def _refused() -> FieldError:
    return FieldError(
        N_("This is no length of time; write it like {example}", example="1:30, 1h30, 90 min"), code="duration"
    )


def whole(seconds: int, locale: str) -> str:
    """``1 天 2 小时 10 分 5 秒`` / ``1 d 2 h 10 min 5 s``: every part, so that it can be typed again."""
    span = abs(seconds)
    parts = (("{n} d", span // 86400), ("{n} h", span // 3600 % 24), ("{n} min", span // 60 % 60), ("{n} s", span % 60))
    said = [translate(locale, text, n=n) for text, n in parts if n] or [translate(locale, "{n} min", n=0)]
    return ("-" if seconds < 0 else "") + " ".join(said)


field_kinds.register(Duration())
