"""Indexes behind an apply: derived from what asks for them, built by a worker, and what the data does not let be built."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import (
    KEEPER,
    REP,
    accounts,
    document,
    fields,
    finish,
    messages,
    people,
    publish,
)
from webapp import clock
from webapp.db import Database
from webapp.definitions import versions
from webapp.engines.forms.structure import building as builder
from webapp.engines.forms.structure import indexes, indexing
from webapp.errors import Conflict, Denied, NotFound
from webapp.journal import due, work


def present(database: Database, table: str) -> set[str]:
    with database.read() as unit:
        return set(indexing.present(unit, table))


def wanted(database: Database, form: str) -> list[Any]:
    with database.read() as unit:
        definitions = versions.current(unit)
        return indexes.derived(definitions, definitions.form(form), unit.dialect)


def test_a_new_form_has_its_indexes_at_once(database: Database) -> None:
    publish(database, document())
    assert present(database, "crm__deal") == {i.name for i in wanted(database, "crm.deal")}
    texts = [i.sql for i in wanted(database, "crm.deal")]
    assert any('("stage", "amount"' in t for t in texts), "heads of the board"
    assert any('"owner", "stage"' in t for t in texts), "a rep sees his own"
    assert all("deleted_at IS NULL" in t or '"account" IS NOT NULL' in t for t in texts)


def test_a_new_view_brings_its_index_and_an_old_one_takes_it_along(database: Database) -> None:
    publish(database, document())
    before = present(database, "crm__deal")
    view = {"kind": "grid", "filter": "stage = 'won'", "sort": ["name"]}
    applied = publish(database, document(lambda m: m["forms"]["deal"]["views"].update(won=view)))
    assert any("indexes are built" in text for text in messages(applied.plan))
    finish(database)
    names = present(database, "crm__deal")
    assert names == {i.name for i in wanted(database, "crm.deal")} != before
    assert any('"stage", "name__s"' in i.sql for i in wanted(database, "crm.deal"))
    publish(database, document())
    finish(database)
    assert present(database, "crm__deal") == before


def test_a_list_by_amount_and_a_board_head_use_their_indexes(database: Database) -> None:
    publish(database, document())
    with database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        now = clock.now()
        rows = [
            {
                "created_at": now,
                "updated_at": now,
                "amount": Decimal(i),
                "stage": "won" if i % 5 else "quote",
                "owner": i,
            }
            for i in range(5000)
        ]
        unit.execute(sa.insert(form.table), rows)
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("VACUUM ANALYZE crm__deal")
    nulls = "" if database.is_sqlite else "NULLS LAST"
    page = f"SELECT * FROM crm__deal WHERE deleted_at IS NULL ORDER BY amount DESC {nulls}, id DESC LIMIT 50"
    head = "SELECT stage, count(*), sum(amount) FROM crm__deal WHERE deleted_at IS NULL AND owner = 7 GROUP BY stage"
    for query in (page, head):
        explained = _explain(database, query)
        assert "mx_crm__deal_" in explained, explained
        assert "TEMP B-TREE FOR ORDER" not in explained


def _explain(database: Database, query: str) -> str:
    with database.read() as unit:
        word = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        return "\n".join(str(tuple(row)) for row in unit.execute(sa.text(word + query)))


def test_no_form_has_more_than_twelve_besides_the_unique_ones(database: Database) -> None:
    def many(made: dict[str, Any]) -> None:
        for i in range(20):
            fields(made)[f"n{i}"] = {"kind": "integer"}
            made["forms"]["deal"]["views"][f"v{i}"] = {"kind": "grid", "sort": [f"n{i}"]}
        fields(made)["no"] = {"kind": "text", "unique": True}

    publish(database, document(many))
    found = wanted(database, "crm.deal")
    assert len([i for i in found if not i.is_unique]) == 12
    assert len([i for i in found if i.is_unique]) == 1
    assert all(len(i.name) <= 63 for i in found)
    assert any('"account"' in i.sql for i in found), "links come first"


def test_unique_is_refused_while_there_are_duplicates(database: Database) -> None:
    publish(database, document())
    accounts(database, [{"name": "Acme"}, {"name": "ＡＣＭＥ"}, {"name": "Other"}])
    only = document(lambda made: fields(made, "account")["name"].update(unique=True))
    with pytest.raises(Conflict) as caught:
        publish(database, only, accept_loss=True)
    assert "Account: 1 values of Name occur more than once; mend them first." in messages(caught.value.detail["plan"])
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        unit.execute(sa.update(form.table).where(form.table.c.id == 2).values(deleted_at=clock.now()))
    publish(database, only)
    finish(database)
    with pytest.raises(sa.exc.IntegrityError):
        accounts(database, [{"name": "acme"}])
    publish(database, document())
    accounts(database, [{"name": "acme"}])


def only_once(made: dict[str, Any]) -> None:
    fields(made, "account")["name"].update(unique=True)


def with_a_late_duplicate(database: Database) -> None:
    """“No duplicates” is published while there are none; one comes in before the index is there."""
    with database.write() as unit:
        people(unit)
    publish(database, document())
    accounts(database, [{"name": "Acme"}, {"name": "Other"}])
    publish(database, document(only_once))
    accounts(database, [{"name": "ＡＣＭＥ"}])


def unbuilt(database: Database) -> list[versions.Unbuilt]:
    with database.read() as unit:
        return versions.unbuilt(unit, "crm")


def job(database: Database) -> due.Job:
    with database.read() as unit:
        return due.listed(unit, kind=builder.KIND)[0]


TOLD = "Account: Name is not kept free of duplicates yet; there are some (records in brackets): “acme” (1, 3)"


def test_a_duplicate_that_came_in_between_fails_the_index_and_is_named(database: Database) -> None:
    with_a_late_duplicate(database)
    assert work.run_ready(database) == 1
    with database.read() as unit:
        failed = versions.building(unit, "crm")
        history = versions.history(unit, "crm")
    assert [(w["what"], w["state"]) for w in failed] == [("index", "failed")]
    assert failed[0]["report"][0]["duplicates"] == [{"value": "acme", "count": 2, "records": [1, 3]}]
    assert [[one.message.text("en") for one in v.unbuilt] for v in history] == [[TOLD], []]
    assert "查重尚未生效" in history[0].unbuilt[0].message.text("zh")


def test_the_job_behind_it_has_failed_once_and_says_why(database: Database) -> None:
    with_a_late_duplicate(database)
    work.run_ready(database)
    done = job(database)
    assert (done.state, done.attempts, done.key) == (due.FAILED, 1, "crm")
    assert "acme" in str(done.error)
    assert done.result is not None
    assert done.result["unbuilt"][0]["duplicates"][0]["records"] == [1, 3]
    with clock.stopped(clock.now() + timedelta(days=2)):
        assert work.run_ready(database) == 0, "nobody tries it again by himself"


def test_a_failed_index_leaves_nothing_behind_that_refuses_writes(database: Database) -> None:
    with_a_late_duplicate(database)
    work.run_ready(database)
    assert present(database, "crm__account") == {i.name for i in wanted(database, "crm.account") if not i.is_unique}
    accounts(database, [{"name": "acme"}])


def test_once_it_is_mended_the_index_is_built_and_nothing_is_missing(database: Database) -> None:
    with_a_late_duplicate(database)
    work.run_ready(database)
    versions.retry(database, KEEPER, "crm")
    work.run_ready(database)
    assert len(unbuilt(database)) == 1, "still there, and said once"
    with database.write() as unit:
        form = versions.current(unit).form("crm.account")
        unit.execute(sa.update(form.table).where(form.table.c.id == 3).values(deleted_at=clock.now()))
    assert versions.retry(database, KEEPER, "crm") == 1
    work.run_ready(database)
    assert (job(database).state, unbuilt(database), versions.retry(database, KEEPER, "crm")) == (due.DONE, [], 0)
    with pytest.raises(sa.exc.IntegrityError):
        accounts(database, [{"name": "acme"}])


def test_a_later_version_that_gives_the_rule_up_leaves_nothing_missing(database: Database) -> None:
    with_a_late_duplicate(database)
    work.run_ready(database)
    publish(database, document())
    work.run_ready(database)
    assert (unbuilt(database), job(database).state) == ([], due.DONE)


def test_only_a_builder_of_the_app_tries_again(database: Database) -> None:
    publish(database, document())
    with pytest.raises(Denied):
        versions.retry(database, REP, "crm")
    with pytest.raises(NotFound):
        versions.retry(database, KEEPER, "nope")


def test_a_value_too_long_for_an_index_is_said_and_not_tried_for_ever(database: Database) -> None:
    """PostgreSQL alone has such a limit: a third of a page of 8 KiB, after compression."""
    publish(database, document(lambda made: fields(made, "account")["name"].update(max_length=2000)))
    chooser = random.Random(7)
    name = "".join(chr(0x4E00 + chooser.randrange(20000)) for _ in range(2000))
    with database.write() as unit:
        people(unit)
    accounts(database, [{"name": name}])
    long = document(lambda made: fields(made, "account")["name"].update(max_length=2000, unique=True))
    publish(database, long)
    work.run_ready(database)
    expected = [] if database.is_sqlite else ["too_long"]
    assert [one.entry["code"] for one in unbuilt(database)] == expected
    assert job(database).attempts == 1
