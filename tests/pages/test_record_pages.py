"""What the pages over records show and hide: columns behind links, totals, conditions, the path of stages, searching."""

from __future__ import annotations

import json
import re

import pytest

from tests.pages import sales
from tests.pages.conftest import Sales, words
from webapp.engines.forms import records

DOCUMENT = (
    sales.DOCUMENT.replace(
        "lost_reason: {kind: text,",
        "lost_reason: {kind: text, visible: \"stage = 'lost' or lost_reason is not empty\",",
    )
    .replace(
        "{label: {en: More, zh: 补充}, fields: [tags, labels, effort, urgent, note, lost_reason]}",
        "{fields: [labels, effort, urgent, lost_reason]}\n"
        '      - {label: {en: Urgent matters, zh: 加急说明}, visible: "urgent = true", fields: [tags, note]}',
    )
    .replace(
        "    views:\n      all:\n",
        "    views:\n"
        "      far:\n"
        "        kind: grid\n"
        "        label: {en: Far, zh: 带客户}\n"
        "        columns: [name, amount, account.industry, account.phone, account.partner]\n"
        "        totals: {amount: average}\n"
        "      all:\n",
    )
)


@pytest.fixture
def firm(sales_: Sales) -> Sales:
    sales_.world.apply(DOCUMENT)
    return sales_


def hand_over(firm: Sales, form: str, id_: int) -> int:
    """The administrator makes it Ann's."""
    with firm.world.database.write() as unit:
        admin, form_ = firm.world.actor("admin"), firm.world.form(f"crm.{form}")
        records.update(unit, admin, form_, id_, {"owner": firm.world.people["ann"]})
    return id_


def foot(firm: Sales, view: str, who: str = "ann") -> str:
    return words(firm.get(f"/crm/deal/totals?view={view}", who, part=True).text)


def hidden_fields(html: str) -> set[str]:
    return set(re.findall(r'data-field="(\w+)" hidden', html))


def test_a_column_behind_a_link_shows_what_stands_there(firm: Sales) -> None:
    account = firm.account("禾穗食品", "hal", industry="food", partner=firm.world.people["bob"])
    firm.deal("装盒线", "hal", account=account)
    page = firm.get("/crm/deal?view=far", "hal").text
    assert "客户行业" in words(page)
    assert "食品" in words(page)
    assert ">Bob<" in page


def test_a_column_behind_a_link_is_left_out_where_the_value_is_masked(firm: Sales) -> None:
    account = hand_over(firm, "account", firm.account("禾穗食品", "admin", phone="13800134210"))
    firm.deal("装盒线", account=account)
    mine = firm.get("/crm/deal?view=far").text
    assert "客户电话" not in words(mine)
    assert "4210" not in mine
    assert "客户电话" in words(firm.get("/crm/deal?view=far", "hal").text)


def test_a_column_behind_a_link_to_what_he_may_not_see_is_empty(firm: Sales) -> None:
    account = firm.account("别人的客户", "bob", industry="food")
    hand_over(firm, "deal", firm.deal("移交", "admin", account=account))
    page = firm.get("/crm/deal?view=far").text
    assert "移交" in page
    assert "食品" not in page


def test_a_view_says_what_stands_below_its_columns(firm: Sales) -> None:
    firm.deal("一", amount="1000.50")
    firm.deal("二", amount="2000")
    assert "平均 ¥1,500" in foot(firm, "far")
    assert "¥3,001" in foot(firm, "all")
    assert ".50" not in foot(firm, "all"), "sums stand as whole amounts"


def test_the_sum_of_nothing_is_quiet(firm: Sales) -> None:
    firm.deal("一")
    assert "¥" not in foot(firm, "all")


def test_a_field_is_asked_for_only_where_its_condition_holds(firm: Sales) -> None:
    assert hidden_fields(firm.get("/crm/deal/new").text) == {"lost_reason", "tags", "note"}
    lost = firm.deal("二", stage="lost", lost_reason="价格")
    assert hidden_fields(firm.get(f"/crm/deal/{lost}/edit").text) == {"tags", "note"}


def test_the_server_says_what_is_hidden_as_somebody_types(firm: Sales) -> None:
    def hidden(**typed: str) -> list[str]:
        return json.loads(firm.post("/crm/deal/shown", typed).text)["hidden"]

    assert hidden(stage="contact") == ["lost_reason", "note", "tags"]
    assert hidden(stage="lost", urgent="true") == []
    assert hidden(stage="nonsense") == ["lost_reason", "note", "tags"]


def test_what_is_hidden_is_judged_over_what_is_stored(firm: Sales) -> None:
    deal = firm.deal("一", stage="lost", lost_reason="价格")
    answer = firm.post("/crm/deal/shown", {"m__id": str(deal), "stage": "contact"})
    assert json.loads(answer.text)["hidden"] == ["note", "tags"], "a reason that is there stays in sight"
    assert firm.post("/crm/deal/shown", {"m__id": str(deal)}, "bob").status_code == 404


def test_a_record_shows_no_fields_that_have_no_place_in_it(firm: Sales) -> None:
    assert "输单原因" not in words(firm.get(f"/crm/deal/{firm.deal('一')}").text)
    assert "输单原因" in words(firm.get(f"/crm/deal/{firm.deal('二', stage='lost', lost_reason='价格')}").text)


def move(firm: Sales, deal: int, to: str, who: str = "ann", **more: str):
    values = {"column": to, "version": str(firm.version(deal)), "path": "1", **more}
    return firm.post(f"/crm/deal/{deal}/move", values, who, part=True)


def test_a_press_on_the_path_moves_the_record_and_can_be_undone(firm: Sales) -> None:
    deal = firm.deal("一")
    answer = move(firm, deal, "quote")
    events = json.loads(answer.headers["HX-Trigger"])
    assert answer.status_code == 200
    assert events["m:changed"]["url"] == f"/crm/deal/{deal}"
    assert firm.value("deal", deal, "stage") == "quote"
    undo = events["toast"]["undo"]
    assert firm.post(undo["url"], undo["values"], part=True).status_code == 200
    assert firm.value("deal", deal, "stage") == "contact"


def test_what_a_stage_needs_opens_as_a_small_form(firm: Sales) -> None:
    deal = firm.deal("一")
    answer = move(firm, deal, "lost")
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#dialog"
    assert 'name="lost_reason"' in answer.text
    assert move(firm, deal, "lost", m__fields="lost_reason", lost_reason="价格").status_code == 200
    assert firm.value("deal", deal, "lost_reason") == "价格"


def test_a_move_that_cannot_be_says_why_and_changes_nothing(firm: Sales) -> None:
    deal = firm.deal("一", stage="won")
    answer = move(firm, deal, "contact")
    assert answer.status_code == 422
    assert answer.headers["HX-Reswap"] == "none"
    assert "m:error" in json.loads(answer.headers["HX-Trigger"])
    assert firm.value("deal", deal, "stage") == "won"


def test_nobody_moves_what_he_may_not_see_and_readers_get_no_buttons(firm: Sales) -> None:
    deal = firm.deal("一")
    assert move(firm, deal, "quote", "bob").status_code == 404
    assert 'popovertarget="stage-menu"' in firm.get(f"/crm/deal/{deal}").text
    assert 'popovertarget="stage-menu"' not in firm.get(f"/crm/deal/{deal}", "aud").text


@pytest.mark.parametrize("typed", ["禾穗", "hesui", "hssp", "HSSP"])
def test_the_search_finds_by_chinese_pinyin_and_initials(firm: Sales, typed: str) -> None:
    account = firm.account("禾穗食品", industry="food")
    firm.deal("无关的商机")
    found = firm.get(f"/search?q={typed}", part=True).text
    assert f'href="/crm/account/{account}"' in found
    assert "无关的商机" not in found


def test_the_search_finds_nothing_of_others(firm: Sales) -> None:
    firm.account("禾穗食品", "bob")
    found = firm.get("/search?q=hssp", part=True).text
    assert "禾穗" not in found
    assert "没有找到" in words(found)


def test_the_search_asks_one_statement_and_shows_five_of_each_form(firm: Sales) -> None:
    for n in range(7):
        firm.deal(f"装盒线 {n}")
    firm.get("/search?q=zhx", part=True)
    with firm.statements() as seen:
        found = firm.get("/search?q=装盒", part=True).text
    assert len(re.findall(r'href="/crm/deal/\d+"', found)) == 5
    assert 'href="/crm/deal?q=' in found
    assert len(seen) <= 2, seen  # who asks, and all forms together
    firm.deal("100% a/b_c")
    for text, is_found in (("100%25", True), ("a/b_c", True), ("1%25", False), ("a_b", False)):
        assert ("100% a/b_c" in words(firm.get(f"/search?q={text}", part=True).text)) is is_found, text


def test_opening_a_record_takes_few_statements(firm: Sales) -> None:
    account = firm.account("禾穗食品")
    deals = [firm.deal(f"deal {n}", account=account) for n in range(3)]
    firm.post(f"/crm/deal/{deals[0]}/edit", {"amount": "5", "version": "1", "m__fields": "amount"})
    for path in (*(f"/crm/deal/{id_}" for id_ in deals[:2]), f"/crm/account/{account}"):
        firm.get(path)
        with firm.statements() as seen:
            assert firm.get(path).status_code == 200
        assert len(seen) <= 6, seen


def test_language_and_theme_are_changed_from_the_menu(firm: Sales) -> None:
    assert 'action="/me/preferences"' in firm.get("/").text
    firm.post("/me/preferences", {"locale": "en", "next": "/crm/deal"})
    firm.post("/me/preferences", {"theme": "dark", "next": "/crm/deal"})
    page = firm.get("/crm/deal").text
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page


def test_a_filter_looks_members_up_instead_of_listing_them(firm: Sales) -> None:
    form = firm.get("/crm/deal/filter?view=all&g0=0&r0=owner&o0=any", part=True).text
    assert 'hx-get="/crm/deal/pick/owner"' in form
    found = firm.get("/crm/deal/pick/owner?m__find=bob", part=True).text
    assert 'data-title="Bob"' in found
    assert 'data-title="Ann"' not in found


def test_a_new_record_is_entered_with_a_few_fields_on_the_phone(firm: Sales) -> None:
    page = firm.get("/crm/deal/new").text
    quick = re.findall(r'class="m-field[^"]* quick[^"]*" data-field="(\w+)"', page)
    assert {"name", "stage", "note"} - set(quick) in (set(), {"note"})
    assert len(quick) == 5
    assert "data-all-fields" in page
