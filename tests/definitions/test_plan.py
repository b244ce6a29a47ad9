"""What a person reads before publishing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.definitions.small import document, fields, messages, publish, put
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.errors import Conflict


def planned(database: Database, change: Callable[[dict[str, Any]], Any]) -> versions.Plan:
    with database.read() as unit:
        definitions = versions.current(unit)
        return versions.plan(definitions, versions.validate(document(change), definitions), unit)


@pytest.fixture
def firm(database: Database) -> Database:
    publish(database, document())
    with database.write() as unit:
        definitions = versions.current(unit)
        account = definitions.form("crm.account")
        for name, industry in (("Acme", "steel"), ("Bolt", None), ("Core", "food"), ("Core", None)):
            put(unit, account, name=name, industry=industry)
        put(unit, definitions.form("crm.deal"), name="D", account=1, amount=Decimal("1000.00"), stage="quote")
    return database


def at(plan: versions.Plan, path: str) -> list[str]:
    return [c.message.text("en") for c in plan.changes if c.path == path]


def test_a_field_that_becomes_required_says_how_many_records_have_it_empty(firm: Database) -> None:
    plan = planned(firm, lambda m: fields(m, "account")["industry"].update(required=True))
    assert at(plan, "forms.account.fields.industry") == ["Account: industry becomes required; 2 records have it empty."]
    assert plan.severity == "change"
    plan = planned(firm, lambda m: fields(m)["amount"].update(required=True))
    assert at(plan, "forms.deal.fields.amount") == ["Deal: amount becomes required; no record has it empty."]


def test_an_option_that_goes_says_who_has_it(firm: Database) -> None:
    plan = planned(firm, lambda m: fields(m, "account")["industry"]["options"].pop(0))
    assert at(plan, "forms.account.fields.industry.options") == [
        "Account: industry can no longer be steel; 1 records have it and keep it."
    ]


def test_duplicates_are_counted_before_they_are_forbidden(firm: Database) -> None:
    plan = planned(firm, lambda m: fields(m, "account")["name"].update(unique=True))
    assert at(plan, "forms.account.fields.name") == ["Account: 1 values of Name occur more than once; mend them first."]
    assert plan.severity == "blocked"


CHANGES: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda m: m.update(label="CRM"), "The app's label changes."),
    (lambda m: m["forms"]["deal"].update(label="Chance"), "Chance: its label changes."),
    (lambda m: m["forms"]["deal"].update(require_version=True), "Deal: its settings change."),
    (lambda m: m["forms"]["deal"]["views"].pop("board"), "Deal: the view board goes."),
    (lambda m: m["forms"]["deal"]["views"]["all"].update(label="Every"), "Deal: the view Every changes."),
    (lambda m: m["forms"]["deal"].update(layout=[{"fields": ["name"]}]), "Deal: the layout changes."),
    (
        lambda m: m["forms"]["deal"].update(checks=[{"when": "amount < 0", "say": "no"}]),
        "Deal: its checks change; there are 1 now.",
    ),
    (lambda m: fields(m)["amount"].update(label="Worth"), "Deal: the field amount is labelled Worth now."),
    (lambda m: fields(m)["amount"].update(help="In all"), "Deal: the settings of amount change."),
    (lambda m: fields(m)["stage"]["options"].append({"value": "lost"}), "Deal: stage can be lost now."),
    (lambda m: fields(m)["stage"]["options"].reverse(), "Deal: the options of stage are in another order."),
    (
        lambda m: fields(m)["stage"]["options"][0].update(probability=20),
        "Deal: labels or settings of options of stage change.",
    ),
    (lambda m: m["roles"].update(boss={"forms": {}}), "The role boss is new."),
    (lambda m: m["roles"].pop("rep"), "The role Rep goes; who holds it loses its rights."),
    (
        lambda m: m["roles"]["rep"]["forms"]["deal"]["may"].update(see="department"),
        "Role Rep, Deal: see changes from records of one’s own to records of one’s department.",
    ),
    (
        lambda m: m["roles"]["rep"]["forms"]["deal"]["may"].update(see="amount > 5"),
        "Role Rep, Deal: see changes from records of one’s own to amount is over 5.",
    ),
    (
        lambda m: m["roles"]["rep"]["forms"]["deal"].update(fields={"amount": "hidden"}),
        "Role Rep, Deal: amount changes from the usual to hidden.",
    ),
]


@pytest.mark.parametrize(("change", "text"), CHANGES)
def test_every_change_is_said_in_both_languages(
    sqlite_database: Database, change: Callable[[dict[str, Any]], Any], text: str
) -> None:
    publish(sqlite_database, document())
    plan = planned(sqlite_database, change)
    assert text in messages(plan)
    for said in plan.changes:
        chinese = said.message.text("zh")
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese), chinese
        assert "{" not in chinese


def test_a_stored_formula_is_filled_behind_the_apply_and_again_when_it_changes(firm: Database) -> None:
    def weigh(made: dict[str, Any], probability: int = 60) -> None:
        fields(made)["weighted"] = {"kind": "formula", "formula": "amount * stage.probability / 100"}
        fields(made)["double"] = {"kind": "formula", "formula": "weighted * 2"}
        fields(made)["stage"]["options"][1]["probability"] = probability

    def values() -> list[Any]:
        with firm.read() as unit:
            deal = versions.current(unit).form("crm.deal")
            assert deal.computed == ("weighted", "double")
            item = deal.fields
            return list(
                unit.execute(
                    sa.select(deal.table.c[item["weighted"].column], deal.table.c[item["double"].column])
                ).one()
            )

    publish(firm, document(weigh))
    storage.get().finish(firm)
    assert values() == [Decimal(600), Decimal(1200)]
    applied = publish(firm, document(lambda m: weigh(m, 50)))
    assert {(w.what, w.field) for w in applied.plan.work} == {("backfill", "weighted"), ("backfill", "double")}
    storage.get().finish(firm)
    assert values() == [Decimal(500), Decimal(1000)]


def test_a_formula_over_other_records_or_over_time_has_no_column(firm: Database) -> None:
    def change(made: dict[str, Any]) -> None:
        fields(made)["trade"] = {"kind": "formula", "formula": "account.industry"}
        fields(made)["days"] = {"kind": "formula", "formula": "days_between(date_of(created_at), today())"}
        fields(made)["again"] = {"kind": "formula", "formula": "days * 2"}
        fields(made, "account")["total"] = {"kind": "formula", "formula": "sum(deals.amount)"}

    publish(firm, document(change))
    with firm.read() as unit:
        definitions = versions.current(unit)
        assert definitions.form("crm.deal").computed == ()
        assert all(definitions.form("crm.deal").fields[k].column is None for k in ("trade", "days", "again"))
        assert definitions.form("crm.account").fields["total"].expression is not None


def test_a_formula_that_shows_a_reader_what_he_may_not_see_needs_consent(firm: Database) -> None:
    def hide(made: dict[str, Any]) -> None:
        made["roles"]["rep"]["forms"]["deal"]["fields"] = {"amount": "hidden"}

    def show(made: dict[str, Any]) -> None:
        hide(made)
        fields(made)["twice"] = {"kind": "formula", "formula": "amount * 2"}

    publish(firm, document(hide))
    plan = planned(firm, show)
    assert [c.code for c in plan.changes if c.severity == "loss"] == ["sight"]
    with pytest.raises(Conflict):
        publish(firm, document(show))
    publish(firm, document(show), accept_loss=True)
    assert planned(firm, lambda m: (show(m), m.update(label="x"))).severity == "change", "consent was given"

    def hidden_too(made: dict[str, Any]) -> None:
        show(made)
        made["roles"]["rep"]["forms"]["deal"]["fields"]["twice"] = "hidden"

    assert planned(firm, hidden_too).severity == "change"


def test_a_new_required_field_counts_all_records(firm: Database) -> None:
    plan = planned(firm, lambda m: fields(m, "account").update(code={"kind": "text", "required": True}))
    assert "Account: code becomes required; 4 records have it empty." in at(plan, "forms.account.fields.code")


def test_a_new_app_in_one_sentence_and_its_formulas_need_no_consent_without_hidden_fields(database: Database) -> None:
    with database.read() as unit:
        definitions = versions.current(unit)
        plan = versions.plan(definitions, versions.validate(document(), definitions), unit)
    assert messages(plan, "zh") == ["新建应用“客户管理”，含 2 个表单。"]
