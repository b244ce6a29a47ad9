"""Making types meet: which values may stand together, and what a literal means beside a typed value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from webapp.expressions.names import find_option
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Apply, Literal, Term
from webapp.expressions.types import DATE, DATETIME, EMPTY, TEXT, Type
from webapp.i18n import N_, Message

TYPE_NAMES: dict[str, Message] = {
    "text": N_("a text"),
    "number": N_("a number"),
    "boolean": N_("yes or no"),
    "date": N_("a date"),
    "datetime": N_("a date with time"),
    "duration": N_("a duration"),
    "choice": N_("a choice"),
    "choices": N_("several choices"),
    "record": N_("a linked record"),
    "records": N_("a list of records"),
    "member": N_("a member"),
    "department": N_("a department"),
    "files": N_("files"),
    "empty": N_("empty"),
}
POINTERS = ("record", "member", "department")


def say(type_: Type) -> Message:
    return TYPE_NAMES[type_.name]


def wrong(term: Term, wanted: Message) -> ExpressionError:
    return ExpressionError(
        N_("This should be {wanted}, but it is {found}.", wanted=wanted, found=say(term.type)),
        term.position,
        code="type",
    )


def is_nothing(term: Term) -> bool:
    """The literal `empty`, or a text without characters, which is the same."""
    return isinstance(term, Literal) and (term.value is None or term.value == "")


def fit(term: Term, wanted: Type) -> Term:
    """`term` as something of type `wanted`; raises when it cannot be."""
    found = term.type
    if is_nothing(term):
        return Literal(wanted, None, position=term.position)
    if isinstance(term, Literal) and (meant := _literal(term, wanted)) is not None:
        return meant
    if found.name == "datetime" and wanted.name == "date":
        return Apply(DATE, "date_of", (term,), position=term.position)
    if found.name == wanted.name and found.target == wanted.target:
        return term
    raise wrong(term, say(wanted))


def _literal(term: Literal, wanted: Type) -> Literal | None:
    if isinstance(term.value, str) and term.type.name == "text":
        if wanted.name in ("choice", "choices"):
            value = find_option(wanted.options, term.value, term.position, is_open=wanted.is_open)
            return Literal(replace(wanted, name="choice"), value, position=term.position)
        if wanted.name in ("date", "datetime"):
            return _moment(term, wanted)
    if isinstance(term.value, Decimal) and wanted.name in POINTERS and term.type.scale == 0:
        return Literal(wanted, int(term.value), position=term.position)
    return None


def _moment(term: Literal, wanted: Type) -> Literal:
    """`2026-11-22`, `2026-11-22 09:30` (the firm's zone) or with a zone, as RFC 3339 has it."""
    text = term.value.strip()
    try:
        if len(text) == 10:
            return Literal(DATE, date.fromisoformat(text), position=term.position)
        if wanted.name == "datetime":
            moment = datetime.fromisoformat(text).replace(microsecond=0)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC)
            return Literal(DATETIME, moment, position=term.position)
    except (ValueError, OverflowError):
        pass
    example = "2026-11-22" if wanted.name == "date" else "2026-11-22 09:30"
    raise ExpressionError(
        N_("“{text}” is no date; write it like '{example}'.", text=text[:40], example=example),
        term.position,
        len(term.value) + 2,
        code="bad_date",
    )


def meet(left: Term, right: Term) -> tuple[Term, Term]:
    """Two values that are to be compared, brought to one type."""
    a, b = left.type, right.type
    if isinstance(left, Literal) and not isinstance(right, Literal):
        right, left = meet(right, left)
        return left, right
    if isinstance(right, Literal) and (meant := _literal(right, a)) is not None:
        right, b = meant, meant.type
    if {a.name, b.name} == {"date", "datetime"}:
        return fit(left, DATE), fit(right, DATE)
    if a.name != b.name or (a.target and b.target and a.target != b.target):
        raise ExpressionError(
            N_("Values of different sorts cannot be compared: {left} and {right}.", left=say(a), right=say(b)),
            right.position,
            code="type",
        )
    return left, right


def common(branches: list[Term]) -> tuple[Type, list[Term]]:
    """One type for all branches of a choice between values (`if`, `case`, `coalesce`, `min` …)."""
    typed = [b for b in branches if not is_nothing(b)]
    if not typed:
        return EMPTY, branches
    lead = next((b for b in typed if not isinstance(b, Literal)), typed[0])
    type_ = lead.type
    for branch in typed:
        if branch.type.name == "datetime" and type_.name == "date" and isinstance(lead, Literal):
            type_ = branch.type
    fitted = []
    for branch in branches:
        fitted.append(fit(branch, type_))
    if type_.name == "number":
        type_ = Type("number", scale=max(b.type.scale for b in typed))
    if type_.name == "choice" and any(b.type.options != type_.options for b in typed if not isinstance(b, Literal)):
        merged = {o.value: o for b in typed for o in b.type.options}
        type_ = Type("choice", options=tuple(merged.values()))
    return type_, fitted


def text_of(term: Term) -> Term:
    """`term` as a piece of text, for `&` and `text()`."""
    name = term.type.name
    if name == "text":
        return term
    if is_nothing(term):
        return Literal(TEXT, None, position=term.position)
    if name in ("number", "date", "datetime", "choice"):
        return Apply(TEXT, "text", (term,), position=term.position)
    if name in POINTERS:
        raise ExpressionError(
            N_("{found} is no text; ask for one of its fields, for example its name.", found=say(term.type)),
            term.position,
            code="type",
        )
    raise wrong(term, TYPE_NAMES["text"])
