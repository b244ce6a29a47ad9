"""What all field kinds share: good defaults for the `FieldKind` contract, and the cleaning of typed text."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from webapp.db import MAX_DIGITS
from webapp.definitions.kinds import Widget
from webapp.definitions.model import Field, Form
from webapp.definitions.spec import Report, Struct
from webapp.engines.forms import formats
from webapp.errors import Invalid, Problem
from webapp.expressions import types
from webapp.expressions.fold import fold
from webapp.expressions.types import Type
from webapp.i18n import N_, Message

#: Names of the twelve colours an option may have (tokens and classes of the style sheet).
COLOURS = (
    "gray", "blue", "indigo", "cyan", "teal", "green", "lime", "amber", "orange", "red", "pink", "purple",
)  # fmt: skip


class FieldError(Invalid):
    """A value a field cannot take. `message` says what to mend; `near` is a good value like the one given."""

    def __init__(self, message: Message, *, code: str = "invalid", near: str | None = None) -> None:
        super().__init__(message)
        self.problem_code = code
        self.near = near


class Kind:
    """Defaults: a stored, typed-in value without settings, kept and sent as it is. See `FieldKind`."""

    key = ""
    label: Message = N_("Field")
    settings = Struct({})
    is_stored = True
    is_multi = False
    is_input = True
    is_typed = True
    is_copied = False
    sample: Any = None  # for documents: a value as JSON where its schema does not say enough
    is_name = False  # its text is also searched by sound
    is_serial = False
    way = ""

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        return None

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        raise NotImplementedError

    def type(self, field: Field) -> Type:
        raise NotImplementedError

    def parse(self, field: Field, raw: Any) -> Any:
        raise NotImplementedError

    def bounds(self, field: Field) -> tuple[Decimal | None, Decimal | None] | None:
        return None

    def companions(self, field: Field, value: Any) -> dict[str, Any]:
        return {}

    def text(self, field: Field, value: Any, locale: str) -> str:
        return "" if value is None else str(value)

    def cell(self, field: Field, value: Any, locale: str) -> str:
        """The value in a grid: as in a record unless that is longer than a column should be."""
        return self.text(field, value, locale)

    def writer(self, field: Field, locale: str) -> Callable[[Any], str]:
        return lambda value: self.cell(field, value, locale)

    def short(self, field: Field, value: Any, locale: str) -> str:
        return self.cell(field, value, locale)

    def masked(self, field: Field, value: Any) -> str:
        """What somebody may see who may know that there is a value but not which ("" when empty)."""
        return "" if value is None else "****"

    def typed(self, field: Field, value: Any, locale: str) -> str:
        """The value as it stands in an input, ready to be parsed again."""
        return self.text(field, value, locale)

    def vet(self, field: Field, form: Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Problem]:
        return []

    def json(self, field: Field, value: Any) -> Any:
        return value

    def unjson(self, field: Field, value: Any) -> Any:
        return value

    def asked_as(self, field: Field) -> str:
        return field.type.name

    def asked(self, field: Field, raw: str) -> Any:
        value = self.parse(field, raw)
        return value[0] if isinstance(value, tuple | list) and value else value

    def said(self, field: Field, value: Any, locale: str) -> str:
        return self.text(field, value, locale) or str(value)

    def search(self, field: Field, value: Any) -> str:
        return ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {}

    def widget(self, field: Field) -> Widget:
        return Widget("text")


class TextKind(Kind):
    """A text with its folded form beside it, and a sort key where people sort by it."""

    longest = 200
    is_sorted = False

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        names = [field.column, f"{field.column}__f", *([f"{field.column}__s"] if self.is_sorted else [])]
        return [sa.Column(name, sa.Text) for name in names]

    def type(self, field: Field) -> Type:
        return types.TEXT

    def parse(self, field: Field, raw: Any) -> str | None:
        text = one_line(raw)
        if not text:
            return None
        check_length(text, self.limit(field))
        return self.normalise(field, text)

    def limit(self, field: Field) -> int:
        return self.longest

    def normalise(self, field: Field, text: str) -> str:
        """The text as it is stored; raises `FieldError`."""
        return text

    def companions(self, field: Field, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {f"{field.column}__f": folded(value)}
        if self.is_sorted:
            found[f"{field.column}__s"] = None if value is None else self.sort_key(value)
        return found

    def sort_key(self, value: str) -> str:
        from webapp.engines.forms.finding import sortkeys

        return sortkeys.sort_key(value)

    def asked(self, field: Field, raw: str) -> Any:
        """Any text: also a piece of an address or a number is asked for."""
        return raw

    def said(self, field: Field, value: Any, locale: str) -> str:
        return f"“{value}”"

    def masked(self, field: Field, value: Any) -> str:
        return formats.masked(value or "")

    def search(self, field: Field, value: Any) -> str:
        return value or ""

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": ["string", "null"], "maxLength": self.limit(field)}

    def widget(self, field: Field) -> Widget:
        return Widget("text", attributes={"maxlength": str(self.limit(field))})


def folded(value: str | None) -> str | None:
    """The folded companion of a text column."""
    return None if value is None else fold(value).strip()


def given_text(raw: Any) -> str:
    """What was given, as text; refuses what is no text and what a database cannot keep."""
    if raw is None:
        return ""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise FieldError(N_("A text is expected here."), code="type")
    if isinstance(raw, float):
        return _from_float(raw)
    if isinstance(raw, int) and raw.bit_length() > 256:
        raise FieldError(N_("A text is expected here."), code="type")
    text = str(raw)
    if not is_storable(text):
        raise FieldError(N_("The text contains characters that cannot be stored."), code="characters")
    return text


def is_storable(text: str) -> bool:
    """No control characters but tab and new line (PostgreSQL keeps no NUL), no half surrogates, no noncharacters."""
    return text.isprintable() or all(
        c.isprintable() or c in "\t\n\r\x0b\x0c\x85" or unicodedata.category(c) not in ("Cc", "Cs") for c in text
    )


def _from_float(value: float) -> str:
    if value != value or abs(value) >= 10**MAX_DIGITS:
        raise FieldError(N_("This number has more digits than a spreadsheet keeps; give it as text."), code="digits")
    return formats.plain(Decimal(repr(value)))


def one_line(raw: Any) -> str:
    """A text of one line: outer space removed, breaks and tabs become one space."""
    text = given_text(raw).strip("\ufeff\u200b \u3000")
    return text.strip() if text.isprintable() else _joined(text)


def _joined(text: str) -> str:
    for mark in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        text = text.replace(mark, " ")
    return text.strip()


def check_length(text: str, longest: int) -> None:
    if len(text) > longest:
        raise FieldError(
            N_("At most {n} characters are possible here; there are {count}.", n=longest, count=len(text)),
            code="too_long",
        )


def read_decimal(raw: Any) -> Decimal | None:
    """A number as typed, as JSON or from a spreadsheet → exact; None when empty; raises `FieldError`.

    Floats are taken at 15 significant digits, which is what spreadsheets keep: 0.30000000000000004 is 0.3.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        if isinstance(raw, bool):
            raise ValueError
        if isinstance(raw, float):
            value = _AS_SPREADSHEETS.create_decimal(Decimal(raw))
        elif isinstance(raw, int):
            value = Decimal(raw)
        elif isinstance(raw, Decimal):
            value = raw
        elif isinstance(raw, str):
            value = formats.read_number(raw)
        else:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise FieldError(N_("A number is expected here."), code="type") from None
    if not value.is_finite():
        raise FieldError(N_("A number is expected here."), code="type")
    return value


_AS_SPREADSHEETS, _WIDE = Context(prec=MAX_DIGITS), Context(prec=200)


@functools.cache
def _bounds(scale: int) -> tuple[Decimal, Decimal]:
    """The first value too large for `scale` places, and the smallest step."""
    return Decimal(10) ** (MAX_DIGITS - scale), Decimal(1).scaleb(-scale)


def exact(value: Decimal, scale: int) -> Decimal:
    """`value` with `scale` places; refuses more places and more than 15 digits in all (both databases agree)."""
    too_large, step = _bounds(scale)
    if value.copy_abs() >= too_large:
        raise FieldError(N_("The number is too large; at most {n} digits are possible.", n=MAX_DIGITS), code="digits")
    if value.adjusted() < -60:  # nothing but a trick; quantize would need as many digits
        raise FieldError(N_("At most {n} decimals are possible here.", n=scale), code="decimals")
    fixed = value.quantize(step, context=_WIDE)
    if fixed != value:
        raise FieldError(N_("At most {n} decimals are possible here.", n=scale), code="decimals")
    return fixed + 0  # no negative zero


def check_range(value: Decimal | int, least: Any, most: Any) -> None:
    if least is not None and value < Decimal(least):
        raise FieldError(N_("At least {n} is expected here.", n=least), code="too_small")
    if most is not None and value > Decimal(most):
        raise FieldError(N_("At most {n} is possible here.", n=most), code="too_large")
