"""Versions of apps: what is in force, what was, and the ways to change it. The door of this package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp.db import Unit
from webapp.definitions import bases, tables
from webapp.definitions.apply import AppliedVersion, apply, rollback
from webapp.definitions.document import Document, dump, json_schema, load
from webapp.definitions.epochs import current, warm
from webapp.definitions.plan import Change, Plan, plan
from webapp.definitions.purge import purge
from webapp.definitions.unbuilt import Unbuilt, retry, unbuilt
from webapp.definitions.upgrade import Upgrade, propose, start, upgrade
from webapp.definitions.validate import validate
from webapp.errors import NotFound
from webapp.i18n import N_

__all__ = [
    "AppliedVersion",
    "Change",
    "Document",
    "Plan",
    "Unbuilt",
    "Upgrade",
    "Version",
    "apply",
    "building",
    "current",
    "document",
    "dump",
    "follows",
    "history",
    "json_schema",
    "load",
    "plan",
    "propose",
    "published",
    "purge",
    "retry",
    "rollback",
    "start",
    "unbuilt",
    "upgrade",
    "validate",
    "warm",
]


@dataclass(frozen=True)
class Version:
    """One version of an app: who published it when, with what note, and what it changed (`Plan.json`).

    unbuilt   what it asked for and the data does not let be
    """

    app: str
    version: int
    created_at: datetime
    created_by: int | None
    note: str | None
    plan: dict[str, Any]
    is_current: bool
    unbuilt: tuple[Unbuilt, ...] = ()


def history(unit: Unit, app: str) -> list[Version]:
    """All versions of an app, newest first; raises `NotFound`."""
    version = tables.app_version
    in_force = unit.execute(sa.select(tables.app.c.version).where(tables.app.c.key == app)).scalar()
    if in_force is None:
        raise NotFound(N_("There is no app “{key}”.", key=app))
    rows = unit.execute(sa.select(version).where(version.c.app == app).order_by(version.c.version.desc())).all()
    missing = unbuilt(unit, app)
    return [
        Version(
            app,
            r.version,
            r.created_at,
            r.created_by,
            r.note,
            json.loads(r.plan),
            r.version == in_force,
            tuple(one for one in missing if one.version == r.version),
        )
        for r in rows
    ]


def published(unit: Unit) -> dict[str, tuple[datetime, int | None]]:
    """App → when and by whom the version in force was published."""
    version, app = tables.app_version, tables.app
    in_force = sa.and_(version.c.app == app.c.key, version.c.version == app.c.version)
    rows = unit.execute(sa.select(app.c.key, version.c.created_at, version.c.created_by).join(version, in_force))
    return {row.key: (row.created_at, row.created_by) for row in rows}


def document(unit: Unit, app: str, version: int | None = None) -> Document:
    """The document of a version, or of the one in force."""
    table = tables.app_version
    if version is None:
        version = unit.execute(sa.select(tables.app.c.version).where(tables.app.c.key == app)).scalar()
    found = unit.execute(sa.select(table.c.document).where(table.c.app == app, table.c.version == version)).scalar()
    if found is None:
        raise NotFound(N_("The app {app} has no version {version}.", app=app, version=version or "–"))
    return load(json.loads(found))


def follows(unit: Unit, app: str) -> bool:
    """Whether it is written down which document of the catalog an app in force follows."""
    in_force = unit.execute(sa.select(tables.app.c.version).where(tables.app.c.key == app)).scalar()
    return in_force is not None and bases.followed(unit, app, in_force) is not None


def building(unit: Unit, app: str | None = None) -> list[dict[str, Any]]:
    """Work that is still open or has failed, for the plan's page and `doctor`."""
    table = tables.building
    query = sa.select(table).where(table.c.state.in_(["open", "failed"])).order_by(table.c.id)
    rows = unit.execute(query.where(table.c.app == app) if app else query)
    return [{**row._mapping, "report": json.loads(row.report) if row.report else None} for row in rows]
