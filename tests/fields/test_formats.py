"""The table "Numbers and dates" of the screens, and numbers as people type them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.engines.forms import formats

D = Decimal
NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)  # 10:00 in Shanghai
ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("value", "record", "grid"),
    [
        ("1286000", "¥1,286,000.00", "¥1,286,000"),
        ("1286000.50", "¥1,286,000.50", "¥1,286,000.50"),
        ("-1200.00", "-¥1,200.00", "-¥1,200"),
        ("0", "¥0.00", "¥0"),
        ("999999999999.99", "¥999,999,999,999.99", "¥999,999,999,999.99"),
    ],
)
def test_amounts_in_a_record_and_in_a_grid(value: str, record: str, grid: str) -> None:
    for locale in ("zh", "en"):
        assert formats.money(D(value), "CNY", locale) == record
        assert formats.money_in_grid(D(value), "CNY", locale) == grid


def test_other_currencies_have_their_own_sign_and_decimals() -> None:
    assert formats.money(D("1200"), "JPY", "en") == "¥1,200" or formats.money(D("1200"), "JPY", "en") == "JP¥1,200"
    assert formats.money(D("1200"), "USD", "en") == "$1,200.00"
    assert formats.money(D("1200"), "USD", "zh") == "US$1,200.00"
    assert formats.compact(D("1286000"), "zh", "USD") == "US$128.6 万"
    assert formats.places("KWD") == 3


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ("1286000", "128.6 万", "¥1.29M"),
        ("456000", "45.6 万", "¥456K"),
        ("120000000", "1.2 亿", "¥120M"),
        ("123450000", "1.2 亿", "¥123M"),
        ("125000000", "1.3 亿", "¥125M"),
        ("99999999", "1 亿", "¥100M"),
        ("999999", "100 万", "¥1M"),
        ("10000", "1 万", "¥10K"),
        ("9999.99", "1 万", "¥10K"),
        ("9999", "¥9,999", "¥9,999"),
        ("12.5", "¥12.5", "¥12.5"),
        ("-1286000", "-128.6 万", "-¥1.29M"),
        ("0", "¥0", "¥0"),
        ("1234500000000", "12,345 亿", "¥1,230B"),
    ],
)
def test_amounts_on_a_card(value: str, zh: str, en: str) -> None:
    assert formats.compact(D(value), "zh", "CNY") == zh
    assert formats.compact(D(value), "en", "CNY") == en


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1286000", "壹佰贰拾捌万陆仟元整"),
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("1.05", "壹元零伍分"),
        ("1.5", "壹元伍角整"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("10", "壹拾元整"),
        ("100000000", "壹亿元整"),
        ("100010000", "壹亿零壹万元整"),
        ("100000001", "壹亿零壹元整"),
        ("200500000000", "贰仟零伍亿元整"),
        ("1000000000000", "壹万亿元整"),
        ("1000100000000", "壹万零壹亿元整"),
        ("-3.2", "负叁元贰角整"),
        ("1.005", "壹元零壹分"),
    ],
)
def test_capitals(value: str, text: str) -> None:
    assert formats.capitals(D(value)) == text


def test_percent_has_no_needless_zeros() -> None:
    assert formats.percent(D("48.00")) == "48%"
    assert formats.percent(D("12.50")) == "12.5%"
    assert formats.percent(D("100")) == "100%"


def test_days() -> None:
    day, today = dt.date(2026, 11, 23), dt.date(2026, 11, 23)
    assert formats.day(day, "zh") == "2026年11月23日"
    assert formats.day(day, "en") == "23 Nov 2026"
    assert formats.day_in_list(day, "zh", today) == "11月23日"
    assert formats.day_in_list(day, "en", today) == "23 Nov"
    assert formats.day_in_list(dt.date(2025, 1, 2), "zh", today) == "2025年1月2日"
    assert formats.day_range(dt.date(2026, 12, 1), dt.date(2027, 11, 30), "zh") == "2026年12月1日 至 2027年11月30日"
    assert formats.day_range(dt.date(2026, 12, 1), dt.date(2027, 11, 30), "en") == "1 Dec 2026 to 30 Nov 2027"


def test_near_moments() -> None:
    def near(hours: float, locale: str) -> str:
        return formats.near(NOW + dt.timedelta(hours=hours), locale, ZONE, NOW)

    assert near(4.5, "zh") == "今天 14:30"
    assert near(4.5, "en") == "Today 14:30"
    assert near(24, "zh") == "明天 10:00"
    assert near(-24, "en") == "Yesterday 10:00"
    assert near(14, "zh") == "明天 00:00"
    assert near(24 * 7, "zh") == "11月30日 10:00"
    assert formats.near(NOW, "zh", "America/New_York", NOW) == "今天 21:00"


def test_late_and_lengths() -> None:
    today = dt.date(2026, 11, 23)
    assert formats.late(dt.date(2026, 11, 20), "zh", today) == "逾期 3 天"
    assert formats.late(dt.date(2026, 11, 20), "en", today) == "3 days late"
    assert formats.late(dt.date(2026, 11, 22), "en", today) == "1 day late"
    assert formats.late(today, "zh", today) == ""
    assert formats.days(9, "zh") == "9 天"
    assert formats.days(9, "en") == "9 d"
    assert formats.length(11_400, "zh") == "3 小时 10 分"
    assert formats.length(11_400, "en") == "3 h 10 min"
    assert formats.length(9 * 86_400, "zh") == "9 天"
    assert formats.length(0, "en") == "0 s"


def test_masked() -> None:
    assert formats.masked("13812344210") == "138****4210"
    assert formats.masked("95588") == "9****8"
    assert formats.masked("abc") == "****"
    assert formats.masked("") == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,286,000.00", "1286000"),
        ("¥1,286,000", "1286000"),
        ("￥１，２８６，０００．５", "1286000.5"),
        ("128.6 万", "1286000"),
        ("128.6万元", "1286000"),
        ("1.2亿", "120000000"),
        ("3千万", "30000000"),
        ("12,3456", "123456"),
        ("US$ 5", None),
        ("$5", "5"),
        ("5 CNY", "5"),
        ("¥1.29M", "1290000"),
        ("(1,200)", "-1200"),
        ("（1,200）", "-1200"),
        ("−5", "-5"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.2E+05", "120000"),
        ("1,2", None),
        ("1.234,56", None),
        ("12 34", "1234"),
        ("1-2", None),
        ("--5", None),
        ("(-5)", None),
        ("万", None),
        (".", None),
        ("", None),
        ("1e999", None),
        ("٣", None),
        ("5百", "500"),
        ("5 apples", None),
        ("0x10", None),
        ("1_000", None),
        ("9" * 61, None),
    ],
)
def test_numbers_as_typed(text: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(ValueError):
            formats.read_number(text)
    else:
        assert formats.read_number(text) == D(value)


@given(st.decimals(-(10**12), 10**12, places=2))
def test_what_is_shown_is_read_again(value: Decimal) -> None:
    for locale in ("zh", "en"):
        assert formats.read_number(formats.money(value, "CNY", locale)) == value
    assert formats.read_number(formats.plain(value)) == value
