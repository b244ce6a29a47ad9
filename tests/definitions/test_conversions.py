"""Conversions as people meet them: in the history, in versions, in change sets, and while they are still under way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import KEEPER, document, fields, people, publish
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.definitions.model import Definitions
from webapp.engines.forms import records, undo
from webapp.engines.forms.aggregate import aggregate
from webapp.engines.forms.around import history
from webapp.engines.forms.around.timeline import lines
from webapp.engines.forms.display import Eye
from webapp.engines.forms.select import Query, select
from webapp.engines.forms.structure import building
from webapp.engines.forms.viewing.views import converting, scope
from webapp.engines.forms.writing import stored
from webapp.errors import Conflict
from webapp.journal.tables import change_set, event


def as_kind(form: str = "account", **settings: Any) -> dict[str, Any]:
    return document(lambda made: fields(made, form).update(x=settings))


def started(database: Database, made: dict[str, Any], rows: list[dict[str, Any]], form: str = "crm.account") -> None:
    """The app `made` with `rows`, written through the door."""
    publish(database, made)
    with database.write() as unit:
        people(unit)
        for row in rows:
            records.create(unit, KEEPER, versions.current(unit).form(form), row)


def finish(database: Database) -> None:
    storage.get().finish(database)


def seen(database: Database, form: str = "crm.account") -> list[Any]:
    """What a list shows of x, by id; the same as the record page does."""
    with database.read() as unit:
        found = versions.current(unit).form(form)
        page = select(unit, KEEPER, found, Query(sort=("id",))).records
        for record in page:
            assert records.get(unit, KEEPER, found, record.id).values["x"] == record.values["x"]
            assert stored.get(unit, found, record.id)["x"] == record.values["x"]
        return [record.values["x"] for record in page]


def told(database: Database, id_: int) -> list[str]:
    """The history of an account in words."""
    with database.read() as unit:
        definitions: Definitions = versions.current(unit)
        form = definitions.form("crm.account")
        eye = Eye(definitions, "en", dict.fromkeys(form.names, "read"))
        entries = history.history(unit, KEEPER, form, id_)
        return ["".join(p.text for p in line.said) + f", {line.via}" for line in lines(eye, form, entries, "UTC")]


def test_a_conversion_is_told_in_the_history_and_raises_versions(database: Database) -> None:
    rows = [{"name": "A", "x": "12"}, {"name": "B", "x": "many"}, {"name": "C"}]
    started(database, as_kind(kind="text", label="Staff"), rows)
    publish(database, as_kind(kind="integer", label="Staff"), accept_loss=True)
    finish(database)
    assert told(database, 1) == ["converted Staff from 12 to 12, by the system", "created the record, "]
    assert told(database, 2) == ["converted Staff; many does not fit, by the system", "created the record, "]
    assert told(database, 3) == ["created the record, "]
    with database.read() as unit:
        form = versions.current(unit).form("crm.account")
        assert [records.get(unit, KEEPER, form, i).version for i in (1, 2, 3)] == [2, 2, 1]
        found = unit.execute(sa.select(event).where(event.c.kind == "conversion")).one()
        assert (found.actor, found.via, found.record) == (KEEPER.member, "system", 2)
        kept = unit.execute(sa.select(change_set).where(change_set.c.id == found.change_set)).one()
        assert (kept.kind, kept.state) == ("conversion", "done")


def test_a_kind_that_keeps_every_value_changes_no_version(database: Database) -> None:
    started(database, as_kind(kind="text"), [{"name": "A", "x": "12"}])
    publish(database, as_kind(kind="long_text"))
    finish(database)
    assert told(database, 1) == ["created the record, "]
    with database.read() as unit:
        assert records.get(unit, KEEPER, versions.current(unit).form("crm.account"), 1).version == 1


def test_each_chunk_is_one_event_of_one_change_set(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "CHUNK", {"sqlite": 2, "postgresql": 2})
    started(database, as_kind(kind="text"), [{"name": f"A{i}", "x": str(i)} for i in range(5)])
    publish(database, as_kind(kind="integer"))
    finish(database)
    with database.read() as unit:
        found = unit.execute(sa.select(event).where(event.c.kind == "conversion").order_by(event.c.id)).all()
        assert [row.record for row in found] == [2, 4, 5]
        assert len({row.change_set for row in found}) == 1
    for id_ in range(1, 6):
        assert told(database, id_)[0] == f"converted x from {id_ - 1} to {id_ - 1}, by the system"


def test_undoing_a_conversion_is_refused_with_the_way_back(database: Database) -> None:
    started(database, as_kind(kind="text"), [{"name": "A", "x": "1"}])
    publish(database, as_kind(kind="integer"))
    finish(database)
    with pytest.raises(Conflict, match="publishing the earlier version"):
        undo.undo(database, KEEPER, 1)


PENDING: list[tuple[dict[str, Any], Any, dict[str, Any], Any]] = [
    ({"kind": "text"}, "12.5", {"kind": "number", "decimals": 2}, Decimal("12.50")),
    ({"kind": "number", "decimals": 2}, "12.5", {"kind": "number", "decimals": 4}, Decimal("12.5000")),
    ({"kind": "integer"}, 12, {"kind": "text"}, "12"),
    ({"kind": "select", "options": [{"value": "s", "label": {"zh": "钢铁"}}]}, "s", {"kind": "long_text"}, "钢铁"),
    (
        {"kind": "multi_select", "options": [{"value": "s"}, {"value": "t"}]},
        ["s"],
        {"kind": "select", "options": [{"value": "s"}, {"value": "t"}]},
        "s",
    ),
    (
        {"kind": "select", "options": [{"value": "s"}, {"value": "t"}]},
        "s",
        {"kind": "multi_select", "options": [{"value": "s"}, {"value": "t"}]},
        ("s",),
    ),
    ({"kind": "text"}, "true", {"kind": "switch"}, True),
]


@pytest.mark.parametrize(("old", "value", "new", "expected"), PENDING)
def test_a_field_in_conversion_shows_what_it_will_be(
    database: Database, old: dict[str, Any], value: Any, new: dict[str, Any], expected: Any
) -> None:
    started(database, as_kind(**old), [{"name": "A", "x": value}, {"name": "B"}])
    publish(database, as_kind(**new), accept_loss=True)
    if new["kind"] != "long_text":
        assert seen(database) == [expected, None]
    finish(database)
    assert seen(database) == [expected, None]


def test_a_text_that_becomes_a_link_leads_there_at_once(database: Database) -> None:
    publish(database, as_kind("deal", kind="text"))
    with database.write() as unit:
        people(unit)
        crm = versions.current(unit).app("crm")
        records.create(unit, KEEPER, crm.forms["account"], {"name": "Acme"})
        for name in ("ACME", "nobody"):
            records.create(unit, KEEPER, crm.forms["deal"], {"name": "d", "x": name})
    publish(database, as_kind("deal", kind="link", to="account", reverse="wishes"), accept_loss=True)
    assert seen(database, "crm.deal") == [1, None]
    finish(database)
    assert seen(database, "crm.deal") == [1, None]
    publish(database, as_kind("deal", kind="text"), accept_loss=True)
    assert seen(database, "crm.deal") == ["ACME", "nobody"]  # the old column kept everything


def test_what_is_saved_while_converting_stands(database: Database) -> None:
    started(database, as_kind(kind="text"), [{"name": n, "x": "1"} for n in "ABC"])
    publish(database, as_kind(kind="integer"))
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        records.update(unit, KEEPER, form, 1, {"x": 7})
        records.update(unit, KEEPER, form, 2, {"x": None})
        records.update(unit, KEEPER, form, 3, {"name": "D"})
    assert seen(database) == [7, None, 1]
    finish(database)
    assert seen(database) == [7, None, 1]


def test_filters_see_old_values_that_read_the_same(database: Database) -> None:
    started(database, as_kind(kind="text"), [{"name": "A", "x": "One"}, {"name": "B", "x": "two"}])
    publish(database, as_kind(kind="long_text"))
    with database.read() as unit:
        form = versions.current(unit).form("crm.account")
        for where in ("x = 'one'", "x contains 'NE'"):
            assert [r.id for r in select(unit, KEEPER, form, Query(where=(where,))).records] == [1]


class Stopped(Exception):
    """The worker dies here."""


def one_step(database: Database) -> None:
    """A worker that dies after its first chunk."""

    def die(_steps: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        building.run(database, None, die)


def asked(database: Database) -> dict[str, Any]:
    """What filters, sorts, sums and groups say of x."""
    with database.read() as unit:
        form = versions.current(unit).form("crm.account")

        def ids(*where: str, sort: str = "id") -> list[int]:
            return [r.id for r in select(unit, KEEPER, form, Query(where=where, sort=(sort,))).records]

        sums = aggregate(unit, KEEPER, form, measures=["sum(x)", "count(where x is not empty)", "max(x)"])
        groups = aggregate(unit, KEEPER, form, group=["x"])
        return {
            "large": ids("x > 5"), "exactly": ids("x = 7"), "empty": ids("x is empty"), "up": ids(sort="x"), "down": ids(sort="-x"),
            "sums": [Decimal(m) for m in sums[0].measures], "groups": [(row.group[0], row.measures[0]) for row in groups],
        }  # fmt: skip


MOVING: list[tuple[dict[str, Any], list[Any], dict[str, Any]]] = [
    ({"kind": "text"}, ["12.5", "７", "many", "12.345", " -3 ", "0.0000000001", "7.00", "99999999999999", "-99"],
     {"kind": "number", "decimals": 2, "min": -50}),
    ({"kind": "number", "decimals": 2}, ["12.5", "7", "-3", "7.25", "9999999999999.99"], {"kind": "number", "decimals": 4}),
    ({"kind": "number", "decimals": 2}, ["12.5", "7", "-3", "7.25", "8", "1000"], {"kind": "integer", "max": 100}),
    ({"kind": "integer"}, [12, 7, -3, 999_999_999_999_999], {"kind": "money", "currency": "CNY"}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "values", "new"), MOVING)
def test_filters_sorts_and_sums_count_old_numbers_as_what_they_will_be(
    database: Database, monkeypatch: pytest.MonkeyPatch, old: dict[str, Any], values: list[Any], new: dict[str, Any]
) -> None:
    monkeypatch.setattr(building, "CHUNK", {"sqlite": 2, "postgresql": 2})
    started(database, as_kind(**old), [{"name": "A", "x": value} for value in [*values, None]])
    publish(database, as_kind(**new), accept_loss=True)
    shown, before = seen(database), asked(database)
    one_step(database)
    assert (seen(database), asked(database)) == (shown, before)
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        records.update(unit, KEEPER, form, 2, {"x": None})
        records.update(unit, KEEPER, form, 3, {"x": 7})
    shown, before = seen(database), asked(database)
    finish(database)
    assert (seen(database), asked(database)) == (shown, before)
    assert before["exactly"] and before["empty"] == [i for i, value in enumerate(shown, 1) if value is None]


def test_what_filters_cannot_follow_yet_is_named_until_it_is_converted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "CHUNK", {"sqlite": 2, "postgresql": 2})
    started(database, as_kind(kind="text", label="Staff"), [{"name": "A", "x": x} for x in ("8", "9", "1,200")])

    def named() -> list[str]:
        with database.read() as unit:
            return converting(scope(unit, KEEPER, "crm", "account", "en"))

    assert named() == []
    publish(database, as_kind(kind="integer", label="Staff"))
    one_step(database)
    assert seen(database) == [8, 9, 1200]
    assert (named(), asked(database)["large"]) == (["Staff"], [1, 2])
    finish(database)
    assert (named(), asked(database)["large"]) == ([], [1, 2, 3])
