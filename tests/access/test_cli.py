from __future__ import annotations

import io
import json

import pytest

from tests.conftest import settings_for
from webapp.access import actors, departments, members, passwords
from webapp.db import Database
from webapp.journal import due


@pytest.fixture
def mortise(tmp_path, monkeypatch, capsys):
    """Run the command on a machine of its own: `mortise("user", "list", stdin="…")` → exit code, output, errors."""
    from webapp import cli

    monkeypatch.setenv("MORTISE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MORTISE_PASSWORD_MEMORY", "8")
    monkeypatch.setenv("MORTISE_LOCALE", "en")

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = cli.run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def machine(tmp_path, mortise):
    code, _, err = mortise(
        "init", "--email", "admin@firm.example", "--firm", "岚川", "--password-stdin", stdin="a good long one\n"
    )
    assert code == 0, err
    database = Database(settings_for(tmp_path))
    yield database
    database.dispose()


def test_init_makes_the_first_administrator_once(machine, mortise):
    with machine.read() as unit:
        admin = members.by_email(unit, "admin@firm.example")
        assert actors.of_member(unit, admin.id).is_keeper
    code, _, err = mortise("init", "--email", "b@firm.example", "--password-stdin", stdin="a good long one\n")
    assert code == 0 and "already" in err
    with machine.read() as unit:
        assert members.by_email(unit, "b@firm.example") is None


def test_init_without_an_address_prints_a_set_up_link(mortise):
    code, out, _ = mortise("--json", "init")
    assert code == 0
    assert "/setup/" in json.loads(out)["link"]


def test_init_refuses_an_unknown_starter_app_before_it_makes_anything(tmp_path, mortise):
    code, _, err = mortise("init", "--app", "nonsense")
    assert code == 1 and "nonsense" in err
    assert not (tmp_path / "mortise.db").exists()


def test_a_member_is_added_listed_given_a_password_and_disabled(machine, mortise):
    code, out, err = mortise(
        "--json", "user", "add", "Ann@firm.example", "--name", "Ann", "--role", "auditor", "--password-stdin",
        stdin="a good long one\n",
    )  # fmt: skip
    assert code == 0, err
    ann = json.loads(out)["id"]
    listed = json.loads(mortise("--json", "user", "list")[1])
    assert [(one["email"], one["roles"]) for one in listed if one["id"] == ann] == [("ann@firm.example", "auditor")]
    assert mortise("user", "reset-password", "ann@firm.example", "--password-stdin", stdin="quite another\n")[0] == 0
    with machine.read() as unit:
        kept = unit.execute(members.member.select().where(members.member.c.id == ann)).one().password
    assert passwords.is_right(machine.settings, kept, "quite another")
    with machine.write() as unit:
        admin = actors.of_member(unit, 1)
        east = departments.add(unit, admin, "East", head=ann)
    code, _, err = mortise("user", "disable", "ann@firm.example", "--heir", "ann@firm.example")
    assert code == 1 and "somebody else" in err
    assert mortise("user", "disable", "ann@firm.example", "--heir", "admin@firm.example")[0] == 0
    with machine.read() as unit:
        assert departments.get(unit, east).head == 1
        assert [job.payload["heir"] for job in due.listed(unit, kind="records.handover")] == [1]
    assert ann not in [one["id"] for one in json.loads(mortise("--json", "user", "list")[1])]


def test_what_goes_wrong_is_said_and_nothing_is_done(machine, mortise):
    code, _, err = mortise("user", "add", "x@firm.example", "--name", "X", "--password-stdin", stdin="short\n")
    assert code == 1 and "10" in err
    code, _, err = mortise(
        "user", "add", "x@firm.example", "--name", "X", "--role", "keper", "--password-stdin", stdin="a good long one\n"
    )
    assert code == 1 and "keper" in err
    with machine.read() as unit:
        assert members.by_email(unit, "x@firm.example") is None
    code, _, err = mortise("user", "disable", "admin@firm.example")
    assert code == 1 and "last" in err
    assert mortise("user", "disable", "nobody@firm.example")[0] == 1


def test_a_token_is_printed_once_and_works(machine, mortise):
    code, out, err = mortise("token", "create", "--user", "admin@firm.example", "--name", "books", "--scope", "read")
    assert code == 0, err
    secret = out.strip()
    assert secret.startswith("mt_")
    with machine.read() as unit:
        actor = actors.of_token(unit, secret)
    assert actor.kind == "token" and not actor.may_write
    code, _, err = mortise("token", "create", "--user", "admin@firm.example", "--name", "x", "--expires", "2020-01-01")
    assert code == 1 and "passed" in err
