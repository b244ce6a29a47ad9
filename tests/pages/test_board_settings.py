"""How a board is arranged: fields of its cards, mark, sum and order by the address or the view, folded columns."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.pages import sales
from tests.pages.conftest import Sales, words
from webapp import clock

STAGES = sales.DOCUMENT.replace(
    "      stage:\n        kind: stage\n",
    "      since: {kind: datetime, label: {en: In stage since, zh: 进入阶段}}\n"
    "      stage:\n        kind: stage\n        entered: since\n",
).replace("probability: 50}", "probability: 50, limit: 2, max_days: 10}")


def card(sales_: Sales, id_: int, query: str = "", who: str = "ann") -> str:
    page = sales_.get(f"/crm/deal?view=board{query}", who).text
    found = re.search(rf'id="card-{id_}".*?</a>', page, re.S)
    return words(found[0]) if found else ""


def test_a_card_shows_the_chosen_fields_in_their_order_and_no_hidden_ones(sales_: Sales) -> None:
    id_ = sales_.deal("一", "admin", amount="1286000", cost="777", note="先打电话", lost_reason="太贵", tags=["key"])
    shown = card(sales_, id_, "&cols=note&cols=lost_reason&cols=cost&cols=tags", "admin")
    assert shown.index("备注 先打电话") < shown.index("输单原因 太贵") and "重点" in shown and "777" in shown
    assert "128.6" not in shown
    mine = sales_.deal("二", "ann", note="我的")
    assert "777" not in card(sales_, mine, "&cols=cost&cols=note") and "我的" in card(sales_, mine, "&cols=cost,note")


def test_a_choice_marks_the_cards_and_another_number_is_summed(sales_: Sales) -> None:
    id_ = sales_.deal("一", urgent=True, amount="90000", stage="quote")
    assert "加急" in card(sales_, id_, "&color=urgent&cols=amount")
    assert "加急" not in card(sales_, id_, "&cols=amount")
    assert "9 万" in sales_.get("/crm/deal/heads?view=board", part=True).text
    none = sales_.get("/crm/deal/heads?view=board&sums=", part=True).text
    assert "total-1" not in none
    assert "777" not in sales_.get("/crm/deal/heads?view=board&sums=cost", part=True).text, "hidden: not summed"


def test_what_is_arranged_is_saved_in_the_view_with_what_the_saver_does_not_see(sales_: Sales) -> None:
    sales_.deal("一", "ann", note="先打电话")
    answer = sales_.post(
        "/crm/deal/views/create?view=board&cols=note&cols=amount&color=urgent&sort=-amount", {"label": "我的看板"}
    )
    assert answer.status_code == 303
    page = sales_.get(answer.headers["Location"]).text
    assert re.search(r"备注.*先打电话", words(page))
    settings = [v.settings for v in _views(sales_) if v.kind == "kanban" and v.key.isdigit()]
    assert settings[0]["card"] == ["note", "amount"] and settings[0]["color"] == "urgent"


def _views(sales_: Sales) -> list:
    from webapp.engines.forms.viewing import views

    with sales_.world.database.read() as unit:
        return list(views.offered(views.scope(unit, sales_.world.actor("ann"), "crm", "deal", "zh")))


def test_a_folded_column_is_remembered_for_its_person_and_its_cards_are_not_read(sales_: Sales) -> None:
    id_ = sales_.deal("一", stage="quote")
    fold = "/crm/deal/board/fold?view=board"
    assert sales_.post(fold, {"column": "quote", "folded": "1"}, part=True).status_code == 200
    page = sales_.get("/crm/deal?view=board").text
    assert f"card-{id_}" not in page and page.count("m-colm folded") == 1
    assert f"card-{id_}" not in sales_.get("/crm/deal/cards?view=board", part=True).text
    assert f"card-{id_}" in sales_.get("/crm/deal?view=board", "hal").text
    opened = sales_.post(fold, {"column": "quote", "folded": ""}, part=True).text
    assert f"card-{id_}" in opened
    assert f"card-{id_}" in sales_.get("/crm/deal?view=board").text
    assert sales_.post(fold, {"column": "nosuch", "folded": "1"}, part=True).status_code == 404


def test_days_in_stage_and_a_column_over_its_limit_are_seen(sales_: Sales) -> None:
    sales_.world.apply(STAGES)
    with clock.stopped(clock.now() - timedelta(days=12)):
        old = sales_.deal("旧", stage="quote")
    ids = [sales_.deal(f"新{n}", stage="quote") for n in range(2)]
    assert "在此阶段停留过久 12 天" in card(sales_, old)
    assert card(sales_, ids[0]).endswith("0 天")
    heads = sales_.get("/crm/deal/heads?view=board", part=True).text
    assert re.search(r'hx-target="#count-1"[^>]*><span class="m-late">.*超出上限.*</svg>3</span>', heads, re.S)
    assert "/ 2" in words(sales_.get("/crm/deal?view=board").text)


def test_an_open_board_is_fetched_in_one_statement_as_long_as_it_is_shown(sales_: Sales) -> None:
    for n in range(45):
        sales_.deal(f"d{n}", stage="quote")
    sales_.get("/crm/deal/cards?view=board&shown=41", part=True)
    with sales_.statements() as seen:
        page = sales_.get("/crm/deal/cards?view=board&shown=41", part=True).text
    assert page.count("data-card=") == 45 and len(seen) == 3, seen
    assert sales_.get("/crm/deal/cards?view=board&shown=9", part=True).text.count("data-card=") == 20
    assert 'id="more-1"' in sales_.get("/crm/deal/cards?view=board&shown=nonsense", part=True).text
