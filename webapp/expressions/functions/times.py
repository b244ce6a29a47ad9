"""Functions over dates, moments and durations. Months and years, as numbers here, are calendar periods as groups."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from webapp.expressions.functions.base import add
from webapp.expressions.types import DATE, DATETIME, DURATION, TEXT, number
from webapp.expressions.val import Val
from webapp.i18n import N_


def _part(name: str) -> Callable[[Any, Val], Val]:
    return lambda b, x: b.calendar(name, x)


def _period(name: str) -> Callable[[Any, Val], Val]:
    return lambda b, x: b.period(name, x)


def _end_of(months: int, part: str) -> Callable[[Any, Val], Val]:
    def sql(b: Any, x: Val) -> Val:
        """The start, so many months on, and a day back; counted from the last month's start so that 9999 works."""
        last_month = b.shift_months(b.start_of(part, x), b.literal(Decimal(months - 1), number(0)))
        return b.end_of_month(last_month)

    return sql


def _span(seconds: int) -> Callable[[Any, Val], Val]:
    return lambda b, n: b.as_duration(b.mul(n, b.literal(Decimal(seconds), number(0))))


def _hours_between(b: Any, start: Val, end: Val) -> Val:
    return b.rounded(b.div(b.as_number(b.seconds(end, start)), b.literal(Decimal(3600), number(0))), 2)


add("today", "time", "", DATE, lambda b: b.parameter("m_today", DATE), N_("The date of today."), "today()")
add("now", "time", "", DATETIME, lambda b: b.parameter("m_now", DATETIME), N_("The present moment."), "now()")
add(
    "year",
    "time",
    "date",
    number(0),
    _part("year"),
    N_("The year as a number; as a group: each year."),
    "year(close_date)",
)
add(
    "quarter",
    "time",
    "date",
    number(0),
    _part("quarter"),
    N_("The quarter, 1 to 4; as a group: each quarter of each year."),
    "quarter(close_date)",
)
add(
    "month",
    "time",
    "date",
    number(0),
    _part("month"),
    N_("The month, 1 to 12; as a group: each month of each year."),
    "month(close_date)",
)
add(
    "week",
    "time",
    "date",
    number(0),
    _part("week"),
    N_("The week of the year (ISO, from Monday); as a group: each week of each year."),
    "week(close_date)",
)
add(
    "day",
    "time",
    "date",
    number(0),
    _part("day"),
    N_("The day of the month; as a group: each date."),
    "day(close_date)",
)
add(
    "weekday",
    "time",
    "date",
    number(0),
    _part("weekday"),
    N_("The day of the week, 1 for Monday to 7 for Sunday."),
    "weekday(close_date)",
)
add(
    "hour",
    "time",
    "datetime",
    number(0),
    lambda b, x: b.hour_of(x),
    N_("The hour of the day, 0 to 23."),
    "hour(created_at)",
)
add("year_of", "time", "date", TEXT, _period("year"), N_("The calendar year as text: 2026."), "year_of(close_date)")
add(
    "quarter_of",
    "time",
    "date",
    TEXT,
    _period("quarter"),
    N_("The calendar quarter as text: 2026-Q1."),
    "quarter_of(close_date)",
)
add(
    "month_of",
    "time",
    "date",
    TEXT,
    _period("month"),
    N_("The calendar month as text: 2026-03."),
    "month_of(close_date)",
)
add("week_of", "time", "date", TEXT, _period("week"), N_("The calendar week as text: 2026-W12."), "week_of(close_date)")
add(
    "date_of",
    "time",
    "date",
    DATE,
    lambda b, x: b.date_of(x) if x.type.name == "datetime" else x,
    N_("The date of a moment, in the firm's time zone."),
    "date_of(created_at)",
)
add(
    "date",
    "time",
    "whole whole whole",
    DATE,
    lambda b, y, m, d: b.make_date(y, m, d),
    N_("The date of a year, a month and a day."),
    "date(2026, 12, 31)",
)
add(
    "add_days",
    "time",
    "date whole",
    DATE,
    lambda b, x, n: b.shift_days(x, n),
    N_("The date so many days later."),
    "add_days(close_date, 7)",
)
add(
    "add_months",
    "time",
    "date whole",
    DATE,
    lambda b, x, n: b.shift_months(x, n),
    N_("The same day so many months later, at most the last day of that month."),
    "add_months(start, 12)",
)
add(
    "add_years", "time", "date whole", DATE,
    lambda b, x, n: b.shift_months(x, b.mul(n, b.literal(Decimal(12), number(0)))),
    N_("The same day so many years later."), "add_years(start, 1)",
)  # fmt: skip
add(
    "days_between",
    "time",
    "date date",
    number(0),
    lambda b, x, y: b.days(y, x),
    N_("How many days from the first date to the second."),
    "days_between(created_at, today())",
)
add(
    "hours_between",
    "time",
    "datetime datetime",
    number(2),
    _hours_between,
    N_("How many hours from the first moment to the second."),
    "hours_between(created_at, now())",
)
for _name, _months, _start, _end in (
    ("week", 0, N_("The Monday of the week of a date."), N_("The Sunday of the week of a date.")),
    ("month", 1, N_("The first day of the month of a date."), N_("The last day of the month of a date.")),
    ("quarter", 3, N_("The first day of the quarter of a date."), N_("The last day of the quarter of a date.")),
    ("year", 12, N_("The first day of the year of a date."), N_("The last day of the year of a date.")),
):

    def _starts(b: Any, x: Val, name: str = _name) -> Val:
        return b.start_of(name, x)

    def _week_end(b: Any, x: Val) -> Val:
        return b.shift_days(b.start_of("week", x), b.literal(Decimal(6), number(0)))

    add(f"start_of_{_name}", "time", "date", DATE, _starts, _start, f"start_of_{_name}(today())")
    add(
        f"end_of_{_name}",
        "time",
        "date",
        DATE,
        _end_of(_months, _name) if _months else _week_end,
        _end,
        f"end_of_{_name}(today())",
    )
for _name, _seconds, _help in (
    ("seconds", 1, N_("A duration of so many seconds.")),
    ("minutes", 60, N_("A duration of so many minutes.")),
    ("hours", 3600, N_("A duration of so many hours.")),
    ("days", 86400, N_("A duration of so many days of 24 hours.")),
):
    add(_name, "time", "number", DURATION, _span(_seconds), _help, f"now() - {_name}(2)")
