"""Functions over texts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.expressions.functions.base import add
from webapp.expressions.types import BOOLEAN, TEXT, number
from webapp.expressions.val import MAX_SCALE, MAX_TEXT, Val
from webapp.i18n import N_

fn = sa.func


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


add("upper", "text", "text", TEXT, _upper, N_("The text in capital letters (A to Z)."), "upper(name)")
add(
    "lower",
    "text",
    "text",
    TEXT,
    lambda b, x: _upper(b, x, "lower"),
    N_("The text in small letters (A to Z)."),
    "lower(name)",
)
add(
    "trim", "text", "text", TEXT, lambda b, x: b.text(b.strip(b.low(x).sql), b.low(x)),
    N_("The text without spaces at its ends."), "trim(name)",
)  # fmt: skip
add(
    "len", "text", "text", number(0),
    lambda b, x: b.number_of(fn.coalesce(fn.length(b.low(x).sql), 0, type_=sa.Integer()), b.low(x)),
    N_("How many characters the text has; 0 if it is empty."), "len(name)",
)  # fmt: skip
add("left", "text", "text whole", TEXT, _left, N_("The first characters of the text."), "left(name, 3)")
add("right", "text", "text whole", TEXT, _right, N_("The last characters of the text."), "right(phone, 4)")
add(
    "mid",
    "text",
    "text whole whole",
    TEXT,
    _mid,
    N_("Characters from the middle: from which (1 is the first), how many."),
    "mid(name, 2, 3)",
)
add(
    "replace",
    "text",
    "text text text",
    TEXT,
    _replace,
    N_("The text with every occurrence of one part replaced."),
    "replace(phone, '-', '')",
)
add(
    "find",
    "text",
    "text text",
    number(0),
    _find,
    N_("Where the first text begins in the second (1 is the start), 0 if nowhere."),
    "find('@', email)",
)
add(
    "concat",
    "text",
    "any any*",
    TEXT,
    lambda b, *x: b.join(list(x)) if len(x) > 1 else x[0],
    N_("The values one after the other, as one text."),
    "concat(name, ' ', phone)",
)
add(
    "number",
    "text",
    "text",
    number(MAX_SCALE),
    lambda b, x: b.text_number(x),
    N_("The text as a number, such as -12.5 or １２; empty if it is none. Rounded to six decimals."),
    "number(note)",
)
add(
    "contains",
    "logic",
    "holder part part*",
    BOOLEAN,
    None,
    N_("Whether several choices (or a text) contain all of what is named."),
    "contains(tags, 'a', 'b')",
)
add(
    "contains_any",
    "logic",
    "holder part part*",
    BOOLEAN,
    None,
    N_("Whether several choices (or a text) contain at least one of what is named."),
    "contains_any(tags, 'a', 'b')",
)
add("text", "text", "any", TEXT, lambda b, x: b.as_text(x), N_("The value as text."), "text(amount)")
