"""Writers and applies at once: nobody fails, and nothing is written under a rule that is no longer in force."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import KEEPER, document, fields, people, publish
from webapp.db import Database, Unit
from webapp.definitions import epochs, storage, versions
from webapp.engines.forms import records
from webapp.errors import Invalid
from webapp.journal.tables import event


def test_writers_go_on_through_applies_and_keep_the_rule_of_their_version(database: Database) -> None:
    """Even versions want an amount; each record tells by its event which version it was written under."""
    with database.write() as unit:
        people(unit)
    publish(database, document())
    stop = threading.Event()
    failed: list[BaseException] = []
    refused: list[Invalid] = []

    def write(n: int) -> None:
        while not stop.is_set():
            try:
                with database.write() as unit:
                    deal = versions.current(unit).form("crm.deal")
                    records.create(unit, KEEPER, deal, {"name": f"from {n}"}, via="api")
            except Invalid as error:
                refused.append(error)
            except BaseException as error:
                failed.append(error)
                return

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    try:
        for version in range(2, 10):
            is_needed = version % 2 == 0
            made = document(
                lambda m, is_needed=is_needed, version=version: (
                    fields(m)["amount"].update(required=is_needed),
                    fields(m).update({f"extra_{version}": {"kind": "text"}}),
                )
            )
            assert publish(database, made).version == version
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failed, failed[0]
    assert refused, "the rule was met at least once"
    with database.read() as unit:
        version_of = event.c.definition_version
        counts: dict[int, Any] = dict(unit.execute(sa.select(version_of, sa.func.count()).group_by(version_of)).all())
    assert counts
    assert not [v for v in counts if v % 2 == 0], counts
    storage.get().finish(database)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that were sent meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


def test_asking_for_the_definitions_is_one_tiny_statement_once_a_unit(database: Database) -> None:
    """Asking for the definitions costs one tiny statement once a unit, and nothing after that."""
    publish(database, document())
    with database.read() as unit:
        versions.current(unit)
    with counted(database) as seen, database.read() as unit:
        for _ in range(3):
            versions.current(unit)
    assert len([s for s in seen if "m__epoch" in s]) == 1
    assert len([s for s in seen if "m__app" in s]) == 0


@pytest.fixture
def compiled_in(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each time that definitions were compiled: whether a unit that writes did it."""
    seen: list[bool] = []
    read = epochs.read

    def noting(unit: Unit, epoch: int) -> Any:
        seen.append(unit.is_writing)
        return read(unit, epoch)

    monkeypatch.setattr(epochs, "read", noting)
    return seen


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """Another process on the same data: it has to find out by itself that something was published."""
    found = Database(database.settings)
    yield found
    found.dispose()


def with_field(key: str) -> dict[str, Any]:
    return document(lambda made: fields(made).update({key: {"kind": "text"}}))


def known(unit: Unit) -> set[str]:
    return set(versions.current(unit).form("crm.deal").fields)


def test_on_sqlite_nobody_compiles_while_he_holds_the_writer(
    database: Database, other: Database, compiled_in: list[bool]
) -> None:
    publish(database, document())
    versions.warm(other)
    publish(database, with_field("late"))
    compiled_in.clear()
    with other.write() as unit:
        assert "late" in known(unit)
    assert compiled_in == [not database.is_sqlite]
    with other.write() as unit:
        assert "late" in known(unit)
    assert len(compiled_in) == 1, "it is known now"


def test_a_version_that_comes_while_another_is_compiled_is_seen_too(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, document())
    versions.warm(other)
    publish(database, with_field("late"))
    read, waiting = epochs.read, ["later"]

    def slow(unit: Unit, epoch: int) -> Any:
        if unit.connection.engine is other.engine and not unit.is_writing and waiting:
            publish(database, with_field(waiting.pop()))
        return read(unit, epoch)

    monkeypatch.setattr(epochs, "read", slow)
    with other.write() as unit:
        assert known(unit) & {"late", "later"} == ({"later"} if database.is_sqlite else {"late"})


def test_a_unit_that_writes_asks_for_the_epoch_once(database: Database) -> None:
    publish(database, document())
    with database.read() as unit:
        versions.current(unit)
    with counted(database) as seen, database.write() as unit:
        for _ in range(3):
            versions.current(unit)
    assert len([s for s in seen if "m__epoch" in s]) == 1


def test_what_was_begun_in_a_unit_that_gave_way_has_left_nothing(database: Database, other: Database) -> None:
    """The block runs once, in the unit that knows; actions after the commit run once as well."""
    publish(database, document())
    versions.warm(other)
    publish(database, with_field("late"))
    ran: list[str] = []
    with other.write() as unit:
        unit.after_commit(lambda: ran.append("after"))
        ran.append("block")
    assert ran == ["block", "after"]
    with pytest.raises(ZeroDivisionError), other.write():
        _ = 1 / 0
