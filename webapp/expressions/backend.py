"""What both databases must do alike, in terms of SQL values that know their type and their bounds.

Numbers carry their scale. A number that needs more than `LIMIT` units of its scale is empty, on both databases at
the same step, so that SQLite never falls into floating point. Where the bounds of the operands exclude it, nothing
is checked.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.db import Exact, Moment
from webapp.expressions.fold import fold
from webapp.expressions.steps import Steps
from webapp.expressions.types import BOOLEAN, DURATION, TEXT, Type, number
from webapp.expressions.val import FIELD_BOUND, LIMIT, LONGEST_NUMBER, MAX_HEIGHT, SQL, Val, power_scale

_SQL_TYPES: dict[str, Any] = {"boolean": sa.Boolean, "date": sa.Date, "datetime": Moment}
_SQL_TYPES |= dict.fromkeys(("duration", "record", "member", "department"), sa.BigInteger)


class Backend:
    """One compilation for one database. Subclasses know how that database says things."""

    name = ""

    def __init__(self) -> None:
        self._counter = itertools.count()
        self.steps: Steps | None = Steps(self._counter)

    def new_steps(self) -> Steps:
        return Steps(self._counter)

    # --- making values

    def made(self, sql: SQL, type_: Type, *operands: Val, cost: int = 4, **more: Any) -> Val:
        return Val(sql, type_, height=max((o.height for o in operands), default=0) + cost, **more)

    def once(self, value: Val) -> Val:
        """`value` as something that may be written more than once."""
        if value.atom or self.steps is None:
            return value
        folded = value.folded
        steps = self.steps
        if folded is not None:
            kept: list[SQL] = []

            def later() -> SQL:
                if not kept:
                    kept.append(steps.add(folded()))
                return kept[0]

            return replace(value, sql=steps.add(value.sql), atom=True, height=1, folded=later)
        return replace(value, sql=steps.add(value.sql), atom=True, height=1)

    def low(self, value: Val) -> Val:
        """`value`, made a step if its SQL nests too deeply to be built upon."""
        return self.once(value) if value.height > MAX_HEIGHT else value

    def literal(self, value: Any, type_: Type) -> Val:
        """A constant; a bind parameter in SQL."""
        if value is None:
            return Val(sa.cast(sa.null(), self.sql_type(type_)), type_, bound=1, atom=True, literal=None)
        bound = FIELD_BOUND
        if type_.name == "number":
            bound = abs(int(Decimal(value).scaleb(type_.scale))) + 1
        elif type_.name == "duration":
            bound = abs(int(value)) + 1
        if type_.name == "datetime" and value.tzinfo is None:
            return self.local_moment(value)
        sql = self.bind(value, type_)
        folded = (lambda: self.bind(fold(value), TEXT)) if type_.name == "text" else None
        return Val(sql, type_, bound=bound, filled=True, atom=True, literal=value, folded=folded)

    def bind(self, value: Any, type_: Type) -> SQL:
        if type_.name == "boolean":
            return sa.true() if value else sa.false()
        return sa.literal(value, self.sql_type(type_))

    def sql_type(self, type_: Type) -> Any:
        """The SQLAlchemy type that reads and binds Python values of a language type."""
        if type_.name == "number":
            return Exact(type_.scale)
        return _SQL_TYPES.get(type_.name, sa.Text)()

    def units(self, value: int) -> SQL:
        """A whole number of our own making, written into the SQL."""
        return sa.literal_column(str(int(value)), sa.BigInteger())

    # --- numbers: to be said by each database

    def limited(self, value: Val) -> Val:
        """Empty if it has more units than the limit."""
        raise NotImplementedError

    def rescale(self, value: Val, scale: int) -> Val:
        """The same number with more decimals."""
        raise NotImplementedError

    def mul(self, a: Val, b: Val) -> Val:
        raise NotImplementedError

    def div(self, a: Val, b: Val) -> Val:
        """a ÷ b to six decimals, rounded half away from zero; empty for b = 0."""
        raise NotImplementedError

    def rounded(self, value: Val, scale: int) -> Val:
        """To fewer decimals (less than zero: tens, hundreds …), half away from zero."""
        raise NotImplementedError

    def checked(self, value: Val) -> Val:
        return self.limited(value) if value.bound > LIMIT else value

    def pair(self, a: Val, b: Val) -> tuple[Val, Val]:
        """Two numbers at the larger of their scales."""
        scale = max(a.scale, b.scale)
        return self.rescale(self.low(a), scale), self.rescale(self.low(b), scale)

    def add(self, a: Val, b: Val, sign: int = 1) -> Val:
        a, b = self.pair(a, b)
        sql = a.sql + b.sql if sign > 0 else a.sql - b.sql
        return self.checked(self.made(sql, a.type, a, b, cost=2, bound=a.bound + b.bound, filled=a.filled and b.filled))

    def sub(self, a: Val, b: Val) -> Val:
        return self.add(a, b, -1)

    def neg(self, a: Val) -> Val:
        a = self.low(a)
        return self.made(-a.sql, a.type, a, cost=2, bound=a.bound, filled=a.filled)

    def as_duration(self, value: Val) -> Val:
        return replace(self.rounded(value, 0), type=DURATION)

    def as_number(self, value: Val) -> Val:
        """A duration as its seconds."""
        return replace(value, type=number(0)) if value.type.name == "duration" else value

    # --- comparing

    def compare(self, operator: str, a: Val, b: Val) -> Val:
        """Not yet two-valued: NULL where a side is empty."""
        a, b = self.low(a), self.low(b)
        left, right = self.comparable(a, b)
        sql = {
            "eq": lambda: left == right,
            "ne": lambda: left != right,
            "lt": lambda: left < right,
            "le": lambda: left <= right,
            "gt": lambda: left > right,
            "ge": lambda: left >= right,
        }[operator]()
        return self.made(sql, BOOLEAN, a, b, cost=2, filled=a.filled and b.filled)

    def comparable(self, a: Val, b: Val) -> tuple[SQL, SQL]:
        """Both sides as they are compared: at one scale, texts folded."""
        if a.type.name == "number":
            a, b = self.same_scale(a, b)
            return a.sql, b.sql
        if a.type.name == "text":
            return self.ordered(self.fold(a)), self.ordered(self.fold(b))
        return a.sql, b.sql

    def same_scale(self, a: Val, b: Val) -> tuple[Val, Val]:
        raise NotImplementedError

    def ordered(self, text: SQL) -> SQL:
        """A text compared by its code points."""
        return text

    def strict(self, value: Val, *sides: Val) -> Val:
        """Yes or no, never NULL: false where a side is empty. Keeps plain comparisons usable for an index."""
        if value.filled:
            return value
        open_sides = [s for s in sides if not s.filled]
        if sides and all(s.atom for s in open_sides):
            sql = sa.and_(value.sql, *(s.sql.is_not(sa.null()) for s in open_sides))
        else:
            sql = sa.func.coalesce(value.sql, sa.false())
        return self.made(sql, BOOLEAN, value, cost=4, filled=True)

    def total(self, sql: SQL, value: Val) -> Val:
        """The sum of `sql` over rows, 0 for none; `value` tells its type and bounds."""
        raise NotImplementedError

    # --- texts

    def position(self, needle: SQL, text: SQL) -> SQL:
        """Where one text begins in another, from 1; 0 where it does not occur."""
        raise NotImplementedError

    def begins(self, text: Val, start: Val) -> SQL:
        """Whether a text begins with another, as both fold."""
        raise NotImplementedError

    def fold(self, value: Val) -> SQL:
        """The text as it is compared."""
        return value.folded() if value.folded is not None else sa.func.lower(self.ordered(value.sql))

    def filled_text(self, value: Val) -> SQL:
        return value.sql if value.filled else sa.func.coalesce(value.sql, "")

    def text(self, sql: SQL, *operands: Val, cost: int = 5, **more: Any) -> Val:
        """A computed text; one without characters is empty."""
        return self.made(sa.func.nullif(sql, "", type_=sa.Text()), TEXT, *operands, cost=cost, **more)

    def join(self, pieces: list[Val]) -> Val:
        """One after the other; empty counts as no characters."""
        total = self.low(pieces[0])
        for piece in pieces[1:]:
            total = self._joined(self.low(total), self.low(piece))
        if total.filled:
            return total
        folded = total.folded
        return self.made(
            sa.func.nullif(total.sql, "", type_=sa.Text()),
            TEXT,
            total,
            folded=(lambda: sa.func.nullif(folded(), "", type_=sa.Text())) if folded else None,
        )

    def _joined(self, a: Val, b: Val) -> Val:
        def folded() -> SQL:
            left, right = self.fold(a), self.fold(b)
            return sa.func.coalesce(left, "", type_=sa.Text()).concat(sa.func.coalesce(right, "", type_=sa.Text()))

        sql = sa.func.coalesce(a.sql, "", type_=sa.Text()).concat(sa.func.coalesce(b.sql, "", type_=sa.Text()))
        return self.made(sql, TEXT, a, b, cost=4, folded=folded, filled=a.filled or b.filled)

    def as_text(self, value: Val) -> Val:
        """What `&` makes of it: numbers without trailing zeros, dates as 2026-11-22, moments in the firm's zone."""
        if value.type.name == "number":
            return self.number_text(value)
        if value.type.name in ("date", "datetime"):
            return self.moment_text(value)
        return replace(value, type=TEXT)

    def number_text(self, a: Val) -> Val:
        raise NotImplementedError

    def moment_text(self, value: Val) -> Val:
        raise NotImplementedError

    def number_of(self, sql: SQL, *operands: Val) -> Val:
        """A small whole number that a function answered."""
        return self.made(sql, number(0), *operands, cost=6, bound=10**9)

    def int4(self, sql: SQL) -> SQL:
        return sql

    def coalesce(self, values: list[Val]) -> Val:
        """The first that is not empty."""
        values = [self.low(v) for v in values]
        if values[0].type.name == "number":
            scale = max(v.scale for v in values)
            values = [self.rescale(v, scale) for v in values]
        type_ = self.sql_type(values[0].type)
        folded = None
        if values[0].type.name == "text":
            folded = lambda: sa.func.coalesce(*(self.fold(v) for v in values), type_=sa.Text())  # noqa: E731
        return self.made(
            sa.func.coalesce(*(v.sql for v in values), type_=type_) if len(values) > 1 else values[0].sql,
            values[0].type,
            *values,
            bound=max(v.bound for v in values),
            filled=any(v.filled for v in values),
            folded=folded,
        )

    # --- numbers from texts, powers

    def refitted(self, value: Val, scale: int, least: Decimal | None, most: Decimal | None) -> Val:
        """A number as a field with so many decimals and these bounds would hold it; empty where it cannot."""
        raise NotImplementedError

    def text_number(self, text: Val, *, rounds: bool = True) -> Val:
        """The number that a text is, to six decimals, rounded half away from zero; empty if it is none. Spaces at the
        ends do not count, full-width characters do as plain ones; a text of more than `LONGEST_NUMBER` is none.
        Unless it `rounds`, one of more than six decimals is none either."""
        plain = self.once(self.made(self.narrow(self.strip(self.low(text).sql)), TEXT, text, cost=18))
        kept = sa.case((sa.func.length(plain.sql) <= LONGEST_NUMBER, plain.sql), else_=sa.cast(sa.null(), sa.Text))
        return self.limited(self.parsed(self.once(self.made(kept, TEXT, plain)), rounds))

    def strip(self, text: SQL) -> SQL:
        """Without spaces at the ends."""
        raise NotImplementedError

    def narrow(self, text: SQL) -> SQL:
        """With plain characters for the full-width ones of a number."""
        raise NotImplementedError

    def parsed(self, text: Val, rounds: bool) -> Val:
        """The number of a short plain text, not yet limited."""
        raise NotImplementedError

    def power(self, x: Val, n: Val) -> Val:
        """x multiplied by itself n times, by squaring with 18 digits on either side of the point, so that the decimals
        of the result are right; empty for n < 0 and where it has more digits."""
        x, n = self.once(x), self.once(n)
        type_ = number(power_scale(x.scale, n.literal if n.is_literal else None))
        size = self.looped_power(x, n, type_.scale)
        sql = sa.case((sa.and_(x.sql < 0, self.is_odd(n)), -size.sql), else_=size.sql)
        return self.limited(self.made(sql, type_, x, n, size))

    def looped_power(self, x: Val, n: Val, scale: int) -> Val:
        """The size of x to the n, at a scale, as something that may be written more than once."""
        raise NotImplementedError

    def is_odd(self, n: Val) -> SQL:
        raise NotImplementedError

    # --- moments

    def local_moment(self, value: datetime) -> Val:
        """A wall-clock time in the firm's zone as a moment."""
        raise NotImplementedError

    def days(self, a: Val, b: Val) -> Val:
        """Days from the date b to the date a."""
        raise NotImplementedError

    def seconds(self, a: Val, b: Val) -> Val:
        """The duration from the moment b to the moment a."""
        raise NotImplementedError

    def date_of(self, value: Val) -> Val:
        """The business date of a moment."""
        raise NotImplementedError

    def parameter(self, name: str, type_: Type) -> Val:
        """What only the moment of execution knows."""
        sql = sa.bindparam(name, type_=self.sql_type(type_))
        return Val(sql, type_, atom=True, filled=type_.name in ("date", "datetime"))

    def cast_value(self, sql: SQL, type_: Type) -> SQL:
        """A bound value as a column of its type would give it back."""
        raise NotImplementedError

    def json_values(self, text: SQL) -> Any:
        """A list of texts from JSON as a table with one column `value`."""
        raise NotImplementedError

    def coerced(self, value: Val) -> SQL:
        """SQL whose result arrives as the Python value of its type."""
        return sa.type_coerce(value.sql, self.sql_type(value.type))
