"""Several cards at once: moved and handed over as one step that is taken back as one."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.pages.conftest import Sales, words


def send(sales_: Sales, ids: list[int], who: str = "ann", **more: str) -> Any:
    cards = ",".join(f"{id_}:{sales_.version(id_)}" for id_ in ids)
    return sales_.post("/crm/deal/moves?view=board", {"cards": cards, **more}, who, part=True)


def toast(answer: Any) -> dict[str, Any]:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


def stages(sales_: Sales, ids: list[int]) -> list[str]:
    return [sales_.value("deal", id_, "stage") for id_ in ids]


def test_a_supervisor_moves_three_and_takes_it_back_in_one_step(sales_: Sales) -> None:
    ids = [sales_.deal(f"d{n}", stage="contact" if n else "quote") for n in range(3)]
    answer = send(sales_, ids, "hal", column="won")
    assert answer.status_code == 200 and "m:refresh" in answer.headers["HX-Trigger"]
    assert "3 张卡片已移到“赢单”" in toast(answer)["text"]
    assert stages(sales_, ids) == ["won"] * 3
    undo = toast(answer)["undo"]
    assert sales_.post(undo["url"], undo["values"], "hal", part=True).status_code == 200
    assert stages(sales_, ids) == ["quote", "contact", "contact"]


def test_cards_are_handed_over_and_leave_the_sight_of_who_gave_them(sales_: Sales) -> None:
    ids = [sales_.deal(f"d{n}") for n in range(2)]
    assert "assign-owner" in sales_.get(f"/crm/deal/moves/assign?view=board&cards={ids[0]}:1", part=True).text
    answer = send(sales_, ids, owner=str(sales_.world.people["bob"]))
    assert "2 张卡片已换负责人" in toast(answer)["text"]
    assert sales_.get(f"/crm/deal/{ids[0]}").status_code == 404
    assert f"card-{ids[0]}" in sales_.get("/crm/deal?view=board", "bob").text
    nobody = send(sales_, ids, "hal", owner="")
    assert nobody.status_code == 422


def test_what_needs_more_is_asked_once_and_joins_the_same_step(sales_: Sales) -> None:
    ready = sales_.deal("有原因", lost_reason="太贵")
    bare = [sales_.deal(f"d{n}") for n in range(2)]
    answer = send(sales_, [ready, *bare], column="lost")
    assert answer.status_code == 422 and answer.text.count('name="lost_reason"') == 1
    assert "2 张卡片" in words(answer.text)
    assert stages(sales_, [ready, *bare]) == ["lost", "contact", "contact"]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert hidden["cards"] == ",".join(f"{id_}:1" for id_ in bare)
    again = {k: hidden[k] for k in ("cards", "column", "change_set", "m__fields")}
    empty = sales_.post("/crm/deal/moves?view=board", {**again, "lost_reason": " "}, part=True)
    assert empty.status_code == 422 and 'name="lost_reason"' in empty.text
    done = sales_.post("/crm/deal/moves?view=board", {**again, "lost_reason": "没有预算"}, part=True)
    assert done.status_code == 200
    assert stages(sales_, bare) == ["lost"] * 2
    undo = toast(done)["undo"]
    sales_.post(undo["url"], undo["values"], part=True)
    assert stages(sales_, [ready, *bare]) == ["contact"] * 3
    assert sales_.value("deal", bare[0], "lost_reason") is None


def test_what_is_refused_stays_and_says_why(sales_: Sales) -> None:
    won = sales_.deal("赢了", stage="won")
    mine = sales_.deal("我的")
    stale = sales_.deal("改过")
    theirs = sales_.deal("别人的", "bob")
    cards = f"{won}:1,{mine}:1,{stale}:7,{theirs}:1"
    answer = sales_.post("/crm/deal/moves?view=board", {"cards": cards, "column": "quote"}, part=True)
    text = toast(answer)["text"]
    assert "1 张卡片已移到" in text and "3 张没动" in text and "赢单" in text and "刚才别人改过它" in text
    assert stages(sales_, [won, mine, stale, theirs]) == ["won", "quote", "contact", "contact"]
    only = sales_.post("/crm/deal/moves?view=board", {"cards": f"{won}:1", "column": "quote"}, part=True)
    assert toast(only)["kind"] == "bad" and "undo" not in toast(only)
    for bad in ("", "x:1", ",".join(f"{n}:1" for n in range(1, 300))):
        refused = sales_.post("/crm/deal/moves?view=board", {"cards": bad, "column": "quote"}, part=True)
        assert refused.status_code == 422, bad[:10]
