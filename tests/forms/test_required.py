"""A field that must be filled in is asked for only where it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import bulk, records
from webapp.errors import Invalid, Problem

DOCUMENT = """
mortise: 1
app: visits
forms:
  visit:
    title: name
    fields:
      name: {kind: text, required: true}
      state: {kind: select, options: [{value: open}, {value: lost}]}
      reason: {kind: text, required: true, visible: "state = 'lost'"}
      rival: {kind: text, required: true}
      topics: {kind: multi_select, required: true, visible: "state = 'open'", options: [{value: price}, {value: time}]}
    layout:
      - {fields: [name, state, reason, topics]}
      - {fields: [rival], visible: "state = 'lost'"}
    checks:
      - {when: "name = 'forbidden'", say: No.}
"""


@pytest.fixture
def visits(world: World) -> World:
    versions.apply(world.database, world.actor("admin"), DOCUMENT)
    return world


def missing(error: pytest.ExceptionInfo[Invalid]) -> set[str]:
    return {p.path for p in error.value.problems if p.code == "required"}


def create(world: World, **given: Any) -> int:
    with world.database.write() as unit:
        return records.create(unit, world.actor("admin"), form(unit), given).id


def change(world: World, id_: int, **given: Any) -> dict[str, Any]:
    with world.database.write() as unit:
        return dict(records.update(unit, world.actor("admin"), form(unit), id_, given).values)


def form(unit: Any) -> Form:
    return versions.current(unit).form("visits.visit")


def test_what_its_condition_hides_is_not_asked_for(visits: World) -> None:
    assert create(visits, name="a")
    assert create(visits, name="b", state="lost", reason="price", rival="them")


def test_what_is_shown_is_asked_for_with_everything_else(visits: World) -> None:
    with pytest.raises(Invalid) as error:
        create(visits, state="lost")
    assert missing(error) == {"name", "reason", "rival"}
    with pytest.raises(Invalid) as error:
        create(visits, name="a", state="open")
    assert missing(error) == {"topics"}


def test_a_change_that_shows_a_field_asks_for_it(visits: World) -> None:
    id_ = create(visits, name="a")
    with pytest.raises(Invalid) as error:
        change(visits, id_, state="lost")
    assert missing(error) == {"reason", "rival"}
    assert change(visits, id_, state="lost", reason="price", rival="them")["state"] == "lost"
    with pytest.raises(Invalid) as error:
        change(visits, id_, reason=None)
    assert missing(error) == {"reason"}


def test_what_is_hidden_again_keeps_its_value(visits: World) -> None:
    id_ = create(visits, name="a", state="lost", reason="price", rival="them")
    assert change(visits, id_, state="open", topics=["time"])["reason"] == "price"


def test_many_at_once_are_asked_the_same(visits: World) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a"},
        {"name": "b", "state": "lost"},
        {"name": "c", "state": "lost", "reason": "price", "rival": "them"},
        {"name": "d", "state": "open"},
        {"name": "e", "state": "open", "topics": ("price",)},
        {"name": "forbidden", "state": "lost", "reason": "price"},
    ]
    with visits.database.write() as unit:
        results = bulk.create_many(unit, visits.actor("admin"), form(unit), rows, via="import")
    told = [{(p.path, p.code) for p in r.problems if isinstance(p, Problem)} for r in results]
    assert told == [
        set(),
        {("reason", "required"), ("rival", "required")},
        set(),
        {("topics", "required")},
        set(),
        {("rival", "required"), ("", "check")},
    ]
