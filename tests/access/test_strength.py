"""What a password is worth: what people try first is worth little."""

from __future__ import annotations

import pytest

from webapp.access import passwords, strength

UNLIKE = ("方予安", "fang@lanchuan.example", "岚川装备")


@pytest.mark.parametrize(
    "text",
    [
        "password123",
        "P@ssw0rd2026!",
        "aaaaaaaaaaaaaaa",
        "abababababab",
        "1122334455",
        "13800001234",
        "qwertyuiop123",
        "poiuytrewq",
        "Lanchuan2026",
        "岚川装备岚川装备岚川",
        "方予安方予安1234",
        "woaini2026",
        "1qaz2wsx3edc",
    ],
)
def test_what_people_try_first_is_refused(text: str) -> None:
    assert passwords.judge(text, unlike=UNLIKE).level == 0


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("secret enough", 2),
        ("forty two geese", 4),
        ("correct horse battery", 4),
        ("x7#kQ9!mzpL2", 4),
        ("两只黄鹂鸣翠柳上青天", 4),
    ],
)
def test_words_without_a_tie_are_strong(text: str, level: int) -> None:
    assert passwords.judge(text, unlike=UNLIKE).level == level


def test_a_password_is_worth_less_to_whom_it_names() -> None:
    assert strength.bits("lanchuan geese", UNLIKE) < strength.bits("lanchuan geese")


def test_another_word_makes_it_stronger() -> None:
    said = [strength.bits(" ".join(["forty", "geese", "bridge", "lamp"][:n])) for n in range(1, 5)]
    assert said == sorted(said)


@pytest.mark.parametrize("text", ["", " ", "\0" * 12, "\ud800" * 12, "😀" * 12, "a" * 256])
def test_hostile_texts_are_judged_too(text: str) -> None:
    assert passwords.judge(text, unlike=("", " ", "\0")).level == 0
