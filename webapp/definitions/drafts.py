"""Drafts: an app document that somebody is changing and has not published. One for each app and builder.

A draft knows the version it began with. Publishing over a later one is refused (`apply`); `rebase` carries the draft's
changes over to what is in force now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from webapp import clock
from webapp.db import Unit
from webapp.definitions import bases, epochs, tables
from webapp.definitions.apply import require
from webapp.definitions.document import load
from webapp.definitions.merge import CONFLICT, merge
from webapp.definitions.model import Definitions
from webapp.definitions.plan import Plan, plan
from webapp.definitions.upgrade import Upgrade
from webapp.definitions.validate import validate
from webapp.errors import NotFound
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.access.actor import Actor

_draft = tables.app_draft


@dataclass(frozen=True)
class Draft:
    """`before` is the version it began with (0: the app is new).

    base       the catalog's document that is followed once this is published; None leaves that as it is
    left_out   of an upgrade: what of the catalog's was not taken, as `Difference.json`
    """

    app: str
    before: int
    source: dict[str, Any]
    changed_at: datetime
    note: str | None = None
    base: dict[str, Any] | None = None
    left_out: tuple[dict[str, Any], ...] = ()


def get(unit: Unit, actor: Actor, app: str) -> Draft | None:
    """The actor's own draft of an app."""
    row = unit.execute(sa.select(_draft).where(_draft.c.app == app, _draft.c.member == actor.member)).first()
    if row is None:
        return None
    base = json.loads(row.based_on) if row.based_on else None
    left_out = tuple(json.loads(row.left_out)) if row.left_out else ()
    return Draft(app, row.version, json.loads(row.document), row.changed_at, row.note, base, left_out)


def mine(unit: Unit, actor: Actor) -> list[str]:
    """Apps of which the actor has a draft."""
    return list(
        unit.execute(sa.select(_draft.c.app).where(_draft.c.member == actor.member).order_by(_draft.c.app)).scalars()
    )


def source(unit: Unit, actor: Actor, app: str) -> tuple[dict[str, Any], int]:
    """A document to go on with: the draft's, else what is in force; and the version it began with."""
    found = get(unit, actor, app)
    if found is not None:
        return found.source, found.before
    present = epochs.current(unit).app(app)
    return deepcopy(dict(present.document)), present.version


def keep(
    unit: Unit,
    actor: Actor,
    app: str,
    document: Mapping[str, Any],
    before: int,
    *,
    note: str | None = None,
    base: Mapping[str, Any] | None = None,
    left_out: tuple[dict[str, Any], ...] = (),
) -> None:
    """Keep this as the actor's draft, in place of the one there was. One that is as what is in force is dropped."""
    require(actor, app)
    drop(unit, actor, app)
    present = epochs.current(unit).apps.get(app)
    if present is not None and _same(present.document, document) and base is None:
        return
    unit.execute(
        sa.insert(_draft).values(
            app=app,
            member=actor.member,
            version=before,
            document=_text(document),
            note=note,
            based_on=_text(base) if base is not None else None,
            left_out=json.dumps(list(left_out), ensure_ascii=False, default=str) if left_out else None,
            changed_at=clock.now(),
        )
    )


def change(unit: Unit, actor: Actor, app: str, document: Mapping[str, Any], before: int) -> None:
    """Keep a changed document; what the draft was made for (an upgrade, a rollback) stays with it."""
    now = get(unit, actor, app)
    more: dict[str, Any] = {"note": now.note, "base": now.base, "left_out": now.left_out} if now else {}
    keep(unit, actor, app, document, before, **more)


def drop(unit: Unit, actor: Actor, app: str) -> None:
    """Throw one's own draft away."""
    actor.require_write()
    unit.execute(sa.delete(_draft).where(_draft.c.app == app, _draft.c.member == actor.member))


def plan_of(unit: Unit, definitions: Definitions, draft: Draft) -> Plan:
    """What publishing it would do to what is in force now. Raises `Invalid` with everything that needs mending."""
    return plan(definitions, validate(draft.source, definitions), unit)


def of_version(unit: Unit, actor: Actor, app: str, version: int) -> None:
    """Begin a draft that is an old version again."""
    present = epochs.current(unit).app(app)
    table = tables.app_version
    text = unit.execute(sa.select(table.c.document).where(table.c.app == app, table.c.version == version)).scalar()
    if text is None:
        raise NotFound(N_("The app {app} has no version {version}.", app=app, version=version))
    keep(
        unit, actor, app, json.loads(text), present.version,
        note=f"rollback {version}", base=bases.followed(unit, app, version),
    )  # fmt: skip


def of_upgrade(unit: Unit, actor: Actor, proposal: Upgrade, note: str) -> None:
    """Begin a draft that is the catalog's newer document with the firm's changes kept."""
    left_out = tuple(d.json() for d in proposal.disputed)
    keep(
        unit, actor, proposal.app, proposal.document.source, proposal.plan.before,
        note=note, base=proposal.newer, left_out=left_out,
    )  # fmt: skip


def rebase(unit: Unit, actor: Actor, app: str) -> list[str]:
    """Carry the draft's changes over to what is in force now. Answers the places where both changed the same."""
    found = get(unit, actor, app)
    present = epochs.current(unit).app(app)
    if found is None or found.before == present.version:
        return []
    table = tables.app_version
    began = unit.execute(
        sa.select(table.c.document).where(table.c.app == app, table.c.version == found.before)
    ).scalar_one()
    merged = merge(json.loads(began), found.source, load(present.document).source)
    change(unit, actor, app, merged.document, present.version)
    return [d.path for d in merged.by(CONFLICT)]


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=dict)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return json.loads(_text(one)) == json.loads(_text(other)) and list(one) == list(other)
