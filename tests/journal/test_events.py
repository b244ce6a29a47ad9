import time
from datetime import UTC, datetime
from decimal import Decimal

import sqlalchemy as sa

from webapp import clock
from webapp.db import Database
from webapp.journal import events, partitions, seals
from webapp.journal.tables import event

AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)


def row(record=1, kind="updated", **more):
    values = {"app": "crm", "form": "deal", "record": record, "kind": kind, "via": "ui", "definition_version": 1}
    return {
        "actor": 7,
        "changes": {"amount": [Decimal("1.50"), Decimal(2)], "day": [None, AT.date()]},
        **values,
        **more,
    }


def write(database, *rows):
    with database.write() as unit:
        ids = events.append(unit, rows)
    settle(database)
    return ids


def settle(database):
    """On PostgreSQL readers wait for every older transaction of the whole server: here, those of other tests."""
    if database.is_sqlite:
        return
    ends = time.monotonic() + 30
    with database.read() as unit:
        newest = unit.execute(sa.select(sa.func.max(event.c.tx))).scalar() or 0
    while time.monotonic() < ends:
        with database.read() as unit:
            if unit.execute(sa.select(events._SETTLED)).scalar_one() > newest:
                return
        time.sleep(0.02)
    raise TimeoutError("an older transaction stayed open")


def test_an_event_is_read_as_it_was_written(database: Database):
    with clock.stopped(AT):
        (id,) = write(database, row())
    with database.read() as unit:
        (found,) = events.of_record(unit, "crm", "deal", 1)
    assert (found.id, found.at, found.actor, found.via) == (id, AT, 7, "ui")
    assert found.changes == {"amount": ["1.50", "2"], "day": [None, "2026-11-22"]}
    assert len(found.payload_hash) == 32


def test_many_events_get_rising_ids_in_their_order(database: Database):
    first = write(database, row(1))
    many = write(database, *[row(n) for n in range(2, 302)])
    last = write(database, row(302))
    ids = first + many + last
    assert ids == sorted(set(ids))
    with database.read() as unit:
        assert [e.record for e in events.walk(unit, chunk=50)] == list(range(1, 303))
        assert [e.id for e in events.walk(unit)] == ids


def test_an_id_is_never_given_twice(database: Database):
    ids = write(database, row(1), row(2))
    with database.write() as unit:
        unit.execute(event.delete())
    assert min(write(database, row(3), row(4))) > max(ids)


def test_a_reader_goes_on_where_it_stopped(database: Database):
    write(database, row(1), row(2))
    with database.read() as unit:
        place = events.last(unit)
    write(database, row(3))
    with database.read() as unit:
        assert [e.record for e in events.after(unit, place)] == [3]
        assert events.after(unit, events.last(unit)) == []
        assert [e.record for e in events.after(unit, forms=["crm.account"])] == []


def test_a_late_commit_is_not_lost_to_a_reader(postgres_database: Database):
    database = postgres_database
    with database.write() as slow:
        events.append(slow, [row(1)])
        with database.write() as quick:
            events.append(quick, [row(2)])  # taken later, committed earlier
        with database.read() as unit:
            seen = events.after(unit)
        assert seen == []  # held back: an older transaction is open
    settle(database)
    with database.read() as unit:
        assert {e.record for e in events.after(unit)} == {1, 2}


def test_events_of_a_change_set_come_newest_first(database: Database):
    write(database, row(1, change_set=5), row(2, change_set=6), row(3, change_set=5))
    with database.read() as unit:
        assert [e.record for e in events.of_change_set(unit, 5)] == [3, 1]


def test_months_of_the_journal_are_partitions(postgres_database: Database):
    database = postgres_database
    now = datetime(2031, 12, 15, tzinfo=UTC)
    with database.write() as unit:
        assert partitions.ensure(unit, months=2, now=now) == [
            "m__event_y2031m12", "m__event_y2032m01", "m__event_y2032m02",
        ]  # fmt: skip
        assert partitions.ensure(unit, months=2, now=now) == []
    with clock.stopped(datetime(2032, 1, 31, 23, 59, 59, tzinfo=UTC)):
        write(database, row())
    with database.read() as unit:
        assert unit.execute(sa.text("SELECT count(*) FROM m__event_y2032m01")).scalar_one() == 1


def test_a_month_that_strayed_into_the_default_partition_stays_there(postgres_database: Database):
    with clock.stopped(datetime(2040, 5, 5, tzinfo=UTC)):
        write(postgres_database, row())
        with postgres_database.write() as unit:
            assert "m__event_y2040m05" not in partitions.ensure(unit)
            assert partitions.ensure(unit) == []


def seal_some(database):
    for start in range(0, 30, 10):
        write(database, *[row(n) for n in range(start, start + 10)])
        assert seals.seal(database) == 10


def test_a_sealed_journal_verifies(database: Database):
    seal_some(database)
    write(database, row(99))
    report = seals.verify(database)
    assert report.is_whole
    assert (report.seals, report.events, report.unsealed) == (3, 30, 1)
    assert seals.seal(database) == 1
    assert seals.seal(database) == 0


def test_a_rewritten_event_is_found(database: Database):
    seal_some(database)
    with database.write() as unit:
        unit.execute(event.update().where(event.c.record == 15).values(actor=8))
    assert seals.verify(database).broken == 2


def test_a_rewritten_payload_is_found(database: Database):
    seal_some(database)
    with database.write() as unit:
        found = unit.execute(event.update().where(event.c.record == 15).values(changes="{}").returning(event.c.id))
        id = found.scalar_one()
    report = seals.verify(database)
    assert report.changed == [id] and not report.is_whole


def test_a_dropped_event_is_found(database: Database):
    seal_some(database)
    with database.write() as unit:
        unit.execute(event.delete().where(event.c.record == 3))
    assert seals.verify(database).broken == 1


def test_an_event_slipped_in_is_found(database: Database):
    ids = write(database, row(1), row(2), row(3))
    with database.write() as unit:
        unit.execute(event.delete().where(event.c.id == ids[1]))
    seals.seal(database)
    with database.write() as unit:
        middle = dict(unit.execute(sa.select(event).where(event.c.id == ids[0])).one()._mapping)
        unit.execute(event.insert().values({**middle, "id": ids[1]}))
    assert seals.verify(database).broken == 1


def test_an_erased_payload_leaves_the_chain_whole(database: Database):
    seal_some(database)
    with database.write() as unit:
        assert events.erase(unit, [events.of_record(unit, "crm", "deal", 15)[0].id]) == 1
    report = seals.verify(database)
    assert report.is_whole and report.erased == 1
