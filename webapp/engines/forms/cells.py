"""Several cells at once: a paste, a fill down, an emptying. Judged as a whole, written as one change set.

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


@dataclass
class Written:
    """The records that changed, and the change set that takes it back (None when nothing changed)."""

    ids: list[int] = field(default_factory=list)
    change_set: int | None = None


class Refused(Invalid):
    """`cells`: (record, field key, what to mend) of everything that stands against it."""

    def __init__(self, cells: Sequence[tuple[int, str, Message]]) -> None:
        message = N_("{n} cells cannot be written; nothing was changed.", n=len(cells))
        super().__init__(message, problems=[Problem(f"{id_}.{key}", text) for id_, key, text in cells])
        self.cells = list(cells)


def write(unit: Unit, actor: Actor, form: Form, changes: Sequence[Change], *, title: str) -> Written:
    """Write all of `changes` or, where anything is refused, none (`Refused`; the caller's unit rolls back)."""
    select.require_form(unit, actor, form, "edit")
    if len(changes) > MOST or sum(len(c.values) for c in changes) > MOST_CELLS:
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
            refused += [(change.id, key, error.message) for key in change.values]
        except MortiseError as error:
            said = [(p.path, p.message) for p in error.problems] or [("", error.message)]
            refused += [(change.id, key, message) for key, message in said]
    if refused:
        raise Refused(refused)
    assert done.change_set is not None
    changesets.close(unit, done.change_set)
    return done
