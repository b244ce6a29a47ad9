"""A real pipeline of 8,800 deals comes in with all its totals, tells its misspelling, and goes again."""

from __future__ import annotations

from decimal import Decimal

from tests.transfer.conftest import GOOD, SALES
from webapp.engines.forms import undo


def test_a_pipeline_comes_in_with_the_totals_of_its_source_again_without_change_and_goes_without_trace(
    firm, expected, tmp_path
):
    outcome = firm.bring_sales()
    state = outcome.state
    assert (state.inserted, state.updated, state.unchanged, state.rejected) == (expected["opportunities"], 0, 0, 0)
    _has_the_totals_of_the_pipeline(firm, expected)
    _has_the_totals_of_the_other_files(firm, expected)
    _changes_only_what_differs(firm, tmp_path)
    done = undo.undo(firm.database, firm.actor(), state.change_set)
    assert (done.undone, done.left) == (8799, [("sales.deal", 1, done.left[0][2])])
    assert firm.count("sales.deal") == 2
    assert firm.count("sales.account") == 85


def _has_the_totals_of_the_pipeline(firm, expected):
    stages = firm.sums("sales.deal", ["deal_stage"], ["count()", "sum(close_value)"])
    assert {k: v[0] for k, v in stages.items()} == {k.lower(): n for k, n in expected["by_stage"].items()}
    values = expected["close_value_by_stage"]
    assert {k: v[1] for k, v in stages.items()} == {k.lower(): Decimal(n) for k, n in values.items()}
    assert firm.count("sales.deal", "account is empty") == expected["blank_account"]
    assert firm.count("sales.deal", "engage_date is empty") == expected["blank_engage_date"]
    assert firm.count("sales.deal", "close_value is empty") == expected["blank_close_value"]
    measures = ["count()", "sum(close_value)"]
    regions = firm.sums("sales.deal", ["agent.regional_office"], measures, "deal_stage = 'won'")
    wanted = expected["won_by_region"].items()
    assert {k: [n, int(v)] for k, (n, v) in regions.items()} == {
        k.lower(): [v["won"], v["won_value"]] for k, v in wanted
    }


def _has_the_totals_of_the_other_files(firm, expected):
    accounts = expected["accounts"]
    assert firm.sums("sales.account", [], ["count()", "sum(revenue)", "sum(employees)"])[None] == [
        accounts["rows"], Decimal(accounts["revenue_sum"]), accounts["employees_sum"],
    ]  # fmt: skip
    assert firm.count("sales.account", "subsidiary_of is not empty") == accounts["with_parent"]
    assert {k: v[0] for k, v in firm.sums("sales.account", ["sector"], ["count()"]).items()} == accounts["by_sector"]
    products = firm.sums("sales.product", ["product"], ["sum(sales_price)"])
    assert {k: int(v[0]) for k, v in products.items()} == expected["products"]
    assert firm.count("sales.agent") == expected["agents_in_teams"]


def _changes_only_what_differs(firm, tmp_path):
    """The same file by key, with one deal given to another agent and one deal more."""
    text = (SALES / "sales_pipeline.csv").read_text().replace("1C1I7A6R,Moses Frase", "1C1I7A6R,Darcel Schlecht")
    (tmp_path / "again.csv").write_text(text + "ZZZZZZZZ,Moses Frase,GTX Basic,,Engaging,2017-12-30,,\n")
    again = firm.bring("sales.deal", tmp_path / "again.csv", {**GOOD, "key": "opportunity_id"}).state
    assert (again.inserted, again.updated, again.unchanged, again.rejected) == (1, 1, 8799, 0)


def test_a_misspelt_product_is_told_once_for_all_its_rows_and_the_rejected_rows_come_in_when_it_is_mapped(
    firm, expected
):
    wrong = expected["products_not_in_products_csv"]["GTXPro"]
    outcome = firm.bring_sales({"columns": GOOD["columns"]})
    assert (outcome.state.inserted, outcome.state.rejected) == (expected["opportunities"] - wrong, wrong)
    (reason,) = outcome.reasons
    assert (reason["field"], reason["value"], reason["near"], reason["rows"]) == ("product", "GTXPro", "GTX Pro", wrong)
    lines = outcome.rejected.read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("opportunity_id,sales_agent,product") and "GTX Pro" in lines[1]
    assert len(lines) == wrong + 1
    rehearsed = firm.bring("sales.deal", outcome.rejected, GOOD, is_rehearsal=True).state
    assert (rehearsed.inserted, rehearsed.rejected, firm.count("sales.deal")) == (wrong, 0, 8800 - wrong)
    again = firm.bring("sales.deal", outcome.rejected, GOOD)
    assert (again.state.inserted, again.state.rejected) == (wrong, 0)
    assert firm.count("sales.deal") == expected["opportunities"]
    assert again.unmapped == ["行号", "退回原因"]
    for brought in (again, outcome):
        assert undo.undo(firm.database, firm.actor(), brought.state.change_set).left == []
    assert firm.count("sales.deal") == 0
