"""Contains conditions use the search index, and answer exactly what they answer without it."""

from __future__ import annotations

import pytest

from tests.world import World
from webapp.definitions import versions
from webapp.engines.forms import aggregate, bulk, select
from webapp.engines.forms.finding import search
from webapp.engines.forms.record import Query
from webapp.expressions import check
from webapp.expressions.fold import fold

NAMES = [
    "上海云禾科技 灌装线 1", "杭州云松食品", "Acme 云禾 Ltd.", "ＡＣＭＥ（上海）", "acme2 45", "ac me", "45灌装", "云", "禾云",
    "a_b%c", "Straße 7", "ßx", "100% 云禾", "x云禾", "ACMEtec 云 禾",
]  # fmt: skip
WANTED = [
    "云禾", "云", "acme", "AC", "c", "me 云", "45", "5", "灌装线 1", "（上", "_b", "100%", "ss", "SSE", "strasse", " 云",
    "禾 L", "云禾科技 灌装", "not there",
]  # fmt: skip


@pytest.fixture
def filled(world: World) -> World:
    with world.database.write() as unit:
        form = versions.current(unit).form("crm.deal")
        made = bulk.create_many(unit, world.actor("admin"), form, [{"name": n} for n in NAMES], via="system")
        assert {r.outcome for r in made} == {"created"}
    return world


@pytest.mark.parametrize("wanted", WANTED)
def test_a_contains_filter_finds_what_the_folded_text_contains(filled: World, wanted: str) -> None:
    text = "name contains '" + wanted + "'"
    expected = sorted(n for n in NAMES if fold(wanted) in fold(n))
    with filled.database.read() as unit:
        form = versions.current(unit).form("crm.deal")
        actor = filled.actor("admin")
        page = select.select(unit, actor, form, Query(where=(text,), count="exact"))
        rows = aggregate.aggregate(unit, actor, form, measures=["count()"], where=(text,))
        either = select.select(unit, actor, form, Query(where=(f"{text} or amount > 5",)))
        none = select.select(unit, actor, form, Query(where=(f"not ({text})",)))
    assert sorted(r.values["name"] for r in page.records) == expected
    assert (page.count, rows[0].measures[0]) == (len(expected), len(expected))
    assert sorted(r.values["name"] for r in either.records) == expected
    assert sorted(r.values["name"] for r in none.records) == sorted(set(NAMES) - set(expected))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("name contains '云禾'", 1),
        ("amount > 5 and (name contains '云禾' and name contains 'acme')", 2),
        ("name contains '云禾' or amount > 5", 0),
        ("not (name contains '云禾')", 0),
        ("account.name contains '云禾'", 0),
        ("name contains '-'", 0),
    ],
)
def test_the_index_is_asked_for_what_a_condition_demands_and_nothing_else(world: World, text: str, count: int) -> None:
    with world.database.read() as unit:
        definitions = versions.current(unit)
        form = definitions.form("crm.deal")
        condition = check(text, definitions, form.name, expect="boolean")
        assert len(search.implied(form, form.table, condition, unit.dialect)) == count
