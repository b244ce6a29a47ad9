"""How SQLite says it: numbers and dates as in `sqlite_numbers` and `sqlite_times`, and texts."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.expressions.sqlite_numbers import BIG, over, rest_of
from webapp.expressions.sqlite_times import Times
from webapp.expressions.steps import Loop
from webapp.expressions.types import TEXT, Type, number
from webapp.expressions.val import FIELD_BOUND, LIMIT, LONGEST_NUMBER, MAX_SCALE, SQL, WIDE, Val

fn = sa.func

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


class SQLite(Times):
    name = "sqlite"

    # --- texts

    def position(self, needle: SQL, text: SQL) -> SQL:
        """From 1; 0 where it does not occur."""
        return fn.instr(text, needle, type_=BIG)

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
            fits.append(rest_of(sql, self.units(10**-up)) == 0)
        moved = sql * self.units(10**up) if up >= 0 else over(sql, self.units(10**-up))
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
        decimals = sa.cast(fn.substr(rest.sql.concat("0" * MAX_SCALE), 1, MAX_SCALE), BIG)
        up = sa.case((fn.substr(rest.sql, MAX_SCALE + 1, 1) >= "5", self.units(1)), else_=self.units(0))
        size = sa.cast(whole.sql, BIG) * self.units(10**MAX_SCALE) + decimals + up
        sql = sa.case((is_number, size * sa.case((sign == "-", self.units(-1)), else_=self.units(1))))
        return self.made(sql, number(MAX_SCALE), text, body, whole, rest, cost=12, bound=LIMIT + 1)

    def is_odd(self, n: Val) -> SQL:
        return rest_of(n.sql, self.units(2)) == self.units(1)

    def looped_power(self, x: Val, n: Val, scale: int) -> Val:
        """In limbs of nine digits, the lowest first, two on either side of the point: their products fit into int64."""
        size = fn.abs(x.sql, type_=BIG)
        whole = self.once(self.made(over(size, self.units(10**x.scale)), number(0), x))
        below = rest_of(size, self.units(10**x.scale)) * self.units(10 ** (18 - x.scale))
        part = self.once(self.made(below, number(0), x))
        limb = self.units(LIMB)
        given = [f(v.sql, limb) for v in (part, whole) for f in (rest_of, over)]
        square, product = _product(BASE, BASE), _product(RESULT, BASE)
        columns: dict[str, tuple[Any, str]] = {"n": (n.sql, "n >> 1")}
        columns |= {b: (start, square[i]) for i, (b, start) in enumerate(zip(BASE, given, strict=True))}
        one = [self.units(int(i == 2)) for i in range(4)]
        for i, r in enumerate(RESULT):
            columns[r] = (one[i], f"CASE WHEN n & 1 THEN {product[i]} ELSE {r} END")
        cut = 10 ** (18 - scale)
        rounded = f"(r3 * {LIMB} + r2) * {10**scale} + (r1 * {LIMB} + r0 + {cut // 2}) / {cut}"
        result = sa.literal_column(f"CASE WHEN r3 * {LIMB} + r2 < {cut} THEN {rounded} END", BIG)
        made = Loop(f"m__l{next(self._counter)}", columns, "n > 0", "n = 0", result)
        return self.once(self.made(made, number(scale), x, n, whole, part, cost=12, bound=LIMIT + 1))

    # --- values

    def cast_value(self, sql: SQL, type_: Type) -> SQL:
        """A bound value with the affinity a column of its type would give it."""
        kinds: dict[str, Any] = {"number": sa.BigInteger, "boolean": sa.Integer, "duration": sa.BigInteger}
        kinds |= dict.fromkeys(("record", "member", "department"), sa.BigInteger)
        return sa.type_coerce(sa.cast(sql, kinds.get(type_.name, sa.Text)), self.sql_type(type_))

    def json_values(self, text: SQL) -> Any:
        """A list of texts from JSON as a table with one column `value`."""
        return fn.json_each(text).table_valued(sa.column("value", sa.Text))
