"""How hard a password is to guess, judged here and without asking anybody: what people try first counts little.

A password is read as pieces. A known word, the person's or the firm's own name, a run of one character, a row of the
keyboard or the alphabet and a year count little, however long they are; what is left counts by its
length. The figure is an estimate in bits: the length that counts times the size of the alphabet it uses.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable

#: Below this it is refused; then fair, good, strong.
LEAST, GOOD, STRONG = 32.0, 50.0, 70.0

_WORDS = re.findall(
    r"\S+",
    """
    password passwort passw0rd p@ssw0rd admin administrator root letmein welcome iloveyou monkey dragon
    master login sunshine princess football baseball superman batman shadow michael secret hello changeme
    default guest test user qwerty azerty asdf zxcv abc123 woaini woaiwojia woaizhongguo mima guanliyuan
    zhongguo beijing shanghai shouji company mortise summer winter spring autumn crm
    """,
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")
_LEET = str.maketrans("@4301$5!7", "aaeoissit")
_YEAR = re.compile(r"(?:19|20)\d\d")
_RUN = re.compile(r"(.+?)\1+", re.DOTALL)
_PIECE, _OF_A_PIECE = "\0", 6.0  # stands for something that is guessed at once: one of some sixty


def bits(text: str, unlike: Iterable[str] = ()) -> float:
    """An estimate of how many bits somebody must guess who knows of `unlike` (names, address, firm)."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    left = _without_words(plain, unlike)
    left = _YEAR.sub(_PIECE, left)
    left = _without_rows(left)
    left = _RUN.sub(r"\1", left)
    rest = left.replace(_PIECE, "")
    return (len(left) - len(rest)) * _OF_A_PIECE + len(rest) * math.log2(_alphabet(rest, text))


def _without_words(plain: str, unlike: Iterable[str]) -> str:
    """Known words and the parts of `unlike` made one character each, as written and with signs for letters."""
    own = {part for given in unlike for part in re.split(r"[\s@._\-]+", given.casefold()) if len(part) >= 3}
    own |= {whole for given in unlike if len(whole := given.casefold().strip()) >= 2}
    for word in sorted({*own, *_WORDS}, key=len, reverse=True):
        plain = plain.replace(word, _PIECE)
        while (at := plain.translate(_LEET).find(word)) >= 0:
            plain = plain[:at] + _PIECE + plain[at + len(word) :]
    return plain


def _without_rows(plain: str) -> str:
    """Three and more neighbours of a row, in either direction, made one character."""
    made, at = [], 0
    while at < len(plain):
        length = max(_neighbours(plain, at, row) for one in _ROWS for row in (one, one[::-1]))
        made.append(plain[at] if length < 3 else _PIECE)
        at += length if length >= 3 else 1
    return "".join(made)


def _neighbours(plain: str, at: int, row: str) -> int:
    """How many characters from `at` on stand so in `row`."""
    length = 1
    while at + length < len(plain) and plain[at : at + length + 1] in row:
        length += 1
    return length


def _alphabet(rest: str, text: str) -> int:
    """How many characters somebody must try for each of `rest`; `text` tells whether capitals are among them."""
    sizes = {"digit": 10, "small": 26, "large": 26, "sign": 33, "other": 2000}
    kinds = {_kind(c) for c in rest}
    if "small" in kinds and any(_kind(c) == "large" for c in text):
        kinds.add("large")
    return sum(sizes[kind] for kind in kinds) or 1


def _kind(char: str) -> str:
    if char.isascii():
        return "digit" if char.isdigit() else "small" if char.islower() else "large" if char.isupper() else "sign"
    return "other"
