"""Imports as due rows: run by a worker, stopped, killed and gone on with; and the two commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.transfer.files import rows_of, write_csv
from tests.transfer.test_importing import FORM, listed, shop  # noqa: F401
from webapp import clock
from webapp.definitions import versions
from webapp.engines.forms import undo
from webapp.engines.forms.transfer import importing, jobs, maps
from webapp.errors import NotFound
from webapp.journal import due, work
from webapp.journal.tables import due as due_table


def put(shop, path, said=None, *, who="admin", **more):  # noqa: F811
    folder = jobs.put(shop.database.settings, path)
    with shop.database.write() as unit:
        return jobs.add(unit, shop.actor(who), FORM, folder, path.name, maps.of(said or {}), **more)


def job(shop, id_):  # noqa: F811
    with shop.database.read() as unit:
        return due.get(unit, id_)


def test_a_worker_runs_an_import_on_behalf_of_its_person(shop, tmp_path):  # noqa: F811
    id_ = put(shop, write_csv(tmp_path / "客户.csv", [["客户名称", "等级"], ["A", "金卡"], ["B", "铁卡"]]), who="ann")
    work.run_ready(shop.database)
    done = job(shop, id_)
    assert (done.state, done.result["inserted"], done.result["rejected"]) == ("done", 1, 1)
    assert done.progress["done"] == 2
    assert rows_of(Path(done.result["rejected_file"]))[1][:3] == ["B", "铁卡", "3"]
    (found,) = listed(shop)
    assert found["created_by"] == shop.world.people["ann"]
    with pytest.raises(NotFound):
        undo.undo(shop.database, shop.actor("bob"), done.result["change_set"])
    assert undo.undo(shop.database, shop.actor("ann"), done.result["change_set"]).undone == 1


def test_a_file_that_cannot_be_used_fails_at_once_with_the_reason_in_the_persons_language(shop, tmp_path):  # noqa: F811
    (tmp_path / "a.xlsx").write_bytes(b"%PDF-1.7")
    id_ = put(shop, tmp_path / "a.xlsx")
    work.run_ready(shop.database)
    failed = job(shop, id_)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.result["error"].startswith("这不是表格文件")


def test_an_import_that_is_cancelled_stops_keeps_what_it_wrote_and_can_be_undone(shop, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(importing, "SQLITE_ROWS", 10)
    monkeypatch.setattr(importing, "POSTGRES_ROWS", 10)
    id_ = put(shop, write_csv(tmp_path / "a.csv", [["name"], *[[f"N{i}"] for i in range(100)]]))
    written = importing._Import._write

    def write(self, *arguments):
        written(self, *arguments)
        if self.state.inserted == 30:
            with shop.database.write() as unit:
                due.cancel(unit, id_)

    monkeypatch.setattr(importing._Import, "_write", write)
    work.run_ready(shop.database)
    stopped = job(shop, id_)
    assert (stopped.state, stopped.progress["done"], len(listed(shop))) == ("cancelled", 30, 30)
    undo.undo(shop.database, shop.actor(), stopped.progress["state"]["change_set"])
    assert listed(shop) == []


def test_a_worker_that_is_killed_in_the_middle_leaves_an_import_that_another_ends_without_doubles(
    shop,  # noqa: F811
    tmp_path,
):
    rows = [[f"N{i}", f"C{i}", "x" if i % 10 == 0 else "1"] for i in range(1, 601)]
    id_ = put(shop, write_csv(tmp_path / "a.csv", [["name", "code", "visits"], *rows]))
    settings = shop.database.settings
    env = {
        **os.environ,
        "MORTISE_DATA_DIR": str(settings.data_dir),
        "MORTISE_DATABASE_URL": settings.database_url,
        "MORTISE_SECRET_KEY": settings.secret_key,
        "MORTISE_TIMEZONE": settings.timezone,
    }
    for least in (60, 200, 400):
        worker = subprocess.Popen([sys.executable, "-m", "tests.transfer.import_process"], env=env)
        _wait_for(lambda least=least: ((job(shop, id_).progress or {}).get("done") or 0) >= least, worker)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert job(shop, id_).state == "running"
        with shop.database.write() as unit:
            past = due_table.update().where(due_table.c.id == id_)
            unit.execute(past.values(lease_until=clock.now() - timedelta(seconds=1)))
        work.sweep(shop.database)
    work.run_ready(shop.database)
    done = job(shop, id_)
    assert (done.state, done.result["inserted"], done.result["rejected"]) == ("done", 540, 60)
    with shop.database.read() as unit:
        table = shop.form(FORM).table
        codes = list(unit.execute(sa.select(table.c.code)).scalars())
    assert len(codes) == len(set(codes)) == 540
    assert len(rows_of(Path(done.result["rejected_file"]))) == 61
    assert undo.undo(shop.database, shop.actor(), done.result["change_set"]).undone == 540


def _wait_for(condition, worker):
    until = time.monotonic() + 60
    while not condition():
        assert worker.poll() is None, "the worker ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.01)


def test_files_of_old_imports_are_removed_and_those_of_new_ones_stay(shop, tmp_path):  # noqa: F811
    path = write_csv(tmp_path / "a.csv", [["name"], ["A"]])
    old, new = (jobs.put(shop.database.settings, path) for _ in range(2))
    long_ago = time.time() - 8 * 86400
    os.utime(jobs.folder_of(shop.database.settings, old), (long_ago, long_ago))
    assert jobs.expire(shop.database, None) == {"removed": 1}
    assert not jobs.folder_of(shop.database.settings, old).exists()
    assert jobs.folder_of(shop.database.settings, new).exists()


@pytest.fixture
def command(shop, tmp_path, monkeypatch, capsys):  # noqa: F811
    """Runs `mortise` over the test's database in a folder of its own; answers exit code, output and errors."""
    from webapp import cli, migrating
    from webapp.cli import console

    monkeypatch.setattr(migrating, "migrate", lambda database, **_: None)
    monkeypatch.setattr(console.Console, "settings", shop.database.settings)
    monkeypatch.setenv("MORTISE_LOCALE", "en")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str):
        capsys.readouterr()
        code = cli.run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_command_imports_tells_the_counts_and_lays_rejected_rows_beside(command, shop, tmp_path):  # noqa: F811
    write_csv(tmp_path / "a.csv", [["name", "level"], ["A", "Gold"], ["B", "Golt"], ["C", "Golt"]])
    code, out, _ = command("import", "shop", "customer", "a.csv", "--dry-run")
    assert code == 0 and "1 inserted, 0 updated, 0 unchanged, 2 rejected" in out and "dry run" in out
    assert listed(shop) == []
    code, out, _ = command("import", "shop", "customer", "a.csv", "--json", "--as", "ann@firm.example")
    told = json.loads(out)
    assert (code, told["inserted"], told["rejected"]) == (0, 1, 2)
    assert (told["reasons"][0]["rows"], told["reasons"][0]["near"]) == (2, "Gold")
    assert Path(told["rejected_file"]) == tmp_path / "a-rejected-2.csv"
    assert [v["owner"] for v in listed(shop)] == [shop.world.people["ann"]]
    (tmp_path / "m.yaml").write_text("values: {level: {Golt: Gold}}")
    code, out, _ = command("import", "shop", "customer", "a-rejected.csv", "--map", "m.yaml", "--key", "name")
    assert code == 0 and "2 inserted" in out


def test_the_command_says_that_a_try_went_wrong_and_repeats_it(command, shop, tmp_path, monkeypatch):  # noqa: F811
    write_csv(tmp_path / "a.csv", [["name", "level"], ["A", "Gold"]])
    good, tries = importing.run, []

    def falls_once(*arguments, **more):
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk was away")
        return good(*arguments, **more)

    def sleep(_seconds):  # no pause: what waits is due
        with shop.database.write() as unit:
            unit.execute(due_table.update().values(due_at=clock.now()))

    monkeypatch.setattr(importing, "run", falls_once)
    monkeypatch.setattr("webapp.cli.transfer.time.sleep", sleep)
    code, out, err = command("import", *FORM.split("."), "a.csv")
    assert (code, len(tries)) == (0, 2) and "1 inserted" in out
    assert "It went wrong and is tried again in" in err


def test_the_commands_end_with_one_and_a_message_when_it_cannot_be_done(command, tmp_path):
    write_csv(tmp_path / "a.csv", [["x"], ["1"]])
    code, _, err = command("import", "shop", "customer", "a.csv")
    assert code == 1 and err
    assert command("import", "shop", "custmer", "a.csv")[0] == 1
    assert command("import", "shop", "customer", "a.csv", "--as", "nobody@firm.example")[0] == 1
    assert command("import", "shop", "customer", "missing.csv")[0] == 2
    assert command("export", "shop", "customer", "-o", "a.xlsx", "--as", "ann@firm.example")[0] == 1


def test_the_command_exports_as_the_file_is_named(command, shop, tmp_path):  # noqa: F811
    write_csv(tmp_path / "a.csv", [["name"], ["A"], ["=B"]])
    command("import", "shop", "customer", "a.csv")
    code, out, _ = command("export", "shop", "customer", "-o", "out.csv", "--json")
    assert (code, json.loads(out)) == (0, {"records": 2, "file": "out.csv", "format": "csv"})
    assert [r[0] for r in rows_of(tmp_path / "out.csv")[1:]] == ["'=B", "A"]
    assert command("export", "shop", "customer", "-o", "out.csv", "--raw")[0] == 0
    assert [r[0] for r in rows_of(tmp_path / "out.csv")[1:]] == ["=B", "A"]


def _interrupted(shop, tmp_path, monkeypatch, meanwhile):  # noqa: F811
    """An import of ann's of 100 rows; after 30 of them the administrator does `meanwhile(unit, admin, ann)`."""
    monkeypatch.setattr(importing, "SQLITE_ROWS", 10)
    monkeypatch.setattr(importing, "POSTGRES_ROWS", 10)
    id_ = put(shop, write_csv(tmp_path / "a.csv", [["name"], *[[f"N{i}"] for i in range(100)]]), who="ann")
    admin, written = shop.actor(), importing._Import._write

    def write(self, *arguments):
        written(self, *arguments)
        if self.state.inserted == 30:
            with shop.database.write() as unit:
                meanwhile(unit, admin, shop.world.people["ann"])

    monkeypatch.setattr(importing._Import, "_write", write)
    work.run_ready(shop.database)
    return job(shop, id_)


def test_an_import_of_somebody_who_is_disabled_in_the_middle_stops_there(shop, tmp_path, monkeypatch):  # noqa: F811
    from webapp.access import members

    stopped = _interrupted(shop, tmp_path, monkeypatch, members.disable)
    assert (stopped.state, len(listed(shop))) == ("failed", 30)
    undo.undo(shop.database, shop.actor(), stopped.progress["state"]["change_set"])
    assert listed(shop) == []


def test_an_import_goes_on_with_the_rights_of_the_moment(shop, tmp_path, monkeypatch):  # noqa: F811
    from webapp.access import members, roles

    def take_away(unit, admin, ann):
        for role in roles.held(unit, ann):
            roles.revoke(unit, admin, ann, role)

    stopped = _interrupted(shop, tmp_path, monkeypatch, take_away)
    assert (stopped.state, len(listed(shop))) == ("failed", 30)

    (tmp_path / "again").mkdir()
    with shop.database.write() as unit:
        roles.grant(unit, shop.actor(), shop.world.people["bob"], "keeper", versions.current(unit))
    moved = _interrupted_by_a_move(shop, tmp_path / "again", monkeypatch, members)
    assert (moved.state, moved.result["inserted"], len(listed(shop))) == ("done", 100, 130)


def _interrupted_by_a_move(shop, folder, monkeypatch, members):  # noqa: F811
    id_ = put(shop, write_csv(folder / "b.csv", [["name"], *[[f"M{i}"] for i in range(100)]]), who="bob")
    admin, written = shop.actor(), importing._Import._write

    def write(self, *arguments):
        written(self, *arguments)
        if self.state.inserted == 30:
            with shop.database.write() as unit:
                members.place(unit, admin, shop.world.people["bob"], shop.world.departments["East"])

    monkeypatch.setattr(importing._Import, "_write", write)
    work.run_ready(shop.database)
    return job(shop, id_)
