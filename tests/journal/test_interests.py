import pytest

from webapp.db import Database
from webapp.journal import due, events, interests


class Definitions:
    """Stands for the compiled definitions, which interests take as they are."""


@pytest.fixture
def told():
    """One interest: an amount of a deal changed, or a deal was made."""
    made = []

    def tell(unit, rows):
        for row in rows:
            due.add(unit, "test.rule", f"event:{row['id']}", {"event": row["id"]})

    def source(definitions):
        made.append(definitions)
        yield interests.Interest(
            "amounts", tell, forms=frozenset({"crm.deal"}), kinds=frozenset({"created", "updated"}),
            fields=frozenset({"amount"}),
        )  # fmt: skip

    interests.source(source)
    yield made
    interests.forget(source)


def write(database, definitions, *rows):
    base = {"app": "crm", "form": "deal", "record": 1, "kind": "updated", "via": "ui", "definition_version": 1}
    rows = [{**base, **row} for row in rows]
    with database.write() as unit:
        ids = events.append(unit, rows)
        interests.tell(unit, definitions, rows, ids)
    with database.read() as unit:
        return ids, [job.payload["event"] for job in reversed(due.listed(unit, kind="test.rule"))]


def test_an_interest_is_told_of_the_fields_it_named_only(database: Database, told):
    ids, heard = write(
        database, Definitions(), {"changes": {"amount": [1, 2]}}, {"changes": {"name": ["a", "b"]}},
        {"kind": "created"}, {"kind": "deleted"}, {"form": "account", "changes": {"amount": [1, 2]}},
    )  # fmt: skip
    assert heard == [ids[0], ids[2]]


def test_an_undo_tells_nobody_who_did_not_ask_for_it(database: Database, told):
    assert write(database, Definitions(), {"changes": {"amount": [2, 1]}, "via": "undo"})[1] == []


def test_interests_are_compiled_once_per_definitions(database: Database, told):
    definitions = Definitions()
    for _ in range(3):
        write(database, definitions, {"changes": {"amount": [1, 2]}})
    assert told == [definitions]
    write(database, Definitions(), {"changes": {"amount": [1, 2]}})
    assert len(told) == 2


def test_what_an_interest_adds_falls_with_the_unit(database: Database, told):
    row = {"app": "crm", "form": "deal", "record": 1, "kind": "created", "via": "ui", "definition_version": 1}
    with pytest.raises(ZeroDivisionError), database.write() as unit:
        interests.tell(unit, Definitions(), [row], events.append(unit, [row]))
        raise ZeroDivisionError
    with database.read() as unit:
        assert due.listed(unit) == []
