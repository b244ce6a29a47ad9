"""What a function of the language is, and the registry of them.

Parameters are named by what they take: text, number, whole (a whole number), digits (a literal −9 … 6), date (a moment
counts by its business date), datetime, duration, boolean, any (a value that has a text form), same (all arguments of
one type), holder and part (what may contain something, and that). A `?` makes it optional, a last `*` allows more of
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from webapp.expressions import coerce
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Apply, Literal, Parameter, Term
from webapp.expressions.types import BOOLEAN, DATE, DATETIME, DURATION, TEXT, Type, number
from webapp.expressions.val import Val
from webapp.i18n import N_, Message
from webapp.registry import Registry

Result = Type | Callable[[list[Term]], Type]


@dataclass(frozen=True)
class Function:
    """One function. `sql` is given the backend and the values of its arguments; None if it is another way to write
    what the compiler knows as a condition."""

    key: str
    group: str  # text, number, time, people, logic
    parameters: tuple[str, ...]
    result: Result
    sql: Callable[..., Val] | None
    help: Message
    example: str

    def check(self, given: list[Term], position: int) -> Term:
        """The call with arguments that fit; raises `ExpressionError`."""
        wanted = list(self.parameters)
        if wanted and wanted[-1].endswith("*"):
            wanted += [wanted[-1]] * max(0, len(given) - len(wanted))
        least = sum(not p.endswith(("?", "*")) for p in self.parameters)
        if not least <= len(given) <= len(wanted):
            raise ExpressionError(
                N_("Write it like this: {example}", example=self.example), position, len(self.key), code="arguments"
            )
        if self.parameters and self.parameters[0] == "same":
            type_, given = coerce.common(given)
            if type_.name not in ("number", "date", "datetime", "duration") and self.key != "coalesce":
                raise coerce.wrong(given[0], coerce.TYPE_NAMES["number"])
            return Apply(type_, self.key, tuple(given), position=position)
        if self.parameters and self.parameters[0] == "holder":
            return containment(self.key, given, position)
        arguments = [_fit(term, want.rstrip("?*")) for term, want in zip(given, wanted, strict=False)]
        if self.key == "date_of":
            return (
                arguments[0]
                if given[0].type.name == "datetime"
                else Apply(DATE, "date_of", (arguments[0],), position=position)
            )
        if self.key == "text":
            return arguments[0]
        made = self.result(arguments) if callable(self.result) else self.result
        if self.key in PARAMETERS:
            return Parameter(made, PARAMETERS[self.key], position=position)
        return Apply(made, self.key, tuple(arguments), position=position)


PARAMETERS = {"me": "m_me", "my_department": "m_my_department", "now": "m_now", "today": "m_today"}
functions: Registry[Function] = Registry("function")


def _fit(term: Term, want: str) -> Term:
    if want in ("whole", "digits", "number") and term.type.name == "duration":
        raise coerce.wrong(term, coerce.TYPE_NAMES["number"])
    if want == "any":
        return coerce.text_of(term)
    if want == "digits":
        if not isinstance(term, Literal) or term.type != number(0) or not -9 <= term.value <= 6:
            raise coerce.wrong(term, N_("a whole number from −9 to 6, written out"))
        return term
    if want in ("number", "whole"):
        fitted = coerce.fit(term, replace(number(0), scale=term.type.scale if term.type.name == "number" else 0))
        if want == "whole" and fitted.type.scale:
            raise coerce.wrong(term, N_("a whole number"))
        return fitted
    return coerce.fit(
        term, {"text": TEXT, "date": DATE, "datetime": DATETIME, "duration": DURATION, "boolean": BOOLEAN}[want]
    )


def containment(key: str, given: list[Term], position: int) -> Term:
    """`contains(tags, …)`: all of the options, `contains_any(tags, …)`: one at least; of a text the same for parts."""
    holder, *parts = given
    several = holder.type.name == "choices"
    for part in parts:
        if coerce.is_nothing(part):
            raise coerce.wrong(part, coerce.TYPE_NAMES["choice" if several else "text"])
    wanted = Type("choice", options=holder.type.options, is_open=holder.type.is_open) if several else TEXT
    fitted = [coerce.fit(part, wanted) for part in parts]
    if several:
        name = "has" if len(fitted) == 1 else "has_any" if key == "contains_any" else "has_all"
        return Apply(BOOLEAN, name, (holder, *fitted), position=position)
    if holder.type.name != "text":
        raise coerce.wrong(holder, N_("a text or several choices"))
    made = tuple(Apply(BOOLEAN, "contains", (holder, part), position=position) for part in fitted)
    if len(made) == 1:
        return made[0]
    return Apply(BOOLEAN, "or" if key == "contains_any" else "and", made, position=position)


def add(
    key: str, group: str, parameters: str, result: Result, sql: Callable[..., Val] | None, help_: Message, example: str
) -> None:
    functions.register(Function(key, group, tuple(parameters.split()), result, sql, help_, example))


def first_type(arguments: list[Term]) -> Type:
    return arguments[0].type
