"""Which operators stand between which types, and what they make of them."""

from __future__ import annotations

from collections.abc import Iterator

from webapp.expressions import coerce, nodes
from webapp.expressions.nodes import Node
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Term
from webapp.expressions.types import DATE, DATETIME, DURATION, Type, number
from webapp.i18n import N_

AGGREGATES = ("count", "sum", "avg", "min", "max", "any")
MAX_SCALE = 6
#: The sign of a comparison → the name of its operator.
COMPARISONS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_NUMBER = number(0)
ARITHMETIC: dict[tuple[str, str, str], tuple[str, Type | None]] = {
    ("number", "+", "number"): ("add", None),
    ("number", "-", "number"): ("sub", None),
    ("number", "*", "number"): ("mul", None),
    ("number", "/", "number"): ("div", number(MAX_SCALE)),
    ("duration", "+", "duration"): ("duration_add", DURATION),
    ("duration", "-", "duration"): ("duration_sub", DURATION),
    ("duration", "*", "number"): ("duration_mul", DURATION),
    ("duration", "/", "number"): ("duration_div", DURATION),
    ("duration", "/", "duration"): ("div", number(MAX_SCALE)),
    ("date", "+", "number"): ("shift_days", DATE),
    ("date", "-", "number"): ("shift_days", DATE),
    ("date", "-", "date"): ("date_difference", _NUMBER),
    ("date", "-", "datetime"): ("date_difference", _NUMBER),
    ("datetime", "-", "date"): ("date_difference", _NUMBER),
    ("datetime", "-", "datetime"): ("moment_difference", DURATION),
    ("datetime", "+", "duration"): ("shift", DATETIME),
    ("datetime", "-", "duration"): ("shift", DATETIME),
}
EXAMPLES = {"if": "if(amount > 50000, 'A', 'B')", "case": "case(amount > 50000, 'A', amount > 10000, 'B', 'C')"}


def cannot_calculate(operator: str, left: Term, right: Term) -> ExpressionError:
    if operator == "+" and "text" in (left.type.name, right.type.name):
        return ExpressionError(N_("Texts are put together with &, not with +."), right.position, code="type")
    return ExpressionError(
        N_(
            "“{operator}” cannot be used between {left} and {right}.",
            operator=operator,
            left=coerce.say(left.type),
            right=coerce.say(right.type),
        ),
        right.position,
        code="type",
    )


def names_in(node: Node) -> Iterator[nodes.Name]:
    """Paths in `node`, not those inside aggregates of their own."""
    waiting = [node]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, nodes.Name):
            yield found
        elif not (isinstance(found, nodes.Call) and found.function in AGGREGATES):
            waiting.extend(found.children())
