"""What single kinds take, refuse and show."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal
from typing import Any

import pytest

from tests.fields.making import OPTIONS, STAGES, make_field
from webapp import clock
from webapp.definitions.kinds import field_kinds
from webapp.definitions.spec import Report
from webapp.engines.forms.fields import patterns, stage
from webapp.engines.forms.fields.base import FieldError

NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)


def taken(kind: str, raw: Any, **settings: Any) -> Any:
    field = make_field(kind, **settings)
    return field.kind.parse(field, raw)


def refused(kind: str, raw: Any, **settings: Any) -> FieldError:
    with pytest.raises(FieldError) as found:
        taken(kind, raw, **settings)
    return found.value


def shown(kind: str, raw: Any, locale: str = "zh", how: str = "text", **settings: Any) -> str:
    field = make_field(kind, **settings)
    with clock.stopped(NOW):
        text: str = getattr(field.kind, how)(field, field.kind.parse(field, raw), locale)
    return text


def problems(kind: str, **settings: Any) -> list[str]:
    report = Report()
    field_kinds.get(kind).examine(settings, "x", report)
    return [p.code for p in report.problems]


# Text -------------------------------------------------------------------------------------------------


def test_text_is_cleaned_but_not_changed() -> None:
    assert taken("text", "\u3000 Ａcme\tLtd \n") == "Ａcme Ltd"
    assert taken("text", 12) == "12"
    assert taken("text", 12.0) == "12"
    assert taken("text", 0.1) == "0.1"
    assert taken("long_text", "one \r\ntwo\r\n\r\n") == "one\ntwo"


def test_long_numbers_from_a_spreadsheet_are_refused_as_text() -> None:
    assert refused("text", 1234567890123456.0).problem_code == "digits"
    assert taken("text", 123456789012345.0) == "123456789012345"
    assert taken("text", "11010519491231002X") == "11010519491231002X"


def test_text_has_a_length() -> None:
    assert refused("text", "字" * 11, max_length=10).problem_code == "too_long"
    assert taken("text", "字" * 10, max_length=10) == "字" * 10


def test_patterns_hold_for_the_whole_text() -> None:
    assert taken("text", "AB-123", pattern=r"[A-Z]{2}-\d{3}") == "AB-123"
    for text in ("xAB-123", "AB-1234", "ab-123"):
        assert refused("text", text, pattern=r"[A-Z]{2}-\d{3}").problem_code == "pattern"
    assert refused("text", "ac", pattern="a|b").problem_code == "pattern"


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(a|a)*b", r"(.*)*x", r"([a-z]+)*\d"])
def test_no_pattern_keeps_a_worker_busy(pattern: str) -> None:
    assert patterns.is_valid(pattern)
    start = time.perf_counter()
    assert not patterns.matches(pattern, "a" * 100_000 + "!")
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("pattern", ["(a", "a)|(b", r"(?=a)", r"(a)\1", "a{100000}", "[z-a]", "x" * 201])
def test_bad_patterns_are_refused_in_the_document(pattern: str) -> None:
    assert problems("text", pattern=pattern) == ["bad_pattern"]


def test_the_companions_of_a_text_are_folded_and_sortable() -> None:
    field = make_field("text")
    assert field.kind.companions(field, " ＡＣＭＥ 杭州") == {"x__f": "acme 杭州", "x__s": "acme hang2杭zhou1州"}
    assert field.kind.companions(field, None) == {"x__f": None, "x__s": None}


# Contact ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kept", "seen", "masked"),
    [
        ("138 1234 4210", "+8613812344210", "138 1234 4210", "138****4210"),
        ("+86-138-1234-4210", "+8613812344210", "138 1234 4210", "138****4210"),
        ("0086 13812344210", "+8613812344210", "138 1234 4210", "138****4210"),
        ("１３８１２３４４２１０", "+8613812344210", "138 1234 4210", "138****4210"),
        ("0571-88881234", "+8657188881234", "0571 8888 1234", "571****1234"),
        ("95588", "95588", "95588", "9****8"),
        ("+1 (650) 253-0000", "+16502530000", "+1 650-253-0000", "+16****0000"),
        ("021-5555 1234 ext. 12", "+862155551234;ext=12", "021 5555 1234 ext. 12", None),
    ],
)
def test_phones_are_kept_one_way_and_shown_as_people_write_them(raw: str, kept: str, seen: str, masked: str) -> None:
    assert taken("phone", raw) == kept
    assert shown("phone", raw) == seen
    assert taken("phone", seen) == kept
    if masked:
        field = make_field("phone")
        assert field.kind.masked(field, kept) == masked


@pytest.mark.parametrize("raw", ["abc", "12", "138 1234 42", "+999 1", "1" * 40])
def test_what_is_no_phone_is_refused(raw: str) -> None:
    assert refused("phone", raw).problem_code in ("phone", "too_long")


def test_phones_belong_to_the_region_of_the_field() -> None:
    assert taken("phone", "030 1234567", region="DE") == "+49301234567"
    assert shown("phone", "030 1234567", region="DE") == "030 1234567"
    assert problems("phone", region="XX") == ["unknown"]


@pytest.mark.parametrize(
    "raw", ["a@b.cn", "First.Last+tag@EXAMPLE.com", "张三@例子.公司", "mailto:x@y.com", "ｘ@ｙ.com"]
)
def test_mail_addresses_are_taken(raw: str) -> None:
    local, _, domain = taken("email", raw).rpartition("@")
    assert local and domain == domain.lower()


@pytest.mark.parametrize(
    "raw",
    ["a", "@b.cn", "a@", "a@b", "a b@c.cn", "a@b..cn", ".a@b.cn", "a..b@c.cn", "a@-b.cn", "a@b.1", "a@b.cn,c@d.cn"],
)
def test_what_is_no_mail_address_is_refused(raw: str) -> None:
    assert refused("email", raw).problem_code == "email"


def test_a_masked_mail_address_keeps_its_domain() -> None:
    assert shown("email", "anna@example.com") == "anna@example.com"
    field = make_field("email")
    assert field.kind.masked(field, "anna@example.com") == "a****@example.com"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("example.com", "https://example.com"),
        ("HTTP://Example.COM/Path?q=1#x", "http://example.com/Path?q=1#x"),
        ("localhost:8000/x", "https://localhost:8000/x"),
        ("例子.公司/路", "https://例子.公司/路"),
    ],
)
def test_web_addresses_are_taken(raw: str, kept: str) -> None:
    assert taken("url", raw) == kept


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc",
        "//evil.com", "https://", "https://a b.com", "https://user:pw@bank.com", "https://bank.com@evil.com", "ftp://a.cn",
        'https://a.cn/"onclick=', "https://a.cn/<b>", "nowhere", "https://a.cn:99999", "javascript://a.cn/%0aalert(1)",
    ],
)  # fmt: skip
def test_other_addresses_are_refused(raw: str) -> None:
    assert refused("url", raw).problem_code in ("url", "scheme")


# Numbers ----------------------------------------------------------------------------------------------


def test_fifteen_digits_are_the_limit_whatever_the_decimals() -> None:
    assert taken("number", "9" * 15, decimals=0) == Decimal("9" * 15)
    assert refused("number", "9" * 15, decimals=1).problem_code == "digits"
    assert taken("number", "9" * 9 + "." + "9" * 6, decimals=6) == Decimal("999999999.999999")
    assert refused("integer", 10**15).problem_code == "digits"
    assert taken("integer", -(10**15) + 1) == -(10**15) + 1


def test_more_decimals_than_the_field_has_are_refused_not_rounded() -> None:
    assert refused("money", "1.005").problem_code == "decimals"
    assert taken("money", "1.50000") == Decimal("1.50")
    assert refused("integer", "1.5").problem_code == "decimals"
    assert taken("integer", "1.0") == 1


def test_floats_are_taken_at_the_digits_a_spreadsheet_keeps() -> None:
    assert taken("money", 0.1 + 0.2) == Decimal("0.30")
    assert taken("money", 1234.56) == Decimal("1234.56")
    assert refused("number", 1e-7, decimals=6).problem_code == "decimals"


def test_numbers_have_limits_and_units() -> None:
    assert refused("number", 5, min=6).problem_code == "too_small"
    assert refused("integer", 5, max=4).problem_code == "too_large"
    assert problems("number", min="2", max="1") == ["range"]
    unit = {"en": "boxes", "zh": "箱"}
    assert shown("number", "12000", decimals=0, unit=unit) == "12,000 箱"
    assert shown("number", "12000", "en", "short", decimals=0, unit=unit) == "12K boxes"
    assert taken("number", "12 箱", decimals=0, unit=unit) == 12


def test_money_shows_itself_in_every_place() -> None:
    assert shown("money", "128.6万") == "¥1,286,000.00"
    assert shown("money", "128.6万", how="cell") == "¥1,286,000"
    assert shown("money", "128.6万", how="short") == "128.6 万"
    assert shown("money", "128.6万", "en", "short") == "¥1.29M"
    assert shown("money", "1286000", show="capitals") == "壹佰贰拾捌万陆仟元整"
    assert shown("money", "1286000", "en", show="capitals") == "¥1,286,000.00"
    assert taken("money", "500", currency="JPY") == Decimal(500)
    assert refused("money", "5.5", currency="JPY").problem_code == "decimals"
    assert taken("money", "5.1234", decimals=4) == Decimal("5.1234")
    assert problems("money", currency="CYN") == ["unknown"]
    assert problems("money", currency="USD", show="capitals") == ["capitals"]


def test_percent_and_rating() -> None:
    assert taken("percent", "４８％") == 48
    assert shown("percent", "12.50") == "12.5%"
    assert taken("rating", "★★★☆☆") == 3
    assert taken("rating", "4/5") == 4
    assert shown("rating", 3, how="cell") == "★★★☆☆"
    assert refused("rating", 6).problem_code == "too_large"
    assert taken("rating", 0) is None


# Time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "2026-11-22", "2026/11/22", "2026.11.22", "2026年11月22日", "20261122", "22 Nov 2026", "22 November 2026",
        "２０２６－１１－２２", "2026-11-22 00:00:00", "2026 年 11 月 22 日", dt.date(2026, 11, 22),
        dt.datetime(2026, 11, 22, 9),
        dt.datetime(2026, 11, 21, 17, tzinfo=dt.UTC),
    ],
)  # fmt: skip
def test_dates_as_people_and_files_write_them(raw: Any) -> None:
    assert taken("date", raw) == dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    "raw", ["2026-02-30", "22-11-2026", "11/22/2026", "tomorrow", 46348, 46348.5, "46348", "0999-01-01"]
)
def test_what_is_no_certain_date_is_refused(raw: Any) -> None:
    assert refused("date", raw).problem_code == "date"


def test_a_day_of_this_year_is_short_in_a_list() -> None:
    assert shown("date", "2026-11-22", how="cell") == "11月22日"
    assert shown("date", "2025-11-22", "en", "cell") == "22 Nov 2025"


@pytest.mark.parametrize(
    ("raw", "utc"),
    [
        ("2026-11-22 14:30", "06:30"),
        ("2026-11-22T14:30", "06:30"),
        ("2026年11月22日 14:30", "06:30"),
        ("2026年11月22日14时30分", "06:30"),
        ("22 Nov 2026 14:30", "06:30"),
        ("2026-11-22T14:30:00Z", "14:30"),
        ("2026-11-22T14:30:00.123Z", "14:30"),
        ("2026-11-22T14:30+08:00", "06:30"),
        (dt.datetime(2026, 11, 22, 14, 30), "06:30"),
        (dt.datetime(2026, 11, 22, 14, 30, tzinfo=dt.UTC), "14:30"),
    ],
)
def test_moments_are_read_in_the_zone_of_the_person(raw: Any, utc: str) -> None:
    wanted = dt.datetime.fromisoformat(f"2026-11-22T{utc}:00+00:00")
    assert taken("datetime", raw) == wanted


def test_a_moment_follows_the_person_to_another_zone() -> None:
    field = make_field("datetime")
    with clock.in_zone("Europe/Berlin"):
        value = field.kind.parse(field, "2026-11-22 14:30")
        assert value == dt.datetime(2026, 11, 22, 13, 30, tzinfo=dt.UTC)
        assert field.kind.text(field, value, "en") == "22 Nov 2026 14:30"
        assert field.kind.typed(field, value, "en") == "2026-11-22T14:30"
    assert field.kind.text(field, value, "zh") == "2026年11月22日 21:30"
    assert field.kind.json(field, value) == "2026-11-22T13:30:00Z"


@pytest.mark.parametrize("raw", ["25:61", "2026-11-22 25:00", "now", 1763800000, "0001-01-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(raw: Any) -> None:
    assert refused("datetime", raw).problem_code == "datetime"


# Choices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["east", "EAST", "华东", "East China", " east  china ".replace("  ", " "), "ｅａｓｔ"])
def test_options_are_found_by_value_and_by_labels_of_all_languages(raw: str) -> None:
    assert taken("select", raw, options=OPTIONS) == "east"


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    error = refused("select", "Eest China", options=OPTIONS)
    assert (error.problem_code, error.near) == ("unknown_option", "East China")


def test_the_value_of_one_option_wins_over_the_label_of_another() -> None:
    options = [{"value": "a", "label": "b"}, {"value": "b", "label": "c"}]
    assert taken("select", "b", options=options) == "b"
    assert taken("select", "c", options=options) == "b"


def test_several_options_come_once_and_in_order() -> None:
    assert taken("multi_select", ["华南", "east", "south"], options=OPTIONS) == ("south", "east")
    assert taken("multi_select", "华南、华东", options=OPTIONS) == ("south", "east")
    assert taken("multi_select", "Abroad, or unknown", options=OPTIONS) == ("abroad",)
    assert shown("multi_select", ["east", "south"], options=OPTIONS) == "华东、华南"
    assert shown("multi_select", ["east", "south"], "en", options=OPTIONS) == "East China, South China"
    assert refused("multi_select", ["east", "south"], options=OPTIONS, most=1).problem_code == "too_many"


def test_options_that_cannot_be_told_apart_are_refused_in_the_document() -> None:
    assert problems("select", options=[{"value": "a"}, {"value": "a"}]) == ["twice"]
    assert problems("select", options=[{"value": "a", "label": "X"}, {"value": "b", "label": {"en": "x"}}]) == ["twice"]
    assert problems("select", options=[{"value": " a"}]) == ["bad_value"]


def test_a_value_whose_option_is_gone_is_still_shown() -> None:
    field = make_field("select", options=OPTIONS)
    assert field.kind.text(field, "west", "zh") == "west"


def test_stages_have_types_and_attributes_for_the_language() -> None:
    field = make_field("stage", options=STAGES)
    by_value = {o.value: o.attributes for o in field.type.options}
    assert by_value["quote"]["probability"] == Decimal(60)
    assert (by_value["contact"]["type"], by_value["won"]["type"]) == ("open", "won")
    assert stage.may_move(field, "lost", "contact") and not stage.may_move(field, "lost", "won")
    assert stage.may_move(field, "contact", "won") and stage.may_move(field, None, "won")


def test_stages_that_make_no_sense_are_refused_in_the_document() -> None:
    assert problems("stage", options=[{"value": "a", "moves": ["c"]}, {"value": "b"}]) == ["unknown_stage"]
    assert problems("stage", options=[{"value": "a", "probability": "120"}, {"value": "b"}]) == ["range"]
    won = [{"value": "a", "type": "won"}, {"value": "b", "type": "lost"}]
    assert problems("stage", options=won) == ["no_open_stage"]


@pytest.mark.parametrize(
    ("raw", "value"), [("是", True), ("×", False), ("YES", True), (0, False), ("Ｎ", False), (None, None)]
)
def test_switches(raw: Any, value: bool | None) -> None:
    assert taken("switch", raw) is value


def test_yes_and_no_in_both_languages() -> None:
    assert (shown("switch", True), shown("switch", False, "en")) == ("是", "No")
    assert refused("switch", "vielleicht").problem_code == "type"


# References and computed ------------------------------------------------------------------------------


def test_references_are_ids() -> None:
    for raw in (7, "7", {"id": 7, "title": "Anna"}):
        assert taken("link", raw, to="account") == 7
    for raw in (0, -1, 2**63, "x", 1.5, True, {"title": "Anna"}):
        assert refused("link", raw, to="account").problem_code == "type"


def test_a_link_points_at_a_form_of_its_own_app_or_of_another() -> None:
    assert make_field("link", to="account").type.target == "crm.account"
    near, far = make_field("link", to="account"), make_field("link", to="base.firm")
    assert far.type.target == "base.firm"
    assert [k.target_fullname for k in near.kind.columns(near)[0].foreign_keys] == ["crm__account.id"]
    assert [k.target_fullname for k in far.kind.columns(far)[0].foreign_keys] == ["base__firm.id"]


@pytest.mark.parametrize(("kind", "settings"), [("serial", {}), ("formula", {"formula": "1"})])
def test_what_the_system_fills_is_refused_from_people(kind: str, settings: dict[str, Any]) -> None:
    assert refused(kind, "x", **settings).problem_code == "read_only"
