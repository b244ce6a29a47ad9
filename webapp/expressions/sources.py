"""Where an expression reads its row from: a stored one (`Stored`) or one that is not saved yet (`Judged`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp.db import Exact
from webapp.expressions.backend import Backend
from webapp.expressions.fold import fold
from webapp.expressions.types import TEXT, FieldShape, FormShape, OldNumber, Type, number
from webapp.expressions.val import FIELD_BOUND, SQL, Val
from webapp.files import refs

if TYPE_CHECKING:
    from webapp.access.actor import Actor


class Row(Protocol):
    """A row in view, for one backend."""

    form: FormShape

    @property
    def id(self) -> SQL: ...

    def value(self, field: FieldShape) -> Val | None:
        """The field's value; None if the row does not hold it."""

    def options(self, field: FieldShape) -> tuple[Any, SQL, SQL | None]:
        """A field with several values: their table, its value column, and what ties that to the row."""


class Stored:
    """The form's table, or an alias of it."""

    def __init__(self, table: sa.FromClause) -> None:
        self.table = table

    def row(self, form: FormShape, backend: Backend) -> Row:
        return StoredRow(form, self.table, backend)

    def old_row(self, form: FormShape, backend: Backend) -> Row | None:
        return None


class StoredRow:
    def __init__(self, form: FormShape, table: sa.FromClause, backend: Backend) -> None:
        self.form, self.table, self.backend = form, table, backend

    @property
    def id(self) -> SQL:
        return self.table.c.id

    def value(self, field: FieldShape) -> Val | None:
        if field.column is None:
            return None
        column: SQL = self.table.c[field.column]
        type_ = field.type
        old: str | None = getattr(field, "old_column", None)  # while its values move: new, else old
        folded = None
        if type_.name == "text" and f"{field.column}__f" in self.table.c:
            companion: SQL = self.table.c[f"{field.column}__f"]
            if old is not None and f"{old}__f" in self.table.c:
                companion = sa.func.coalesce(companion, self.table.c[f"{old}__f"], type_=companion.type)
            folded = lambda: companion  # noqa: E731
        if old is not None and old in self.table.c:
            column = sa.func.coalesce(column, self.table.c[old], type_=column.type)
        filled = not column.nullable if isinstance(column, sa.Column) else False
        if type_.name not in ("number", "duration"):
            return Val(column, type_, FIELD_BOUND, filled, atom=True, folded=folded)
        new = self._number(column, type_, filled)
        waiting: OldNumber | None = getattr(field, "old_number", None)
        return new if waiting is None or waiting.column not in self.table.c else self._else_old(new, waiting)

    def _number(self, column: SQL, type_: Type, filled: bool = False) -> Val:
        sql: SQL = column
        plain: SQL | None = None
        if not isinstance(column.type, Exact):
            if self.backend.name == "postgresql":
                sql, plain = sa.cast(column, sa.Numeric), column
            elif isinstance(column.type, sa.Numeric):
                raise TypeError(f"{column} has neither whole numbers nor a known scale")
        elif type_.name == "number":
            type_ = number(column.type.scale)
            sql = sa.type_coerce(column, sa.BigInteger if self.backend.name == "sqlite" else sa.Numeric)
        return Val(sql, type_, FIELD_BOUND, filled, atom=True, plain=plain)

    def _else_old(self, new: Val, waiting: OldNumber) -> Val:
        """A number whose values are being converted: the new one, else what becomes of the old one."""
        backend, column = self.backend, self.table.c[waiting.column]
        if waiting.is_text:
            old = backend.text_number(Val(column, TEXT, atom=True), rounds=False)
        else:
            old = self._number(column, number(0))
        moved = backend.refitted(backend.once(old), new.scale, waiting.least, waiting.most)
        sql = sa.func.coalesce(new.sql, moved.sql, type_=new.sql.type)
        return backend.once(backend.made(sql, new.type, moved, bound=FIELD_BOUND))

    def options(self, field: FieldShape) -> tuple[Any, SQL, SQL | None]:
        assert field.values_table is not None
        table = field.values_table.alias()
        return table, table.c.value, table.c.record == self.id


class Judged:
    """A record that is not saved (yet), as one row of bind parameters, each cast to its type.

    values   Python values by field key; what is missing is empty, except formulas, which are computed
    old      the record as it was before, for `old.` and `changed`; None for a new one: all empty
    row_id   its id if it has one: then lists of records that link to it are found

    `judged.select(…)` makes the statement; all expressions over one `Judged` share its row. What is compiled is kept
    with the form and used again for other records of the same shape.
    """

    def __init__(
        self,
        form: FormShape,
        values: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
        row_id: int | None = None,
    ) -> None:
        self.form = form
        self._values, self._old = dict(values), None if old is None else dict(old)
        if row_id is not None:
            self._values.setdefault("id", row_id)
            if self._old is not None:
                self._old.setdefault("id", row_id)
        self._shape: JudgedShape | None = None

    def shape(self, backend: Backend) -> JudgedShape:
        """The derived table that records like this one share, for one database."""
        computed = [k for k, f in self.form.names.items() if formula_of(f) is not None]
        absent = frozenset(k for k in computed if k not in self._values)
        absent_before = None if self._old is None else frozenset(k for k in computed if k not in self._old)
        key = (backend.name, absent, absent_before)
        kept: dict[Any, JudgedShape] = vars(self.form).setdefault("_judged_shapes", {})
        if key not in kept:
            kept[key] = JudgedShape(self.form, backend, absent, absent_before)
        self._shape = kept[key]
        return self._shape

    def row(self, form: FormShape, backend: Backend) -> Row:
        return self.shape(backend).now

    def old_row(self, form: FormShape, backend: Backend) -> Row | None:
        return self.shape(backend).before

    def select(self, *expressions: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """One statement that answers all `expressions` (compiled over this record) in one row."""
        statement = sa.select(*expressions)
        if self._shape is None:
            return statement
        given = self._shape.now.parameters(self._values)
        if self._old is not None:
            given |= self._shape.before.parameters(self._old)
        return statement.select_from(self._shape.table).params(given)


class JudgedShape:
    """One derived table of one row with the columns of the record and, if there is one, of its earlier state."""

    def __init__(
        self, form: FormShape, backend: Backend, absent: frozenset[str], absent_before: frozenset[str] | None
    ) -> None:
        self.now = JudgedRow(form, "m_v", backend, absent)
        self.before = JudgedRow(form, "m_o", backend, absent_before)
        labelled = [c.label(name) for row in (self.now, self.before) for name, c in row.columns().items()]
        self.table = sa.select(*(labelled or [sa.literal_column("1").label("m__one")])).subquery("judged")
        self.now.table = self.before.table = self.table
        self.compiled: dict[Any, SQL] = {}


class JudgedRow:
    """One state of a judged record; `absent` are the formulas it gives no value for, None if there is no such state."""

    table: sa.Subquery

    def __init__(self, form: FormShape, prefix: str, backend: Backend, absent: frozenset[str] | None) -> None:
        self.form, self.prefix, self.backend, self.absent = form, prefix, backend, absent
        self.fields = {
            key: field
            for key, field in form.names.items()
            if absent is not None and key not in absent and field.type.name != "records"
        }

    def columns(self) -> dict[str, SQL]:
        """A cast parameter for each value, and for each folded text."""
        made: dict[str, SQL] = {}
        for key, field in self.fields.items():
            name = f"{self.prefix}_{key}"
            bound = sa.bindparam(name, type_=self.backend.sql_type(field.type), required=True)
            made[name] = self.backend.cast_value(bound, field.type)
            if field.type.name == "text":
                made[f"{name}__f"] = sa.cast(sa.bindparam(f"{name}__f", type_=sa.Text, required=True), sa.Text)
        return made

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the parameters are for a record with these values."""
        given: dict[str, Any] = {}
        for key, field in self.fields.items():
            name, value = f"{self.prefix}_{key}", values.get(key)
            if field.type.name == "choices":
                value = json.dumps(list(value), ensure_ascii=False) if value else None
            elif field.type.name == "files":
                value = refs.written(value)
            elif field.type.name == "text":
                value = value or None
                given[f"{name}__f"] = fold(value) if value else None
            given[name] = value
        return given

    def column(self, key: str, type_: Type) -> SQL:
        name = f"{self.prefix}_{key}"
        if name in self.table.c:
            return self.table.c[name]
        return self.backend.cast_value(sa.null(), type_)

    @property
    def id(self) -> SQL:
        return self.column("id", number(0))

    def value(self, field: FieldShape) -> Val | None:
        if self.absent is not None and field.key in self.absent:
            return None
        column = self.column(field.key, field.type)
        folded = None
        if field.type.name == "text":
            companion = self.column(f"{field.key}__f", field.type)
            folded = lambda: companion  # noqa: E731
        if field.type.name == "number":
            column = sa.type_coerce(column, sa.BigInteger if self.backend.name == "sqlite" else sa.Numeric)
        return Val(column, field.type, FIELD_BOUND, atom=True, folded=folded)

    def options(self, field: FieldShape) -> tuple[Any, SQL, SQL | None]:
        table = self.backend.json_values(self.column(field.key, field.type))
        return table, table.c.value, None


def formula_of(field: FieldShape) -> Any:
    """The expression of a formula, whether it has a column or not."""
    return getattr(field, "formula", None) or field.expression


def binds(actor: Actor | None, now: datetime, zone: str) -> dict[str, Any]:
    """Values for the parameters of compiled expressions: `m_me`, `m_my_department`, `m_now`, `m_today`, `m_zone`."""
    return {
        "m_me": actor.member if actor else None,
        "m_my_department": actor.department if actor else None,
        "m_now": now,
        "m_today": now.astimezone(ZoneInfo(zone)).date(),
        "m_zone": zone,
    }
