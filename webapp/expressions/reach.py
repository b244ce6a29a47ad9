"""Which rows an expression reaches while it is compiled, and which of them exist for whose eyes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from webapp.expressions import terms
from webapp.expressions.backend import Backend
from webapp.expressions.sources import Row, StoredRow
from webapp.expressions.terms import Term
from webapp.expressions.types import Eyes, FormShape, Schema, Type
from webapp.expressions.val import SQL, Val

_member = sa.table(
    "m__member",
    sa.column("id", sa.BigInteger),
    sa.column("name", sa.Text),
    sa.column("email", sa.Text),
    sa.column("department", sa.BigInteger),
    sa.column("is_active", sa.Boolean),
)
_department = sa.table(
    "m__department",
    sa.column("id", sa.BigInteger),
    sa.column("name", sa.Text),
    sa.column("parent", sa.BigInteger),
    sa.column("head", sa.BigInteger),
)
#: The tables behind members and departments; `access` owns them.
PEOPLE_TABLES = {"m.member": _member, "m.department": _department}


class Reach:
    """`rows` are the rows in view, the innermost last; `old` is the row before the change."""

    def __init__(self, schema: Schema, backend: Backend, row: Row, old: Row | None, eyes: Eyes | None) -> None:
        self.schema, self.backend, self.eyes = schema, backend, eyes
        self.rows = [row]
        self.old = old

    def closed(self, sql: SQL) -> SQL:
        steps = self.backend.steps
        if steps is None:
            return sql
        self.backend.steps = self.backend.new_steps()
        closed = steps.close(sql)
        return sa.type_coerce(closed, sql.type) if closed is not sql else sql

    def row_of(self, term: terms.Value | terms.Aggregate) -> Row:
        if term.is_old:
            if self.old is None:
                raise ValueError("an expression over earlier values needs a judged record with `old`")
            return self.old
        return self.rows[-1 - term.up]

    def pointer(self, base: Term) -> Val:
        """The id that a path goes on from; whether it may be seen is asked where it leads."""
        if isinstance(base, terms.Value):
            row = self.row_of(base)
            found = row.value(row.form.names[base.key])
            if found is not None:
                return found
        return self.value(base)

    def visible(self, pointer: Val, type_: Type) -> Val:
        """A link as these eyes see it: to a record outside their rows it reads as empty."""
        assert type_.target is not None and self.eyes is not None
        form = self.schema.form(type_.target)
        table = form.table.alias()
        condition = self.eyes.rows(form.name, table)
        if condition is None:
            return pointer
        statement = sa.select(table.c.id).where(table.c.id == pointer.sql, condition)
        sql = statement.correlate_except(table).scalar_subquery()
        return self.backend.made(sql, type_, pointer, cost=10)

    def alive(self, form: FormShape, table: sa.FromClause) -> list[SQL]:
        """Only live records, and only those these eyes may see."""
        conditions: list[SQL] = []
        if "deleted_at" in table.c:
            conditions.append(table.c.deleted_at.is_(sa.null()))
        if self.eyes is not None and (seen := self.eyes.rows(form.name, table)) is not None:
            conditions.append(seen)
        return conditions

    @contextmanager
    def inside(self, row: Row) -> Any:
        """With `row` as the innermost one, and steps of its own."""
        kept = self.backend.steps
        self.backend.steps = self.backend.new_steps()
        self.rows.append(row)
        try:
            yield
        finally:
            self.rows.pop()
            self.backend.steps = kept

    @contextmanager
    def at(self, term: Term) -> Any:
        """Row, field, and for a path the table it leads to with the condition that ties it to the row in view."""
        if isinstance(term, terms.Value):
            row = self.row_of(term)
            yield row, row.form.names[term.key], None, None
        else:
            assert isinstance(term, terms.Through)
            pointer = self.backend.low(self.pointer(term.base))
            form = self.schema.form(term.form)
            table = form.table.alias()
            condition = sa.and_(table.c.id == pointer.sql, *self.alive(form, table))
            yield StoredRow(form, table, self.backend), form.names[term.key], table, condition

    def value(self, term: Term) -> Val:
        raise NotImplementedError
