"""Records go out as somebody sees them, harmless for the spreadsheet that opens them, and come in again."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from python_calamine import CalamineWorkbook

from tests.transfer.files import rows_of
from tests.transfer.test_importing import FORM, listed, made, shop  # noqa: F401
from webapp.engines.forms.transfer import exporting
from webapp.errors import Denied, Invalid, NotFound

TEXTS = ['=HYPERLINK("http://x")', "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "https://example.com/a", "＝1+1", "普通"]


def export(shop, path, *, who="admin", **more):  # noqa: F811
    wanted = exporting.Wanted(FORM, path.suffix[1:], **more)
    return exporting.write(shop.database, shop.actor(who), wanted, path)


@pytest.fixture
def filled(shop):  # noqa: F811
    people = shop.world.people
    (head,) = made(shop, {"name": "总店", "code": "HQ"})
    made(
        shop,
        {
            "name": "分店", "code": "B1", "parent": head, "phone": "+8613800000001", "level": "a",
            "tags": ("vip", "old"), "since": date(2026, 9, 1),
            "seen": datetime(2026, 9, 2, 2, 30, tzinfo=UTC), "spent": Decimal("1234.50"),
            "partner": people["ann"], "owner": people["hal"], "note": "一\n二", "card": "110101199003070011",
        },
    )  # fmt: skip
    return shop


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_what_goes_out_comes_in_again_the_same(filled, tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"
    assert export(filled, path) == 2
    outcome = filled.bring(FORM, path, {"key": "code"})
    assert (outcome.state.unchanged, outcome.state.done) == (2, 2)
    assert outcome.unmapped[0] == "双倍"
    assert filled.bring(FORM, path, {"skip": ["客户编号"]}).state.inserted == 2
    keys = ("name", "parent", "phone", "level", "tags", "since", "seen", "spent", "partner", "owner", "note", "card")
    found = [{k: v[k] for k in keys} for v in listed(filled)]
    assert sorted(found[2:], key=str) == sorted(found[:2], key=str)


def test_a_spreadsheet_has_typed_cells_and_labels_in_the_language_of_the_person(filled, tmp_path):
    export(filled, tmp_path / "out.xlsx")
    head, row, _ = CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
    cells = dict(zip(head, row, strict=True))
    assert (cells["消费金额"], cells["建档日期"], cells["到店次数"]) == (1234.5, date(2026, 9, 1), 1.0)
    assert str(cells["最近到店"]) == "2026-09-02 10:30:00"
    assert (cells["总店"], cells["等级"], cells["标签"], cells["证件号"]) == (
        "总店",
        "金卡",
        "重要、老客户",
        "110101199003070011",
    )


def test_no_text_becomes_a_formula_or_a_link_in_a_spreadsheet(shop, tmp_path):  # noqa: F811
    import zipfile

    made(shop, *[{"name": t} for t in TEXTS])
    export(shop, tmp_path / "out.xlsx", fields=("name",))
    assert sorted(r[0] for r in rows_of(tmp_path / "out.xlsx")[1:]) == sorted(TEXTS)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet and b"hyperlink" not in sheet
        assert not any("rels" in n and "sheet1" in n for n in archive.namelist())


def test_texts_that_look_like_formulas_are_guarded_in_csv_unless_raw_is_wanted(shop, tmp_path):  # noqa: F811
    made(shop, *[{"name": t} for t in TEXTS], {"name": "A", "spent": Decimal("-5.00"), "phone": "+8613800000001"})
    export(shop, tmp_path / "out.csv", fields=("name", "spent", "phone"))
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert {r[0] for r in rows[1:]} == {"'" + t if t[0] in "=+-@＝" else t for t in TEXTS} | {"A"}
    assert next(r for r in rows if r[0] == "A")[1:] == ["-5", "138 0000 0001"]
    export(shop, tmp_path / "out.csv", fields=("name",), is_guarded=False)
    assert {r[0] for r in rows_of(tmp_path / "out.csv")[1:]} == {*TEXTS, "A"}


def test_json_has_links_with_titles_decimals_as_text_and_moments_in_utc(filled, tmp_path):
    export(filled, tmp_path / "out.json")
    told = json.loads((tmp_path / "out.json").read_text())
    values = told["records"][0]["values"]
    assert values["parent"] == {"id": 1, "title": "总店"} and values["spent"] == "1234.50"
    assert (values["since"], values["seen"], values["tags"]) == ("2026-09-01", "2026-09-02T02:30:00Z", ["vip", "old"])


def test_only_those_who_may_export_do_and_only_what_they_may_see(filled, tmp_path):
    with pytest.raises(Denied):
        export(filled, tmp_path / "a.csv", who="ann")
    with pytest.raises(NotFound):
        exporting.write(filled.database, filled.actor("bob"), exporting.Wanted("sales.deal", "csv"), tmp_path / "a.csv")
    assert export(filled, tmp_path / "a.csv", who="hal") == 1  # sees both, exports what his department owns
    head, row = rows_of(tmp_path / "a.csv")
    assert "消费金额" not in head and row[head.index("手机")].count("*") > 3
    with pytest.raises(Invalid):
        export(filled, tmp_path / "a.csv", who="hal", fields=("nmae",))


def test_pages_join_to_all_records(shop, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(exporting, "PAGE", 7)
    made(shop, *[{"name": f"N{i}"} for i in range(23)])
    assert export(shop, tmp_path / "a.csv", fields=("name",)) == 23
    assert len({r[0] for r in rows_of(tmp_path / "a.csv")}) == 24


def test_a_view_decides_records_columns_and_order(firm, tmp_path):
    with firm.database.write() as unit:
        from webapp.engines.forms import bulk

        rows = [
            {"opportunity_id": f"O{i}", "deal_stage": "won" if i % 2 else "lost", "close_value": Decimal(i)}
            for i in range(6)
        ]
        bulk.create_many(unit, firm.actor(), firm.form("sales.deal"), rows, via="api")
    with firm.database.read() as unit:
        wanted = exporting.from_view(unit, firm.actor(), firm.form("sales.deal"), "won", "csv")
    assert exporting.write(firm.database, firm.actor(), wanted, tmp_path / "a.csv") == 3
    assert [r[0] for r in rows_of(tmp_path / "a.csv")] == ["商机编号", "O5", "O3", "O1"]
    with pytest.raises(Invalid) as refused, firm.database.read() as unit:
        exporting.from_view(unit, firm.actor(), firm.form("sales.deal"), "win")
    assert refused.value.detail["near"] == "won"
