"""Three documents become one: what each side changed is kept, and where they disagree the firm's stands."""

from __future__ import annotations

from typing import Any

from tests.definitions.small import document, fields
from webapp.definitions.merge import BOTH, CATALOG, CONFLICT, FIRM, Merged, merge


def merged(yours: Any = None, theirs: Any = None, base: Any = None) -> Merged:
    return merge(document(base), document(yours), document(theirs))


def paths(found: Merged, who: str) -> list[str]:
    return [d.path for d in found.by(who)]


def label(text: Any, key: str = "name") -> Any:
    return lambda made: fields(made)[key].update(label=text)


def test_what_nobody_changed_stays_as_it_is() -> None:
    found = merged()
    assert (found.document, found.differences) == (document(), [])


def test_what_only_the_catalog_changed_is_taken() -> None:
    found = merged(theirs=label("Title"))
    assert fields(found.document)["name"]["label"] == "Title"
    assert paths(found, CATALOG) == ["forms.deal.fields.name.label"]


def test_what_only_the_firm_changed_is_kept() -> None:
    found = merged(yours=label("Title"))
    assert fields(found.document)["name"]["label"] == "Title"
    assert paths(found, FIRM) == ["forms.deal.fields.name.label"]


def test_what_both_changed_the_same_way_is_no_dispute() -> None:
    found = merged(yours=label("Title"), theirs=label("Title"))
    assert fields(found.document)["name"]["label"] == "Title"
    assert paths(found, BOTH) == ["forms.deal.fields.name.label"]


def test_in_a_dispute_the_firms_stands_and_both_values_are_told() -> None:
    found = merged(yours=label("Title"), theirs=label("Subject"))
    assert fields(found.document)["name"]["label"] == "Title"
    assert [(d.path, d.yours, d.theirs) for d in found.by(CONFLICT)] == [
        ("forms.deal.fields.name.label", "Title", "Subject")
    ]


def test_the_languages_of_a_label_are_changed_one_by_one() -> None:
    found = merged(
        base=label({"en": "Name", "zh": "名称"}),
        yours=label({"en": "Name", "zh": "商机名"}),
        theirs=label({"en": "Deal name", "zh": "名称"}),
    )
    assert fields(found.document)["name"]["label"] == {"en": "Deal name", "zh": "商机名"}


def test_new_fields_of_both_stand_beside_their_neighbours() -> None:
    def yours(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["fields"] = {"ours": {"kind": "text"}, **fields(made)}

    def theirs(made: dict[str, Any]) -> None:
        given = fields(made)
        made["forms"]["deal"]["fields"] = {"name": given.pop("name"), "theirs": {"kind": "date"}, **given}

    found = merged(yours, theirs)
    assert list(fields(found.document)) == ["ours", "name", "theirs", "account", "amount", "stage"]


def test_an_order_the_firm_chose_holds_and_new_things_find_their_place_in_it() -> None:
    def yours(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["fields"] = dict(reversed(fields(made).items()))

    found = merged(yours, lambda made: fields(made).update(close={"kind": "date"}))
    assert list(fields(found.document)) == ["stage", "close", "amount", "account", "name"]


def test_options_are_merged_by_their_value() -> None:
    def yours(made: dict[str, Any]) -> None:
        options = fields(made)["stage"]["options"]
        options[0]["label"] = {"en": "Hello", "zh": "初步接触"}
        options.insert(2, {"value": "trial"})

    def theirs(made: dict[str, Any]) -> None:
        options = fields(made)["stage"]["options"]
        options[0]["probability"] = 15
        options.append({"value": "lost", "type": "lost"})

    options = fields(merged(yours, theirs).document)["stage"]["options"]
    assert [o["value"] for o in options] == ["contact", "quote", "trial", "won", "lost"]
    assert options[0] == {"value": "contact", "label": {"en": "Hello", "zh": "初步接触"}, "probability": 15}


def test_columns_of_a_view_are_merged_one_by_one_and_a_sort_by_its_field() -> None:
    def yours(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["views"]["all"].update(columns=["name", "amount"], sort=["amount"])

    def theirs(made: dict[str, Any]) -> None:
        made["forms"]["deal"]["views"]["all"].update(columns=["name", "account", "amount", "stage"])

    view = merged(yours, theirs).document["forms"]["deal"]["views"]["all"]
    assert (view["columns"], view["sort"]) == (["name", "amount", "stage"], ["amount"])


def sections(*made: tuple[str, list[str]]) -> Any:
    layout = [{"label": name, "fields": keys} for name, keys in made]
    return lambda document: document["forms"]["deal"].update(layout=layout)


def test_sections_are_found_again_by_their_label_or_by_what_stands_in_them() -> None:
    found = merged(
        base=sections(("Deal", ["name", "account"]), ("Money", ["amount"])),
        yours=sections(("The deal", ["name", "account"]), ("Money", ["amount"])),
        theirs=sections(("Deal", ["name", "account", "stage"]), ("Money", ["amount"])),
    )
    layout = found.document["forms"]["deal"]["layout"]
    assert [(s["label"], s["fields"]) for s in layout] == [
        ("The deal", ["name", "account", "stage"]),
        ("Money", ["amount"]),
    ]


def test_what_the_firm_removed_stays_away() -> None:
    found = merged(lambda made: fields(made).pop("amount"), lambda made: fields(made)["amount"].update(decimals=0))
    assert "amount" not in fields(found.document)
    assert paths(found, CONFLICT) == ["forms.deal.fields.amount"]
    assert "amount" not in fields(merged(yours=lambda made: fields(made).pop("amount")).document)


def test_what_the_catalog_removed_goes_unless_the_firm_changed_it() -> None:
    def removed(made: dict[str, Any]) -> None:
        fields(made).pop("amount")

    assert "amount" not in fields(merged(theirs=removed).document)
    found = merged(label("Worth", "amount"), removed)
    assert fields(found.document)["amount"]["label"] == "Worth"
    assert paths(found, CONFLICT) == ["forms.deal.fields.amount"]


def rename(made: dict[str, Any]) -> None:
    made["forms"]["deal"]["fields"] = {
        {"amount": "worth"}.get(key, key): {**item, "was": "amount"} if key == "amount" else item
        for key, item in fields(made).items()
    }


def test_a_renamed_field_is_the_same_field() -> None:
    found = merged(label("Value", "amount"), rename)
    assert list(fields(found.document)) == ["name", "account", "worth", "stage"]
    worth = {"kind": "money", "currency": "CNY", "label": "Value", "was": "amount"}
    assert fields(found.document)["worth"] == worth
    found = merged(rename, label("Value", "amount"))
    assert fields(found.document)["worth"]["label"] == "Value"
    assert "amount" not in fields(found.document)


def test_a_new_thing_never_takes_the_place_of_another_of_the_same_key() -> None:
    def own(made: dict[str, Any]) -> None:
        fields(made).update(worth={"kind": "text", "label": "What it is worth to them"})

    found = merged(own, rename)
    assert {key: item["kind"] for key, item in fields(found.document).items() if key in ("amount", "worth")} == {
        "amount": "money",
        "worth": "text",
    }
    assert paths(found, CONFLICT) == ["forms.deal.fields.worth"]
    found = merged(rename, own)
    assert fields(found.document)["worth"]["kind"] == "money"
    assert paths(found, CONFLICT) == ["forms.deal.fields.worth"]
