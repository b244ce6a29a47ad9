"""Text to tree: what is accepted, and that hostile input gets a clear error, never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.expressions.fakes import SCHEMA
from webapp.expressions import ExpressionError, check, parse


def canonical(text: str) -> str:
    return check(text, SCHEMA, "crm.deal", allow_old=True).text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("［金额］ ≥ ５００００", "amount >= 50000"),
        ("金额＞5万 且 阶段＝“报价”", "amount > 50000 and stage = 'quote'"),
        ("【金额】 <> 1.5亿", "amount != 150000000"),
        ("amount ≠ 1", "amount != 1"),
        ("amount <> 1", "amount != 1"),
        ("amount != 1", "amount != 1"),
        ("金额 ≤ 3 或 非 重点", "amount <= 3 or not is_key"),
        ("amount > 1 && is_key || !is_key", "amount > 1 and is_key or not is_key"),
        ("AND(amount > 1, OR(is_key, amount < 0))", "amount > 1 and (is_key or amount < 0)"),
        ("stage in （'won'， “输单”、‘quote’）", "stage in ('won', 'lost', 'quote')"),
        ("[客户].[行业] = 'Steel'", "account.industry = 'steel'"),
        ("客户。行业 = 'food'", "account.industry = 'food'"),
        ('name = "it\'s"', "name = 'it''s'"),
        ("name = 'it''s ＡＢＣ，'", "name = 'it''s ＡＢＣ，'"),
        ("IF(Amount > 1, 2, 3) = 2", "if(amount > 1, 2, 3) = 2"),
        ("amount is not empty", "amount is not empty"),
        ("not (amount is empty)", "amount is not empty"),
        ("name not starts with 'a'", "name not starts with 'a'"),
        ("amount not between 1 and 2 + 3", "amount not between 1 and 2 + 3"),
        ("(amount + 1) * 2 - (3 - 1) = -(amount)", "(amount + 1) * 2 - (3 - 1) = -amount"),
        ("amount - (1 + 2) > 0", "amount - (1 + 2) > 0"),
        ("amount / (2 * 3) > 0", "amount / (2 * 3) > 0"),
        ("close_date < '2026-12-31'", "close_date < '2026-12-31'"),
        ("close_date - 7 < today()", "close_date - 7 < today()"),
        ("old.stage != stage and changed(amount)", "old.stage != stage and changed(amount)"),
        ("sum(visits.cost where minutes > 5) > 3", "sum(visits.cost where minutes > 5) > 3"),
        ("count([拜访]) > 3", "count(visits) > 3"),
        ("sum(account.deals.amount * quantity) > 3", "sum(account.deals.amount * quantity) > 3"),
        ("not not is_key", "not (not is_key)"),
        ("not (is_key and amount > 1)", "not (is_key and amount > 1)"),
        ("(is_key or amount > 1) and is_key", "(is_key or amount > 1) and is_key"),
        ("name & amount & '，' = 'x'", "name & amount & '，' = 'x'"),
        ("amount is null or is_key", "amount is empty or is_key"),
        ("CONTAINS(标签, '贵宾')", "tags contains 'vip'"),
        ("is_key and not contains([标签]，'贵宾'，'new')", "is_key and not contains(tags, 'vip', 'new')"),
        ("contains_any(account.tags, 'vip', '新')", "contains_any(account.tags, 'vip', 'new')"),
        ("contains_any(name, 'a', 'b')", "name contains 'a' or name contains 'b'"),
    ],
)
def test_what_is_typed_becomes_one_way_to_write_it(typed: str, meant: str) -> None:
    assert canonical(typed) == meant
    assert canonical(meant) == meant


@pytest.mark.parametrize(
    ("text", "position", "code"),
    [
        ("", 0, "nothing"),
        ("   ", 0, "nothing"),
        ("amount >", 8, "syntax"),
        ("amount > 1 2", 11, "syntax"),
        ("amount = = 1", 9, "syntax"),
        ("1 < amount < 3", 11, "syntax"),
        ("(amount > 1", 11, "syntax"),
        ("name = 'abc", 7, "not_closed"),
        ("[金额 > 1", 0, "not_closed"),
        ("amount > 1.2345678", 9, "too_precise"),
        ("amount > 1234567890123456", 9, "too_large"),
        ("amount > 1e5", 10, "syntax"),
        ("amount @ 1", 7, "bad_character"),
        ("amount; drop table x", 6, "bad_character"),
        ("name = '\0'", 7, "bad_character"),
        ("stage in ()", 10, "syntax"),
        ("in", 0, "syntax"),
    ],
)
def test_an_error_says_where(text: str, position: int, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.position, caught.value.problems[0].code) == (position, code)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 4_000 + "1" + ")" * 4_000,
        "-" * 9_999 + "1",
        "not " * 2_400 + "is_key",
        "1+" * 4_900 + "1",
        "if(" * 3_000,
        "abs(" * 2_000 + "1" + ")" * 2_000,
        "a." * 4_900 + "a",
        "a=1 or " * 1_400 + "a=1",
        "'a'&" * 2_400 + "'a'",
        "x in (" + "1," * 4_900 + "1)",
        "(1 or 1 and 1 = 1 & 1 + 1 * " * 300,
        "x" * 1_000_000,
        "'" + "x" * 1_000_000 + "'",
        "9" * 9_999,
        "[" * 9_999,
        "old." * 2_000 + "x",
    ],
)
def test_hostile_input_is_refused_with_a_clear_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        check(text, SCHEMA, "crm.deal")


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "a",
                "(",
                ")",
                "and",
                "or",
                "not",
                "'x'",
                "+",
                "-",
                "*",
                "/",
                "&",
                ",",
                ".",
                "[",
                "]",
                "in",
                "is",
                "empty",
                "1",
                "万",
                "if",
            ]
        ),
        max_size=40,
    ).map(" ".join)
)
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
        assert error.problems[0].text("zh") != ""


def test_a_hundred_brackets_are_taken() -> None:
    assert canonical("(" * 95 + "amount > 1" + ")" * 95) == "amount > 1"
