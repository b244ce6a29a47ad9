"""How the columns of a form become values: what to select for each field, and what its row says.

Links, members and departments come with their title in the same statement, and only as far as the actor may see
their targets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit, loader
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms.record import Linked, Masked, Record
from webapp.engines.forms.structure import pending
from webapp.engines.forms.viewing import paths
from webapp.expressions import Stored, check

#: Put behind the title of a linked record that lies in the bin (a character no folded or typed text contains).
_BINNED = "\x1f"


@dataclass(frozen=True)
class Reader:
    """Reads one field: its columns in the statement, and a function from these columns' values to the value.

    decode      None where the one column holds the value as it is
    is_uniform  whether equal values of the columns always mean the same: not so for what is computed while it is
                read, where 1.0 and 1.00 are equal and look different
    """

    key: str
    columns: list[sa.ColumnElement[Any]]
    decode: Callable[..., tuple[Any, Linked | None]] | None = None
    is_uniform: bool = True


Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Place:
    """Where a field stands in the rows of a statement, and how what the driver gives there becomes its value."""

    key: str
    start: int
    end: int
    converts: tuple[Convert | None, ...]
    decode: Callable[..., tuple[Any, Linked | None]] | None
    is_uniform: bool

    @cached_property
    def is_converted(self) -> bool:
        return any(convert is not None for convert in self.converts)

    def read(self, row: Sequence[Any]) -> tuple[Any, Linked | None]:
        """The value in a row, and what it points at."""
        return self.value(*row[self.start : self.end])

    def value(self, *raw: Any) -> tuple[Any, Linked | None]:
        """The same from what the driver gave for the field's own columns."""
        if raw[0] is None:
            return None, None
        given = raw
        if self.is_converted:
            given = tuple([v if c is None or v is None else c(v) for v, c in zip(raw, self.converts, strict=True)])
        return self.decode(*given) if self.decode is not None else (given[0], None)


class Decoder:
    """Makes records of a statement's rows: id, version, then the columns of every reader, as the driver gives them.

    Whoever writes whole pages goes by columns (`Sheet.written`) and never makes records; `made` keeps what he has
    prepared for these readers.
    """

    def __init__(self, form: Form, readers: list[Reader], dialect: sa.Dialect) -> None:
        self.form = form
        self.places: dict[str, Place] = {}
        self.made: dict[Any, Any] = {}
        at = 2
        for reader in readers:
            end = at + len(reader.columns)
            converts = tuple(loader(column.type, dialect) for column in reader.columns)
            self.places[reader.key] = Place(reader.key, at, end, converts, reader.decode, reader.is_uniform)
            at = end
        self._plain = [(p.key, p.start) for p in self.places.values() if p.decode is None and p.converts == (None,)]
        self._others = [p for p in self.places.values() if p.decode is not None or p.converts != (None,)]

    def record(self, row: Sequence[Any]) -> Record:
        values = dict.fromkeys(self.places)
        for key, at in self._plain:
            values[key] = row[at]
        links = {}
        for place in self._others:
            if row[place.start] is not None:
                values[place.key], link = place.read(row)
                if link is not None:
                    links[place.key] = link
        return Record(self.form, row[0], row[1], values, links)


class Written(dict[Any, str]):
    """What was made of each different value so far."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> str:
        made = self[value] = self._make(value)
        return made


@dataclass(frozen=True)
class Sheet:
    """A page of a list as the driver gave it: quicker to write out than `Record`s. See `Page`."""

    decoder: Decoder
    rows: list[Sequence[Any]]
    next: str | None
    count: int | None = None
    count_is: str | None = None

    def written(self, key: str, write: Callable[[Any, Linked | None], str]) -> list[str]:
        """What `write` makes of a field's value and what it points at, row by row; asked once for equal values."""
        place = self.decoder.places[key]
        if place.end - place.start > 1:
            return self.made(key, lambda raw: write(*place.value(*raw)))
        if place.decode is not None:
            return self.made(key, lambda raw: write(*place.value(raw)))
        (load,) = place.converts
        if load is None:
            return self.made(key, lambda raw: write(raw, None))
        return self.made(key, lambda raw: write(None if raw is None else load(raw), None))

    def made(self, key: str, make: Callable[[Any], str]) -> list[str]:
        """The same of `raw`."""
        if not self.decoder.places[key].is_uniform:
            return [make(one) for one in self.raw(key)]
        written = Written(make)
        return [written[one] for one in self.raw(key)]

    def raw(self, key: str) -> list[Any]:
        """What the driver gave for a field, row by row: a tuple where it has several columns."""
        place = self.decoder.places[key]
        start, end = place.start, place.end
        return [row[start] for row in self.rows] if end - start == 1 else [row[start:end] for row in self.rows]

    def records(self) -> list[Record]:
        return [self.decoder.record(row) for row in self.rows]


def unread(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The column as the driver gives it: its type does not look at each value."""
    return sa.type_coerce(column, sa.types.NULLTYPE)


def readable(unit: Unit, actor: Actor, form: Form, wanted: Iterable[str] | None = None) -> dict[str, str]:
    """Field key → right (masked, read, write) of the fields the actor may read, in document order."""
    rights = policy.fields(unit, actor, form)
    keys = form.names if wanted is None else wanted
    return {key: rights[key] for key in keys if rights.get(key, "hidden") != "hidden" and _has_value(form.names[key])}


def readers(unit: Unit, actor: Actor, form: Form, keys: Mapping[str, str], table: sa.FromClause) -> list[Reader]:
    """A reader for each of `keys` (field key → right) over `table`, the form's table or an alias of it."""
    return [_reader(unit, actor, form.names[key], right, table) for key, right in keys.items()]


def _pending(unit: Unit, field: Field, right: str, new: sa.ColumnElement[Any], old: sa.ColumnElement[Any]) -> Reader:
    """While a field is being converted in ways that SQL cannot follow: both places, the new one first."""
    convert = pending.converted(unit, field)

    def decode(_there: int, first: Any, second: Any) -> tuple[Any, None]:
        value = _decode_several(first)[0] if field.values_table is not None else first
        value = convert(second) if value is None else value
        return (Masked(mask(field, value)) if right == "masked" and value is not None else value), None

    # rows are looked at even where the new place is empty
    return Reader(field.key, [sa.literal(1), new, old], decode, is_uniform=False)


def path_reader(unit: Unit, actor: Actor, form: Form, path: str, table: sa.FromClause) -> Reader:
    """Reads what stands at the end of a path such as `account.industry`, as far as the actor may see the way there.

    Raises `Invalid` when a field on the way is not his to read.
    """
    definitions, eyes = versions.current(unit), policy.eyes(unit, actor)
    expression = check(paths.readable(definitions, form, path), definitions, form.name, eyes=eyes)
    return Reader(path, [expression.sql(Stored(table), unit.dialect, eyes)], is_uniform=False)


def _has_value(field: Field) -> bool:
    return field.column is not None or field.values_table is not None or field.expression is not None


def _reader(unit: Unit, actor: Actor, field: Field, right: str, table: sa.FromClause) -> Reader:
    value = value_of(unit, field, table)
    is_uniform = field.expression is None and field.before is None
    if pending.is_pending(field) and (old := pending.old_value(unit, field, table)) is not None:
        return _pending(unit, field, right, value, old)
    if right == "masked":
        return Reader(field.key, [value], _mask(field), is_uniform)
    target = _title(unit, actor, field, value)
    if target is not None:
        return Reader(field.key, [value, target], _decode_link, is_uniform)
    if field.values_table is not None:
        return Reader(field.key, [value], _decode_several, is_uniform)
    return Reader(field.key, [value], None, is_uniform)


def value_of(unit: Unit, field: Field, table: sa.FromClause) -> sa.ColumnElement[Any]:
    """The field's value as a column of a statement over `table`."""
    if field.values_table is not None:
        return several_of(unit, field.values_table, table)
    if field.column is None:
        assert field.expression is not None
        return field.expression.sql(Stored(table), unit.dialect)
    column: sa.ColumnElement[Any] = table.c[field.column]
    if field.before is not None:
        old = table.c[field.old_column] if field.old_column else pending.found_by_text(unit, field, table)
        return column if old is None else sa.func.coalesce(column, old, type_=column.type)
    return column


def several_of(unit: Unit, values: sa.Table, table: sa.FromClause) -> sa.ColumnElement[Any]:
    """All values of a field in their order, as JSON text."""
    rows = (
        sa.select(values.c.value)
        .where(values.c.record == table.c.id)
        .order_by(values.c.position)
        .correlate(table)
        .subquery()
    )
    if unit.dialect == "sqlite":
        gathered: sa.ColumnElement[Any] = sa.func.json_group_array(rows.c.value)
    else:
        gathered = sa.cast(sa.func.json_agg(rows.c.value), sa.Text)
    return sa.select(gathered).select_from(rows).scalar_subquery()


def _title(unit: Unit, actor: Actor, field: Field, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any] | None:
    kind = field.type.name
    if kind == "member":
        return sa.select(member.c.name).where(member.c.id == value).scalar_subquery()
    if kind == "department":
        return sa.select(department.c.name).where(department.c.id == value).scalar_subquery()
    if kind == "record" and field.type.target is not None:
        return record_title(unit, actor, versions.current(unit).form(field.type.target), value)
    return None


def record_title(unit: Unit, actor: Actor, form: Form, id_: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The title of record `id_` of `form`: NULL where it does not exist for the actor, marked where it is binned."""
    target = form.table.alias()
    title = form.names[form.title]
    shown = title_text(unit, actor, form, target) if policy.fields(unit, actor, form).get(title.key) else None
    text = sa.func.coalesce(shown, "") if shown is not None else sa.literal("")
    marked = text + sa.case((target.c.deleted_at.is_(None), ""), else_=_BINNED)
    condition = policy.rows(unit, actor, form, "see", target)
    statement = sa.select(marked).where(target.c.id == id_)
    if condition is not None:
        statement = statement.where(condition)
    return statement.scalar_subquery()


def title_text(unit: Unit, actor: Actor, form: Form, table: sa.FromClause) -> sa.ColumnElement[Any] | None:
    """The title field as text, None where the actor may not read it."""
    right = policy.fields(unit, actor, form).get(form.title, "hidden")
    if right not in ("read", "write"):
        return None
    return sa.cast(value_of(unit, form.names[form.title], table), sa.Text)


def several(text: str | None) -> tuple[Any, ...] | None:
    """The values of a multiple choice in their order, from the JSON they are read as; None when there are none."""
    return (tuple(json.loads(text)) or None) if text else None


def _decode_several(value: Any) -> tuple[Any, None]:
    return several(value), None


def _decode_link(value: Any, title: str | None) -> tuple[Any, Linked | None]:
    if value is None:
        return None, None
    if title is None:
        return Masked(""), Linked(value, None)
    return value, Linked(value, title.removesuffix(_BINNED), title.endswith(_BINNED))


def _mask(field: Field) -> Callable[..., tuple[Any, None]]:
    def decode(value: Any) -> tuple[Any, None]:
        if field.values_table is not None:
            value = _decode_several(value)[0]
        return (None if value is None else Masked(mask(field, value))), None

    return decode


def mask(field: Field, value: Any) -> str:
    """What a masked value shows."""
    return field.kind.masked(field, value)
