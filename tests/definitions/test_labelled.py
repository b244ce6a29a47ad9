"""The SQL views with labels that other tools read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tests.definitions.small import document, fields, people, publish, put
from webapp.db import Database
from webapp.definitions import versions


def rows(database: Database, view: str) -> list[dict[str, Any]]:
    with database.read() as unit:
        return [dict(row._mapping) for row in unit.execute(sa.text(f'SELECT * FROM "{view}"'))]


def test_a_view_shows_labels_names_and_numbers_as_people_write_them(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        people(unit)
        definitions = versions.current(unit)
        account, deal = definitions.form("crm.account"), definitions.form("crm.deal")
        put(unit, account, name="Acme", industry="steel", tags=("vip", "new"))
        put(unit, deal, name="D", account=1, amount=Decimal("1234.50"), stage="contact", owner=3)
    found = rows(database, "view__crm__deal")
    assert len(found) == 1
    assert found[0]["stage"] == "初步接触"
    assert found[0]["account"] == "Acme"
    assert found[0]["account ID"] == 1
    assert float(found[0]["amount"]) == 1234.5
    assert found[0]["负责人"] == "Ann"
    assert rows(database, "view__crm__account")[0]["tags"] == "vip, new"
    assert rows(database, "view__crm__account")[0]["名称"] == "Acme"


def test_a_view_follows_every_version_and_leaves_with_its_form(database: Database) -> None:
    publish(database, document())
    publish(database, document(lambda m: fields(m).update(note={"kind": "text", "label": "Note"})))
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.deal"), name="D", note="x")
    assert rows(database, "view__crm__deal")[0]["Note"] == "x"

    def remove(made: dict[str, Any]) -> None:
        del made["forms"]["deal"], made["roles"]["rep"]["forms"]["deal"]

    publish(database, document(remove))
    with database.read() as unit:
        assert "view__crm__deal" not in sa.inspect(unit.connection).get_view_names()


def test_labels_with_odd_signs_and_twice_the_same_do_no_harm(database: Database) -> None:
    odd = "50% \"off\" 'now'; :x %(y)s {z} `--"

    def spoil(made: dict[str, Any]) -> None:
        for key in ("one", "two"):
            fields(made)[key] = {"kind": "text", "label": odd}
        fields(made)["three"] = {"kind": "text", "label": "长" * 60}
        fields(made)["stage"]["options"][0]["label"] = odd

    publish(database, document(spoil))
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.deal"), name="D", one="1", two="2", three="3", stage="contact")
    found = rows(database, "view__crm__deal")[0]
    assert found[odd] == "1"
    assert found[f"{odd} (two)"] == "2"
    assert found["stage"] == odd


def test_binned_records_are_not_in_it(database: Database) -> None:
    from webapp import clock

    publish(database, document())
    with database.write() as unit:
        deal = versions.current(unit).form("crm.deal")
        put(unit, deal, name="D")
        unit.execute(sa.update(deal.table).values(deleted_at=clock.now()))
    assert rows(database, "view__crm__deal") == []


def test_a_view_of_somebody_built_on_it_does_not_stop_publishing(postgres_database: Database) -> None:
    database = postgres_database
    publish(database, document())
    with database.write() as unit:
        unit.execute(sa.text("CREATE VIEW mine AS SELECT name FROM view__crm__deal"))
    assert publish(database, document(lambda m: fields(m).update(note={"kind": "text"}))).version == 2
    assert rows(database, "mine") == []


def test_the_labels_follow_the_language_of_the_firm(database: Database) -> None:
    from webapp.access import firm

    with database.write() as unit:
        firm.write(unit, "locale", "en")
    publish(database, document())
    with database.read() as unit:
        names = list(unit.execute(sa.text("SELECT * FROM view__crm__account")).keys())
    assert "Name" in names and "名称" not in names
