"""The import wizard, page by page: from a file or pasted cells to records, to what is mended, and back."""

from __future__ import annotations

import dataclasses
import io
import re
from datetime import timedelta

import pytest

from tests.pages.conftest import Sales, words
from tests.pages.sales import DOCUMENT
from tests.transfer.files import rows_of, write_xlsx
from webapp import clock
from webapp.engines.forms.transfer import drafts, sheets
from webapp.engines.forms.transfer import wizard as transfer
from webapp.errors import Conflict
from webapp.journal import due, work

DEAL = "/crm/deal/import"
once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # where a database has no say
FILE = (
    "商机名称,金额,阶段,客户,成本\n二期装盒线,12.5万,报价,禾穗食品,3\n码垛机器人,八千,报价中,禾穗食品,4\n,100,报价,,\n"
)


class Wizard:
    """One person's way through it. `at` is the address of his import."""

    def __init__(self, sales: Sales, who: str = "ann") -> None:
        self.sales, self.who, self.at = sales, who, ""

    def send(self, content: str | bytes = FILE, name: str = "商机.csv", form: str = DEAL, **more):
        data = content.encode() if isinstance(content, str) else content
        answer = self.sales.post(form, {"file": (io.BytesIO(data), name), **more}, self.who)
        if answer.status_code == 303:
            self.at = answer.headers["Location"]
        return answer

    def get(self, path: str = "", **more):
        return self.sales.get(self.at + path, self.who, **more)

    def post(self, path: str, values: dict | None = None):
        return self.sales.post(self.at + path, values or {}, self.who)

    def columns(self, **more):
        """Send the columns as they stand on the page, with `more`; the next page."""
        page = self.get().text
        values = {}
        for place, chosen in re.findall(r'name="place-(\w+)".*?</select>', page, re.S) and _selected(page):
            values[f"place-{place}"] = chosen
        key = re.search(r'<option value="(\w+)" selected>[^<]*</option></select></label>\n', page)
        return self.post(
            "/columns", {**values, "existing": "all", "go": "check", **({"key": key[1]} if key else {}), **more}
        )

    def run(self, path: str):
        work.run_ready(self.sales.world.database)
        return words(self.get(path).text)

    def start(self):
        version = re.search(r'name="version" value="(\d+)"', self.get("/check").text)
        return self.post("/start", {"version": version[1]})


def _selected(page: str) -> list[tuple[str, str]]:
    """Column → the field chosen for it."""
    found = []
    for part in re.findall(r'name="place-\w+".*?</select>', page, re.S):
        chosen = re.search(r'<option value="(\w*)" selected>', part)
        found.append((re.search(r'name="place-(\w+)"', part)[1], chosen[1] if chosen else ""))
    return found


@pytest.fixture
def wizard(sales_) -> Wizard:
    return Wizard(sales_)


def test_a_file_goes_all_the_way_in_its_bad_rows_are_mended_and_the_whole_is_taken_back(wizard):
    sales = wizard.sales
    sales.account("禾穗食品")
    assert "选择文件，或拖到这里" in wizard.sales.get(DEAL).text
    assert wizard.send().status_code == 303
    page = wizard.get().text
    assert dict(_selected(page)) == {"A": "name", "B": "amount", "C": "stage", "D": "account", "E": ""}
    assert "5 列，2 列对上" in words(page) and "2 列要看一眼" in words(page)
    assert "成本" not in re.findall(r'name="place-A".*?</select>', page, re.S)[0], "a field hidden from him"
    assert wizard.columns().headers["Location"].endswith("/check")
    assert "正在检查所有行" in words(wizard.get("/check").text)
    checked = wizard.run("/check")
    assert "新建 1 行" in checked and "会退回 2 行" in checked
    assert "报价中" in checked and "导入 1 行" in checked
    assert sales.get("/crm/deal").text.count("data-open") == 0, "nothing was written"
    # what “报价中” means is decided, and remembered
    answer = wizard.post("/values", {"field": "stage", "value": "报价中", "to": "=报价"})
    assert answer.headers["Location"].endswith("/check")
    assert "会退回 2 行" in wizard.run("/check"), "the amount is still wrong"
    assert wizard.start().headers["Location"].endswith("/result")
    done = wizard.run("/result")
    assert "1 行已写入，0 行完全相同跳过，2 行退回。" in done
    page = wizard.get("/result").text
    assert 'name="cell-3-1" value="八千"' in page and page.count("m-badcell") == 2
    assert "Did you mean" not in page
    file = wizard.get("/rejected")
    assert file.headers["Content-Disposition"].startswith("attachment") and "八千" in file.get_data().decode(
        "utf-8-sig"
    )
    first = wizard.at
    answer = wizard.post("/again", {"cell-3-1": "8000", "cell-4-0": "贴标机"})
    assert wizard.post("/again", {"cell-3-1": "8000"}).headers["Location"] == answer.headers["Location"], (
        "pressed twice"
    )
    with sales.world.database.write() as unit:
        draft = drafts.get(unit, sales.world.actor("ann"), int(first.rpartition("/")[2]), "crm.deal")
        with pytest.raises(Conflict):  # or sent twice at once: the other one has it
            transfer.claim_again(unit, sales.world.actor("ann"), dataclasses.replace(draft, version=1, draft={}))
    wizard.at = answer.headers["Location"].removesuffix("/result")
    assert wizard.at != first
    assert "2 行已写入，0 行完全相同跳过，0 行退回。" in wizard.run("/result")
    assert words(sales.get("/crm/deal").text).count("报价") >= 3
    for wizard.at in (wizard.at, first):  # noqa: B020 (the last one first)
        assert wizard.post("/undo").status_code == 303
        assert "这次导入已撤销。" in wizard.run("/result")
    assert sales.get("/crm/deal").text.count("data-open") == 0


def test_files_of_one_shape_are_matched_as_last_time_by_oneself_and_by_others_within_their_rights(wizard):
    wizard.send("名,价\nA,1\n", "a.csv")
    assert dict(_selected(wizard.get().text)) == {"A": "", "B": ""}
    wizard.columns(**{"place-A": "name", "place-B": "cost", "existing": "all"})
    assert wizard.sales.world.form("crm.deal")  # cost is hidden from ann: she could not choose it
    told = words(wizard.get().text)
    assert "不导入" in told
    hal = Wizard(wizard.sales, "hal")
    hal.send("名,价\nA,1\n", "a.csv")
    hal.columns(**{"place-A": "name", "place-B": "cost", "constant-field": "stage", "constant-value": "报价"})
    assert "新建 1 行" in hal.run("/check")
    hal.start()
    assert "1 行已写入" in hal.run("/result")
    wizard.send("名,价\nB,2\n", "b.csv")
    page = wizard.get().text
    assert dict(_selected(page)) == {"A": "name", "B": ""}, "what hal may write and she may not is left out"
    assert "与上次一样" in words(page)
    wizard.post("/look", {"fresh": "1"})
    assert dict(_selected(wizard.get().text)) == {"A": "", "B": ""}


@once
def test_cells_can_be_pasted_and_what_must_be_filled_can_be_the_same_in_every_row(wizard):
    answer = wizard.sales.post(DEAL, {"text": "商机名称\t预计成交\n甲\t2026/3/5\n乙\t2026年3月6日\n"})
    wizard.at = answer.headers["Location"]
    page = wizard.columns()
    assert page.status_code == 422 and "必填但没有对应的列：阶段" in words(page.text)
    assert wizard.columns(**{"constant-field": "stage", "constant-value": "初步接触"}).status_code == 303
    assert "新建 2 行" in wizard.run("/check")


@once
def test_a_column_mapped_twice_is_an_error_beside_both_columns(wizard):
    wizard.send()
    page = wizard.columns(**{"place-B": "name"})
    assert page.status_code == 422 and "有两列写到同一个字段" in words(page.text)
    assert "B 列也写到这里，只能留一列" in words(page.text) and "A 列也写到这里" in words(page.text)


@once
@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.csv", "文件里没有内容"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "客户.xlsx", "这不是表格文件"),
        (b"PK\x03\x04 once a zip", "客户.xlsx", "文件已损坏"),
        (b"<html><table><tr><td>1</td></tr></table>", "export.xls", "网页"),
    ],
)
def test_what_is_no_spreadsheet_is_said_on_the_page_and_nothing_is_kept(wizard, content, name, said):
    answer = wizard.send(content, name)
    assert answer.status_code == 422 and said in words(answer.text)
    assert wizard.sales.post(DEAL, {"text": " "}).status_code == 422
    assert list(wizard.sales.world.database.settings.data_dir.glob("files/*/*/*")) == []


@once
def test_a_file_over_the_limit_is_refused_and_one_of_headings_alone_has_nothing_to_import(wizard, monkeypatch):
    wizard.send("商机名称,阶段\n", "a.csv")
    wizard.columns()
    assert "没有可写入的行" in wizard.get("/check").text or "新建 0 行" in wizard.run("/check")
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    answer = wizard.send(FILE)
    assert answer.status_code == 413


@once
def test_another_sheet_another_row_of_headings_another_encoding(wizard, tmp_path):
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name, rows in (("说明", [["请看第二张"]]), ("数据", [["二月报表"], ["商机名称", "阶段"], ["甲", "报价"]])):
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    book.close()
    wizard.send((tmp_path / "a.xlsx").read_bytes(), "a.xlsx")
    assert wizard.post("/look", {"sheet": "数据", "header": "1"}).status_code == 303
    assert dict(_selected(wizard.get().text)) == {"A": "name", "B": "stage"}
    wizard.post("/look", {"sheet": "数据", "header": "3"})
    assert dict(_selected(wizard.get().text))["A"] == ""
    wizard.send("商机名称,阶段\n甲,报价\n".encode("gb18030"), "b.csv")
    assert dict(_selected(wizard.get().text)) == {"A": "name", "B": "stage"}
    wizard.post("/look", {"encoding": "big5"})
    assert dict(_selected(wizard.get().text))["A"] == ""


def test_an_import_is_there_for_its_member_alone_and_a_page_that_is_old_starts_nothing(wizard):
    wizard.send()
    bob = wizard.sales.get(wizard.at, "bob")
    assert bob.status_code == 404
    assert wizard.sales.get(DEAL, "aud").status_code == 403
    assert (
        "list-more" not in wizard.sales.get("/crm/deal", "aud").text
        or "从 Excel 导入" not in wizard.sales.get("/crm/deal", "aud").text
    )
    wizard.columns()
    wizard.run("/check")
    assert wizard.post("/start", {"version": "1"}).status_code == 409
    wizard.start()
    again = wizard.post("/start", {"version": "99"})
    assert again.status_code == 303, "pressed twice: it runs once"
    with wizard.sales.world.database.read() as unit:
        jobs = [j for j in due.listed(unit, kind="import") if not j.payload["is_rehearsal"]]
    assert len(jobs) == 1


def test_an_import_that_is_stopped_says_what_it_wrote_and_can_be_taken_back(wizard):
    wizard.send()
    wizard.columns()
    wizard.run("/check")
    wizard.start()
    assert wizard.post("/cancel").status_code == 303
    assert "已停止。此前写入的 0 行保留。" in words(wizard.get("/result").text)


def test_missing_accounts_are_made_on_the_way_and_go_with_the_import(wizard):
    wizard.sales.account("禾穗食品")
    wizard.send("商机名称,阶段,客户\n甲,报价,禾穗食品\n乙,报价,新客户\n丙,报价,新客户\n丁,报价,另一家\n", "a.csv")
    assert "没有的就新建客户" in words(wizard.get().text)
    wizard.columns(**{"create-account": "1"})
    told = wizard.run("/check")
    assert "新建 4 行" in told and "另建关联记录 2 条" in told
    assert "新客户" not in wizard.sales.get("/crm/account").text
    wizard.start()
    assert "4 行已写入" in wizard.run("/result")
    assert "新客户" in wizard.sales.get("/crm/account").text
    wizard.post("/undo")
    wizard.run("/result")
    assert "新客户" not in wizard.sales.get("/crm/account").text


def test_new_options_are_made_by_who_may_build_the_app(wizard):
    for who, status in (("ann", 403), ("admin", 303)):
        one = Wizard(wizard.sales, who)
        one.send("商机名称,阶段,标签\n甲,报价,渠道\n", "a.csv")
        one.columns()
        assert ("新选项“渠道”" in one.run("/check")) is (who == "admin")
        answer = one.post("/values", {"field": "tags", "value": "渠道", "to": "=new"})
        assert answer.status_code == status
    assert "新建 1 行" in one.run("/check")


@once
def test_rows_with_damaged_long_numbers_stay_damaged_when_they_are_imported_again(wizard, tmp_path):
    """A number of 16 digits comes back from the page as it was; it must not slip in as a text."""
    path = write_xlsx(tmp_path / "a.xlsx", [["商机名称", "阶段"], [6222021234567890123, "报价"], ["甲", "报价"]])
    wizard.send(path.read_bytes(), "a.xlsx")
    wizard.columns()
    wizard.run("/check")
    wizard.start()
    assert "1 行退回" in wizard.run("/result")
    shown = re.search(r'name="cell-2-0" value="([^"]*)"', wizard.get("/result").text)[1]
    wizard.at = wizard.post("/again", {"cell-2-0": shown}).headers["Location"].removesuffix("/result")
    assert "0 行已写入" in wizard.run("/result")
    wizard.at = wizard.post("/again", {"cell-2-0": "6222021234567890123"}).headers["Location"].removesuffix("/result")
    assert "1 行已写入" in wizard.run("/result")


# --- out ----------------------------------------------------------------------------------------------------------


def test_a_list_goes_out_as_it_is_seen_filtered_sorted_with_its_columns_in_the_persons_words(wizard, tmp_path):
    sales = wizard.sales
    home = sales.account("=禾穗()", who="hal")
    for name, amount, stage in (("甲", "100", "quote"), ("乙", "300", "quote"), ("丙", "200", "contact")):
        sales.deal(name, who="hal", amount=amount, stage=stage, account=home, cost="1")
    answer = sales.post("/crm/deal/export?view=all&w=amount:gt:50&w=amount:ne:200", {"format": "csv"}, "hal")
    assert answer.status_code == 200, words(answer.text)
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("商机名称,客户,阶段,金额,成本") and [line[0] for line in lines[1:]] == ["乙", "甲"]
    assert "'=禾穗()" in lines[1]
    assert "filename*=UTF-8''%E5%95%86%E6%9C%BA-" in answer.headers["Content-Disposition"]
    book = sales.post("/crm/deal/export?view=all", {"format": "xlsx"}, "hal")
    (tmp_path / "a.xlsx").write_bytes(book.get_data())
    rows = rows_of(tmp_path / "a.xlsx")
    assert [row[0] for row in rows] == ["商机名称", "乙", "丙", "甲"] and rows[1][3] == 300
    chosen = sales.post("/crm/deal/export?view=all", {"format": "csv", "id": ["1", "3"]}, "hal")
    assert len(chosen.get_data().decode().splitlines()) == 3
    assert sales.post("/crm/deal/export", {"format": "csv"}, "ann").status_code == 403, "her role may not export"
    assert "导出 Excel" in sales.get("/crm/deal", "hal").text and "导出 Excel" not in sales.get("/crm/deal", "ann").text


def test_a_long_workbook_is_a_job_with_a_link_for_its_member_alone(wizard, monkeypatch, tmp_path):
    from webapp.engines.forms.transfer import export_jobs

    sales = wizard.sales
    for name in "甲乙丙":
        sales.deal(name, who="hal")
    monkeypatch.setattr(export_jobs, "AT_ONCE", 2)
    address = sales.post("/crm/deal/export?view=all", {"format": "xlsx"}, "hal").headers["Location"]
    assert "正在写文件" in words(sales.get(address, "hal").text)
    work.run_ready(sales.world.database)
    page = sales.get(address, "hal").text
    assert "3 条记录" in words(page)
    link = re.search(rf'href="({address}/file)"', page)[1]
    (tmp_path / "a.xlsx").write_bytes(sales.get(link, "hal").get_data())
    assert len(rows_of(tmp_path / "a.xlsx")) == 4
    assert sales.get(link, "admin").status_code == 404 and sales.get(address, "admin").status_code == 404
    assert sales.get("/files/1", "hal").status_code == 404, "only by way of its export, which asks for the right"
    narrower = DOCUMENT.replace("export: true}}\n      deal", "export: true}, fields: {phone: masked}}\n      deal")
    assert narrower != DOCUMENT
    sales.world.apply(narrower)
    refused = sales.get(link, "hal")
    assert refused.status_code == 403 and "请重新导出" in words(refused.text), "what he may see is less by now"
    sales.world.apply(DOCUMENT)
    assert sales.get(link, "hal").status_code == 200
    sales.world.apply(DOCUMENT.replace("export: true}}\nx", "").replace("delete: own, export: true}}", "delete: own}}"))
    assert sales.get(link, "hal").status_code == 403
    sales.world.apply(DOCUMENT)
    with clock.stopped(clock.now() + timedelta(days=8)):
        sales.clients.clear()
        assert sales.get(link, "hal").status_code == 404, "it is there for a week"
