"""Several cells at once: a paste, a fill down, an emptying. Judged as a whole, written as one change set.

A paste that is longer than the list makes records of what is beyond it.

What is refused is told cell by cell, and then nothing is written: half a paste would be worse than none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions.model import Form
from webapp.engines.forms import records, select
from webapp.errors import Invalid, MortiseError, Problem, Stale
from webapp.i18n import N_, Message
from webapp.journal import changesets

#: Records that one paste may change: they are one transaction, for which other writers wait.
MOST = 200
MOST_CELLS = 4000


@dataclass(frozen=True)
class Change:
    """What a record is to become: field key → what was given (a text as somebody types it)."""

    id: int
    values: Mapping[str, Any]
    version: int | None = None


@dataclass(frozen=True)
class New:
    """A record to be made; `client` is the device's id of it: a repeat makes nothing."""

    values: Mapping[str, Any]
    client: str | None = None


@dataclass
class Written:
    """The records that changed and those that were made, and the change set that takes it back."""

    ids: list[int] = field(default_factory=list)
    made: list[int] = field(default_factory=list)
    change_set: int | None = None


class Refused(Invalid):
    """`cells`: (record, field key, what to mend) of everything that stands against it; -2 is the second new record."""

    def __init__(self, cells: Sequence[tuple[int, str, Message]]) -> None:
        message = N_("{n} cells cannot be written; nothing was changed.", n=len(cells))
        super().__init__(message, problems=[Problem(f"{id_}.{key}", text) for id_, key, text in cells])
        self.cells = list(cells)


def write(
    unit: Unit, actor: Actor, form: Form, changes: Sequence[Change], new: Sequence[New] = (), *, title: str
) -> Written:
    """Write all of it or, where anything is refused, none (`Refused`; the caller's unit rolls back)."""
    if changes or not new:
        select.require_form(unit, actor, form, "edit")
    if new:
        select.require_form(unit, actor, form, "create")
    cells = sum(len(one.values) for one in changes) + sum(len(one.values) for one in new)
    if len(changes) + len(new) > MOST or cells > MOST_CELLS:
        raise Invalid(N_("At most {n} records are changed this way; use an import for more.", n=MOST))
    refused: list[tuple[int, str, Message]] = []
    done = Written(change_set=changesets.open(unit, "bulk", title, actor.member))
    for change in changes:
        try:
            with unit.savepoint():
                after = records.update(
                    unit, actor, form, change.id, change.values, version=change.version, change_set=done.change_set
                )
            if change.version is None or after.version != change.version:
                done.ids.append(change.id)
        except Stale as error:
            if not _stands(unit, actor, form, change, error):
                refused += [(change.id, key, error.message) for key in change.values]
        except MortiseError as error:
            refused += _told(change.id, error)
    for place, one in enumerate(new, start=1):
        try:
            with unit.savepoint():
                made = records.create(unit, actor, form, one.values, client_id=one.client, change_set=done.change_set)
            done.made.append(made.id)
        except MortiseError as error:
            refused += _told(-place, error)
    if refused:
        raise Refused(refused)
    assert done.change_set is not None
    changesets.close(unit, done.change_set)
    return done


def _told(id_: int, error: MortiseError) -> list[tuple[int, str, Message]]:
    return [(id_, p.path, p.message) for p in error.problems] or [(id_, "", error.message)]


class _Differs(Exception):
    """Ends a trial."""


def _stands(unit: Unit, actor: Actor, form: Form, change: Change, stale: Stale) -> bool:
    """Whether the record has these values already: the same paste came a second time, its answer was lost."""
    current = stale.detail.get("current")
    if current is None:
        return False
    try:
        with unit.savepoint():
            after = records.update(unit, actor, form, change.id, change.values, version=current.version)
            if after.version != current.version:
                raise _Differs
    except (_Differs, MortiseError):
        return False
    return True
