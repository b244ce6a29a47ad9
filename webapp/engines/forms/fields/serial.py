"""Serial numbers (`serial`), such as ``LD-202611-0042``: given by the door when a record is created."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from webapp.db import Unit
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Flag, OneOf, Report, Setting, Struct, Text
from webapp.engines.forms.fields.base import FieldError, TextKind, Widget
from webapp.engines.forms.structure import counters
from webapp.i18n import N_

DEFAULT = "{yyyy}-{####}"
_PLACE = re.compile(r"\{([^{}]*)\}")
_DATES = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "yyyymm": "%Y%m", "yymm": "%y%m", "yyyymmdd": "%Y%m%d",
          "yymmdd": "%y%m%d"}  # fmt: skip
_PERIODS = {"never": "", "year": "%Y", "month": "%Y%m", "day": "%Y%m%d"}
#: What a pattern must show when it begins anew each year, month or day, so that no number comes twice.
_NEEDED = {"never": "", "year": "y", "month": "ym", "day": "ymd"}


class Serial(TextKind):
    key = "serial"
    is_serial = True
    label = N_("Serial number")
    longest = 60
    is_input = False
    is_sorted = True
    settings = Struct(
        {
            "pattern": Setting(Text(40), DEFAULT, label=N_("Pattern")),
            "reset": Setting(OneOf(tuple(_PERIODS)), "never", label=N_("Begins anew")),
            "gap_free": Setting(Flag(), False, label=N_("Without gaps")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        pattern = settings.get("pattern") or DEFAULT
        places = _PLACE.findall(pattern)
        numbers = [p for p in places if p and not p.strip("#")]
        dates = [p for p in places if p in _DATES]
        if len(numbers) != 1 or len(numbers) + len(dates) != len(places) or len(numbers[0]) > 12:
            report.add(
                f"{path}.pattern",
                N_("A pattern has one {number} and dates such as {date}.", number="{####}", date="{yyyymm}"),
                "bad_pattern",
            )
        elif not set(_NEEDED[settings.get("reset") or "never"]) <= set("".join(dates)):
            report.add(
                f"{path}.reset",
                N_("The pattern does not show the date by which numbers begin anew; they would come twice."),
                "reset",
            )

    def parse(self, field: Field, raw: Any) -> str | None:
        if raw is not None and raw != "":
            raise FieldError(N_("This number is given by the system and cannot be filled in."), code="read_only")
        return None

    def sort_key(self, value: str) -> str:
        return value.casefold()

    def masked(self, field: Field, value: Any) -> str:
        return "****" if value else ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "readOnly": True}

    def widget(self, field: Field) -> Widget:
        return Widget("read")


def next_value(unit: Unit, field: Field, now: dt.datetime) -> str:
    """The next number of `field` at `now`."""
    return next_values(unit, field, now, 1)[0]


def next_values(unit: Unit, field: Field, now: dt.datetime, count: int) -> list[str]:
    """The next `count` numbers in order; dates and periods are those of the firm's zone."""
    today = now.astimezone(ZoneInfo(unit.zone)).date()
    period = _date(today, _PERIODS[field.settings.get("reset") or "never"])
    gap_free = bool(field.settings.get("gap_free"))
    numbers = counters.take(unit, field.form, field.key, period, count, gap_free=gap_free)
    pattern = field.settings.get("pattern") or DEFAULT
    return [_filled(pattern, today, number) for number in numbers]


def _date(day: dt.date, form: str) -> str:
    return day.strftime(form) if form else ""


def _filled(pattern: str, today: dt.date, number: int) -> str:
    def place(found: re.Match[str]) -> str:
        name = found[1]
        return _date(today, _DATES[name]) if name in _DATES else str(number).zfill(len(name))

    return _PLACE.sub(place, pattern)


field_kinds.register(Serial())
