"""Who may do what with one record, and why: said to those who look after people, and to nobody else."""

from __future__ import annotations

import re

from tests.pages.conftest import Sales, words


def verdicts(sales_: Sales, deal: int, who: str, asker: str = "admin") -> str:
    page = sales_.get(f"/crm/deal/{deal}/why?member={sales_.world.people[who]}", asker, part=True)
    assert page.status_code == 200
    return words(page.text[page.text.index('<ul class="m-whys">') :])


def test_each_role_says_whether_it_holds_for_the_record(sales_: Sales) -> None:
    deal = sales_.deal("甲", "ann")
    own = verdicts(sales_, deal, "ann")
    assert re.match("查看 是 .*销售", own) and "导出 否" in own
    assert re.match("查看 否", verdicts(sales_, deal, "bob"))
    head = verdicts(sales_, deal, "hal")
    assert re.match("查看 是", head) and "销售主管" in head and "导出 是" in head and "删除 否" in head
    assert "审计" in verdicts(sales_, deal, "aud") and "修改 否" in verdicts(sales_, deal, "aud")
    assert "系统管理员" in verdicts(sales_, deal, "admin")
    for asker in ("ann", "hal", "bob", "aud"):
        assert sales_.get(f"/crm/deal/{deal}/why", asker).status_code == 404
        assert "谁能看到" not in words(sales_.get(f"/crm/deal/{deal}", asker).text)
    assert "谁能看到" in words(sales_.get(f"/crm/deal/{deal}", "admin").text)
