"""The checked tree to SQL. One compiler a compilation; the result bakes in neither actor nor time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from webapp.expressions import terms
from webapp.expressions.backend import Backend
from webapp.expressions.functions import functions
from webapp.expressions.narrowing import Narrowing
from webapp.expressions.postgresql import PostgreSQL
from webapp.expressions.reach import PEOPLE_TABLES
from webapp.expressions.sources import Row, StoredRow, formula_of
from webapp.expressions.sqlite import SQLite
from webapp.expressions.terms import Term
from webapp.expressions.types import BOOLEAN, FieldShape, Type, number
from webapp.expressions.val import LIMIT, MAX_SCALE, SQL, Val

BACKENDS: dict[str, type[Backend]] = {"sqlite": SQLite, "postgresql": PostgreSQL}

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


class Compiler(Narrowing):
    """Conditions, values and aggregates."""

    # --- the whole

    def root(self, term: Term) -> SQL:
        """A value; yes or no is never NULL."""
        if term.type.name == "boolean":
            return sa.type_coerce(self.truth(term, strict=True), sa.Boolean)
        value = self.value(term)
        return self.closed(self.backend.coerced(value))

    def truth(self, term: Term, strict: bool) -> SQL:
        """A condition for WHERE (NULL counts as no) or, if `strict`, a value. Each comparison keeps its own steps, so
        that the others stay plain for an index."""
        if isinstance(term, terms.Apply) and term.function in ("and", "or"):
            parts = [self.truth(a, strict) for a in term.arguments]
            return sa.and_(*parts) if term.function == "and" else sa.or_(*parts)
        if isinstance(term, terms.Apply) and term.function == "not":
            return self.truth(term.arguments[0], strict=False).is_not(sa.true())
        beside = [self.closed(sql) for sql in self.narrowing(term)]
        return sa.and_(self.closed(self.condition(term, strict).sql), *beside)

    def condition(self, term: Term, strict: bool = True) -> Val:
        """A yes or no within the present steps."""
        if isinstance(term, terms.Apply) and (made := self._logic(term, strict)) is not None:
            return made
        value = self.backend.low(self.value(term))
        if value.type.name != "boolean":  # the literal empty
            return Val(sa.false(), BOOLEAN, filled=True, atom=True)
        if isinstance(term, terms.Value | terms.Through | terms.Attribute) and not value.filled:
            return self.backend.made(value.sql.is_(sa.true()), BOOLEAN, value, cost=2, filled=True)
        return self.backend.strict(value) if strict else value

    def _logic(self, term: terms.Apply, strict: bool) -> Val | None:
        backend = self.backend
        name, arguments = term.function, term.arguments
        if name in ("and", "or"):
            parts = [backend.low(self.condition(a, strict)) for a in arguments]
            sql = sa.and_(*(p.sql for p in parts)) if name == "and" else sa.or_(*(p.sql for p in parts))
            return backend.made(sql, BOOLEAN, *parts, cost=2, filled=all(p.filled for p in parts))
        if name == "not":
            part = backend.low(self.condition(arguments[0], strict=False))
            return backend.made(part.sql.is_not(sa.true()), BOOLEAN, part, cost=3, filled=True)
        if name == "ne":
            part = self.compared("eq", arguments)
            return backend.made(part.sql.is_not(sa.true()), BOOLEAN, part, cost=3, filled=True)
        if name in _COMPARISONS:
            return self.compared(name, arguments, strict)
        if name == "between":
            low, high = (self.condition(a, strict) for a in arguments)
            return backend.made(
                sa.and_(low.sql, high.sql), BOOLEAN, low, high, cost=2, filled=low.filled and high.filled
            )
        if name == "in":
            return self.membership(arguments, strict)
        if name == "is_empty":
            return self.emptiness(arguments[0])
        if name in ("contains", "starts"):
            return self.containment(name, arguments, strict)
        if name in ("has", "has_all", "has_any"):
            return self.has_options(name, arguments)
        return None

    def compared(self, name: str, arguments: tuple[Term, ...], strict: bool = False) -> Val:
        backend = self.backend
        left, right = (backend.low(self.value(a)) for a in arguments)
        made = backend.compare(name, left, right)
        return backend.strict(made, left, right) if strict else made

    def membership(self, arguments: tuple[Term, ...], strict: bool) -> Val:
        backend = self.backend
        operand = backend.once(self.value(arguments[0]))
        choices = [backend.low(self.value(a)) for a in arguments[1:]]
        if all(c.is_literal and c.literal is not None for c in choices):
            pairs = [backend.comparable(operand, c) for c in choices]
            left = pairs[0][0]
            if isinstance(arguments[0], terms.Value) and self.is_common(arguments[0], len(choices)):
                left = _not_by_index(left)
            sql = left.in_([right for _, right in pairs])
            made = backend.made(sql, BOOLEAN, operand, filled=operand.filled)
            if all(str(left) == str(pairs[0][0]) for left, _ in pairs):
                return backend.strict(made, operand) if strict else made
        parts = [backend.compare("eq", operand, c) for c in choices]
        some = sa.or_(*(sa.func.coalesce(p.sql, sa.false()) for p in parts))
        return backend.made(some, BOOLEAN, *parts, cost=5, filled=True)

    def emptiness(self, term: Term) -> Val:
        if term.type.name == "choices":
            return self.backend.made(~self.options_exist(term, []), BOOLEAN, cost=8, filled=True)
        value = self.backend.low(self.value(term))
        return self.backend.made(value.sql.is_(sa.null()), BOOLEAN, value, cost=1, filled=True)

    def containment(self, name: str, arguments: tuple[Term, ...], strict: bool) -> Val:
        backend = self.backend
        text, part = (backend.low(self.value(a)) for a in arguments)
        if name == "contains":
            sql = backend.position(backend.fold(part), backend.fold(text)) > 0
        else:
            sql = backend.begins(text, part)
        made = backend.made(sql, BOOLEAN, text, part, cost=10, filled=text.filled and part.filled)
        return backend.strict(made, text, part) if strict else made

    # --- several values

    def has_options(self, name: str, arguments: tuple[Term, ...]) -> Val:
        """Whether a field with several values has the option, all of them, or any."""
        field, *options = arguments
        wanted = [self.backend.low(self.value(option)) for option in options]
        if name == "has_any":
            sql = self.options_exist(field, wanted)
        else:
            sql = sa.and_(*(self.options_exist(field, [option]) for option in wanted))
        return self.backend.made(sql, BOOLEAN, *wanted, cost=10, filled=True)

    def options_exist(self, term: Term, wanted: Sequence[Val]) -> SQL:
        """Whether a field with several values has one of those wanted; without any wanted, whether it has a value."""
        with self.at(term) as (row, field, source, tied):
            table, value, own = row.options(field)
            statement: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(table)
            if source is not None:
                statement = statement.join(source, own if own is not None else sa.true())
            elif own is not None:
                statement = statement.where(own)
            if tied is not None:
                statement = statement.where(tied)
            if wanted:
                is_one = value == wanted[0].sql if len(wanted) == 1 else value.in_([w.sql for w in wanted])
                statement = statement.where(is_one)
            froms = [f for f in (table, source) if f is not None]
            return sa.exists(statement.correlate_except(*froms))

    # --- values

    def value(self, term: Term) -> Val:
        match term:
            case terms.Literal():
                return self.literal(term)
            case terms.Parameter():
                return self.backend.parameter(term.name, term.type)
            case terms.Value():
                return self.field_value(self.row_of(term), term)
            case terms.Through():
                return self.through(term)
            case terms.Attribute():
                return self.attribute(term)
            case terms.Aggregate():
                return self.aggregate(term)
            case terms.Measure():
                return self.measure(term)
            case terms.Changed():
                return self.changed(term)
            case terms.Apply():
                return self.applied(term)
        raise AssertionError(term)

    def literal(self, term: terms.Literal) -> Val:
        return self.backend.literal(term.value, term.type)

    def field_value(self, row: Row, term: terms.Value) -> Val:
        field = row.form.names[term.key]
        found = row.value(field)
        if found is None:
            return self.formula(row, field)
        if field.type.name == "record" and self.eyes is not None:
            return self.visible(found, field.type)
        return replace(found, type=_with_scale(term.type, found.type))

    def formula(self, row: Row, field: FieldShape) -> Val:
        """A formula that is computed when read: the system computes it, whoever asks."""
        expression = formula_of(field)
        if expression is None:
            raise ValueError(f"the field {row.form.name}.{field.key} has neither a column nor an expression")
        rows, eyes = self.rows, self.eyes
        self.rows, self.eyes = [row], None
        try:
            return self.value(expression.term)
        finally:
            self.rows, self.eyes = rows, eyes

    def through(self, term: terms.Through) -> Val:
        """A field of the record a link points at, by a scalar subquery on its key."""
        pointer = self.backend.low(self.pointer(term.base))
        if term.form in PEOPLE_TABLES:
            people = PEOPLE_TABLES[term.form].alias()
            column = people.c[term.key]
            sql = sa.select(column).where(people.c.id == pointer.sql).correlate_except(people).scalar_subquery()
            return self.backend.made(sql, term.type, pointer, cost=10)
        form = self.schema.form(term.form)
        table = form.table.alias()
        conditions = [table.c.id == pointer.sql, *self.alive(form, table)]

        def read(pick: Callable[[Val], SQL]) -> SQL:
            with self.inside(StoredRow(form, table, self.backend)):
                inner = self.field_value(self.rows[-1], terms.Value(term.type, term.form, term.key))
                column = self.closed(pick(inner))
            return sa.select(column).where(*conditions).correlate_except(table).scalar_subquery()

        folded = (lambda: read(self.backend.fold)) if term.type.name == "text" else None
        return self.backend.made(read(lambda v: v.sql), term.type, pointer, cost=12, folded=folded)

    def attribute(self, term: terms.Attribute) -> Val:
        base = self.backend.low(self.value(term.base))
        backend = self.backend
        values = [(option, backend.literal(v, term.type)) for option, v in term.values if v is not None]
        if not values:
            return backend.literal(None, term.type)
        whens = {sa.literal(option, sa.Text): v.sql for option, v in values}
        sql = sa.case(*((base.sql == option, v) for option, v in whens.items()))
        bound = max(v.bound for _, v in values)
        return backend.made(sql, term.type, base, cost=6, bound=bound)

    def changed(self, term: terms.Changed) -> Val:
        before, after = self.backend.low(self.value(term.before)), self.backend.low(self.value(term.after))
        return self.backend.made(after.sql.is_distinct_from(before.sql), BOOLEAN, before, after, cost=2, filled=True)

    def applied(self, term: terms.Apply) -> Val:
        backend = self.backend
        if term.type.name == "boolean" and term.function not in ("if", "case", "coalesce"):
            return self.condition(term)
        if term.function in ("if", "case"):
            return self.choice(term)
        values = [self.value(a) for a in term.arguments]
        match term.function:
            case "add" | "sub" | "mul":
                return getattr(backend, term.function)(*values)
            case "div":
                return backend.div(backend.as_number(values[0]), backend.as_number(values[1]))
            case "duration_add" | "duration_sub":
                sign = 1 if term.function == "duration_add" else -1
                return replace(backend.add(values[0], values[1], sign), type=term.type)
            case "duration_mul":
                return backend.as_duration(backend.mul(backend.as_number(values[0]), values[1]))
            case "duration_div":
                return backend.as_duration(backend.div(backend.as_number(values[0]), values[1]))
            case "date_difference":
                return backend.days(*values)
            case "moment_difference":
                return backend.seconds(*values)
            case "shift_days" | "shift" | "neg" | "date_of":
                if term.function == "date_of" and values[0].type.name == "date":
                    return values[0]
                return getattr(backend, term.function)(*values)
            case "join":
                return backend.join(values)
        make = functions.get(term.function).sql
        assert make is not None
        return make(backend, *values)

    def choice(self, term: terms.Apply) -> Val:
        """`if` and `case`: the first branch whose condition is true."""
        backend = self.backend
        given = term.arguments
        conditions = [backend.low(self.condition(c, strict=False)) for c in given[:-1:2]]
        branches = [backend.low(self.value(b)) for b in (*given[1::2], given[-1])]
        if term.type.name == "number":
            branches = [backend.rescale(b, term.type.scale) for b in branches]
        type_ = backend.sql_type(term.type)

        def pick(of: Callable[[Val], SQL]) -> SQL:
            pairs = [(c.sql, of(b)) for c, b in zip(conditions, branches, strict=False)]
            return sa.type_coerce(sa.case(*pairs, else_=of(branches[-1])), type_)

        folded = (lambda: pick(backend.fold)) if term.type.name == "text" else None
        bound = max(b.bound for b in branches)
        filled = all(b.filled for b in branches)
        return backend.made(
            pick(lambda v: v.sql), term.type, *conditions, *branches, cost=6, bound=bound, filled=filled, folded=folded
        )

    # --- aggregates

    def aggregate(self, term: terms.Aggregate) -> Val:
        """Over the live records that link here, as one scalar subquery."""
        form = self.schema.form(term.form)
        if term.base is not None:
            owner = self.backend.low(self.pointer(term.base)).sql
        else:
            owner = self.row_of(term).id
        table = form.table.alias()
        link = table.c[form.names[term.link].column or term.link]
        conditions = [link == owner, *self.alive(form, table)]
        if term.base is not None and self.eyes is not None and term.base.type.target:
            conditions.append(self.visible(Val(owner, term.base.type), term.base.type).sql.is_not(sa.null()))
        with self.inside(StoredRow(form, table, self.backend)):
            if term.where is not None:
                conditions.append(self.truth(term.where, strict=False))
            if term.function == "any" and term.argument is not None:
                conditions.append(self.truth(term.argument, strict=False))
            if term.function == "any":
                found: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(table).where(*conditions)
                return self.backend.made(sa.exists(found.correlate_except(table)), BOOLEAN, cost=10, filled=True)
            result, type_, bound = self.folded_rows(term.function, term.argument, None)
        statement = sa.select(result).select_from(table).where(*conditions)
        return self.finished(term, statement.correlate_except(table).scalar_subquery(), type_, bound)

    def finished(self, term: Term, sql: SQL, type_: Type, bound: int) -> Val:
        filled = isinstance(term, terms.Aggregate) and term.function in ("count", "sum")
        return self.backend.made(sql, type_, cost=12, bound=bound, filled=filled and bound < LIMIT)

    def folded_rows(self, function: str, argument: Term | None, where: SQL | None) -> tuple[SQL, Type, int]:
        """The aggregate function over the rows of the innermost row; `where` restricts them one by one."""
        backend, fn = self.backend, sa.func
        if argument is None:
            counted = fn.count() if where is None else fn.count(sa.case((where, 1)))
            return self.exact(counted), number(0), 10**12
        value = self.value(argument)
        sql = self.closed(value.sql)
        if where is not None:
            sql = sa.case((where, sql))
        value = replace(value, sql=sql, height=6)
        if function == "count":
            return self.exact(fn.count(sql)), number(0), 10**12
        if function in ("min", "max"):
            return getattr(fn, function)(sql, type_=sql.type), value.type, value.bound
        kept, backend.steps = backend.steps, None  # steps are subqueries, and SQL keeps aggregates out of those
        result = backend.total(sql, value)
        if function == "avg":
            count = Val(self.exact(fn.count(sql)), number(0), bound=10**9, height=4)
            result = backend.div(backend.as_number(result), count)
            if value.type.name == "duration":
                result = backend.as_duration(result)
        backend.steps = kept
        return result.sql, result.type, result.bound

    def exact(self, counted: SQL) -> SQL:
        return (
            sa.cast(counted, sa.Numeric)
            if self.backend.name == "postgresql"
            else sa.type_coerce(counted, sa.BigInteger)
        )

    def measure(self, term: terms.Measure) -> Val:
        asked = term.where
        where = self.measured(lambda: self.truth(asked, strict=False)) if asked is not None else None
        if term.function == "any":
            where = where if where is not None else sa.true()
            sql: SQL = sa.func.count(sa.case((where, 1))) > 0
            return Val(sql, BOOLEAN, filled=True, height=6)
        sql, type_, bound = self.measured(lambda: self.folded_rows(term.function, term.argument, where))
        return Val(sql, type_, bound=bound, height=10)

    def measured(self, make: Callable[[], Any]) -> Any:
        """Inside the aggregate steps are possible, around it they are not: SQL keeps aggregates out of subqueries."""
        kept, self.backend.steps = self.backend.steps, self.backend.new_steps()
        try:
            return make()
        finally:
            self.backend.steps = kept


def _not_by_index(column: SQL) -> SQL:
    """The same value, which SQLite does not look for in an index."""
    return sa.sql.elements.UnaryExpression(column, operator=sa.sql.operators.custom_op("+"), type_=column.type)


def _with_scale(wanted: Type, found: Type) -> Type:
    return found if wanted.name == "number" and found.name == "number" else wanted


__all__ = ["BACKENDS", "MAX_SCALE", "Compiler"]
