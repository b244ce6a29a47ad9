"""`mortise doctor` finds what is broken and says what to do, on both databases."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import database_of
from tests.databases import known_of
from tests.journal.test_events import settle
from tests.world import CRM, World
from webapp import clock, migrating
from webapp.backups import folders, keeping
from webapp.config import Settings
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.engines.forms import records
from webapp.engines.forms.structure import soundness
from webapp.files import shelf, store
from webapp.i18n import N_
from webapp.journal import claims, due, seals
from webapp.journal.tables import event
from webapp.journal.tables import periodic as minutes
from webapp.serving import doctor

WITH_FORMULA = CRM.replace(
    "      stage:\n",
    "      margin: {kind: formula, formula: amount * 2, label: {en: Margin, zh: 毛利}}\n      stage:\n",
    1,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A firm at work: a deal, a sealed journal, a worker that was here just now, a file."""
    with database_of(request, request.param, tmp_path_factory.mktemp("doctor"), "world") as database:
        people, places = known_of(database)
        world = World(database, dict(people), dict(places))
        world.apply(WITH_FORMULA)
        storage.get().finish(database)
        with database.write() as unit:
            form = versions.current(unit).form("crm.deal")
            for number in range(3):
                records.create(unit, world.actor("admin"), form, {"name": f"Pump {number}", "amount": 9, "cost": 4})
            unit.execute(minutes.insert().values(name="seal", minute=clock.now()))
        settle(database)
        seals.seal(database)
        yield world


def seen(world: World, **more: bool) -> dict[str, tuple[str, str]]:
    found = doctor.run(world.database, **more)
    return {one.key: (one.state, f"{one.said} {one.todo or ''}") for one in found}


def test_a_firm_at_work_has_nothing_to_be_mended(world: World) -> None:
    found = seen(world, deep=True)
    assert [key for key, (state, _) in found.items() if state == "bad"] == []
    good = ("step", "database", "queue", "integrity", "worker", "jobs", "built", "agreement", "journal", "files")
    assert {key: found[key][0] for key in good} == dict.fromkeys(good, "ok")
    assert "3 records looked at" in found["agreement"][1]
    assert found["backups"] == ("warn", "There is none yet Make one now: mortise backup create")


def broken(world: World, statement: str, mended: str, key: str, text: str) -> None:
    """Whatever the statement breaks is found, and is well again once it is mended."""
    for sql, state in ((statement, "bad"), (mended, "ok")):
        with world.database.write() as unit:
            unit.connection.exec_driver_sql(sql)
        found = seen(world)[key]
        assert found[0] == state, found
        assert text in found[1] or state == "ok"


def test_what_is_stored_twice_is_compared(world: World) -> None:
    with world.database.read() as unit:
        column = versions.current(unit).form("crm.deal").fields["margin"].column
        text = unit.connection.exec_driver_sql("SELECT m__search FROM crm__deal WHERE id = 2").scalar()
    plus = f"UPDATE crm__deal SET {column} = {column} {{}} 1 WHERE id = 2"
    broken(world, plus.format("+"), plus.format("-"), "agreement", "crm.deal 2 (margin)")
    other = "UPDATE crm__deal SET m__search = '{}' WHERE id = 2"
    broken(world, other.format("x"), other.format(text), "agreement", "crm.deal 2 (m__search)")
    if world.database.is_sqlite:
        return  # its index can only be changed with the very text that is in it
    name = "crm__deal__m__find"
    with world.database.read() as unit:
        tokens = unit.connection.exec_driver_sql(f"SELECT tokens::text FROM {name} WHERE id = 2").scalar()
    change = f"UPDATE {name} SET tokens = {{}} WHERE id = 2"
    quoted = "$$" + tokens + "$$::tsvector"
    broken(world, change.format("''::tsvector"), change.format(quoted), "agreement", "crm.deal 2 (m__find)")


def test_what_does_not_agree_is_computed_anew(world: World) -> None:
    with world.database.write() as unit:
        column = versions.current(unit).form("crm.deal").fields["margin"].column
        unit.connection.exec_driver_sql(f"UPDATE crm__deal SET {column} = {column} + 1, m__search = 'x' WHERE id = 2")
    _, unlike = soundness.look(world.database)
    assert {one.field for one in unlike} == {"margin", "m__search"}
    assert soundness.mend(world.database, unlike) == 2
    storage.get().finish(world.database)
    assert soundness.look(world.database) == (3, [])


def test_a_changed_journal_is_found(world: World) -> None:
    with world.database.read() as unit:
        last = unit.execute(sa.select(sa.func.max(event.c.id)).where(event.c.changes.is_(None))).scalar()
        via = unit.execute(sa.select(event.c.via).where(event.c.id == last)).scalar()
    change = "UPDATE m__event SET via = '{}' WHERE id = " + str(last)
    broken(world, change.format("x"), change.format(via), "journal", "mortise audit verify")


def test_a_worker_that_is_away_and_jobs_that_failed_are_told(world: World) -> None:
    with clock.stopped(clock.now() + timedelta(minutes=20)):
        assert seen(world)["worker"][0] == "bad" and "mortise serve" in seen(world)["worker"][1]
    with world.database.write() as unit:
        due.add(unit, "periodic.seal", "x", {})
        (job,) = claims.claim(unit, "w", kinds=["periodic.seal"])
        due.give_up(unit, job, "no")
    assert seen(world)["jobs"] == (
        "warn",
        "In the last week: periodic.seal (1) See why: mortise jobs list --state failed",
    )


def test_a_file_that_is_gone_is_named(world: World, tmp_path) -> None:
    import io

    shelved = store.store_of(world.database.settings)
    incoming = shelved.receive(io.BytesIO(b"contract"), most=100)
    with world.database.write() as unit:
        kept = shelf.keep(unit, shelved, incoming, name="合同.pdf", purpose="import", member=None)
    assert seen(world)["files"][0] == "ok"
    shelved.remove(kept.hash)
    assert seen(world)["files"][0] == "bad" and "合同.pdf" in seen(world)["files"][1]
    with world.database.write() as unit:
        shelf.forget(unit, [kept.id])


def test_backups_that_fail_or_are_old_or_damaged_are_told(world: World) -> None:
    from tests.backups.conftest import with_programs
    from webapp.backups import making

    made = making.create(with_programs(world.database.settings))
    assert seen(world)["backups"][0] == "warn" and "on the disk of the data" in seen(world)["backups"][1]
    for days, state in ((2, "warn"), (8, "bad")):
        with clock.stopped(clock.now() + timedelta(days=days)):
            assert seen(world)["backups"][0] == state
    made.path.write_bytes(made.path.read_bytes()[:2000])
    assert "There is none yet" in seen(world)["backups"][1]
    made.path.unlink()
    with world.database.write() as unit:
        keeping.note(unit, None, N_("磁盘已满"))
    assert seen(world)["backups"][0] == "bad" and "磁盘已满" in seen(world)["backups"][1]
    with world.database.write() as unit:
        keeping.note(unit, "x", None)
    assert folders.listed(world.database.settings) == []


def test_settings_that_trust_everybody_or_lie_open_are_told(world: World) -> None:
    import ipaddress

    settings = world.database.settings
    assert (
        doctor._proxies(dataclasses.replace(settings, trusted_proxies=(ipaddress.ip_network("0.0.0.0/0"),)))[0] == "bad"
    )
    path = settings.data_dir / "secret.key"
    path.write_text("x")
    os.chmod(path, 0o644)
    assert doctor._key(settings)[0] == "warn"
    path.unlink()
    assert doctor._certificate(dataclasses.replace(settings, base_url="https://127.0.0.1:1"))[0] == "warn"


def test_an_older_and_a_newer_database_are_told_and_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "head", lambda: "9999")
    assert [state for state, _ in seen(world).values()] == ["warn"]
    monkeypatch.setattr(migrating, "head", lambda: "0000")
    assert seen(world)["step"][0] == "bad"


def test_the_command_prints_and_ends_with_its_verdict(tmp_path, monkeypatch, capsys) -> None:
    from webapp import cli

    monkeypatch.setenv("MORTISE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MORTISE_LOCALE", "zh")
    assert cli.run(["doctor"]) == 1  # nothing there
    assert "恢复" in capsys.readouterr().out
    database = Database(Settings.from_env())
    migrating.migrate(database)
    with database.write() as unit:
        unit.execute(minutes.insert().values(name="seal", minute=clock.now()))
    database.dispose()
    assert cli.run(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bad"] == 0 and {one["check"] for one in said["checks"]} >= {"mail", "journal", "backups"}
    monkeypatch.setenv("MORTISE_QUEUE_URL", "ftp://x")
    assert cli.run(["doctor"]) == 1
    assert "MORTISE_QUEUE_URL" in capsys.readouterr().err
