"""The command as scripts use it: exit codes, JSON, errors in the keeper's language."""

import json
import subprocess
import sys

import pytest
import sqlalchemy as sa

from tests.journal.test_events import row, settle
from webapp import cli, migrating
from webapp.db import Database
from webapp.journal import changesets, due, events, seals
from webapp.journal.tables import event


@pytest.fixture
def mortise(database: Database, monkeypatch, capsys):
    """`mortise("jobs", "list")` → (exit code, standard output, standard error)."""
    monkeypatch.setenv("MORTISE_DATA_DIR", str(database.settings.data_dir))
    monkeypatch.setenv("MORTISE_DATABASE_URL", database.settings.database_url)
    monkeypatch.setenv("MORTISE_LOCALE", "en")
    with database.write() as unit:  # the tests' databases are made without steps
        unit.execute(sa.text(f"CREATE TABLE IF NOT EXISTS {migrating.VERSION_TABLE} (version_num VARCHAR(32))"))
        unit.execute(sa.text(f"DELETE FROM {migrating.VERSION_TABLE}"))
        unit.execute(sa.text(f"INSERT INTO {migrating.VERSION_TABLE} VALUES ('{migrating.head()}')"))

    def run(*arguments):
        capsys.readouterr()
        code = cli.run(list(arguments))
        return (code, *capsys.readouterr())

    return run


def test_help_imports_neither_commands_nor_database():
    script = "import sys; from webapp.cli import run; run(['--help']); print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "audit" in done.stdout and done.stdout.endswith("False\n")


def test_every_command_that_is_there_can_be_called(mortise):
    for name in cli.mortise.list_commands(None):
        code, out, _ = mortise(name, "--help")
        assert code == 0 and f"mortise {name}" in out, name


def test_jobs_are_listed_for_people_and_for_programs(database: Database, mortise):
    with database.write() as unit:
        id = due.add(unit, "nobody", "key", {"n": 1})
    code, out, _ = mortise("jobs", "list")
    assert code == 0 and f"{id}" in out and "waiting" in out and "State" in out
    for arguments in (("--json", "jobs", "list"), ("jobs", "list", "--json")):
        code, out, _ = mortise(*arguments)
        assert [(job["id"], job["state"]) for job in json.loads(out)] == [(id, "waiting")]
    assert json.loads(mortise("jobs", "list", "--state", "done", "--json")[1]) == []


def test_a_job_is_cancelled_once(database: Database, mortise):
    with database.write() as unit:
        id = due.add(unit, "nobody", "key", {})
    assert mortise("jobs", "cancel", str(id))[0] == 0
    code, _, err = mortise("jobs", "cancel", str(id))
    assert (code, err) == (1, f"Job {id} is already cancelled.\n")


def test_errors_are_in_the_keepers_language(mortise, monkeypatch):
    monkeypatch.setenv("MORTISE_LOCALE", "zh")
    assert mortise("jobs", "cancel", "77") == (1, "", "没有编号为 77 的后台任务。\n")


def test_wrong_use_is_2(mortise):
    assert mortise("jobs", "cancel", "x")[0] == 2
    assert mortise("no-such")[0] == 2


def test_change_sets_are_listed(database: Database, mortise):
    with database.write() as unit:
        id = changesets.open(unit, "import", "leads.xlsx", None)
        events.append(unit, [row(n, change_set=id) for n in range(3)])
    (found,) = json.loads(mortise("change-set", "list", "--json")[1])
    assert (found["id"], found["title"], found["events"], found["state"]) == (id, "leads.xlsx", 3, "open")


def test_a_rewritten_journal_is_exit_1(database: Database, mortise):
    with database.write() as unit:
        events.append(unit, [row(n) for n in range(5)])
    settle(database)
    assert mortise("audit", "seal")[:2] == (0, "5 events sealed.\n")
    assert mortise("audit", "verify")[0] == 0
    with database.write() as unit:
        unit.execute(event.update().where(event.c.record == 3).values(kind="created"))
    code, out, _ = mortise("audit", "verify", "--json")
    assert (code, json.loads(out)["broken"], json.loads(out)["is_whole"]) == (1, 1, False)
    assert seals.verify(database).broken == 1


def test_an_empty_database_is_made_by_the_first_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MORTISE_DATA_DIR", str(tmp_path / "new"))
    assert cli.run(["jobs", "list", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
    assert (tmp_path / "new" / "mortise.db").exists()
