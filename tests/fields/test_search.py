"""Finding records on both databases."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
import sqlalchemy as sa

from tests.fields.making import OPTIONS, create, insert, make_field, make_form
from webapp.db import Database
from webapp.definitions.model import Form
from webapp.engines.forms.finding import search, sortkeys
from webapp.engines.forms.finding.search import tokens
from webapp.expressions.fold import fold

PEOPLE = [
    {"name": "张伟", "company": "杭州联友科技有限公司", "phone": "+8613812344210", "region": "east"},
    {"name": "单雄信", "company": "重庆长安汽车", "phone": "+8613905716620", "region": "south"},
    {"name": "章伟民", "company": "ACME 50%_off Ltd", "phone": "+8657188881234", "note": "付款\n方式: 月结"},
    {"name": "Anna Schmidt", "company": "Müller & Söhne GmbH", "note": "100% sure"},
    {"name": "李娜", "company": "岭燚贸易", "note": "联系 张 伟"},
    {"name": "𠮷田", "company": "𠮷田製作所 カメラ"},
]


def people_form() -> Form:
    kinds = {"name": "person_name", "company": "text", "phone": "phone", "note": "long_text"}
    fields = {key: make_field(kind, key) for key, kind in kinds.items()}
    fields["region"] = make_field("select", "region", options=OPTIONS)
    return make_form(fields)


@pytest.fixture
def people(database: Database) -> tuple[Database, Form]:
    form = people_form()
    with database.write() as unit:
        create(unit, form)
        insert(unit, form, PEOPLE)
    return database, form


def found(database: Database, form: Form, text: str, **more: Any) -> list[int]:
    with database.read() as unit:
        condition = search.condition(form, form.table, text, unit.dialect, **more)
        return list(unit.execute(sa.select(form.table.c.id).where(condition).order_by(form.table.c.id)).scalars())


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("张伟", [1]),
        ("伟", [1, 3, 5]),
        ("科技", [1]),
        ("岭燚", [5]),
        ("zhangwei", [1, 3]),
        ("zhangw", [1, 3]),
        ("zw", [1, 3]),
        ("wei", [1, 3]),
        ("shanxiong", [2]),
        ("sxx", [2]),
        ("danxiong", [2]),
        ("1234", [1, 3]),
        ("234421", [1]),
        ("138 1234 4210", [1]),
        ("138-1234-4210", [1]),
        ("+86 138 1234 4210", [1]),
        ("8888", [3]),
        ("acme", [3]),
        ("ＡＣＭＥ", [3]),
        ("cme", [3]),
        ("50%", [3]),
        ("%", [3, 4]),
        ("50%_", [3]),
        ("_", [3]),
        ("söhne", [4]),
        ("müller", [4]),
        ("华东", [1]),
        ("east china", [1]),
        ("张 杭州", [1]),
        ("张 重庆", []),
        ("付款", [3]),
        ("𠮷", [6]),
        ("𠮷田", [6]),
        ("カメ", [6]),
        ("''", []),
        ('"', []),
        ("a OR b", []),
        ("NEAR(", []),
        ("\\", []),
        ("", [1, 2, 3, 4, 5, 6]),
        ("   ", [1, 2, 3, 4, 5, 6]),
        ("没有的", []),
    ],
)
def test_records_are_found_by_words_sounds_and_parts_of_numbers(people: Any, text: str, ids: list[int]) -> None:
    assert found(*people, text) == ids


def test_only_texts_of_readable_fields_count(people: Any) -> None:
    readable = {"name", "company", "note", "region"}
    assert found(*people, "138") == [1]
    assert found(*people, "138", fields=readable) == []
    assert found(*people, "张伟", fields=readable) == [1]
    assert found(*people, "zhangwei", fields=readable) == [1, 3]
    assert found(*people, "伟", fields={"note"}) == [5]
    assert found(*people, "张伟", fields=set()) == []


def test_what_was_changed_is_found_as_it_is_now(people: Any) -> None:
    database, form = people
    before = search.text_of(form, PEOPLE[0])
    after = search.text_of(form, {**PEOPLE[0], "name": "周武"})
    with database.write() as unit:
        unit.execute(sa.update(form.table).where(form.table.c.id == 1).values(m__search=after))
        search.index(unit, form, [(1, before, after)])
    assert found(database, form, "张伟") == []
    assert found(database, form, "周武") == [1]
    assert found(database, form, "科技") == [1]
    with database.write() as unit:
        unit.execute(sa.delete(form.table).where(form.table.c.id == 1))
        search.index(unit, form, [(1, after, None)])
        left = unit.execute(sa.select(form.table.c.id).where(search.narrowing(form, form.table, "周武", unit.dialect)))
        assert left.scalars().all() == []
        if unit.dialect == "sqlite":
            name = search.index_name(form.table.name)
            unit.execute(sa.text(f'INSERT INTO "{name}" ("{name}") VALUES (\'optimize\')'))
            terms = f'CREATE VIRTUAL TABLE temp.v USING fts5vocab("main", "{name}", "row")'
            unit.execute(sa.text(terms))
            left_terms = unit.execute(sa.text("SELECT term FROM temp.v")).scalars().all()
            assert "周武" not in left_terms and "张伟" not in left_terms


def test_a_rolled_back_change_leaves_the_index_as_it_was(people: Any) -> None:
    database, form = people
    with pytest.raises(RuntimeError), database.write() as unit:
        search.index(unit, form, [(1, search.text_of(form, PEOPLE[0]), None)])
        raise RuntimeError
    assert found(database, form, "张伟") == [1]


def test_an_endless_text_is_still_found(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    database, form = people
    monkeypatch.setattr(tokens, "MOST_TOKENS", 50)
    with database.write() as unit:
        insert(unit, form, [{"name": "长文", "note": "".join(chr(0x4E00 + i) for i in range(200))}], first_id=7)
    assert found(database, form, "长文") == [7]
    assert found(database, form, chr(0x4E00 + 100) + chr(0x4E00 + 101)) == [7]


def test_a_thousand_words_do_not_make_a_thousand_conditions() -> None:
    assert len(search.terms("词 " * 1000)) == search.MOST_TERMS
    assert search.terms("词" * 1000) == ["词" * search.LONGEST_TERM]


def test_typed_private_characters_reach_neither_marks_nor_sounds(people: Any) -> None:
    _, form = people
    assert search.terms("\ue000zw\x1e") == ["zw"]
    assert found(*people, search.mark(form.fields["phone"])) == [1, 2, 3, 4, 5, 6]


def test_marks_differ_for_all_fields_of_a_form() -> None:
    fields = [make_field("text", f"field_{i}") for i in range(300)]
    assert len({search.mark(f) for f in fields}) == 300


FIRST = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗单曾解"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂"
TOWNS = ("杭州", "重庆", "上海", "苏州", "Berlin", "New York")
TRADES = ("科技", "贸易", "机械", "Software", "food & drink")


def random_people(n: int, seed: int = 7) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {
            "name": chance.choice(FIRST) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2)))),
            "company": chance.choice(TOWNS) + "".join(chance.choices(GIVEN, k=2)) + chance.choice(TRADES) + "有限公司",
            "phone": "+861" + "".join(chance.choices("0123456789", k=10)),
            "note": chance.choice((None, "电话联系", "call back on 5 May", "100%确定", "a_b")),
        }
        for _ in range(n)
    ]


def plain_reading(record: dict[str, Any]) -> tuple[str, list[str]]:
    """Folded texts of a record, a line each, and the sounds of its name from every syllable on."""
    name = record["name"]
    ways = [sortkeys.syllables(name), sortkeys.surname_syllables(name) or []]
    starts = [s[i:] for s in ways for i in range(len(s))]
    sounds = [w for s in starts for w in ("".join(s), "".join(one[0] for one in s))]
    return "\n".join(fold(str(value)) for value in record.values() if value), sounds


def test_ten_thousand_rows_answer_as_a_slow_reading_of_all_of_them(database: Database) -> None:
    kinds = {"name": "person_name", "company": "text", "phone": "phone", "note": "long_text"}
    form = make_form({key: make_field(kind, key) for key, kind in kinds.items()})
    records = random_people(10_000)
    with database.write() as unit:
        create(unit, form)
        insert(unit, form, records)
    readings = [plain_reading(record) for record in records]
    chance = random.Random(8)
    words = ["张伟", "zw", "shan", "zengwei", "机械有限", "berlin", "a_b", "100%", "%", "_", "drink", "new", "may", "5"]
    for _ in range(25):
        record = chance.choice(records)
        start = chance.randrange(3, 9)
        words += [record["phone"][start : start + chance.randrange(2, 6)], record["company"][1:4].casefold()]
        words.append("".join(sortkeys.syllables(record["name"]))[: chance.randrange(2, 9)])
    for word in words:
        if " " not in word:
            wanted = [
                i
                for i, (texts, sounds) in enumerate(readings, start=1)
                if word in texts or any(sound.startswith(word) for sound in sounds)
            ]
            assert found(database, form, word) == wanted, word


def test_a_contains_is_narrowed_to_a_superset(database: Database) -> None:
    form = people_form()
    records = random_people(2000)
    with database.write() as unit:
        create(unit, form)
        insert(unit, form, records)
    chance = random.Random(9)
    with database.read() as unit:
        for key in ("name", "company", "phone", "note"):
            for _ in range(60):
                value = fold(chance.choice(records)[key] or "电话联系")
                start = chance.randrange(len(value))
                part = value[start : start + chance.randrange(1, 7)]
                condition = search.narrowing(form, form.table, part, unit.dialect)
                if condition is None:
                    assert not re.search(r"[㐀-鿿]|[a-z]{2}|[0-9]{2}", part), part
                    continue
                ids = set(unit.execute(sa.select(form.table.c.id).where(condition)).scalars())
                wanted = {i for i, r in enumerate(records, start=1) if part in fold(r[key] or "")}
                assert wanted <= ids, (key, part)
