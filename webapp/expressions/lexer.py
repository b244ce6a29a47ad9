"""Characters to tokens. Full-width signs and digits count as their plain forms outside texts and labels."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from webapp.expressions.problems import ExpressionError
from webapp.i18n import N_

MAX_LENGTH = 10_000
MAX_DIGITS = 15
MAX_DECIMALS = 6

#: What closes a text, by what opened it.
_QUOTES = {"'": "'", '"': '"', "“": "”", "‘": "’", "「": "」"}
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "、": ",", "。": ".", "【": "[", "】": "]"}
_DOUBLE = {"<=": "<=", ">=": ">=", "<>": "!=", "!=": "!=", "&&": "and", "||": "or", "==": "="}
_SINGLE = "=<>+-*/&(),.!"
_WORDS = {"且": "and", "或": "or", "非": "not", "null": "empty"}
KEYWORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "between",
        "is",
        "empty",
        "true",
        "false",
        "where",
        "contains",
        "starts",
        "with",
        "if",
        "case",
        "old",
    ]
)
#: What nothing that an expression names may be called: the keywords, other ways to write them, and what may become one.
RESERVED_WORDS = KEYWORDS | frozenset(word for word in _WORDS if word.isascii()) | frozenset(["ends", "then", "else"])
_UNITS = {"万": 10_000, "亿": 100_000_000}


@dataclass(frozen=True)
class Token:
    """`kind` is number, string, label, name, end, or the sign or keyword itself; `text` what a name or text says."""

    kind: str
    text: str
    position: int
    length: int
    number: Decimal = Decimal(0)


def plain(character: str) -> str:
    """A full-width ASCII character as the plain one; anything else as it is."""
    if "！" <= character <= "～":
        return chr(ord(character) - 0xFEE0)
    return _SIGNS.get(character, character)


def tokens(text: str) -> list[Token]:
    """All tokens of `text`, the last of kind `end`; raises `ExpressionError`."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            N_("The expression is too long: {n} characters of at most {limit}.", n=len(text), limit=MAX_LENGTH),
            MAX_LENGTH,
            code="too_long",
        )
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def run(self) -> list[Token]:
        found = []
        while (token := self.next()) is not None:
            found.append(token)
        found.append(Token("end", "", len(self.text), 0))
        return found

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return plain(self.text[at]) if at < len(self.text) else ""

    def next(self) -> Token | None:
        while self.at < len(self.text) and (self.text[self.at].isspace() or self.text[self.at] in "\ufeff\u200b"):
            self.at += 1
        if self.at >= len(self.text):
            return None
        sign = self.peek()
        if sign in _QUOTES:
            return self.string(sign)
        if sign == "[":
            return self.label()
        if _is_digit(sign) or (sign == "." and _is_digit(self.peek(1))):
            return self.number()
        if _is_letter(sign):
            return self.word()
        return self.sign(sign)

    def sign(self, sign: str) -> Token:
        start = self.at
        pair = sign + self.peek(1)
        if pair in _DOUBLE:
            self.at += 2
            return Token(_DOUBLE[pair], pair, start, 2)
        if sign in ("<=", ">=", "!=") or sign in _SINGLE:
            self.at += 1
            return Token("not" if sign == "!" else sign, sign, start, 1)
        raise ExpressionError(
            N_("The character “{sign}” is not understood here.", sign=self.text[start]), start, code="bad_character"
        )

    def string(self, quote: str) -> Token:
        start, close = self.at, _QUOTES[quote]
        self.at += 1
        said: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if plain(character) == close if close in "'\"" else character == close:
                if self.peek() != close or close not in "'\"":
                    return Token("string", _clean("".join(said), start), start, self.at - start)
                self.at += 1  # a doubled quote stands for itself
            said.append(character)
        raise ExpressionError(
            N_("This text is not closed; {quote} is missing at its end.", quote=close),
            start,
            len(self.text) - start,
            code="not_closed",
        )

    def label(self) -> Token:
        start = self.at
        self.at += 1
        said: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if plain(character) == "]":
                if self.peek() != "]":
                    return Token("label", _clean("".join(said).strip(), start), start, self.at - start)
                self.at += 1
            said.append(character)
        raise ExpressionError(
            N_("This name is not closed; {quote} is missing at its end.", quote="]"),
            start,
            len(self.text) - start,
            code="not_closed",
        )

    def number(self) -> Token:
        start = self.at
        said = ""
        while _is_digit(self.peek()) or (self.peek() == "." and "." not in said and _is_digit(self.peek(1))):
            said += self.peek()
            self.at += 1
        value = Decimal(said) if len(said) <= 40 else Decimal(10) ** 40
        if self.peek() in _UNITS and not _is_letter(self.peek(1)):
            value *= _UNITS[self.peek()]
            self.at += 1
        elif _is_letter(self.peek()):
            raise ExpressionError(
                N_("A number and a name stand together without a sign between them."), self.at, code="syntax"
            )
        value = value.normalize()
        exponent = int(value.as_tuple().exponent)
        if exponent < -MAX_DECIMALS:
            raise ExpressionError(
                N_("Numbers have at most {n} decimals.", n=MAX_DECIMALS), start, self.at - start, code="too_precise"
            )
        if value and value.adjusted() - min(exponent, 0) >= MAX_DIGITS:
            raise ExpressionError(
                N_("Numbers have at most {n} digits.", n=MAX_DIGITS), start, self.at - start, code="too_large"
            )
        return Token("number", said, start, self.at - start, value)

    def word(self) -> Token:
        start = self.at
        said = ""
        while self.peek() and (_is_letter(self.peek()) or _is_digit(self.peek())):
            said += self.peek()
            self.at += 1
        word = _WORDS.get(said, _WORDS.get(said.lower(), said.lower()))
        if word in KEYWORDS:
            return Token(word, said, start, self.at - start)
        return Token("name", said, start, self.at - start)


def _is_digit(character: str) -> bool:
    return bool(character) and character in "0123456789"


def _is_letter(character: str) -> bool:
    return character == "_" or (bool(character) and unicodedata.category(character[0])[0] in "LM")


def _clean(text: str, position: int) -> str:
    """Texts go into both databases: no NUL, no half of a surrogate pair."""
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
        raise ExpressionError(N_("This text holds a character that cannot be stored."), position, code="bad_character")
    return text
