"""Putting a version into force: one short transaction of metadata-only steps; the rest is left to workers.

Plan and consent come before, in a reading unit. Then the epoch is held and looked at again: if this app was
published meanwhile, the later one loses and is told who won; if only other apps moved, it starts over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from webapp import clock
from webapp.db import Database, Unit
from webapp.definitions import bases, epochs, storage, tables
from webapp.definitions.compile import compile_all
from webapp.definitions.document import Document
from webapp.definitions.filling import Source
from webapp.definitions.model import Definitions
from webapp.definitions.plan import BLOCKED, LOSS, Plan, plan
from webapp.definitions.validate import validate
from webapp.errors import Busy, Conflict, Denied, NotFound, Problem
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.access.actor import Actor

TRIES = 5
T = TypeVar("T")


@dataclass(frozen=True)
class AppliedVersion:
    """What an apply did. `version` is the one in force now; with an empty plan it is the old one."""

    app: str
    version: int
    epoch: int
    plan: Plan
    is_changed: bool = True


class _Moved(Exception):
    """Another app was published between plan and apply: look again."""


def apply(
    database: Database,
    actor: Actor,
    document: Document | Mapping[str, Any] | str | bytes,
    *,
    accept_loss: bool = False,
    note: str | None = None,
    expect_version: int | None = None,
    base: Mapping[str, Any] | None = None,
) -> AppliedVersion:
    """Put `document` into force. `expect_version` is the version its author began with (0: there was none).

    `base` is the catalog's document that it follows from now on; without it the app follows what it did before.

    Raises `Invalid` (all problems), `Conflict` (somebody published meanwhile; or data would be lost and
    `accept_loss` is not set: `.detail["plan"]`), `Denied`, `Busy`.
    """
    for _ in range(TRIES):
        with database.read() as unit:
            definitions = epochs.current(unit)
            wanted = validate(document, definitions)
            require(actor, wanted.app)
            _expect(unit, definitions, wanted.app, expect_version)
            steps = plan(definitions, wanted, unit)
        if steps.severity == BLOCKED:
            told = [Problem(c.path, c.message, c.code) for c in steps.changes if c.severity == BLOCKED]
            message = N_("Publishing has to wait until the data is mended.")
            raise Conflict(message, problems=told, plan=steps, code="blocked")
        if steps.severity == LOSS and not accept_loss:
            told = [Problem(c.path, c.message, c.code) for c in steps.changes if c.severity == LOSS]
            message = N_("Publishing needs your consent: data would be lost or shown.")
            raise Conflict(message, problems=told, plan=steps, code="loss")
        if steps.is_empty:
            if base is not None:
                _follow(database, wanted.app, steps.before, base)
            return AppliedVersion(wanted.app, steps.before, definitions.epoch, steps, is_changed=False)
        try:
            return patiently(lambda: _publish(database, actor, wanted, definitions, steps, note, base))  # noqa: B023
        except _Moved:
            continue
    raise Busy(N_("Other apps are being published; try again in a moment."))


def rollback(database: Database, actor: Actor, app: str, version: int, *, accept_loss: bool = False) -> AppliedVersion:
    """Publish an old version again, as a new one."""
    with database.read() as unit:
        text = unit.execute(
            sa.select(tables.app_version.c.document).where(
                tables.app_version.c.app == app, tables.app_version.c.version == version
            )
        ).scalar()
        followed = bases.followed(unit, app, version)
    if text is None:
        raise NotFound(N_("The app {app} has no version {version}.", app=app, version=version))
    note = f"rollback {version}"
    return apply(database, actor, json.loads(text), accept_loss=accept_loss, note=note, base=followed)


def require(actor: Actor, app: str) -> None:
    """Raises `Denied` unless the actor may change what is in force of the app."""
    if not actor.may_build(app):
        raise Denied(N_("Only a builder of the app may publish it."))


def _expect(unit: Unit, definitions: Definitions, app: str, expected: int | None) -> None:
    version = definitions.apps[app].version if app in definitions.apps else 0
    if expected is not None and expected != version:
        raise _conflict(unit, app, version)


def _conflict(unit: Unit, app: str, version: int) -> Conflict:
    """Says who published the version that stands in the way, and when."""
    member = sa.table("m__member", sa.column("id"), sa.column("name"))
    row = unit.execute(
        sa.select(tables.app_version.c.created_at, member.c.name)
        .outerjoin(member, member.c.id == tables.app_version.c.created_by)
        .where(tables.app_version.c.app == app, tables.app_version.c.version == version)
    ).first()
    if row is None:
        return Conflict(N_("The app {app} has no published version.", app=app), current_version=version)
    return Conflict(
        N_(
            "{who} published version {version} of {app} meanwhile; look at the difference and publish again.",
            who=row.name or "–",
            version=version,
            app=app,
        ),
        current_version=version,
        who=row.name,
        at=row.created_at,
    )


def _publish(
    database: Database,
    actor: Actor,
    document: Document,
    before: Definitions,
    steps: Plan,
    note: str | None,
    base: Mapping[str, Any] | None,
) -> AppliedVersion:
    app = document.app
    after = compiled(before, document)  # while others write: it takes longer than all that follows
    with database.write() as unit:
        if unit.dialect != "sqlite":
            unit.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
        epoch = epochs.lock(unit)
        if epoch != before.epoch:
            version = unit.execute(sa.select(tables.app.c.version).where(tables.app.c.key == app)).scalar() or 0
            if version != steps.before:
                raise _conflict(unit, app, version)
            raise _Moved
        made = storage.get()
        new_tables = made.change(unit, after, after.apps[app])
        for form in after.apps[app].forms.values():
            if form.table.name in new_tables:
                made.index_now(unit, after, form)
        write_version(unit, actor, document, after, steps, note)
        if base is not None:
            bases.follow(unit, app, after.apps[app].version, base)
        leave_work(unit, actor, app, after.apps[app].version, steps)
        made.labelled_views(unit, after, after.apps[app])
        moved = epochs.move(unit)
    return AppliedVersion(app, after.apps[app].version, moved, steps)


def _follow(database: Database, app: str, version: int, base: Mapping[str, Any]) -> None:
    """What is in force is what was wanted; only what it follows may be newer."""
    with database.write() as unit:
        if bases.followed(unit, app, version) != base:
            bases.follow(unit, app, version, base)


def compiled(before: Definitions, document: Document) -> Definitions:
    """`before` with the app of `document` in its next version, new names given."""
    old = before.apps.get(document.app)
    others = [source for key, source in before.cache["sources"].items() if key != document.app]
    new = Source(
        document=document,
        version=next_version(before, document.app),
        names=old.names if old else None,
        is_fixed=False,
    )
    return compile_all(before.epoch, [*others, new])


def next_version(before: Definitions, app: str) -> int:
    return before.apps[app].version + 1 if app in before.apps else 1


def write_version(
    unit: Unit, actor: Actor, document: Document, after: Definitions, steps: Plan, note: str | None
) -> None:
    app = after.apps[document.app]
    unit.execute(
        sa.insert(tables.app_version).values(
            app=app.key,
            version=app.version,
            document=document.text(),
            names=json.dumps(app.names, ensure_ascii=False),
            plan=json.dumps(steps.json(), ensure_ascii=False),
            note=note,
            created_at=clock.now(),
            created_by=actor.member or None,
        )
    )
    if app.version == 1:
        unit.execute(sa.insert(tables.app).values(key=app.key, version=1))
        return
    moved = unit.execute(
        sa.update(tables.app)
        .where(tables.app.c.key == app.key, tables.app.c.version == app.version - 1)
        .values(version=app.version)
    )
    if moved.rowcount != 1:
        raise _conflict(unit, app.key, app.version - 1)


def leave_work(unit: Unit, actor: Actor, app: str, version: int, steps: Plan) -> None:
    """Rows for what touches data; what an earlier version asked for and has not got of it is dropped."""
    building = tables.building
    now = clock.now()
    for work in steps.work:
        unit.execute(
            sa.update(building)
            .where(
                building.c.app == app,
                building.c.form == work.form,
                building.c.what == work.what,
                building.c.field.is_not_distinct_from(work.field),
                building.c.state.in_(["open", "failed"]),
            )
            .values(state="dropped", finished_at=now)
        )
        unit.execute(
            sa.insert(building).values(
                app=app,
                form=work.form,
                field=work.field,
                what=work.what,
                version=version,
                payload=json.dumps(work.payload, ensure_ascii=False),
                state="open",
                created_at=now,
            )
        )
    if steps.work:
        storage.get().start(unit, app, actor)


def patiently(attempt: Callable[[], T]) -> T:
    """Again, with growing pauses, while somebody's read keeps a table busy (decisions 1)."""
    for i in range(TRIES):
        try:
            return attempt()
        except OperationalError as error:
            text = str(error.orig).lower()
            if "lock timeout" not in text and "deadlock" not in text and "locked" not in text:
                raise
            time.sleep(0.2 * (i + 1))
    raise Busy(N_("The tables are in use; try publishing again in a moment."))
