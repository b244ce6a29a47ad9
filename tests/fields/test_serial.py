"""Serial numbers on both databases."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from tests.fields.making import make_field
from webapp.db import Database
from webapp.definitions.kinds import field_kinds
from webapp.definitions.spec import Report
from webapp.engines.forms.fields.serial import next_value, next_values

NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)


def test_numbers_rise_and_carry_the_date(database: Database) -> None:
    field = make_field("serial", pattern="LD-{yyyymm}-{####}", reset="month")
    with database.write() as unit:
        assert [next_value(unit, field, NOW) for _ in range(3)] == [
            "LD-202611-0001",
            "LD-202611-0002",
            "LD-202611-0003",
        ]
    with database.write() as unit:
        assert next_values(unit, field, NOW, 2) == ["LD-202611-0004", "LD-202611-0005"]


def test_periods_begin_in_the_zone_of_the_firm(database: Database) -> None:
    field = make_field("serial", pattern="{yyyymmdd}{##}", reset="day")
    before, after = dt.datetime(2026, 11, 30, 15, 59, tzinfo=dt.UTC), dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC)
    with database.write() as unit:
        assert next_values(unit, field, before, 2) == ["2026113001", "2026113002"]
        assert next_values(unit, field, after, 2) == ["2026120101", "2026120102"]
        assert next_values(unit, field, before, 1) == ["2026113003"]


def test_a_number_may_outgrow_its_places(database: Database) -> None:
    field = make_field("serial", pattern="{#}")
    with database.write() as unit:
        assert next_values(unit, field, NOW, 11)[-1] == "11"


@pytest.mark.parametrize("gap_free", [True, False])
def test_a_rolled_back_number_is_not_given_twice(database: Database, gap_free: bool) -> None:
    field = make_field("serial", pattern="{####}", gap_free=gap_free)
    with database.write() as unit:
        given = [next_value(unit, field, NOW)]
    with pytest.raises(RuntimeError), database.write() as unit:
        next_values(unit, field, NOW, 30)
        raise RuntimeError
    for _ in range(60):
        with database.write() as unit:
            given.append(next_value(unit, field, NOW))
    assert len(set(given)) == 61
    assert given == sorted(given)
    if gap_free:
        assert given[-1] == "0061"


def test_a_savepoint_that_falls_gives_nothing_twice(database: Database) -> None:
    field = make_field("serial", pattern="{####}")
    given: list[str] = []
    with database.write() as unit:
        with pytest.raises(RuntimeError), unit.savepoint():
            next_values(unit, field, NOW, 5)
            raise RuntimeError
        given += next_values(unit, field, NOW, 5)
    for _ in range(50):
        with database.write() as unit:
            given.append(next_value(unit, field, NOW))
    assert len(set(given)) == len(given)


def test_eight_writers_never_share_a_number(database: Database) -> None:
    field = make_field("serial", pattern="{####}")
    given: list[str] = []

    def write() -> None:
        for _ in range(15):
            with database.write() as unit:
                given.append(next_value(unit, field, NOW))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 120
    assert len(set(given)) == 120


def test_counters_of_two_fields_are_their_own(database: Database) -> None:
    one, two = make_field("serial", "one", pattern="{#}"), make_field("serial", "two", pattern="{#}")
    with database.write() as unit:
        assert (next_value(unit, one, NOW), next_value(unit, two, NOW)) == ("1", "1")


@pytest.mark.parametrize(
    ("pattern", "reset", "code"),
    [
        ("LD", "never", "bad_pattern"),
        ("{####}{##}", "never", "bad_pattern"),
        ("{year}-{###}", "never", "bad_pattern"),
        ("{}-{###}", "never", "bad_pattern"),
        ("{#############}", "never", "bad_pattern"),
        ("{###}", "year", "reset"),
        ("{yyyy}-{###}", "month", "reset"),
        ("{mm}-{###}", "month", "reset"),
        ("{yyyymm}-{###}", "day", "reset"),
        ("{yyyy}-{###}", "year", None),
        ("{dd}.{mm}.{yy}-{###}", "day", None),
        ("{yyyymmdd}{###}", "month", None),
    ],
)
def test_patterns_that_would_give_a_number_twice_are_refused(pattern: str, reset: str, code: str | None) -> None:
    report = Report()
    field_kinds.get("serial").examine({"pattern": pattern, "reset": reset}, "x", report)
    assert [p.code for p in report.problems] == ([code] if code else [])
