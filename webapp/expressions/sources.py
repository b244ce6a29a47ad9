"""Where an expression reads its row from: a stored one (`Stored`) or one that is not saved yet (`Judged`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp.db import Exact
from webapp.expressions.backend import FIELD_BOUND, SQL, Backend, Val
from webapp.expressions.fold import fold
from webapp.expressions.types import FieldShape, FormShape, Type, number

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
        """A field with several values: the table they are in, its value column, the condition that ties it to the row."""


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
        column = self.table.c[field.column]
        type_ = field.type
        folded = None
        if type_.name == "text" and f"{field.column}__f" in self.table.c:
            companion = self.table.c[f"{field.column}__f"]
            folded = lambda: companion  # noqa: E731
        filled = not column.nullable if isinstance(column, sa.Column) else False
        sql, plain = column, None
        if type_.name in ("number", "duration") and not isinstance(column.type, Exact):
            if self.backend.name == "postgresql":
                sql, plain = sa.cast(column, sa.Numeric), column
            elif isinstance(column.type, sa.Numeric):
                raise TypeError(f"{column} has neither whole numbers nor a known scale")
        if type_.name == "number" and isinstance(column.type, Exact):
            type_ = number(column.type.scale)
            sql = sa.type_coerce(column, sa.BigInteger if self.backend.name == "sqlite" else sa.Numeric)
        return Val(sql, type_, FIELD_BOUND, filled, atom=True, folded=folded, plain=plain)

    def options(self, field: FieldShape) -> tuple[Any, SQL, SQL | None]:
        assert field.values_table is not None
        table = field.values_table.alias()
        return table, table.c.value, table.c.record == self.id


class Judged:
    """A record that is not saved (yet), as one row of bind parameters, each cast to its type.

    values   Python values by field key; what is missing is empty
    old      the record as it was before, for `old.` and `changed`; None for a new one: all empty
    row_id   its id if it has one: then lists of records that link to it are found

    Add it to a statement with `judged.select(…)`; all expressions over one `Judged` share its row.
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
        self._made: dict[str, tuple[JudgedRow, JudgedRow]] = {}

    def row(self, form: FormShape, backend: Backend) -> JudgedRow:
        return self._rows(backend)[0]

    def old_row(self, form: FormShape, backend: Backend) -> JudgedRow:
        return self._rows(backend)[1]

    def _rows(self, backend: Backend) -> tuple[JudgedRow, JudgedRow]:
        """Both states as columns of one derived table, made once a database."""
        if backend.name not in self._made:
            now, before = (
                _columns(self.form, self._values, "m_v", backend),
                _columns(self.form, self._old, "m_o", backend),
            )
            labelled = [
                c.label(f"{prefix}_{key}")
                for prefix, found in (("m_v", now), ("m_o", before))
                for key, c in found.items()
            ]
            table = sa.select(*(labelled or [sa.literal_column("1").label("m__one")])).subquery("judged")
            self._made[backend.name] = (
                JudgedRow(self.form, self._values, "m_v", backend, table),
                JudgedRow(self.form, self._old, "m_o", backend, table),
            )
        return self._made[backend.name]

    def select(self, *expressions: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """One statement that answers all `expressions` (compiled over this record) in one row."""
        statement = sa.select(*expressions)
        for row, _ in self._made.values():
            statement = statement.select_from(row.table)
        return statement


def _columns(
    form: FormShape, values: Mapping[str, Any] | None, prefix: str, backend: Backend
) -> dict[str, sa.ColumnElement[Any]]:
    """One cast parameter for each value a record can have; none where there is no record."""
    columns: dict[str, sa.ColumnElement[Any]] = {}
    if values is None:
        return columns
    for key, field in form.names.items():
        if field.type.name == "records" or (key not in values and _formula(field) is not None):
            continue
        value = values.get(key)
        if field.type.name == "choices":
            value = json.dumps(list(value), ensure_ascii=False) if value else None
        elif field.type.name == "text":
            value = value or None
            folded = sa.bindparam(f"{prefix}_{key}__f", fold(value) if value else None, type_=sa.Text)
            columns[f"{key}__f"] = sa.cast(folded, sa.Text)
        bound = sa.bindparam(f"{prefix}_{key}", value, type_=backend.sql_type(field.type))
        columns[key] = backend.cast_value(bound, field.type)
    return columns


class JudgedRow:
    def __init__(
        self, form: FormShape, values: Mapping[str, Any] | None, prefix: str, backend: Backend, table: sa.Subquery
    ) -> None:
        self.form, self.values, self.prefix, self.backend, self.table = form, values, prefix, backend, table

    def column(self, key: str, type_: Type) -> SQL:
        name = f"{self.prefix}_{key}"
        if name in self.table.c:
            return self.table.c[name]
        return self.backend.cast_value(sa.null(), type_)

    @property
    def id(self) -> SQL:
        return self.column("id", number(0))

    def value(self, field: FieldShape) -> Val | None:
        if self.values is not None and field.key not in self.values and _formula(field) is not None:
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


def _formula(field: FieldShape) -> Any:
    """The expression of a formula, whether it has a column or not."""
    return getattr(field, "formula", None) or field.expression


def binds(actor: Actor | None, now: datetime, zone: str) -> dict[str, Any]:
    """Values for the parameters that compiled expressions hold: `m_me`, `m_my_department`, `m_now`, `m_today`, `m_zone`."""
    return {
        "m_me": actor.member if actor else None,
        "m_my_department": actor.department if actor else None,
        "m_now": now,
        "m_today": now.astimezone(ZoneInfo(zone)).date(),
        "m_zone": zone,
    }
