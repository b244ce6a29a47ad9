import pytest

from webapp.db import Database
from webapp.errors import Conflict, NotFound
from webapp.journal import changesets, events


def opened(database, title="leads.xlsx", actor=1):
    with database.write() as unit:
        return changesets.open(unit, "import", title, actor)


def state(database, id):
    with database.read() as unit:
        return changesets.get(unit, id).state


def test_a_change_set_is_opened_closed_and_undone(database: Database):
    id, undo = opened(database), opened(database, "undo")
    with database.write() as unit:
        changesets.close(unit, id)
        changesets.begin_undo(unit, id)
        changesets.end_undo(unit, id, undo)
    with database.read() as unit:
        found = changesets.get(unit, id)
    assert (found.state, found.undone_by, found.title) == ("undone", undo, "leads.xlsx")


def test_only_one_of_two_people_begins_an_undo(database: Database):
    id = opened(database)
    with database.write() as unit:
        changesets.begin_undo(unit, id)
    with database.write() as unit, pytest.raises(Conflict) as error:
        changesets.begin_undo(unit, id)
    assert error.value.detail["state"] == "undoing"
    with database.write() as unit:
        changesets.give_up_undo(unit, id)
    assert state(database, id) == "done"


def test_change_sets_are_listed_with_their_number_of_events(database: Database):
    first, second = opened(database), opened(database, "other", actor=2)
    row = {"app": "crm", "form": "deal", "kind": "created", "via": "import", "definition_version": 1}
    with database.write() as unit:
        events.append(unit, [{**row, "record": n, "change_set": first} for n in range(3)])
    with database.read() as unit:
        assert [(found.id, count) for found, count in changesets.listed(unit)] == [(second, 0), (first, 3)]
        assert [found.id for found, _ in changesets.listed(unit, actor=1)] == [first]
        assert changesets.listed(unit, before=first) == []
        with pytest.raises(NotFound):
            changesets.get(unit, 99)
