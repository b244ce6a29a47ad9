"""Names: labels, near names, types that do not fit, and whose eyes look."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
import sqlalchemy as sa

from tests.expressions import fakes
from tests.expressions.fakes import SCHEMA, judged, stored
from webapp.db import Database
from webapp.expressions import ExpressionError, check, check_group, check_measure
from webapp.expressions.types import number


class RepEyes:
    """May not name costs or industries; sees accounts whose credit is under 100 and visits that are not long."""

    hidden = {("crm.deal", "cost"), ("crm.account", "industry"), ("crm.visit", "note"), ("crm.account", "parent")}

    def may_name(self, form: str, field: str) -> bool:
        return (form, field) not in self.hidden

    def rows(self, form: str, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
        if form == "crm.account":
            return table.c.credit < sa.literal(D(100), table.c.credit.type)
        if form == "crm.visit":
            return table.c.minutes < 60
        return None


def refused(text: str, **more: object) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        check(text, SCHEMA, "crm.deal", **more)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "position", "near", "english", "chinese"),
    [
        ("ammount > 1", "unknown_name", 0, "amount",
         "There is no field “ammount” on the form “Deal”. Did you mean “amount”?",
         "表单“商机”没有字段“ammount”。"),
        ("[预计成交日] > today()", "unknown_name", 0, "预计成交日期", "There is no field", "没有字段“预计成交日”"),
        ("[日期] > today()", "ambiguous_name", 0, None, "several fields; write one of their keys: start, seen_at", "start, seen_at"),
        ("stage = '初步接洽'", "unknown_option", 8, "初步接触",
         "There is no option “初步接洽”; there is: contact, quote, won, lost.", "没有选项“初步接洽”"),
        ("account.naem = 'x'", "unknown_name", 8, "name", "on the form “Account”", "表单“客户”没有字段"),
        ("owner.nam = 'x'", "unknown_name", 6, "name", "cannot be asked of a person", "成员或部门没有"),
        ("stage.probabilty > 1", "unknown_name", 6, "probability", "The options have no attribute", "选项没有属性"),
        ("summ(amount) > 1", "unknown_function", 0, "sum", "There is no function “summ”.", "没有函数“summ”"),
        ("amount = 'abc'", "type", 9, None, "cannot be compared: a number and a text", "不能比较：数字与文本"),
        ("name + 'x'", "type", 7, None, "Texts are put together with &", "连接文本请用 &"),
        ("contains(tags, 'vip', 'gold')", "unknown_option", 22, "Old", "There is no option “gold”", "没有选项“gold”"),
        ("contains_any(stage, 'won')", "type", 13, None,
         "This should be a text or several choices, but it is a choice.", "这里应为文本或多选，现在是选项"),
        ("contains(tags)", "arguments", 0, None, "contains(tags, 'a', 'b')", "contains(tags, 'a', 'b')"),
        ("contains(tags, empty)", "type", 15, None, "This should be a choice, but it is empty.", "这里应为"),
        ("number(amount) > 1", "type", 7, None, "This should be a text, but it is a number.", "这里应为文本，现在是数字。"),
        ("power(amount, 1.5) > 1", "type", 14, None, "This should be a whole number", "这里应为整数"),
        ("amount and is_key", "type", 0, None, "This should be yes or no, but it is a number.", "这里应为是或否，现在是数字。"),
        ("amount = empty", "compare_empty", 9, None, "write “is empty”", "is empty"),
        ("name = ''", "compare_empty", 7, None, "write “is empty”", "is empty"),
        ("stage > 'won'", "type", 0, None, "needs values with an order", "有大小先后"),
        ("close_date > '2026-13-01'", "bad_date", 13, None, "'2026-11-22'", "不是日期"),
        ("close_date + 1.5 > today()", "type", 13, None, "a whole number of days", "整数天数"),
        ("round(amount, 9)", "type", 14, None, "from −9 to 6", "−9 到 6"),
        ("left(name)", "arguments", 0, None, "left(name, 3)", "left(name, 3)"),
        ("if(is_key)", "arguments", 0, None, "if(amount > 50000, 'A', 'B')", "请这样写"),
        ("visits = 1", "type", 0, None, "is a list of records", "是一组记录"),
        ("sum(visits) > 1", "arguments", 0, None, "sum(deals.amount)", "请写明字段"),
        ("sum(amount) > 1", "type", 0, None, "needs a list of records", "需要一组记录"),
        ("sum(visits.note) > 1", "type", 11, None, "should be a number", "应为数字"),
        ("owner & 'x'", "type", 0, None, "a member is no text", "成员不是文本"),
        ("name.x = 1", "type", 5, None, "cannot be asked of a text", "文本没有“x”"),
        ("old.stage = 'won'", "no_old", 0, None, "no earlier state", "没有记录修改前的状态"),
        ("changed(stage)", "no_old", 0, None, "no earlier state", "没有记录修改前的状态"),
        ("tags = 'vip'", "type", 0, None, "a single value", "单个值"),
        ("account = owner", "type", 10, None, "a linked record and a member", "关联记录与成员"),
        ("amount + empty", "type", 0, None, "leave it out", "请去掉它"),
        ("amount in (1, 'x')", "type", 14, None, "a number and a text", "数字与文本"),
        ("upper(name where is_key)", "syntax", 17, None, "“where” belongs in", "“where”只能写在"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_explained_in_both_languages(
    text: str, code: str, position: int, near: str | None, english: str, chinese: str
) -> None:
    error = refused(text)
    assert (error.problems[0].code, error.position, error.near) == (code, position, near)
    assert english in error.problems[0].text("en")
    assert chinese in error.problems[0].text("zh")


def test_what_may_not_be_named_does_not_exist() -> None:
    eyes = RepEyes()
    for text, missing in (
        ("cost > 1", "kost > 1"),
        ("[成本] > 1", "[成木] > 1"),
        ("account.industry = 'steel'", "account.industri = 'steel'"),
    ):
        hidden, unknown = refused(text, eyes=eyes), refused(missing, eyes=eyes)
        assert hidden.message.id == unknown.message.id
        assert (hidden.code, hidden.near) == (unknown.code, unknown.near)
    for text in ("max(visits.cost where note = 'x') > 1", "sum(visits.cost * cost) > 1", "account.parent.name = 'x'"):
        assert refused(text, eyes=eyes).problems[0].code == "unknown_name"
    with pytest.raises(ExpressionError):
        check("count(children)", SCHEMA, "crm.account", eyes=eyes)  # made of a link that may not be named
    with pytest.raises(ExpressionError):
        check_measure("sum(cost)", SCHEMA, "crm.deal", eyes)
    with pytest.raises(ExpressionError):
        check_group("account.industry", SCHEMA, "crm.deal", eyes)


def test_near_names_never_give_away_a_hidden_one() -> None:
    assert refused("csot > 1").near == "cost"
    assert refused("csot > 1", eyes=RepEyes()).near != "cost"


def test_paths_lists_and_links_end_where_the_eyes_end(database: Database) -> None:
    fakes.fill(database)
    eyes = RepEyes()
    with fakes.firm_zone(fakes.ZONE), database.write() as unit:
        far = fakes.add(unit, "crm.account", name="Far", credit=D(500), tags=("vip",))
        near = fakes.add(unit, "crm.account", name="Near", credit=D(5), tags=("vip",))
        of_far = fakes.add(unit, "crm.deal", name="a", account=far, amount=D(10))
        of_near = fakes.add(unit, "crm.deal", name="b", account=near, amount=D(20))
        for deal in (of_far, of_near):
            fakes.add(unit, "crm.visit", deal=deal, minutes=10, cost=D(1))
            fakes.add(unit, "crm.visit", deal=deal, minutes=100, cost=D(2))
        cases = [
            ("account.name", "Far", None, "Near", "Near"),
            ("account is empty", False, True, False, False),
            (f"account = {far}", True, False, False, False),
            ("account.tags contains 'vip'", True, False, True, True),
            ("account.tags is empty", False, True, False, False),
            ("sum(account.deals.amount)", D("10.00"), D("0.00"), D("20.00"), D("20.00")),
            ("count(visits)", D(2), D(1), D(2), D(1)),
            ("any(visits where minutes > 50)", True, False, True, False),
            ("formula_title", "A-Far", "A-Far", "B-Near", "B-Near"),  # computed by the system, the same for everyone
        ]
        for text, far_all, far_rep, near_all, near_rep in cases:
            whole, limited = check(text, SCHEMA, "crm.deal"), check(text, SCHEMA, "crm.deal", eyes=eyes)
            found = [stored(unit, whole, of_far), stored(unit, limited, of_far, eyes=eyes),
                     stored(unit, whole, of_near), stored(unit, limited, of_near, eyes=eyes)]  # fmt: skip
            assert (text, found) == (text, [far_all, far_rep, near_all, near_rep])
            values = {"name": "a", "account": far, "amount": D(10)}
            assert (text, judged(unit, limited, values, row_id=of_far, eyes=eyes)) == (text, far_rep)


def test_binned_records_are_not_reached(database: Database) -> None:
    fakes.fill(database)
    with fakes.firm_zone(fakes.ZONE), database.write() as unit:
        gone = fakes.add(unit, "crm.account", name="Gone", deleted_at=fakes.NOW)
        deal = fakes.add(unit, "crm.deal", account=gone)
        fakes.add(unit, "crm.visit", deal=deal, deleted_at=fakes.NOW)
        assert stored(unit, check("account.name", SCHEMA, "crm.deal"), deal) is None
        assert stored(unit, check("count(visits)", SCHEMA, "crm.deal"), deal) == 0
        assert stored(unit, check("account is empty", SCHEMA, "crm.deal"), deal) is False


def test_names_tell_everything_an_expression_depends_on() -> None:
    expression = check(
        "sum(account.deals.amount where stage = 'won') > amount and owner.name = 'x'", SCHEMA, "crm.deal"
    )
    assert expression.names == {
        ("crm.deal", "account"), ("crm.account", "deals"), ("crm.deal", "amount"), ("crm.deal", "stage"), ("crm.deal", "owner"),
    }  # fmt: skip
    assert check("account.parent.name", SCHEMA, "crm.deal").names == {
        ("crm.deal", "account"), ("crm.account", "parent"), ("crm.account", "name"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "local", "deterministic"),
    [
        ("amount * stage.probability / 100", True, True),
        ("tags contains 'vip'", True, True),
        ("close_date < today()", True, False),
        ("owner = me()", True, False),
        ("account.name", False, True),
        ("owner.name", False, True),
        ("count(visits)", False, True),
        ("formula_weighted > 5", True, True),
        ("formula_title", False, True),
    ],
)
def test_an_expression_knows_what_decides_it(text: str, local: bool, deterministic: bool) -> None:
    expression = check(text, SCHEMA, "crm.deal")
    assert (expression.is_row_local, expression.is_deterministic) == (local, deterministic)


def test_the_expected_type_is_asked_for() -> None:
    assert check("amount", SCHEMA, "crm.deal", expect="number").type == number(2)
    assert check("amount * rate", SCHEMA, "crm.deal", expect=number(2)).type == number(6)
    assert check("empty", SCHEMA, "crm.deal", expect="text").type.name == "text"
    assert check("created_at", SCHEMA, "crm.deal", expect="date").text == "date_of(created_at)"
    assert refused("amount", expect="boolean").problems[0].code == "type"
    assert refused("count(visits)", allow_aggregates=False).problems[0].code == "no_aggregates"


@pytest.mark.parametrize(
    "text", ["amount", "sum(amount) + amount", "1", "sum(sum(amount))", "sum(visits.cost)", "round(amount)"]
)
def test_a_measure_is_an_aggregate_of_the_rows(text: str) -> None:
    with pytest.raises(ExpressionError):
        check_measure(text, SCHEMA, "crm.deal")


def test_a_problem_takes_the_path_of_its_place() -> None:
    problem = refused("ammount > 1").at("forms.deal.checks[0].when")
    assert (problem.path, problem.near, problem.code) == ("forms.deal.checks[0].when", "amount", "unknown_name")
