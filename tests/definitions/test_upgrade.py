"""An app from the catalog is brought up to the catalog's newer document, and what the firm made of it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.definitions.small import KEEPER, REP, document, fields, publish, put
from tests.definitions.test_cli import run  # noqa: F401  (a fixture)
from webapp import catalog
from webapp.db import Database
from webapp.definitions import versions
from webapp.definitions.document import dump
from webapp.errors import Conflict, Denied, Invalid, NotFound

Run = Any


def start(database: Database, made: dict[str, Any] | None = None) -> None:
    versions.start(database, KEEPER, made or document())


def proposed(database: Database, newer: dict[str, Any]) -> versions.Upgrade:
    with database.read() as unit:
        return versions.propose(unit, "crm", newer)


def in_force(database: Database) -> dict[str, Any]:
    with database.read() as unit:
        return dict(versions.document(unit, "crm").source)


def with_note(made: dict[str, Any]) -> None:
    fields(made).update(note={"kind": "text"})


def test_what_the_catalog_brings_is_published_beside_what_the_firm_changed(database: Database) -> None:
    start(database)
    publish(database, document(lambda made: fields(made)["name"].update(label="Subject")))
    found = proposed(database, document(with_note))
    assert found.plan.severity == "change"
    done = versions.upgrade(database, KEEPER, found)
    assert done.version == 3
    assert fields(in_force(database))["name"]["label"] == "Subject"
    assert "note" in fields(in_force(database))
    assert proposed(database, document(with_note)).plan.is_empty


def test_an_app_of_which_nobody_knows_where_it_came_from_follows_once_that_is_said(database: Database) -> None:
    publish(database, document())
    publish(database, document(lambda made: fields(made)["name"].update(label="Subject")))
    with pytest.raises(NotFound, match="--base 1"):
        proposed(database, document(with_note))
    with database.read() as unit:
        with pytest.raises(NotFound, match="no version 9"):
            versions.propose(unit, "crm", document(with_note), began=9)
        assert not versions.follows(unit, "crm")
        found = versions.propose(unit, "crm", document(with_note), began=1)
    versions.upgrade(database, KEEPER, found)
    assert fields(in_force(database))["name"]["label"] == "Subject", "what the firm changed since stays"
    assert "note" in fields(in_force(database))
    assert proposed(database, document(with_note)).plan.is_empty, "from now on it is written down"


def test_a_dispute_is_told_once_and_the_firms_stands_from_then_on(database: Database) -> None:
    start(database)
    publish(database, document(lambda made: fields(made)["name"].update(label="Subject")))
    newer = document(lambda made: fields(made)["name"].update(label="Title"))
    found = proposed(database, newer)
    assert [(d.path, d.yours, d.theirs) for d in found.disputed] == [
        ("forms.deal.fields.name.label", "Subject", "Title")
    ]
    assert found.plan.is_empty
    assert not versions.upgrade(database, KEEPER, found).is_changed
    assert proposed(database, newer).disputed == []
    assert fields(in_force(database))["name"]["label"] == "Subject"


def test_what_would_break_something_of_the_firms_is_left_out_with_the_reason(database: Database) -> None:
    """The firm's own view shows a field that the catalog drops; the rest of the newer text is taken."""

    def newer(made: dict[str, Any]) -> None:
        with_note(made)
        made["forms"]["account"]["fields"].pop("industry")

    def own_view(made: dict[str, Any]) -> None:
        made["forms"]["account"]["views"] = {"mine": {"kind": "grid", "columns": ["name", "industry"]}}

    start(database)
    publish(database, document(own_view))
    found = proposed(database, document(newer))
    assert [(d.path, d.by) for d in found.disputed] == [("forms.account.fields.industry", "refused")]
    assert "industry" in found.disputed[0].problem.text("en")
    versions.upgrade(database, KEEPER, found)
    assert "industry" in fields(in_force(database), "account")
    assert "note" in fields(in_force(database))


def test_what_needs_a_field_the_firm_removed_is_left_out(database: Database) -> None:
    def without_amount(made: dict[str, Any]) -> None:
        fields(made).pop("amount")
        made["forms"]["deal"]["views"] = {}

    def newer(made: dict[str, Any]) -> None:
        with_note(made)
        made["forms"]["deal"]["views"]["rich"] = {"kind": "grid", "columns": ["name", "amount"]}

    start(database)
    publish(database, document(without_amount))
    found = proposed(database, document(newer))
    assert [d.path for d in found.disputed] == ["forms.deal.views.rich"]
    versions.upgrade(database, KEEPER, found)
    assert in_force(database)["forms"]["deal"]["views"] == {}
    assert "note" in fields(in_force(database))


def test_a_field_the_catalog_renames_keeps_its_values(database: Database) -> None:
    def newer(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["fields"] = {
            ("worth" if key == "amount" else key): ({**item, "was": "amount"} if key == "amount" else item)
            for key, item in fields(made).items()
        }
        made["forms"]["deal"]["views"]["all"].update(columns=["name", "account", "worth"], sort=["-worth"])
        made["forms"]["deal"]["views"]["board"]["total"] = "worth"

    start(database)
    publish(database, document(with_note))
    with database.read() as unit:
        column = versions.current(unit).form("crm.deal").fields["amount"].column
    versions.upgrade(database, KEEPER, proposed(database, document(newer)))
    with database.read() as unit:
        form = versions.current(unit).form("crm.deal")
    assert (list(form.fields), form.fields["worth"].column) == (["name", "account", "worth", "stage", "note"], column)


def test_a_broken_text_of_the_catalog_is_refused_with_its_problems(database: Database) -> None:
    start(database)
    with pytest.raises(Invalid):
        proposed(database, document(lambda made: fields(made)["name"].update(colour="red")))


def test_loss_needs_consent_and_only_a_builder_upgrades(database: Database) -> None:
    start(database)
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.account"), name="Acme")
    found = proposed(database, document(lambda made: fields(made, "account").update(name={"kind": "integer"})))
    assert found.plan.severity == "loss"
    with pytest.raises(Conflict):
        versions.upgrade(database, KEEPER, found)
    with pytest.raises(Denied):
        versions.upgrade(database, REP, found, accept_loss=True)
    assert versions.upgrade(database, KEEPER, found, accept_loss=True).version == 2


def test_who_published_meanwhile_is_not_overwritten(database: Database) -> None:
    start(database)
    found = proposed(database, document(with_note))
    publish(database, document(lambda made: fields(made)["name"].update(label="Subject")))
    with pytest.raises(Conflict):
        versions.upgrade(database, KEEPER, found)


def test_a_rollback_also_takes_back_what_the_app_follows(database: Database) -> None:
    start(database)
    versions.upgrade(database, KEEPER, proposed(database, document(with_note)))
    versions.rollback(database, KEEPER, "crm", 1)
    again = proposed(database, document(with_note))
    assert [d.path for d in again.merged.by("catalog")] == ["forms.deal.fields.note"]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A catalog of the test's own; answers a function that puts the next text of `crm` into it."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    monkeypatch.setattr(catalog, "_FOLDER", folder)

    def put_there(made: dict[str, Any]) -> None:
        (folder / "crm.yaml").write_text(dump(made), encoding="utf-8")

    return put_there


def test_the_command_shows_and_publishes_with_the_exit_codes_of_plan_and_apply(
    run: Run,  # noqa: F811
    shelf: Any,
    database: Database,
) -> None:
    shelf(document())
    assert run("init", "--app", "crm")[0] == 0
    assert run("app", "upgrade", "crm")[:2] == (0, "Nothing would change.\n")
    publish(database, document(lambda made: fields(made)["name"].update(label="Subject")))

    def newer(made: dict[str, Any]) -> None:
        with_note(made)
        fields(made)["name"].update(label="Title")

    shelf(document(newer))
    code, out, _ = run("app", "upgrade", "crm")
    assert (code, "forms.deal.fields.note" in out) == (2, True)
    assert 'forms.deal.fields.name.label: yours "Subject", catalog "Title"' in out
    code, out, _ = run("app", "upgrade", "crm", "--json")
    told = json.loads(out)
    assert (code, told["severity"], told["merge"]["catalog"]) == (2, "change", ["forms.deal.fields.note"])
    assert told["merge"]["conflicts"] == [
        {"path": "forms.deal.fields.name.label", "yours": "Subject", "catalog": "Title"}
    ]
    assert run("app", "upgrade", "crm", "--yes", "--finish")[0] == 0
    assert run("app", "upgrade", "crm")[0] == 0
    assert "note" in fields(in_force(database))


def test_the_command_exits_3_where_data_would_be_lost_and_1_where_there_is_nothing(
    run: Run,  # noqa: F811
    shelf: Any,
    database: Database,
) -> None:
    shelf(document())
    run("init", "--app", "crm")
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.account"), name="Acme")
    shelf(document(lambda made: fields(made, "account").update(name={"kind": "integer"})))
    assert run("app", "upgrade", "crm")[0] == 3
    assert run("app", "upgrade", "crm", "--yes")[0] == 1
    assert run("app", "upgrade", "crm", "--yes", "--accept-loss", "--finish")[0] == 0
    assert run("app", "upgrade", "nope")[0] == 1
