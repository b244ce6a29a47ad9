"""The language once more, slowly and in plain Python: what the SQL of both databases is measured against.

It walks the checked tree over Python values. It knows nothing of SQL, scaled integers or steps.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from webapp.expressions import fold, terms
from webapp.expressions.terms import Term

EXACT = Context(prec=80)
LIMIT = 10**18
FAR = 4 * 10**11  # seconds


class Text(str):
    """A text that knows how it is compared."""

    folded: str

    def __new__(cls, text: str, folded: str) -> Text:
        made = super().__new__(cls, text)
        made.folded = folded
        return made


def _small(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _big(text: str) -> str:
    return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)


def _plain(text: str | None) -> Text | None:
    """A computed text: only ASCII letters fold."""
    return Text(text, _small(text)) if text else None


@dataclass
class World:
    """Rows by form and id; who asks, when, where."""

    rows: dict[str, dict[int, dict[str, Any]]]
    schema: Any
    now: datetime
    zone: str
    me: int
    department: int
    people: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)

    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()


class Reference:
    def __init__(self, world: World, row: dict[str, Any], old: dict[str, Any] | None = None) -> None:
        self.world, self.rows, self.old = world, [row], old or {}

    def answer(self, term: Term) -> Any:
        value = self.value(term)
        if term.type.name == "boolean":
            return value is True
        return str(value) if isinstance(value, Text) else value

    # --- values

    def value(self, term: Term) -> Any:
        match term:
            case terms.Literal(value=value):
                if isinstance(value, str) and term.type.name == "text":
                    return Text(value, fold(value))
                if isinstance(value, datetime) and value.tzinfo is None:
                    return value.replace(tzinfo=ZoneInfo(self.world.zone)).astimezone(UTC)
                return value
            case terms.Parameter(name=name):
                w = self.world
                return {"m_me": w.me, "m_my_department": w.department, "m_now": w.now, "m_today": w.today()}[name]
            case terms.Value(form=form, key=key, up=up, is_old=is_old):
                return self.read(form, key, self.old if is_old else self.rows[-1 - up])
            case terms.Through(base=base, form=form, key=key):
                return self.through(self.value(base), form, key)
            case terms.Attribute(base=base, values=values):
                found = dict(values).get(self.value(base))
                return Text(found, fold(found)) if isinstance(found, str) else found
            case terms.Changed(before=before, after=after):
                return self.value(before) != self.value(after)
            case terms.Aggregate():
                return self.aggregate(term)
            case terms.Apply(function=name, arguments=given):
                return self.apply(name, given, term)
        raise AssertionError(term)

    def read(self, form: str, key: str, row: dict[str, Any]) -> Any:
        shape = self.world.schema.form(form).names[key]
        if shape.expression is not None:
            return Reference(self.world, row).value(shape.expression.term)
        value = row.get(key)
        if shape.type.name == "text":
            return Text(value, fold(value)) if value else None
        return value

    def through(self, pointer: Any, form: str, key: str) -> Any:
        if form in self.world.people:
            found = self.world.people[form].get(pointer, {}).get(key)
            return _plain(found) if isinstance(found, str) else found
        row = self.world.rows[form].get(pointer)
        return self.read(form, key, row) if row is not None and row.get("deleted_at") is None else None

    def aggregate(self, term: terms.Aggregate) -> Any:
        owner = self.value(term.base) if term.base is not None else self.rows[-1].get("id")
        found = []
        for row in self.world.rows[term.form].values():
            if owner is None or row.get(term.link) != owner or row.get("deleted_at") is not None:
                continue
            self.rows.append(row)
            if term.where is None or self.value(term.where) is True:
                found.append(True if term.argument is None else self.value(term.argument))
            self.rows.pop()
        found = [v for v in found if v is not None]
        match term.function:
            case "count":
                return Decimal(len(found))
            case "any":
                return any(v is True for v in found)
            case "sum":
                return limited(sum(found, Decimal(0) if term.type.name == "number" else 0), term.type.scale)
            case "avg":
                total = limited(sum(found), term.argument.type.scale if term.argument else 0)
                return divide(total, Decimal(len(found))) if found else None
        return (min if term.function == "min" else max)(found) if found else None

    # --- functions and operators

    def apply(self, name: str, given: tuple[Term, ...], term: Term) -> Any:
        if name in ("and", "or"):
            return (all if name == "and" else any)(self.value(a) is True for a in given)
        if name == "not":
            return self.value(given[0]) is not True
        if name == "is_empty":
            return not self.value(given[0]) if given[0].type.name == "choices" else self.value(given[0]) is None
        if name == "between":
            return all(self.value(a) is True for a in given)
        if name == "in":
            return any(self.compare("eq", self.value(given[0]), self.value(c)) for c in given[1:])
        if name in ("eq", "ne", "lt", "le", "gt", "ge"):
            return self.compare(name, self.value(given[0]), self.value(given[1]))
        if name in ("has", "has_all", "has_any"):
            found = [self.value(option) in (self.value(given[0]) or ()) for option in given[1:]]
            return any(found) if name == "has_any" else all(found)
        if name in ("if", "case"):
            return self.choose(given, term)
        values = [self.value(a) for a in given]
        if name in ("join", "concat"):
            pieces = [v for v in values if v is not None]
            text = "".join(pieces)
            return Text(text, "".join(p.folded for p in pieces)) if text else None
        if name == "coalesce":
            values = [self.at_scale(v, term) for v in values]
            return next((v for v in values if v is not None), None)
        if name == "len":
            return Decimal(len(values[0] or ""))
        if name == "replace":
            text, old, new = values[0], values[1] or "", values[2] or ""
            return None if text is None else _plain(str(text).replace(old, new)[:10_000] if old else str(text)[:10_000])
        if any(v is None for v in values):
            return None
        if name in ("min", "max"):
            values = [self.at_scale(v, term) for v in values]
            if any(v is None for v in values):
                return None
            return (min if name == "min" else max)(values)
        if name == "power":
            return self.do_power(*values, term.type.scale)
        return getattr(self, f"do_{name}")(*values, *(_scales(given) if name in _NEED_SCALE else ()))

    def at_scale(self, value: Any, term: Term) -> Any:
        return limited(value, term.type.scale) if isinstance(value, Decimal) else value

    def choose(self, given: tuple[Term, ...], term: Term) -> Any:
        for condition, branch in zip(given[:-1:2], given[1::2], strict=False):
            if self.value(condition) is True:
                return self.at_scale(self.value(branch), term)
        return self.at_scale(self.value(given[-1]), term)

    def compare(self, name: str, a: Any, b: Any) -> bool:
        if name == "ne":
            return not self.compare("eq", a, b)
        if a is None or b is None:
            return False
        if isinstance(a, Text):
            a, b = a.folded, b.folded
        tests: dict[str, Callable[[], bool]] = {
            "eq": lambda: a == b, "lt": lambda: a < b, "le": lambda: a <= b, "gt": lambda: a > b, "ge": lambda: a >= b,
        }  # fmt: skip
        return tests[name]()

    def do_contains(self, text: Text, part: Text) -> bool:
        return part.folded in text.folded

    def do_starts(self, text: Text, part: Text) -> bool:
        return text.folded.startswith(part.folded)

    def do_add(self, a: Decimal, b: Decimal, sa: int, sb: int) -> Any:
        return added(a, b, max(sa, sb))

    def do_sub(self, a: Decimal, b: Decimal, sa: int, sb: int) -> Any:
        return added(a, -b, max(sa, sb))

    def do_mul(self, a: Decimal, b: Decimal, sa: int, sb: int) -> Any:
        scale = min(sa + sb, 6)
        return limited(rounded(EXACT.multiply(a, b), scale), scale)

    def do_div(self, a: Any, b: Any, *_: int) -> Any:
        return divide(Decimal(a), Decimal(b))

    def do_neg(self, a: Any) -> Any:
        return -a

    def do_duration_add(self, a: int, b: int) -> Any:
        return limited(a + b, 0)

    def do_duration_sub(self, a: int, b: int) -> Any:
        return limited(a - b, 0)

    def do_duration_mul(self, a: int, b: Decimal, _: int, sb: int) -> Any:
        made = limited(rounded(EXACT.multiply(Decimal(a), b), sb), sb)
        return None if made is None else int(rounded(made, 0))

    def do_duration_div(self, a: int, b: Decimal, *_: int) -> Any:
        made = divide(Decimal(a), b)
        return None if made is None else int(rounded(made, 0))

    def do_shift_days(self, day: date, n: Decimal) -> date | None:
        number = day.toordinal() + max(-(10**7), min(10**7, int(n)))
        return date.fromordinal(number) if 1 <= number <= date.max.toordinal() else None

    do_add_days = do_shift_days

    def do_date_difference(self, a: date, b: date) -> Decimal:
        return Decimal((a - b).days)

    def do_days(self, n: Decimal, scale: int) -> Any:
        return self._span(n, scale, 86400)

    def do_days_between(self, a: date, b: date) -> Decimal:
        return Decimal((b - a).days)

    def do_moment_difference(self, a: datetime, b: datetime) -> int:
        return int((a - b).total_seconds())

    def do_shift(self, at: datetime, seconds: int) -> datetime | None:
        try:
            return at + timedelta(seconds=max(-FAR, min(FAR, seconds)))
        except OverflowError:
            return None

    def do_date_of(self, at: Any) -> date:
        return at.astimezone(ZoneInfo(self.world.zone)).date() if isinstance(at, datetime) else at

    def do_hour(self, at: datetime) -> Decimal:
        return Decimal(at.astimezone(ZoneInfo(self.world.zone)).hour)

    def do_hours_between(self, a: datetime, b: datetime) -> Any:
        return rounded(divide(Decimal(self.do_moment_difference(b, a)), Decimal(3600)), 2)

    def do_year(self, d: date) -> Decimal:
        return Decimal(d.year)

    def do_quarter(self, d: date) -> Decimal:
        return Decimal((d.month + 2) // 3)

    def do_month(self, d: date) -> Decimal:
        return Decimal(d.month)

    def do_week(self, d: date) -> Decimal:
        return Decimal(d.isocalendar().week)

    def do_day(self, d: date) -> Decimal:
        return Decimal(d.day)

    def do_weekday(self, d: date) -> Decimal:
        return Decimal(d.isoweekday())

    def do_year_of(self, d: date) -> Any:
        return _plain(f"{d.year:04d}")

    def do_quarter_of(self, d: date) -> Any:
        return _plain(f"{d.year:04d}-Q{(d.month + 2) // 3}")

    def do_month_of(self, d: date) -> Any:
        return _plain(f"{d.year:04d}-{d.month:02d}")

    def do_week_of(self, d: date) -> Any:
        iso = d.isocalendar()
        return _plain(f"{iso.year:04d}-W{iso.week:02d}")

    def do_date(self, y: Decimal, m: Decimal, d: Decimal) -> Any:
        months = int(y) * 12 + int(m) - 13
        if not 0 <= months < 9999 * 12:
            return None
        return self.do_shift_days(date(months // 12 + 1, months % 12 + 1, 1), d - 1)

    def do_add_months(self, day: date, n: Decimal) -> Any:
        months = (day.year - 1) * 12 + day.month - 1 + int(n)
        if not 0 <= months < 9999 * 12:
            return None
        year, month = months // 12 + 1, months % 12 + 1
        return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))

    def do_add_years(self, day: date, n: Decimal) -> Any:
        return self.do_add_months(day, n * 12)

    def do_start_of_week(self, d: date) -> Any:
        return self.do_shift_days(d, Decimal(-d.weekday()))

    def do_end_of_week(self, d: date) -> Any:
        start = self.do_start_of_week(d)
        return None if start is None else self.do_shift_days(start, Decimal(6))

    def do_start_of_month(self, d: date) -> date:
        return d.replace(day=1)

    def do_start_of_quarter(self, d: date) -> date:
        return d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1)

    def do_start_of_year(self, d: date) -> date:
        return d.replace(month=1, day=1)

    def do_end_of_month(self, d: date) -> date:
        return d.replace(day=calendar.monthrange(d.year, d.month)[1])

    def do_end_of_quarter(self, d: date) -> date:
        return self.do_end_of_month(self.do_start_of_quarter(d).replace(month=(d.month - 1) // 3 * 3 + 3))

    def do_end_of_year(self, d: date) -> date:
        return d.replace(month=12, day=31)

    def _span(self, n: Decimal, scale: int, seconds: int) -> Any:
        made = limited(EXACT.multiply(n, Decimal(seconds)), scale)
        return None if made is None else int(rounded(made, 0))

    def do_minutes(self, n: Decimal, scale: int) -> Any:
        return self._span(n, scale, 60)

    def do_hours(self, n: Decimal, scale: int) -> Any:
        return self._span(n, scale, 3600)

    def do_round(self, x: Decimal, digits: Decimal = Decimal(0)) -> Any:
        return rounded(x, int(digits))

    def do_floor(self, x: Decimal) -> Decimal:
        return x.to_integral_value(ROUND_FLOOR)

    def do_ceil(self, x: Decimal) -> Decimal:
        return x.to_integral_value(ROUND_CEILING)

    def do_abs(self, x: Decimal) -> Decimal:
        return abs(x)

    def do_sign(self, x: Decimal) -> Decimal:
        return Decimal((x > 0) - (x < 0))

    def do_mod(self, a: Decimal, b: Decimal, sa: int, sb: int) -> Any:
        a, b = limited(a, max(sa, sb)), limited(b, max(sa, sb))
        if not b or a is None:
            return None
        times = EXACT.divide_int(a, b)
        rest = EXACT.subtract(a, EXACT.multiply(times, b))
        return rest + b if rest and (rest < 0) != (b < 0) else rest

    def do_power(self, x: Decimal, n: Decimal, scale: int) -> Any:
        size, base, left = Decimal(1), abs(x), int(n)
        if left < 0:
            return None
        while left:
            if left % 2:
                size = _half_up(EXACT.multiply(size, base), 18)
            left //= 2
            base = _half_up(EXACT.multiply(base, base), 18)
            if size >= LIMIT or (left and base >= LIMIT):
                return None
        return limited(rounded(-size if x < 0 and n % 2 else size, scale), scale)

    def do_number(self, x: Text) -> Any:
        text = "".join(_WIDE.get(c, c) for c in x.strip(" \t\r\n\u3000"))
        if len(text) > 60 or not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text):
            return None
        return limited(rounded(Decimal(text), 6), 6)

    def do_upper(self, x: Text) -> Text:
        return Text(_big(x), x.folded)

    def do_lower(self, x: Text) -> Text:
        return Text(_small(x), x.folded)

    def do_trim(self, x: Text) -> Any:
        return _plain(x.strip(" \t\r\n\u3000"))

    def do_left(self, x: Text, n: Decimal) -> Any:
        return _plain(x[: max(0, min(10_000, int(n)))])

    def do_right(self, x: Text, n: Decimal) -> Any:
        size = max(0, min(10_000, int(n)))
        return _plain(x[-size:] if size else "")

    def do_mid(self, x: Text, start: Decimal, n: Decimal) -> Any:
        begin = max(1, min(1_000_000, int(start))) - 1
        return _plain(x[begin : begin + max(0, min(10_000, int(n)))])

    def do_find(self, part: Text, x: Text) -> Decimal:
        return Decimal(_small(x).find(_small(part)) + 1)

    def do_text(self, x: Any) -> Any:
        if isinstance(x, Decimal):
            text = f"{x:f}"
            return _plain((text.rstrip("0").rstrip(".") if "." in text else text) if x else "0")
        if isinstance(x, datetime):
            return _plain(x.astimezone(ZoneInfo(self.world.zone)).strftime("%Y-%m-%d %H:%M"))
        if isinstance(x, date):
            return _plain(x.isoformat())
        return _plain(str(x))


_WIDE = {chr(0xFF10 + n): str(n) for n in range(10)} | {"．": ".", "＋": "+", "－": "-", "−": "-"}
_NEED_SCALE = ("add", "sub", "mul", "div", "duration_mul", "duration_div", "mod", "minutes", "hours", "days")


def _scales(given: tuple[Term, ...]) -> list[int]:
    return [a.type.scale for a in given]


def limited(value: Any, scale: int) -> Any:
    """Empty beyond the limit of units."""
    if value is None:
        return None
    units = abs(EXACT.multiply(Decimal(value), Decimal(10) ** scale))
    return None if units >= LIMIT else value


def rounded(value: Decimal | None, scale: int) -> Any:
    return None if value is None else _half_up(value, scale)


def _half_up(value: Decimal, scale: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, context=EXACT)


def added(a: Decimal, b: Decimal, scale: int) -> Any:
    a, b = limited(a, scale), limited(b, scale)
    return None if a is None or b is None else limited(EXACT.add(a, b), scale)


def divide(a: Decimal | None, b: Decimal) -> Any:
    if a is None or not b:
        return None
    return limited(_half_up(Context(prec=200).divide(a, b), 6), 6)
