"""Chinese in the order of its sounds."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from webapp.engines.forms.finding import sortkeys


def test_names_stand_in_the_order_of_their_sounds() -> None:
    names = [
        "周武",
        "张伟",
        "章伟",
        "阿强",
        "张三",
        "赵六",
        "Bob",
        "ａnna",
        "李娜",
        "展昭",
        "10号",
        "欧阳锋",
        "吕布",
        "路人",
    ]
    assert sorted(names, key=lambda n: sortkeys.sort_key(n, is_person=True)) == [
        "10号", "阿强", "ａnna", "Bob", "李娜", "路人", "吕布", "欧阳锋", "展昭", "张三", "张伟", "章伟", "赵六",
        "周武",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("单雄信", "shan"), ("仇英", "qiu"), ("曾国藩", "zeng"), ("解缙", "xie"), ("查良镛", "zha"), ("区元", "ou"),
        ("朴树", "piao"), ("任正非", "ren"), ("盖聂", "ge"), ("翟志刚", "zhai"), ("尉迟恭", "yu"), ("万俟卨", "mo"),
        ("缪荣株", "miao"), ("乐毅", "yue"), ("华佗", "hua"), ("长孙无忌", "zhang"), ("覃刚", "qin"), ("张伟", "zhang"),
    ],
)  # fmt: skip
def test_surnames_are_read_as_surnames(name: str, sound: str) -> None:
    assert sortkeys.sort_key(name, is_person=True).startswith(sound)
    assert (sortkeys.surname_syllables(name) or sortkeys.syllables(name))[0] == sound


def test_outside_names_the_common_reading_counts() -> None:
    assert sortkeys.sort_key("单价").startswith("dan1")
    assert sortkeys.sort_key("曾经").startswith("ceng2")


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("张伟", "zw"), ("重庆长安汽车", "cqcaqc"), ("中国银行", "zgyh"), ("杭州ACME科技", "hzacmekj"), ("厦门", "xm"),
        ("朝阳", "cy"), ("Anna", "anna"), ("", ""), ("A-1 号", "a1h"), ("𠮷", "𠮷"),
    ],
)  # fmt: skip
def test_initials(text: str, letters: str) -> None:
    assert sortkeys.initials(text) == letters


def test_keys_are_folded_and_end_somewhere() -> None:
    assert sortkeys.sort_key(" ＡＣＭＥ ") == sortkeys.sort_key("acme") == "acme"
    assert len(sortkeys.sort_key("长" * 10_000)) <= sortkeys.LONGEST * 8
    assert sortkeys.sort_key("") == ""


def test_the_same_sound_with_another_character_is_another_key() -> None:
    assert sortkeys.sort_key("张伟") != sortkeys.sort_key("章伟")


def test_ten_thousand_names_take_a_moment() -> None:
    names = [
        f"{a}{b}{c}"
        for a in "王李张刘陈杨黄赵单曾"
        for b in "伟芳娜秀英敏静丽强磊" * 10
        for c in "军洋勇艳杰娟涛明超兰"
    ]
    sortkeys.sort_key("张")
    start = time.perf_counter()
    for name in names:
        sortkeys.sort_key(name, is_person=True)
    assert len(names) == 10_000
    assert time.perf_counter() - start < 0.5


def test_a_missing_table_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sortkeys, "TABLE", tmp_path / "pinyin.txt")
    sortkeys._table.cache_clear()
    try:
        with pytest.raises(sortkeys.PinyinMissing, match="make setup"):
            sortkeys.sort_key("张伟")
    finally:
        monkeypatch.undo()
        sortkeys._table.cache_clear()


def test_the_table_is_built_whole(tmp_path: Path) -> None:
    from webapp.engines.forms.finding import pinyin_build

    assert pinyin_build.build(tmp_path / "pinyin.txt") > 20_000
    assert (tmp_path / "pinyin.txt").read_bytes() == sortkeys.TABLE.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["pinyin.txt"]


def test_heavy_packages_are_not_imported_before_they_are_needed() -> None:
    code = (
        "import sys, webapp.engines.forms.fields, webapp.engines.forms.finding.search.tokens as s\n"
        "s.readings_of('张伟'); s.sortkeys.sort_key('张伟')\n"
        "sys.exit(' '.join({'pypinyin', 'phonenumbers', 'jsonschema_rs'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
