"""Values that move to another kind: from the old column to the new one, with a list of those that do not fit.

The old column keeps everything, so that a rollback is whole. What was changed by somebody after the new version came
into force is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import firm
from webapp.access.tables import department, member
from webapp.db import Id, Unit
from webapp.definitions.columns import columns_of, old_field
from webapp.definitions.model import Definitions, Field, Form
from webapp.errors import MortiseError
from webapp.expressions.fold import fold
from webapp.journal.tables import event

MOST_LOOKED_AT = 20_000
EXAMPLES = 5
FAILED = object()
RELATIONS = ("record", "member", "department")


class Converter:
    """Turns values of one field into values of its new kind. Titles of links and members are looked up by chunk.

    Without unit and definitions only `plain` can be asked.
    """

    def __init__(self, unit: Any, definitions: Any, old: Field, new: Field, locale: str) -> None:
        self.unit, self.definitions, self.old, self.new, self.locale = unit, definitions, old, new, locale

    def convert(self, values: Sequence[Any]) -> list[Any]:
        """New values in the order of the old ones; `FAILED` for what does not fit."""
        texts = self.texts(values)
        return [self._one(value, text) for value, text in zip(values, texts, strict=True)]

    def texts(self, values: Sequence[Any]) -> list[str]:
        """The old values as people read them."""
        kind = self.old.type.name
        if kind in RELATIONS:
            names = self._names({v for v in values if v is not None})
            return [names.get(v, "") for v in values]
        return [self.old.kind.text(self.old, v, self.locale) if v is not None else "" for v in values]

    def _one(self, value: Any, text: str) -> Any:
        if value is None:
            return None
        if self.new.type.name in RELATIONS:
            return self._found(text)
        return self.plain(value, text)

    def plain(self, value: Any, text: str) -> Any:
        """One value whose new kind is no link; needs no database."""
        is_choice = self.old.type.name in ("choice", "choices")
        is_read = is_choice and self.new.type.name not in ("choice", "choices")
        attempts: list[Any] = [text] if is_read or self.old.type.name in RELATIONS else []
        attempts = attempts or [self.old.kind.json(self.old, value), text]
        for attempt in attempts:
            if isinstance(attempt, list) and not self.new.kind.is_multi and self.new.kind.is_typed:
                attempt = attempt[0] if len(attempt) == 1 else text
            elif self.new.kind.is_multi and isinstance(attempt, str) and is_choice:
                attempt = [attempt]
            try:
                return self.new.kind.parse(self.new, attempt)
            except MortiseError:
                continue
        return FAILED

    def _names(self, ids: Iterable[int]) -> dict[int, str]:
        kind = self.old.type
        wanted = list(ids)
        if not wanted:
            return {}
        if kind.name == "record":
            target = self.definitions.form(kind.target or "")
            title = target.names[target.title]
            if title.column is None or title.type.name != "text":
                return {}
            query = sa.select(target.table.c.id, target.table.c[title.column]).where(target.table.c.id.in_(wanted))
        else:
            table = member if kind.name == "member" else department
            query = sa.select(table.c.id, table.c.name).where(table.c.id.in_(wanted))
        return {row[0]: row[1] or "" for row in self.unit.execute(query)}

    def _found(self, text: str) -> Any:
        """The one record or person called `text`."""
        kind = self.new.type
        if not text.strip():
            return None
        if kind.name == "record":
            target = self.definitions.form(kind.target or "")
            title = target.names[target.title]
            folded = f"{title.column}__f"
            if folded not in target.table.c:
                return FAILED
            table = target.table
            query = sa.select(table.c.id).where(table.c[folded] == fold(text).strip(), table.c.deleted_at.is_(None))
        elif kind.name == "member":
            query = sa.select(member.c.id).where(sa.or_(member.c.name == text, member.c.email == text.lower()))
        else:
            query = sa.select(department.c.id).where(department.c.name == text)
        found = self.unit.execute(query.limit(2)).scalars().all()
        return found[0] if len(found) == 1 else FAILED


def unconvertible(
    unit: Unit, definitions: Definitions, form: Form, old: Field, new: Field
) -> tuple[int, int, list[str]]:
    """How many values there are, how many do not convert, and examples; by distinct value, up to 20,000 of them."""
    converter = Converter(unit, definitions, old, new, firm.get(unit).locale)
    total = lost = 0
    examples: list[str] = []
    for values, counts in _distinct(unit, form, old):
        for value, count, made, text in zip(
            values, counts, converter.convert(values), converter.texts(values), strict=True
        ):
            total += count
            if made is FAILED:
                lost += count
                if len(examples) < EXAMPLES:
                    examples.append(text[:40] or str(value)[:40])
    return total, lost, examples


def _distinct(unit: Unit, form: Form, old: Field) -> Iterable[tuple[list[Any], list[int]]]:
    table = form.table
    if old.values_table is not None:
        rows = unit.execute(sa.select(old.values_table.c.value, sa.func.count()).group_by(old.values_table.c.value))
        pairs = [((row[0],), row[1]) for row in rows]
    elif old.column is not None:
        column = table.c[old.column]
        query = sa.select(column, sa.func.count()).where(column.is_not(None)).group_by(column).limit(MOST_LOOKED_AT)
        pairs = [(row[0], row[1]) for row in unit.execute(query)]
    else:
        pairs = []
    if pairs:
        yield [p[0] for p in pairs], [p[1] for p in pairs]


@dataclass
class Chunk:
    """What one step did: `ids` were looked at, `failed` did not fit, `changes` are record → [text, value]."""

    ids: list[int]
    failed: list[dict[str, Any]]
    changes: dict[str, list[Any]]


def chunk(unit: Unit, definitions: Definitions, form: Form, work: Any, size: int) -> Chunk | None:
    """Convert the next `size` records, held against other writers; None when there are no more."""
    payload = json.loads(work.payload)
    new = form.fields[work.field]
    old = old_field(form, payload)
    ids = _next(unit, form, old, payload["old"], work.position, size)
    if not ids:
        return None
    hold(unit, form, ids)
    values = _old_values(unit, form, old, payload["old"], ids)
    changed = _changed_since(unit, form, work, ids)
    open_ = [i for i in ids if i in values and i not in changed]
    converter = Converter(unit, definitions, old, new, firm.get(unit).locale)
    old_values = [values[i] for i in open_]
    made, texts = converter.convert(old_values), converter.texts(old_values)
    found = list(zip(open_, old_values, made, texts, strict=True))
    _write(unit, form, new, [(i, v) for i, _, v, _ in found if v is not FAILED and v is not None])
    if new.type.name == old.type.name == "files" and old.column and new.column:
        from webapp.engines.forms.writing import attaching  # reads through `pending`, which needs this module

        attaching.move(unit, form, open_, old.column, new.column)
    changes = {str(i): [text, _json(new, v)] for i, was, v, text in found if _is_changed(old, was, new, v)}
    _raise_versions(unit, form, [int(i) for i in changes])
    return Chunk(ids, [{"id": i, "value": text[:200]} for i, _, v, text in found if v is FAILED], changes)


def hold(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    """Nobody else writes these records until the unit ends."""
    if unit.dialect != "sqlite":
        query = sa.select(form.table.c.id).where(form.table.c.id.in_(ids)).order_by(form.table.c.id)
        unit.execute(query.with_for_update()).all()


def _json(field: Field, value: Any) -> Any:
    return None if value is FAILED or value is None else field.kind.json(field, value)


def _is_changed(old: Field, was: Any, new: Field, value: Any) -> bool:
    """Whether a reader sees another value than before."""
    return value is FAILED or _json(old, was) != _json(new, value)


def _raise_versions(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    if ids:
        table = form.table
        values = {"version": table.c.version + 1, "updated_at": clock.now()}
        unit.execute(sa.update(table).where(table.c.id.in_(ids)).values(values))


def _next(unit: Unit, form: Form, old: Field, entry: Mapping[str, Any], position: int, size: int) -> list[int]:
    """The next records that have an old value, binned ones too."""
    if entry.get("values"):
        table = _old_table(entry)
        query = sa.select(table.c.record).distinct().where(table.c.record > position).order_by(table.c.record)
    else:
        table, column = _old_column(form, old)
        query = sa.select(table.c.id).where(table.c.id > position, column.is_not(None)).order_by(table.c.id)
    return list(unit.execute(query.limit(size)).scalars())


def _old_table(entry: Mapping[str, Any]) -> Any:
    return sa.table(entry["values"], sa.column("record", Id), sa.column("value"), sa.column("position"))


def _old_column(form: Form, old: Field) -> tuple[Any, Any]:
    column = columns_of(old, lambda _form: None)[0]
    table = sa.table(form.table.name, sa.column("id", Id), sa.column(column.name, column.type))
    return table, table.c[column.name]


def _old_values(unit: Unit, form: Form, old: Field, entry: Mapping[str, Any], ids: Sequence[int]) -> dict[int, Any]:
    """Id → old value, of those that have one."""
    if entry.get("values"):
        table = _old_table(entry)
        rows = unit.execute(
            sa.select(table.c.record, table.c.value)
            .where(table.c.record.in_(ids))
            .order_by(table.c.record, table.c.position)
        )
        found: dict[int, Any] = {}
        for record, value in rows:
            found[record] = (*found.get(record, ()), value)
        return found
    table, column = _old_column(form, old)
    rows = unit.execute(sa.select(table.c.id, column).where(table.c.id.in_(ids), column.is_not(None)))
    return {row[0]: row[1] for row in rows}


def _changed_since(unit: Unit, form: Form, work: Any, ids: list[int]) -> set[int]:
    """Records in which somebody set this field after the version that asked for the conversion."""
    rows = unit.execute(
        sa.select(event.c.record, event.c.changes).where(
            event.c.app == form.app,
            event.c.form == form.key,
            event.c.record.in_(ids),
            event.c.kind == "updated",
            event.c.definition_version >= work.version,
        )
    )
    return {record for record, changes in rows if changes and work.field in json.loads(changes)}


def _write(unit: Unit, form: Form, new: Field, made: list[tuple[int, Any]]) -> None:
    if not made:
        return
    if new.values_table is not None:
        table = new.values_table
        unit.execute(sa.delete(table).where(table.c.record.in_([i for i, _ in made])))
        rows = [{"record": i, "value": v, "position": n} for i, vs in made for n, v in enumerate(vs or ())]
        if rows:
            unit.execute(sa.insert(table), rows)
        return
    assert new.column is not None
    updates = [
        {"m_id": i, **{f"v_{c}": v for c, v in {new.column: value, **new.kind.companions(new, value)}.items()}}
        for i, value in made
    ]
    names = [name.removeprefix("v_") for name in updates[0] if name.startswith("v_")]
    columns = {name: sa.bindparam(f"v_{name}", type_=form.table.c[name].type) for name in names}
    unit.execute(sa.update(form.table).where(form.table.c.id == sa.bindparam("m_id")).values(columns), updates)
