"""What is removed keeps its data and comes back whole, until it is purged; then it is gone for good."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import BUILDER, KEEPER, column, document, fields, messages, people, publish
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.definitions.tables import building
from webapp.engines.forms import records
from webapp.engines.forms.structure.tables import columns_present
from webapp.errors import Conflict, Denied, NotFound
from webapp.journal.tables import event


def without(*keys: str, form: str = "account") -> dict[str, Any]:
    return document(lambda made: [fields(made, form).pop(k) for k in keys])


def finish(database: Database) -> None:
    storage.get().finish(database)


def columns(database: Database, *tables: str) -> dict[str, set[str]]:
    with database.read() as unit:
        return columns_present(unit, tables)


@pytest.fixture
def filled(database: Database) -> Database:
    publish(database, document())
    with database.write() as unit:
        people(unit)
        crm = versions.current(unit).app("crm")
        acme = records.create(
            unit, KEEPER, crm.forms["account"], {"name": "Acme", "industry": "steel", "tags": ["vip"]}
        )
        records.create(unit, KEEPER, crm.forms["deal"], {"name": "Big", "account": acme.id, "amount": "5"})
    return database


def test_a_removed_field_comes_back_whole(filled: Database) -> None:
    publish(filled, without("industry", "tags"), accept_loss=True)
    finish(filled)
    publish(filled, document())
    finish(filled)
    assert column(filled, "crm.account", "industry") == ["steel"]
    assert column(filled, "crm.account", "tags") == ["vip"]


def test_a_purged_field_is_gone_for_good(filled: Database) -> None:
    publish(filled, without("industry", "tags"), accept_loss=True)
    finish(filled)
    with pytest.raises(Conflict) as caught:
        versions.purge(filled, KEEPER, "crm", "account", "industry", accept_loss=False)
    assert messages(caught.value.detail["plan"]) == ["Account: 1 old values of industry are removed for good."]
    done = versions.purge(filled, KEEPER, "crm", "account", accept_loss=True)
    assert done.version == 3
    finish(filled)
    found = columns(filled, "crm__account", "crm__account__tags")
    assert not {"industry"} & found["crm__account"]
    assert "crm__account__tags" not in found
    publish(filled, document())
    finish(filled)
    assert column(filled, "crm.account", "industry") == [None]
    assert column(filled, "crm.account", "tags") == []
    with filled.read() as unit:
        told = unit.execute(sa.select(event.c.kind, event.c.via, event.c.form).where(event.c.kind == "purge")).all()
        assert told == [("purge", "system", "account")]
        form = versions.current(unit).form("crm.account")
        assert form.fields["industry"].column == "industry__2"  # a name is never given twice


def test_a_link_can_be_purged(filled: Database) -> None:
    made = without("account", form="deal")
    made["forms"]["deal"]["views"] = {}
    publish(filled, made, accept_loss=True)
    finish(filled)
    versions.purge(filled, KEEPER, "crm", "deal", "account", accept_loss=True)
    finish(filled)
    assert "account" not in columns(filled, "crm__deal")["crm__deal"]
    with filled.write() as unit:
        deal = versions.current(unit).form("crm.deal")
        assert records.update(unit, KEEPER, deal, 1, {"name": "Bigger"}).version == 2


def test_what_a_conversion_kept_can_be_purged(filled: Database) -> None:
    publish(filled, document(lambda made: fields(made, "account").update(industry={"kind": "text"})))
    finish(filled)
    versions.purge(filled, KEEPER, "crm", accept_loss=True)
    finish(filled)
    assert column(filled, "crm.account", "industry") == ["steel"]
    found = columns(filled, "crm__account")["crm__account"]
    assert "industry__2" in found and "industry" not in found


def test_a_purged_form_takes_the_links_that_led_to_it_along(filled: Database) -> None:
    made = without("account", form="deal")
    made["forms"]["deal"]["views"] = {}
    del made["forms"]["account"]
    made["roles"]["rep"]["forms"].pop("account")
    publish(filled, made, accept_loss=True)
    finish(filled)
    versions.purge(filled, KEEPER, "crm", "account", accept_loss=True)
    finish(filled)
    with filled.read() as unit:
        assert set(unit.execute(sa.select(building.c.state)).scalars()) == {"done"}
    found = columns(filled, "crm__account", "crm__account__tags", "crm__deal")
    assert list(found) == ["crm__deal"]
    assert "account" not in found["crm__deal"]
    publish(filled, document())
    assert column(filled, "crm.account", "name") == []
    assert column(filled, "crm.deal", "account") == [None]


def test_only_an_administrator_purges_and_only_what_is_left(filled: Database) -> None:
    with pytest.raises(Denied):
        versions.purge(filled, BUILDER, "crm", accept_loss=True)
    with pytest.raises(NotFound):
        versions.purge(filled, KEEPER, "crm", "account", "industry", accept_loss=True)
    assert not versions.purge(filled, KEEPER, "crm", accept_loss=True).is_changed


def test_a_purge_waits_until_the_app_is_built(filled: Database) -> None:
    publish(
        filled, document(lambda made: fields(made, "account").update(industry={"kind": "integer"})), accept_loss=True
    )
    with pytest.raises(Conflict, match="still being built"):
        versions.purge(filled, KEEPER, "crm", accept_loss=True)
