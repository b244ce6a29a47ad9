"""What becomes of rows: values, links, keys, rights, rejected rows, and where an import stops and goes on."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.transfer.files import write_csv, write_xlsx
from webapp.engines.forms import bulk, records, select, undo
from webapp.engines.forms.record import Query
from webapp.engines.forms.transfer import importing
from webapp.engines.forms.transfer.orders import State
from webapp.errors import Denied, Invalid, NotFound

FORM = "shop.customer"


@pytest.fixture
def shop(firm):
    firm.world.apply((Path(__file__).parent / "app.yaml").read_text())
    for name, role in (("ann", "rep"), ("bob", "rep"), ("hal", "head")):
        firm.world.grant(name, f"shop.{role}")
    return firm


def listed(shop, who="admin", *where):
    with shop.database.read() as unit:
        page = select.select(unit, shop.actor(who), shop.form(FORM), Query(where=where, sort=("id",), limit=500))
    return [r.values for r in page.records]


def made(shop, *rows, who="admin"):
    with shop.database.write() as unit:
        return [r.id for r in bulk.create_many(unit, shop.actor(who), shop.form(FORM), rows, via="api")]


def test_cells_become_values_of_their_kinds(shop, tmp_path):
    head = [
        "客户名称*",
        "等级",
        "标签",
        "建档日期",
        "最近到店",
        "消费金额(元)",
        "到店次数",
        "协作人",
        "负责人",
        "备注",
        "证件号",
    ]
    row = [
        "远山资本",
        "金卡",
        "重要、Old friend",
        date(2026, 9, 1),
        "2026-09-02 10:30",
        "1.5万",
        7,
        "ANN@firm.example",
        "Bob",
    ]
    path = write_xlsx(tmp_path / "a.xlsx", [head, [*row, "第一行\n第二行", "110101199003070011"]])
    assert shop.bring(FORM, path).state.inserted == 1
    (found,) = listed(shop)
    people = shop.world.people
    wanted = {
        "name": "远山资本", "level": "a", "tags": ("vip", "old"), "since": date(2026, 9, 1),
        "seen": datetime(2026, 9, 2, 2, 30, tzinfo=UTC), "spent": Decimal("15000.00"), "visits": 7,
        "partner": people["ann"], "owner": people["bob"], "note": "第一行\n第二行", "card": "110101199003070011",
        "double": 14,
    }  # fmt: skip
    assert {k: found[k] for k in wanted} == wanted
    with shop.database.read() as unit:
        assert select.select(unit, shop.actor(), shop.form(FORM), Query(search="远山")).records


def test_rows_of_a_spreadsheet_without_dates_in_date_columns_are_dates_all_the_same(shop, tmp_path):
    shop.bring(FORM, write_xlsx(tmp_path / "a.xlsx", [["name", "since", "seen"], ["A", 46266, 46266.5]]))
    (found,) = listed(shop)
    assert (found["since"], found["seen"]) == (date(2026, 9, 1), datetime(2026, 9, 1, 4, 0, tzinfo=UTC))


def test_numbers_of_sixteen_digits_in_a_text_column_are_rejected_with_the_reason(shop, tmp_path):
    rows = [["name", "card"], ["A", 110101199003070011], ["B", "110101199003070011"], ["C", 123456789012345]]
    outcome = shop.bring(FORM, write_xlsx(tmp_path / "a.xlsx", rows))
    assert (outcome.state.inserted, [r["code"] for r in outcome.reasons]) == (2, ["digits_lost"])
    assert {v["name"]: v["card"] for v in listed(shop)} == {"B": "110101199003070011", "C": "123456789012345"}
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", [["name", "card"], ["D", "1.10101E+17"]]))
    assert outcome.state.rejected == 1


def test_every_problem_of_a_row_is_told_with_the_original_columns_in_the_language_of_the_person(shop, tmp_path):
    rows = [
        ["客户名称", "等级", "到店次数", "其他"],
        ["A", "白金", "很多", "x"],
        ["", "金卡", "3", "y"],
        ["B", "", "", "z"],
    ]
    outcome = shop.bring(FORM, write_xlsx(tmp_path / "a.xlsx", rows))
    assert (outcome.state.inserted, outcome.state.rejected, outcome.unmapped) == (1, 2, ["其他"])
    lines = CalamineWorkbook.from_path(outcome.rejected).get_sheet_by_index(0).to_python()
    assert lines[0] == ["客户名称", "等级", "到店次数", "其他", "行号", "退回原因"]
    assert [line[:5] for line in lines[1:]] == [["A", "白金", "很多", "x", 2], ["", "金卡", "3", "y", 3]]
    assert "等级: " in lines[1][5] and "到店次数: " in lines[1][5] and "客户名称" in lines[2][5]


def test_checks_of_the_form_and_defaults_hold_for_imported_rows(shop, tmp_path):
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", [["name", "visits"], ["A", "1001"], ["B", ""]]))
    assert (outcome.state.inserted, outcome.reasons[0]["field"], outcome.reasons[0]["code"]) == (1, "visits", "check")
    assert [v["visits"] for v in listed(shop)] == [1]


def test_a_link_is_found_by_title_unique_field_or_number_and_two_of_one_name_are_refused(shop, tmp_path):
    ids = made(shop, {"name": "总店", "code": "HQ-1"}, {"name": "双店"}, {"name": "双店"})
    rows = [["name", "总店"], ["A", "总店"], ["B", "hq-1"], ["C", f"#{ids[0]}"], ["D", "双店"], ["E", "总店铺"]]
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", rows))
    assert {r["value"]: (r["code"], r["near"]) for r in outcome.reasons} == {
        "双店": ("ambiguous_link", None),
        "总店铺": ("unknown_link", "总店"),
    }
    assert [v["parent"] for v in listed(shop, "admin", "parent is not empty")] == [ids[0]] * 3


def test_the_map_can_say_by_which_field_a_link_is_named(shop, tmp_path):
    ids = made(shop, {"name": "7", "code": "X"}, {"name": "Y", "code": "7"})
    path = write_csv(tmp_path / "a.csv", [["name", "parent"], ["A", "7"]])
    shop.bring(FORM, path, {"by": {"parent": "code"}})
    shop.bring(FORM, path, {"by": {"parent": "id"}, "values": {"parent": {"7": str(ids[0])}}})
    assert [v["parent"] for v in listed(shop, "admin", "parent is not empty")] == [ids[1], ids[0]]
    with pytest.raises(Invalid):
        shop.bring(FORM, path, {"by": {"parent": "cod"}})


def test_rows_may_link_to_rows_further_down_in_the_same_file(shop, tmp_path):
    rows = [
        ["name", "parent", "visits"],
        ["A", "B", "1"],
        ["B", "C", "1"],
        ["C", "", "1"],
        ["D", "E", "1"],
        ["E", "", "9999"],
    ]
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", rows))
    assert (outcome.state.inserted, outcome.state.rejected) == (4, 1)
    assert outcome.reasons[-1] | {"text": ""} == {
        "field": "parent", "value": "E", "text": "", "code": "left_empty", "near": None, "rows": 1, "first": None,
    }  # fmt: skip
    found = {v["name"]: v for v in listed(shop)}
    assert found["A"]["parent"] == found["B"]["id"] and found["B"]["parent"] == found["C"]["id"]
    assert undo.undo(shop.database, shop.actor(), outcome.state.change_set).left == []
    assert listed(shop) == []


def test_a_record_that_the_actor_cannot_see_cannot_be_linked_and_is_not_offered(shop, tmp_path):
    made(shop, {"name": "Secret Holding"})
    path = write_csv(tmp_path / "a.csv", [["name", "parent"], ["A", "Secret Holding"], ["B", "Secret Holdin"]])
    outcome = shop.bring(FORM, path, who="ann")
    assert outcome.state.rejected == 2
    assert {r["near"] for r in outcome.reasons} == {None}


def test_columns_are_written_only_as_far_as_the_actor_may(shop, tmp_path):
    path = write_csv(tmp_path / "a.csv", [["name", "消费金额", "证件号", "手机"], ["A", "5", "6", "13800000001"]])
    outcome = shop.bring(FORM, path, who="ann")
    assert outcome.unmapped == ["消费金额", "证件号", "手机"]
    (found,) = listed(shop)
    assert (found["spent"], found["card"], found["owner"]) == (None, None, shop.world.people["ann"])
    with pytest.raises(Invalid):
        shop.bring(FORM, path, {"columns": {"消费金额": "spent"}}, who="ann")


def test_somebody_without_the_form_or_the_right_to_create_imports_nothing(shop, tmp_path):
    path = write_csv(tmp_path / "a.csv", [["name"], ["A"]])
    with pytest.raises(Denied):
        shop.bring(FORM, path, who="aud")
    with pytest.raises(NotFound):
        shop.bring("sales.deal", path, who="ann")


def test_by_key_empty_cells_leave_what_is_there_and_differences_alone_are_written(shop, tmp_path):
    id_, _ = made(shop, {"name": "A", "code": "C1", "visits": 5, "tags": ("vip",)}, {"name": "B", "code": "C2"})
    rows = [
        ["code", "name", "visits", "tags"],
        ["c1", "A", "", "重要"],
        ["C2", "B2", "4", ""],
        ["C3", "New", "2", "老客户"],
        ["", "X", "", ""],
    ]
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", rows), {"key": "code"})
    state = outcome.state
    assert (state.inserted, state.updated, state.unchanged, state.rejected) == (1, 2, 0, 1)
    assert [(v["name"], v["code"], v["visits"], v["tags"]) for v in listed(shop)] == [
        ("A", "c1", 5, ("vip",)), ("B2", "C2", 4, None), ("New", "C3", 2, ("old",)),
    ]  # fmt: skip
    with shop.database.read() as unit:
        entries = records.select.get(unit, shop.actor(), shop.form(FORM), id_)
    assert entries.version == 2
    undo.undo(shop.database, shop.actor(), state.change_set)
    assert [(v["name"], v["code"], v["visits"]) for v in listed(shop)] == [("A", "C1", 5), ("B", "C2", 1)]


def test_a_key_that_several_records_have_says_so(shop, tmp_path):
    made(shop, {"name": "A"}, {"name": "A"})
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", [["name", "visits"], ["A", "2"]]), {"key": "name"})
    assert (outcome.state.rejected, outcome.reasons[0]["code"]) == (1, "ambiguous_key")


def test_a_value_that_may_stand_once_names_the_row_that_has_it(shop, tmp_path):
    made(shop, {"name": "Z", "code": "C9"})
    rows = [["name", "code"], ["A", "C1"], ["B", "c1"], ["C", "C9"]]
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", rows))
    assert {r["value"]: r["code"] for r in outcome.reasons} == {"c1": "twin", "C9": "not_unique"}
    assert outcome.state.inserted == 1


def test_constants_are_for_every_row_and_a_bad_one_refuses_the_import(shop, tmp_path):
    path = write_csv(tmp_path / "a.csv", [["name"], ["A"], ["B"]])
    shop.bring(FORM, path, {"constants": {"level": "银卡", "visits": 3}})
    assert [(v["level"], v["visits"]) for v in listed(shop)] == [("b", 3), ("b", 3)]
    with pytest.raises(Invalid) as refused:
        shop.bring(FORM, path, {"constants": {"level": "bronze"}})
    assert [p.path for p in refused.value.problems] == ["constants.level"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [([["客户代号", "x"], ["1", "2"]], None), ([["code"], ["1"]], "required")],
)
def test_a_file_that_could_only_be_rejected_is_refused_before_the_first_row(shop, tmp_path, rows, code):
    with pytest.raises(Invalid) as refused:
        shop.bring(FORM, write_csv(tmp_path / "a.csv", rows))
    assert [p.code for p in refused.value.problems] == ([code] if code else [])


def test_a_header_without_rows_imports_nothing_and_says_so(shop, tmp_path):
    outcome = shop.bring(FORM, write_csv(tmp_path / "a.csv", [["name", "code"]]))
    assert (outcome.state.done, outcome.rejected) == (0, None)


def test_hostile_texts_are_kept_as_they_are(shop, tmp_path):
    texts = ["=1+1", "'; DROP TABLE shop__customer; --", "<script>alert(1)</script>", "%s {0} {name}", "🦄 ｆｕｌｌ"]
    outcome = shop.bring(
        FORM, write_csv(tmp_path / "a.csv", [["name", "note"], *[[t, t] for t in texts], ["a\0b", ""]])
    )
    assert [v["name"] for v in listed(shop)] == texts
    assert outcome.state.rejected == 1


class _Stopped(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("few", [0, 2])
def test_an_import_that_is_broken_off_anywhere_goes_on_without_doubles(shop, tmp_path, monkeypatch, few):
    monkeypatch.setattr(importing, "FEW", few)
    monkeypatch.setattr(importing, "SQLITE_ROWS", 7)
    monkeypatch.setattr(importing, "POSTGRES_ROWS", 7)
    rows = [["name", "code", "visits", "parent"]]
    rows += [[f"N{i}", f"C{i}", "x" if i % 5 == 0 else "1", f"N{60 - i}" if i < 30 else ""] for i in range(1, 61)]
    path = write_csv(tmp_path / "a.csv", rows)
    kept, tries = State(), 0

    def keep(unit, state):
        unit.after_commit(lambda: kept.__dict__.update(asdict(state)))
        calls.append(1)
        if len(calls) == tries:
            raise _Stopped

    while True:
        tries, calls = tries + 1, []
        try:
            outcome = shop.bring(FORM, path, state=State(**asdict(kept)), keep=keep)
            break
        except _Stopped:
            tries += 1 if len(calls) > 2 else 0
    assert tries > 3
    assert (outcome.state.inserted, outcome.state.rejected) == (48, 12)
    found = {v["name"]: v for v in listed(shop)}
    assert len(found) == len(listed(shop)) == 48
    assert len(outcome.rejected.read_text("utf-8-sig").splitlines()) == 13
    wanted = {f"N{i}": f"N{60 - i}" for i in range(1, 30) if i % 5}
    assert {n: v["parent"] for n, v in found.items() if v["parent"]} == {n: found[p]["id"] for n, p in wanted.items()}
    undo.undo(shop.database, shop.actor(), outcome.state.change_set)
    assert listed(shop) == []


@pytest.mark.parametrize("few", [0, 2])
def test_a_new_version_of_the_app_in_the_middle_is_followed(shop, tmp_path, monkeypatch, few):
    monkeypatch.setattr(importing, "FEW", few)
    monkeypatch.setattr(importing, "SQLITE_ROWS", 10)
    monkeypatch.setattr(importing, "POSTGRES_ROWS", 10)
    path = write_csv(tmp_path / "a.csv", [["name", "visits"], *[[f"N{i}", "5"] for i in range(40)]])
    document = (Path(__file__).parent / "app.yaml").read_text()
    changed = document.replace('"visits > 1000"', '"visits > 4"')

    def keep(unit, state):
        if state.inserted == 20:
            unit.after_commit(lambda: shop.world.apply(changed))

    outcome = shop.bring(FORM, path, keep=keep)
    assert (outcome.state.inserted, outcome.state.rejected) == (20, 20)
