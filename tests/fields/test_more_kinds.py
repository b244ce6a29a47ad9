"""Tags, regions, official numbers, messengers and lengths of time: what people type, see and are told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.fields.making import OPTIONS, make_field
from webapp.definitions.spec import Report
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.finding import regions


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("浙江省杭州市", "330100"), ("浙江省 杭州市 西湖区", "330106"), ("浙江-杭州-西湖区", "330106"), ("杭州", "330100"),
        ("Hangzhou", "330100"), ("Xihu District, Hangzhou, Zhejiang", "330106"), ("zhejiang hangzhou", "330100"),
        ("330106", "330106"), ("330106000000", "330106"), ("33", "330000"), ("北京市市辖区朝阳区", "110105"),
        ("北京", "110000"), ("上海市浦东新区", "310115"), ("吉林", "220000"), ("吉林市", "220200"), ("恩施", "422800"),
        ("湖北仙桃", "429004"), ("重庆忠县", "500233"), ("内蒙古呼和浩特", "150100"), ("Shaanxi", "610000"),
        ("Shanxi", "140000"), ("Xi'an", "610100"), ("香港", "810000"), ("深圳南山", "440305"), ("Lüliang", "141100"),
    ],
)  # fmt: skip
def test_a_region_is_read_as_people_and_files_write_it(given: str, code: str) -> None:
    field = make_field("region")
    assert field.kind.parse(field, given) == code


@pytest.mark.parametrize("given", ["朝阳区", "西湖区", "火星", "nowhere", "999999", "419000", "文三路 1 号"])
def test_a_place_that_is_none_or_several_is_refused_and_said(given: str) -> None:
    field = make_field("region")
    with pytest.raises(FieldError) as error:
        field.kind.parse(field, given)
    assert given in error.value.message.text("zh")


def test_every_place_of_the_list_can_be_written_and_read_again() -> None:
    lost = [
        c for c, r in regions.table().items()
        if not r.is_heading and regions.usual(c) == c and regions.read(regions.text(c, "zh")) != [c]
    ]  # fmt: skip
    assert lost == []
    assert (len([r for r in regions.table().values() if r.level == 1]), len(regions.table())) == (34, 3882)


def test_regions_are_found_by_name_pinyin_and_initials_larger_ones_first() -> None:
    assert regions.search("hz")[0].name == "杭州市"
    assert regions.search("杭州")[0].name == "杭州市"
    assert {r.code for r in regions.search("xihuqu") + regions.search("西湖")} >= {"330106", "360103"}
    assert [r.code for r in regions.search("杭州西湖")] == ["330106"]
    assert regions.search("hangzhou xihu")[0].code == "330106"


def test_the_districts_of_beijing_lie_in_beijing_and_headings_are_left_out() -> None:
    assert "110105" in {r.code for r in regions.below("110000")}
    assert "仙桃市" in {r.name for r in regions.below("420000")}
    assert regions.parent("110105") == "110000"
    assert regions.text("110105", "zh") == "北京市朝阳区" and regions.cell("330106", "en") == "Xihu District, Hangzhou"


def test_a_filter_by_region_asks_for_all_that_lies_in_it() -> None:
    field = make_field("region")
    assert [field.kind.asked(field, t) for t in ("浙江", "330100", "33")] == ["33", "3301", "33"]
    assert field.kind.said(field, "3301", "zh") == "浙江省杭州市"


def test_tags_are_one_by_their_letters_and_options_are_meant_by_their_labels() -> None:
    field = make_field("tags", options=OPTIONS, most=4)
    assert field.kind.parse(field, "KA， ka、#老客户;South China\n老客户") == ("KA", "老客户", "south")
    assert field.kind.text(field, ("KA", "south"), "zh") == "KA、华南"
    assert field.type.is_open
    for bad in ["a,b,c,d,e", "x" * 41]:
        with pytest.raises(FieldError):
            field.kind.parse(field, bad)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("1h30", 5400), ("90 分", 5400), ("1:30", 5400), ("1：30：05", 5405), ("90", 5400), ("2 天 3 小时", 183600),
        ("1.5 小时", 5400), ("半小时", 1800), ("一", None), ("1个半小时", 5400), ("3 小时 10 分", 11400), ("3 h 10 min", 11400),
        ("-45 min", -2700), ("1 week", 604800), ("30s", 30), ("10 分钟 5 秒", 605), (5400, 5400), (dt.time(1, 30), 5400),
        ("1 hour and 5 minutes", 3900), ("soon", None), ("1:99", None), ("5 5 5", None), ("1e9", None),
    ],
)  # fmt: skip
def test_a_length_of_time_is_read_as_it_is_said(given: Any, seconds: int | None) -> None:
    field = make_field("duration")
    if seconds is None:
        with pytest.raises(FieldError):
            field.kind.parse(field, given)
    else:
        assert field.kind.parse(field, given) == seconds


def test_a_length_of_time_is_shown_whole_and_shortened_in_lists() -> None:
    field = make_field("duration", unit="hour", min="30 min", max="1 d")
    assert (
        field.kind.text(field, 11_405, "zh") == "3 小时 10 分 5 秒"
        and field.kind.cell(field, 11_405, "zh") == "3 小时 10 分"
    )
    assert field.kind.text(field, 11_400, "en") == "3 h 10 min"
    assert field.kind.parse(field, "2") == 7200
    for out in ("20 min", "25"):
        with pytest.raises(FieldError):
            field.kind.parse(field, out)
    report = Report()
    field.kind.examine({"unit": "minute", "min": "2 h", "max": "1 h"}, "x", report)
    field.kind.examine({"unit": "minute", "min": "later"}, "y", report)
    assert [p.path for p in report.problems] == ["x.max", "y.min"]


@pytest.mark.parametrize(
    ("of", "given", "kept"),
    [
        ("credit", "91350100M000100Y43", "91350100M000100Y43"), ("credit", " 91350100m000100y43 ", "91350100M000100Y43"),
        ("credit", "91350100M000100Y44", None), ("credit", "91350100M000100I43", None), ("credit", "913501", None),
        ("person", "11010519491231002X", "11010519491231002X"), ("person", "11010519491231002x", "11010519491231002X"),
        ("person", "110105194912310021", None), ("person", "11010519491331002X", None), ("person", "11010529991231002X", None),
        ("vat", "DE 136 695 976", "DE136695976"), ("vat", "DE136695977", None), ("vat", "XX1", None),
    ],
)  # fmt: skip
def test_a_mistyped_official_number_is_refused(of: str, given: str, kept: str | None) -> None:
    field = make_field("id_code", which=of)
    if kept is None:
        with pytest.raises(FieldError):
            field.kind.parse(field, given)
    else:
        assert field.kind.parse(field, given) == kept


def test_the_mask_of_an_identity_card_keeps_the_birthday_to_itself() -> None:
    field = make_field("id_code", which="person")
    assert field.kind.masked(field, "11010519491231002X") == "1101************2X"


@pytest.mark.parametrize(
    ("service", "given", "kept", "leads"),
    [
        ("wechat", "微信：zhang_wei88", "zhang_wei88", None), ("wechat", "13812344210", "13812344210", None),
        ("wechat", "张伟（禾穗）", "张伟(禾穗)", None), ("telegram", "Zhang Wei", "Zhang Wei", None), ("wechat", "微信：", None, None),
        ("whatsapp", "+86 138 1234 4210", "+8613812344210", "https://wa.me/8613812344210"),
        ("telegram", "@zhangwei", "@zhangwei", "https://t.me/zhangwei"),
        ("qq", "QQ: 12345678", "12345678", "https://wpa.qq.com/msgrd?v=3&uin=12345678&site=qq&menu=yes"),
        ("telegram", "javascript:alert(1)", "javascript:alert(1)", None),
    ],
)  # fmt: skip
def test_a_messenger_account_is_cleaned_and_leads_where_it_can(
    service: str, given: str, kept: str | None, leads: str | None
) -> None:
    field = make_field("im", service=service)
    if kept is None:
        with pytest.raises(FieldError):
            field.kind.parse(field, given)
        return
    assert field.kind.parse(field, given) == kept
    assert field.kind.reach(field, kept) == leads  # type: ignore[attr-defined]
