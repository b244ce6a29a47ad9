"""Functions over numbers, and those that choose among values."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.expressions.functions.base import add, first_type
from webapp.expressions.terms import Literal, Term
from webapp.expressions.types import TEXT, Type, number
from webapp.expressions.val import Val, power_scale
from webapp.i18n import N_

fn = sa.func


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


def _power_type(arguments: list[Term]) -> Type:
    x, n = arguments
    return number(power_scale(x.type.scale, n.value if isinstance(n, Literal) else None))


add(
    "round",
    "number",
    "number digits?",
    _round_type,
    _round,
    N_("Rounded to so many decimals, halves away from zero; less than 0 rounds to tens, hundreds …"),
    "round(amount, 1)",
)
add(
    "floor", "number", "number", number(0), lambda b, x: b.floor(x), N_("The next whole number below."), "floor(amount)"
)
add(
    "ceil",
    "number",
    "number",
    number(0),
    lambda b, x: b.floor(x, up=True),
    N_("The next whole number above."),
    "ceil(amount)",
)
add("abs", "number", "number", first_type, _abs, N_("The number without its sign."), "abs(amount)")
add("sign", "number", "number", number(0), _sign, N_("1, 0 or −1: above, at or below zero."), "sign(amount)")
add(
    "min",
    "number",
    "same same*",
    number(0),
    lambda b, *x: b.least(list(x)),
    N_("The smallest of the values; over a list of records, of all of them."),
    "min(amount, 1000)",
)
add(
    "max",
    "number",
    "same same*",
    number(0),
    lambda b, *x: b.least(list(x), greatest=True),
    N_("The largest of the values; over a list of records, of all of them."),
    "max(amount, 0)",
)
add(
    "mod", "number", "number number",
    lambda a: number(max(a[0].type.scale, a[1].type.scale)), lambda b, x, y: b.mod(x, y),
    N_("The rest of a division, with the sign of the divisor."), "mod(quantity, 12)",
)  # fmt: skip
add(
    "power", "number", "number whole", _power_type, lambda b, x, n: b.power(x, n),
    N_("The number multiplied by itself so many times; 1 for 0 times, empty for fewer or where it grows too large."),
    "power(1 + rate, 12)",
)  # fmt: skip
add(
    "coalesce", "logic", "same same*", TEXT, lambda b, *x: b.coalesce(list(x)),
    N_("The first of the values that is not empty."), "coalesce(mobile, phone)",
)  # fmt: skip
