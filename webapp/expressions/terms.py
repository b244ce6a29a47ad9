"""The tree of a checked expression: every name is looked up, every step has its type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from webapp.expressions.types import Type

#: What the forms of people are called where a path leads through them.
PEOPLE = {"member": "m.member", "department": "m.department"}


@dataclass(frozen=True, eq=False)
class Term:
    type: Type
    position: int = field(default=0, kw_only=True)

    def children(self) -> Iterator[Term]:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Term):
                yield value
            elif isinstance(value, tuple):
                yield from (v for v in value if isinstance(v, Term))

    def walk(self) -> Iterator[Term]:
        """This term and everything below it."""
        waiting: list[Term] = [self]
        while waiting:
            term = waiting.pop()
            yield term
            waiting.extend(term.children())


@dataclass(frozen=True, eq=False)
class Literal(Term):
    """A constant as a Python value; None is empty. A naive datetime is meant in the firm's zone."""

    value: Any


@dataclass(frozen=True, eq=False)
class Parameter(Term):
    """What only the moment of execution knows: `m_me`, `m_my_department`, `m_now`, `m_today`."""

    name: str


@dataclass(frozen=True, eq=False)
class Value(Term):
    """A field of a row in view: of the innermost one, or `up` rows further out; before the change if `is_old`."""

    form: str
    key: str
    up: int = 0
    is_old: bool = False


@dataclass(frozen=True, eq=False)
class Through(Term):
    """The field `key` of the record (member, department) that `base` points at; `form` is that record's form."""

    base: Term
    form: str
    key: str


@dataclass(frozen=True, eq=False)
class Attribute(Term):
    """An attribute of the chosen option; `values` by option value."""

    base: Term
    name: str
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Apply(Term):
    """An operator or function over its arguments."""

    function: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True, eq=False)
class Aggregate(Term):
    """Over the records of `form` whose link field `link` points at `base` (None: the row in view, `up` rows out).

    `list_key` is what the reverse link is called on the form it starts from, `list_form` that form.
    """

    function: str
    base: Term | None
    up: int
    is_old: bool
    list_form: str
    list_key: str
    form: str
    link: str
    argument: Term | None
    where: Term | None


@dataclass(frozen=True, eq=False)
class Measure(Term):
    """An aggregate over the selected rows of the form itself."""

    function: str
    argument: Term | None
    where: Term | None


@dataclass(frozen=True, eq=False)
class Changed(Term):
    before: Term
    after: Term
