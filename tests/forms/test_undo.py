"""Taking back what was done together, without losing what others did since."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from tests.world import World
from webapp.definitions import versions
from webapp.engines.forms import bulk, records, select, undo
from webapp.engines.forms.record import Query
from webapp.errors import Conflict, NotFound
from webapp.journal import changesets
from webapp.journal.tables import event


def import_(world: World, name: str, rows: list[dict[str, Any]]) -> tuple[int, list[int]]:
    actor = world.actor(name)
    with world.database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        set_ = changesets.open(unit, "import", "deals.csv", actor.member)
        results = bulk.create_many(unit, actor, form, rows, via="import", change_set=set_)
        changesets.close(unit, set_)
    return set_, [r.id for r in results if r.id is not None]


def live(world: World) -> int:
    with world.database.read() as unit:
        form = versions.current(unit).form("crm.deal")
        return select.count(unit, world.actor("admin"), form, Query())[0]


def test_an_import_is_taken_back_whole(world: World) -> None:
    set_, ids = import_(world, "ann", [{"name": f"n{i}"} for i in range(450)])
    assert live(world) == len(ids) == 450
    done = undo.undo(world.database, world.actor("ann"), set_)
    assert (done.undone, done.left) == (450, [])
    assert live(world) == 0
    with world.database.read() as unit:
        vias = unit.execute(sa.select(event.c.via, sa.func.count()).group_by(event.c.via)).all()
        assert {tuple(v) for v in vias} == {("import", 450), ("undo", 450)}
        assert changesets.get(unit, set_).state == changesets.UNDONE
    with pytest.raises(Conflict):
        undo.undo(world.database, world.actor("ann"), set_)


def test_what_somebody_changed_since_stays_and_is_named(world: World) -> None:
    set_, ids = import_(world, "ann", [{"name": "a"}, {"name": "b"}])
    with world.database.write() as unit:
        records.update(unit, world.actor("ann"), versions.current(unit).form("crm.deal"), ids[0], {"name": "mine"})
    done = undo.undo(world.database, world.actor("ann"), set_)
    assert done.undone == 1
    assert [(form, id_) for form, id_, _ in done.left] == [("crm.deal", ids[0])]
    assert live(world) == 1


def while_saving(world: World, id_: int, given: dict[str, Any], set_: int) -> undo.Undone:
    """What the undo of `set_` says that began while somebody was saving `given`."""
    found: list[undo.Undone] = []
    ann = world.actor("ann")
    other = threading.Thread(target=lambda: found.append(undo.undo(world.database, ann, set_)))
    with world.database.write() as unit:
        records.update(unit, ann, versions.current(unit).form("crm.deal"), id_, given)
        other.start()
        time.sleep(0.3)  # it has come to the record by now, and waits
    other.join()
    return found[0]


def test_what_is_being_saved_while_an_import_is_taken_back_stays(world: World) -> None:
    set_, ids = import_(world, "ann", [{"name": "a"}, {"name": "b"}])
    done = while_saving(world, ids[0], {"name": "mine"}, set_)
    assert (done.undone, [id_ for _, id_, _ in done.left]) == (1, [ids[0]])
    with world.database.read() as unit:
        form = versions.current(unit).form("crm.deal")
        assert records.get(unit, world.actor("ann"), form, ids[0]).values["name"] == "mine"


def test_a_field_being_saved_while_a_change_is_taken_back_stays(world: World) -> None:
    ann = world.actor("ann")
    _, (first, second) = import_(world, "ann", [{"name": "a", "stage": "contact"}, {"name": "b", "stage": "contact"}])
    with world.database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        set_ = changesets.open(unit, "bulk", "move", ann.member)
        for id_ in (first, second):
            records.update(unit, ann, form, id_, {"stage": "won"}, change_set=set_)
        changesets.close(unit, set_)
    done = while_saving(world, first, {"stage": "lost"}, set_)
    assert (done.undone, [id_ for _, id_, _ in done.left]) == (1, [first])
    with world.database.read() as unit:
        form = versions.current(unit).form("crm.deal")
        assert records.get(unit, ann, form, first).values["stage"] == "lost"
        assert records.get(unit, ann, form, second).values["stage"] == "contact"


def test_changed_fields_go_back_unless_changed_again(world: World) -> None:
    ann = world.actor("ann")
    _, (first, second) = import_(world, "ann", [{"name": "a", "stage": "contact"}, {"name": "b", "stage": "contact"}])
    with world.database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        set_ = changesets.open(unit, "bulk", "move", ann.member)
        for id_ in (first, second):
            records.update(unit, ann, form, id_, {"stage": "won", "amount": "5"}, change_set=set_)
        changesets.close(unit, set_)
    with world.database.write() as unit:
        records.update(unit, ann, versions.current(unit).form("crm.deal"), second, {"stage": "lost"})
    done = undo.undo(world.database, ann, set_)
    with world.database.read() as unit:
        form = versions.current(unit).form("crm.deal")
        one, two = (records.get(unit, ann, form, id_).values for id_ in (first, second))
    assert (one["stage"], one["amount"]) == ("contact", None)
    assert (two["stage"], two["amount"]) == ("lost", None)
    assert [id_ for _, id_, _ in done.left] == [second]


def test_an_undo_can_be_undone(world: World) -> None:
    set_, ids = import_(world, "ann", [{"name": "a"}, {"name": "b"}])
    done = undo.undo(world.database, world.actor("admin"), set_)
    assert live(world) == 0
    assert done.change_set is not None
    undo.undo(world.database, world.actor("admin"), done.change_set)
    assert live(world) == len(ids)


def test_an_undo_stopped_in_the_middle_goes_on(world: World) -> None:
    set_, _ = import_(world, "ann", [{"name": f"n{i}"} for i in range(450)])
    undo.undo(world.database, world.actor("ann"), set_, progress=lambda done: False)
    assert 0 < live(world) < 450
    done = undo.undo(world.database, world.actor("ann"), set_)
    assert live(world) == 0
    assert done.left == []


def test_nobody_takes_back_what_another_did(world: World) -> None:
    set_, _ = import_(world, "ann", [{"name": "a"}])
    with pytest.raises(NotFound):
        undo.undo(world.database, world.actor("bob"), set_)


def test_rows_of_a_chunk_that_are_refused_leave_the_others(world: World) -> None:
    ann = world.actor("ann")
    with world.database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        results = bulk.create_many(unit, ann, form, [{"name": "a"}, {"name": None}, {"name": "c"}], via="import")
    assert [r.outcome for r in results] == ["created", "refused", "created"]
    assert [p.path for p in results[1].problems] == ["name"]
    assert live(world) == 2
