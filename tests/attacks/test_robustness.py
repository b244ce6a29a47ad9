"""Two at once, a full disk, a file that cannot be written, a process that dies: clear answers, and nothing is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.api.conftest import ACCOUNTS, DEALS, Program, program  # noqa: F401
from tests.world import CRM, World, make
from webapp.db import Database
from webapp.definitions import storage

UNIQUE = CRM.replace("phone: {kind: phone,", "phone: {kind: phone, unique: true,")


@pytest.fixture
def world(world: World) -> World:
    world.apply(UNIQUE)
    storage.get().finish(world.database)  # the worker makes the index that tells two at once apart
    return world


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(n)` answers in `count` threads that begin together."""
    gate, answers = threading.Barrier(count), [None] * count

    def run(n: int) -> None:
        gate.wait()
        answers[n] = act(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_of_many_who_save_the_same_version_at_once_one_wins_and_the_others_are_told(
    world: World,
    program: Any,  # noqa: F811
) -> None:
    programs: list[Program] = [program("admin") for _ in range(6)]
    deal = programs[0].make(DEALS, name="D")

    def save(n: int) -> Any:
        return programs[n].patch(f"{DEALS}/{deal}", {"values": {"name": f"D{n}"}}, If_Match='"1"')

    answers = at_once(6, save)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 412, 412, 412, 412, 412], codes
    winner = next(answer for answer in answers if answer.status_code == 200)
    now = programs[0].get(f"{DEALS}/{deal}").json
    assert (now["version"], now["values"]["name"]) == (2, winner.json["values"]["name"])


def test_of_many_who_give_the_same_unique_value_at_once_one_wins_and_the_others_are_told(
    world: World,
    program: Any,  # noqa: F811
) -> None:
    programs = [program("admin") for _ in range(6)]
    answers = at_once(6, lambda n: programs[n].post(ACCOUNTS, {"values": {"name": f"A{n}", "phone": "13900001111"}}))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]
    assert {answer.json["errors"][0]["code"] for answer in answers if answer.status_code == 422} == {"not_unique"}
    assert programs[0].get(f"{ACCOUNTS}?count=exact").json["count"] == 1


def test_an_entry_sent_several_times_at_once_is_made_once(world: World, program: Any) -> None:  # noqa: F811
    programs = [program("ann") for _ in range(6)]
    body = {"values": {"name": "Once"}, "client_id": "5a3c2b1e-7d7f-4c11-8a83-0d9a2f5a8e01"}
    answers = at_once(6, lambda n: programs[n].post(DEALS, body))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert programs[0].get(f"{DEALS}?count=exact").json["count"] == 1
    assert len(programs[0].get(f"{DEALS}/{answers[0].json['id']}/history").json["events"]) == 1


def test_a_request_repeated_at_once_under_one_key_is_done_once(world: World, program: Any) -> None:  # noqa: F811
    programs = [program("ann") for _ in range(5)]
    answers = at_once(5, lambda n: programs[n].post(DEALS, {"values": {"name": "Once"}}, Idempotency_Key="k"))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert programs[0].get(f"{DEALS}?count=exact").json["count"] == 1


def test_of_many_who_open_the_set_up_link_at_once_one_becomes_the_administrator(database: Database) -> None:
    from webapp import create_app
    from webapp.access import setup
    from webapp.access.tables import member

    app = create_app(database.settings, database)
    with database.write() as unit:
        link = setup.path(setup.issue(unit) or "")
    clients = [app.test_client() for _ in range(4)]
    tokens = [re.search(r'name="csrf_token" value="([^"]+)"', c.get(f"{link}/firm").text) for c in clients]

    def claim(n: int) -> Any:
        found = tokens[n]
        assert found
        data = {"csrf_token": found[1], "firm": f"F{n}", "name": f"N{n}", "email": f"n{n}@firm.example",
                "password": "correct horse battery", "locale": "zh", "start": ""}  # fmt: skip
        return clients[n].post(f"{link}/start", data=data)

    answers = at_once(4, claim)
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410]
    with database.read() as unit:
        assert unit.execute(sa.select(sa.func.count()).select_from(member)).scalar() == 1


def _sends(world: World) -> tuple[Any, dict[str, str]]:
    client = world.client("admin")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/crm/deal/new").text)
    assert token
    return client, {"csrf_token": token[1], "m__fields": "name", "name": "Kept by the browser"}


def test_a_full_disk_is_told_and_what_was_there_stays(sqlite_database: Database) -> None:
    world = make(sqlite_database)
    client, data = _sends(world)
    limit = "PRAGMA max_page_count=1"  # never less than there are: the next page does not fit

    def fill(raw: Any, _record: Any) -> None:
        raw.execute(limit)

    sqlite_database.engine.dispose()
    sa.event.listen(sqlite_database.engine, "connect", fill)
    answers = [client.post("/crm/deal/new", data={**data, "name": f"{n} " + "文" * 150}) for n in range(40)]
    full = [answer for answer in answers if answer.status_code != 303]
    assert full and {answer.status_code for answer in full} == {503}
    assert "磁盘已满" in full[0].text
    part = client.post("/crm/deal/new", data={**data, "name": "文" * 190}, headers={"HX-Request": "true"})
    assert part.status_code == 503 and part.headers["HX-Reswap"] == "none" and "m:error" in part.headers["HX-Trigger"]
    kept = client.get("/crm/deal/totals").text
    sa.event.remove(sqlite_database.engine, "connect", fill)
    sqlite_database.engine.dispose()
    assert client.post("/crm/deal/new", data=data).status_code == 303
    assert str(len(answers) - len(full)) in kept


def test_a_database_that_cannot_be_written_is_read_on_and_says_so(sqlite_database: Database) -> None:
    world = make(sqlite_database)
    client, data = _sends(world)
    assert client.post("/crm/deal/new", data=data).status_code == 303

    def lock(raw: Any, _record: Any) -> None:
        raw.execute("PRAGMA query_only=ON")

    sqlite_database.engine.dispose()
    sa.event.listen(sqlite_database.engine, "connect", lock)
    answer = client.post("/crm/deal/new", data=data)
    assert answer.status_code == 503 and "无法写入" in answer.text
    page = client.get("/crm/deal")
    assert page.status_code == 200 and "Kept by the browser" in page.text


def test_a_database_that_went_away_is_told_and_taken_up_again(postgres_database: Database) -> None:
    world = make(postgres_database)
    client, data = _sends(world)
    with postgres_database.read() as unit:
        name = unit.execute(sa.text("SELECT current_database()")).scalar()
    with postgres_database.engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n AND pid != pg_backend_pid()"
            ),
            {"n": name},
        )
    assert client.post("/crm/deal/new", data=data).status_code == 303


_SAVER = """
import sys
from tests.conftest import settings_for
from webapp import clock
from webapp.access import actors
from webapp.db import Database
from webapp.definitions import versions
import webapp.engines.forms
from webapp.engines.forms import records
from webapp.config import Settings

database = Database(Settings.from_env())
n = 0
while True:
    with database.write() as unit:
        made = records.create(unit, actors.of_member(unit, 1), versions.current(unit).form("crm.deal"), {"name": f"D{n}"})
    n += 1
    print(made.id, flush=True)
"""


def test_a_process_killed_in_the_middle_of_a_save_loses_nothing_it_had_acknowledged(world: World) -> None:
    from webapp.journal.tables import event

    settings = world.database.settings
    env = {
        **os.environ,
        "MORTISE_DATA_DIR": str(settings.data_dir),
        "MORTISE_DATABASE_URL": settings.database_url,
        "MORTISE_SECRET_KEY": settings.secret_key,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    acknowledged: set[int] = set()
    for pause in (0.05, 0.12, 0.2):
        saver = subprocess.Popen([sys.executable, "-c", _SAVER], env=env, stdout=subprocess.PIPE, text=True)
        assert saver.stdout is not None
        acknowledged.add(int(saver.stdout.readline()))
        time.sleep(pause)
        saver.send_signal(signal.SIGKILL)
        acknowledged |= {int(line) for line in saver.stdout.read().splitlines()[:-1] if line}
        saver.wait()
    form = world.form("crm.deal")
    with world.database.read() as unit:
        kept = set(unit.execute(sa.select(form.table.c.id)).scalars())
        told = set(
            unit.execute(sa.select(event.c.record).where(event.c.form == "deal", event.c.kind == "created")).scalars()
        )
    assert acknowledged <= kept
    assert kept == told, "a record without its event, or an event without its record"
