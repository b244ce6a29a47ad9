"""How SQLite says it: numbers are 64-bit integers in units of their scale, dates and moments are texts in UTC."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.db import Moment
from webapp.expressions.backend import (
    BOOLEAN,
    DATE,
    DATETIME,
    DURATION,
    FIELD_BOUND,
    INT64,
    LAST_DAY_NUMBER,
    LIMIT,
    LONGEST_NUMBER,
    MAX_SCALE,
    MAX_TEXT,
    SQL,
    TEXT,
    WIDE,
    Backend,
    Val,
    number,
)
from webapp.expressions.steps import Loop
from webapp.expressions.types import Type

fn = sa.func
_BIG = sa.BigInteger()


def _over(a: SQL, b: SQL) -> SQL:
    """Whole division towards zero (SQLAlchemy's own `/` means true division)."""
    return a.op("/", precedence=8, is_comparison=False, return_type=_BIG)(b)


def _rest(a: SQL, b: SQL) -> SQL:
    return a.op("%", precedence=8, return_type=_BIG)(b)


LIMB = 10**9
BASE, RESULT = [f"b{i}" for i in range(4)], [f"r{i}" for i in range(4)]


def _product(a: list[str], b: list[str]) -> list[str]:
    """The limbs of a · b, rounded to two below the point; the highest is NULL where the product does not fit."""
    sums = [" + ".join(f"{a[i]} * {b[k - i]}" for i in range(4) if 0 <= k - i < 4) for k in range(7)]
    carried = f"({sums[1]} + ({sums[0]}) / {LIMB} + {LIMB // 2}) / {LIMB}"
    limbs = []
    for column in sums[2:6]:
        total = f"({column} + {carried})"
        limbs.append(f"{total} % {LIMB}")
        carried = f"{total} / {LIMB}"
    limbs[3] = f"CASE WHEN {sums[6]} = 0 AND {total} < {LIMB} THEN {total} END"
    return limbs


class SQLite(Backend):
    name = "sqlite"

    # --- numbers

    def limited(self, value: Val) -> Val:
        value = self.low(value)
        top, bottom = self.units(LIMIT), self.units(-LIMIT)
        clamped = fn.max(fn.min(value.sql, top, type_=_BIG), bottom, type_=_BIG)
        sql = fn.nullif(fn.nullif(clamped, top, type_=_BIG), bottom, type_=_BIG)
        return self.made(sql, value.type, value, cost=14, bound=LIMIT)

    def rescale(self, value: Val, scale: int) -> Val:
        up = scale - value.scale
        if up <= 0:
            return value
        type_ = replace(value.type, scale=scale)
        if value.is_literal and value.literal is not None and value.bound * 10**up <= LIMIT:
            return self.literal(value.literal, type_)
        sql = value.sql * self.units(10**up)
        made = self.made(sql, type_, value, cost=2, bound=value.bound * 10**up, filled=value.filled)
        return self.checked(made)

    def same_scale(self, a: Val, b: Val) -> tuple[Val, Val]:
        """Without a check: a product beyond int64 becomes a float that is larger than any number, as it should be."""
        scale = max(a.scale, b.scale)

        def at(value: Val) -> Val:
            up = scale - value.scale
            if value.is_literal or up == 0:
                return self.rescale(value, scale)
            return replace(value, sql=value.sql * self.units(10**up), type=replace(value.type, scale=scale))

        return at(a), at(b)

    def mul(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        excess = max(0, a.scale + b.scale - MAX_SCALE)
        bound = a.bound * b.bound
        type_ = number(a.scale + b.scale)
        filled = a.filled and b.filled
        if excess and bound > INT64:
            return self._wide_product(a, b, excess)
        product = self.made(a.sql * b.sql, type_, a, b, cost=2, bound=bound, filled=filled)
        return self.rounded(product, MAX_SCALE) if excess else self.checked(product)

    def _wide_product(self, a: Val, b: Val, excess: int) -> Val:
        """a · b ÷ 10^excess where the product itself would leave int64: by high and low parts."""
        a, b = self.once(a), self.once(b)
        cut = self.units(10**excess)
        high = _over(a.sql, cut) * b.sql
        middle = _rest(a.sql, cut) * _over(b.sql, cut)
        low = self.once(self.made(_rest(a.sql, cut) * _rest(b.sql, cut), number(0), a, b, cost=4))
        sql = high + middle + self._half_away(low.sql, 10**excess)
        bound = a.bound * b.bound // 10**excess + 1
        return self.checked(self.made(sql, number(MAX_SCALE), a, b, low, cost=8, bound=bound))

    def _half_away(self, units: SQL, cut: int) -> SQL:
        """units ÷ cut, rounded half away from zero; `units` is written twice."""
        by = self.units(cut)
        return _over(units, by) + _over(_rest(units, by) * self.units(2), by)

    def rounded(self, value: Val, scale: int) -> Val:
        drop = value.scale - scale
        if drop <= 0:
            return value
        value = self.once(value)
        bound = value.bound // 10**drop + 1
        made = self.made(
            self._half_away(value.sql, 10**drop), value.type, value, cost=6, bound=bound, filled=value.filled
        )
        if scale >= 0:
            return replace(made, type=replace(value.type, scale=scale))
        sql = made.sql * self.units(10**-scale)
        return replace(
            self.made(sql, made.type, made, cost=3, bound=bound * 10**-scale, filled=value.filled), type=number(0)
        )

    def div(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        shift = MAX_SCALE + b.scale - a.scale
        if b.is_literal and b.literal is not None:
            exact = self._by_literal(a, b, shift)
            if exact is not None:
                return exact
        a, b = self.once(a), self.once(b)
        quotient, rest = _over(a.sql, b.sql), _rest(a.sql, b.sql)
        kept = self.once(self.made(quotient, number(0), a, b, cost=4))
        left = self.once(self.made(rest, number(0), a, b, cost=4))
        for factor in _factors(b.bound, shift):
            grown = self.once(self.made(left.sql * self.units(factor), number(0), left, cost=2))
            digits = kept.sql * self.units(factor) + _over(grown.sql, b.sql)
            kept = self.once(self.made(digits, number(0), kept, grown, b, cost=5))
            left = self.once(self.made(_rest(grown.sql, b.sql), number(0), grown, b, cost=3))
        sql = kept.sql + _over(left.sql * self.units(2), b.sql)
        return self.checked(self.made(sql, number(MAX_SCALE), kept, left, b, cost=5, bound=a.bound * 10**shift + 1))

    def _by_literal(self, a: Val, b: Val, shift: int) -> Val | None:
        """Division by a constant: reduced to one product and one rounding where that stays within int64."""
        divisor = int(b.literal.scaleb(b.scale)) if b.type.name == "number" else int(b.literal)
        if divisor == 0:
            return self.literal(None, number(MAX_SCALE))
        factor = 10**shift
        while divisor % 10 == 0 and factor % 10 == 0:
            divisor, factor = divisor // 10, factor // 10
        while divisor % 5 == 0 and factor % 5 == 0:
            divisor, factor = divisor // 5, factor // 5
        while divisor % 2 == 0 and factor % 2 == 0:
            divisor, factor = divisor // 2, factor // 2
        bound = a.bound * factor
        if abs(divisor) == 1:
            sql = a.sql * self.units(factor * divisor)
            made = self.made(sql, number(MAX_SCALE), a, cost=3, bound=bound, filled=a.filled)
            return self.checked(made)
        if bound * 2 > INT64:
            return None
        product = self.once(self.made(a.sql * self.units(factor), number(0), a, cost=3))
        sql = self._half_away(product.sql, divisor)
        bound = bound // abs(divisor) + 2
        return self.checked(self.made(sql, number(MAX_SCALE), product, cost=6, bound=bound, filled=a.filled))

    def floor(self, a: Val, up: bool = False) -> Val:
        if a.scale == 0:
            return a
        a = self.once(a)
        cut = self.units(10**a.scale)
        rest = _rest(a.sql, cut)
        beyond = sa.case(((rest > 0) if up else (rest < 0), self.units(1 if up else -1)), else_=self.units(0))
        return self.made(
            _over(a.sql, cut) + beyond, number(0), a, cost=7, bound=a.bound // 10**a.scale + 2, filled=a.filled
        )

    def mod(self, a: Val, b: Val) -> Val:
        a, b = self.pair(a, b)
        b = self.once(b)
        sql = _rest(_rest(a.sql, b.sql) + b.sql, b.sql)
        return self.made(sql, a.type, a, b, cost=5, bound=b.bound)

    def least(self, values: list[Val], greatest: bool = False) -> Val:
        """Empty if one of them is."""
        name = "max" if greatest else "min"
        values = [self.low(v) for v in values]
        if values[0].type.name == "number":
            scale = max(v.scale for v in values)
            values = [self.rescale(v, scale) for v in values]
        sql = getattr(fn, name)(*(v.sql for v in values), type_=self.sql_type(values[0].type))
        return self.made(sql, values[0].type, *values, bound=max(v.bound for v in values))

    def number_text(self, a: Val) -> Val:
        if a.scale == 0:
            return self.made(sa.cast(a.sql, sa.Text), TEXT, a, filled=a.filled)
        a = self.once(a)
        cut = self.units(10**a.scale)
        size = fn.abs(a.sql, type_=_BIG)
        sign = sa.case((a.sql < 0, "-"), else_="")
        rest = fn.substr("000000" + sa.cast(_rest(size, cut), sa.Text), -a.scale, type_=sa.Text())
        fraction = fn.rtrim(fn.rtrim("." + rest, "0"), ".", type_=sa.Text())
        sql = sign.concat(sa.cast(_over(size, cut), sa.Text)).concat(fraction)
        return self.made(sql, TEXT, a, cost=14, filled=a.filled)

    def total(self, sql: SQL, value: Val) -> Val:
        """The sum over rows, 0 for none; by halves, because SQLite's own sum raises when it leaves int64."""
        if value.bound <= 10**10:
            return self.made(
                fn.coalesce(fn.sum(sql, type_=_BIG), self.units(0), type_=_BIG), value.type, value, bound=LIMIT
            )
        cut = self.units(10**9)
        high = fn.coalesce(fn.sum(_over(sql, cut)), self.units(0), type_=_BIG)
        low = fn.coalesce(fn.sum(_rest(sql, cut)), self.units(0), type_=_BIG)
        made = self.made(high * cut + low, value.type, value, cost=9, bound=INT64)
        return self.limited(made)

    # --- texts

    def clamp(self, value: Val, low: int, high: int) -> SQL:
        value = self.low(value)
        return fn.max(fn.min(value.sql, self.units(high), type_=_BIG), self.units(low), type_=_BIG)

    def position(self, needle: SQL, text: SQL) -> SQL:
        """From 1; 0 where it does not occur."""
        return fn.instr(text, needle, type_=_BIG)

    def begins(self, text: Val, start: Val) -> SQL:
        text, start = self.once(text), self.once(start)
        head = self.fold(start)
        return fn.substr(self.fold(text), 1, fn.length(head), type_=sa.Text()) == head

    def strip(self, text: SQL) -> SQL:
        return fn.trim(text, " \t\r\n\u3000", type_=sa.Text())

    # --- numbers from texts, powers

    def narrow(self, text: SQL) -> SQL:
        for wide, plain in WIDE.items():
            text = fn.replace(text, wide, plain, type_=sa.Text())
        return text

    def refitted(self, value: Val, scale: int, least: Decimal | None, most: Decimal | None) -> Val:
        up, sql = scale - value.scale, value.sql
        size = FIELD_BOUND // 10**up if up > 0 else FIELD_BOUND * 10**-up
        fits = [sql < self.units(size), sql > self.units(-size)]
        if least is not None:
            fits.append(sql >= self.units(math.ceil(least.scaleb(value.scale))))
        if most is not None:
            fits.append(sql <= self.units(math.floor(most.scaleb(value.scale))))
        if up < 0:
            fits.append(_rest(sql, self.units(10**-up)) == 0)
        moved = sql * self.units(10**up) if up >= 0 else _over(sql, self.units(10**-up))
        return self.made(sa.case((sa.and_(*fits), moved)), number(scale), value, cost=8)

    def parsed(self, text: Val, rounds: bool) -> Val:
        text = self.once(text)
        sign = fn.substr(text.sql, 1, 1, type_=sa.Text())
        unsigned = sa.case((sign.in_(["+", "-"]), fn.substr(text.sql, 2)), else_=text.sql)
        body = self.once(self.made(unsigned, TEXT, text))
        point = self.once(self.made(fn.instr(body.sql + ".", "."), number(0), body))
        before = fn.ltrim(fn.substr(body.sql, 1, point.sql - 1), "0", type_=sa.Text())
        whole = self.once(self.made(before, TEXT, body, point))
        rest = self.once(self.made(fn.substr(body.sql, point.sql + 1, type_=sa.Text()), TEXT, body, point))
        is_number = sa.and_(
            sa.not_(body.sql.bool_op("GLOB")("*[^0-9.]*")),
            body.sql.bool_op("GLOB")("*[0-9]*"),
            fn.instr(rest.sql, ".") == 0,
            fn.length(whole.sql) <= 18 - MAX_SCALE,
            fn.length(rest.sql) <= (LONGEST_NUMBER if rounds else MAX_SCALE),
        )
        decimals = sa.cast(fn.substr(rest.sql.concat("0" * MAX_SCALE), 1, MAX_SCALE), _BIG)
        up = sa.case((fn.substr(rest.sql, MAX_SCALE + 1, 1) >= "5", self.units(1)), else_=self.units(0))
        size = sa.cast(whole.sql, _BIG) * self.units(10**MAX_SCALE) + decimals + up
        sql = sa.case((is_number, size * sa.case((sign == "-", self.units(-1)), else_=self.units(1))))
        return self.made(sql, number(MAX_SCALE), text, body, whole, rest, cost=12, bound=LIMIT + 1)

    def is_odd(self, n: Val) -> SQL:
        return _rest(n.sql, self.units(2)) == self.units(1)

    def looped_power(self, x: Val, n: Val, scale: int) -> Val:
        """In limbs of nine digits, the lowest first, two on either side of the point: their products fit into int64."""
        size = fn.abs(x.sql, type_=_BIG)
        whole = self.once(self.made(_over(size, self.units(10**x.scale)), number(0), x))
        below = _rest(size, self.units(10**x.scale)) * self.units(10 ** (18 - x.scale))
        part = self.once(self.made(below, number(0), x))
        limb = self.units(LIMB)
        given = [f(v.sql, limb) for v in (part, whole) for f in (_rest, _over)]
        square, product = _product(BASE, BASE), _product(RESULT, BASE)
        columns: dict[str, tuple[Any, str]] = {"n": (n.sql, "n >> 1")}
        columns |= {b: (start, square[i]) for i, (b, start) in enumerate(zip(BASE, given, strict=True))}
        one = [self.units(int(i == 2)) for i in range(4)]
        for i, r in enumerate(RESULT):
            columns[r] = (one[i], f"CASE WHEN n & 1 THEN {product[i]} ELSE {r} END")
        cut = 10 ** (18 - scale)
        rounded = f"(r3 * {LIMB} + r2) * {10**scale} + (r1 * {LIMB} + r0 + {cut // 2}) / {cut}"
        result = sa.literal_column(f"CASE WHEN r3 * {LIMB} + r2 < {cut} THEN {rounded} END", _BIG)
        made = Loop(f"m__l{next(self._counter)}", columns, "n > 0", "n = 0", result)
        return self.once(self.made(made, number(scale), x, n, whole, part, cost=12, bound=LIMIT + 1))

    # --- dates and moments

    def local_moment(self, value: datetime) -> Val:
        said = sa.literal(value.strftime("%Y-%m-%d %H:%M:%S"), sa.Text)
        return Val(fn.datetime(said, "utc", type_=Moment()), DATETIME, filled=True, height=3)

    def date_of(self, value: Val) -> Val:
        value = self.low(value)
        return self.made(fn.date(value.sql, "localtime", type_=sa.Date()), DATE, value, filled=value.filled)

    def _moved(self, moved: SQL) -> SQL:
        """A date text, or NULL outside the years 1 to 9999."""
        before = sa.literal_column("'0000-12-31'", sa.Text())
        return fn.nullif(fn.max(moved, before, type_=sa.Text()), before, type_=sa.Text())

    def shift_days(self, day: Val, days: Val) -> Val:
        day = self.low(day)
        bounded = self.clamp(days, -LAST_DAY_NUMBER - 1, LAST_DAY_NUMBER + 1)
        sql = self._moved(fn.date(day.sql, sa.cast(bounded, sa.Text).concat(" days")))
        return self.made(sa.type_coerce(sql, sa.Date), DATE, day, days, cost=20)

    def days(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        sql = sa.cast(fn.julianday(a.sql) - fn.julianday(b.sql), sa.Integer)
        return self.made(sql, number(0), a, b, cost=6, bound=10**7, filled=a.filled and b.filled)

    def seconds(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        sql = sa.cast(fn.strftime("%s", a.sql), sa.BigInteger) - sa.cast(fn.strftime("%s", b.sql), sa.BigInteger)
        return self.made(sql, DURATION, a, b, cost=6, bound=10**12, filled=a.filled and b.filled)

    def shift(self, moment: Val, duration: Val) -> Val:
        moment = self.low(moment)
        bounded = self.clamp(duration, -(4 * 10**11), 4 * 10**11)
        sql = self._moved(fn.datetime(moment.sql, sa.cast(bounded, sa.Text).concat(" seconds")))
        return self.made(sa.type_coerce(sql, Moment), DATETIME, moment, duration, cost=20)

    def calendar(self, part: str, day: Val) -> Val:
        """year, quarter, month, week (ISO), day, weekday (Monday 1) of a date."""
        day = self.low(day)
        whole = {
            "year": lambda d: sa.cast(fn.substr(d, 1, 4), sa.Integer),
            "month": lambda d: sa.cast(fn.substr(d, 6, 2), sa.Integer),
            "day": lambda d: sa.cast(fn.substr(d, 9, 2), sa.Integer),
            "quarter": lambda d: _over(sa.cast(fn.substr(d, 6, 2), sa.Integer) + self.units(2), self.units(3)),
            "week": lambda d: _over(
                sa.cast(fn.strftime("%j", self._thursday(d)), sa.Integer) + self.units(6), self.units(7)
            ),
            "weekday": lambda d: (
                _rest(sa.cast(fn.strftime("%w", d), sa.Integer) + self.units(6), self.units(7)) + self.units(1)
            ),
        }[part](day.sql)
        return self.made(whole, number(0), day, cost=16, bound=10_000, filled=day.filled)

    def _thursday(self, day: SQL) -> SQL:
        """Of the same ISO week: it decides to which year the week belongs."""
        return fn.date(day, "-3 days", "weekday 4")

    def period(self, part: str, day: Val) -> Val:
        """2026, 2026-Q1, 2026-03, 2026-W12 as text."""
        day = self.once(day)
        d = day.sql
        year = fn.substr(d, 1, 4, type_=sa.Text())
        if part == "year":
            sql: SQL = year
        elif part == "month":
            sql = fn.substr(d, 1, 7, type_=sa.Text())
        elif part == "quarter":
            quarter = _over(sa.cast(fn.substr(d, 6, 2), sa.Integer) + self.units(2), self.units(3))
            sql = year.concat("-Q").concat(sa.cast(quarter, sa.Text))
        else:
            thursday = self._thursday(d)
            week = _over(sa.cast(fn.strftime("%j", thursday), sa.Integer) + self.units(6), self.units(7))
            two = fn.substr(sa.literal("0").concat(sa.cast(week, sa.Text)), -2, type_=sa.Text())
            sql = fn.strftime("%Y-W", thursday, type_=sa.Text()).concat(two)
        return self.made(sql, TEXT, day, cost=16, filled=day.filled)

    def make_date(self, year: Val, month: Val, day: Val) -> Val:
        """The date, moving on by whole months and days as a spreadsheet does; empty outside the years 1 to 9999."""
        start = sa.literal_column("'0001-01-01'", sa.Text())
        months = self.clamp(
            self.made(year.sql * self.units(12) + month.sql, number(0), self.low(year), self.low(month), cost=3),
            -1,
            200_000,
        )
        moved = fn.date(start, sa.cast(months - self.units(13), sa.Text).concat(" months"))
        first = Val(sa.type_coerce(self._moved(moved), sa.Date), DATE, height=22)
        return self.shift_days(first, self.sub(day, self.literal(1, number(0))))

    def shift_months(self, day: Val, months: Val) -> Val:
        """The same day of a later month, its last day where it is shorter."""
        day, months = self.once(day), self.once(months)
        bounded = self.once(self.made(self.clamp(months, -200_000, 200_000), number(0), months))
        moved = fn.date(day.sql, "start of month", sa.cast(bounded.sql, sa.Text).concat(" months"))
        first = self.once(self.made(sa.type_coerce(self._moved(moved), sa.Date), DATE, day, bounded, cost=22))
        ahead = sa.cast(sa.cast(fn.substr(day.sql, 9, 2), sa.Integer) - self.units(1), sa.Text).concat(" days")
        wanted = self.once(self.made(fn.date(first.sql, ahead, type_=sa.Text()), TEXT, first, day, cost=8))
        is_past = fn.substr(wanted.sql, 6, 2, type_=sa.Text()) != fn.substr(first.sql, 6, 2, type_=sa.Text())
        sql = sa.case((is_past, fn.date(wanted.sql, "start of month", "-1 day")), else_=wanted.sql)
        return self.made(sa.type_coerce(sql, sa.Date), DATE, wanted, first, cost=8)

    def end_of_month(self, day: Val) -> Val:
        """The last day of the month of a date; day 31 is tried first, because December 9999 has no month after it."""
        day = self.low(day)
        tried = self.once(self.made(fn.date(day.sql, "start of month", "+30 days", type_=sa.Text()), TEXT, day))
        day = self.once(day)
        same = fn.substr(tried.sql, 6, 2, type_=sa.Text()) == fn.substr(day.sql, 6, 2, type_=sa.Text())
        sql = sa.case((same, tried.sql), else_=fn.date(tried.sql, "start of month", "-1 day"))
        return self.made(sa.type_coerce(sql, sa.Date), DATE, tried, day, cost=8)

    def start_of(self, part: str, day: Val) -> Val:
        day = self.low(day)
        if part == "week":
            sql = self._moved(fn.date(day.sql, "-6 days", "weekday 1"))
            return self.made(sa.type_coerce(sql, sa.Date), DATE, day, cost=16)
        if part == "quarter":
            day = self.once(day)
            back = _rest(sa.cast(fn.substr(day.sql, 6, 2), sa.Integer) + self.units(2), self.units(3))
            sql = fn.date(day.sql, "start of month", sa.literal("-").concat(sa.cast(back, sa.Text)).concat(" months"))
        else:
            sql = fn.date(day.sql, f"start of {part}")
        return self.made(sa.type_coerce(sql, sa.Date), DATE, day, cost=12, filled=day.filled)

    def moment_text(self, value: Val) -> Val:
        if value.type.name == "date":
            return self.made(sa.type_coerce(value.sql, sa.Text), TEXT, value, cost=0, filled=value.filled)
        value = self.low(value)
        return self.made(
            fn.strftime("%Y-%m-%d %H:%M", value.sql, "localtime", type_=sa.Text()), TEXT, value, filled=value.filled
        )

    def hour_of(self, value: Val) -> Val:
        value = self.low(value)
        sql = sa.cast(fn.strftime("%H", value.sql, "localtime"), sa.Integer)
        return self.made(sql, number(0), value, bound=100, filled=value.filled)

    def cast_value(self, sql: SQL, type_: Type) -> SQL:
        """A bound value with the affinity a column of its type would give it."""
        kinds: dict[str, Any] = {"number": sa.BigInteger, "boolean": sa.Integer, "duration": sa.BigInteger}
        kinds |= dict.fromkeys(("record", "member", "department"), sa.BigInteger)
        return sa.type_coerce(sa.cast(sql, kinds.get(type_.name, sa.Text)), self.sql_type(type_))

    def json_values(self, text: SQL) -> Any:
        """A list of texts from JSON as a table with one column `value`."""
        return fn.json_each(text).table_valued(sa.column("value", sa.Text))


def _factors(bound: int, shift: int) -> list[int]:
    """By which steps a rest below `bound` is multiplied so that no product leaves int64; together 10^shift."""
    factors = []
    while shift:
        step = 0
        while step < shift and bound * 10 ** (step + 1) <= INT64:
            step += 1
        if step == 0:
            factors += [5, 2]
            shift -= 1
        else:
            factors.append(10**step)
            shift -= step
    return factors


__all__ = ["BOOLEAN", "MAX_TEXT", "SQLite"]
