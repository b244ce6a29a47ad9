"""The functions of the language: one entry each with types, SQL for both databases and a help line.

Parameters are named by what they take: text, number, whole (a whole number), digits (a literal −9 … 6), date (a moment
counts by its business date), datetime, duration, boolean, any (a value that has a text form). A `?` makes it optional, a
last `*` allows more of the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.expressions import coerce
from webapp.expressions.backend import MAX_TEXT, Val
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Apply, Literal, Parameter, Term
from webapp.expressions.types import BOOLEAN, DATE, DATETIME, DEPARTMENT, DURATION, MEMBER, TEXT, Type, number
from webapp.i18n import N_, Message
from webapp.registry import Registry

fn = sa.func
Result = Type | Callable[[list[Term]], Type]


@dataclass(frozen=True)
class Function:
    """One function. `sql` is given the backend and the values of its arguments."""

    key: str
    group: str  # text, number, time, people, logic
    parameters: tuple[str, ...]
    result: Result
    sql: Callable[..., Val]
    help: Message
    example: str

    def check(self, given: list[Term], position: int) -> Term:
        """The call with arguments that fit; raises `ExpressionError`."""
        wanted = list(self.parameters)
        if wanted and wanted[-1].endswith("*"):
            wanted += [wanted[-1]] * max(0, len(given) - len(wanted))
        least = sum(not p.endswith(("?", "*")) for p in self.parameters)
        if not least <= len(given) <= len(wanted):
            raise ExpressionError(
                N_("Write it like this: {example}", example=self.example), position, len(self.key), code="arguments"
            )
        if self.parameters and self.parameters[0] == "same":
            type_, given = coerce.common(given)
            if type_.name not in ("number", "date", "datetime", "duration") and self.key != "coalesce":
                raise coerce.wrong(given[0], coerce.TYPE_NAMES["number"])
            return Apply(type_, self.key, tuple(given), position=position)
        arguments = [_fit(term, want.rstrip("?*")) for term, want in zip(given, wanted, strict=False)]
        if self.key == "date_of":
            return (
                arguments[0]
                if given[0].type.name == "datetime"
                else Apply(DATE, "date_of", (arguments[0],), position=position)
            )
        if self.key == "text":
            return arguments[0]
        made = self.result(arguments) if callable(self.result) else self.result
        if self.key in PARAMETERS:
            return Parameter(made, PARAMETERS[self.key], position=position)
        return Apply(made, self.key, tuple(arguments), position=position)


PARAMETERS = {"me": "m_me", "my_department": "m_my_department", "now": "m_now", "today": "m_today"}
functions: Registry[Function] = Registry("function")


def _fit(term: Term, want: str) -> Term:
    if want in ("whole", "digits", "number") and term.type.name == "duration":
        raise coerce.wrong(term, coerce.TYPE_NAMES["number"])
    if want == "any":
        return coerce.text_of(term)
    if want == "digits":
        if not isinstance(term, Literal) or term.type != number(0) or not -9 <= term.value <= 6:
            raise coerce.wrong(term, N_("a whole number from −9 to 6, written out"))
        return term
    if want in ("number", "whole"):
        fitted = coerce.fit(term, replace(number(0), scale=term.type.scale if term.type.name == "number" else 0))
        if want == "whole" and fitted.type.scale:
            raise coerce.wrong(term, N_("a whole number"))
        return fitted
    return coerce.fit(
        term, {"text": TEXT, "date": DATE, "datetime": DATETIME, "duration": DURATION, "boolean": BOOLEAN}[want]
    )


def _add(
    key: str, group: str, parameters: str, result: Result, sql: Callable[..., Val], help_: Message, example: str
) -> None:
    functions.register(Function(key, group, tuple(parameters.split()), result, sql, help_, example))


def _first_scale(arguments: list[Term]) -> Type:
    return arguments[0].type


# --- texts


def _upper(b: Any, x: Val, name: str = "upper") -> Val:
    x = b.low(x)
    sql = getattr(fn, name)(b.ordered(x.sql), type_=sa.Text())
    return b.made(sql, TEXT, x, filled=x.filled, folded=lambda: b.fold(x))


def _left(b: Any, x: Val, n: Val) -> Val:
    x = b.low(x)
    return b.text(fn.substr(x.sql, 1, b.int4(b.clamp(n, 0, MAX_TEXT)), type_=sa.Text()), x, n, cost=18)


def _right(b: Any, x: Val, n: Val) -> Val:
    x = b.once(x)
    length = fn.length(x.sql, type_=sa.Integer())
    size = b.once(b.made(b.clamp(n, 0, MAX_TEXT), number(0), n, cost=8))
    start = b.once(b.made(length - size.sql + 1, number(0), x, size))
    begin = sa.case((start.sql < 1, 1), else_=start.sql)
    return b.text(fn.substr(x.sql, b.int4(begin), b.int4(size.sql), type_=sa.Text()), x, cost=16)


def _mid(b: Any, x: Val, start: Val, n: Val) -> Val:
    x = b.low(x)
    begin, size = b.clamp(start, 1, MAX_TEXT * 100), b.clamp(n, 0, MAX_TEXT)
    return b.text(fn.substr(x.sql, b.int4(begin), b.int4(size), type_=sa.Text()), x, start, n, cost=18)


def _replace(b: Any, x: Val, old: Val, new: Val) -> Val:
    x, old, new = b.low(x), b.low(old), b.low(new)
    made = fn.replace(x.sql, b.filled_text(old), b.filled_text(new), type_=sa.Text())
    return b.text(fn.substr(made, 1, MAX_TEXT, type_=sa.Text()), x, old, new, cost=14)


def _find(b: Any, needle: Val, x: Val) -> Val:
    needle, x = b.low(needle), b.low(x)
    sql = b.position(fn.lower(b.ordered(needle.sql)), fn.lower(b.ordered(x.sql)))
    return b.number_of(sql, needle, x)


_add("upper", "text", "text", TEXT, _upper, N_("The text in capital letters (A to Z)."), "upper(name)")
_add(
    "lower",
    "text",
    "text",
    TEXT,
    lambda b, x: _upper(b, x, "lower"),
    N_("The text in small letters (A to Z)."),
    "lower(name)",
)
_add(
    "trim", "text", "text", TEXT, lambda b, x: b.text(b.strip(b.low(x).sql), b.low(x)),
    N_("The text without spaces at its ends."), "trim(name)",
)  # fmt: skip
_add(
    "len", "text", "text", number(0),
    lambda b, x: b.number_of(fn.coalesce(fn.length(b.low(x).sql), 0, type_=sa.Integer()), b.low(x)),
    N_("How many characters the text has; 0 if it is empty."), "len(name)",
)  # fmt: skip
_add("left", "text", "text whole", TEXT, _left, N_("The first characters of the text."), "left(name, 3)")
_add("right", "text", "text whole", TEXT, _right, N_("The last characters of the text."), "right(phone, 4)")
_add(
    "mid",
    "text",
    "text whole whole",
    TEXT,
    _mid,
    N_("Characters from the middle: from which (1 is the first), how many."),
    "mid(name, 2, 3)",
)
_add(
    "replace",
    "text",
    "text text text",
    TEXT,
    _replace,
    N_("The text with every occurrence of one part replaced."),
    "replace(phone, '-', '')",
)
_add(
    "find",
    "text",
    "text text",
    number(0),
    _find,
    N_("Where the first text begins in the second (1 is the start), 0 if nowhere."),
    "find('@', email)",
)
_add(
    "concat",
    "text",
    "any any*",
    TEXT,
    lambda b, *x: b.join(list(x)) if len(x) > 1 else x[0],
    N_("The values one after the other, as one text."),
    "concat(name, ' ', phone)",
)
_add("text", "text", "any", TEXT, lambda b, x: b.as_text(x), N_("The value as text."), "text(amount)")


# --- numbers


def _round(b: Any, x: Val, digits: Val | None = None) -> Val:
    return b.rounded(x, 0 if digits is None else int(digits.literal))


def _round_type(arguments: list[Term]) -> Type:
    digits = arguments[1] if len(arguments) > 1 else None
    wanted = int(digits.value) if isinstance(digits, Literal) else 0
    return number(max(0, min(arguments[0].type.scale, wanted)))


def _abs(b: Any, x: Val) -> Val:
    x = b.low(x)
    return b.made(fn.abs(x.sql, type_=x.sql.type), x.type, x, bound=x.bound, filled=x.filled)


def _sign(b: Any, x: Val) -> Val:
    x = b.once(x)
    sql = sa.case((x.sql > 0, b.units(1)), (x.sql < 0, b.units(-1)), (x.sql == 0, b.units(0)))
    return b.number_of(sql, x)


_add(
    "round",
    "number",
    "number digits?",
    _round_type,
    _round,
    N_("Rounded to so many decimals, halves away from zero; less than 0 rounds to tens, hundreds …"),
    "round(amount, 1)",
)
_add(
    "floor", "number", "number", number(0), lambda b, x: b.floor(x), N_("The next whole number below."), "floor(amount)"
)
_add(
    "ceil",
    "number",
    "number",
    number(0),
    lambda b, x: b.floor(x, up=True),
    N_("The next whole number above."),
    "ceil(amount)",
)
_add("abs", "number", "number", _first_scale, _abs, N_("The number without its sign."), "abs(amount)")
_add("sign", "number", "number", number(0), _sign, N_("1, 0 or −1: above, at or below zero."), "sign(amount)")
_add(
    "min",
    "number",
    "same same*",
    number(0),
    lambda b, *x: b.least(list(x)),
    N_("The smallest of the values; over a list of records, of all of them."),
    "min(amount, 1000)",
)
_add(
    "max",
    "number",
    "same same*",
    number(0),
    lambda b, *x: b.least(list(x), greatest=True),
    N_("The largest of the values; over a list of records, of all of them."),
    "max(amount, 0)",
)
_add(
    "mod", "number", "number number", lambda a: number(max(a[0].type.scale, a[1].type.scale)), lambda b, x, y: b.mod(x, y),
    N_("The rest of a division, with the sign of the divisor."), "mod(quantity, 12)",
)  # fmt: skip
_add(
    "coalesce", "logic", "same same*", TEXT, lambda b, *x: b.coalesce(list(x)),
    N_("The first of the values that is not empty."), "coalesce(mobile, phone)",
)  # fmt: skip


# --- dates, moments, durations


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


_add("today", "time", "", DATE, lambda b: b.parameter("m_today", DATE), N_("The date of today."), "today()")
_add("now", "time", "", DATETIME, lambda b: b.parameter("m_now", DATETIME), N_("The present moment."), "now()")
_add(
    "year",
    "time",
    "date",
    number(0),
    _part("year"),
    N_("The year as a number; as a group: each year."),
    "year(close_date)",
)
_add(
    "quarter",
    "time",
    "date",
    number(0),
    _part("quarter"),
    N_("The quarter, 1 to 4; as a group: each quarter of each year."),
    "quarter(close_date)",
)
_add(
    "month",
    "time",
    "date",
    number(0),
    _part("month"),
    N_("The month, 1 to 12; as a group: each month of each year."),
    "month(close_date)",
)
_add(
    "week",
    "time",
    "date",
    number(0),
    _part("week"),
    N_("The week of the year (ISO, from Monday); as a group: each week of each year."),
    "week(close_date)",
)
_add(
    "day",
    "time",
    "date",
    number(0),
    _part("day"),
    N_("The day of the month; as a group: each date."),
    "day(close_date)",
)
_add(
    "weekday",
    "time",
    "date",
    number(0),
    _part("weekday"),
    N_("The day of the week, 1 for Monday to 7 for Sunday."),
    "weekday(close_date)",
)
_add(
    "hour",
    "time",
    "datetime",
    number(0),
    lambda b, x: b.hour_of(x),
    N_("The hour of the day, 0 to 23."),
    "hour(created_at)",
)
_add("year_of", "time", "date", TEXT, _period("year"), N_("The calendar year as text: 2026."), "year_of(close_date)")
_add(
    "quarter_of",
    "time",
    "date",
    TEXT,
    _period("quarter"),
    N_("The calendar quarter as text: 2026-Q1."),
    "quarter_of(close_date)",
)
_add(
    "month_of",
    "time",
    "date",
    TEXT,
    _period("month"),
    N_("The calendar month as text: 2026-03."),
    "month_of(close_date)",
)
_add(
    "week_of", "time", "date", TEXT, _period("week"), N_("The calendar week as text: 2026-W12."), "week_of(close_date)"
)
_add(
    "date_of",
    "time",
    "date",
    DATE,
    lambda b, x: b.date_of(x) if x.type.name == "datetime" else x,
    N_("The date of a moment, in the firm's time zone."),
    "date_of(created_at)",
)
_add(
    "date",
    "time",
    "whole whole whole",
    DATE,
    lambda b, y, m, d: b.make_date(y, m, d),
    N_("The date of a year, a month and a day."),
    "date(2026, 12, 31)",
)
_add(
    "add_days",
    "time",
    "date whole",
    DATE,
    lambda b, x, n: b.shift_days(x, n),
    N_("The date so many days later."),
    "add_days(close_date, 7)",
)
_add(
    "add_months",
    "time",
    "date whole",
    DATE,
    lambda b, x, n: b.shift_months(x, n),
    N_("The same day so many months later, at most the last day of that month."),
    "add_months(start, 12)",
)
_add(
    "add_years", "time", "date whole", DATE,
    lambda b, x, n: b.shift_months(x, b.mul(n, b.literal(Decimal(12), number(0)))),
    N_("The same day so many years later."), "add_years(start, 1)",
)  # fmt: skip
_add(
    "days_between",
    "time",
    "date date",
    number(0),
    lambda b, x, y: b.days(y, x),
    N_("How many days from the first date to the second."),
    "days_between(created_at, today())",
)
_add(
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

    _add(f"start_of_{_name}", "time", "date", DATE, _starts, _start, f"start_of_{_name}(today())")
    _add(
        f"end_of_{_name}",
        "time",
        "date",
        DATE,
        _end_of(_months, _name) if _months else _week_end,
        _end,
        f"end_of_{_name}(today())",
    )
for _name, _seconds, _help in (
    ("minutes", 60, N_("A duration of so many minutes.")),
    ("hours", 3600, N_("A duration of so many hours.")),
    ("days", 86400, N_("A duration of so many days of 24 hours.")),
):
    _add(_name, "time", "number", DURATION, _span(_seconds), _help, f"now() - {_name}(2)")


# --- people

_add("me", "people", "", MEMBER, lambda b: b.parameter("m_me", MEMBER), N_("The member who asks."), "owner = me()")
_add(
    "my_department",
    "people",
    "",
    DEPARTMENT,
    lambda b: b.parameter("m_my_department", DEPARTMENT),
    N_("The main department of the member who asks."),
    "owner_department = my_department()",
)
