"""Sort keys in which Chinese stands in the order of its sounds, and the sounds by which people search.

The readings are in `pinyin.txt`, made at build time (`pinyin_build`); nothing heavy is imported here. A key holds for
each Han character its reading, tone and itself (``zhang1张``), so that all 张 stand before all 章; other text stands
folded. Keys are compared by code point ("C" collation).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from webapp.access import members
from webapp.expressions.fold import fold

TABLE = Path(__file__).with_name("pinyin.txt")
_MARKS = 0xF0000  # private characters that stand for phrases while a text is translated
LONGEST = 120  # characters that take part in a key

#: Readings of characters as surnames.
SURNAMES = {
    "单": "shan4", "仇": "qiu2", "曾": "zeng1", "解": "xie4", "查": "zha1", "区": "ou1", "朴": "piao2", "任": "ren2",
    "盖": "ge3", "华": "hua4", "员": "yun4", "缪": "miao4", "乐": "yue4", "翟": "zhai2", "黑": "he4", "折": "she2",
    "种": "chong2", "繁": "po2", "秘": "bi4", "那": "na1", "哈": "ha3", "祭": "zhai4", "纪": "ji3", "宁": "ning4",
    "燕": "yan1", "柏": "bai3", "应": "ying1", "召": "shao4", "覃": "qin2", "冼": "xian3", "洗": "xian3", "卜": "bu3",
    "尹": "yin3", "沈": "shen3", "牟": "mu4", "隗": "wei3", "郗": "chi1", "逄": "pang2", "於": "yu1", "俞": "yu2",
    "贾": "jia3", "石": "shi2", "葛": "ge3", "薄": "bo2", "重": "chong2", "长": "chang2", "车": "che1", "訾": "zi1",
    "尉迟": "yu4 chi2", "万俟": "mo4 qi2", "长孙": "zhang3 sun1", "澹台": "tan2 tai2", "令狐": "ling2 hu2",
    "单于": "chan2 yu2", "宰父": "zai3 fu3", "亓官": "qi2 guan1", "夏侯": "xia4 hou2", "鲜于": "xian1 yu2",
}  # fmt: skip


class PinyinMissing(RuntimeError):
    """The table of readings was not built."""


@functools.cache
def _table() -> tuple[dict[int, str], dict[str, str], re.Pattern[str]]:
    """Character code → its part of a key; phrase → the mark that stands for it; a pattern that finds phrases."""
    try:
        lines = TABLE.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise PinyinMissing(
            f"{TABLE} is missing: run `make setup`, or `python -m webapp.engines.forms.finding.pinyin_build`"
        ) from None
    single: dict[int, str] = {}
    phrases: dict[str, str] = {}
    for line in lines:
        head, _, rest = line.partition(" ")
        if head.startswith("="):
            mark = _MARKS + len(phrases)
            phrases[head[1:]], single[mark] = chr(mark), _part(head[1:], rest)
        else:
            single.update({ord(c): head + c for c in rest})
    pattern = re.compile("|".join(sorted(map(re.escape, phrases), key=len, reverse=True)) or r"(?!)")
    return single, phrases, pattern


@functools.cache
def _beginnings() -> frozenset[str]:
    """The characters with which phrases begin: few names have one."""
    return frozenset(phrase[0] for phrase in _table()[1])


def _marked(text: str) -> str:
    """`text` with a mark for each phrase in it."""
    if _beginnings().isdisjoint(text):
        return text
    _, phrases, pattern = _table()
    return pattern.sub(lambda found: phrases[found[0]], text)


def _part(characters: str, readings: str) -> str:
    return "".join(r + c for r, c in zip(readings.split(), characters, strict=True))


_SURNAMES: Mapping[str, str] = {name: _part(name, readings) for name, readings in SURNAMES.items()}


def sort_key(text: str, *, is_person: bool = False) -> str:
    """The key of `text`; with `is_person` its first characters are read as a surname."""
    given = fold(text[:LONGEST]).strip()
    head = ""
    if is_person:
        head, given = _surname(given)
    return head + given if given.isascii() else head + _marked(given).translate(_table()[0])


def _surname(given: str) -> tuple[str, str]:
    for length in (2, 1):
        if given[:length] in _SURNAMES:
            return _SURNAMES[given[:length]], given[length:]
    return "", given


_WORDS = re.compile(r"[\u3007\u4e00-\u9fff]+|[^\W_\u3007\u4e00-\u9fff]+")
_SYLLABLE = re.compile(r"([a-z]+)[1-5](?=[\u3007\u4e00-\u9fff])(.)")


def syllables(text: str) -> list[str]:
    """Readings without tones, one a Han character; other letters and digits stay together as words."""
    found: list[str] = []
    for word in _WORDS.findall(fold(text)):
        found += _word_syllables(word) if _is_han(word) else [word]
    return found


@functools.lru_cache(2048)
def _word_syllables(word: str) -> tuple[str, ...]:
    single = _table()[0]
    parts = [(code, single[code]) for code in map(ord, _marked(word[:LONGEST])) if code in single]
    if all(code < _MARKS for code, _ in parts):
        return tuple([part[:-2] for _, part in parts])  # without the tone and the character itself
    return tuple([m[1] for m in _SYLLABLE.finditer("".join([part for _, part in parts]))])


def surname_syllables(text: str) -> list[str] | None:
    """The syllables of `text` with its first characters read as a surname; None if that is no other reading."""
    given = fold(text).strip()
    head, rest = _surname(given)
    if not head:
        return None
    found = [m[1] for m in _SYLLABLE.finditer(head)] + syllables(rest)
    return found if found != syllables(given) else None


def initials(text: str) -> str:
    """``zw`` for 张伟, ``hzacmekj`` for 杭州ACME科技: first letters of syllables, other words whole."""
    return "".join(
        "".join(s[0] for s in _word_syllables(word)) if _is_han(word) else word for word in _WORDS.findall(fold(text))
    )


def is_called(text: str, wanted: str) -> bool:
    """Whether a folded text without spaces is a part of this one, or begins its pinyin or its initials."""
    if wanted in fold(text).replace(" ", ""):
        return True
    return wanted.isascii() and ("".join(syllables(text)).startswith(wanted) or initials(text).startswith(wanted))


def _is_han(word: str) -> bool:
    return "\u4e00" <= word[0] <= "\u9fff" or word[0] == "\u3007"


members.sort_key = functools.partial(sort_key, is_person=True)
