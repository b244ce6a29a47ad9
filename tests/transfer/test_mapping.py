"""Columns find their fields by key and label, by the map, and never by a guess."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from tests import missing
from tests.conftest import DATA
from tests.transfer.files import write_csv, write_xlsx
from webapp.engines.forms.transfer import heads, mapping, maps
from webapp.engines.forms.transfer.sheets import Source
from webapp.errors import Invalid

LABELS = {
    "name": {"en": "Account name", "zh": "客户名称"},
    "contact_name": {"en": "Contact", "zh": "联系人"},
    "phone": {"en": "Phone", "zh": "电话"},
    "mobile": {"en": "Mobile", "zh": "手机"},
    "amount": {"en": "Amount", "zh": "应收金额"},
    "note": {"en": "Note", "zh": "备注"},
    "owner": {"en": "Owner", "zh": "负责人"},
}
FIELDS = {key: SimpleNamespace(key=key, label=label) for key, label in LABELS.items()}


def matched(headings, said=None):
    columns = mapping.match(headings, 1, FIELDS, maps.of(said or {}))
    return {c.heading: c.field.key for c in columns.mapped}, columns


@pytest.mark.parametrize(
    "heading",
    [
        "客户名称",
        " 客户名称 ",
        "客户名称*",
        "＊客户名称（必填）",
        "客户名称(必填)*",
        "客户名称【必填】",
        "Account name",
        "ACCOUNT NAME *",
        "ａｃｃｏｕｎｔ　ｎａｍｅ",
        "name",
    ],
)
def test_a_heading_is_matched_by_key_and_label_however_it_is_decorated(heading):
    assert matched([heading])[0] == {heading: "name"}


def test_units_behind_a_heading_do_not_matter():
    assert matched(["应收金额(元)", "contact name"])[0] == {"应收金额(元)": "amount", "contact name": "contact_name"}


@pytest.mark.parametrize("heading", ["应收金额(分)", "应收金额（万元）", "Amount (k)", "应收金额(不含税)"])
def test_a_unit_that_changes_the_value_is_never_ignored(heading):
    found, columns = matched([heading])
    assert (found, [c.heading for c in columns.unmapped]) == ({}, [heading])


def test_a_column_that_is_called_like_no_field_is_reported_and_not_guessed():
    found, columns = matched(["客户名称", "客户姓名", "Phones"])
    assert found == {"客户名称": "name"}
    assert [c.heading for c in columns.unmapped] == ["客户姓名", "Phones"]


def test_real_headings_of_chinese_exports_find_their_fields_and_nothing_else_does():
    path = DATA / "messy" / "header_rows.json"
    if not path.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    meanings = {
        "account.name": "name",
        "contact.name": "contact_name",
        "contact.phone": "phone",
        "contact.mobile": "mobile",
    }
    meanings |= {"payment.amount": "amount", "description": "note", "owner": "owner"}
    checked = 0
    for row in json.loads(path.read_text())["rows"]:
        found, _ = matched(row["headers"])
        for heading, key in found.items():
            assert meanings.get(row["meaning"].get(heading)) == key, heading
            checked += 1
    assert checked == 19


def test_the_map_decides_before_the_headings_do():
    said = {"columns": {"客户姓名": "contact_name", "Phones": "电话", "备注": None}, "skip": ["客户名称"]}
    found, columns = matched(["客户姓名", "Phones", "备注", "客户名称"], said)
    assert found == {"客户姓名": "contact_name", "Phones": "phone"}
    assert columns.unmapped == []


def test_two_columns_for_one_field_are_refused_and_leaving_one_out_mends_it():
    with pytest.raises(Invalid) as refused:
        matched(["电话", "Phone"])
    assert [(p.path, p.code) for p in refused.value.problems] == [("columns.phone", "mapped_twice")]
    assert matched(["电话", "Phone"], {"skip": ["Phone"]})[0] == {"电话": "phone"}


def test_everything_wrong_in_a_map_is_said_at_once_with_the_nearest_names():
    said = {"columns": {"Nmae": "name", "Phone": "phnoe"}, "constants": {"owenr": 1}, "values": {"nota": {"a": "b"}}}
    with pytest.raises(Invalid) as refused:
        matched(["Name", "Phone"], said)
    near = {p.path: p.near for p in refused.value.problems}
    assert near == {"columns.Nmae": "Name", "columns.Phone": "phone", "values.nota": "note", "constants.owenr": "owner"}


def test_an_unknown_setting_of_a_map_is_refused_with_the_nearest():
    with pytest.raises(Invalid) as refused:
        maps.of({"colums": {}})
    assert refused.value.problems[0].near == "columns"


def test_a_map_survives_being_written_down(tmp_path):
    text = "columns: {2024: name, 备注: null}\nvalues: {name: {1: one, yes: true}}\nkey: name\nsheet: 2\nheader: 3\n"
    (tmp_path / "m.yaml").write_text(text)

    said = maps.read(tmp_path / "m.yaml")
    assert said.columns == {"2024": "name", "备注": None}
    assert said.values == {"name": {"1": "one", "yes": True}}
    assert maps.of(json.loads(json.dumps(said.json()))) == said


def head(path, **said):
    with Source(path) as source:
        return heads.head_of(next(source.chunks()), mapping.names_of(FIELDS), maps.of(said))


def test_headings_below_a_title_are_found(tmp_path):
    rows = [["2026 年 9 月客户名单", "", ""], ["客户名称", "电话", "其他"], ["远山资本", "13800000001", ""]]
    assert head(write_xlsx(tmp_path / "a.xlsx", rows)) == (2, ["客户名称", "电话", "其他"])


def test_headings_nobody_knows_are_still_found_below_a_title(tmp_path):
    rows = [["我们的名单", "", "", ""], ["甲", "乙", "丙", "丁"], ["1", "2", "3", "4"]]
    assert head(write_csv(tmp_path / "a.csv", rows))[0] == 2


def test_a_file_without_headings_has_letters_and_one_row_can_be_named(tmp_path):
    path = write_csv(tmp_path / "a.csv", [["a"] * 28, ["客户名称"] * 28])
    assert head(path, header=0)[1][25:] == ["Z", "AA", "AB"]
    assert head(path, header=1)[1][0] == "a"
    with pytest.raises(Invalid):
        head(path, header=7)
