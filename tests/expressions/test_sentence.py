"""Expressions in words, in both languages."""

from __future__ import annotations

import pytest

from tests.expressions.fakes import SCHEMA
from webapp.expressions import check, check_measure


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("stage = 'quote' and amount > 50000", "阶段 是 报价 且 金额 大于 5 万", "Stage is Quote and Amount is over 50,000"),
        ("amount >= 150000000 or not is_key", "金额 不小于 1.5 亿 或 重点 不为是",
         "Amount is at least 150,000,000 or Key deal is not yes"),
        ("is_key and (amount < 1 or amount is empty)", "重点 为是 且 （金额 小于 1 或 金额 为空）",
         "Key deal is yes and (Amount is under 1 or Amount is empty)"),
        ("stage not in ('won', 'lost')", "阶段 不是 赢单、输单 中的任何一个", "Stage is none of Won, Lost"),
        ("close_date <= today() + 7", "预计成交日期 不晚于 今天 + 7 天", "Close date is today + 7 days or earlier"),
        ("account.industry != 'steel'", "客户的行业 不是 钢铁", "Industry of Account is not Steel"),
        ("tags contains 'vip' and name not contains 'x'", "标签 包含 贵宾 且 商机名称 不包含 “x”",
         "Tags contains VIP and Name does not contain “x”"),
        ("contains(tags, 'vip', 'new') or contains_any(tags, 'vip', 'old')",
         "标签 同时包含 贵宾、新 或 标签 包含 贵宾、Old 中的任何一个", "Tags contains all of VIP, New or Tags contains any of VIP, Old"),
        ("not contains(tags, 'vip', 'new') and not contains_any(tags, 'vip', 'old')",
         "标签 没有同时包含 贵宾、新 且 标签 不包含 贵宾、Old 中的任何一个",
         "Tags does not contain all of VIP, New and Tags contains none of VIP, Old"),
        ("count(visits where minutes > 10) >= 3", "拜访的数量（分钟 大于 10） 不小于 3", "number of Visits (Minutes is over 10) is at least 3"),
        ("changed(stage) and old.amount != amount", "阶段 有变化 且 原金额 不等于 金额", "Stage changed and earlier Amount does not equal Amount"),
        ("owner = me()", "负责人 是 我", "Owner is me"),
        ("(amount + 1) * 2 > 3", "（金额 + 1） × 2 大于 3", "(Amount + 1) × 2 is over 3"),
        ("now() - created_at > hours(4)", "现在 − 创建时间 大于 4 小时", "now − Created at is over 4 hours"),
        ("not any(visits)", "没有 拜访", "there are no Visits"),
    ],
)  # fmt: skip
def test_a_condition_says_itself(text: str, chinese: str, english: str) -> None:
    expression = check(text, SCHEMA, "crm.deal", allow_old=True)
    assert expression.sentence("zh", SCHEMA) == chinese
    assert expression.sentence("en", SCHEMA) == english


def test_a_measure_says_itself() -> None:
    measure = check_measure("sum(amount where stage = 'won')", SCHEMA, "crm.deal")
    assert measure.sentence("zh", SCHEMA) == "金额的合计（阶段 是 赢单）"
    assert measure.sentence("en", SCHEMA) == "sum of Amount (Stage is Won)"
