"""Every messy file does what it is expected to: none crashes, none loses a digit, in the wizard and as a new form."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import missing
from tests.conftest import DATA
from tests.transfer.files import write_xlsx
from tests.world import World, make
from webapp.engines.forms import select
from webapp.engines.forms.record import Query
from webapp.engines.forms.transfer import founding, importing, looking, maps
from webapp.engines.forms.transfer.orders import Order
from webapp.engines.forms.transfer.sheets import Reading

MESSY = DATA / "messy"
FILES = [
    "product_import_template_title_row.xls", "merged_cell.xlsx", "blanks_and_dates_no_header.xlsx",
    "people_and_school_two_sheets.xls", "number_and_date_formats.xlsx", "demo_bom.csv", "six_sheets.xlsx",
    "comments_and_quoted_newline.csv", "contacts_header_in_row_2.xlsx", "contacts_60_columns.xlsx",
    "contacts_header_only.xlsx", "contacts_gbk.csv", "contract_milestones_gb18030.csv", "cn_districts_gbk.csv",
]  # fmt: skip


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    if not MESSY.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    files = json.loads((MESSY / "expected.json").read_text("utf-8"))["files"]
    assert {f["file"] for f in files} == set(FILES), "a file that nobody tries"
    return {f["file"]: f for f in files}


@pytest.fixture
def firm(sqlite_database) -> World:
    return make(sqlite_database)


class Made:
    """A file made into a form, as proposed or (`as_texts`) with a text for each column; and what its records say."""

    def __init__(self, world: World, path: Path, folder: Path, *, sheet: str | None = None, as_texts: bool = False):
        admin = world.actor("admin")
        facts = looking.look(path, Reading(sheet=sheet))
        self.looked = founding.profile(path, facts.reading, None)
        with world.database.read() as unit:
            draft = founding.propose(unit, admin, path.name, self.looked, "CNY")
            if as_texts:
                for one in draft["fields"]:
                    one |= {"kind": "long_text", "settings": {}, "is_unique": False, "is_on": True, "empties": []}
            founded = founding.compose(unit, admin, draft, facts, self.looked.header)
        founding.publish(world.database, admin, founded)
        folder = folder / f"{path.stem}-{sheet}-{as_texts}"
        folder.mkdir()
        order = Order(founded.form, path, path.name, maps.of(founded.map))
        self.state = importing.run(world.database, admin, order, folder).state
        self.form = world.form(founded.form)
        with world.database.read() as unit:
            found = select.select(unit, admin, self.form, Query(sort=("id",), limit=5000)).records
        self.kinds = {f.label: f.kind_key for f in self.form.fields.values()}
        self.records = [{f.label: r.values[k] for k, f in self.form.fields.items()} for r in found]


@pytest.mark.parametrize("name", FILES)
def test_no_value_of_a_messy_file_is_lost_or_changed(firm, told, name, tmp_path):
    """With a text for every column each record says what other programs read in its row."""
    content = told[name]["content"]
    for sheet in content.get("sheets", [content]):
        values = sheet.get("values")
        if not values or name == "contacts_header_only.xlsx":
            continue
        made = Made(firm, MESSY / name, tmp_path, sheet=sheet.get("name"), as_texts=True)
        assert made.state.rejected == 0 and made.state.inserted == made.looked.rows
        width = len(made.looked.headings)
        got = [list(record.values()) for record in made.records]
        below = values[made.looked.header :] if made.looked.header else values
        below = [row for row in below if any(c not in (None, "") for c in row) and not str(row[0]).startswith("#")]
        wanted = [[_text(c) for c in [*row, *[None] * width][:width]] for row in below[:100]]
        if name == "merged_cell.xlsx" and sheet["name"] == "Sheet1":
            wanted[1][2] = "11"  # the cell is merged over both rows, and counts for both
        for row in wanted:
            if row[0] == "43831.0423726852":  # the number of a moment, in a format of days that openpyxl does not know
                row[0] = "2020-01-01 01:01:01"
        assert got[: len(wanted)] == wanted


def _text(cell: Any) -> str | None:
    if cell in (None, ""):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell)
    if len(text) == 19 and text[10] == "T":
        moment = datetime.fromisoformat(text)
        return str(moment.date()) if moment.time() == moment.min.time() else moment.isoformat(" ")
    return text.replace("\r\n", "\n").strip()


@pytest.mark.parametrize("name", FILES)
def test_a_messy_file_becomes_a_form_as_expected(firm, told, name, tmp_path):
    """With the kinds that are proposed nothing is rejected, and what is expected of the file holds."""
    expect = told[name].get("expect") or {}
    if name == "contacts_header_only.xlsx":
        looked = founding.profile(MESSY / name, Reading(), None)
        assert (looked.header, looked.headings, looked.rows) == (1, ["姓名", "手机号"], expect["records"])
        return
    made = Made(firm, MESSY / name, tmp_path)
    assert (made.state.rejected, made.state.inserted) == (0, made.looked.rows)
    if "header_row" in expect:
        assert made.looked.header == (expect["header_row"] or 0)
    if isinstance(expect.get("records"), int):
        assert made.state.inserted == expect["records"]
    elif "records" in expect:
        wanted = [{k: v or None for k, v in record.items()} for record in expect["records"]]
        got = [
            {k: _said(record[k], v) for k, v in line.items()} for record, line in zip(made.records, wanted, strict=True)
        ]
        assert got == wanted
    _in_particular(firm, name, expect, made, tmp_path)


def _said(value: Any, like: str | None) -> str | None:
    """A value in the way the expectation writes it."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and like is not None and value.startswith("+86"):
        return value.removeprefix("+86")
    return value


def _in_particular(world: World, name: str, expect: dict[str, Any], made: Made, folder: Path) -> None:
    if "columns" in expect:
        assert len(made.looked.headings) == expect["columns"]
    if "required_headers_end_with" in expect:
        assert made.form.field("model").is_required and not any("*" in label for label in made.kinds)
    if "units_inside_value" in expect:
        assert made.records[0]["单重"] == expect["units_inside_value"]
    if "rows" in expect:
        assert made.kinds["F"] == "date" and made.kinds["D"] == "datetime" and made.kinds["C"] == "number"
    if "first_header" in expect:
        assert next(iter(made.kinds)) == expect["first_header"]
    if "手机号" in expect:
        assert _said(made.records[0]["手机号"], "") == expect["手机号"] and made.kinds["手机号"] == "phone"
    if "sheets_with_data" in expect:
        second = Made(world, MESSY / name, folder, sheet="校园入学")
        assert second.kinds["入学时间"] == "date"
        assert second.records[0]["入学时间"].isoformat() == expect["first_date"]
    if name == "comments_and_quoted_newline.csv":
        assert list(made.kinds)[:4] == ["a", "b", "c", "d"] and len(made.records) == 3
    if name == "cn_districts_gbk.csv":
        assert made.records[0]["code"] == "110101" and made.records[0]["city"] == "01"


# --- what no collection had ---------------------------------------------------------------------------------------


def test_two_rows_of_headings_are_one_heading_a_column(tmp_path):
    merged = [
        ["2026 年客户", None, None, None, None],
        ["客户名称", "采购", None, "财务", None],
        [None, "联系人", "电话", "联系人", "电话"],
        ["禾穗", "王", "13800000001", "李", "13800000002"],
    ]
    looked = founding.profile(write_xlsx(tmp_path / "a.xlsx", merged), Reading(), None)
    assert (looked.header, looked.rows) == (3, 1)
    assert looked.headings == ["客户名称", "采购 联系人", "采购 电话", "财务 联系人", "财务 电话"]
    plain = [["名称", "电话"], ["禾穗", "无"], ["云杉", "有"]]
    assert founding.profile(write_xlsx(tmp_path / "b.xlsx", plain), Reading(), None).headings == ["名称", "电话"]


def test_formulas_come_with_their_results_and_macros_are_not_run(firm, tmp_path):
    import shutil

    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["名称", "金额", "合计"])
    sheet.write_row(1, 0, ["甲", 2])
    sheet.write_formula(1, 2, "=B2*3", None, 6)
    sheet.write_row(2, 0, ["=cmd|' /C calc'!A0", 3, 4])
    book.close()
    made = Made(firm, tmp_path / "a.xlsx", tmp_path)
    assert [r["合计"] for r in made.records] == [6, 4]
    shutil.copy(tmp_path / "a.xlsx", tmp_path / "b.xlsm")
    assert founding.profile(tmp_path / "b.xlsm", Reading(), None).rows == 2


def test_dates_counted_from_1904_are_the_same_days(tmp_path):
    import xlsxwriter

    for system in (False, True):
        book = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": system})
        book.add_worksheet().write_datetime(1, 0, datetime(2026, 3, 5), book.add_format({"num_format": "yyyy-mm-dd"}))
        book.get_worksheet_by_name("Sheet1").write(0, 0, "日期")
        book.close()
        assert founding.profile(tmp_path / "a.xlsx", Reading(), None).profiles[0].examples == ["2026-03-05"], system
