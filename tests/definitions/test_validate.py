"""The second look: references, expressions, circles, and apps that depend on the changed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.definitions.small import document, fields, publish
from webapp.db import Database
from webapp.definitions import versions
from webapp.definitions.model import Definitions
from webapp.errors import Invalid

EMPTY = Definitions(epoch=0, apps={})


def problems(change: Callable[[dict[str, Any]], Any], definitions: Definitions = EMPTY) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        versions.validate(document(change), definitions)
    return {p.path: p.text("en") for p in caught.value.problems}


def formulas(**texts: str) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        fields(made).update({key: {"kind": "formula", "formula": text} for key, text in texts.items()})

    return change


def test_every_broken_reference_is_named_with_the_nearest_good_name() -> None:
    def spoil(made: dict[str, Any]) -> None:
        deal = made["forms"]["deal"]
        deal["title"] = "nane"
        deal["fields"]["account"]["to"] = "acount"
        deal["views"]["all"]["columns"] = ["name", "amout", "owner", "account.industry"]
        deal["views"]["all"]["sort"] = ["-amuont"]
        deal["views"]["board"]["by"] = "stag"
        deal["layout"] = [{"fields": ["name", "names"]}, {"fields": ["name"]}]
        deal["checks"] = [{"when": "amount < 0", "say": "no", "field": "amont"}]
        made["roles"]["rep"]["forms"]["deals"] = {"may": {"see": True}}
        made["roles"]["rep"]["forms"]["deal"]["fields"] = {"amoutn": "hidden", "owner": "read"}
        deal["fields"]["stage"]["options"][2]["required"] = ["amunt"]

    found = problems(spoil)
    near = {path: text.split("“")[-1].split("”")[0] for path, text in found.items() if "Did you mean" in text}
    assert near["forms.deal.title"] == "name"
    assert near["forms.deal.fields.account.to"] == "account"
    assert near["forms.deal.views.all.columns[1]"] == "amount"
    assert near["forms.deal.views.all.sort[0]"] == "amount"
    assert near["forms.deal.views.board.by"] == "stage"
    assert near["forms.deal.layout[0].fields[1]"] == "name"
    assert near["forms.deal.checks[0].field"] == "amount"
    assert near["roles.rep.forms.deals"] == "deal"
    assert near["roles.rep.forms.deal.fields.amoutn"] == "amount"
    assert near["forms.deal.fields.stage.options[2].required[0]"] == "amount"
    assert "placed twice" in found["forms.deal.layout[1].fields[0]"]


def test_every_expression_is_checked_where_it_stands() -> None:
    def spoil(made: dict[str, Any]) -> None:
        deal = made["forms"]["deal"]
        deal["fields"]["name"]["visible"] = "amuont > 5"
        deal["checks"] = [{"when": "amount", "say": "no"}, {"when": "amount > ", "say": "no"}]
        deal["views"]["all"]["filter"] = "nmae = 'x'"
        deal["views"]["all"]["columns"] = ["account.indstry"]
        deal["layout"] = [{"fields": ["name"], "visible": "1 + 1"}]
        deal["fields"]["x"] = {"kind": "formula", "formula": "amount + 'a'"}
        deal["fields"]["day"] = {"kind": "date", "default": "=todday()"}
        deal["fields"]["n"] = {"kind": "integer", "default": "many"}
        made["roles"]["rep"]["forms"]["deal"]["may"]["edit"] = "ownr = me()"

    found = problems(spoil)
    assert set(found) == {
        "forms.deal.fields.name.visible",
        "forms.deal.checks[0].when",
        "forms.deal.checks[1].when",
        "forms.deal.views.all.filter",
        "forms.deal.views.all.columns[0]",
        "forms.deal.layout[0].visible",
        "forms.deal.fields.x.formula",
        "forms.deal.fields.day.default",
        "forms.deal.fields.n.default",
        "roles.rep.forms.deal.may.edit",
    }


def test_formulas_may_use_each_other_in_any_order_but_not_in_a_circle() -> None:
    versions.validate(document(formulas(c="b + 1", b="a + 1", a="amount + 1")), EMPTY)
    found = problems(formulas(a="b + 1", b="c + 1", c="a + 1"))
    assert list(found) == ["forms.deal.fields.a.formula"] or len(found) == 1
    assert "circle" in next(iter(found.values()))


def test_a_circle_across_forms_is_found() -> None:
    def change(made: dict[str, Any]) -> None:
        fields(made)["part"] = {"kind": "formula", "formula": "account.total / 10"}
        fields(made, "account")["total"] = {"kind": "formula", "formula": "sum(deals.part)"}

    assert any("circle" in text for text in problems(change).values())


@pytest.mark.parametrize("setting", [{"required": True}, {"unique": True}, {"default": 5}])
def test_a_computed_field_is_neither_required_nor_unique_nor_has_a_default(setting: dict[str, Any]) -> None:
    def change(made: dict[str, Any]) -> None:
        fields(made)["x"] = {"kind": "formula", "formula": "amount * 2", **setting}

    assert list(problems(change)) == [f"forms.deal.fields.x.{next(iter(setting))}"]


def test_a_board_needs_a_field_with_choices_and_a_sum_needs_a_number() -> None:
    def change(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["views"]["board"].update(by="amount", total="name")

    assert set(problems(change)) == {"forms.deal.views.board.by", "forms.deal.views.board.total"}


def test_two_links_cannot_give_the_other_form_the_same_name() -> None:
    def change(made: dict[str, Any]) -> None:
        fields(made)["second"] = {"kind": "link", "to": "account", "reverse": "deals"}
        fields(made)["third"] = {"kind": "link", "to": "account", "reverse": "name"}

    assert set(problems(change)) == {"forms.deal.fields.second.reverse", "forms.deal.fields.third.reverse"}


def test_links_without_a_reverse_name_are_given_one() -> None:
    made = document(
        lambda m: fields(m).update(a={"kind": "link", "to": "account"}, b={"kind": "link", "to": "account"})
    )
    del made["forms"]["deal"]["fields"]["account"]["reverse"]
    versions.validate(made, EMPTY)


def test_another_app_must_be_named_before_it_is_linked_to(database: Database) -> None:
    publish(database, document())
    with database.read() as unit:
        definitions = versions.current(unit)
    made: dict[str, Any] = {
        "mortise": 1,
        "app": "service",
        "forms": {"ticket": {"fields": {"name": {"kind": "text"}, "account": {"kind": "link", "to": "crm.account"}}}},
    }
    with pytest.raises(Invalid, match="uses"):
        versions.validate(made, definitions)
    versions.validate({**made, "uses": ["crm"]}, definitions)
    with pytest.raises(Invalid, match="Did you mean “crm”"):
        versions.validate({**made, "uses": ["crn"]}, definitions)


def test_what_would_break_another_app_is_told_with_its_name(database: Database) -> None:
    publish(database, document())
    publish(
        database,
        {
            "mortise": 1,
            "app": "service",
            "uses": ["crm"],
            "forms": {
                "ticket": {
                    "fields": {
                        "name": {"kind": "text"},
                        "account": {"kind": "link", "to": "crm.account", "reverse": "tickets"},
                        "trade": {"kind": "formula", "formula": "account.industry"},
                    }
                }
            },
        },
    )
    with database.read() as unit:
        definitions = versions.current(unit)
    found = problems(lambda made: fields(made, "account").pop("industry"), definitions)
    assert list(found) == ["service: forms.ticket.fields.trade.formula"]


def test_the_starter_app_is_good_and_speaks_both_languages() -> None:
    from webapp import catalog

    made = versions.validate(catalog.text("crm"), EMPTY)

    def labels(value: Any, path: str) -> None:
        if isinstance(value, dict):
            if "label" in value:
                text = value["label"]
                assert text == "VIP" or isinstance(text, str) == (len(str(text)) == 1) or set(text) == {"en", "zh"}, (
                    path
                )
            for key, item in value.items():
                labels(item, f"{path}.{key}")
        elif isinstance(value, list):
            for i, item in enumerate(value):
                labels(item, f"{path}[{i}]")

    labels(made.source, "")
    for form in made.source["forms"].values():
        assert all("label" in item for item in form["fields"].values())


@pytest.mark.parametrize("seed", range(6))
def test_a_mangled_starter_app_is_refused_or_taken_but_never_breaks(seed: int) -> None:
    """Random cuts and swaps of a good document end in `Invalid` or a document, in nothing else."""
    import random

    from webapp import catalog
    from webapp.definitions import source

    randomly = random.Random(seed)
    good = source.read(catalog.text("crm"))
    for _ in range(25):
        made = document(lambda m: None) if randomly.random() < 0.2 else _copy(good)
        for _ in range(randomly.randint(1, 3)):
            _mangle(made, randomly)
        try:
            versions.validate(made, EMPTY)
        except Invalid as error:
            assert error.problems


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value


def _mangle(made: Any, randomly: Any) -> None:
    values: list[Any] = [None, True, 0, -1, 1.5, "", "x", "amount", [], {}, ["x"], {"a": 1}, "sum(", "💥", "a" * 300]
    here = made
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = randomly.choice(keys)
        if isinstance(here[key], dict | list) and here[key] and randomly.random() < 0.75:
            here = here[key]
            continue
        if isinstance(here, dict) and randomly.random() < 0.3:
            del here[key]
        elif isinstance(here, dict) and randomly.random() < 0.3:
            here[randomly.choice(["x", "ID", "name", "owner", "a b", "默认"])] = here.pop(key)
        else:
            here[key] = randomly.choice(values)
        return


def test_a_broken_formula_is_told_where_it_is_and_not_where_it_is_used() -> None:
    found = problems(formulas(a="b + 1", b="c + 1", c="amuont + 1"))
    assert list(found) == ["forms.deal.fields.c.formula"]


def test_broken_shapes_and_broken_references_come_in_one_answer() -> None:
    def spoil(made: dict[str, Any]) -> None:
        deal = made["forms"]["deal"]
        deal["fields"]["amount"]["kind"] = "mony"
        deal["titel"] = "x"
        deal["title"] = "nane"
        deal["views"]["all"]["sort"] = ["-amount", "stagee"]
        made["roles"]["rep"]["forms"]["dael"] = {"may": {}}

    assert set(problems(spoil)) == {
        "forms.deal.fields.amount.kind",
        "forms.deal.titel",
        "forms.deal.title",
        "forms.deal.views.all.sort[1]",
        "roles.rep.forms.dael",
    }
