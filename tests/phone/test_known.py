"""What is told while a new record is typed: within reach by name, outside it only that it exists and whose it is."""

from __future__ import annotations

from tests.pages.conftest import Sales, words
from tests.phone.conftest import lead


def told(reps: Sales, field: str, text: str, who: str = "ann") -> str:
    answer = reps.post(f"/crm/lead/known/{field}", {field: text}, who)
    assert answer.status_code == 200, answer.text
    return words(answer.text).strip()


def test_a_known_company_is_told_while_typing_within_rights(reps: Sales) -> None:
    mine = reps.account("杭州长岭豆制品有限公司", industry="food")
    reps.account("北屿水产", "bob", industry="food")
    assert told(reps, "company", "长岭豆") == "杭州长岭豆制品有限公司 已是客户，负责人 Ann 查看"
    assert f'href="/crm/account/{mine}"' in reps.post("/crm/lead/known/company", {"company": "长岭豆"}).text
    assert told(reps, "company", "长岭豆", "bob") == "", "a part of a name finds nothing outside one's reach"
    said = told(reps, "company", "北屿水产")
    assert said.startswith("已有这个客户，负责人 Bob，最近更新 今天")
    assert "/crm/account/" not in reps.post("/crm/lead/known/company", {"company": "北屿水产"}).text


def test_a_known_number_is_found_however_it_is_typed(reps: Sales) -> None:
    lead(reps)
    assert told(reps, "mobile", "138 0013 4210") == "吕嘉禾 已是线索，负责人 Ann 查看"
    assert told(reps, "mobile", "+86 138-0013-4210", "bob").startswith("已有这个线索，负责人 Ann")
    assert told(reps, "mobile", "1380013") == ""
    assert told(reps, "mobile", "138; drop table") == ""


def test_only_the_fields_the_builder_chose_are_looked_for(reps: Sales) -> None:
    lead(reps, email="lv@changling.example")
    assert reps.post("/crm/lead/known/email", {"email": "lv@changling.example"}).status_code == 404
    assert reps.post("/crm/lead/known/mobile", {"mobile": "13800134210"}, "aud").status_code == 404
    assert reps.post("/crm/deal/known/name", {"name": "x"}).status_code == 404
