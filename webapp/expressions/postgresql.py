"""How PostgreSQL says it: numbers are `numeric`, rounded and limited at the same steps as on SQLite."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from webapp.db import Moment
from webapp.expressions.backend import Backend
from webapp.expressions.steps import Loop
from webapp.expressions.types import DATE, DATETIME, DURATION, TEXT, Type, number
from webapp.expressions.val import FIELD_BOUND, LAST_DAY_NUMBER, LIMIT, LONGEST_NUMBER, MAX_SCALE, SQL, WIDE, Val

fn = sa.func
_NUM = sa.Numeric()
#: A text that is a number which can lie within the limits.
_NUMBER = r"^[+-]?(?:0*[0-9]{{1,12}}\.?[0-9]{{0,{0}}}|0*\.[0-9]{{1,{0}}})$"


def _exact(value: int, scale: int = 0) -> SQL:
    """A constant of our own making."""
    digits = f"{value}" if not scale else f"0.{value:0{scale}d}"
    return sa.literal_column(f"{digits}::numeric", _NUM)


class PostgreSQL(Backend):
    name = "postgresql"

    def bind(self, value: Any, type_: Type) -> SQL:
        if type_.name == "duration":
            return sa.cast(sa.literal(value, sa.BigInteger), sa.Numeric)
        if type_.name == "date":
            return sa.cast(sa.literal(value, sa.Date), sa.Date)
        return super().bind(value, type_)

    # --- numbers

    def literal(self, value: Any, type_: Type) -> Val:
        made = super().literal(value, type_)
        if value is not None and type_.name in ("number", "duration") and made.scale == 0:
            return replace(made, plain=sa.literal(int(value), sa.BigInteger))
        return made

    def limited(self, value: Val) -> Val:
        value = self.low(value)
        top = _exact(LIMIT // 10**value.scale)
        clamped = fn.greatest(fn.least(value.sql, top, type_=_NUM), -top, type_=_NUM)
        sql = fn.nullif(fn.nullif(clamped, top, type_=_NUM), -top, type_=_NUM)
        return self.made(sql, value.type, value, cost=8, bound=LIMIT)

    def rescale(self, value: Val, scale: int) -> Val:
        up = scale - value.scale
        if up <= 0:
            return value
        if value.is_literal and value.literal is not None and value.bound * 10**up <= LIMIT:
            return self.literal(value.literal, replace(value.type, scale=scale))
        moved = replace(value, type=replace(value.type, scale=scale), bound=value.bound * 10**up, plain=None)
        return self.checked(moved)

    def same_scale(self, a: Val, b: Val) -> tuple[Val, Val]:
        if a.plain is not None and b.plain is not None:
            return replace(a, sql=a.plain), replace(b, sql=b.plain)
        return a, b

    def mul(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        excess = max(0, a.scale + b.scale - MAX_SCALE)
        sql, bound = a.sql * b.sql, a.bound * b.bound
        if excess:
            sql, bound = fn.round(sql, MAX_SCALE, type_=_NUM), bound // 10**excess + 1
        type_ = number(a.scale + b.scale - excess)
        return self.checked(self.made(sql, type_, a, b, cost=4, bound=bound, filled=a.filled and b.filled))

    def rounded(self, value: Val, scale: int) -> Val:
        drop = value.scale - scale
        if drop <= 0:
            return value
        value = self.low(value)
        sql = fn.round(value.sql, scale, type_=_NUM)
        bound = (value.bound // 10**drop + 1) * 10 ** max(0, -scale)
        return self.made(sql, number(max(0, scale)), value, bound=bound, filled=value.filled)

    def div(self, a: Val, b: Val) -> Val:
        """Exact: the quotient in half units of the sixth decimal, cut off, then rounded (`/` alone rounds twice)."""
        a, b = self.low(a), self.low(b)
        divisor = fn.nullif(b.sql, _exact(0), type_=_NUM)
        halves = fn.div(a.sql * _exact(2 * 10**MAX_SCALE), divisor, type_=_NUM)
        sql = fn.round(halves * _exact(5, 1), 0, type_=_NUM) * _exact(1, MAX_SCALE)
        bound = a.bound * 10 ** (MAX_SCALE + b.scale - a.scale) + 1
        if b.is_literal and b.literal is None:
            return self.literal(None, number(MAX_SCALE))
        return self.checked(self.made(sql, number(MAX_SCALE), a, b, cost=8, bound=bound))

    def floor(self, a: Val, up: bool = False) -> Val:
        if a.scale == 0:
            return a
        a = self.low(a)
        sql = fn.ceil(a.sql, type_=_NUM) if up else fn.floor(a.sql, type_=_NUM)
        return self.made(sql, number(0), a, bound=a.bound // 10**a.scale + 2, filled=a.filled)

    def mod(self, a: Val, b: Val) -> Val:
        a, b = self.pair(a, b)
        b = self.once(self.made(fn.nullif(b.sql, _exact(0), type_=_NUM), b.type, b, bound=b.bound))
        sql = fn.mod(fn.mod(a.sql, b.sql, type_=_NUM) + b.sql, b.sql, type_=_NUM)
        return self.made(sql, a.type, a, b, cost=6, bound=b.bound)

    def least(self, values: list[Val], greatest: bool = False) -> Val:
        """Empty if one of them is (PostgreSQL's own least would pass over it)."""
        if values[0].type.name == "number":
            scale = max(v.scale for v in values)
            values = [self.rescale(v, scale) for v in values]
        values = [self.once(v) for v in values]
        type_ = self.sql_type(values[0].type)
        name = "greatest" if greatest else "least"
        sql = getattr(fn, name)(*(v.sql for v in values), type_=type_)
        empties = [v.sql.is_(sa.null()) for v in values if not v.filled]
        if empties:
            sql = sa.case((sa.or_(*empties), sa.null()), else_=sql)
        made = self.made(
            sa.type_coerce(sql, type_), values[0].type, *values, cost=8, bound=max(v.bound for v in values)
        )
        return replace(made, filled=all(v.filled for v in values))

    def number_text(self, a: Val) -> Val:
        a = self.low(a)
        sql = sa.cast(fn.trim_scale(fn.round(a.sql, a.scale)), sa.Text)
        return self.made(sql, TEXT, a, cost=8, filled=a.filled)

    def total(self, sql: SQL, value: Val) -> Val:
        summed = fn.coalesce(fn.sum(sql, type_=_NUM), _exact(0), type_=_NUM)
        made = self.made(summed, value.type, value, bound=LIMIT)
        return made if value.bound <= 10**10 else self.limited(made)

    # --- texts

    def ordered(self, text: SQL) -> SQL:
        return sa.collate(text, "C")

    def clamp(self, value: Val, low: int, high: int) -> SQL:
        value = self.low(value)
        if value.is_literal and value.literal is not None:
            return sa.literal_column(str(max(low, min(high, int(value.literal)))), sa.Integer())
        value = self.once(value)
        sql = sa.case((value.sql < _exact(0) + low, _exact(0) + low), (value.sql > high, _exact(high)), else_=value.sql)
        return sa.cast(sql, sa.BigInteger)

    def int4(self, sql: SQL) -> SQL:
        return sa.cast(sql, sa.Integer)

    def number_of(self, sql: SQL, *operands: Val) -> Val:
        return super().number_of(sa.cast(sql, sa.Numeric), *operands)

    def position(self, needle: SQL, text: SQL) -> SQL:
        return fn.strpos(text, needle, type_=sa.BigInteger())

    def begins(self, text: Val, start: Val) -> SQL:
        text, start = self.low(text), self.low(start)
        return fn.starts_with(self.fold(text), self.fold(start), type_=sa.Boolean())

    def strip(self, text: SQL) -> SQL:
        return fn.btrim(text, " \t\r\n\u3000", type_=sa.Text())

    # --- numbers from texts, powers

    def narrow(self, text: SQL) -> SQL:
        return fn.translate(text, "".join(WIDE), "".join(WIDE.values()), type_=sa.Text())

    def refitted(self, value: Val, scale: int, least: Decimal | None, most: Decimal | None) -> Val:
        moved = fn.round(value.sql, scale, type_=_NUM)
        fits = [moved == value.sql, fn.abs(moved, type_=_NUM) < _exact(FIELD_BOUND // 10**scale)]
        fits += [] if least is None else [moved >= sa.literal(least, _NUM)]
        fits += [] if most is None else [moved <= sa.literal(most, _NUM)]
        return self.made(sa.case((sa.and_(*fits), moved)), number(scale), value, cost=8)

    def parsed(self, text: Val, rounds: bool) -> Val:
        wanted = _NUMBER.format(LONGEST_NUMBER if rounds else MAX_SCALE)
        found = fn.substring(text.sql, sa.literal(wanted, sa.Text), type_=sa.Text())  # NULL, so that no cast fails
        sql = fn.round(sa.cast(found, sa.Numeric), MAX_SCALE, type_=_NUM)
        return self.made(sql, number(MAX_SCALE), text, bound=LIMIT + 1)

    def is_odd(self, n: Val) -> SQL:
        return fn.mod(n.sql, _exact(2)) == _exact(1)

    def looped_power(self, x: Val, n: Val, scale: int) -> Val:
        def product(of: str) -> str:
            return f"CASE WHEN round({of}, 18) < {LIMIT} THEN round({of}, 18) END"

        columns: dict[str, tuple[Any, str]] = {
            "n": (sa.cast(n.sql, sa.BigInteger), "n >> 1"),
            "b": (sa.cast(fn.abs(x.sql), sa.Numeric), product("b * b")),
            "r": (_exact(1), f"CASE WHEN n & 1 = 1 THEN {product('r * b')} ELSE r END"),
        }
        result = sa.literal_column(f"round(r, {scale})", _NUM)
        made = Loop(f"m__l{next(self._counter)}", columns, "n > 0", "n = 0", result)
        return self.once(self.made(made, number(scale), x, n, cost=12, bound=LIMIT + 1))

    # --- dates and moments

    def _zone(self) -> SQL:
        return sa.bindparam("m_zone", type_=sa.Text)

    def local_moment(self, value: datetime) -> Val:
        said = sa.cast(sa.literal(value.strftime("%Y-%m-%d %H:%M:%S"), sa.Text), pg.TIMESTAMP(timezone=False))
        return Val(fn.timezone(self._zone(), said, type_=Moment()), DATETIME, filled=True, height=5)

    def local(self, value: Val) -> SQL:
        """The wall clock of a moment in the firm's zone."""
        return fn.timezone(self._zone(), value.sql, type_=pg.TIMESTAMP(timezone=False))

    def date_of(self, value: Val) -> Val:
        value = self.low(value)
        return self.made(sa.cast(self.local(value), sa.Date), DATE, value, cost=6, filled=value.filled)

    def _day_number(self, day: SQL) -> SQL:
        return day.op("-", precedence=7, return_type=sa.Integer())(sa.literal_column("DATE '0001-01-01'", sa.Date()))

    def _day(self, day_number: SQL) -> SQL:
        """The date of a day number (bigint), or NULL outside the years 1 to 9999."""
        over, under = self.units(LAST_DAY_NUMBER + 1), self.units(-1)
        bounded = fn.greatest(fn.least(day_number, over), under)
        kept = sa.cast(fn.nullif(fn.nullif(bounded, over), under), sa.Integer)
        # least and greatest pass over NULL: an empty day becomes `over`, and so NULL again
        return sa.literal_column("DATE '0001-01-01'", sa.Date()).op("+", precedence=7, return_type=sa.Date())(kept)

    def shift_days(self, day: Val, days: Val) -> Val:
        day = self.low(day)
        bounded = self.clamp(days, -LAST_DAY_NUMBER - 1, LAST_DAY_NUMBER + 1)
        return self.made(self._day(self._day_number(day.sql) + bounded), DATE, day, days, cost=14)

    def days(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        sql = sa.cast(a.sql.op("-", precedence=7, return_type=sa.Integer())(b.sql), sa.Numeric)
        return self.made(sql, number(0), a, b, bound=10**7, filled=a.filled and b.filled)

    def seconds(self, a: Val, b: Val) -> Val:
        a, b = self.low(a), self.low(b)
        sql = sa.cast(sa.extract("epoch", a.sql), sa.Numeric) - sa.cast(sa.extract("epoch", b.sql), sa.Numeric)
        return self.made(fn.trunc(sql, type_=_NUM), DURATION, a, b, cost=6, bound=10**12, filled=a.filled and b.filled)

    def shift(self, moment: Val, duration: Val) -> Val:
        moment = self.low(moment)
        bounded = self.clamp(duration, -(4 * 10**11), 4 * 10**11)
        least, most = "-62135596801", "253402300800"  # a second before the year 1, the first of the year 10000
        total = sa.cast(sa.extract("epoch", moment.sql), sa.BigInteger) + bounded
        over, under = sa.literal_column(most, sa.BigInteger()), sa.literal_column(least, sa.BigInteger())
        kept = fn.nullif(fn.nullif(fn.greatest(fn.least(total, over), under), over), under)
        sql = fn.to_timestamp(sa.cast(kept, sa.Double), type_=Moment())
        return self.made(sql, DATETIME, moment, duration, cost=16)

    def calendar(self, part: str, day: Val) -> Val:
        day = self.low(day)
        said = {"weekday": "isodow"}.get(part, part)
        sql = sa.cast(sa.extract(said, day.sql), sa.Numeric)
        return self.made(sql, number(0), day, bound=10_000, filled=day.filled)

    def period(self, part: str, day: Val) -> Val:
        day = self.low(day)
        shape = {"year": "YYYY", "month": "YYYY-MM", "quarter": 'YYYY-"Q"Q', "week": 'IYYY-"W"IW'}[part]
        sql = fn.to_char(sa.cast(day.sql, pg.TIMESTAMP(timezone=False)), shape, type_=sa.Text())
        return self.made(sql, TEXT, day, cost=6, filled=day.filled)

    def _month_start(self, months: SQL) -> SQL:
        """The first day of the month that is so many months after January of the year 1; NULL outside the years."""
        over, under = self.units(9999 * 12), self.units(-1)
        kept = sa.cast(fn.nullif(fn.nullif(fn.greatest(fn.least(months, over), under), over), under), sa.Integer)
        start = sa.literal_column("DATE '0001-01-01'", sa.Date())
        moved = start.op("+", precedence=7, return_type=pg.TIMESTAMP())(fn.make_interval(0, kept))
        return sa.cast(moved, sa.Date)

    def make_date(self, year: Val, month: Val, day: Val) -> Val:
        months = self.made(year.sql * _exact(12) + month.sql, number(0), self.low(year), self.low(month), cost=3)
        first = Val(self._month_start(self.clamp(months, -1, 200_000) - sa.literal_column("13")), DATE, height=16)
        return self.shift_days(first, self.sub(day, self.literal(1, number(0))))

    def shift_months(self, day: Val, months: Val) -> Val:
        day = self.once(day)
        bounded = self.clamp(months, -200_000, 200_000)
        year, month = sa.extract("year", day.sql), sa.extract("month", day.sql)
        number_ = sa.cast(year * sa.literal_column("12") + month - sa.literal_column("13"), sa.BigInteger) + bounded
        first = self.once(self.made(self._month_start(number_), DATE, day, months, cost=14))
        ahead = sa.cast(sa.extract("day", day.sql), sa.Integer) - sa.literal_column("1")
        wanted = first.sql.op("+", precedence=7, return_type=sa.Date())(ahead)
        month_after = first.sql.op("+", precedence=7, return_type=pg.TIMESTAMP())(
            sa.literal_column("INTERVAL '1 month'")
        )
        last = sa.cast(month_after, sa.Date).op("-", precedence=7, return_type=sa.Date())(sa.literal_column("1"))
        sql = sa.case((first.sql.is_(sa.null()), sa.null()), else_=fn.least(wanted, last))
        return self.made(sa.type_coerce(sql, sa.Date), DATE, first, day, cost=12)

    def end_of_month(self, day: Val) -> Val:
        """The last day of the month of a date."""
        first = fn.date_trunc("month", sa.cast(day.sql, pg.TIMESTAMP(timezone=False)))
        after = first.op("+", precedence=7, return_type=pg.TIMESTAMP())(sa.literal_column("INTERVAL '1 month -1 day'"))
        return self.made(sa.cast(after, sa.Date), DATE, self.low(day), cost=10)

    def start_of(self, part: str, day: Val) -> Val:
        day = self.low(day)
        if part == "week":
            back = sa.cast(sa.extract("isodow", day.sql), sa.Integer) - sa.literal_column("1")
            day = self.once(day)
            return self.made(self._day(self._day_number(day.sql) - back), DATE, day, cost=12)
        cut = fn.date_trunc(part, sa.cast(day.sql, pg.TIMESTAMP(timezone=False)))
        return self.made(sa.cast(cut, sa.Date), DATE, day, cost=8, filled=day.filled)

    def moment_text(self, value: Val) -> Val:
        value = self.low(value)
        if value.type.name == "date":
            sql = fn.to_char(sa.cast(value.sql, pg.TIMESTAMP(timezone=False)), "YYYY-MM-DD", type_=sa.Text())
        else:
            sql = fn.to_char(self.local(value), "YYYY-MM-DD HH24:MI", type_=sa.Text())
        return self.made(sql, TEXT, value, cost=8, filled=value.filled)

    def hour_of(self, value: Val) -> Val:
        value = self.low(value)
        sql = sa.cast(sa.extract("hour", self.local(value)), sa.Numeric)
        return self.made(sql, number(0), value, cost=8, bound=100, filled=value.filled)

    def cast_value(self, sql: SQL, type_: Type) -> SQL:
        kinds: dict[str, Any] = {"number": _NUM, "boolean": sa.Boolean(), "duration": sa.Numeric(), "date": sa.Date()}
        kinds |= dict.fromkeys(("record", "member", "department"), sa.BigInteger())
        kinds["datetime"] = pg.TIMESTAMP(timezone=True, precision=0)
        return sa.type_coerce(sa.cast(sql, kinds.get(type_.name, sa.Text())), self.sql_type(type_))

    def json_values(self, text: SQL) -> Any:
        return fn.jsonb_array_elements_text(sa.cast(text, pg.JSONB)).table_valued(sa.column("value", sa.Text))

    def coerced(self, value: Val) -> SQL:
        if value.type.name == "duration":
            return sa.cast(value.sql, sa.BigInteger)
        return super().coerced(value)
