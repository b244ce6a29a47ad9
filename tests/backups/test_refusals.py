"""What is cut, altered, newer, half written, over a running server or without room is refused, and nothing is lost."""

from __future__ import annotations

import dataclasses
import os
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.backups.conftest import Firm, contents
from tests.worker.conftest import free_port
from webapp import migrating
from webapp.backups import archive, checking, folders, keys, making, postgres, presence, restoring
from webapp.backups.archive import Damaged, Reader, Writer
from webapp.config import Settings
from webapp.db import Database
from webapp.definitions import versions
from webapp.engines.forms import bulk
from webapp.errors import Busy, Conflict, Invalid, NotFound
from webapp.journal import changesets, seals


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """A backup of an empty firm with a file, for everything that is about the archive alone."""
    from tests.conftest import settings_for

    settings = settings_for(tmp_path_factory.mktemp("small"))
    database = Database(settings)
    migrating.migrate(database)
    database.dispose()
    (settings.data_dir / "files").mkdir()
    (settings.data_dir / "files" / "a").write_bytes(os.urandom(3000))
    return settings, making.create(settings).path


def altered(path: Path, folder: Path, place: int) -> Path:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x01
    made = folder / "altered.tar"
    made.write_bytes(data)
    return made


def test_a_backup_that_was_cut_anywhere_is_refused(small: tuple[Settings, Path], tmp_path: Path) -> None:
    settings, path = small
    data = path.read_bytes()
    for length in (0, 10, 600, len(data) // 2, len(data) - 2000, len(data) - 1):
        (tmp_path / "cut.tar").write_bytes(data[:length])
        with pytest.raises(Damaged):
            checking.verify(settings, tmp_path / "cut.tar")
    with pytest.raises(Damaged, match="its end"):
        checking.verify(settings, tmp_path / "cut.tar")
    (tmp_path / "longer.tar").write_bytes(data + b"\0")
    with pytest.raises(Damaged):
        checking.verify(settings, tmp_path / "longer.tar")


def test_any_altered_byte_is_refused_and_the_part_is_named(small: tuple[Settings, Path], tmp_path: Path) -> None:
    settings, path = small
    with Reader(path) as reader:
        parts, size = reader.parts, reader.size
    for place in [*range(0, size, 499), size - 1]:
        with pytest.raises((Damaged, Conflict)):
            checking.verify(settings, altered(path, tmp_path, place))
    for name in ("database.sqlite.gz", "files/a"):
        with pytest.raises(Damaged, match=name) as found:
            checking.verify(settings, altered(path, tmp_path, parts[name].offset + 100))
        assert found.value.detail["part"] == name
    with pytest.raises(Damaged, match="frame"):
        checking.verify(settings, altered(path, tmp_path, parts["files/a"].offset - 300))
    assert checking.verify(settings, path).parts == 2


def rewritten(path: Path, target: Path, **change: object) -> Path:
    """The same backup with another manifest, well sealed."""
    with Reader(path) as reader:
        writer = Writer(target, 0)
        for name in reader.parts:
            reader.extract(name, target.with_suffix(".part"))
            with target.with_suffix(".part").open("rb") as file:
                writer.add(name, file)
            target.with_suffix(".part").unlink()
        writer.finish({**reader.manifest, **change})
        writer.close()
    return target


def test_a_whole_file_with_other_tables_than_it_says_fails_the_trial(
    small: tuple[Settings, Path], tmp_path: Path
) -> None:
    settings, path = small
    with Reader(path) as reader:
        tables = {**reader.manifest["tables"], "m__member": [1, "0" * 64]}
    forged = rewritten(path, tmp_path / "forged.tar", tables=tables)
    checking.verify(settings, forged)
    with pytest.raises(Damaged, match="m__member"):
        checking.verify(settings, forged, deep=True)


def test_a_backup_of_a_newer_program_is_refused(
    small: tuple[Settings, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, path = small
    with pytest.raises(Conflict, match="newer"):
        checking.verify(settings, rewritten(path, tmp_path / "a.tar", step="9999"))
    monkeypatch.setattr(archive, "FORMAT", 2)
    newer = rewritten(path, tmp_path / "b.tar", mortise_backup=2)
    monkeypatch.setattr(archive, "FORMAT", 1)
    with pytest.raises(Conflict, match="newer"):
        restoring.restore(dataclasses.replace(settings, data_dir=tmp_path / "new"), newer)


def test_a_backup_of_the_other_database_is_refused_with_the_way_to_go(
    small: tuple[Settings, Path], tmp_path: Path
) -> None:
    from tests.conftest import settings_for

    elsewhere = settings_for(tmp_path / "else", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Conflict, match="backup of a firm on SQLite") as refused:
        restoring.restore(elsewhere, small[1])
    assert refused.value.code == "other_database"
    assert "mortise export" in refused.value.problems[0].text("en"), "and how the records move"


def test_a_name_that_leads_out_of_the_folder_is_refused(small: tuple[Settings, Path], tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="leads out"):
        folders.inside(tmp_path, "files/../../etc/passwd")


def test_an_older_firm_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command

    from tests.conftest import settings_for

    old = settings_for(tmp_path / "old")
    database = Database(old)
    with database.write() as unit:
        command.upgrade(migrating.config(connection=unit.connection), "0002")
    database.dispose()
    made = making.create(old)
    done = restoring.restore(settings_for(tmp_path / "new"), made.path)
    assert (done.from_step, done.to_step) == ("0002", migrating.head())


def test_an_update_begins_with_a_backup_or_not_at_all(tmp_path: Path) -> None:
    from alembic import command

    from tests.conftest import settings_for

    old = settings_for(tmp_path / "var")
    database = Database(old)
    with database.write() as unit:
        command.upgrade(migrating.config(connection=unit.connection), "0002")
    database.dispose()
    env = {**os.environ, "MORTISE_DATA_DIR": str(old.data_dir), "MORTISE_LOCALE": "en"}
    update = [sys.executable, "-m", "webapp.cli", "migrate"]
    away = {**env, "MORTISE_BACKUP_DIR": str(tmp_path / "away")}
    refused = subprocess.run(update, env=away, capture_output=True, text=True)
    assert refused.returncode == 1 and "--without-backup" in refused.stderr
    assert migrating.current(database) == "0002"
    done = subprocess.run(update, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folders.listed(old)
    assert (made.reason, (made.manifest or {})["step"]) == ("update", "0002") and made.name in done.stderr
    assert migrating.current(database) == migrating.head()
    database.dispose()


def test_one_backup_at_a_time_and_a_dead_one_is_cleared_away(small: tuple[Settings, Path]) -> None:
    settings, _ = small
    with folders.working(settings), pytest.raises(Busy):
        making.create(settings)
    left = folders.root(settings) / ".making-1"
    left.mkdir()
    (left / "backup.tar").write_bytes(b"half")
    names = [one.name for one in folders.listed(settings)]
    again = making.create(settings)
    assert not left.exists()
    assert [one.name for one in folders.listed(settings)] == [again.name, *names]
    again.path.unlink()


def test_a_full_disk_leaves_nothing_that_looks_like_a_backup(small: tuple[Settings, Path]) -> None:
    settings, _ = small
    before = sorted(path.name for path in folders.root(settings).iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (4096, 700_000):  # while the database is copied; while it is written into the archive
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(Conflict, match="disk is full") as found:
                making.create(settings) if limit < 700_000 else _with_a_big_file(settings)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert found.value.code == "disk_full"
        assert sorted(path.name for path in folders.root(settings).iterdir()) == before
    with pytest.raises(Conflict, match="not enough room"):
        folders.require_room(settings.data_dir, 1 << 60)


def _with_a_big_file(settings: Settings) -> None:
    big = settings.data_dir / "files" / "big"
    with big.open("wb") as file:
        file.write(os.urandom(690_000))
    try:
        making.create(settings)
    finally:
        big.unlink()


def test_a_folder_whose_disk_is_not_mounted_is_said_and_not_made(small: tuple[Settings, Path], tmp_path: Path) -> None:
    settings = dataclasses.replace(small[0], backup_dir=tmp_path / "mnt")
    with pytest.raises(NotFound, match="mounted"):
        making.create(settings)
    assert not (tmp_path / "mnt").exists()


def test_the_key_goes_along_only_when_asked_and_may_be_closed(
    small: tuple[Settings, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import settings_for

    monkeypatch.setitem(keys._COST, "memory_cost", 64)
    settings, plain = small
    assert settings.secret_key.encode() not in plain.read_bytes()
    made = making.create(settings, making.Order(with_key=True, passphrase="eight birds", target=tmp_path / "k.tar"))
    assert settings.secret_key.encode() not in made.path.read_bytes()
    target = settings_for(tmp_path / "new", MORTISE_SECRET_KEY="")
    with pytest.raises(Invalid, match="passphrase"):
        restoring.restore(target, made.path)
    with pytest.raises(Invalid, match="not the passphrase"):
        restoring.restore(target, made.path, passphrase="nine birds")
    assert restoring.restore(target, made.path, passphrase="eight birds").notes == ()
    assert (target.data_dir / "secret.key").read_text() == settings.secret_key
    assert keys.opened(keys.closed("schlüssel", "x" * 9), "x" * 9) == "schlüssel"


def test_a_client_of_postgresql_that_is_too_old_is_said_with_the_way_to_a_newer(tmp_path: Path) -> None:
    from tests.conftest import settings_for

    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.1'\n")
    program.chmod(0o700)
    settings = dataclasses.replace(settings_for(tmp_path), pg_bin=tmp_path)
    with pytest.raises(NotFound, match=r"pg_dump 18 or newer.*\(12\).*postgresql-client-18"):
        postgres.program(settings, "pg_dump", 18)
    assert postgres.program(settings, "pg_dump", 11) == program


def test_a_restore_over_a_running_server_is_refused(small: tuple[Settings, Path], tmp_path: Path) -> None:
    port = free_port()
    env = {**os.environ, "MORTISE_DATA_DIR": str(tmp_path / "var"), "MORTISE_LOCALE": "en"}
    command = [sys.executable, "-m", "webapp.cli"]
    server = subprocess.Popen([*command, "serve", "--port", str(port)], env=env, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200)
        asked = [*command, "backup", "restore", str(small[1]), "--replace"]
        refused = subprocess.run(asked, env=env, capture_output=True, text=True)
        assert refused.returncode == 1 and "Mortise is running over this data" in refused.stderr
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            assert answer.status == 200
    finally:
        server.terminate()
        server.wait(10)
    done = subprocess.run(asked, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "before-restore-" in done.stdout


def _until(condition) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            assert condition()
            return
        except OSError:
            assert time.monotonic() < ends
            time.sleep(0.1)


def test_a_connected_server_elsewhere_keeps_postgresql_from_being_replaced(firm: Firm, tmp_path: Path) -> None:
    if firm.settings.is_sqlite:
        pytest.skip("other machines reach only PostgreSQL")
    made = making.create(firm.settings, making.Order(target=tmp_path / "a.tar"))
    with pytest.raises(Conflict, match="Others are connected") as found, firm.database.read():
        restoring.restore(firm.settings, made.path, replace=True)
    assert found.value.code == "still_running"


def test_a_restore_that_fails_late_puts_everything_back(
    firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = making.create(firm.settings, making.Order(target=tmp_path / "a.tar"))
    with firm.empty(tmp_path / "new") as settings:
        restoring.restore(settings, made.path)
        database = Database(settings)
        before = contents(database)
        database.dispose()

        def broken(*_: object) -> None:
            raise OSError(5, "Input/output error", "files")

        monkeypatch.setattr(restoring, "_files_into_place", broken)
        with pytest.raises(Conflict, match="Input/output error"):
            restoring.restore(settings, made.path, replace=True)
        assert contents(database) == before
        database.dispose()
        os.close(presence.hold(settings))  # nothing stands in the way of a start


def test_nothing_starts_over_a_restore_that_was_broken_off(small: tuple[Settings, Path], tmp_path: Path) -> None:
    settings = dataclasses.replace(small[0], data_dir=tmp_path)
    (tmp_path / presence.UNFINISHED).write_text("before-restore-1")
    with pytest.raises(Conflict, match="before-restore-1"):
        presence.hold(settings)


def _of_accounts(rows: dict[str, list[tuple[Any, ...]]]) -> tuple[int, int]:
    """How many accounts there are, and how many events of accounts."""
    found = (row for name, all_ in rows.items() if name.startswith("m__event") and name != "m__event" for row in all_)
    events = [row for row in found if "'account'" in " ".join(row)]
    events = events or [row for row in rows["m__event"] if "'account'" in " ".join(row)]
    return len(rows["crm__account"]), len(events)


def test_a_backup_taken_during_an_import_is_one_state_of_it(firm: Firm, tmp_path: Path) -> None:
    """Rows, events and change sets of the same moment, whatever the writer does meanwhile."""
    world, begun, ended = firm.world, threading.Event(), threading.Event()
    accounts_before, events_before = _of_accounts(contents(world.database))

    def write() -> None:
        ann = world.actor("ann")
        while not ended.is_set():
            with world.database.write() as unit:
                form = versions.current(unit).form("crm.account")
                set_ = changesets.open(unit, "import", "a.csv", ann.member)
                rows = [{"name": f"A{i}"} for i in range(50)]
                bulk.create_many(unit, ann, form, rows, via="import", change_set=set_)
            begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(60)
        made = making.create(firm.settings, making.Order(target=tmp_path / "a.tar"))
    finally:
        ended.set()
        thread.join()
    with firm.empty(tmp_path / "new") as settings:
        restoring.restore(settings, made.path)
        database = Database(settings)
        accounts, events = _of_accounts(contents(database))
        assert accounts > accounts_before and (accounts - accounts_before) % 50 == 0
        assert events - events_before == accounts - accounts_before
        seals.seal(database)
        assert seals.verify(database).is_whole
        database.dispose()
