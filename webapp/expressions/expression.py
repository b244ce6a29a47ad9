"""A checked expression: its canonical text, its type, the names it uses, its SQL and its sentence."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from webapp.expressions import coerce, nodes, terms
from webapp.expressions.checker import Checker
from webapp.expressions.compiler import BACKENDS, Compiler
from webapp.expressions.nodes import Node
from webapp.expressions.parser import parse
from webapp.expressions.problems import ExpressionError
from webapp.expressions.sources import Judged, Stored
from webapp.expressions.terms import Term
from webapp.expressions.types import Eyes, Schema, Type
from webapp.expressions.writer import write
from webapp.i18n import N_

_GROUPS = ("year", "quarter", "month", "week")


class Expression:
    """Made by `check` and friends; immutable.

    form     the form it is about
    type     of its value
    names    (form, field) of every name it uses, through paths and lists too
    term     the checked tree
    """

    def __init__(self, schema: Schema, form: str, term: Term, names: frozenset[tuple[str, str]]) -> None:
        self.schema, self.form, self.term, self.names = schema, form, term, names
        self.type: Type = term.type
        self._on_table: dict[str, dict[Any, sa.ColumnElement[Any]]] = {}

    @cached_property
    def text(self) -> str:
        """Canonical: keys, plain signs."""
        return write(self.term)

    def __repr__(self) -> str:
        return f"<Expression {self.text} of {self.form}: {self.type.name}>"

    @cached_property
    def is_row_local(self) -> bool:
        """Whether the record's own fields decide it: no links, lists, people or earlier values."""
        return all(self._is_local(t) for t in self.term.walk())

    def _is_local(self, term: Term) -> bool:
        if isinstance(term, terms.Through | terms.Aggregate | terms.Measure | terms.Changed):
            return False
        if isinstance(term, terms.Value):
            return not term.is_old and all(e.is_row_local for e in self._formulas(term))
        return True

    @cached_property
    def is_deterministic(self) -> bool:
        """Whether it answers the same for everyone at any time (no now, today, me, my_department)."""
        used = (t for t in self.term.walk() if isinstance(t, terms.Value | terms.Through))
        return not any(isinstance(t, terms.Parameter) for t in self.term.walk()) and all(
            e.is_deterministic for t in used for e in self._formulas(t)
        )

    def _formulas(self, term: terms.Value | terms.Through) -> list[Expression]:
        """The formula behind a name, if it is computed when read."""
        if isinstance(term, terms.Through) and term.form in terms.PEOPLE.values():
            return []
        field = self.schema.form(term.form).names[term.key]
        return [field.expression] if field.expression is not None else []

    @cached_property
    def uses_old(self) -> bool:
        """Whether it asks for the record's earlier values."""
        return any(isinstance(t, terms.Changed) or getattr(t, "is_old", False) for t in self.term.walk())

    def sql(self, source: Stored | Judged, dialect: str, eyes: Eyes | None = None) -> sa.ColumnElement[Any]:
        """SQL over `source` for `sqlite` or `postgresql`; execute it with the values of `binds`.

        The result arrives as the Python value of `type` (number as Decimal). Yes or no is never NULL.
        """
        kept = self._kept(source, dialect) if eyes is None else None
        if kept is None:
            return self._compiler(source, dialect, eyes).root(self.term)
        if self not in kept:
            kept[self] = self._compiler(source, dialect, None).root(self.term)
        return kept[self]

    def _kept(self, source: Stored | Judged, dialect: str) -> dict[Any, sa.ColumnElement[Any]] | None:
        """Where SQL that is the same every time is kept: with the shape of judged records, or here for the table."""
        if isinstance(source, Judged):
            return source.shape(BACKENDS[dialect]()).compiled
        if source.table is self.schema.form(self.form).table:
            return self._on_table.setdefault(dialect, {})
        return None

    def condition(self, source: Stored | Judged, dialect: str, eyes: Eyes | None = None) -> sa.ColumnElement[bool]:
        """The same for WHERE: NULL where it may stand for no, so that plain comparisons stay plain."""
        if self.type.name != "boolean":
            raise ValueError(f"{self.text} is no condition")
        return self._compiler(source, dialect, eyes).truth(self.term, strict=False)

    def _compiler(self, source: Stored | Judged, dialect: str, eyes: Eyes | None) -> Compiler:
        backend = BACKENDS[dialect]()
        form = self.schema.form(self.form)
        if any(isinstance(t, terms.Measure) for t in self.term.walk()):
            backend.steps = None
        return Compiler(self.schema, backend, source.row(form, backend), source.old_row(form, backend), eyes)

    def sentence(self, locale: str | None, schema: Schema | None = None) -> str:
        """What it says, in the words of a language: 阶段 是 报价 且 金额 大于 5 万."""
        from webapp.expressions.sentence import sentence

        return sentence(self.term, schema or self.schema, self.form, locale)


def check(
    text: str | Node,
    schema: Schema,
    form_name: str,
    *,
    expect: Type | str | None = None,
    eyes: Eyes | None = None,
    allow_old: bool = False,
    allow_aggregates: bool = True,
) -> Expression:
    """The expression of `text` on a form; raises `ExpressionError`.

    expect   the type it must have, or the name of one (`any` and None: whatever)
    eyes     of somebody who writes it himself: what he may not name does not exist
    """
    node = parse(text) if isinstance(text, str) else text
    checker = Checker(schema, form_name, eyes, allow_old=allow_old, allow_aggregates=allow_aggregates)
    return _expected(schema, form_name, checker.check(node), checker, expect)


def check_measure(text: str | Node, schema: Schema, form_name: str, eyes: Eyes | None = None) -> Expression:
    """An aggregate over the rows of the form: `count()`, `sum(amount where stage = 'won')`, `sum(amount) / count()`.

    Its SQL holds SQL aggregate functions and belongs into a grouped statement over the form's table.
    """
    node = parse(text) if isinstance(text, str) else text
    checker = Checker(schema, form_name, eyes, measures=True)
    term = checker.check(node)
    bare = _outside_measures(term)
    if bare is not None:
        raise ExpressionError(
            N_("A measure sums, counts or averages: put this into sum, avg, min, max or count."),
            bare.position,
            code="measure",
        )
    if not any(isinstance(t, terms.Measure) for t in term.walk()) or node.depth > 8:
        raise ExpressionError(
            N_("A measure is expected here, such as {example}.", example="sum(amount)"), node.position, code="measure"
        )
    return _expected(schema, form_name, term, checker, None)


def check_group(text: str | Node, schema: Schema, form_name: str, eyes: Eyes | None = None) -> Expression:
    """What rows are grouped by. `month(close_date)` is each calendar month (2026-03), likewise year, quarter, week;
    `day(close_date)` each date."""
    node = parse(text) if isinstance(text, str) else text
    if isinstance(node, nodes.Call) and node.function in _GROUPS:
        node = nodes.Call(f"{node.function}_of", node.arguments, node.where, position=node.position)
    elif isinstance(node, nodes.Call) and node.function == "day":
        node = nodes.Call("date_of", node.arguments, node.where, position=node.position)
    checker = Checker(schema, form_name, eyes)
    term = checker.check(node)
    if term.type.name in ("choices", "records", "files", "empty"):
        raise coerce.wrong(term, N_("a single value"))
    return _expected(schema, form_name, term, checker, None)


def _expected(schema: Schema, form: str, term: Term, checker: Checker, expect: Type | str | None) -> Expression:
    if expect is not None and expect != "any":
        if isinstance(expect, str):
            if term.type.name != expect:
                term = coerce.fit(term, Type(expect, scale=term.type.scale, target=term.type.target))
        elif expect.name == "number":
            term = (
                coerce.fit(term, Type("number", scale=term.type.scale))
                if term.type.name == "number"
                else coerce.fit(term, expect)
            )
        else:
            term = coerce.fit(term, expect)
    return Expression(schema, form, term, frozenset(checker.names))


def _outside_measures(term: Term) -> Term | None:
    """A value of a single row that stands outside every aggregate."""
    waiting = [term]
    while waiting:
        found = waiting.pop()
        if isinstance(found, terms.Value | terms.Aggregate):
            return found
        if not isinstance(found, terms.Measure):
            waiting.extend(found.children())
    return None


__all__ = ["Expression", "check", "check_group", "check_measure"]
