"""A row of the work behind an apply: what it is about, holding it, ending it, telling the journal of it."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit
from webapp.definitions import epochs, tables
from webapp.definitions.model import Field, Form
from webapp.engines.forms.writing import telling

building = tables.building


def form_of(unit: Unit, work: Any) -> Form | None:
    app = epochs.current(unit).apps.get(work.app)
    return app.forms.get(work.form) if app is not None else None


def field_of(unit: Unit, work: Any) -> Field | None:
    form = form_of(unit, work)
    return form.fields.get(work.field) if form is not None else None


def close(unit: Unit, work: Any, state: str, report: Any = None) -> None:
    values: dict[str, Any] = {"state": state, "finished_at": clock.now()}
    if report is not None:
        values["report"] = json.dumps(report, ensure_ascii=False)
    unit.execute(sa.update(building).where(building.c.id == work.id, building.c.state == "open").values(values))


def hold(unit: Unit, work: Any) -> Any:
    """The row as it is now, held until the unit ends; None when another worker came further."""
    query = sa.select(building).where(
        building.c.id == work.id, building.c.state == "open", building.c.position == work.position
    )
    return unit.execute(query.with_for_update()).first()


def announce(
    unit: Unit, app: str, form: str, work: Any, kind: str, record: int, change_set: int, changes: dict[str, Any]
) -> None:
    row = {
        "actor": publisher(unit, work),
        "via": "system",
        "change_set": change_set,
        "app": app,
        "form": form,
        "record": record,
        "kind": kind,
        "definition_version": epochs.current(unit).app(app).version,
        "changes": changes,
    }
    telling.announce(unit, [row])


def publisher(unit: Unit, work: Any) -> int | None:
    """The member who published the version that asked for this work."""
    version = tables.app_version.c
    query = sa.select(version.created_by).where(version.app == work.app, version.version == work.version)
    found: int | None = unit.execute(query).scalar()
    return found
