"""Putting versions into force: tables, names that stay, conflicts, rights, and what comes back whole."""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import BUILDER, KEEPER, REP, column, document, fields, messages, people, publish, put
from webapp.access.actor import Actor
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.definitions.tables import app_version
from webapp.errors import Conflict, Denied, Invalid, NotFound


def finish(database: Database) -> None:
    storage.get().finish(database)


def columns(database: Database, table: str) -> set[str]:
    with database.read() as unit:
        return {c["name"] for c in sa.inspect(unit.connection).get_columns(table)}


def test_a_new_app_gets_its_tables_and_is_in_force_at_once(database: Database) -> None:
    made = publish(database, document())
    assert (made.version, made.is_changed) == (1, True)
    assert {"id", "m__client", "amount", "name", "name__f", "name__s", "stage"} <= columns(database, "crm__deal")
    with database.read() as unit:
        definitions = versions.current(unit)
        deal = definitions.form("crm.deal")
        assert deal.names["account"].type.target == "crm.account"
        assert definitions.form("crm.account").names["deals"].reverse_of == "account"
        assert definitions.app("crm").roles["rep"].forms["crm.deal"].may["see"] == "own"
        assert deal.table.c.account.foreign_keys


def test_every_unit_gets_the_same_object_until_something_is_published(database: Database) -> None:
    publish(database, document())
    with database.read() as unit:
        first = versions.current(unit)
        assert versions.current(unit) is first
    with database.write() as unit:
        assert versions.current(unit) is first
    publish(database, document(lambda made: fields(made).update(note={"kind": "text"})))
    with database.read() as unit:
        assert versions.current(unit) is not first


def test_publishing_the_same_again_changes_nothing(database: Database) -> None:
    publish(database, document())
    again = publish(database, document())
    assert (again.version, again.is_changed, again.plan.severity) == (1, False, "none")


def test_a_unit_that_began_before_an_apply_keeps_its_definitions(postgres_database: Database) -> None:
    publish(postgres_database, document())
    with postgres_database.read() as unit:
        unit.execute(sa.text("select 1"))
        publish(postgres_database, document(lambda made: fields(made).update(note={"kind": "text"})))
        assert "note" not in versions.current(unit).form("crm.deal").fields
    with postgres_database.read() as unit:
        assert "note" in versions.current(unit).form("crm.deal").fields


def test_a_renamed_field_keeps_its_column_and_data(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.deal"), name="A", amount=Decimal("12.50"))

    def rename(made: dict[str, Any]) -> None:
        found = fields(made)
        found["worth"] = {**found.pop("amount"), "was": "amount"}
        made["forms"]["deal"]["views"]["all"].update(columns=["name", "worth"], sort=["-worth"])
        made["forms"]["deal"]["views"]["board"]["total"] = "worth"

    applied = publish(database, document(rename))
    assert "Deal: amount is now called worth." in messages(applied.plan)
    assert not any("goes" in text or "is new" in text for text in messages(applied.plan))
    assert column(database, "crm.deal", "worth") == [Decimal("12.50")]


def test_a_renamed_form_keeps_its_table_and_data(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.deal"), name="A")

    def rename(made: dict[str, Any]) -> None:
        made["forms"]["chance"] = {**made["forms"].pop("deal"), "was": "deal"}
        made["roles"]["rep"]["forms"]["chance"] = made["roles"]["rep"]["forms"].pop("deal")

    applied = publish(database, document(rename))
    assert any("is now called chance" in text for text in messages(applied.plan))
    assert column(database, "crm.chance", "name") == ["A"]
    with database.read() as unit:
        assert versions.current(unit).form("crm.chance").table.name == "crm__deal"


def test_a_removed_field_comes_back_whole_with_its_data(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        account = versions.current(unit).form("crm.account")
        put(unit, account, name="A", industry="steel", tags=("vip", "new"))
    gone = publish(database, document(lambda made: [fields(made, "account").pop(k) for k in ("industry", "tags")]))
    assert gone.plan.severity == "change"
    assert sum("its data is kept" in text for text in messages(gone.plan)) == 2
    back = publish(database, document())
    assert sum("comes back with its data" in text for text in messages(back.plan)) == 2
    assert column(database, "crm.account", "industry") == ["steel"]
    assert column(database, "crm.account", "tags") == ["vip", "new"]


def test_a_removed_form_comes_back_with_its_records(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.deal"), name="A")

    def remove(made: dict[str, Any]) -> None:
        del made["forms"]["deal"], made["roles"]["rep"]["forms"]["deal"]

    gone = publish(database, document(remove))
    assert "The form Deal goes; its 1 records are kept and come back with it." in messages(gone.plan)
    with database.read() as unit, pytest.raises(NotFound):
        versions.current(unit).form("crm.deal")
    publish(database, document())
    assert column(database, "crm.deal", "name") == ["A"]


def test_a_key_given_again_to_another_kind_gets_a_column_of_its_own(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.account"), name="A", industry="steel")
    publish(database, document(lambda made: fields(made, "account").pop("industry")))
    publish(database, document(lambda made: fields(made, "account").update(industry={"kind": "date"})))
    with database.read() as unit:
        assert versions.current(unit).form("crm.account").fields["industry"].column == "industry__2"
    publish(database, document(), accept_loss=True)
    finish(database)
    with database.read() as unit:
        assert versions.current(unit).form("crm.account").fields["industry"].column == "industry"
    assert column(database, "crm.account", "industry") == ["steel"]


def test_a_rollback_is_a_new_version_with_the_old_document(database: Database) -> None:
    publish(database, document())
    publish(database, document(lambda made: fields(made).update(note={"kind": "text"})))
    back = versions.rollback(database, KEEPER, "crm", 1)
    assert back.version == 3
    with database.read() as unit:
        assert "note" not in versions.current(unit).form("crm.deal").fields
        assert versions.document(unit, "crm").source == versions.document(unit, "crm", 1).source
        assert [(v.version, v.is_current) for v in versions.history(unit, "crm")] == [
            (3, True),
            (2, False),
            (1, False),
        ]
    with pytest.raises(NotFound):
        versions.rollback(database, KEEPER, "crm", 99)


def test_who_publishes_late_is_told_who_won(database: Database) -> None:
    with database.write() as unit:
        people(unit)
    publish(database, document())
    publish(database, document(lambda m: fields(m).update(a={"kind": "text"})), BUILDER, expect_version=1)
    with pytest.raises(Conflict, match=r"Bo published version 2"):
        publish(database, document(lambda m: fields(m).update(b={"kind": "text"})), expect_version=1)
    with database.read() as unit:
        assert "b" not in versions.current(unit).form("crm.deal").fields


def test_of_two_applies_at_once_one_wins_and_the_other_is_told(database: Database) -> None:
    with database.write() as unit:
        people(unit)
    publish(database, document())
    barrier = threading.Barrier(4)
    outcomes: list[Any] = []

    def attempt(i: int) -> None:
        made = document(lambda m: fields(m).update({f"f{i}": {"kind": "text"}}))
        barrier.wait()
        try:
            outcomes.append(publish(database, made, expect_version=1).version)
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=attempt, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o for o in outcomes if isinstance(o, int)] == [2]
    assert all("Kay published version 2" in str(o) for o in outcomes if not isinstance(o, int))


def test_two_apps_published_at_once_both_succeed(database: Database) -> None:
    publish(database, document())
    barrier = threading.Barrier(3)
    failed: list[BaseException] = []

    def attempt(i: int) -> None:
        made = {"mortise": 1, "app": f"app{i}", "forms": {"a": {"fields": {"name": {"kind": "text"}}}}}
        barrier.wait()
        try:
            publish(database, made)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=attempt, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with database.read() as unit:
        assert set(versions.current(unit).apps) == {"crm", "app0", "app1", "app2"}


def test_only_a_builder_of_the_app_may_publish_it(database: Database) -> None:
    for actor in (REP, Actor(5, "x", roles=frozenset({"builder:other"})), Actor(6, "x", roles=frozenset({"auditor"}))):
        with pytest.raises(Denied):
            publish(database, document(), actor)
    with pytest.raises(Denied):
        publish(database, document(), Actor(1, "t", roles=frozenset({"keeper"}), scope="read"))
    assert publish(database, document(), BUILDER).version == 1


def test_a_refused_document_leaves_nothing_behind(database: Database) -> None:
    publish(database, document())
    with pytest.raises(Invalid):
        publish(database, document(lambda m: fields(m).update(x={"kind": "link", "to": "nowhere"})))
    with database.read() as unit:
        assert unit.execute(sa.select(sa.func.count()).select_from(app_version)).scalar() == 1


def test_an_apply_that_fails_in_the_middle_leaves_nothing_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, document())
    monkeypatch.setattr(storage.get(), "labelled_views", lambda *_: 1 / 0, raising=False)
    with pytest.raises(ZeroDivisionError):
        publish(database, document(lambda m: fields(m).update(note={"kind": "text"})))
    monkeypatch.undo()
    assert "note" not in columns(database, "crm__deal")
    with database.read() as unit:
        assert versions.current(unit).app("crm").version == 1
    assert publish(database, document(lambda m: fields(m).update(note={"kind": "text"}))).version == 2


def test_a_long_read_delays_an_apply_no_longer_than_it_lasts(postgres_database: Database) -> None:
    database = postgres_database
    publish(database, document())
    with database.write() as unit:
        put(unit, versions.current(unit).form("crm.deal"), name="A")
    started, done = threading.Event(), threading.Event()

    def read() -> None:
        with database.read() as unit:
            unit.execute(sa.text("select * from crm__deal")).all()
            started.set()
            done.wait(3)

    reader = threading.Thread(target=read)
    reader.start()
    started.wait(5)
    began = time.monotonic()
    applied = publish(database, document(lambda m: fields(m).update(note={"kind": "text"})))
    reader.join()
    assert applied.version == 2
    assert time.monotonic() - began < 12


def test_links_in_a_circle_between_new_forms_are_made(database: Database) -> None:
    made = {
        "mortise": 1,
        "app": "ring",
        "forms": {
            "a": {"fields": {"name": {"kind": "text"}, "b": {"kind": "link", "to": "b"}}},
            "b": {
                "fields": {
                    "name": {"kind": "text"},
                    "a": {"kind": "link", "to": "a"},
                    "up": {"kind": "link", "to": "b"},
                }
            },
        },
    }
    publish(database, made)
    with database.read() as unit:
        b = versions.current(unit).form("ring.b")
        assert {k for k, f in b.names.items() if f.reverse_of} == {"as", "bs"}


def test_an_app_may_link_to_another_it_uses_and_is_checked_with_it(database: Database) -> None:
    publish(database, document())
    service = {
        "mortise": 1,
        "app": "service",
        "uses": ["crm"],
        "forms": {
            "ticket": {
                "fields": {
                    "name": {"kind": "text"},
                    "account": {"kind": "link", "to": "crm.account", "reverse": "tickets"},
                }
            }
        },
    }
    publish(database, service)
    with database.read() as unit:
        definitions = versions.current(unit)
        assert definitions.form("crm.account").names["tickets"].type.target == "service.ticket"

    def remove(made: dict[str, Any]) -> None:
        del made["forms"]["account"], made["roles"]["rep"]["forms"]["account"]
        del made["forms"]["deal"]["fields"]["account"]
        made["forms"]["deal"]["views"] = {}

    with pytest.raises(Invalid) as caught:
        publish(database, document(remove))
    assert [p.path for p in caught.value.problems] == ["service: forms.ticket.fields.account.to"]
