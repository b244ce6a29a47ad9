"""A working firm goes into a file and comes out of it equal, table by table and file by file, and works on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.backups.conftest import Firm, contents, photo, trees
from tests.journal.test_events import settle
from tests.world import PASSWORD
from webapp import create_app
from webapp.backups import checking, folders, making, restoring
from webapp.backups.folders import Backup
from webapp.db import Database
from webapp.definitions import storage
from webapp.engines.forms import aggregate
from webapp.journal import due, seals, work


@pytest.fixture(scope="module")
def made(firm: Firm) -> Backup:
    return making.create(firm.settings)


def test_everything_comes_back_and_the_firm_works_on(firm: Firm, made: Backup, tmp_path: Path) -> None:
    before, files = contents(firm.database), trees(firm.settings)
    assert len(before["crm__deal"]) == 70 and len(files) == 5
    with firm.empty(tmp_path) as settings:
        done = restoring.restore(settings, made.path)
        assert (done.aside, done.files) == (None, 5)
        database = Database(settings)
        try:
            after = contents(database)
            (told,) = [row for row in after["m__audit"] if "'backup_restored'" in row]
            assert made.name in str(told), "who looks later finds that it was done"
            after["m__audit"].remove(told)
            assert {name: len(rows) for name, rows in after.items()} == {n: len(r) for n, r in before.items()}
            assert after == before
            assert trees(settings) == files
            assert not list(tmp_path.glob(".restoring*"))
            works_on(firm, database)
        finally:
            database.dispose()


def works_on(firm: Firm, database: Database) -> None:
    """Somebody signs in and sees his records; the worker goes on where the saved one stood; the chain holds."""
    client = create_app(database.settings, database).test_client()
    token = client.get("/login").get_data(as_text=True).split('name="csrf-token" content="')[1].split('"')[0]
    said = {"email": "ann@firm.example", "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=said).status_code == 303
    assert "商机 29" in client.get("/crm/deal").get_data(as_text=True)
    assert client.get("/files/1").data == photo()
    assert client.get("/files/1/small").mimetype == "image/webp"  # in no backup: made again when somebody looks
    storage.get().finish(database)
    work.run_ready(database)
    with database.read() as unit:
        (job,) = due.listed(unit, kind="import")
        assert (job.state, job.result and job.result["inserted"]) == ("done", 50)
        (row,) = aggregate.aggregate(
            unit, firm.world.actor("ann"), _deal(unit), group=[], measures=["count()", "sum(amount)"]
        )
        assert [int(value) for value in row.measures] == [80, sum(range(30))]
    settle(database)
    assert seals.seal(database) >= 50
    assert seals.verify(database).is_whole


def _deal(unit):
    from webapp.definitions import versions

    return versions.current(unit).form("crm.deal")


def test_a_backup_proves_itself_and_a_trial_restore_brings_the_same(firm: Firm, made: Backup) -> None:
    report = checking.verify(firm.settings, made.path, deep=True)
    assert report.trial == "restored" and report.rows > 100
    assert [one.name for one in folders.listed(firm.settings)] == [made.name]
    assert (made.reason, made.key, made.error) == ("hand", None, None)
    assert not list(firm.settings.data_dir.glob(".trial*"))


def test_over_data_only_when_asked_and_the_old_is_kept_beside(firm: Firm, made: Backup, tmp_path: Path) -> None:
    with firm.empty(tmp_path) as settings:
        restoring.restore(settings, made.path)
        database = Database(settings)
        with database.write() as unit:
            unit.connection.exec_driver_sql("DELETE FROM m__setting")
        database.dispose()
        (Path(settings.files_url) / "new").write_bytes(b"new")
        with pytest.raises(Exception, match="There is data here already") as refused:
            restoring.restore(settings, made.path)
        assert refused.value.code == "not_empty"
        done = restoring.restore(settings, made.path, replace=True)
        assert contents(Database(settings))["m__setting"] == contents(firm.database)["m__setting"]
        assert trees(settings) == trees(firm.settings)
        (kept,) = settings.data_dir.glob("before-restore-*")
        assert done.aside is not None and str(kept) in done.aside
        assert (kept / "files" / "new").read_bytes() == b"new"
        if settings.is_sqlite:
            old = dataclasses.replace(settings, database_url=f"sqlite:///{kept / 'mortise.db'}")
            assert contents(Database(old))["m__setting"] == []
        else:
            schema = kept.name.replace("-", "_")
            with Database(settings).read() as unit:
                assert unit.connection.exec_driver_sql(f"SELECT count(*) FROM {schema}.m__setting").scalar() == 0
                assert unit.connection.exec_driver_sql(f"SELECT count(*) FROM {schema}.crm__deal").scalar() == 70
