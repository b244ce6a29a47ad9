"""A small world of forms for the language: deals of accounts, with visits, in plain tables."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.access.actor import Actor
from webapp.db import Database, Exact, Id, Moment, Unit
from webapp.errors import NotFound
from webapp.expressions import Expression, Judged, Option, Stored, binds, fold
from webapp.expressions.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DEPARTMENT,
    DURATION,
    MEMBER,
    TEXT,
    Type,
    number,
    record,
    records,
)
from webapp.i18n import N_

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # already the 23rd in Shanghai

STAGES = (
    Option("contact", {"en": "First contact", "zh": "初步接触"}, {"probability": 10, "type": "open"}),
    Option("quote", {"en": "Quote", "zh": "报价"}, {"probability": "62.5", "type": "open"}),
    Option("won", {"en": "Won", "zh": "赢单"}, {"probability": 100, "type": "won"}),
    Option("lost", {"en": "Lost", "zh": "输单"}, {"probability": 0, "type": "lost"}),
)
TAGS = (Option("vip", {"en": "VIP", "zh": "贵宾"}), Option("new", {"en": "New", "zh": "新"}), Option("old", "Old"))
INDUSTRIES = (Option("steel", {"en": "Steel", "zh": "钢铁"}), Option("food", {"en": "Food", "zh": "食品"}))


@dataclass(eq=False)
class FakeField:
    key: str
    label: str | Mapping[str, str]
    type: Type
    column: str | None = None
    expression: Expression | None = None
    values_table: sa.Table | None = None
    reverse_of: str | None = None


@dataclass(eq=False)
class FakeForm:
    name: str
    label: str | Mapping[str, str]
    table: sa.Table
    names: dict[str, FakeField]


@dataclass
class FakeSchema:
    forms: dict[str, FakeForm] = field(default_factory=dict)

    def form(self, name: str) -> FakeForm:
        try:
            return self.forms[name]
        except KeyError:
            raise NotFound(N_("There is no form “{key}”.", key=name)) from None


metadata = sa.MetaData()


def _column(field_: FakeField) -> list[sa.Column[Any]]:
    types: dict[str, Any] = {
        "text": sa.Text, "choice": sa.Text, "boolean": sa.Boolean, "date": sa.Date, "datetime": Moment,
        "duration": sa.BigInteger, "member": Id, "department": Id, "record": Id,
    }  # fmt: skip
    name = field_.key
    if field_.type.name == "number":
        whole = field_.key in ("quantity", "version")
        return [sa.Column(name, sa.BigInteger if whole else Exact(field_.type.scale))]
    columns = [sa.Column(name, types[field_.type.name])]
    if field_.type.name == "text":
        columns.append(sa.Column(f"{name}__f", sa.Text))
    return columns


def _form(schema: FakeSchema, name: str, label: Mapping[str, str], fields: list[FakeField]) -> FakeForm:
    table_name = name.replace(".", "__")
    columns: list[Any] = [sa.Column("id", Id, primary_key=True, autoincrement=True)]
    names = {"id": FakeField("id", {"en": "Number", "zh": "编号"}, number(0), "id")}
    fields = [*fields, FakeField("deleted_at", {"en": "Deleted at", "zh": "删除时间"}, DATETIME)]
    for f in fields:
        names[f.key] = f
        if f.type.name == "choices":
            f.values_table = sa.Table(
                f"{table_name}__{f.key}",
                metadata,
                sa.Column("record", Id, primary_key=True),
                sa.Column("value", sa.Text, primary_key=True),
                sa.Column("position", sa.Integer),
            )
        elif f.type.name != "records" and f.expression is None and not f.key.startswith("formula_"):
            f.column = f.key
            columns += _column(f)
    form = FakeForm(name, label, sa.Table(table_name, metadata, *columns), names)
    schema.forms[name] = form
    return form


def _make() -> FakeSchema:
    schema = FakeSchema()
    _form(schema, "crm.account", {"en": "Account", "zh": "客户"}, [
        FakeField("name", {"en": "Name", "zh": "客户名称"}, TEXT),
        FakeField("industry", {"en": "Industry", "zh": "行业"}, Type("choice", options=INDUSTRIES)),
        FakeField("parent", {"en": "Parent", "zh": "上级客户"}, record("crm.account")),
        FakeField("credit", {"en": "Credit", "zh": "额度"}, number(2)),
        FakeField("tags", {"en": "Tags", "zh": "标签"}, Type("choices", options=TAGS)),
        FakeField("deals", {"en": "Deals", "zh": "商机列表"}, records("crm.deal"), reverse_of="account"),
        FakeField("children", {"en": "Children", "zh": "下级客户"}, records("crm.account"), reverse_of="parent"),
    ])  # fmt: skip
    deal = _form(schema, "crm.deal", {"en": "Deal", "zh": "商机"}, [
        FakeField("name", {"en": "Name", "zh": "商机名称"}, TEXT),
        FakeField("note", {"en": "Note", "zh": "备注"}, TEXT),
        FakeField("amount", {"en": "Amount", "zh": "金额"}, number(2)),
        FakeField("cost", {"en": "Cost", "zh": "成本"}, number(6)),
        FakeField("rate", {"en": "Rate", "zh": "费率"}, number(4)),
        FakeField("quantity", {"en": "Quantity", "zh": "数量"}, number(0)),
        FakeField("stage", {"en": "Stage", "zh": "阶段"}, Type("choice", options=STAGES)),
        FakeField("tags", {"en": "Tags", "zh": "标签"}, Type("choices", options=TAGS)),
        FakeField("is_key", {"en": "Key deal", "zh": "重点"}, BOOLEAN),
        FakeField("close_date", {"en": "Close date", "zh": "预计成交日期"}, DATE),
        FakeField("start", {"en": "Date", "zh": "日期"}, DATE),
        FakeField("created_at", {"en": "Created at", "zh": "创建时间"}, DATETIME),
        FakeField("seen_at", {"en": "Date", "zh": "日期"}, DATETIME),
        FakeField("effort", {"en": "Effort", "zh": "工时"}, DURATION),
        FakeField("owner", {"en": "Owner", "zh": "负责人"}, MEMBER),
        FakeField("owner_department", {"en": "Department", "zh": "部门"}, DEPARTMENT),
        FakeField("account", {"en": "Account", "zh": "客户"}, record("crm.account")),
        FakeField("visits", {"en": "Visits", "zh": "拜访"}, records("crm.visit"), reverse_of="deal"),
        FakeField("formula_weighted", {"en": "Weighted", "zh": "加权金额"}, number(6)),
        FakeField("formula_title", {"en": "Title", "zh": "标题"}, TEXT),
    ])  # fmt: skip
    _form(schema, "crm.visit", {"en": "Visit", "zh": "拜访"}, [
        FakeField("deal", {"en": "Deal", "zh": "商机"}, record("crm.deal")),
        FakeField("at", {"en": "At", "zh": "时间"}, DATETIME),
        FakeField("minutes", {"en": "Minutes", "zh": "分钟"}, number(0)),
        FakeField("cost", {"en": "Cost", "zh": "费用"}, number(2)),
        FakeField("note", {"en": "Note", "zh": "备注"}, TEXT),
    ])  # fmt: skip
    from webapp.expressions import check

    deal.names["formula_weighted"].expression = check("amount * stage.probability / 100", schema, "crm.deal")
    deal.names["formula_title"].expression = check("upper(name) & '-' & account.name", schema, "crm.deal")
    return schema


SCHEMA = _make()
ANN = Actor(member=1, name="Ann", department=11)


@contextmanager
def firm_zone(zone: str) -> Iterator[None]:
    """The process in a zone, as `serve` sets it at start (SQLite's localtime follows it)."""
    kept = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if kept is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = kept
        time.tzset()


def add(unit: Unit, form: str, **values: Any) -> int:
    """A stored record with its companions; several values into their own table."""
    shape = SCHEMA.form(form)
    row: dict[str, Any] = {}
    several: dict[str, tuple[str, ...]] = {}
    for key, value in values.items():
        f = shape.names[key]
        if f.values_table is not None:
            several[key] = value or ()
            continue
        whole = f.column is not None and type(shape.table.c[f.column].type) is sa.BigInteger
        row[key] = int(value) if whole and value is not None else value
        if f.type.name == "text":
            row[f"{key}__f"] = fold(value) if value else None
    made = unit.execute(sa.insert(shape.table).values(row).returning(shape.table.c.id)).scalar_one()
    for key, found in several.items():
        table = shape.names[key].values_table
        for position, value in enumerate(found):
            unit.execute(sa.insert(table).values(record=made, value=value, position=position))
    return int(made)


def stored(
    unit: Unit, expression: Expression, row_id: int, *, now: datetime = NOW, zone: str = ZONE, eyes: Any = None
) -> Any:
    """What the expression answers for a stored record."""
    table = SCHEMA.form(expression.form).table
    sql = expression.sql(Stored(table), unit.dialect, eyes)
    statement = sa.select(sql).select_from(table).where(table.c.id == row_id)
    return unit.execute(statement, binds(ANN, now, zone)).scalar_one()


def judged(
    unit: Unit,
    expression: Expression,
    values: Mapping[str, Any],
    old: Mapping[str, Any] | None = None,
    row_id: int | None = None,
    *,
    now: datetime = NOW,
    zone: str = ZONE,
    eyes: Any = None,
) -> Any:
    """What the expression answers for a record that is not saved."""
    record_ = Judged(SCHEMA.form(expression.form), values, old, row_id)
    sql = expression.sql(record_, unit.dialect, eyes)
    return unit.execute(record_.select(sql), binds(ANN, now, zone)).scalar_one()


def fill(database: Database) -> None:
    """Tables and a few people."""
    with database.write() as unit:
        metadata.create_all(unit.connection)
        for statement in (
            "INSERT INTO m__department (id, name) VALUES (10, 'Sales'), (11, 'East')",
            "UPDATE m__department SET parent = 10 WHERE id = 11",
            "INSERT INTO m__member (id, email, name, department, created_at) VALUES "
            "(1, 'ann@example.com', 'Ann', 11, '2026-01-01 00:00:00'), (2, 'bob@example.com', '鲍勃', 10, '2026-01-01 00:00:00')",
        ):
            unit.execute(sa.text(statement))


D = Decimal
