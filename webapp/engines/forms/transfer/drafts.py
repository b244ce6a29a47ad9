"""Imports on their way through the wizard: a row for each, there for its member alone; and what shapes were mapped to.

A draft changes by its `version`: of two tabs that change one import the later is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.engines.forms.transfer import looking, maps
from webapp.engines.forms.transfer.looking import Facts
from webapp.engines.forms.transfer.maps import FileMap
from webapp.engines.forms.transfer.tables import import_ as table
from webapp.engines.forms.transfer.tables import shape as shapes
from webapp.errors import Conflict, NotFound
from webapp.i18n import N_

#: Imports are there that long, with their files.
LASTS = timedelta(days=7)


@dataclass(frozen=True)
class Draft:
    """One import. `form` is None while the form itself is made from the file (`draft` says how)."""

    id: int
    member: int
    form: str | None
    file: int
    name: str
    facts_text: str
    map: Mapping[str, Any]
    draft: Mapping[str, Any] | None
    version: int
    rehearsal: int | None
    job: int | None
    undo: int | None
    created_at: datetime

    @cached_property
    def facts(self) -> Facts:
        return looking.of_json(self.facts_text)

    @property
    def said(self) -> FileMap:
        return maps.of(self.map)


def add(
    unit: Unit,
    actor: Actor,
    *,
    form: str | None,
    file: int,
    name: str,
    facts: Facts,
    said: Mapping[str, Any],
    draft: Mapping[str, Any] | None = None,
) -> int:
    """A new import of the file; its id."""
    now = clock.now()
    values = {
        "member": actor.member,
        "form": form,
        "file": file,
        "name": name[:250],
        "facts": facts.json(),
        "map": _dumps(said),
        "draft": None if draft is None else _dumps(draft),
        "version": 1,
        "created_at": now,
        "expires_at": now + LASTS,
    }
    return int(unit.execute(table.insert().values(values).returning(table.c.id)).scalar_one())


def get(unit: Unit, actor: Actor, id: int, form: str | None = None) -> Draft:
    """The member's own import (of `form`); raises `NotFound`."""
    query = sa.select(table).where(table.c.id == id, table.c.member == actor.member, table.c.expires_at > clock.now())
    row = unit.execute(query).first() if 0 < id < 2**63 else None
    if row is None or row.form != form:
        raise NotFound(N_("There is no such import; imports are kept for {n} days.", n=LASTS.days))
    found = {k: v for k, v in row._mapping.items() if k not in ("facts", "expires_at")}
    parsed = {"map": json.loads(row.map), "draft": json.loads(row.draft) if row.draft else None}
    return Draft(**{**found, **parsed, "facts_text": row.facts})


def change(unit: Unit, draft: Draft, /, *, version: int | None = None, **values: Any) -> Draft:
    """Write `values` (map and draft as mappings, facts as `Facts`); raises `Conflict` if it was changed meanwhile."""
    written = dict(values)
    for key in ("map", "draft"):
        if written.get(key) is not None:
            written[key] = _dumps(written[key])
    if "facts" in written:
        written["facts"] = values["facts"].json()
    known = draft.version if version is None else version
    statement = table.update().where(table.c.id == draft.id, table.c.version == known)
    if unit.execute(statement.values(**written, version=known + 1)).rowcount != 1:
        raise Conflict(N_("This import was changed in another window; load the page again."), code="stale")
    if "facts" in values:
        values["facts_text"] = values.pop("facts").json()
    return replace(draft, version=known + 1, **values)


def latest(unit: Unit, actor: Actor, form: str, limit: int = 5) -> list[Draft]:
    """The member's last imports into a form, newest first."""
    query = sa.select(table.c.id).where(
        table.c.member == actor.member, table.c.form == form, table.c.expires_at > clock.now()
    )
    ids = unit.execute(query.order_by(table.c.id.desc()).limit(limit)).scalars().all()
    return [get(unit, actor, id_, form) for id_ in ids]


def expired(unit: Unit, limit: int = 200) -> list[tuple[int, int]]:
    """Imports that nobody needs any more: id and file."""
    query = sa.select(table.c.id, table.c.file).where(table.c.expires_at <= clock.now()).limit(limit)
    return [(row.id, row.file) for row in unit.execute(query)]


def remove(unit: Unit, ids: list[int]) -> None:
    unit.execute(table.delete().where(table.c.id.in_(ids)))


def remember(unit: Unit, actor: Actor, form: str, shape: str, said: Mapping[str, Any]) -> None:
    """Files of this shape were imported so."""
    from sqlalchemy.dialects import postgresql, sqlite

    module = postgresql if unit.dialect == "postgresql" else sqlite
    values = {"map": _dumps(said), "used_at": clock.now()}
    statement = module.insert(shapes).values(form=form, shape=shape, member=actor.member, **values)
    unit.execute(statement.on_conflict_do_update(index_elements=["form", "shape", "member"], set_=values))


def remembered(unit: Unit, actor: Actor, form: str, shape: str) -> tuple[dict[str, Any], bool] | None:
    """How files of this shape were imported last, and whether by the member himself; else by somebody of the firm."""
    query = sa.select(shapes.c.map, shapes.c.member).where(shapes.c.form == form, shapes.c.shape == shape)
    query = query.order_by(sa.case((shapes.c.member == actor.member, 0), else_=1), shapes.c.used_at.desc()).limit(1)
    row = unit.execute(query).first()
    return (json.loads(row.map), row.member == actor.member) if row else None


def _dumps(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
