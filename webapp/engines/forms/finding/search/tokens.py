"""Texts as they are searched: folded, cut into tokens, names with their sounds."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterable

from webapp.engines.forms.finding import sortkeys
from webapp.expressions.fold import fold

HAN_LENGTH, WORD_LENGTH, SOUND_LENGTH = 2, 4, 8
MOST_TOKENS = 50_000  # of one record; a tsvector holds 1 MB
MOST_TERMS, LONGEST_TERM = 8, 100
LONGEST_NAME = 60  # names longer than this are not searched by sound

END, SOUNDS_FOLLOW = "\x1e", "\x1f"
SOUND, TOO_MANY = "\ue000", "\ue001"  # private letters: how sounds begin, and the token of an endless text
_HAN = "々〇ぁ-ゖァ-ヺー㐀-䶿一-鿿가-힣豈-﫿\U00020000-\U0003ffff"
RUNS = re.compile(rf"[{_HAN}]+|\d+|[^\W\d_{_HAN}]+")
_RUNS_APART = re.compile(rf"([{_HAN}]+)|(\d+|[^\W\d_{_HAN}]+)")  # the same, Han runs and others told apart
_PLAIN_RUNS = re.compile(r"[0-9]+|[a-z]+")  # the same in a folded text of ASCII
_IS_HAN = re.compile(rf"[{_HAN}]")
_PLAIN_LETTERS = "a-z0-9à-öø-ÿа-я々〇ぁ-ゖァ-ヺー㐀-䶵一-鿋가-힣\ue000\ue001"
_PLAIN = re.compile(rf"[{_PLAIN_LETTERS}]*")
_IS_ODD = re.compile(rf"[^\W_{_PLAIN_LETTERS}]|(?![{_PLAIN_LETTERS}])[{_HAN}]")  # of a run, and not plain
NOT_TYPED = re.compile(r"[\x00-\x1f\ue000-\uf8ff]+")
PHONE = re.compile(r"\+?[\d\s().-]{7,25}")


def clean(text: str) -> str:
    folded = fold(text)
    return (folded if folded.isprintable() else NOT_TYPED.sub(" ", folded)).strip()


def sounds_text(readings: tuple[tuple[str, ...], ...]) -> str:
    """The sounds of a name as they are searched for: ``zhangwei zw``, with the reading of the surname if another."""
    words = [w for start in readings for w in ("".join(start), _initials(start))]
    return SOUNDS_FOLLOW + " ".join(dict.fromkeys(words)) if words else ""


def readings_of(name: str) -> tuple[tuple[str, ...], ...]:
    """The syllables of a name, and once more with the reading of its surname where that is another."""
    if len(name) > LONGEST_NAME or name.isascii() or not _IS_HAN.search(name):
        return ()
    usual, other = sortkeys.syllables(name), sortkeys.surname_syllables(name)
    return (tuple(usual), tuple(other)) if other else (tuple(usual),)


def _initials(syllables: Iterable[str]) -> str:
    return "".join([s[0] for s in syllables])


def tokens_of(search_text: str | None) -> list[str]:
    """Tokens of a search text, sounds included, in a fixed order; the same text always gives the same tokens."""
    found: dict[str, None] = {}
    for part in (search_text or "").split(END):
        found.update(dict.fromkeys(_part_tokens(part)))
        if len(found) > MOST_TOKENS:
            return [TOO_MANY]
    return list(found)


def _part_tokens(part: str) -> list[str]:
    text, _, heard = part[2:].partition(SOUNDS_FOLLOW)
    return grams(text) + sounds(readings_of(text)) if heard else grams(text)


def grams(folded: str) -> list[str]:
    """Tokens of a folded text, some of them perhaps twice."""
    found: list[str] = []
    if folded.isascii():
        for run in _PLAIN_RUNS.findall(folded):
            found += [run[i : i + WORD_LENGTH] for i in range(len(run))]
        return found
    for han, other in _RUNS_APART.findall(folded):
        if han:
            found += map(operator.add, han, han[1:])
            found.append(han[-1])
        else:
            found += [other[i : i + WORD_LENGTH] for i in range(len(other))]
    return found if not _IS_ODD.search(folded) else list(map(indexable, found))


def gram_length(run: str) -> int:
    return HAN_LENGTH if _IS_HAN.match(run) else WORD_LENGTH


def sounds(readings: tuple[tuple[str, ...], ...]) -> list[str]:
    """From every syllable on: the syllables, and their initials."""
    found: list[str] = []
    for syllables in readings:
        whole, starts = "".join(syllables), itertools.accumulate(map(len, syllables[:-1]), initial=0)
        initials = _initials(syllables)
        words = [SOUND + whole[at : at + SOUND_LENGTH] for at in starts]
        words += [SOUND + initials[i : i + SOUND_LENGTH] for i in range(len(initials))]
        found += words if _PLAIN.fullmatch(whole) else map(indexable, words)
    return found


def indexable(token: str) -> str:
    """Letters that SQLite's tokenizer may not know are written out; what a token begins with stays its beginning."""
    if _PLAIN.fullmatch(token):
        return token
    return "".join(c if _PLAIN.fullmatch(c) else f"\ue000{ord(c):x}\ue001" for c in token)


def joined(tokens: Iterable[str]) -> str:
    """Tokens as an index takes them: each once, between spaces, in their order."""
    found = dict.fromkeys(tokens)
    return TOO_MANY if len(found) > MOST_TOKENS else " ".join(found)
