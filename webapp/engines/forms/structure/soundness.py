"""Whether what is stored twice agrees: formulas with what they are computed from, search texts and their index with the
records. For `mortise doctor`; a sample of each form, the newest records and some from all over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from webapp import clock
from webapp.db import Database, Unit
from webapp.definitions import epochs, tables, versions
from webapp.definitions.model import Form
from webapp.engines.forms.finding import search
from webapp.engines.forms.structure import building
from webapp.engines.forms.writing import stored
from webapp.expressions import Stored, binds
from webapp.journal import due

_CHUNK = 50


@dataclass(frozen=True)
class Unlike:
    """One record that does not agree: in the field `field`, its search text (`m__search`) or index (`m__find`)."""

    form: str
    record: int
    field: str


def look(database: Database, size: int = 100) -> tuple[int, list[Unlike]]:
    """How many records were looked at, and which do not agree. Forms with open work are left out: they change."""
    looked, found = 0, []
    for name in _settled(database):
        with database.read() as unit:
            ids = _sample(unit, versions.current(unit).form(name), size)
        for begin in range(0, len(ids), _CHUNK):
            some = ids[begin : begin + _CHUNK]
            with database.write() as unit:  # holds these few against changes while they are compared
                form = versions.current(unit).form(name)
                found += [*_formulas(unit, form, some), *_search(unit, form, some)]
        looked += len(ids)
    return looked, found


def _settled(database: Database) -> list[str]:
    with database.read() as unit:
        busy = {(row["app"], row["form"]) for row in versions.building(unit)}
        forms = [form for app in versions.current(unit).apps.values() for form in app.forms.values()]
        return [form.name for form in forms if (form.app, form.key) not in busy]


def _sample(unit: Unit, form: Form, size: int) -> list[int]:
    """Half of them the newest, half evenly from all."""
    id_ = form.table.c.id
    newest = list(unit.execute(sa.select(id_).order_by(id_.desc()).limit(size // 2)).scalars())
    if len(newest) < size // 2:
        return sorted(newest)
    step = max(1, newest[0] // (size // 2))
    spread = unit.execute(sa.select(id_).where(id_ % step == 0).limit(size // 2)).scalars()
    return sorted({*newest, *spread})


def _formulas(unit: Unit, form: Form, ids: list[int]) -> Iterator[Unlike]:
    table = form.table
    for key in form.computed:
        field = form.fields[key]
        if field.formula is None or field.column is None or field.old_column is not None:
            continue
        again = field.formula.sql(Stored(table), unit.dialect)
        query = sa.select(table.c.id, table.c[field.column], again).where(table.c.id.in_(ids))
        for id_, kept, computed in unit.execute(query, binds(None, clock.now(), unit.zone)):
            if kept != computed:
                yield Unlike(form.name, id_, key)


def _search(unit: Unit, form: Form, ids: list[int]) -> Iterator[Unlike]:
    for id_, row in stored.get_many(unit, form, ids):
        text = search.text_of(form, row)
        if text != (row.search_text or ""):
            yield Unlike(form.name, id_, "m__search")
            continue
        word = next(iter(search.terms(str(row.get(form.title) or ""))), "")
        narrowed = search.narrowing(form, form.table, word, unit.dialect) if word and word in text else None
        if narrowed is not None:
            query = sa.select(form.table.c.id).where(form.table.c.id == id_, narrowed)
            if unit.execute(query).first() is None:
                yield Unlike(form.name, id_, "m__find")


def mend(database: Database, unlike: Iterable[Unlike]) -> int:
    """Have the worker compute the named formulas and search texts of all records anew; how many pieces of work."""
    formulas = [one for one in unlike if not one.field.startswith("m__")]
    wanted: set[tuple[str, str, str | None]] = {(one.form, "backfill", one.field) for one in formulas}
    wanted |= {(one.form, "search", None) for one in unlike if one.field == "m__search"}
    table = tables.building
    with database.write() as unit:
        epochs.lock(unit)
        for name, what, field in sorted(wanted, key=str):
            form = versions.current(unit).form(name)
            version = versions.current(unit).apps[form.app].version
            place = {"app": form.app, "form": form.key, "field": field}
            work = {"what": what, "version": version, "payload": "{}", "state": "open", "created_at": clock.now()}
            unit.execute(table.insert().values(**place, **work))
            due.add(unit, building.KIND, form.app, {"app": form.app})
        epochs.move(unit)  # while it is computed, lists show what it will be
    return len(wanted)
