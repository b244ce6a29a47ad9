"""The same change to very many records: a due row that works through them in short units, with progress and undo.

Which records is said by their ids, or by the filter that the person saw; then they are walked through by id, up to
the last there was when it began. What is refused stays as it is and is counted with its reason.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp.access import actors
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import records, select, undoing
from webapp.engines.forms.record import Query
from webapp.engines.forms.writing import stored
from webapp.errors import Denied, Invalid, MortiseError, NotFound
from webapp.i18n import N_
from webapp.journal import changesets, due
from webapp.journal.due import Job
from webapp.journal.tables import event

KIND = "bulk"
#: Records in one unit of work, and changes that an undo takes back at once instead of as a job.
CHUNK = 20
MOST_NOW = 100
AT_ONCE = 20  # records that are changed while the page waits
MOST_IDS = 5000
MOST_REASONS = 20
PAUSE = 0.01  # seconds in which others write


@dataclass
class State:
    """How far it is."""

    done: int = 0
    changed: int = 0
    refused: int = 0
    total: int = 0
    last: int = 0
    most: int = 0
    change_set: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What is to be done to which records.

    do      edit (with `values`, field key → what was given) or delete
    ids     the records; None: all that match `where` and `search`
    """

    form: str
    do: str
    values: Mapping[str, Any]
    ids: tuple[int, ...] | None
    where: tuple[str, ...] = ()
    search: str | None = None


def add(unit: Unit, actor: Actor, order: Order, title: str) -> int:
    """Make it due on behalf of the actor; the job's id."""
    form = versions.current(unit).form(order.form)
    select.require_form(unit, actor, form, "delete" if order.do == "delete" else "edit")
    if order.do not in ("edit", "delete") or (order.do == "edit" and not order.values):
        raise Invalid(N_("Choose what is to be changed."))
    if order.ids is not None and len(order.ids) > MOST_IDS:
        raise Invalid(N_("At most {n} records can be picked by hand.", n=MOST_IDS))
    return due.add(unit, KIND, uuid.uuid4().hex, {**asdict(order), "title": title}, actor=actor.member)


def size(unit: Unit, change_set: int) -> int:
    """How many changes a set holds, counted as far as it matters."""
    some = sa.select(event.c.id).where(event.c.change_set == change_set).limit(MOST_NOW + 1).subquery()
    return int(unit.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def now(unit: Unit, actor: Actor, order: Order, title: str) -> State:
    """Do it at once, for a few records; raises `Invalid` when all of them refuse."""
    form = versions.current(unit).form(order.form)
    select.require_form(unit, actor, form, "delete" if order.do == "delete" else "edit")
    if order.do not in ("edit", "delete"):
        raise Invalid(N_("Choose what is to be changed."))
    state = State(change_set=changesets.open(unit, "bulk", title, actor.member))
    for id_ in order.ids or ():
        _one(unit, actor, form, order, id_, state)
    assert state.change_set is not None
    changesets.close(unit, state.change_set)
    if state.refused and not state.changed:
        raise Invalid(N_("{why}", why="; ".join(state.reasons)))
    return state


def job_of(unit: Unit, actor: Actor, id_: int) -> Job:
    """A bulk job or undo of his own; raises `NotFound`."""
    found = due.get(unit, id_)
    if found.kind not in (KIND, undoing.KIND) or found.actor != actor.member:
        raise NotFound(N_("There is no job {id}.", id=id_))
    return found


@due.handler(KIND, title=N_("Many records at once"))
def run(database: Database, job: Job) -> Mapping[str, Any] | None:
    payload = dict(job.payload)
    title = payload.pop("title")
    ids = payload.pop("ids")
    order = Order(ids=None if ids is None else tuple(ids), where=tuple(payload.pop("where")), **payload)
    state = State(**job.progress["state"]) if job.progress else State()
    try:
        while _step(database, job, order, title, state):
            time.sleep(PAUSE)
    except due.Cancelled:
        _close(database, state)
        raise
    except (Denied, NotFound, Invalid) as error:
        _close(database, state)
        with database.write() as unit:
            due.give_up(unit, job, str(error), result(state))
        return None
    _close(database, state)
    return result(state)


def _step(database: Database, job: Job, order: Order, title: str, state: State) -> bool:
    """The next records; False when there are no more."""
    assert job.actor is not None
    with database.read() as unit:
        actor = actors.on_behalf(unit, job.actor)
        form = versions.current(unit).form(order.form)
        if not state.total:
            state.total, state.most = _extent(unit, actor, form, order)
        ids = _next(unit, actor, form, order, state)
    if not ids:
        return False
    with database.write() as unit:
        form = versions.current(unit).form(order.form)
        actor = actors.on_behalf(unit, job.actor)
        if state.change_set is None:
            state.change_set = changesets.open(unit, "bulk", title, actor.member)
        for id_ in ids:
            _one(unit, actor, form, order, id_, state)
        state.last = ids[-1] if order.ids is None else state.last + len(ids)
        state.done += len(ids)
        progress = {"done": state.done, "total": state.total, "note": None, "state": asdict(state)}
        due.keep(unit, job, progress)
    return True


def _extent(unit: Unit, actor: Actor, form: Form, order: Order) -> tuple[int, int]:
    """How many records there are to do, and the last id of them."""
    if order.ids is not None:
        return len(order.ids), 0
    query = Query(where=order.where, search=order.search, sort=("-id",), fields=("id",), limit=1, count="exact")
    page = select.select(unit, actor, form, query)
    return page.count or 0, page.records[0].id if page.records else 0


def _next(unit: Unit, actor: Actor, form: Form, order: Order, state: State) -> Sequence[int]:
    if order.ids is not None:
        return order.ids[state.last : state.last + CHUNK]
    query = Query(where=order.where, search=order.search, sort=("id",), fields=("id",))
    return select.ids_after(unit, actor, form, query, state.last, state.most, CHUNK)


def _one(unit: Unit, actor: Actor, form: Form, order: Order, id_: int, state: State) -> None:
    try:
        with unit.savepoint():
            if order.do == "delete":
                records.delete(unit, actor, form, id_, change_set=state.change_set)
                state.changed += 1
                return
            before = stored.get(unit, form, id_)["version"]
            after = records.update(unit, actor, form, id_, order.values, change_set=state.change_set)
            state.changed += after.version != before
    except MortiseError as error:
        state.refused += 1
        text = (error.problems[0].message if error.problems else error.message).text(actor.locale)
        if text in state.reasons or len(state.reasons) < MOST_REASONS:
            state.reasons[text] = state.reasons.get(text, 0) + 1


def _close(database: Database, state: State) -> None:
    """What was written until now stays, and can be undone."""
    if state.change_set is None:
        return
    with database.write() as unit:
        if changesets.get(unit, state.change_set).state == changesets.OPEN:
            changesets.close(unit, state.change_set)


def result(state: State) -> dict[str, Any]:
    return {
        "changed": state.changed,
        "refused": state.refused,
        "change_set": state.change_set,
        "reasons": [[text, n] for text, n in state.reasons.items()],
    }
