"""How SQLite calculates: numbers are 64-bit integers in units of their scale."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from webapp.expressions.backend import Backend
from webapp.expressions.types import TEXT, number
from webapp.expressions.val import INT64, LIMIT, MAX_SCALE, SQL, Val

fn = sa.func
BIG = sa.BigInteger()


def over(a: SQL, b: SQL) -> SQL:
    """Whole division towards zero (SQLAlchemy's own `/` means true division)."""
    return a.op("/", precedence=8, is_comparison=False, return_type=BIG)(b)


def rest_of(a: SQL, b: SQL) -> SQL:
    return a.op("%", precedence=8, return_type=BIG)(b)


class Numbers(Backend):
    """Arithmetic that never leaves int64, where SQLite would fall into floating point."""

    def limited(self, value: Val) -> Val:
        value = self.low(value)
        top, bottom = self.units(LIMIT), self.units(-LIMIT)
        clamped = fn.max(fn.min(value.sql, top, type_=BIG), bottom, type_=BIG)
        sql = fn.nullif(fn.nullif(clamped, top, type_=BIG), bottom, type_=BIG)
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
        high = over(a.sql, cut) * b.sql
        middle = rest_of(a.sql, cut) * over(b.sql, cut)
        low = self.once(self.made(rest_of(a.sql, cut) * rest_of(b.sql, cut), number(0), a, b, cost=4))
        sql = high + middle + self._half_away(low.sql, 10**excess)
        bound = a.bound * b.bound // 10**excess + 1
        return self.checked(self.made(sql, number(MAX_SCALE), a, b, low, cost=8, bound=bound))

    def _half_away(self, units: SQL, cut: int) -> SQL:
        """units ÷ cut, rounded half away from zero; `units` is written twice."""
        by = self.units(cut)
        return over(units, by) + over(rest_of(units, by) * self.units(2), by)

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
        quotient, rest = over(a.sql, b.sql), rest_of(a.sql, b.sql)
        kept = self.once(self.made(quotient, number(0), a, b, cost=4))
        left = self.once(self.made(rest, number(0), a, b, cost=4))
        for factor in _factors(b.bound, shift):
            grown = self.once(self.made(left.sql * self.units(factor), number(0), left, cost=2))
            digits = kept.sql * self.units(factor) + over(grown.sql, b.sql)
            kept = self.once(self.made(digits, number(0), kept, grown, b, cost=5))
            left = self.once(self.made(rest_of(grown.sql, b.sql), number(0), grown, b, cost=3))
        sql = kept.sql + over(left.sql * self.units(2), b.sql)
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
        rest = rest_of(a.sql, cut)
        beyond = sa.case(((rest > 0) if up else (rest < 0), self.units(1 if up else -1)), else_=self.units(0))
        return self.made(
            over(a.sql, cut) + beyond, number(0), a, cost=7, bound=a.bound // 10**a.scale + 2, filled=a.filled
        )

    def mod(self, a: Val, b: Val) -> Val:
        a, b = self.pair(a, b)
        b = self.once(b)
        sql = rest_of(rest_of(a.sql, b.sql) + b.sql, b.sql)
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
        size = fn.abs(a.sql, type_=BIG)
        sign = sa.case((a.sql < 0, "-"), else_="")
        rest = fn.substr("000000" + sa.cast(rest_of(size, cut), sa.Text), -a.scale, type_=sa.Text())
        fraction = fn.rtrim(fn.rtrim("." + rest, "0"), ".", type_=sa.Text())
        sql = sign.concat(sa.cast(over(size, cut), sa.Text)).concat(fraction)
        return self.made(sql, TEXT, a, cost=14, filled=a.filled)

    def total(self, sql: SQL, value: Val) -> Val:
        """The sum over rows, 0 for none; by halves, because SQLite's own sum raises when it leaves int64."""
        if value.bound <= 10**10:
            return self.made(
                fn.coalesce(fn.sum(sql, type_=BIG), self.units(0), type_=BIG), value.type, value, bound=LIMIT
            )
        cut = self.units(10**9)
        high = fn.coalesce(fn.sum(over(sql, cut)), self.units(0), type_=BIG)
        low = fn.coalesce(fn.sum(rest_of(sql, cut)), self.units(0), type_=BIG)
        made = self.made(high * cut + low, value.type, value, cost=9, bound=INT64)
        return self.limited(made)

    def clamp(self, value: Val, low: int, high: int) -> SQL:
        value = self.low(value)
        return fn.max(fn.min(value.sql, self.units(high), type_=BIG), self.units(low), type_=BIG)


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
