"""Spreadsheets as they come: kinds, encodings, and files that mean harm."""

from __future__ import annotations

import json
import time
from datetime import date, datetime
from pathlib import Path

import pytest

from tests import missing
from tests.conftest import DATA
from tests.transfer.files import rows_of, with_entry, with_false_size, write_csv, write_xlsx
from webapp.engines.forms.transfer import sheets
from webapp.engines.forms.transfer.sheets import Reading, Source
from webapp.errors import Invalid, MortiseError, TooLarge

PEOPLE = [
    ["姓名", "城市", "备注"],
    ["张三", "嘉兴", "二期有扩产计划，九月再联系"],
    ["李四", "无锡", "老客户介绍，要求月底交货"],
]
TRADITIONAL = [
    ["姓名", "城市", "備註"],
    ["陳美玲", "臺北", "客戶要求下週報價，請盡快聯絡"],
    ["林志強", "高雄", "已經簽約，等待收款"],
]


def messy(name: str) -> Path:
    path = DATA / "messy" / name
    if not path.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "gbk"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_chinese_texts_are_read_in_every_usual_encoding_and_with_every_delimiter(tmp_path, encoding, delimiter):
    assert rows_of(write_csv(tmp_path / "a.csv", PEOPLE, encoding, delimiter)) == PEOPLE


def test_traditional_chinese_in_big5_is_told_from_gbk(tmp_path):
    assert rows_of(write_csv(tmp_path / "a.csv", TRADITIONAL, "big5")) == TRADITIONAL


def test_western_texts_without_a_mark_are_not_taken_for_chinese(tmp_path):
    rows = [["name", "city"], ["Jürgen Müller", "Köln"], ["Renée Châtelet", "Besançon"]]
    assert rows_of(write_csv(tmp_path / "a.csv", rows, "cp1252")) == rows


def test_quoted_newlines_stay_in_their_cell_and_rows_keep_their_numbers(tmp_path):
    path = write_csv(tmp_path / "a.csv", [["a", "b"], ["two\nlines", "x"], ["", ""], ["last", "y"]])
    with Source(path) as source:
        (chunk,) = source.chunks()
    assert chunk.columns == [["a", "two\nlines", "last"], ["b", "x", "y"]]
    assert chunk.numbers == [1, 2, 4]


def test_comment_lines_are_left_out_when_the_map_says_so():
    rows = rows_of(messy("comments_and_quoted_newline.csv"), comment="#")
    assert [r[0] for r in rows] == ["a", "1", "q", "a"]
    assert rows[2][4] == "我是一段\n带换行的内容"


def test_cells_of_a_spreadsheet_become_texts_and_numbers(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", [["x"] * 6, [5.0, 5.25, date(2026, 11, 22), True, "007", None]])
    assert rows_of(path)[1] == [5, 5.25, "2026-11-22", "TRUE", "007", None]


def test_rows_keep_their_numbers_when_the_sheet_begins_further_down(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", [[], [], ["name"], [], ["Ada"]])
    with Source(path) as source:
        (chunk,) = source.chunks()
    assert (chunk.numbers, chunk.columns) == ([3, 5], [["name", "Ada"]])


@pytest.mark.parametrize(
    "name",
    [
        "product_import_template_title_row.xls",
        "merged_cell.xlsx",
        "blanks_and_dates_no_header.xlsx",
        "people_and_school_two_sheets.xls",
        "demo_bom.csv",
        "contacts_60_columns.xlsx",
        "contacts_header_in_row_2.xlsx",
        "contacts_header_only.xlsx",
        "contract_milestones_gb18030.csv",
        "cn_districts_gbk.csv",
    ],
)
def test_messy_files_are_read_as_other_programs_read_them(name):
    path = messy(name)
    told = next(f for f in json.loads((DATA / "messy" / "expected.json").read_text())["files"] if f["file"] == name)
    content = told["content"]
    values = content["sheets"][0].get("values") if "sheets" in content else content.get("values")
    rows = rows_of(path)
    assert values
    expected = [[_plain(cell) for cell in row] for row in values if any(cell not in (None, "") for cell in row)]
    assert [row + [None] * (len(expected[0]) - len(row)) for row in rows[: len(expected)]] == expected
    assert len(rows) == content.get("records_with_header", len(expected))


def _plain(cell):
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, str) and len(cell) == 19 and cell[10] == "T":
        moment = datetime.fromisoformat(cell)
        return str(moment.date()) if moment.time() == moment.min.time() else moment.isoformat(" ")
    return cell or None if not isinstance(cell, int) else cell


def test_a_sheet_is_chosen_by_name_or_number_and_a_wrong_one_names_the_nearest():
    path = messy("people_and_school_two_sheets.xls")
    assert rows_of(path, sheet="校园入学")[1][:4] == [123, 4, "第一小学", "2017-03-02"]
    assert rows_of(path, sheet=2)[0][0] == "班级"
    with pytest.raises(Invalid) as refused:
        Source(path, Reading(sheet="校园入校"))
    assert refused.value.detail["near"] == "校园入学"


def _refusal(path: Path) -> MortiseError:
    with pytest.raises((Invalid, TooLarge)) as refused, Source(path) as source:
        list(source.chunks())
    return refused.value


def test_an_empty_file_says_so(tmp_path):
    for name, content in (("a.csv", b""), ("b.xlsx", b""), ("c.csv", b"\xef\xbb\xbf\r\n\r\n")):
        (tmp_path / name).write_bytes(content)
        assert _refusal(tmp_path / name).detail["reason"] == "empty_file"
    assert _refusal(write_xlsx(tmp_path / "d.xlsx", [])).detail["reason"] == "empty_file"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\n1 0 obj", "not_a_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_a_spreadsheet"),
        (b"<html><table><tr><td>1</td></tr></table>", "web_page"),
        (b"PK\x03\x04 this was a zip file once", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        (bytes(range(256)) * 40, "not_a_spreadsheet"),
    ],
)
def test_something_else_under_the_name_of_a_spreadsheet_is_refused_with_its_reason(tmp_path, content, reason):
    (tmp_path / "customers.xlsx").write_bytes(content)
    assert _refusal(tmp_path / "customers.xlsx").detail["reason"] == reason


def test_text_under_the_name_of_a_spreadsheet_is_read_as_text(tmp_path):
    assert rows_of(write_csv(tmp_path / "export.xls", PEOPLE, "gbk", "\t")) == PEOPLE


def test_a_cell_of_ten_megabytes_is_refused_with_its_row(tmp_path):
    big = "x" * 10_000_000
    text = write_csv(tmp_path / "a.csv", [["a", "b"], ["1", big]])
    assert "row 2" in str(_refusal(text))
    book = write_xlsx(tmp_path / "a.xlsx", [["a", "b"], ["1", "2"]])
    strings = b'<?xml version="1.0"?><sst><si><t>a</t></si><si><t>b</t></si><si><t>1</t></si><si><t>%s</t></si></sst>'
    with_entry(book, "xl/sharedStrings.xml", strings % big.encode())
    with_entry(book, "xl/worksheets/sheet1.xml", _SHEET % b'<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>3</v></c>')
    assert isinstance(_refusal(book), TooLarge)


_SHEET = (
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1">%s</row></sheetData></worksheet>'
)


def test_a_zip_bomb_is_refused_before_it_is_parsed(tmp_path):
    book = write_xlsx(tmp_path / "a.xlsx", [["a"], ["1"]])
    with_entry(book, "xl/worksheets/sheet1.xml", _SHEET % (b" " * (600 << 20)))
    started = time.monotonic()
    assert _refusal(book).detail["reason"] == "bomb"
    assert time.monotonic() - started < 10


def test_a_bomb_that_declares_a_small_size_is_refused_too(tmp_path):
    book = write_xlsx(tmp_path / "a.xlsx", [["a"], ["1"]])
    with_entry(book, "xl/worksheets/sheet1.xml", _SHEET % (b" " * (40 << 20)))
    with_false_size(book, "xl/worksheets/sheet1.xml", 2000)
    assert _refusal(book).detail["reason"] == "bomb"


def test_a_zip_file_of_thousands_of_entries_is_refused(tmp_path):
    book = write_xlsx(tmp_path / "a.xlsx", [["a"], ["1"]])
    import zipfile

    with zipfile.ZipFile(book, "a") as archive:
        for number in range(2500):
            archive.writestr(f"xl/media/{number}", b"")
    assert _refusal(book).detail["reason"] == "bomb"


def test_a_sheet_that_spans_everything_is_refused(tmp_path):
    book = write_xlsx(tmp_path / "a.xlsx", [["a"], ["1"]])
    far = b'<c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c>'
    with_entry(book, "xl/worksheets/sheet1.xml", _SHEET % far)
    assert isinstance(_refusal(book), TooLarge)


def test_a_reader_that_needs_too_much_memory_is_ended_and_the_parent_lives(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MEMORY", 40 << 20)
    book = write_xlsx(tmp_path / "a.xlsx", ([f"{r} {c}" for c in range(40)] for r in range(8000)))
    assert _refusal(book).status == 413


def test_a_reader_that_says_nothing_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "SILENCE", 0.01)
    path = write_csv(tmp_path / "a.csv", [["a", "b"]] * 200_000)
    assert isinstance(_refusal(path), TooLarge)


def test_a_file_over_the_limit_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    with pytest.raises(TooLarge):
        Source(write_csv(tmp_path / "a.csv", PEOPLE))


def test_more_columns_than_a_form_can_have_are_refused_and_200_are_fine(tmp_path):
    assert len(rows_of(write_xlsx(tmp_path / "a.xlsx", [[f"c{i}" for i in range(200)]]))[0]) == 200
    assert isinstance(_refusal(write_csv(tmp_path / "a.csv", [["x"] * 1500])), TooLarge)


def test_a_file_protected_by_a_password_says_so(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
    )
    assert _refusal(tmp_path / "a.xlsx").detail["reason"] == "password"


def test_a_truncated_spreadsheet_is_damaged_and_not_half_read(tmp_path):
    book = write_xlsx(tmp_path / "a.xlsx", [[f"{r}"] for r in range(3000)])
    book.write_bytes(book.read_bytes()[:-400])
    assert _refusal(book).detail["reason"] == "damaged"
