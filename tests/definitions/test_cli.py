"""`mortise app`: exit codes and outputs that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import document, fields, put
from webapp import cli
from webapp.definitions import versions
from webapp.definitions.document import dump
from webapp.journal.work import run_ready

Run = Any


@pytest.fixture
def run(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the test's database; answers exit code, output, errors."""
    settings = database.settings
    monkeypatch.setenv("MORTISE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("MORTISE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MORTISE_LOCALE", "en")
    monkeypatch.setattr("webapp.migrating.migrate", lambda *_, **__: None)

    def command(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([str(a) for a in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def file(made: dict[str, Any]) -> Path:
        path = tmp_path / "app.yaml"
        path.write_text(dump(made), encoding="utf-8")
        return path

    return file


def test_plan_answers_with_its_exit_code(run: Run, write: Any, database: Any) -> None:
    first = write(document())
    code, out, _ = run("app", "plan", first)
    assert (code, "The app Customers is new" in out) == (2, True)
    assert run("app", "apply", first, "--yes")[0] == 0
    assert run("app", "plan", first)[:2] == (0, "Nothing would change.\n")
    assert run("app", "plan", write(document(lambda m: fields(m).update(note={"kind": "text"}))))[0] == 2
    code, out, _ = run("app", "plan", write(document(hide_cost)), "--json")
    assert code == 2
    assert json.loads(out)["severity"] == "change"


def hide_cost(made: dict[str, Any]) -> None:
    fields(made).update(cost={"kind": "money", "currency": "CNY"})
    made["roles"]["rep"]["forms"]["deal"]["fields"] = {"cost": "hidden"}


def test_a_change_that_loses_data_exits_3_and_needs_consent(run: Run, write: Any, database: Any) -> None:
    from tests.definitions.small import put
    from webapp.definitions import versions

    run("app", "apply", write(document()), "--yes")
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.account"), name="Acme")
    lossy = write(document(lambda m: fields(m, "account").update(name={"kind": "integer"})))
    code, out, _ = run("app", "plan", lossy)
    assert (code, "1 of 1 values" in out) == (3, True)
    code, _, err = run("app", "apply", lossy, "--yes")
    assert (code, "consent" in err) == (1, True)
    assert run("app", "apply", lossy, "--yes", "--accept-loss", "--finish")[0] == 0


def test_a_broken_document_exits_1_and_names_every_problem(run: Run, write: Any) -> None:
    def spoil(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["title"] = "nam"
        made["roles"]["rep"]["forms"]["dael"] = {"may": {"see": True}}

    code, out, err = run("app", "validate", write(document(spoil)))
    assert (code, out) == (1, "")
    assert "forms.deal.title" in err
    assert "Did you mean “deal”?" in err
    assert run("app", "validate", write(document()))[0] == 0


def test_without_yes_it_asks_and_a_no_changes_nothing(run: Run, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, _, _ = run("app", "apply", write(document()))
    assert code == 130
    assert json.loads(run("app", "list", "--json")[1]) == []


def test_export_prints_what_was_published_and_rollback_takes_it_back(run: Run, write: Any) -> None:
    import yaml

    run("app", "apply", write(document()), "--yes")
    run("app", "apply", write(document(lambda m: fields(m).update(note={"kind": "text"}))), "--yes", "--note", "more")
    assert "note" in yaml.safe_load(run("app", "export", "crm")[1])["forms"]["deal"]["fields"]
    assert yaml.safe_load(run("app", "export", "crm", "--version", "1")[1]) == document()
    assert json.loads(run("app", "export", "crm", "--json")[1])["app"] == "crm"
    assert run("app", "rollback", "crm", "1", "--yes")[0] == 0
    history = json.loads(run("app", "history", "crm", "--json")[1])
    assert [(v["version"], v["note"]) for v in history] == [(3, "rollback 1"), (2, "more"), (1, None)]
    assert yaml.safe_load(run("app", "export", "crm")[1]) == document()


def test_what_is_not_there_exits_1_and_wrong_use_exits_2(run: Run) -> None:
    assert run("app", "export", "nope")[0] == 1
    assert run("app", "rollback", "nope", "1", "--yes")[0] == 1
    assert run("app", "plan", "/no/such/file")[0] == 2
    assert run("app", "schema")[0] == 0


def test_what_could_not_be_built_stands_in_the_history_and_in_the_jobs(run: Run, write: Any, database: Any) -> None:
    def unique(made: dict[str, Any]) -> None:
        fields(made, "account")["name"].update(unique=True)

    run("app", "apply", write(document()), "--yes")
    run("app", "apply", write(document(unique)), "--yes")
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        put(unit, form, name="Acme")
        put(unit, form, name="acme")
    run_ready(database)
    told = "Account: Name is not kept free of duplicates yet; there are some (records in brackets): “acme” (1, 2)"
    assert told in run("app", "history", "crm")[1]
    newest, first = json.loads(run("app", "history", "crm", "--json")[1])
    assert (newest["unbuilt"][0]["message"], newest["unbuilt"][0]["field"], first["unbuilt"]) == (told, "name", [])
    (failed,) = json.loads(run("jobs", "list", "--state", "failed", "--json")[1])
    assert (failed["kind"], failed["key"], failed["result"]["unbuilt"][0]["version"]) == ("definition", "crm", 2)
    assert run("app", "retry", "crm", "--finish")[:2] == (1, told + "\n")
    with database.write() as unit:
        unit.execute(sa.update(form.table).where(form.table.c.id == 2).values(name="Other", name__f="other"))
    assert run("app", "retry", "crm")[:2] == (0, "1 pieces of work are tried again.\n")
    assert run("app", "retry", "crm", "--finish")[:2] == (0, "Nothing is missing.\n")
