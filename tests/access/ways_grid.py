"""Ways out of a grid: its groups, rows fetched by their ids, the walk of a bulk change, views that somebody else shared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.access.ways import Case, refused, way
from webapp.definitions.model import View
from webapp.engines.forms import select
from webapp.engines.forms.record import Masked, Query
from webapp.engines.forms.viewing import arranged, columns, filters, groups, totals, views
from webapp.engines.forms.viewing.saved import SavedView
from webapp.engines.forms.viewing.views import Asked


def scope(case: Case) -> Any:
    return views.scope(case.unit, case.actor, "fuzz", "deal", "en")


def may(case: Case, key: str) -> bool:
    return case.reference.level(case.person, "deal", key) in ("read", "write")


@way("grid groups")
def heads_count_and_sum_what_one_sees(case: Case) -> None:
    if not case.exists("deal"):
        assert refused(lambda: groups.heads(scope(case), Asked(View("", "grid", "", {}))))
        return
    at, visible = scope(case), case.visible("deal")
    names_of = {"floor(cost/10)": "cost", "floor(amount/100)": "amount", "month(created_at)": "created_at"}
    for group in ("stage", "code", "partner", "account", *names_of):
        key = names_of.get(group, group)
        asked = Asked(View("", "grid", "", {"group": [group], "totals": {"amount": "sum", "cost": "sum"}}))
        names = case.exists("account") and case.reference.level(case.person, "account", "name") in ("read", "write")
        if not may(case, key) or (key == "account" and not names):
            assert arranged.groups(at, asked) == ()
            continue
        found = groups.heads(at, asked, with_rows=True)
        assert sum(head.count for head in found.heads) == len(visible), key
        shown = {id_ for head in found.heads if head.grid for id_ in head.grid.ids}
        assert shown <= {row.id for row in visible}
        if key == "account":
            seen = {row.values["name"] for row in case.visible("account")} if case.exists("account") else set()
            assert {head.text for head in found.heads if head.value} <= seen
        for measured in ("amount", "cost"):
            sums = [head.totals[measured] for head in found.heads if measured in head.totals]
            assert may(case, measured) or not sums, measured


@way("rows by id")
def rows_fetched_by_their_ids_are_those_one_sees(case: Case) -> None:
    ids = [row.id for row in case.reference.rows["deal"]]
    form = case.forms["deal"]
    if not case.exists("deal"):
        assert refused(lambda: select.sheet_of(case.unit, case.actor, form, ("name",), ids))
        return
    sheet = select.sheet_of(case.unit, case.actor, form, ("name", "cost", "phone"), [*ids, 0, -1])
    assert {row[0] for row in sheet.rows} == {row.id for row in case.visible("deal")}
    for record in sheet.records():
        for key in ("name", "cost", "phone"):
            level = case.reference.level(case.person, "deal", key)
            assert level != "hidden" or key not in record.values
            assert level != "masked" or record.values[key] is None or isinstance(record.values[key], Masked)
    at = scope(case)
    grid = columns.of_records(
        at, Asked(View("", "grid", "", {"columns": ["name", "cost", "phone", "account.code"]})), ids
    )
    assert all(at.eye.sees(c.key) for c in grid.columns if "." not in c.key)
    if "phone" in {c.key for c in grid.columns} and case.reference.level(case.person, "deal", "phone") == "masked":
        assert set(grid.typed("phone")) <= {""}, "an editor of a masked value begins with nothing"


@way("bulk walk")
def a_change_of_many_walks_through_what_one_sees(case: Case) -> None:
    form = case.forms["deal"]
    query = Query(sort=("id",), fields=("id",))
    if not case.exists("deal"):
        assert refused(lambda: select.ids_after(case.unit, case.actor, form, query, 0, 10**9, 1000))
        return
    found = select.ids_after(case.unit, case.actor, form, query, 0, 10**9, 1000)
    assert found == sorted(row.id for row in case.visible("deal"))


@way("shared view")
def a_view_of_somebody_else_shows_and_asks_only_what_one_may(case: Case) -> None:
    if not case.exists("deal"):
        return
    at, visible = scope(case), case.visible("deal")
    settings = {
        "columns": ["name", "cost", "phone", "account.code"],
        "filter": "cost > 50 and amount <= 100",
        "sort": ["-cost", "account.code", "name"],
        "group": [],
        "totals": {"cost": "sum", "amount": "max"},
    }
    asked = Asked(SavedView("7", "grid", "x", settings, id=7, version=1, audience=("*",)))
    own, left_out = filters.own(at, settings["filter"])
    assert left_out == sum(not may(case, key) for key in ("cost", "amount")), own
    page = columns.grid(at, asked)
    asks = {"cost": lambda v: v is not None and v > 50, "amount": lambda v: v is not None and v <= Decimal(100)}
    expected = {row.id for row in visible if all(not may(case, k) or holds(row.values[k]) for k, holds in asks.items())}
    assert set(page.ids) == expected
    below = totals.totals(at, asked)
    assert "cost" not in below.columns or may(case, "cost")
    assert set(views.settings_of(at, asked.changed(columns="name"))["columns"]) >= {
        key for key in ("cost", "phone") if case.reference.level(case.person, "deal", key) == "hidden"
    }, "what its saver does not see stays in a view"
