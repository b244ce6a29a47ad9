"""What a version asked for and the data does not let be: told with the reason, and taken up again once it is mended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from webapp.db import Database, Unit
from webapp.definitions import epochs, storage, tables
from webapp.definitions.model import Definitions
from webapp.i18n import N_, Message

if TYPE_CHECKING:
    from webapp.access.actor import Actor


@dataclass(frozen=True)
class Unbuilt:
    """One thing that is missing.

    entry   its report: `code` (duplicates, too_long, or none), `duplicates` [{value, count, records}], `reason`
    """

    app: str
    version: int
    form: str
    field: str | None
    at: datetime
    entry: Mapping[str, Any]
    message: Message

    def json(self) -> dict[str, Any]:
        place = {"version": self.version, "form": self.form, "field": self.field}
        return {**place, **{key: self.entry[key] for key in ("code", "duplicates", "reason") if key in self.entry}}


def unbuilt(unit: Unit, app: str | None = None) -> list[Unbuilt]:
    """What is missing of the versions in force, of one app or of all; what a later version asked for anew is not."""
    table = tables.building
    query = sa.select(table).where(table.c.state == "failed").order_by(table.c.id)
    rows = unit.execute(query.where(table.c.app == app) if app else query).all()
    definitions = epochs.current(unit) if rows else None
    return [one for row in rows if definitions is not None for one in _missing(definitions, row)]


def _missing(definitions: Definitions, row: Any) -> Iterator[Unbuilt]:
    for entry in json.loads(row.report):
        field = entry.get("field") or row.field
        message = _message(definitions, row, field, entry)
        yield Unbuilt(row.app, row.version, row.form, field, row.finished_at, entry, message)


def _message(definitions: Definitions, row: Any, field: str | None, entry: Mapping[str, Any]) -> Message:
    app = definitions.apps.get(row.app)
    form = app.forms.get(row.form) if app is not None else None
    item = form.fields.get(field or "") if form is not None else None
    names = {"form": form.label if form else row.form, "field": item.label if item else field}
    if entry.get("code") == "duplicates":
        return N_(
            "{form}: {field} is not kept free of duplicates yet; there are some (records in brackets): {values}",
            values=", ".join(map(_named, entry["duplicates"])),
            **names,
        )
    if entry.get("code") == "too_long":
        return N_("{form}: an index cannot be built, a value is too long: {reason}", reason=entry["reason"], **names)
    return N_("What was removed cannot be purged yet: {reason}", reason=entry["reason"])


def _named(duplicate: Mapping[str, Any]) -> str:
    ids = duplicate["records"]
    more = ", …" if duplicate["count"] > len(ids) else ""
    return f"“{duplicate['value']}” ({', '.join(map(str, ids))}{more})"


def retry(database: Database, actor: Actor, app: str) -> int:
    """Try again what could not be built; answers how many pieces of work. Raises `NotFound`, `Denied`."""
    from webapp.definitions.apply import require

    table = tables.building
    with database.write() as unit:
        epochs.current(unit).app(app)
        require(actor, app)
        again = sa.update(table).where(table.c.app == app, table.c.state == "failed")
        count = unit.execute(again.values(state="open", report=None, finished_at=None)).rowcount
        if count:
            storage.get().start(unit, app, actor)
    return count
