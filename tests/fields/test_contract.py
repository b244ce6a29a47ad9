"""What every field kind has to do, found by walking the registry: a kind that is registered is covered here."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fields.making import OPTIONS, STAGES, make_field
from webapp import clock
from webapp.db import Database
from webapp.definitions.kinds import Widget, field_kinds
from webapp.definitions.model import Field
from webapp.definitions.spec import Report, Struct
from webapp.engines.forms.fields.base import FieldError
from webapp.expressions import types
from webapp.expressions.types import Type
from webapp.i18n import Message

NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)
#: Of each kind: settings of a field, and values as people or programs give them.
EXAMPLES: dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {
    "text": ({}, TEXTS),
    "long_text": ({}, st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=200)),
    "email": ({}, st.emails()),
    "phone": (
        {},
        st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True) | st.sampled_from(["0571-88881234", "+1 650 253 0000"]),
    ),
    "url": ({}, st.from_regex(r"https?://[a-z]{1,9}\.(com|cn)(/[a-z0-9%=&?]{0,9})?", fullmatch=True)),
    "person_name": ({}, TEXTS),
    "number": ({"decimals": 3, "unit": {"en": "boxes", "zh": "箱"}}, st.decimals(-(10**11), 10**11, places=3)),
    "integer": ({}, st.integers(-(10**15) + 1, 10**15 - 1)),
    "percent": ({"decimals": 1}, st.decimals(-1000, 1000, places=1)),
    "money": ({}, st.decimals(-(10**12), 10**12, places=2)),
    "rating": ({}, st.integers(1, 5)),
    "serial": ({}, st.none()),
    "date": ({}, st.dates(dt.date(1000, 1, 1))),
    "datetime": (
        {},
        st.datetimes(dt.datetime(1902, 1, 3), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)),
    ),
    "select": ({"options": OPTIONS}, st.sampled_from(["east", "华南", "SOUTH CHINA", "Abroad, or unknown"])),
    "multi_select": (
        {"options": OPTIONS},
        st.lists(st.sampled_from(["east", "华南", "abroad"])) | st.just("华东，South China"),
    ),
    "tags": (
        {"options": OPTIONS},
        st.lists(st.sampled_from(["east", "华南", "#重点客户", "KA 2026", "老客户", "ka 2026"]))
        | st.just("东、老客户，KA"),
    ),
    "region": (
        {},
        st.sampled_from(
            ["330106", "浙江省杭州市西湖区", "杭州", "Hangzhou, Zhejiang", "440305000000", "北京", "忠县", "810100"]
        ),
    ),
    "im": ({}, st.from_regex(r"[a-z][a-z0-9_-]{5,18}", fullmatch=True) | st.just("微信：zhang_wei88")),
    "id_code": ({}, st.sampled_from(["91330106MA2AXXXX0Y", "91350100M000100Y43"][1:])),
    "duration": (
        {},
        st.integers(-(10**6), 10**8) | st.sampled_from(["1h30", "90 分", "1:30", "2 天 3 小时", "半小时", "1.5 h"]),
    ),
    "stage": ({"options": STAGES}, st.sampled_from(["won", "方案报价", "first contact"])),
    "switch": ({}, st.booleans() | st.sampled_from(["是", "no", "", "1"])),
    "member": ({}, st.integers(1, 2**63 - 1)),
    "department": ({}, st.integers(1, 2**63 - 1)),
    "link": ({"to": "account"}, st.integers(1, 2**63 - 1)),
    "related": ({"to": "contact", "by": "account"}, st.none()),
    "image": ({"most": 5}, st.lists(st.integers(1, 10**9), max_size=5, unique=True) | st.just("7, 8，9")),
    "attachment": (
        {"types": ["pdf", "picture"]},
        st.lists(
            st.fixed_dictionaries({"id": st.integers(1, 2**62), "name": TEXTS, "size": st.integers(0, 10**8)}),
            max_size=5,
            unique_by=lambda one: one["id"],
        ),
    ),
    "formula": ({"formula": "amount * 2", "of": types.number(2)}, st.none()),
}
HOSTILE: list[Any] = [
    "\0", "a\0b", "\ud800", "x" * 1_000_001, "9" * 10_000, "1e999999999", "-1e999999999", "٣٤٥" * 50, "🧨" * 300,
    "'; DROP TABLE crm__deal; --", "<script>alert(1)</script>", "javascript:alert(1)", "{{ 7*7 }}", "%s%n", "\u202eabc",
    float("nan"), float("inf"), 1e308, 10**400, Decimal("NaN"), Decimal("1e-400"), Decimal("Infinity"), -0.0, True,
    [], {}, [[]], [None], ["x", {"y": 1}], {"id": None}, {"id": "x"}, {"id": -1}, {"by": {}}, object(), b"bytes",
    "0001-01-01",
    "9999-12-31T23:59:59-23:59", "2026-02-30", "25:61", dt.datetime.max, dt.datetime.min, dt.date.min, dt.time(1, 2),  # noqa: DTZ901
    dt.datetime.max.replace(tzinfo=dt.UTC), "+" * 100, "@" * 100, "a@" + "b." * 120 + "c", "http://" + "a" * 5000,
]  # fmt: skip


def field_of(kind: str, key: str = "x") -> Field:
    return make_field(kind, key, **EXAMPLES[kind][0])


def every_kind(test: Callable[..., Any]) -> Any:
    return pytest.mark.parametrize("kind", field_kinds.keys())(test)


def test_every_kind_has_examples() -> None:
    assert set(EXAMPLES) == set(field_kinds.keys())


@every_kind
def test_a_kind_has_its_key_and_a_label_in_both_languages(kind: str) -> None:
    found = field_kinds.get(kind)
    assert found.key == kind
    assert isinstance(found.label, Message)
    assert found.label.text("en") != found.label.text("zh")
    for name, setting in found.settings.settings.items():
        assert setting.label is not None and setting.label.text("zh") != setting.label.text("en"), name


@every_kind
def test_settings_are_a_shape_with_a_schema_whose_defaults_are_good(kind: str) -> None:
    shape = field_kinds.get(kind).settings
    assert isinstance(shape, Struct)
    jsonschema_rs.meta.validate(shape.schema())
    report = Report()
    shape.check({"no_such_setting": 1}, "fields.x", report)
    assert "unknown_setting" in [p.code for p in report.problems]
    report = Report()
    for name, setting in shape.settings.items():
        if setting.default is not None:
            setting.shape.check(setting.default, name, report)
    assert report.problems == []


@every_kind
def test_good_settings_have_no_problems(kind: str) -> None:
    report = Report()
    field_kinds.get(kind).examine(field_of(kind).settings, "fields.x", report)
    assert report.problems == []


@every_kind
def test_columns_are_nullable_and_named_after_the_field(kind: str) -> None:
    field = field_of(kind)
    columns = field.kind.columns(field)
    assert all(c.nullable and c.name and c.name.startswith("x") for c in columns)
    assert bool(columns) == (field.kind.is_stored and not field.kind.is_multi)
    if columns:
        assert columns[0].name == "x"
        assert set(field.kind.companions(field, None)) == {c.name for c in columns[1:]}
    assert field.type.name in (
        "text number boolean date datetime duration choice choices record records member department files"
    )


@every_kind
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_column_is_written_as_its_cells_one_by_one(kind: str, data: st.DataObject) -> None:
    field = field_of(kind)
    value = field.kind.parse(field, data.draw(EXAMPLES[kind][1]))
    if value is None:
        return
    for locale in ("zh", "en"):
        with clock.stopped(NOW), clock.in_zone("Asia/Shanghai"):
            assert field.kind.writer(field, locale)(value) == field.kind.cell(field, value, locale)


@every_kind
@pytest.mark.parametrize("raw", [None, "", "   ", "　"])
def test_empty_is_none_and_has_no_text(kind: str, raw: str | None) -> None:
    field = field_of(kind)
    try:
        value = field.kind.parse(field, raw)
    except FieldError:
        assert (
            raw
            and not raw.strip()
            and (not field.kind.is_input or field.type.name in ("record", "member", "department"))
        )
        return
    assert value is None
    for locale in ("zh", "en"):
        assert field.kind.text(field, None, locale) == ""
        assert field.kind.cell(field, None, locale) == ""
        assert field.kind.short(field, None, locale) == ""
        assert field.kind.typed(field, None, locale) == ""
    assert field.kind.masked(field, None) == ""
    assert field.kind.search(field, None) == ""
    assert not field.kind.json(field, None)
    assert field.kind.unjson(field, field.kind.json(field, None)) is None


@every_kind
@pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: repr(raw)[:30].partition(" at 0x")[0])
def test_hostile_values_are_refused_in_words_or_taken_whole(kind: str, raw: Any) -> None:
    field = field_of(kind)
    try:
        value = field.kind.parse(field, raw)
    except FieldError as error:
        assert error.message.text("zh") != error.message.text("en")
        return
    text = json.dumps(field.kind.json(field, value), allow_nan=False, ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    for locale in ("zh", "en"):
        for shown in (field.kind.text, field.kind.cell, field.kind.short):
            assert isinstance(shown(field, value, locale), str)
    assert "<script" not in field.kind.masked(field, value)


@every_kind
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_value_survives_its_texts_and_its_json(kind: str, data: st.DataObject) -> None:
    field = field_of(kind)
    value = field.kind.parse(field, data.draw(EXAMPLES[kind][1]))
    given_json = field.kind.json(field, value)
    assert json.loads(json.dumps(given_json)) == given_json
    assert field.kind.unjson(field, given_json) == value
    schema = field.kind.json_schema(field)
    assert jsonschema_rs.is_valid(schema, given_json), (schema, given_json)
    if not field.kind.is_input:
        return
    assert field.kind.parse(field, value) == value
    assert field.kind.parse(field, given_json) == value
    for locale in ("zh", "en"):
        if field.kind.is_typed and (kind != "multi_select" or "abroad" not in (value or ())):
            to_the_minute = value.replace(second=0) if kind == "datetime" and value else value
            assert field.kind.parse(field, field.kind.text(field, value, locale)) == to_the_minute
        if not field.kind.is_multi:
            assert field.kind.parse(field, field.kind.typed(field, value, locale)) == value


@every_kind
def test_a_widget_says_how_to_enter_it(kind: str) -> None:
    field = field_of(kind)
    widget = field.kind.widget(field)
    assert isinstance(widget, Widget)
    assert (widget.template == "read") == (not field.kind.is_input)
    assert all(isinstance(v, str) for v in (widget.attributes or {}).values())


def test_values_come_back_from_the_database_as_they_went_in(database: Database) -> None:
    kinds = [k for k in field_kinds.keys() if field_kinds.get(k).is_stored and not field_kinds.get(k).is_multi]  # noqa: SIM118
    fields = {kind: field_of(kind, kind) for kind in kinds}
    columns = [
        sa.Column(c.name, c.type) for field in fields.values() for c in field.kind.columns(field)
    ]  # links without their target's table
    table = sa.Table("values_of_all_kinds", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *columns)
    rows: list[dict[str, Any]] = []

    @given(st.fixed_dictionaries({kind: EXAMPLES[kind][1] for kind in kinds}))
    @settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def collect(raw: dict[str, Any]) -> None:
        rows.append({kind: fields[kind].kind.parse(fields[kind], given_one) for kind, given_one in raw.items()})

    collect()
    with database.write() as unit:
        table.create(unit.connection)
        for i, values in enumerate(rows):
            row = {"id": i}
            for kind, value in values.items():
                row |= {kind: value, **fields[kind].kind.companions(fields[kind], value)}
            unit.execute(table.insert(), row)
    with database.read() as unit:
        for values, row in zip(rows, unit.execute(sa.select(table).order_by(table.c.id)).mappings(), strict=True):
            for kind, value in values.items():
                assert row[kind] == value and type(row[kind]) is type(value), kind


@pytest.mark.parametrize(
    ("kind", "value", "column"),
    [
        (types.number(3), Decimal("1.500"), "1.500"),
        (types.TEXT, "Ａ", "Ａ"),
        (types.BOOLEAN, True, True),
        (types.DATE, dt.date(2026, 11, 22), "2026-11-22"),
        (types.DATETIME, NOW, "2026-11-23T02:00:00Z"),
        (types.DURATION, 11_400, 11_400),
        (Type("choice", options=(types.Option("a", {"zh": "甲", "en": "A"}),)), "a", "a"),
        (types.MEMBER, 7, 7),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_a_formula_of_each_type_shows_and_carries_its_result(kind: Type, value: Any, column: Any) -> None:
    field = make_field("formula", formula="1", of=kind)
    assert field.kind.json(field, value) == column
    assert field.kind.unjson(field, column) == value
    with clock.stopped(NOW):
        assert field.kind.text(field, value, "zh") and field.kind.cell(field, value, "en")
        assert field.kind.short(field, value, "zh")
    assert field.kind.columns(field)[0].name == "x"
    assert jsonschema_rs.is_valid(field.kind.json_schema(field), column)
