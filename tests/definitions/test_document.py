"""Reading documents: what is refused, in one go, with the place and the nearest good name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.definitions.small import document
from webapp.definitions import source
from webapp.definitions.document import SYSTEM_FIELDS, dump, json_schema, load
from webapp.errors import Invalid, TooLarge
from webapp.expressions import RESERVED_WORDS


def problems(text: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        load(text)
    return {p.path: p.text("en") for p in caught.value.problems}


def test_yaml_and_json_of_a_document_read_the_same() -> None:
    made = document()
    assert load(json.dumps(made)).data == load(dump(made)).data == load(made).data


def test_a_document_written_and_read_again_is_the_same() -> None:
    loaded = load(document())
    assert load(dump(loaded)).source == loaded.source


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20)
    | st.sampled_from(
        ["no", "12:30", "2026-11-22", "1e3", "0x1f", "1_000", "~", "null", "<<", "*a", "&a", "a: b", "- a"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcé榫 :#'\"", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_data_survives_yaml(data: Any) -> None:
    assert source.read(source.write({"a": data})) == {"a": data}


def test_all_problems_come_at_once_with_their_paths_and_near_names() -> None:
    def spoil(made: dict[str, Any]) -> None:
        made["labell"] = "x"
        made["forms"]["deal"]["fields"]["amount"]["kind"] = "mony"
        made["forms"]["deal"]["fields"]["name"]["required"] = "yes"
        made["forms"]["deal"]["views"]["all"]["colums"] = ["name"]
        made["roles"]["rep"]["forms"]["deal"]["may"]["see"] = [5]

    found = problems(document(spoil))
    assert "Did you mean “label”?" in found["labell"]
    assert "Did you mean “money”?" in found["forms.deal.fields.amount.kind"]
    assert "forms.deal.fields.name.required" in found
    assert "Did you mean “columns”?" in found["forms.deal.views.all.colums"]
    assert "roles.rep.forms.deal.may.see" in found
    assert len(found) == 5


@pytest.mark.parametrize(
    "key",
    [
        "Deal",
        "deal__x",
        "1deal",
        "deal-x",
        "_deal",
        "deal_",
        "select * from x",
        "<b>",
        "a" * 25,
        "new",
        "api",
        "m",
        "",
        "商机",
    ],
)
def test_a_form_cannot_have_such_a_key(key: str) -> None:
    made = document()
    made["forms"][key] = made["forms"].pop("deal")
    del made["roles"]
    assert problems(made)


@pytest.mark.parametrize("key", [*SYSTEM_FIELDS, *sorted(RESERVED_WORDS), "m__search", "flow_state"])
def test_a_field_cannot_take_the_name_of_a_system_field_or_a_word_of_the_language(key: str) -> None:
    assert problems(document(lambda made: made["forms"]["deal"]["fields"].update({key: {"kind": "text"}})))


@pytest.mark.parametrize("key", ["order", "group", "table", "user", "select", "from", "end", "check"])
def test_words_of_sql_are_good_keys(key: str) -> None:
    load(document(lambda made: made["forms"]["deal"]["fields"].update({key: {"kind": "text"}})))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("mortise: 1\napp: [crm", "line 3"),
        ("mortise: 1\napp: crm\napp: crm", "line 3"),
        ("a: &x [1]\nb: *x", "line 2"),
        ('{"mortise": 1, "mortise": 1}', "mortise"),
        ("[" * 5000, "line 1"),
        ("{" * 100_000, "line 1"),
        ('{"a": ' * 5000, ""),
        ("!!python/object/apply:os.system ['true']", "line 1"),
        ("a: !!binary aGk=", "a"),
        ("{[a]: b}", "line 1"),
        ("a: 1\n--- \nb: 2", "line"),
        ("\ud800", ""),
        (b"\xff\xfe", "line 1"),
        ("just words", "document"),
        ("", "document"),
        ("- a", "document"),
        ("1: 2", "1"),
        ('{"a": NaN}', "a"),
        ('{"a": 1e999}', "a"),
        ("a: 123456789012345678901234567890", "a"),
    ],
)
def test_a_text_that_is_no_document_is_refused_with_its_place(text: Any, place: str) -> None:
    assert any(path.startswith(place) for path in problems(text))


def test_a_bomb_of_aliases_is_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "aliases" in next(iter(problems("\n".join(lines)).values()))


def test_two_megabytes_are_the_limit() -> None:
    with pytest.raises(TooLarge):
        load("a: " + "x" * (2 * 1024 * 1024))


def test_control_characters_are_refused_wherever_they_stand() -> None:
    assert problems(json.dumps(document(lambda made: made["forms"]["deal"].update(label="a\x00b"))))


def test_parts_that_this_release_does_not_know_may_only_be_empty() -> None:
    load(document(lambda made: made.update(flows={}, rules={}, dashboards={})))
    found = problems(document(lambda made: made.update(flows={"a": {}}, rules={"b": {}})))
    assert set(found) == {"flows", "rules"}


def test_a_newer_format_is_refused() -> None:
    assert "mortise" in problems(document(lambda made: made.update(mortise=2)))


def test_settings_of_a_kind_are_looked_at_by_the_kind() -> None:
    def twice(made: dict[str, Any]) -> None:
        made["forms"]["account"]["fields"]["industry"]["options"].append({"value": "steel"})

    assert any("options[2]" in path for path in problems(document(twice)))


def test_the_json_schema_knows_every_kind_and_accepts_the_small_app() -> None:
    import jsonschema_rs

    schema = json_schema()
    validator = jsonschema_rs.validator_for(schema)
    validator.validate(document())
    assert not validator.is_valid(document(lambda made: made["forms"]["deal"]["fields"]["amount"].update(kind="mony")))
    assert not validator.is_valid(document(lambda made: made.update(labell="x")))
