"""Boards: columns in the order of the options, heads as a part, and moves that are answered or refused."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.pages.conftest import Sales, words
from webapp import clock


def cards(html: str, column: str) -> list[str]:
    """Titles of a column's cards."""
    section = re.search(rf'data-column="{column}".*?</section>', html, re.S)
    return re.findall(r'data-label="([^"]+)">', section[0]) if section else []


def head(html: str, place: int) -> tuple[str, str]:
    count = re.search(rf'hx-target="#count-{place}"[^>]*>([^<]*)<', html)
    total = re.search(rf'hx-target="#total-{place}"[^>]*>([^<]*)<', html)
    assert count
    return count[1], total[1] if total else ""


def move(sales_: Sales, id_: int, column: str, who: str = "ann", **more: str):
    values = {"column": column, "version": str(sales_.version(id_)), **more}
    return sales_.post(f"/crm/deal/{id_}/move?view=board", values, who, part=True)


def test_columns_stand_in_the_order_of_the_stages_with_their_own_cards(sales_: Sales) -> None:
    sales_.deal("一", stage="quote")
    sales_.deal("二", stage="contact")
    sales_.deal("三", "bob", stage="contact")
    page = sales_.get("/crm/deal?view=board").text
    assert re.findall(r'<section[^>]*data-column="(\w+)"', page) == ["contact", "quote", "won", "lost"]
    assert cards(page, "contact") == ["二"]
    assert cards(page, "quote") == ["一"]


def test_heads_count_and_sum_what_the_person_may_see(sales_: Sales) -> None:
    sales_.deal("一", stage="quote", amount="1000000")
    sales_.deal("二", stage="quote", amount="286000")
    sales_.deal("三", "bob", stage="quote", amount="5000000")
    found = sales_.get("/crm/deal/heads?view=board", part=True).text
    assert head(found, 1) == ("2", "128.6 万")
    assert head(found, 0)[0] == "0"


def test_a_move_answers_with_both_heads_and_the_card(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="contact", amount="1000000")
    answer = move(sales_, id_, "quote")
    assert answer.status_code == 200
    assert head(answer.text, 0) == ("0", ""), "an empty column sums to nothing"
    assert head(answer.text, 1) == ("1", "100 万")
    assert f'data-version="{sales_.version(id_)}"' in answer.text
    assert sales_.value("deal", id_, "stage") == "quote"
    assert "Ann 把阶段从 初步接触 改为 报价" in words(sales_.get(f"/crm/deal/{id_}/history").text)


def test_a_move_can_be_undone_from_its_toast(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="contact")
    undo = json.loads(move(sales_, id_, "quote").headers["HX-Trigger"])["toast"]["undo"]
    answer = sales_.post(undo["url"], undo["values"], part=True)
    assert answer.status_code == 200
    assert "m:refresh" in answer.headers["HX-Trigger"]
    assert sales_.value("deal", id_, "stage") == "contact"


def test_a_move_to_an_end_that_lets_nothing_go_can_be_undone_while_it_is_fresh(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="contact")
    undo = json.loads(move(sales_, id_, "won").headers["HX-Trigger"])["toast"]["undo"]
    assert sales_.post(undo["url"], undo["values"], "hal", part=True).status_code == 404, "another's move"
    with clock.stopped(clock.now() + timedelta(minutes=11)):
        assert sales_.post(undo["url"], undo["values"], part=True).status_code == 409
    assert sales_.value("deal", id_, "stage") == "won"
    assert sales_.post(undo["url"], undo["values"], part=True).status_code == 200
    assert sales_.value("deal", id_, "stage") == "contact"


def test_a_stage_that_needs_a_field_opens_a_small_form_which_moves_the_card(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="contact")
    refused = move(sales_, id_, "lost")
    assert refused.status_code == 422
    assert 'name="lost_reason"' in refused.text
    assert "输单" in words(refused.text)
    assert sales_.value("deal", id_, "stage") == "contact"
    answer = move(sales_, id_, "lost", m__fields="lost_reason", lost_reason="太贵", placed="1")
    assert answer.status_code == 200
    assert sales_.value("deal", id_, "stage") == "lost"
    assert sales_.value("deal", id_, "lost_reason") == "太贵"


def test_a_move_the_stage_forbids_says_why(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="contact")
    move(sales_, id_, "won")
    answer = move(sales_, id_, "contact")
    assert answer.status_code == 422
    assert "data-message" in answer.text
    assert "赢单" in answer.text
    assert sales_.value("deal", id_, "stage") == "won"


def test_a_stale_move_says_where_the_card_is_now(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="contact")
    old = str(sales_.version(id_))
    move(sales_, id_, "quote", "admin")
    answer = sales_.post(f"/crm/deal/{id_}/move?view=board", {"column": "won", "version": old}, part=True)
    assert answer.status_code in (409, 412)
    assert "报价" in words(answer.text)
    assert "赢单" in words(answer.text)
    assert sales_.value("deal", id_, "stage") == "quote"


def test_a_column_that_does_not_exist_is_refused(sales_: Sales) -> None:
    id_ = sales_.deal("一")
    assert move(sales_, id_, "nosuch").status_code == 422
    assert sales_.get("/crm/deal/column?view=board&column=nosuch", part=True).status_code == 404
    assert sales_.get("/crm/deal/heads?view=all", part=True).status_code == 404


def test_a_long_column_goes_on_by_its_cursor(sales_: Sales) -> None:
    for n in range(45):
        sales_.deal(f"d{n}", stage="quote")
    found, page = [], sales_.get("/crm/deal?view=board").text
    for _ in range(4):
        found += re.findall(r'data-label="(d\d+)">', page)
        following = re.search(r'id="more-1" hx-get="([^"]+)"', page)
        if not following:
            break
        page = sales_.get(following[1].replace("&amp;", "&"), part=True).text
    assert len(found) == 45
    assert len(set(found)) == 45


def test_a_board_takes_one_statement_for_all_its_cards_and_one_for_its_heads(sales_: Sales) -> None:
    for n in range(45):
        sales_.deal(f"d{n}", stage=("contact", "quote", "won")[n % 3], amount=str(n))
    sales_.get("/crm/deal?view=board")
    with sales_.statements() as seen:
        sales_.get("/crm/deal?view=board")
    assert len(seen) == 3, seen  # who asks, his views, the cards
    sales_.get("/crm/deal/heads?view=board", part=True)
    with sales_.statements() as seen:
        sales_.get("/crm/deal/heads?view=board", part=True)
    assert len(seen) == 3, seen


@pytest.mark.parametrize("sort", ["", "name", "-amount", "account", "close_date,-amount", "-id", "amount,id"])
def test_each_column_of_a_board_begins_as_the_column_by_itself_does(sales_: Sales, sort: str) -> None:
    accounts = [sales_.account(name) for name in ("张三", "阿里", "Zeta")]
    for n in range(75):
        day = {} if n % 4 == 0 else {"close_date": f"2026-01-{n % 6 + 1:02d}"}
        amount = {} if n % 5 == 0 else {"amount": str(n % 7)}
        link = {} if n % 6 == 0 else {"account": accounts[n % 3]}
        sales_.deal(f"{'张阿z'[n % 3]}{n % 10}", stage=("quote", "quote", "won")[n % 3], **day, **amount, **link)
    asked = f"view=board&sort={sort}" if sort else "view=board"
    board = sales_.get(f"/crm/deal?{asked}").text
    for place, stage in enumerate(("contact", "quote", "won", "lost")):
        column = sales_.get(f"/crm/deal/column?{asked}&column={stage}", part=True).text
        start = board.index(f'id="cards-{place}"')
        end = board.find("</section>", start)
        assert re.findall(r'data-card="(\d+)"', board[start:end]) == re.findall(r'data-card="(\d+)"', column)
        assert (f'id="more-{place}"' in board) == (f'id="more-{place}"' in column)


def test_a_filter_narrows_columns_and_heads_alike(sales_: Sales) -> None:
    sales_.deal("大", stage="quote", amount="100000")
    sales_.deal("小", stage="quote", amount="1")
    page = sales_.get("/crm/deal?view=board&w=amount:gt:50000").text
    assert cards(page, "quote") == ["大"]
    heads = re.search(r'hx-get="(/crm/deal/heads[^"]+)"', page)
    assert heads
    assert head(sales_.get(heads[1].replace("&amp;", "&"), part=True).text, 1)[0] == "1"


def test_a_new_record_in_a_column_begins_in_its_stage(sales_: Sales) -> None:
    page = sales_.get("/crm/deal?view=board").text
    assert "/crm/deal/new?stage=quote" in page
    assert "/crm/deal/new?stage" not in sales_.get("/crm/deal?view=board", "aud").text
