"""The journal goes on in another PostgreSQL server, whose own count of transactions begins anew."""

from __future__ import annotations

import sqlalchemy as sa

from tests.journal.test_events import row, settle, write
from webapp import migrating
from webapp.db import Database
from webapp.journal import eras, events, seals
from webapp.journal.tables import event


def came_from_a_busier_server(database: Database) -> None:
    """As if the events had been written where a thousand million transactions had gone before."""
    with database.write() as unit:
        unit.execute(event.update().values(tx=event.c.tx + 1_000_000_000))


def test_what_happens_after_a_move_is_read_after_what_was(postgres_database: Database) -> None:
    before = write(postgres_database, row(1), row(2))
    came_from_a_busier_server(postgres_database)
    assert migrating.migrate(postgres_database) is False
    after = write(postgres_database, row(3))
    with postgres_database.read() as unit:
        found = list(events.walk(unit))
        assert [e.id for e in found] == [*before, *after]
        assert events.last(unit) == found[-1].position
        assert events.after(unit, found[1].position)[0].id == after[0]


def test_the_chain_of_seals_holds_over_a_move(postgres_database: Database) -> None:
    write(postgres_database, row(1))
    came_from_a_busier_server(postgres_database)
    migrating.migrate(postgres_database)
    settle(postgres_database)
    assert seals.seal(postgres_database) == 1
    write(postgres_database, row(2))
    assert seals.seal(postgres_database) == 1
    assert seals.verify(postgres_database).is_whole


def test_a_start_on_the_same_server_changes_nothing(postgres_database: Database) -> None:
    write(postgres_database, row(1))
    with postgres_database.write() as unit:
        assert eras.ensure(unit) is None
        plain, counted = unit.execute(
            sa.text("SELECT pg_current_xact_id()::text::bigint, m__tx(pg_current_xact_id())")
        ).one()
        assert plain == counted


def test_a_second_move_goes_on_from_the_first(postgres_database: Database) -> None:
    ids = []
    for n in range(3):
        ids += write(postgres_database, row(n))
        came_from_a_busier_server(postgres_database)
        migrating.migrate(postgres_database)
    ids += write(postgres_database, row(9))
    with postgres_database.read() as unit:
        assert [e.id for e in events.walk(unit)] == ids


def test_sqlite_has_no_numbers_to_count(sqlite_database: Database) -> None:
    with sqlite_database.write() as unit:
        assert eras.ensure(unit) is None
