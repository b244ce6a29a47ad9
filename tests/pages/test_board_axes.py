"""Boards by people, linked records and switches, and a board made out of nothing."""

from __future__ import annotations

import re
from typing import Any

from tests.pages.conftest import Sales, words


def columns(page: str) -> list[tuple[str, str]]:
    """Value and name of each column, in order."""
    return re.findall(r'<section class="m-colm[^>]*data-column="([^"]*)" data-label="([^"]*)"', page)


def cards(page: str, value: str) -> list[str]:
    found = re.search(rf'<section class="m-colm[^>]*data-column="{value}".*?</section>', page, re.S)
    return re.findall(r'data-card="\d+"[^>]*data-label="([^"]+)"', found[0]) if found else []


def move(firm: Sales, id_: int, query: str, who: str = "ann", **values: Any) -> Any:
    sent = {"version": str(firm.version(id_)), **values}
    return firm.post(f"/crm/deal/{id_}/move?view=board{query}", sent, who, part=True)


def test_a_board_stands_by_links_people_and_switches_and_cards_go_from_one_to_the_other(sales_: Sales) -> None:
    acme, beta, foreign = sales_.account("Acme"), sales_.account("Beta"), sales_.account("Fremd", "bob")
    a = sales_.deal("甲", account=acme, amount="90000", urgent=True)
    b = sales_.deal("乙", account=beta)
    hidden = sales_.deal("丙", "admin", account=foreign, owner=sales_.world.people["ann"])
    page = sales_.get("/crm/deal?view=board&by=account").text
    assert columns(page) == [(str(acme), "Acme"), (str(beta), "Beta"), ("", "空")]
    assert cards(page, str(acme)) == ["甲"] and cards(page, "") == ["丙"] and "Fremd" not in page
    assert str(foreign) not in [value for value, _ in columns(page)]
    done = move(sales_, a, "&by=account", column=str(beta))
    assert done.status_code == 200 and sales_.value("deal", a, "account") == beta
    assert f'hx-target="#count-v{acme}"' in done.text and "Beta" in done.headers["HX-Trigger"]
    assert f'id="card-{a}"' in done.text
    assert move(sales_, a, "&by=account", column="").status_code == 200, "a link is taken away"
    assert sales_.value("deal", a, "account") is None
    assert move(sales_, b, "&by=account", column=str(foreign)).status_code == 422, "no record he does not see"
    heads = sales_.get("/crm/deal/heads?view=board&by=account", part=True).text
    assert f'#count-v{beta}"' in heads and '#count-v"' in heads and f"v{foreign}" not in heads
    by_switch = sales_.get("/crm/deal?view=board&by=urgent").text
    assert [value for value, _ in columns(by_switch)][:2] == ["true", "false"] and cards(by_switch, "true") == ["甲"]
    assert move(sales_, a, "&by=urgent", column="false").status_code == 200
    assert sales_.value("deal", a, "urgent") is False
    bob = str(sales_.world.people["bob"])
    assert columns(sales_.get("/crm/deal?view=board&by=owner", "ann").text)[0][1] == "Ann"
    assert move(sales_, hidden, "&by=owner", "admin", column=bob).status_code == 200
    assert sales_.value("deal", hidden, "owner") == int(bob)
    assert columns(sales_.get("/crm/deal?view=board&by=cost").text)[0][0] == "contact", "by nothing hidden"
    with sales_.statements() as seen:
        sales_.get("/crm/deal?view=board&by=account")
    assert len(seen) <= 4, seen
    more = sales_.get(f"/crm/deal/column?view=board&by=account&column={beta}", part=True).text
    assert "乙" in more and sales_.get("/crm/deal/column?view=board&by=account&column=x", part=True).status_code == 404


def test_a_board_is_made_from_a_grid_and_by_another_field_kept(sales_: Sales) -> None:
    sales_.deal("甲", amount="90000", stage="quote")
    dialog = sales_.get("/crm/deal/views/dialog?view=all&do=new", part=True).text
    assert 'name="kind" value="kanban"' in dialog and '<option value="stage" selected>' in dialog
    assert "成本" not in words(dialog)
    wanted = {"label": "我的看板", "kind": "kanban", "by": "stage"}
    made = sales_.post("/crm/deal/views/create?view=all&w=amount:gt:1000&sort=-amount", wanted)
    page = sales_.get(made.location).text
    assert cards(page, "quote") == ["甲"] and "金额" in words(page) and "9 万" in sales_.get(
        f"/crm/deal/heads?{made.location.partition('?')[2]}", part=True
    ).text  # fmt: skip
    for wrong in ({"by": "cost"}, {"by": "amount"}, {"by": ""}):
        refused = sales_.post("/crm/deal/views/create?view=all", {**wanted, **wrong})
        assert refused.status_code == 422 and "分栏" in words(refused.text)
    query = made.location.partition("?")[2]
    saved = sales_.post(f"/crm/deal/views/save?{query}&by=partner", {"version": "1"})
    assert saved.status_code == 303 and columns(sales_.get(saved.location).text)[-1][0] == ""
    grid = sales_.post(f"/crm/deal/views/create?{query}", {"label": "回到表格", "kind": "grid"})
    assert "data-grid" in sales_.get(grid.location).text


def test_a_draft_of_one_column_is_not_restored_in_another(sales_: Sales) -> None:
    keys = [
        re.search(r'data-draft="([^"]+)"', sales_.get(f"/crm/deal/add?stage={stage}", part=True).text)
        for stage in ("contact", "quote")
    ]
    assert keys[0] and keys[1] and keys[0][1] != keys[1][1]
    again = sales_.post(
        "/crm/deal/add", {"m__draft": "stage=quote", "m__given": "stage", "m__fields": "name,stage", "stage": "quote"}
    )
    assert again.status_code == 422 and f'data-draft="{keys[1][1]}"' in again.text
