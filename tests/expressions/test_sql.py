"""SQL of stored and judged records on both databases: every function, the limits of numbers, deep and long expressions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context
from decimal import Decimal as D
from typing import Any

import pytest
import sqlalchemy as sa

from tests.expressions import fakes
from tests.expressions.fakes import NOW, SCHEMA, ZONE, firm_zone, judged, stored
from webapp.db import Database, Unit
from webapp.expressions import Judged, Stored, binds, check, check_group, check_measure, functions
from webapp.i18n import translate

DEAL: dict[str, Any] = {
    "name": " Acme Co ", "amount": D("12345.67"), "cost": D("1.5"), "rate": D("0.1234"), "quantity": D(7), "stage": "quote",
    "tags": ("vip", "new"), "is_key": True, "close_date": date(2026, 12, 31), "start": date(2026, 1, 31),
    "created_at": datetime(2026, 11, 22, 17, 2, 3, tzinfo=UTC), "effort": 5400, "owner": 1, "owner_department": 11,
}  # fmt: skip

#: One row a function (more where it has an edge): an expression over `DEAL` and what it gives.
FUNCTIONS: list[tuple[str, str, Any]] = [
    ("upper", "upper(name)", " ACME CO "),
    ("lower", "lower(name)", " acme co "),
    ("trim", "trim(name)", "Acme Co"),
    ("trim", "trim('  ')", None),
    ("len", "len(name)", D(9)),
    ("len", "len(note)", D(0)),
    ("left", "left('公司名称', 2)", "公司"),
    ("left", "left(name, -1)", None),
    ("right", "right('公司名称', 3)", "司名称"),
    ("right", "right('公司', 9)", "公司"),
    ("mid", "mid('公司名称', 2, 2)", "司名"),
    ("mid", "mid('abc', -5, 2)", "ab"),
    ("replace", "replace('a-b-c', '-', '')", "abc"),
    ("replace", "replace('abc', note, 'x')", "abc"),
    ("find", "find('CO', name)", D(7)),
    ("find", "find('z', name)", D(0)),
    ("concat", "concat('a', amount, close_date)", "a12345.672026-12-31"),
    ("text", "text(amount / 4)", "3086.4175"),
    ("text", "text(-cost / 3)", "-0.5"),
    ("text", "text(amount * 0)", "0"),
    ("text", "text(created_at)", "2026-11-23 01:02"),
    ("text", "text(stage)", "quote"),
    ("round", "round(amount, 1)", D("12345.7")),
    ("round", "round(-2.5)", D(-3)),
    ("round", "round(amount, -3)", D(12000)),
    ("floor", "floor(-cost)", D(-2)),
    ("ceil", "ceil(cost)", D(2)),
    ("abs", "abs(-amount)", D("12345.67")),
    ("sign", "sign(-amount)", D(-1)),
    ("min", "min(cost, quantity, 2)", D("1.500000")),
    ("min", "min(cost, account.credit)", None),
    ("max", "max(close_date, start)", date(2026, 12, 31)),
    ("mod", "mod(-7, 3)", D(2)),
    ("mod", "mod(amount, 0)", None),
    ("power", "power(cost, 2)", D("2.25")),
    ("power", "power(quantity, 20)", D(79792266297612001)),
    ("power", "power(quantity, 22)", None),
    ("power", "power(-0.5, quantity)", D("-0.007813")),
    ("power", "power(0, 0)", D(1)),
    ("power", "power(2, -1)", None),
    ("number", "number(' -１２．５　')", D("-12.500000")),
    ("number", "number('.5') + number('5.')", D("5.500000")),
    ("number", "number('0.0000005')", D("0.000001")),
    ("number", "number('999999999999.9999995')", None),
    ("number", "number('1,000')", None),
    ("number", "number('1.2.3')", None),
    ("number", "number('-')", None),
    ("number", "number(note)", None),
    ("contains", "contains(tags, 'vip', 'new')", True),
    ("contains", "contains(tags, 'vip', 'old')", False),
    ("contains", "contains(tags, 'old')", False),
    ("contains", "contains(name, 'ACME', 'co')", True),
    ("contains_any", "contains_any(tags, 'old', 'vip')", True),
    ("contains_any", "not contains_any(tags, 'old')", True),
    ("contains_any", "contains_any(name, 'x', 'co')", True),
    ("coalesce", "coalesce(note, name, 'x')", " Acme Co "),
    ("today", "today()", date(2026, 11, 23)),
    ("now", "now()", NOW),
    ("year", "year(close_date)", D(2026)),
    ("quarter", "quarter(start)", D(1)),
    ("month", "month(created_at)", D(11)),
    ("week", "week(date(2021, 1, 3))", D(53)),
    ("week", "week(date(2024, 12, 30))", D(1)),
    ("day", "day(created_at)", D(23)),
    ("weekday", "weekday(close_date)", D(4)),
    ("hour", "hour(created_at)", D(1)),
    ("year_of", "year_of(close_date)", "2026"),
    ("quarter_of", "quarter_of(close_date)", "2026-Q4"),
    ("month_of", "month_of(close_date)", "2026-12"),
    ("week_of", "week_of(date(2024, 12, 30))", "2025-W01"),
    ("date_of", "date_of(created_at)", date(2026, 11, 23)),
    ("date", "date(2026, 14, 1)", date(2027, 2, 1)),
    ("date", "date(0, 1, 1)", None),
    ("date", "date(9999, 12, 32)", None),
    ("add_days", "add_days(close_date, 1)", date(2027, 1, 1)),
    ("add_days", "add_days(close_date, -999999999)", None),
    ("add_months", "add_months(start, 1)", date(2026, 2, 28)),
    ("add_months", "add_months(date(9999, 11, 30), 1)", date(9999, 12, 30)),
    ("add_years", "add_years(date(2024, 2, 29), 1)", date(2025, 2, 28)),
    ("days_between", "days_between(start, close_date)", D(334)),
    ("hours_between", "hours_between(created_at, now())", D("-0.53")),
    ("start_of_week", "start_of_week(close_date)", date(2026, 12, 28)),
    ("end_of_week", "end_of_week(close_date)", date(2027, 1, 3)),
    ("start_of_month", "start_of_month(close_date)", date(2026, 12, 1)),
    ("end_of_month", "end_of_month(date(2028, 2, 3))", date(2028, 2, 29)),
    ("start_of_quarter", "start_of_quarter(close_date)", date(2026, 10, 1)),
    ("end_of_quarter", "end_of_quarter(start)", date(2026, 3, 31)),
    ("start_of_year", "start_of_year(close_date)", date(2026, 1, 1)),
    ("end_of_year", "end_of_year(start)", date(2026, 12, 31)),
    ("seconds", "seconds(90.4)", 90),
    ("minutes", "minutes(1.5)", 90),
    ("hours", "effort + hours(1)", 9000),
    ("days", "days(2)", 172800),
    ("me", "owner = me()", True),
    ("my_department", "owner_department = my_department()", True),
]


@contextmanager
def world(database: Database) -> Iterator[Unit]:
    fakes.fill(database)
    with firm_zone(ZONE), database.write() as unit:
        yield unit


def test_every_function_gives_what_its_row_says(database: Database) -> None:
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", **DEAL)
        for _, text, wanted in FUNCTIONS:
            expression = check(text, SCHEMA, "crm.deal")
            for found in (stored(unit, expression, row), judged(unit, expression, DEAL)):
                assert (text, found, type(found)) == (text, wanted, type(wanted))


def test_every_function_is_documented_in_both_languages_and_has_a_row() -> None:
    assert {key for key, _, _ in FUNCTIONS} == set(functions.keys())
    for function in functions:
        english, chinese = function.help.text("en"), function.help.text("zh")
        assert english and chinese != english
        assert function.example.startswith(function.key) or function.key in function.example


def test_powers_have_right_decimals(database: Database) -> None:
    """Compound interest over thirty years, against plain exact multiplication."""
    cases = [("1 + rate / 12", D("1.010283"), 360), ("1.000001", D("1.000001"), 1_000_000), ("1.5", D("1.5"), 60),
             ("-1.1", D("-1.1"), 199), ("0.999999", D("0.999999"), 12345)]  # fmt: skip
    with world(database) as unit:
        for text, x, n in cases:
            exact = Context(prec=2000, rounding=ROUND_HALF_UP).power(x, n).quantize(D("0.000001"), ROUND_HALF_UP)
            expression = check(f"power({text}, quantity)", SCHEMA, "crm.deal")
            values = {**DEAL, "quantity": D(n)}
            row = fakes.add(unit, "crm.deal", **values)
            assert (text, stored(unit, expression, row), judged(unit, expression, values)) == (text, exact, exact)
        for text in ("power(2, 99999999999)", "power(quantity, quantity * 10)", "power(1000000, 3 + 0 * id)"):
            assert judged(unit, check(text, SCHEMA, "crm.deal"), DEAL) is None
        assert judged(unit, check("power(-1, 99999999999)", SCHEMA, "crm.deal"), DEAL) == -1


def test_rounding_is_half_away_from_zero_at_every_step(database: Database) -> None:
    cases = {"0.000001 / 2": "0.000001", "-0.000001 / 2": "-0.000001", "0.5 / 1000000": "0.000001", "0.4 / 1000000": "0",
             "cost * 0.000001 * 1": "0.000002", "amount / 0": None, "amount / (quantity - 7)": None, "1 / 3 * 3": "0.999999",
             "rate * rate": "0.015228", "round(0.5)": "1", "round(-1.25, 1)": "-1.3"}  # fmt: skip
    with world(database) as unit:
        for text, wanted in cases.items():
            found = judged(unit, check(text, SCHEMA, "crm.deal"), DEAL)
            assert (text, found) == (text, None if wanted is None else D(wanted))


def test_a_number_that_leaves_the_limit_is_empty_and_never_a_float(database: Database) -> None:
    most = D(10**15 - 1)
    values = {**DEAL, "quantity": most, "amount": most / 100, "cost": most / 10**6}
    empty = ["quantity * quantity", "quantity * 1001", "amount * amount", "quantity / 0.000001", "quantity + 0.000001",
             "cost * quantity",  "(quantity * 999) + (quantity * 999)", "days(quantity) / hours(1)"]  # fmt: skip
    exact = {"quantity * 1000": most * 1000, "amount * 2": most / 50}
    with world(database) as unit:
        for text in empty:
            assert (text, judged(unit, check(text, SCHEMA, "crm.deal"), values)) == (text, None)
            assert judged(unit, check(f"({text}) > 0 or ({text}) <= 0", SCHEMA, "crm.deal"), values) is False
        for text, wanted in exact.items():
            assert (text, judged(unit, check(text, SCHEMA, "crm.deal"), values)) == (text, wanted)


def test_a_sum_over_rows_beyond_int64_is_empty_instead_of_an_error(database: Database) -> None:
    with world(database) as unit:
        account = fakes.add(unit, "crm.account", name="Big")
        for _ in range(1100):
            fakes.add(unit, "crm.deal", account=account, cost=D(10**15 - 1) / 10**6)
        table = SCHEMA.form("crm.account").table
        for text, wanted in (("sum(deals.cost)", None), ("count(deals)", D(1100)), ("avg(deals.cost * 9)", None)):
            sql = check(text, SCHEMA, "crm.account").sql(Stored(table), unit.dialect)
            found = unit.execute(sa.select(sql).select_from(table).where(table.c.id == account)).scalar_one()
            assert (text, found) == (text, wanted)


DEEP = [
    "amount" + " / 1.1" * 35,
    "amount" + " / cost" * 35,
    "1 / (" * 35 + "cost" + ")" * 35,
    "rate * cost" + " * rate" * 34,
    "round(" * 15 + "amount / 7" + ", 5) + cost / 3" * 15,
    "amount" + " + cost - rate" * 18,
    "len(" + " & ".join(["name"] * 380) + ")",
    "if(amount > 1, " * 18 + "cost / 7" + ", 0)" * 18,
    "if(amount / cost > " * 18 + "rate" + ", cost / 7, 0)" * 18,
    "abs(floor(" * 18 + "amount / 3" + "))" * 18,
    "len(" + "left(replace(" * 15 + "name" + ", 'x', 'y'), 5)" * 15 + ")",
    "day(" + "add_months(" * 30 + "start" + ", 1)" * 30 + ")",
    "case(" + ", ".join(f"amount / {n} = 1, {n}" for n in range(2, 60)) + ", 0)",
    "min(" + ", ".join(f"amount / {n}" for n in range(2, 60)) + ")",
    "mod(" * 30 + "amount" + ", 7.5)" * 30,
    "-" * 30 + "amount",
]


def test_deep_and_long_expressions_compile_and_run(database: Database) -> None:
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", **DEAL)
        for text in DEEP:
            expression = check(text, SCHEMA, "crm.deal")
            assert judged(unit, expression, DEAL) == stored(unit, expression, row), text[:60]


LONG = [
    (" or ".join(f"amount = {n}" for n in range(390)) + " or is_key", True),
    (" and ".join(f"amount / {n} > 0" for n in range(1, 390)), True),
    ("not (" * 35 + "is_key" + ")" * 35, False),
    ("(is_key and " * 35 + "amount / 3 > 1" + ")" * 35, True),
    ("name in (" + ", ".join(f"'{n}'" for n in range(380)) + ", ' ACME co ')", True),
]


def test_long_conditions_run(database: Database) -> None:
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", **DEAL)
        for text, wanted in LONG:
            assert stored(unit, check(text, SCHEMA, "crm.deal"), row) is wanted, text[:60]


HOSTILE = [
    "'); DROP TABLE crm__deal; --",
    "' OR '1'='1",
    '"; --',
    "%s %(x)s :x ? {0} \\",
    "100%",
    "a\\'b",
    "；drop",
    "$$",
]


def test_hostile_texts_are_only_texts(database: Database) -> None:
    with world(database) as unit:
        for said in HOSTILE:
            row = fakes.add(unit, "crm.deal", name=said, note="x")
            quoted = "'" + said.replace("'", "''") + "'"
            for text in (
                f"name = {quoted}",
                f"name contains {quoted}",
                f"name in ({quoted})",
                f"name starts with {quoted}",
            ):
                expression = check(text, SCHEMA, "crm.deal")
                assert stored(unit, expression, row) is True
                assert judged(unit, expression, {"name": said}) is True
            assert stored(unit, check(f"replace(note, 'x', {quoted})", SCHEMA, "crm.deal"), row) == said


def test_comparisons_are_two_valued_below_every_not(database: Database) -> None:
    cases = {"note = 'x'": False, "note != 'x'": True, "not note = 'x'": True, "not (note != 'x')": False,
             "note contains 'x'": False, "note not contains 'x'": True, "account.credit > 1": False,
             "not account.credit > 1": True, "not (account.credit > 1 or account.credit <= 1)": True,
             "account.credit in (1, 2)": False, "account.credit not in (1, 2)": True, "account.credit between 1 and 2": False,
             "account.credit not between 1 and 2": True, "note < 'x' or note >= 'x'": False, "note = note": False,
             "note = name": False, "note is empty": True, "tags is empty": False, "stage != 'won'": True,
             "(note = 'x') = false": True, "if(note = 'x', false, true)": True}  # fmt: skip
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", **DEAL)
        for text, wanted in cases.items():
            expression = check(text, SCHEMA, "crm.deal")
            assert (text, stored(unit, expression, row), judged(unit, expression, DEAL)) == (text, wanted, wanted)
            table = SCHEMA.form("crm.deal").table
            where = expression.condition(Stored(table), unit.dialect)
            found = unit.execute(sa.select(sa.func.count()).select_from(table).where(where), binds(None, NOW, ZONE))
            assert (text, found.scalar_one()) == (text, int(wanted))


def test_case_and_width_make_no_difference(database: Database) -> None:
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", name="ＡＣＭＥ Straße", note="ÄÖÜ")
        for text in ("name = 'acme strasse'", "name contains 'STRASSE'", "name starts with 'Acme'", "note = 'äöü'",
                     "name & note = 'acme strasseäöü'", "if(is_key, 'x', name) = 'acme strasse'", "upper(note) = 'äöü'",
                     "coalesce(note, name) = 'äöü'", "name in ('x', 'ACME STRASSE')"):  # fmt: skip
            expression = check(text, SCHEMA, "crm.deal")
            values = {"name": "ＡＣＭＥ Straße", "note": "ÄÖÜ"}
            assert (text, stored(unit, expression, row), judged(unit, expression, values)) == (text, True, True)


def test_a_judged_change_knows_the_state_before(database: Database) -> None:
    old = {**DEAL, "stage": "contact", "amount": D(1), "tags": ("vip",)}
    cases = {"changed(stage)": True, "changed(name)": False, "old.stage = 'contact' and stage = 'quote'": True,
             "amount - old.amount > 12000": True, "old.tags contains 'new'": False, "tags contains 'new'": True,
             "old.stage.probability < stage.probability": True, "old.formula_weighted < formula_weighted": True}  # fmt: skip
    with world(database) as unit:
        for text, wanted in cases.items():
            expression = check(text, SCHEMA, "crm.deal", allow_old=True)
            assert expression.uses_old == ("old" in text or "changed" in text)
            assert (text, judged(unit, expression, DEAL, old)) == (text, wanted)
        fresh = check(
            "changed(stage) and old.amount is empty and not old.stage = 'won'", SCHEMA, "crm.deal", allow_old=True
        )
        assert judged(unit, fresh, DEAL) is True


def test_lists_of_a_new_record_are_empty_and_of_a_stored_one_are_found(database: Database) -> None:
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", **DEAL)
        fakes.add(unit, "crm.visit", deal=row, minutes=5)
        expression = check("count(visits)", SCHEMA, "crm.deal")
        assert judged(unit, expression, DEAL) == 0
        assert judged(unit, expression, DEAL, row_id=row) == 1


def test_all_expressions_of_a_judged_record_are_one_statement(database: Database) -> None:
    with world(database) as unit:
        record = Judged(SCHEMA.form("crm.deal"), DEAL, {"stage": "won"})
        texts = ["amount / 3", "changed(stage)", "formula_title", "tags contains 'vip'", "owner.name"]
        found = [check(t, SCHEMA, "crm.deal", allow_old=True).sql(record, unit.dialect) for t in texts]
        row = unit.execute(record.select(*found), binds(fakes.ANN, NOW, ZONE)).one()
        assert tuple(row) == (D("4115.223333"), True, " ACME CO -", True, "Ann")


def test_dates_follow_the_zone_of_the_firm(database: Database) -> None:
    fakes.fill(database)
    moment = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 01:30 in Berlin, half an hour before its clocks move
    for zone, day, hour in (("Asia/Shanghai", 29, 8), ("Europe/Berlin", 29, 1), ("America/New_York", 28, 20)):
        with firm_zone(zone), database.write() as unit:
            row = fakes.add(unit, "crm.deal", created_at=moment)
            found = stored(unit, check("day(created_at) * 100 + hour(created_at)", SCHEMA, "crm.deal"), row, zone=zone)
            assert found == day * 100 + hour
            at = f"2026-03-{day} {hour:02}:30"
            assert stored(unit, check(f"created_at = '{at}'", SCHEMA, "crm.deal"), row, zone=zone) is True
            assert (
                stored(unit, check("created_at = '2026-03-29T00:30:00Z'", SCHEMA, "crm.deal"), row, zone=zone) is True
            )
            assert stored(unit, check(f"created_at = '2026-03-{day}'", SCHEMA, "crm.deal"), row, zone=zone) is True


def test_groups_and_measures_over_the_rows_themselves(database: Database) -> None:
    with world(database) as unit:
        for month, amount, stage in ((1, 10, "won"), (1, 20, "lost"), (3, 40, "won"), (3, None, None)):
            fakes.add(
                unit, "crm.deal", start=date(2026, month, 5), amount=None if amount is None else D(amount), stage=stage
            )
        table = SCHEMA.form("crm.deal").table
        group = check_group("month(start)", SCHEMA, "crm.deal")
        texts = ["count()", "sum(amount)", "sum(amount where stage = 'won')", "avg(amount)", "sum(amount) / count()",
                 "count(where stage = 'won')", "max(start)", "count(amount)", "avg(amount / 3)", "any(where stage = 'lost')"]  # fmt: skip
        measures = [
            check_measure(t, SCHEMA, "crm.deal").sql(Stored(table), unit.dialect).label(f"m{i}")
            for i, t in enumerate(texts)
        ]
        key = group.sql(Stored(table), unit.dialect).label("g0")
        found = unit.execute(
            sa.select(key, *measures).select_from(table).group_by(sa.literal_column("g0")).order_by(key)
        ).all()
        assert group.text == "month_of(start)"
        assert [tuple(r) for r in found] == [
            ("2026-01", 2, D(30), D(10), D(15), D(15), 1, date(2026, 1, 5), 2, D(5), True),
            ("2026-03", 2, D(40), D(40), D(40), D(20), 1, date(2026, 3, 5), 1, D("13.333333"), False),
        ]


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [("quarter(start)", "quarter_of(start)"), ("day(created_at)", "date_of(created_at)"), ("day(start)", "date_of(start)"),
     ("week(start)", "week_of(start)"), ("year(start)", "year_of(start)"), ("account.industry", "account.industry")],
)  # fmt: skip
def test_calendar_functions_group_by_the_calendar(typed: str, canonical: str) -> None:
    assert check_group(typed, SCHEMA, "crm.deal").text == canonical


def test_compiled_sql_bakes_in_neither_actor_nor_time(database: Database) -> None:
    with world(database) as unit:
        row = fakes.add(unit, "crm.deal", **DEAL)
        table = SCHEMA.form("crm.deal").table
        statement = sa.select(
            check("owner = me() and created_at < now()", SCHEMA, "crm.deal").sql(Stored(table), unit.dialect)
        ).where(table.c.id == row)
        other = fakes.Actor(member=2, name="Bob")
        later = datetime(2026, 12, 1, tzinfo=UTC)
        assert unit.execute(statement, binds(fakes.ANN, later, ZONE)).scalar_one() is True
        assert unit.execute(statement, binds(other, later, ZONE)).scalar_one() is False
        assert unit.execute(statement, binds(fakes.ANN, datetime(2026, 1, 1, tzinfo=UTC), ZONE)).scalar_one() is False


def test_a_plain_comparison_can_use_an_index(sqlite_database: Database) -> None:
    with world(sqlite_database) as unit:
        unit.execute(sa.text("CREATE INDEX ix_deal_stage ON crm__deal (stage, amount)"))
        table = SCHEMA.form("crm.deal").table
        for make in ("sql", "condition"):
            where = getattr(check("stage = 'won' and amount > 5 and cost / rate > 2", SCHEMA, "crm.deal"), make)(
                Stored(table), "sqlite"
            )
            compiled = (
                sa.select(table.c.id).where(where).compile(unit.connection, compile_kwargs={"literal_binds": True})
            )
            plan = unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
            assert any("ix_deal_stage (stage=? AND amount>?)" in str(line) for line in plan)


def test_help_lines_are_translated() -> None:
    assert translate("zh", "The date of today.") == "今天的日期。"
