"""Conditions that follow from a comparison and that an index can serve, put beside it.

The comparison itself stays and decides; what stands here is true wherever the comparison is, so a database may begin
with it: an option's attribute becomes the options that have it, a business date a span of moments that is a day
longer at both ends (no zone is further from UTC), a link seen through somebody's eyes the link itself.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.expressions import terms
from webapp.expressions.fold import fold
from webapp.expressions.reach import Reach
from webapp.expressions.sources import StoredRow
from webapp.expressions.terms import Term
from webapp.expressions.val import SQL

_FLIPPED = {"eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_CONSTANT = (terms.Literal, terms.Parameter, terms.Apply)
_LAST = "9999-12-31 23:59:59"


class Narrowing(Reach):
    """Part of the compiler."""

    def narrowing(self, term: Term) -> list[SQL]:
        """What follows from `term`, a condition; nothing if it is of another sort."""
        if not isinstance(term, terms.Apply):
            return []
        given = term.arguments
        if term.function == "between":
            return [sql for part in given for sql in self.narrowing(part)]
        if term.function == "in":
            return self._among(given[0], given[1:])
        if term.function not in _FLIPPED:
            return []
        left, right = given
        return self._beside(term.function, left, right) or self._beside(_FLIPPED[term.function], right, left)

    def _among(self, first: Term, choices: tuple[Term, ...]) -> list[SQL]:
        if isinstance(first, terms.Attribute):
            return self._options(first, choices)
        column = self._column(first)
        if column is None or first.type.name != "record" or not all(map(_is_constant, choices)):
            return []
        return [column.in_([self._constant(choice) for choice in choices])]

    def _beside(self, operator: str, first: Term, other: Term) -> list[SQL]:
        if not _is_constant(other):
            return []
        if isinstance(first, terms.Attribute):
            return self._options(first, (other,)) if operator == "eq" else []
        if isinstance(first, terms.Apply) and first.function == "date_of":
            column = self._column(first.arguments[0])
            return [] if column is None else self._span(operator, column, self._constant(other))
        column = self._column(first)
        if column is None:
            return []
        if first.type.name == "record":
            return [column == self._constant(other)] if operator == "eq" and self.eyes is not None else []
        if first.type.name not in ("date", "datetime") or other.type.name != first.type.name:
            return []
        if isinstance(other, terms.Literal | terms.Parameter):
            return []  # plain already
        compare = {"eq": "__eq__", "lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__"}[operator]
        made: SQL = getattr(column, compare)(self._constant(other))
        return [made]

    def _options(self, first: terms.Attribute, choices: tuple[Term, ...]) -> list[SQL]:
        """`stage.type = 'open'`: the stages that are open."""
        column = self._column(first.base)
        if column is None or not all(isinstance(c, terms.Literal) and c.value is not None for c in choices):
            return []
        wanted = [_comparable(c.value) for c in choices if isinstance(c, terms.Literal)]
        having = [option for option, v in first.values if v is not None and _comparable(v) in wanted]
        return [] if self.is_common(first.base, len(having)) else [column.in_(having)]

    def is_common(self, term: Term, chosen: int) -> bool:
        """Whether so many of a field's options are a poor beginning: PostgreSQL counts values and knows by itself."""
        return self.backend.name == "sqlite" and chosen > 1 and chosen * 2 >= len(term.type.options or ())

    def _span(self, operator: str, column: SQL, day: SQL) -> list[SQL]:
        first, last = self._around(day)
        bounds = {"eq": [column >= first, column <= last], "ge": [column >= first], "gt": [column >= first]}
        return bounds.get(operator, [column <= last])

    def _around(self, day: SQL) -> tuple[SQL, SQL]:
        """The moments a day before a date begins and a day after it ends, in UTC."""
        if self.backend.name == "sqlite":
            text = sa.type_coerce(day, sa.Text)
            end = sa.func.coalesce(sa.func.datetime(text, "+2 days"), _LAST)
            return sa.type_coerce(sa.func.datetime(text, "-1 day"), sa.Text), sa.type_coerce(end, sa.Text)
        moment = sa.cast(sa.cast(day, sa.Date), sa.DateTime)
        utc = [moment + sa.text(f"interval '{span}'") for span in ("-1 day", "2 days")]
        first, last = (sa.func.timezone("UTC", bound, type_=sa.DateTime(timezone=True)) for bound in utc)
        return first, last

    def _column(self, term: Term) -> Any:
        """The plain column of a field of the row in view; None where there is none."""
        if not isinstance(term, terms.Value):
            return None
        row = self.row_of(term)
        if not isinstance(row, StoredRow):
            return None
        found = row.value(row.form.names[term.key])
        if found is None:
            return None
        if self.backend.name == "sqlite" and term.type.name in ("date", "datetime"):
            return sa.type_coerce(found.sql, sa.Text)
        return found.sql

    def _constant(self, term: Term) -> SQL:
        value: SQL = self.closed(self.backend.low(self.value(term)).sql)
        is_moment = self.backend.name == "sqlite" and term.type.name in ("date", "datetime")
        return sa.type_coerce(value, sa.Text) if is_moment else value

    def value(self, term: Term) -> Any:
        raise NotImplementedError


def _is_constant(term: Term) -> bool:
    return all(isinstance(part, _CONSTANT) for part in term.walk())


def _comparable(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value
