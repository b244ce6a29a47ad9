"""How the columns of a form become values: what to select for each field, and what its row says.

Links, members and departments come with their title in the same statement, and only as far as the actor may see
their targets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import paths, pending
from webapp.engines.forms.record import Linked, Masked, Record
from webapp.expressions import Stored, check

#: Put behind the title of a linked record that lies in the bin (a character no folded or typed text contains).
_BINNED = "\x1f"


@dataclass(frozen=True)
class Reader:
    """Reads one field: its columns in the statement, and a function from these columns' values to the value."""

    key: str
    columns: list[sa.ColumnElement[Any]]
    decode: Callable[..., tuple[Any, Linked | None]]
    is_plain: bool = False  # one column, and what it holds is the value


class Decoder:
    """Makes records of a statement's rows: id, version, then the columns of every reader.

    What a row says as it stands is taken in one go; only links, masks and several values are looked at one by one.
    """

    def __init__(self, form: Form, readers: list[Reader]) -> None:
        self.form = form
        self.keys = [reader.key for reader in readers]
        self._special: list[tuple[str, int, int, Callable[..., tuple[Any, Linked | None]]]] = []
        places, at = [], 2
        for reader in readers:
            width = len(reader.columns)
            places.append(at)
            if reader.decode is not _decode_plain:
                self._special.append((reader.key, at, at + width, reader.decode))
            at += width
        self._take: Callable[[Any], Any] = (
            itemgetter(*places) if len(places) > 1 else lambda row: [row[at] for at in places]
        )

    def record(self, row: Sequence[Any]) -> Record:
        row = tuple(row)  # its columns are processed once
        values = dict(zip(self.keys, self._take(row), strict=True))
        links = {}
        for key, start, end, decode in self._special:
            if row[start] is not None:
                values[key], link = decode(*row[start:end])
                if link is not None:
                    links[key] = link
        return Record(self.form, row[0], row[1], values, links)


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

    return Reader(field.key, [sa.literal(1), new, old], decode)  # rows are looked at even where the new place is empty


def path_reader(unit: Unit, actor: Actor, form: Form, path: str, table: sa.FromClause) -> Reader:
    """Reads what stands at the end of a path such as `account.industry`, as far as the actor may see the way there.

    Raises `Invalid` when a field on the way is not his to read.
    """
    definitions, eyes = versions.current(unit), policy.eyes(unit, actor)
    expression = check(paths.readable(definitions, form, path), definitions, form.name, eyes=eyes)
    return Reader(path, [expression.sql(Stored(table), unit.dialect, eyes)], _decode_plain)


def _has_value(field: Field) -> bool:
    return field.column is not None or field.values_table is not None or field.expression is not None


def _reader(unit: Unit, actor: Actor, field: Field, right: str, table: sa.FromClause) -> Reader:
    value = value_of(unit, field, table)
    if pending.is_pending(field) and (old := pending.old_value(unit, field, table)) is not None:
        return _pending(unit, field, right, value, old)
    if right == "masked":
        return Reader(field.key, [value], _mask(field))
    target = _title(unit, actor, field, value)
    if target is not None:
        return Reader(field.key, [value, target], _decode_link)
    if field.values_table is not None:
        return Reader(field.key, [value], _decode_several)
    return Reader(field.key, [value], _decode_plain, True)


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


def _decode_plain(value: Any) -> tuple[Any, None]:
    return value, None


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
