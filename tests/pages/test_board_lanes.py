"""Swimlanes: the columns once for each value of another field, within what its reader may see."""

from __future__ import annotations

import re

from tests.pages.conftest import Sales


def lanes(page: str) -> list[str]:
    return re.findall(r'data-lane-row="([^"]*)"', page)


def cell(page: str, lane: str, column: str) -> list[str]:
    found = re.search(rf'data-column="{column}" data-lane="{lane}".*?</div></div>', page, re.S)
    return re.findall(r'data-label="([^"]+)">', found[0].split(">", 1)[1]) if found else []


def test_a_board_lies_in_lanes_by_owner_and_a_card_is_handed_over_by_its_lane(sales_: Sales) -> None:
    ann, bob = (str(sales_.world.people[name]) for name in ("ann", "bob"))
    mine = sales_.deal("甲", "ann", stage="quote")
    sales_.deal("乙", "bob")
    page = sales_.get("/crm/deal?view=board&group=owner", "admin").text
    assert set(lanes(page)) == {ann, bob}
    assert (
        cell(page, ann, "quote") == ["甲"] and cell(page, bob, "quote") == [] and cell(page, bob, "contact") == ["乙"]
    )
    assert lanes(sales_.get("/crm/deal?view=board&group=owner").text) == [ann], "ann sees her own lane alone"
    values = {"column": "won", "lane": bob, "version": str(sales_.version(mine))}
    assert sales_.post(f"/crm/deal/{mine}/move?view=board&group=owner", values, "admin", part=True).status_code == 200
    assert (sales_.value("deal", mine, "stage"), sales_.value("deal", mine, "owner")) == ("won", int(bob))


def test_lanes_by_a_choice_a_switch_and_a_link_and_by_nothing_hidden(sales_: Sales) -> None:
    acme, other = sales_.account("Acme"), sales_.account("Beta", "bob")
    a = sales_.deal("甲", account=acme, urgent=True)
    b = sales_.deal("乙", "admin", account=other, owner=sales_.world.people["ann"])
    by_link = sales_.get("/crm/deal?view=board&group=account").text
    assert set(lanes(by_link)) == {"", str(acme)} and "Beta" not in by_link, "bob's account is nothing to her"
    assert "data-lanes-locked" not in by_link and cell(by_link, str(acme), "contact") == ["甲"]
    by_switch = sales_.get("/crm/deal?view=board&group=urgent").text
    assert "true" in lanes(by_switch)
    assert lanes(sales_.get("/crm/deal?view=board&group=cost").text) == []
    assert lanes(sales_.get("/crm/deal?view=board&group=stage").text) == [], "not by what the columns are"
    values = {"column": "contact", "lane": "", "version": str(sales_.version(a))}
    sales_.post(f"/crm/deal/{a}/move?view=board&group=account", values, part=True)
    assert sales_.value("deal", a, "account") is None
    back = {**values, "lane": str(acme), "version": "2"}
    assert sales_.post(f"/crm/deal/{a}/move?view=board&group=account", back, part=True).status_code == 200
    assert sales_.value("deal", a, "account") == acme and b
    strange = {**values, "lane": str(other), "version": "3"}
    assert sales_.post(f"/crm/deal/{a}/move?view=board&group=account", strange, part=True).status_code == 422


def test_lanes_beyond_the_first_come_when_they_are_seen_and_folded_ones_do_not(sales_: Sales) -> None:
    for n in range(20):
        sales_.deal(f"d{n:02}", account=sales_.account(f"Firm {n:02}"), stage="quote")
    asked = "/crm/deal?view=board&group=account"
    page = sales_.get(asked).text
    first, last = (
        re.search(r'data-lane-row="(\d+)" aria-label="Firm 00"', page),
        re.search(r'data-lane-row="(\d+)" aria-label="Firm 19"', page),
    )
    assert first and last
    with sales_.statements() as seen:
        page = sales_.get(asked).text
    assert len(seen) == 4, seen
    assert len(lanes(page)) == 20 and page.count("data-unread") == 5
    part = sales_.get(f"/crm/deal/cards?view=board&group=account&lane={last[1]}", part=True).text
    assert lanes(part) == [last[1]] and "d19" in part and "data-unread" not in part
    sales_.post("/crm/deal/board/fold?view=board", {"lane": first[1], "folded": "1"}, part=True)
    assert re.search(r'm-lane folded" id="lane-0"', sales_.get(asked).text)


def test_a_long_cell_goes_on_in_its_lane(sales_: Sales) -> None:
    for n in range(12):
        sales_.deal(f"d{n:02}", stage="quote", urgent=n < 11)
    page = sales_.get("/crm/deal?view=board&group=urgent").text
    more = re.search(r'id="more-\d-1" hx-get="([^"]+)"', page)
    assert more
    rest = sales_.get(more[1].replace("&amp;", "&"), part=True).text
    assert rest.count("data-card=") == 3
