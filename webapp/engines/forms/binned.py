"""What lies in a form's bin, as far as the actor may bring it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.engines.forms import formats, select
from webapp.engines.forms.display import Face, cell, face
from webapp.engines.forms.record import Query
from webapp.expressions import binds

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope

PAGE = 50


@dataclass(frozen=True)
class Row:
    """One record in the bin; `by` deleted it `when`."""

    id: int
    face: Face
    by: str
    when: str


@dataclass(frozen=True)
class Binned:
    rows: tuple[Row, ...]
    next: str | None


def listed(at: Scope, *, search: str = "", after: str | None = None) -> Binned:
    """What was deleted last first. Of records that he sees, those that he may delete and therefore bring back."""
    keys = [k for k, f in at.form.fields.items() if at.eye.sees(k) and f.type.name not in ("records", "text")][:4]
    stamps = [k for k in ("deleted_at", "deleted_by") if at.eye.sees(k)]
    fields = tuple(dict.fromkeys([at.form.title, *keys, *stamps]))
    sort = ("-deleted_at",) if at.may_ask("deleted_at") else ("-id",)
    query = Query(search=search or None, fields=fields, sort=sort, limit=PAGE, after=after, binned=True)
    page = select.select(at.unit, at.actor, at.form, query)
    allowed = _restorable(at, [record.id for record in page.records])
    rows = []
    for record in page.records:
        if record.id not in allowed:
            continue
        moment = record.values.get("deleted_at")
        when = formats.near(moment, at.locale, clock.zone(), clock.now()) if moment is not None else ""
        rows.append(
            Row(record.id, face(at.eye, at.form, record, keys), cell(at.eye, at.form, record, "deleted_by").text, when)
        )
    return Binned(tuple(rows), page.next)


def _restorable(at: Scope, ids: list[int]) -> set[int]:
    condition = policy.rows(at.unit, at.actor, at.form, "delete", at.form.table)
    if condition is None or not ids:
        return set(ids)
    statement = sa.select(at.form.table.c.id).where(at.form.table.c.id.in_(ids), condition)
    return set(at.unit.execute(statement, binds(at.actor, clock.now(), at.unit.zone)).scalars())
