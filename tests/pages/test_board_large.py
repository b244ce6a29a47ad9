"""Boards that are large: ten thousand cards in a column, thirty columns, and what leaves somebody's sight under his hand."""

from __future__ import annotations

import re

from tests.pages import sales
from tests.pages.conftest import Sales
from webapp.engines.forms import bulk

THIRTY = re.sub(
    r"(          - \{value: lost, .*\n)",
    lambda found: (
        "".join(f"          - {{value: s{n}, label: {{en: Step {n}, zh: 第{n}步}}, moves: [won]}}\n" for n in range(26))
        + found[1]
    ),
    sales.DOCUMENT,
    count=1,
)


def test_a_column_of_ten_thousand_cards_costs_a_page_of_twenty(sales_: Sales) -> None:
    rows = [{"name": f"d{n}", "stage": "quote", "owner": sales_.world.people["ann"]} for n in range(10_000)]
    with sales_.world.database.write() as unit:
        for first in range(0, len(rows), 1000):
            form = sales_.world.form("crm.deal")
            bulk.create_many(unit, sales_.world.actor("admin"), form, rows[first : first + 1000], via="import")
    page = sales_.get("/crm/deal?view=board").text
    assert page.count("data-card=") == 20 and 'id="more-1"' in page
    heads = sales_.get("/crm/deal/heads?view=board", part=True).text
    assert re.search(r'hx-target="#count-1"[^>]*>10,000<', heads)
    assert sales_.get("/crm/deal/cards?view=board&shown=10000", part=True).text.count("data-card=") == 100
    id_ = int(re.findall(r'data-card="(\d+)"', page)[0])
    values = {"column": "won", "version": "1"}
    assert sales_.post(f"/crm/deal/{id_}/move?view=board", values, part=True).status_code == 200


def test_thirty_columns_are_one_statement_and_lie_in_lanes(sales_: Sales) -> None:
    sales_.world.apply(THIRTY)
    for n in range(26):
        sales_.deal(f"d{n}", stage=f"s{n}", urgent=n % 2 == 0)
    sales_.get("/crm/deal?view=board")
    with sales_.statements() as seen:
        page = sales_.get("/crm/deal?view=board").text
    assert page.count('<section class="m-colm') == 30 and page.count("data-card=") == 26 and len(seen) == 3, seen
    lanes = sales_.get("/crm/deal?view=board&group=urgent").text
    assert lanes.count("data-lane-row") == 2 and lanes.count("data-card=") == 26
    refused = sales_.post("/crm/deal/1/move?view=board", {"column": "s5", "version": "1"}, part=True)
    assert refused.status_code == 422 and "m:error" in refused.headers["HX-Trigger"]
    assert sales_.value("deal", 1, "stage") == "s0"


def test_a_card_that_left_ones_sight_cannot_be_moved_and_one_that_is_given_away_goes(sales_: Sales) -> None:
    gone, mine = sales_.deal("走了"), sales_.deal("我的")
    with sales_.world.database.write() as unit:
        from webapp.engines.forms import records

        admin, form = sales_.world.actor("admin"), sales_.world.form("crm.deal")
        records.update(unit, admin, form, gone, {"owner": sales_.world.people["bob"]})
    answer = sales_.post(f"/crm/deal/{gone}/move?view=board", {"column": "quote", "version": "1"}, part=True)
    assert answer.status_code == 404
    assert sales_.value("deal", gone, "stage") == "contact"
    lane = {"column": "contact", "version": "1", "lane": str(sales_.world.people["bob"])}
    given = sales_.post(f"/crm/deal/{mine}/move?view=board&group=owner", lane, part=True)
    assert given.status_code == 200 and f'hx-target="#card-{mine}" hx-swap="delete"' in given.text
    assert sales_.value("deal", mine, "owner") == sales_.world.people["bob"]
