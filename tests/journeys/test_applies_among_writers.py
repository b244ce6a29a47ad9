"""Two web servers and two workers share one database, eight programs write, and the app is published twenty times."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.worker.conftest import free_port, redis_url  # noqa: F401  (a fixture)
from tests.world import make
from webapp.access import tokens
from webapp.db import Database
from webapp.definitions import tables, versions
from webapp.journal.tables import due, event

WRITERS = 8
APPLIES = 20

#: Version n refuses amounts under 10 n, and computes n times the amount.
DOCUMENT = """
mortise: 1
app: works
label: Works
forms:
  deal:
    label: Deal
    title: name
    fields:
      name: {{kind: text, label: Name, required: true}}
      amount: {{kind: integer, label: Amount}}
      product: {{kind: formula, label: Product, formula: "amount * {n}"}}
      extra_{n}: {{kind: text, label: "Extra {n}"}}
    views:
      all: {{kind: grid, label: All, columns: [name, amount], sort: ["{sign}amount"]}}
    checks:
      - {{when: "amount < {n} * 10", say: Too small, field: amount}}
"""


def document(n: int) -> str:
    return DOCUMENT.format(n=n, sign="-" if n % 2 else "")


@dataclass
class Writer:
    """Posts deals until told to stop; keeps what it was answered."""

    port: int
    secret: str
    seed: int
    stop: threading.Event
    answers: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        dice = random.Random(self.seed)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        while not self.stop.is_set():
            values = {"name": f"n{dice.random()}", "amount": dice.randint(0, 300)}
            connection.request("POST", "/api/v1/data/works/deal", json.dumps({"values": values}), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            if answer.status not in (201, 422):
                self.wrong.append(f"{answer.status} {text[:300]}")
        connection.close()


@contextmanager
def part(folder: Path, env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the product; ended when the block is left."""
    with (folder / f"{'-'.join(arguments[:1])}-{time.monotonic_ns()}.log").open("wb") as log:
        command = [sys.executable, "-m", "webapp.cli", *arguments]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web server did not come up")


@pytest.mark.redis
@pytest.mark.xdist_group("servers")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_written_under_an_old_rule(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    redis_url: str,  # noqa: F811
) -> None:
    name = "sqlite_database" if kind == "sqlite" else "postgres_database"
    database: Database = request.getfixturevalue(name)
    world = make(database)
    admin = world.actor("admin")
    versions.apply(database, admin, document(1))
    with database.write() as unit:
        _, secret = tokens.create(unit, admin, admin.member, "writer")
    env = {
        **os.environ,
        "MORTISE_DATA_DIR": str(database.settings.data_dir),
        "MORTISE_DATABASE_URL": database.settings.database_url,
        "MORTISE_SECRET_KEY": database.settings.secret_key,
        "MORTISE_QUEUE_URL": redis_url,
        "MORTISE_API_RATE": "0",
    }
    stop = threading.Event()
    ports = [free_port(), free_port()]
    with ExitStack() as parts:
        for port in ports:
            parts.enter_context(part(tmp_path, env, "web", "--port", str(port), "--workers", "1"))
            parts.enter_context(part(tmp_path, env, "worker"))
        for port in ports:
            wait_for(port)
        writers = [Writer(ports[i % 2], secret, i, stop) for i in range(WRITERS)]
        threads = [threading.Thread(target=w.run) for w in writers]
        for thread in threads:
            thread.start()
        for n in range(2, APPLIES + 2):
            versions.apply(database, admin, document(n))
            time.sleep(0.15)
        time.sleep(0.5)
        stop.set()
        for thread in threads:
            thread.join()
        assert [w.wrong for w in writers if w.wrong] == []
        assert sum(w.answers.get(201, 0) for w in writers) > 50
        assert sum(w.answers.get(422, 0) for w in writers) > 20
        _wait_for_work(database)
    _look(database, APPLIES + 1)


def _wait_for_work(database: Database) -> None:
    """Until the workers have built, converted and computed everything."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with database.read() as unit:
            is_building = versions.building(unit, "works")
            is_open = unit.execute(
                sa.select(sa.func.count()).select_from(due).where(due.c.state.in_(["waiting", "running"]))
            ).scalar_one()
        if not is_building and not is_open:
            return
        time.sleep(0.3)
    raise AssertionError("the workers did not finish")


def _look(database: Database, last: int) -> None:
    with database.read() as unit:
        form = versions.current(unit).form("works.deal")
        table = form.table
        assert versions.current(unit).app("works").version == last
        made: dict[int, Any] = {
            row.record: row.definition_version
            for row in unit.execute(sa.select(event).where(event.c.app == "works", event.c.kind == "created"))
        }
        rows = unit.execute(sa.select(table.c.id, table.c.amount, table.c[form.fields["product"].column or ""])).all()
        assert len(rows) == len(made)
        for id_, amount, product in rows:
            assert amount >= made[id_] * 10, f"record {id_} was written under an old rule"
            assert product == amount * last
        jobs = unit.execute(sa.select(due.c.state, due.c.attempts, due.c.kind)).all()
        assert {state for state, _, _ in jobs} <= {"done"}
        states = set(unit.execute(sa.select(tables.building.c.state)).scalars())
        assert states <= {"done", "dropped"}
