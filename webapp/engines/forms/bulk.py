"""Many records at once through the same door: imports, and whatever else writes by the hundred.

A chunk is written first and judged where it stands, by the same compiled expressions, in the same transaction; rows
that are refused are taken back before anybody can see them. The caller decides the size of a chunk (decisions 30).
"""

from __future__ import annotations

import operator
import secrets
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import records
from webapp.engines.forms.board import stages
from webapp.engines.forms.fields import serial
from webapp.engines.forms.finding import search
from webapp.engines.forms.record import Result
from webapp.engines.forms.writing import (
    attaching,
    guards,
    ready,
    stored,
    telling,
    uniqueness,
    values,
    vetting,
    visibility,
)
from webapp.engines.forms.writing.judge import defaults, judge
from webapp.errors import Invalid, MortiseError, Problem
from webapp.expressions import Stored, binds
from webapp.i18n import N_
from webapp.journal import events, interests

Row = Mapping[str, Any]


def create_many(
    unit: Unit, actor: Actor, form: Form, rows: Sequence[Row], *, via: str, change_set: int | None = None
) -> list[Result]:
    """A record of each of `rows` (field key → Python value); the results stand in the order of the rows.

    Rows that were made ready (`ready.Maker`) before the transaction began hold it up less.
    """
    policy.require(unit, actor, form, "create")
    _require_writable(unit, actor, form, rows)
    base = {**dict.fromkeys(form.fields), **defaults(unit, actor, form, {})}
    stamps = stored.stamps(unit, actor, None)
    homes = _departments(unit, {row["owner"] for row in rows if row.get("owner") is not None})
    rows, own = attaching.taken_rows(unit, actor, form, rows)
    maker = ready.Maker(form, unit.connection.dialect)
    prepared = maker.make(rows)
    made = [_complete(actor, form, base, stamps, homes, row) for row in prepared]
    refused = [[*mine, *found] for mine, found in zip(own, _refused(unit, actor, form, made), strict=True)]
    kept = [i for i in range(len(made)) if not refused[i]]
    ids = dict(zip(kept, _allocate(unit, form, len(kept)), strict=True))
    tokens = _insert(unit, maker, {**base, **stamps}, [(ids[i], made[i], prepared[i]) for i in kept])
    _fill_formulas(unit, actor, form, [(ids[i], made[i]) for i in kept])
    for i, problems in _checked(unit, actor, form, {ids[i]: (i, made[i]) for i in kept}).items():
        refused[i] = problems
    _take_back(unit, form, [ids[i] for i in kept if refused[i]])
    written = [i for i in kept if not refused[i]]
    tokens.update(_mend_search(unit, form, [(ids[i], made[i], prepared[i]) for i in written]))
    search.index_new(unit, form, [(ids[i], tokens[ids[i]]) for i in written])
    _announce(unit, actor, form, [ids[i] for i in written], via, change_set)
    return [
        Result("refused", None, tuple(refused[i])) if refused[i] else Result("created", ids[i])
        for i in range(len(made))
    ]


def update_many(
    unit: Unit, actor: Actor, form: Form, rows: Sequence[tuple[int, Row]], *, via: str, change_set: int | None = None
) -> list[Result]:
    """Change record after record (id, field key → Python value); what is equal already counts as unchanged."""
    policy.require(unit, actor, form, "edit")
    _require_writable(unit, actor, form, [row for _, row in rows])
    results = []
    for id_, row in rows:
        try:
            with unit.savepoint():
                before = stored.get(unit, form, id_)["version"]
                after = records.update(unit, actor, form, id_, row, via=via, change_set=change_set)
            results.append(Result("unchanged" if after.version == before else "updated", id_))
        except MortiseError as error:
            problems = error.problems or (Problem("", error.message, error.code),)
            results.append(Result("refused", id_, tuple(problems)))
    return results


def _require_writable(unit: Unit, actor: Actor, form: Form, rows: Sequence[Row]) -> None:
    rights = policy.fields(unit, actor, form)
    keys = set().union(*rows) if rows else set()
    problems = [
        Problem(key, N_("Your role may not change this field."), "read_only")
        for key in sorted(keys)
        if rights.get(key) != "write" or not values.is_input(form.names[key])
    ]
    if problems:
        raise Invalid(N_("Some fields need mending."), problems=problems)


def _departments(unit: Unit, owners: set[int]) -> dict[int, int | None]:
    """Member → main department."""
    statement = sa.select(member.c.id, member.c.department).where(member.c.id.in_(owners))
    return {row.id: row.department for row in unit.execute(statement)} if owners else {}


def _complete(
    actor: Actor, form: Form, base: Row, stamps: Row, homes: Mapping[int, int | None], row: Row
) -> dict[str, Any]:
    record = {**base, **stamps, **row}
    record.update(stages.stamps(form, {}, record, row))
    owner = row.get("owner")
    if owner is None:
        record["owner"] = actor.member
    elif owner != actor.member:
        record["owner_department"] = homes.get(owner)
    return record


def _refused(unit: Unit, actor: Actor, form: Form, made: list[dict[str, Any]]) -> list[list[Problem]]:
    """For each record the problems known before it is written; the others get their serial numbers."""
    serials = [f for f in form.fields.values() if f.kind.is_serial]
    required = _required(form, visibility.sometimes(form), is_among=False)
    taken = _taken(unit, form, made)
    is_vetted = bool(vetting.vetting(form) or guards.vetoes)
    entering: Counter[tuple[str, str]] = Counter()
    found = []
    for i, record in enumerate(made):
        problems = [values.is_missing(f) for f in required if record.get(f.key) is None]
        problems += taken.get(i, [])
        if is_vetted:
            problems += vetting.vetoes(unit, actor, form, {}, record, entering=entering)
        if not policy.may_create(unit, actor, form, record):
            problems.append(
                Problem("", N_("Your role does not allow this record in {form}.", form=form.label), "denied")
            )
        found.append(problems)
    good = [record for record, problems in zip(made, found, strict=True) if not problems]
    for field in serials:
        for record, number in zip(good, serial.next_values(unit, field, clock.now(), len(good)), strict=True):
            record[field.key] = number
    return found


def _required(form: Form, keys: Collection[str], *, is_among: bool) -> list[Field]:
    """The required fields whose keys are among `keys`, or are not."""
    return [f for f in form.fields.values() if f.is_required and f.kind.is_input and (f.key in keys) == is_among]


def _taken(unit: Unit, form: Form, made: list[dict[str, Any]]) -> dict[int, list[Problem]]:
    """Positions whose unique value a live record or an earlier row of the chunk has."""
    found: dict[int, list[Problem]] = {}
    for field in form.fields.values():
        if not field.is_unique or field.column is None or not field.kind.is_input:
            continue
        column = uniqueness.column(form, field)
        given = [uniqueness.compared(field, form, r[field.key]) if r.get(field.key) is not None else None for r in made]
        wanted = {v for v in given if v is not None}
        statement = sa.select(column).where(column.in_(wanted), form.table.c.deleted_at.is_(None))
        seen = set(unit.execute(statement).scalars()) if wanted else set()
        for i, value in enumerate(given):
            if value is None:
                continue
            if value in seen:
                found.setdefault(i, []).append(Problem(field.key, uniqueness.taken(form, field, None), "not_unique"))
            seen.add(value)
    return found


def _allocate(unit: Unit, form: Form, n: int) -> list[int]:
    """`n` ids never given before: nobody else can take them until this unit ends."""
    if not n:
        return []
    if unit.dialect != "sqlite":
        sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(form.table.name, "id"))
        series = sa.select(sequence).select_from(sa.func.generate_series(1, n))
        return list(unit.execute(series).scalars())
    statement = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    last = unit.execute(statement, {"name": form.table.name}).scalar() or 0
    return list(range(last + 1, last + n + 1))


def _insert(
    unit: Unit, maker: ready.Maker, base: Row, made: list[tuple[int, dict[str, Any], ready.Ready]]
) -> dict[int, str]:
    """Write the rows; id → tokens of their search texts, which are not in the index yet."""
    if not made:
        return {}
    form = maker.form
    usual = maker.bound(base)
    own = _keys_of_its_own(form, made)
    late = [p.key for p in search.parts(form) if p.key in own or base.get(p.key) is not None]
    names = ("id", "m__client", "m__search", *usual)
    pick = operator.itemgetter(*usual)
    clients = _clients(len(made))
    rows, tokens = [], {}
    for (id_, record, row), client in zip(made, clients, strict=True):
        told = row.search
        if late:
            told = told.completed(form, {key: record[key] for key in late if key not in row})
        tokens[id_] = told.tokens
        columns = {**usual, **row.bound}
        if own:
            columns.update(maker.bound({key: record[key] for key in own}))
        rows.append((id_, client, told.text, *pick(columns)))
    with uniqueness.watched(form):
        unit.insert_many(form.table, names, rows)
    _insert_several(unit, form, made)
    for id_, record, _ in made:
        attaching.bind(unit, form, id_, record)
    return tokens


def _clients(count: int) -> list[str]:
    """Client ids nobody else has. They rise (version 7 of RFC 9562), so that their index grows at its end alone."""
    head = f"{time.time_ns() // 1_000_000:012x}"
    tail = secrets.randbits(62) & ~(2**24 - 1)
    first = f"{head[:8]}-{head[8:]}-7{secrets.randbits(12):03x}-{0x8000 | tail >> 48:04x}-{tail >> 24 & 0xFFFFFF:06x}"
    return [f"{first}{n:06x}" for n in range(count)]


def _keys_of_its_own(form: Form, made: list[tuple[int, dict[str, Any], ready.Ready]]) -> list[str]:
    """Fields that neither the row names nor all rows share: numbers, moments in stages, other owners' departments."""
    serials = [f.key for f in form.fields.values() if f.kind.is_serial]
    serials += [f.settings["entered"] for f in stages.of(form) if f.settings.get("entered")]
    return [*serials, "owner_department"] if any("owner" in row for _, _, row in made) else serials


def _insert_several(unit: Unit, form: Form, made: list[tuple[int, dict[str, Any], ready.Ready]]) -> None:
    for key, field in form.fields.items():
        if field.values_table is not None:
            entries = [(id_, v, n) for id_, record, _ in made for n, v in enumerate(record.get(key) or ())]
            unit.insert_many(field.values_table, ("record", "value", "position"), entries)


def _fill_formulas(unit: Unit, actor: Actor, form: Form, made: list[tuple[int, dict[str, Any]]]) -> None:
    """Compute the stored formulas of the rows just written, and store them."""
    if not made or not form.computed:
        return
    table = form.table
    this = table.c.id.between(made[0][0], made[-1][0])
    parameters = binds(actor, clock.now(), unit.zone)
    records_by_id = dict(made)
    source = Stored(table)
    for key in form.computed:  # each after those it is computed from
        field = form.fields[key]
        found = unit.execute(sa.select(table.c.id, _formula(field).sql(source, unit.dialect)).where(this), parameters)
        updates = []
        for id_, value in found.all():
            records_by_id[id_][key] = value
            updates.append({"row_id": id_, **{f"v_{c}": v for c, v in values.row(form, {key: value}).items()}})
        names = list(values.row(form, {key: None}))
        statement = table.update().where(table.c.id == sa.bindparam("row_id", type_=table.c.id.type))
        unit.execute(statement.values({c: sa.bindparam(f"v_{c}", type_=table.c[c].type) for c in names}), updates)


def _formula(field: Field) -> Any:
    assert field.formula is not None
    return field.formula


def _checked(
    unit: Unit, actor: Actor, form: Form, made: Mapping[int, tuple[int, dict[str, Any]]]
) -> dict[int, list[Problem]]:
    """Position → what the form refuses of the rows just written: fields missing that are shown, and its checks."""
    found = _shown_empty(unit, actor, form, made)
    if not form.checks or not made:
        return found
    if any(getattr(c.when, "uses_old", False) for c in form.checks):
        for position, record in made.values():
            if problems := judge(unit, actor, form, record).problems:
                found.setdefault(position, []).extend(problems)
        return found
    table = form.table
    columns = [c.when.sql(Stored(table), unit.dialect) for c in form.checks]
    this = table.c.id.between(min(made), max(made))
    statement = sa.select(table.c.id, *columns).where(this, sa.or_(*columns))
    for id_, *verdicts in unit.execute(statement, binds(actor, clock.now(), unit.zone)):
        found.setdefault(made[id_][0], []).extend(
            Problem(c.field or "", values.say(c.say), "check")
            for c, is_refused in zip(form.checks, verdicts, strict=True)
            if is_refused
        )
    return found


def _shown_empty(
    unit: Unit, actor: Actor, form: Form, made: Mapping[int, tuple[int, dict[str, Any]]]
) -> dict[int, list[Problem]]:
    """Position → required fields of the rows just written that are empty and not hidden by their own condition."""
    required = _required(form, visibility.sometimes(form), is_among=True)
    lacking = {
        id_: missing
        for id_, (_, record) in (made.items() if required else ())
        if (missing := [f for f in required if record.get(f.key) is None])
    }
    if not lacking:
        return {}
    hidden = visibility.hidden_stored(unit, actor, form, list(lacking), [f.key for f in required])
    found = {
        made[id_][0]: [values.is_missing(f) for f in fs if f.key not in hidden[id_]] for id_, fs in lacking.items()
    }
    return {position: problems for position, problems in found.items() if problems}


def _take_back(unit: Unit, form: Form, ids: list[int]) -> None:
    if not ids:
        return
    for field in form.fields.values():
        if field.values_table is not None:
            unit.execute(field.values_table.delete().where(field.values_table.c.record.in_(ids)))
    unit.execute(form.table.delete().where(form.table.c.id.in_(ids)))


def _announce(unit: Unit, actor: Actor, form: Form, ids: list[int], via: str, change_set: int | None) -> None:
    """Events of the rows that stay, and whoever is interested in them."""
    if not ids:
        return
    template = telling.row(unit, actor, form, 0, "created", via=via, change_set=change_set)
    if interests.of(versions.current(unit), form.name):
        telling.announce(unit, [{**template, "record": id_} for id_ in ids])
    else:
        events.append_alike(unit, template, ids)


def _mend_search(unit: Unit, form: Form, written: list[tuple[int, dict[str, Any], ready.Ready]]) -> dict[int, str]:
    """Store the search text again where a formula's text has come into it; id → tokens of those rows."""
    keys = [part.key for part in search.parts(form)]
    formulas = [key for key in keys if key in form.computed]
    tokens, mended = {}, []
    for id_, record, row in written:
        if all(record[key] is None for key in formulas):
            continue
        told = row.search.completed(form, {key: record[key] for key in keys if key not in row})
        tokens[id_] = told.tokens
        mended.append({"row_id": id_, "text": told.text})
    if mended:
        table = form.table
        statement = table.update().where(table.c.id == sa.bindparam("row_id", type_=table.c.id.type))
        unit.execute(statement.values(m__search=sa.bindparam("text")), mended)
    return tokens
