"""Entry forms: inputs from definitions and rights, raw values for the door."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tests.fields.making import OPTIONS, make_field, make_form
from tests.fields.test_contract import EXAMPLES
from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Definitions, Form
from webapp.engines.forms.entering import entry
from webapp.errors import Problem
from webapp.i18n import N_

FIELDS = {
    "name": make_field("text", "name", title={"en": "Name", "zh": "名称"}, required=True),
    "amount": make_field("money", "amount"),
    "due": make_field("datetime", "due"),
    "region": make_field("select", "region", options=[*OPTIONS, {"value": "old", "archived": True}]),
    "tags": make_field("multi_select", "tags", options=OPTIONS),
    "vip": make_field("switch", "vip"),
    "owner_of": make_field("member", "owner_of"),
    "data": make_field("text", "data"),
    "no": make_field("serial", "no"),
    "cost": make_field("money", "cost"),
}
ALL = dict.fromkeys(FIELDS, "write")


@pytest.fixture
def form() -> Form:
    return make_form(FIELDS)


def made(form: Form, rights: dict[str, str] | None = None, locale: str = "zh", **more: Any) -> entry.EntryForm:
    return entry.make(Definitions(1, {}), form, ALL if rights is None else rights, locale, **more)


def test_inputs_follow_the_rights(form: Form) -> None:
    found = made(form, {**ALL, "cost": "hidden", "amount": "read", "due": "masked"})
    assert "cost" not in found and "due" not in found
    assert found["amount"].is_disabled and found["no"].is_disabled and not found["name"].is_disabled
    sent = {"name": ["x"], "amount": ["5"], "cost": ["5"], "no": ["1"]}
    raw = made(form, {**ALL, "cost": "hidden", "amount": "read"}, sent=sent).raw()
    assert raw["name"] == "x"
    assert not {"amount", "cost", "no"} & set(raw)


def test_inputs_say_what_a_template_needs(form: Form) -> None:
    found = made(form)
    amount = found["amount"]
    assert (amount.key, amount.id, amount.name, amount.template) == ("amount", "f-amount", "amount", "number")
    assert amount.attributes["inputmode"] == "decimal"
    assert str(found["name"].label) == "名称" and found["name"].is_required
    assert str(made(form, locale="en")["name"].label) == "Name"
    assert [(p.value, p.label) for p in found["region"].picks][:2] == [("east", "华东"), ("south", "华南")]


def test_archived_options_are_offered_only_where_they_stand(form: Form) -> None:
    assert "old" not in [p.value for p in made(form)["region"].picks]
    assert "old" in [p.value for p in made(form, values={"region": "old"})["region"].picks]


def test_a_record_stands_in_its_inputs(form: Form) -> None:
    values = {
        "name": "杭州联友", "amount": Decimal("1286000.50"), "due": dt.datetime(2026, 11, 23, 6, 30, tzinfo=dt.UTC),
        "tags": ("south", "east"), "vip": True, "owner_of": 7,
    }  # fmt: skip
    found = made(form, values=values)
    assert {k: found[k].value for k in ("name", "amount", "due", "vip", "owner_of")} == {
        "name": "杭州联友", "amount": "1286000.5", "due": "2026-11-23T14:30", "vip": "true", "owner_of": "7",
    }  # fmt: skip
    assert found["tags"].typed == ("south", "east")
    raw = found.raw()
    for key, value in values.items():
        assert FIELDS[key].kind.parse(FIELDS[key], raw[key]) == value


def test_what_was_typed_stays_exactly_as_it_was(form: Form) -> None:
    sent = {"amount": ["12 万 oder so"], "name": [" x "], "tags": ["east", "south"], "vip": ["true"]}
    problems = [Problem("amount", N_("A number is expected here.")), Problem("gone", N_("A number is expected here."))]
    found = made(form, values={"amount": Decimal(5)}, sent=sent, problems=problems)
    assert (found["amount"].value, found["amount"].error) == ("12 万 oder so", "请填数字。")
    assert found["name"].value == " x "
    assert found.raw(["amount", "tags", "vip"]) == {"amount": "12 万 oder so", "tags": ["east", "south"], "vip": "true"}


def test_boxes_not_sent_are_not_ticked_and_other_fields_keep_their_value(form: Form) -> None:
    values = {"tags": ("east",), "vip": True, "name": "x"}
    raw = made(form, values=values, sent={"amount": [""]}).raw()
    assert (raw["tags"], raw["vip"], raw["name"], raw["amount"]) == ([], False, "x", "")
    assert "vip" not in made(form, values=values, sent={"amount": [""]}).raw(["amount"])


def test_a_box_that_was_not_on_the_page_keeps_its_value(form: Form) -> None:
    values = {"tags": ("east",), "vip": True}
    found = made(form, values=values, sent={"tags": []}, stood=["tags"])
    assert (found["tags"].typed, found["vip"].value) == ((), "true")


def test_few_options_stand_as_buttons_and_many_as_a_list() -> None:
    def template(n: int, **settings: Any) -> str:
        options = [{"value": f"o{i}"} for i in range(n)]
        field = make_field("select", "x", options=options, **settings)
        return str(made(make_form({"x": field}), {"x": "write"})["x"].template)

    assert (template(5, show="buttons"), template(6, show="buttons"), template(2)) == ("radio", "select", "select")


def test_a_field_may_be_called_like_a_part_of_the_form(form: Form) -> None:
    assert made(form, sent={"data": ["x"]}).raw()["data"] == "x"


def test_inputs_are_made_once_per_epoch_rights_and_language(form: Form) -> None:
    definitions = Definitions(1, {})
    one = entry.inputs(definitions, form, ALL, "zh")
    assert entry.inputs(definitions, form, dict(ALL), "zh-CN") is one
    assert entry.inputs(definitions, form, ALL, "en") is not one
    assert entry.inputs(definitions, form, {**ALL, "cost": "read"}, "zh") is not one


@pytest.mark.parametrize("kind", field_kinds.keys())
def test_every_kind_has_an_input(kind: str) -> None:
    field = make_field(kind, "x", **EXAMPLES[kind][0])
    form = (
        make_form({"x": field})
        if kind not in ("link",)
        else make_form({})
        and Form("crm", "deal", "Deal", "x", {"x": field}, {"x": field}, make_form({}).table, {}, (), None, {})
    )
    found = made(form, {"x": "write"}, sent={"x": ["1"]})
    if field.type.name == "records":
        assert list(found) == []
    else:
        assert found["x"].template
        assert ("x" in found.raw()) == field.kind.is_input
