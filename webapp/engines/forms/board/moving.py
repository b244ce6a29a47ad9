"""Cards of a board in the hand of one person: one or several get other values as one change set, which can be undone.

Each is judged by itself, in units of a few records: what is refused stays where it is, with its reason, and what only
lacks a field can be moved later under the same change set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.engines.forms import records, undo
from webapp.errors import Conflict, Invalid, MortiseError, NotFound, Problem, Stale
from webapp.i18n import N_, Message
from webapp.journal import changesets
from webapp.journal.changesets import ChangeSet

KIND = "move"
MOST = 200  # cards in one hand
_CHUNK = 10  # of them in one unit of work
#: How long a move can be taken back from where it was made; later it counts as work like any other.
TAKEN_BACK_WITHIN = undo.FREE_FOR


@dataclass
class Moved:
    """moved: ids; left: id → why it stays; lacking: id → problems that a small form could mend."""

    change_set: int | None = None
    moved: list[int] = field(default_factory=list)
    left: dict[int, Message] = field(default_factory=dict)
    lacking: dict[int, tuple[Problem, ...]] = field(default_factory=dict)


def move_many(
    database: Database,
    actor: Actor,
    form: str,
    cards: Sequence[tuple[int, int | None]],
    values: Mapping[str, Any],
    title: str,
    *,
    key: str,
    change_set: int | None = None,
) -> Moved:
    """Give the `values` (field key → what was given) to each of the cards (id, the version that was seen).

    key         the field that is the move itself; what is wrong with others can be mended
    change_set  of an earlier part of the same move, which this one joins
    """
    if not cards or len(cards) > MOST:
        raise Invalid(N_("Pick between 1 and {n} cards.", n=MOST))
    done = Moved(change_set)
    for first in range(0, len(cards), _CHUNK):
        with database.write() as unit:
            if done.change_set is None:
                done.change_set = changesets.open(unit, KIND, title, actor.member)
            elif first == 0:
                _mine(unit, actor, done.change_set)
            for id_, version in cards[first : first + _CHUNK]:
                _move(unit, actor, form, id_, version, values, key, done)
    return done


def _move(
    unit: Unit,
    actor: Actor,
    form: str,
    id_: int,
    version: int | None,
    values: Mapping[str, Any],
    key: str,
    done: Moved,
) -> None:
    found = versions.current(unit).form(form)
    try:
        with unit.savepoint():
            records.update(unit, actor, found, id_, values, version=version, change_set=done.change_set)
        done.moved.append(id_)
    except Stale:
        done.left[id_] = N_("Somebody else has changed it meanwhile.")
    except NotFound:
        done.left[id_] = N_("It is no longer there.")
    except Invalid as error:
        mendable = [p for p in error.problems if p.path in found.fields and p.path != key]
        if mendable and len(mendable) == len(error.problems):
            done.lacking[id_] = tuple(mendable)
        else:
            done.left[id_] = error.problems[0].message if error.problems else error.message
    except MortiseError as error:
        done.left[id_] = error.message


def close(database: Database, change_set: int) -> None:
    with database.write() as unit:
        if changesets.get(unit, change_set).state == changesets.OPEN:
            changesets.close(unit, change_set)


def take_back(database: Database, actor: Actor, change_set: int) -> undo.Undone:
    """Put the cards back where they were, as long as the move is fresh; stages have no say in it.

    Raises `NotFound` for what is no move of his, `Conflict` when it is too old or was taken back already.
    """
    with database.read() as unit:
        found = _mine(unit, actor, change_set, is_open=False)
    if clock.now() - found.created_at > TAKEN_BACK_WITHIN:
        raise Conflict(N_("This move is too long ago to be taken back here."))
    return undo.undo(database, actor, change_set)


def _mine(unit: Unit, actor: Actor, change_set: int, *, is_open: bool = True) -> ChangeSet:
    found = changesets.get(unit, change_set)
    is_fresh = clock.now() - found.created_at <= TAKEN_BACK_WITHIN
    if found.kind != KIND or found.actor != actor.member or (is_open and not is_fresh):
        raise NotFound(N_("There is no change set {id}.", id=change_set))
    return found
