"""A checked expression back as text: keys instead of labels, one way to write each thing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from webapp.expressions import terms
from webapp.expressions.functions import PARAMETERS
from webapp.expressions.terms import Term

_SIGNS = {
    "eq": "=",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "contains": "contains",
    "has": "contains",
    "starts": "starts with",
}
_CALLED = {"has_all": "contains", "has_any": "contains_any"}
ARITHMETIC = {
    "add": ("+", 6), "sub": ("-", 6), "mul": ("*", 7), "div": ("/", 7),
    "duration_add": ("+", 6), "duration_sub": ("-", 6), "duration_mul": ("*", 7), "duration_div": ("/", 7),
    "shift_days": ("+", 6), "shift": ("+", 6), "date_difference": ("-", 6), "moment_difference": ("-", 6),
}  # fmt: skip
_FUNCTION_OF = {name: key for key, name in PARAMETERS.items()}


def write(term: Term) -> str:
    """The canonical text; parsing and checking it gives the same expression again."""
    return _Writer().text(term, 0)


class _Writer:
    def text(self, term: Term, least: int) -> str:
        said, power = self.said(term)
        return f"({said})" if power < least else said

    def said(self, term: Term) -> tuple[str, int]:
        """The text and how tightly it holds together (see the parser's table)."""
        match term:
            case terms.Literal(value=value):
                return literal(value), 9 if not (isinstance(value, Decimal) and value < 0) else 8
            case terms.Parameter(name=name):
                return f"{_FUNCTION_OF[name]}()", 9
            case terms.Value() | terms.Through() | terms.Attribute():
                return path(term), 9
            case terms.Changed(after=after):
                return f"changed({path(after)})", 9
            case terms.Aggregate():
                return self.aggregate(term), 9
            case terms.Measure(function=function, argument=argument, where=where):
                inner = self.text(argument, 0) if argument is not None else ""
                return f"{function}({_with_where(inner, self.text(where, 0) if where is not None else None)})", 9
            case terms.Apply():
                return self.applied(term)
        raise AssertionError(term)

    def aggregate(self, term: terms.Aggregate) -> str:
        way = (path(term.base) + "." if term.base is not None else "old." if term.is_old else "") + term.list_key
        inner = _Inner(way).text(term.argument, 0) if term.argument is not None else way
        return f"{term.function}({_with_where(inner, self.text(term.where, 0) if term.where is not None else None)})"

    def applied(self, term: terms.Apply) -> tuple[str, int]:
        name, given = term.function, term.arguments
        if name in ("and", "or"):
            power = 2 if name == "and" else 1
            return f" {name} ".join(self.text(a, power + 1) for a in given), power
        if name == "not":
            return self.negated(given[0])
        if name in _SIGNS:
            return f"{self.text(given[0], 5)} {_SIGNS[name]} {self.text(given[1], 5)}", 4
        if name in ("in", "between", "is_empty"):
            return self.relation(term, ""), 4
        if name == "join":
            return " & ".join(self.text(unwrapped(a), 6) for a in given), 5
        if name == "neg":
            return f"-{self.text(given[0], 8)}", 8
        if name in ARITHMETIC:
            return self.arithmetic(name, given)
        name = _CALLED.get(name, name)
        return f"{name}({', '.join(self.text(a, 0) for a in given)})", 9

    def arithmetic(self, name: str, given: tuple[Term, ...]) -> tuple[str, int]:
        sign, power = ARITHMETIC[name]
        right = given[1]
        if name in ("shift_days", "shift") and isinstance(right, terms.Apply) and right.function == "neg":
            sign, right = "-", right.arguments[0]
        return f"{self.text(given[0], power)} {sign} {self.text(right, power + 1)}", power

    def negated(self, inner: Term) -> tuple[str, int]:
        if isinstance(inner, terms.Apply):
            if inner.function in ("in", "between", "is_empty"):
                return self.relation(inner, "not "), 4
            if inner.function in ("contains", "has", "starts"):
                left, right = inner.arguments
                return f"{self.text(left, 5)} not {_SIGNS[inner.function]} {self.text(right, 5)}", 4
        return f"not {self.text(inner, 4)}", 3

    def relation(self, term: terms.Apply, negation: str) -> str:
        given = term.arguments
        if term.function == "in":
            choices = ", ".join(self.text(c, 0) for c in given[1:])
            return f"{self.text(given[0], 5)} {negation}in ({choices})"
        if term.function == "between":
            low, high = (side.arguments for side in given if isinstance(side, terms.Apply))
            return f"{self.text(low[0], 5)} {negation}between {self.text(low[1], 5)} and {self.text(high[1], 5)}"
        return f"{self.text(given[0], 5)} is {negation}empty"


class _Inner(_Writer):
    """The argument of an aggregate: its own fields are written with the way to the list before them."""

    def __init__(self, way: str) -> None:
        self.way = way

    def said(self, term: Term) -> tuple[str, int]:
        if isinstance(term, terms.Value | terms.Through | terms.Attribute):
            return path(term, lambda value: f"{self.way}." if value.up == 0 else ""), 9
        return super().said(term)


def path(term: Term, before: Callable[[terms.Value], str] = lambda value: "") -> str:
    """`account.industry`, `old.stage`."""
    match term:
        case terms.Value(key=key, is_old=is_old):
            return f"{before(term)}{'old.' if is_old else ''}{key}"
        case terms.Through(base=base, key=key):
            return f"{path(base, before)}.{key}"
        case terms.Attribute(base=base, name=name):
            return f"{path(base, before)}.{name}"
    return f"({write(term)})"


def literal(value: Any) -> str:
    """A constant as the language writes it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return "'" + value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") + "'"
        return "'" + value.isoformat(" ") + "'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def unwrapped(term: Term) -> Term:
    """A piece of `&` without the conversion to text that `&` adds itself."""
    if isinstance(term, terms.Apply) and term.function == "text" and term.arguments[0].type.name != "text":
        return term.arguments[0]
    return term


def _with_where(inner: str, where: str | None) -> str:
    if where is None:
        return inner
    return f"{inner} where {where}" if inner else f"where {where}"
