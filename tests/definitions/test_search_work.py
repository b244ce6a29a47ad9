"""Records that are there already are found by what a new version lets them be searched for."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import KEEPER, document, fields, people, publish
from tests.definitions.test_building import child
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.definitions.tables import building
from webapp.engines.forms import records
from webapp.engines.forms.select import Query, select
from webapp.engines.forms.structure import building as builder

OPTIONS = [{"value": "steel", "label": {"zh": "钢铁行业"}}, {"value": "food"}]


def labelled() -> dict[str, Any]:
    return document(lambda made: fields(made, "account")["industry"].update(options=OPTIONS))


def found(database: Database, text: str) -> list[int]:
    with database.read() as unit:
        form = versions.current(unit).form("crm.account")
        return [r.id for r in select(unit, KEEPER, form, Query(search=text, sort=("id",), limit=500)).records]


def works(database: Database) -> list[str]:
    with database.read() as unit:
        return list(unit.execute(sa.select(building.c.what).where(building.c.state == "open")).scalars())


@pytest.fixture
def filled(database: Database) -> Database:
    publish(database, document())
    with database.write() as unit:
        people(unit)
        form = versions.current(unit).form("crm.account")
        for i in range(60):
            records.create(unit, KEEPER, form, {"name": f"Firm {i}", "industry": "steel" if i % 2 else "food"})
    return database


def test_a_new_label_of_an_option_is_found(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "CHUNK", {"sqlite": 7, "postgresql": 7})
    publish(filled, labelled())
    assert "search" in works(filled)
    assert found(filled, "钢铁") == []
    storage.get().finish(filled)
    assert found(filled, "钢铁") == list(range(2, 61, 2))
    assert works(filled) == []


def test_a_field_that_goes_is_no_longer_found_and_is_again_when_it_comes_back(filled: Database) -> None:
    publish(filled, document(lambda made: fields(made, "account").pop("industry")), accept_loss=True)
    storage.get().finish(filled)
    assert found(filled, "food") == []
    publish(filled, document())
    storage.get().finish(filled)
    assert len(found(filled, "food")) == 30


def test_a_title_is_found_by_its_sound_once_it_is_the_title(database: Database) -> None:
    made = document(lambda made: fields(made, "account").update(nick={"kind": "text"}))
    publish(database, made)
    with database.write() as unit:
        people(unit)
        form = versions.current(unit).form("crm.account")
        records.create(unit, KEEPER, form, {"name": "A", "nick": "岚川"})
    assert found(database, "lanchuan") == []
    made["forms"]["account"]["title"] = "nick"
    publish(database, made)
    storage.get().finish(database)
    assert found(database, "lanchuan") == [1]


def test_what_changes_no_search_text_leaves_no_work(filled: Database) -> None:
    made = document(lambda made: fields(made, "account").update(more={"kind": "text"}))
    made["forms"]["account"]["fields"]["name"]["label"] = "Name of the firm"
    publish(filled, made)
    assert "search" not in works(filled)


def test_the_texts_are_whole_after_the_worker_was_killed(filled: Database) -> None:
    publish(filled, labelled())
    worker = child(filled, "work")
    worker.kill()
    worker.wait()
    storage.get().finish(filled)
    assert found(filled, "钢铁") == list(range(2, 61, 2))
