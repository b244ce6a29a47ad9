"""The work behind an apply: conversions, what does not fit, several workers, and a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import (
    KEEPER,
    accounts,
    as_kind,
    column,
    document,
    fields,
    finish,
    messages,
    people,
    publish,
    put,
)
from webapp.db import Database
from webapp.definitions import versions
from webapp.definitions.tables import building
from webapp.engines.forms import records
from webapp.engines.forms.structure import building as builder
from webapp.errors import Conflict
from webapp.journal import claims, events


def test_a_change_of_kind_converts_and_lists_what_did_not(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": "12"}, {"name": " 7 "}, {"name": "Acme"}, {"name": "1,000"}])
    wanted = as_kind("name", kind="integer")
    with pytest.raises(Conflict) as caught:
        publish(database, wanted)
    assert "Account: 1 of 4 values of name do not convert, such as: Acme." in messages(caught.value.detail["plan"])
    publish(database, wanted, accept_loss=True)
    finish(database)
    assert column(database, "crm.account", "name") == [12, 7, None, 1000]
    with database.read() as unit:
        report = json.loads(unit.execute(sa.select(building.c.report).where(building.c.what == "convert")).scalar_one())
        assert report == {"failed": 1, "records": [{"id": 3, "value": "Acme"}]}


def test_converting_there_and_back_brings_the_old_values_back(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": "Acme"}, {"name": "5"}])
    publish(database, as_kind("name", kind="integer"), accept_loss=True)
    finish(database)
    publish(database, document(), accept_loss=True)
    finish(database)
    assert column(database, "crm.account", "name") == ["Acme", "5"]


CONVERSIONS: list[tuple[dict[str, Any], Any, dict[str, Any], Any]] = [
    ({"kind": "text"}, "12.5", {"kind": "number", "decimals": 2}, Decimal("12.50")),
    ({"kind": "number", "decimals": 2}, Decimal("12.50"), {"kind": "number", "decimals": 4}, Decimal("12.5000")),
    ({"kind": "number", "decimals": 2}, Decimal("12.00"), {"kind": "integer"}, 12),
    ({"kind": "integer"}, 12, {"kind": "text"}, "12"),
    ({"kind": "text"}, "2026-11-22", {"kind": "date"}, "date"),
    ({"kind": "text"}, "Steel", {"kind": "select", "options": [{"value": "s", "label": {"en": "steel"}}]}, "s"),
    ({"kind": "select", "options": [{"value": "s", "label": {"zh": "钢铁"}}]}, "s", {"kind": "text"}, "钢铁"),
    (
        {"kind": "select", "options": [{"value": "s"}]},
        "s",
        {"kind": "multi_select", "options": [{"value": "s"}, {"value": "t"}]},
        "s",
    ),
    ({"kind": "text"}, "true", {"kind": "switch"}, True),
]


@pytest.mark.parametrize(("old", "value", "new", "expected"), CONVERSIONS)
def test_values_move_between_kinds(
    database: Database, old: dict[str, Any], value: Any, new: dict[str, Any], expected: Any
) -> None:
    import datetime

    publish(database, as_kind("x", **old))
    accounts(database, [{"name": "A", "x": value}])
    publish(database, as_kind("x", **new))
    finish(database)
    wanted = datetime.date(2026, 11, 22) if expected == "date" else expected
    assert column(database, "crm.account", "x") == [wanted]


def test_several_values_become_one_where_there_is_one(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": "A", "tags": ("vip",)}, {"name": "B", "tags": ("vip", "new")}])
    publish(database, as_kind("tags", kind="select", options=[{"value": "vip"}, {"value": "new"}]), accept_loss=True)
    finish(database)
    assert column(database, "crm.account", "tags") == ["vip", None]


def test_a_text_becomes_a_link_where_the_title_is_found(database: Database) -> None:
    with_text = document(lambda made: fields(made).update(customer={"kind": "text"}))
    publish(database, with_text)
    accounts(database, [{"name": "Acme"}, {"name": "Twin"}, {"name": "twin"}])
    with database.write() as unit:
        deal = versions.current(unit).form("crm.deal")
        for name in ("ACME", "Twin", "nobody"):
            put(unit, deal, name="d", customer=name)
    linked = document(lambda made: fields(made).update(customer={"kind": "link", "to": "account", "reverse": "wishes"}))
    publish(database, linked, accept_loss=True)
    finish(database)
    assert column(database, "crm.deal", "customer") == [1, None, None]
    publish(database, with_text, accept_loss=True)
    finish(database)
    assert column(database, "crm.deal", "customer") == ["Acme", "Twin", "nobody"]


def test_what_somebody_set_or_emptied_meanwhile_is_left_alone(database: Database) -> None:
    publish(database, as_kind("x", kind="text"))
    accounts(database, [{"name": "A", "x": "1"}, {"name": "B", "x": "2"}, {"name": "C", "x": "3"}])
    publish(database, as_kind("x", kind="integer"))
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        unit.execute(sa.update(form.table).where(form.table.c.id == 2).values(x__2=99))
        rows = [
            {
                "app": "crm", "form": "account", "record": record, "kind": "updated", "via": "ui",
                "definition_version": 2, "changes": {"x": ["2", new]},
            }
            for record, new in ((2, 99), (3, None))
        ]  # fmt: skip
        events.append(unit, rows)
    finish(database)
    assert column(database, "crm.account", "x") == [1, 99, None]


def test_while_converting_lists_read_the_new_column_else_the_old_one(database: Database) -> None:
    publish(database, as_kind("x", kind="text"))
    accounts(database, [{"name": "A", "x": "one"}])
    publish(database, as_kind("x", kind="long_text"))
    with database.read() as unit:
        item = versions.current(unit).form("crm.account").fields["x"]
        assert (item.column, item.old_column) == ("x__2", "x")
        form = versions.current(unit).form("crm.account")
        assert records.get(unit, KEEPER, form, 1).values["x"] == "one"
    finish(database)
    assert column(database, "crm.account", "x") == ["one"]
    with database.read() as unit:
        assert versions.current(unit).form("crm.account").fields["x"].old_column is None


def test_what_is_being_converted_cannot_change_again_until_it_is_done(database: Database) -> None:
    publish(database, as_kind("x", kind="text"))
    accounts(database, [{"name": "A", "x": "1"}])
    publish(database, as_kind("x", kind="integer"))
    renamed = document(lambda made: fields(made, "account").update(y={"kind": "integer", "was": "x"}))
    for wanted_ in (document(), renamed, as_kind("x", kind="date")):
        with pytest.raises(Conflict, match="still being built"):
            publish(database, wanted_, accept_loss=True)
    finish(database)
    publish(database, renamed)
    assert column(database, "crm.account", "y") == [1]


def test_converted_values_are_found_by_searching(database: Database) -> None:
    from webapp.engines.forms.select import Query, select

    def found(text: str) -> list[int]:
        with database.read() as unit:
            form = versions.current(unit).form("crm.account")
            return [record.id for record in select(unit, KEEPER, form, Query(search=text)).records]

    publish(database, as_kind("x", kind="text"))
    with database.write() as unit:
        people(unit)
        form = versions.current(unit).form("crm.account")
        records.create(unit, KEEPER, form, {"name": "A", "x": "s"}, via="ui")
        records.create(unit, KEEPER, form, {"name": "B", "x": "其他"}, via="ui")
    options = [{"value": "s", "label": {"zh": "钢铁行业"}}, {"value": "o", "label": {"zh": "其他"}}]
    publish(database, as_kind("x", kind="select", options=options))
    finish(database)
    assert found("钢铁") == [1]
    assert found("其他") == [2]


def test_a_due_row_hands_the_work_to_any_worker(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": "1"}])
    publish(database, as_kind("name", kind="integer"))
    with database.write() as unit:
        jobs = claims.claim(unit, "w1", kinds=[builder.KIND])
    assert [job.key for job in jobs] == ["crm"]
    builder.build(database, jobs[0])
    assert column(database, "crm.account", "name") == [1]


def test_two_workers_at_once_do_everything_once(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": str(i)} for i in range(900)])
    publish(database, as_kind("name", kind="integer"))
    failed: list[BaseException] = []

    def work() -> None:
        try:
            finish(database)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert column(database, "crm.account", "name") == list(range(900))


KILLED = """
import sys, pathlib
from tests.databases import settings_for
from tests.definitions.small import KEEPER
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.engines.forms.structure import building
building.CHUNK = {"sqlite": 20, "postgresql": 20}
database = Database(settings_for(pathlib.Path(sys.argv[1]), sys.argv[2]))
print("ready", flush=True)
if sys.argv[3] == "work":
    storage.get().finish(database)
else:
    for line in sys.stdin:
        done = versions.apply(database, KEEPER, line, accept_loss=True)
        print(done.version, flush=True)
"""


def child(database: Database, what: str) -> subprocess.Popen[str]:
    settings = database.settings
    started = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(settings.data_dir), settings.database_url, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def test_work_goes_on_after_the_worker_was_killed(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": str(i)} for i in range(2000)])
    publish(database, as_kind("name", kind="integer"))
    kills = 0
    for _ in range(2):
        worker = child(database, "work")
        deadline = time.monotonic() + 20
        before = _position(database)
        while _position(database) == before and worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        if worker.poll() is None:
            worker.send_signal(signal.SIGKILL)
            kills += 1
        worker.wait()
    assert kills == 2
    assert 0 < _position(database) < 2000
    finish(database)
    assert column(database, "crm.account", "name") == list(range(2000))
    with database.read() as unit:
        assert versions.building(unit) == []


def _position(database: Database) -> int:
    with database.read() as unit:
        query = sa.select(building.c.position).where(building.c.what == "convert")
        return int(unit.execute(query).scalar_one())


def test_an_apply_that_is_killed_is_there_whole_or_not_at_all(database: Database) -> None:
    publish(database, document())
    version = 1
    for round_ in range(3):
        process = child(database, "apply")
        assert process.stdin is not None
        wanted = {f"f{round_}_{i}": {"kind": "text", "unique": True} for i in range(30)}
        made = document(lambda m, wanted=wanted: fields(m).update(wanted))
        process.stdin.write(json.dumps(made) + "\n")
        process.stdin.flush()
        time.sleep(0.02 + 0.08 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with database.read() as unit:
            found = versions.current(unit).form("crm.deal")
            version = versions.current(unit).app("crm").version
            there = {c["name"] for c in sa.inspect(unit.connection).get_columns("crm__deal")}
            assert {c.name for c in found.table.columns} <= there
            assert set(wanted) <= set(found.fields) or not set(wanted) & there
    assert publish(database, document(lambda m: fields(m).update(last={"kind": "text"}))).version == version + 1
    finish(database)
