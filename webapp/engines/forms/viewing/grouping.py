"""What rows are grouped by: a field, a period of a date (`month(close_date)`), steps of a number
(`floor(amount/10000)`).

The names are those of the language; an address, a view and an index say them alike. The heads are in `groups`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from webapp.definitions.model import Field
from webapp.definitions.shapes import PERIOD, STEPS
from webapp.engines.forms import formats
from webapp.engines.forms.display import is_amount, name_of
from webapp.engines.forms.viewing import conditions, paths
from webapp.errors import NotFound
from webapp.i18n import N_, Message, language_of, translate

if TYPE_CHECKING:
    from webapp.engines.forms.viewing.views import Scope

#: System fields that say nothing to people who look at live records. Nor does the id, but its order is that of making.
HIDDEN = ("version", "deleted_at", "deleted_by")
INNER = ("id", *HIDDEN)
#: Shapes that records can be grouped by as they are; dates by their periods, numbers by steps.
SHAPES = ("choice", "boolean", "member", "department", "record", "text")
MOMENTS = ("date", "datetime")
UNITS: dict[str, Message] = {
    "year": N_("Year"),
    "quarter": N_("Quarter"),
    "month": N_("Month"),
    "week": N_("Week"),
    "day": N_("Day"),
}
_NAMES: dict[str, Message] = {
    "year": N_("{field} by year"),
    "quarter": N_("{field} by quarter"),
    "month": N_("{field} by month"),
    "week": N_("{field} by week"),
    "day": N_("{field} by day"),
}
_NONE = N_("There is no such group.")


@dataclass(frozen=True)
class Group:
    """`name` as the address says it; `unit` of a period, `step` of a number, neither for the field as it is."""

    name: str
    field: Field
    unit: str = ""
    step: int = 0

    @property
    def is_span(self) -> bool:
        """Whether its heads are periods or steps, which come in their order."""
        return bool(self.unit or self.step)

    def expression(self, at: Scope) -> str:
        """What the rows are grouped by, in the language. A link by the name of what it points at."""
        if self.step:  # six decimals of a whole number are exact, so no row falls beside its step
            return f"floor(floor({self.field.key}) / {self.step})"
        if self.unit:
            return self.name
        is_link = self.field.type.name == "record"
        return paths.readable(at.definitions, at.form, self.field.key) if is_link else self.field.key

    def holds(self, at: Scope, value: str) -> str:
        """The condition of the rows below the head with this value; raises `NotFound` for what is none."""
        name = self.expression(at) if not self.is_span else self.field.key
        if value == "":
            return f"{name} is empty"
        if self.unit:
            first, last = bounds(self.unit, value)
            day = name if self.field.type.name == "date" else f"date_of({name})"
            return f"{day} between '{first}' and '{last}'"
        if self.step:
            start = _whole(value) * self.step
            return f"{name} >= {start} and {name} < {start + self.step}"
        shape = self.field.type.name
        if shape == "boolean":
            return f"{name} = true" if value == "true" else f"not ({name} = true) and {name} is not empty"
        if shape in ("member", "department"):
            if not (value.isascii() and value.isdigit() and len(value) <= 18):
                raise NotFound(_NONE)
            return f"{name} = {value}"
        return f"{name} = {conditions.literal(self.field, value)}"

    def said(self, at: Scope, value: Any) -> str:
        """A period or a step for people."""
        if self.unit == "day" and isinstance(value, date):
            return formats.day(value, at.locale)
        if self.unit:
            return period(self.unit, str(value), at.locale)
        start = Decimal(int(value)) * self.step
        if self.step == 1:
            return self.field.kind.cell(self.field, start, at.locale)
        first, last = (self.field.kind.short(self.field, one, at.locale) for one in (start, start + self.step))
        return N_("{first} to under {last}", first=first, last=last).text(at.locale)

    def label(self, at: Scope) -> str:
        name = name_of(self.field, at.locale)
        if self.unit:
            return translate(at.locale, _NAMES[self.unit].id, field=name)
        if self.step:
            step = _step(self.field, self.step, at.locale)
            return N_("{field} in steps of {step}", field=name, step=step).text(at.locale)
        return name


def read(at: Scope, name: str) -> Group | None:
    """The group of that name; None where there is none for this reader."""
    found = PERIOD.fullmatch(name) or STEPS.fullmatch(name)
    key = found["key"] if found else name
    field = at.form.names.get(key)
    if field is None or not at.may_ask(key) or key in INNER:
        return None
    parts = found.groupdict() if found else {}
    shape = field.type.name
    if parts.get("unit"):
        return Group(name, field, unit=parts["unit"]) if shape in MOMENTS else None
    if parts.get("step"):
        return Group(name, field, step=int(parts["step"])) if shape == "number" else None
    if shape not in SHAPES:
        return None
    if shape == "record":
        target = at.definitions.form(field.type.target or "")
        if not paths.may_see(at, f"{key}.{target.title}"):  # a link groups by the name of what it points at
            return None
    return Group(name, field)


def ways(at: Scope, key: str) -> Iterator[tuple[str, str]]:
    """Names of the groups that a field can make, each with a word for it; one without a word for most fields."""
    field = at.form.names.get(key)
    if field is None:
        return
    if field.type.name in MOMENTS:
        yield from ((f"{unit}({key})", word.text(at.locale)) for unit, word in UNITS.items())
    elif field.type.name == "number" and read(at, f"floor({key}/1)"):
        yield from ((f"floor({key}/{step})", _step(field, step, at.locale)) for step in _steps(field))
    elif read(at, key):
        yield key, ""


def _steps(field: Field) -> tuple[int, ...]:
    if is_amount(field):
        return 1_000, 10_000, 100_000, 1_000_000
    if field.kind_key == "rating":
        return (1,)
    return (10,) if field.kind_key == "percent" else (1, 10, 100, 1_000)


def _step(field: Field, step: int, locale: str) -> str:
    return formats.compact(step, locale) if is_amount(field) else f"{step:,}"


def bounds(unit: str, value: str) -> tuple[date, date]:
    """First and last day of a period as a group says it: 2026, 2026-Q1, 2026-03, 2026-W12, 2026-03-09."""
    year, _, rest = value.partition("-")
    try:
        if unit == "day":
            day = date.fromisoformat(value)
            return day, day
        if unit == "week":
            first = date.fromisocalendar(int(year), int(rest.removeprefix("W")), 1)
            return first, first + timedelta(days=6)
        month = {"year": 1, "quarter": int(rest.removeprefix("Q") or 1) * 3 - 2}.get(unit) or int(rest)
        first = date(int(year), month, 1)
        months = {"year": 12, "quarter": 3, "month": 1}[unit]
        last = date(first.year + (month + months > 12), (month + months - 1) % 12 + 1, 1) - timedelta(days=1)
    except (ValueError, OverflowError):
        raise NotFound(_NONE) from None
    return first, last


def period(unit: str, value: str, locale: str) -> str:
    """``2026年3月``, ``2026年1季度`` / ``Mar 2026``, ``Q1 2026``; a week by its first day."""
    first, _ = bounds(unit, value)
    year, is_chinese = f"{first.year:04d}", language_of(locale) == "zh"
    if unit == "week":
        return translate(locale, "Week from {day}", day=formats.day(first, locale))
    if unit == "year":
        return f"{year}年" if is_chinese else year
    if unit == "quarter":
        quarter = (first.month + 2) // 3
        return f"{year}年{quarter}季度" if is_chinese else f"Q{quarter} {year}"
    if unit == "month":
        return f"{year}年{first.month}月" if is_chinese else f"{formats.MONTHS[first.month - 1]} {year}"
    return formats.day(first, locale)


def _whole(value: str) -> int:
    text = value.removeprefix("-")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise NotFound(_NONE)
    return int(value)
