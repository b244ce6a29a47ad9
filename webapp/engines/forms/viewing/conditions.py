"""Filters as people build them: a field, an operator that fits its type, values.

A condition stands in the address as `field:operator:value|value`, becomes one expression of the language, and can say
itself in words. Nothing else of the product filters another way.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from webapp.definitions.model import Field
from webapp.engines.forms import formats
from webapp.errors import Invalid, Problem, nearest
from webapp.i18n import N_, Message, label

MOST = 20  # conditions in one address
LONGEST = 400  # characters of one value


@dataclass(frozen=True)
class Operator:
    """`template` has `{f}` for the field and `{0}`, `{1}` or `{all}` for the values; `takes` is how many of them.

    also   other ways to write the same, which are read as it
    days   the value is a number of days, whatever the field holds
    one    how it is said of a single value
    """

    key: str
    label: Message
    template: str
    takes: str = "one"  # none, one, two, many
    also: tuple[str, ...] = ()
    days: bool = False
    one: Message | None = None


_EMPTY = Operator("empty", N_("is empty"), "{f} is empty", "none")
_FILLED = Operator("filled", N_("is filled"), "not ({f} is empty)", "none", ("{f} is not empty",))
_EQUAL = Operator("is", N_("is"), "{f} = {0}")
_UNEQUAL = Operator("not", N_("is not"), "{f} != {0}")
_ANY = Operator("any", N_("is any of"), "{f} in ({all})", "many", ("{f} = {0}",), one=N_("is"))
_NONE = Operator(
    "none",
    N_("is none of"),
    "not ({f} in ({all}))",
    "many",
    ("{f} not in ({all})", "{f} != {0}"),
    one=N_("is not"),
)
_BETWEEN = Operator("between", N_("is between"), "{f} between {0} and {1}", "two")
_NUMBERS = (
    Operator("gt", N_("is over"), "{f} > {0}"),
    Operator("ge", N_("is at least"), "{f} >= {0}"),
    Operator("lt", N_("is under"), "{f} < {0}"),
    Operator("le", N_("is at most"), "{f} <= {0}"),
    Operator("eq", N_("equals"), "{f} = {0}"),
    Operator("ne", N_("differs from"), "{f} != {0}"),
    _BETWEEN,
    _EMPTY,
    _FILLED,
)


def _spans(day: str) -> tuple[Operator, ...]:
    """Days counted from today; `day` is the field as a date."""

    def span(key: str, name: Message, first: str, last: str) -> Operator:
        return Operator(key, name, f"{day} between {first} and {last}", "none")

    def period(key: str, name: Message, unit: str, day_in_it: str) -> Operator:
        return span(key, name, f"start_of_{unit}({day_in_it})", f"end_of_{unit}({day_in_it})")

    return (
        Operator("today", N_("is today"), f"{day} = today()", "none"),
        Operator("tomorrow", N_("is tomorrow"), f"{day} = today() + 1", "none"),
        Operator("yesterday", N_("is yesterday"), f"{day} = today() - 1", "none"),
        period("this_week", N_("is this week"), "week", "today()"),
        period("next_week", N_("is next week"), "week", "today() + 7"),
        period("last_week", N_("is last week"), "week", "today() - 7"),
        period("this_month", N_("is this month"), "month", "today()"),
        period("next_month", N_("is next month"), "month", "add_months(today(), 1)"),
        period("last_month", N_("is last month"), "month", "add_months(today(), -1)"),
        period("this_quarter", N_("is this quarter"), "quarter", "today()"),
        period("this_year", N_("is this year"), "year", "today()"),
        Operator("due", N_("is today or earlier"), f"{day} <= today()", "none"),
        Operator("coming", N_("is today or later"), f"{day} >= today()", "none"),
        Operator("within", N_("is within the next … days"), f"{day} between today() and today() + {{0}}", days=True),
        Operator("during", N_("was within the last … days"), f"{day} between today() - {{0}} and today()", days=True),
        Operator("older", N_("is longer ago than … days"), f"{day} < today() - {{0}}", days=True),
    )


_SPANS_OF_DATES = _spans("{f}")

#: Operators by the name of the language type, the most used first.
OPERATORS: Mapping[str, tuple[Operator, ...]] = {
    "text": (
        Operator("contains", N_("contains"), "{f} contains {0}"),
        Operator("lacks", N_("does not contain"), "not ({f} contains {0})", also=("{f} not contains {0}",)),
        Operator("starts", N_("begins with"), "{f} starts with {0}"),
        _EQUAL,
        _UNEQUAL,
        _EMPTY,
        _FILLED,
    ),
    "number": _NUMBERS,
    "duration": _NUMBERS,
    "boolean": (
        Operator("yes", N_("is on"), "{f} = true", "none", ("{f}",)),
        Operator("no", N_("is not on"), "not ({f} = true)", "none", ("not {f}", "{f} = false", "{f} != true")),
    ),
    "date": (
        Operator("on", N_("is on the day"), "{f} = {0}"),
        Operator("before", N_("is before"), "{f} < {0}"),
        Operator("after", N_("is after"), "{f} > {0}"),
        _BETWEEN,
        *_SPANS_OF_DATES,
        Operator("past", N_("is in the past"), "{f} < today()", "none"),
        Operator("future", N_("is in the future"), "{f} > today()", "none"),
        _EMPTY,
        _FILLED,
    ),
    "datetime": (
        Operator("before", N_("is before"), "{f} < {0}"),
        Operator("after", N_("is after"), "{f} > {0}"),
        _BETWEEN,
        *_spans("date_of({f})"),
        Operator("past", N_("is in the past"), "{f} < now()", "none"),
        Operator("future", N_("is in the future"), "{f} > now()", "none"),
        _EMPTY,
        _FILLED,
    ),
    "choice": (_ANY, _NONE, _EMPTY, _FILLED),
    "choices": (
        Operator(
            "any",
            N_("contains any of"),
            "contains_any({f}, {all})",
            "many",
            ("{f} contains {0}",),
            one=N_("contains"),
        ),
        Operator("every", N_("contains all of"), "contains({f}, {all})", "many", one=N_("contains")),
        Operator(
            "lacks",
            N_("contains none of"),
            "not (contains_any({f}, {all}))",
            "many",
            ("not ({f} contains {0})", "{f} not contains {0}"),
            one=N_("does not contain"),
        ),
        _EMPTY,
        _FILLED,
    ),
    "region": (
        Operator("in", N_("is in"), "{f} starts with {0}"),
        Operator("out", N_("is not in"), "not ({f} starts with {0})", also=("{f} not starts with {0}",)),
        _EMPTY,
        _FILLED,
    ),
    "member": (
        Operator("me", N_("is me"), "{f} = me()", "none"),
        Operator("not_me", N_("is not me"), "{f} != me()", "none"),
        _ANY,
        _NONE,
        _EMPTY,
        _FILLED,
    ),
    "department": (_ANY, _NONE, _EMPTY, _FILLED),
    "record": (_ANY, _NONE, _EMPTY, _FILLED),
    "files": (_FILLED, _EMPTY),
}


@dataclass(frozen=True)
class Condition:
    """One chip. `values` are Python values of the field's kind; `raw` is how they stand in the address."""

    field: Field
    operator: Operator
    values: tuple[Any, ...]

    @property
    def raw(self) -> str:
        return "|".join(written(v, self.field) for v in self.values)

    @property
    def address(self) -> str:
        """As it stands in the address: `amount:gt:50000`."""
        return f"{self.field.key}:{self.operator.key}:{self.raw}"

    @property
    def text(self) -> str:
        """The expression in the language."""
        values = [str(v) if self.operator.days else literal(self.field, v) for v in self.values]
        return self.operator.template.format(*values, f=self.field.key, all=", ".join(values))

    def words(self, locale: str, titles: Mapping[tuple[str, Any], str]) -> tuple[str, str]:
        """(field, condition) for a chip; `titles` names linked records and members by (field key, id)."""
        if self.operator.days:
            verb = self.operator.label.text(locale).replace("…", str(self.values[0]))
            return label(self.field.label, locale) or self.field.key, verb
        said = [titles.get((self.field.key, v)) or shown(self.field, v, locale) for v in self.values]
        joined = _AND_WORDS.text(locale).join(said) if self.operator.takes == "two" else _or(locale).join(said)
        is_one = self.operator.one is not None and len(self.values) == 1
        verb = (self.operator.one if is_one and self.operator.one else self.operator.label).text(locale)
        return label(self.field.label, locale) or self.field.key, f"{verb} {joined}".strip()


_AND_WORDS = N_(" and ")


def _or(locale: str) -> str:
    return "、" if locale == "zh" else ", "


#: How operators were called in addresses that people may have kept.
_ONCE = {"is": "any", "not": "none", "has": "any"}


#: Of stages, by how a record stands there.
_STAGES = (
    Operator("open", N_("is open"), "{f}.type = 'open'", "none"),
    Operator("won", N_("is won"), "{f}.type = 'won'", "none"),
    Operator("lost", N_("is lost"), "{f}.type = 'lost'", "none"),
)


def operators(field: Field) -> tuple[Operator, ...]:
    """What a person may ask of this field; none if it cannot be filtered by."""
    found = OPERATORS.get(field.kind.asked_as(field), ())
    if field.type.name == "choice" and any("type" in option.attributes for option in field.type.options):
        return (*found[:2], *_STAGES, *found[2:])
    return found


def build(fields: Mapping[str, Field], field: str, operator: str, values: Sequence[str]) -> Condition:
    """A condition from what was picked or stood in the address; raises `Invalid` with what to mend.

    `fields` are those one may ask about: what is hidden or masked does not exist here, because asking about it would
    tell its value.
    """
    found = fields.get(field)
    if found is None:
        message = N_("There is no field “{key}” to filter by.", key=_short(field))
        raise _refuse(message, field, nearest(field, list(fields)))
    fitting = {o.key: o for o in operators(found)}
    operator = _ONCE.get(operator, operator) if operator not in fitting else operator
    if operator not in fitting:
        raise _refuse(
            N_("“{field}” cannot be filtered by “{operator}”.", field=found.label, operator=_short(operator)),
            field,
            nearest(operator, fitting),
        )
    chosen = fitting[operator]
    return Condition(found, chosen, _values(found, chosen, values))


def _values(field: Field, operator: Operator, values: Sequence[str]) -> tuple[Any, ...]:
    from webapp.engines.forms.fields.base import FieldError

    given = [v.strip() for v in values if v.strip()]
    least, most = {"none": (0, 0), "one": (1, 1), "two": (2, 2), "many": (1, 50)}[operator.takes]
    if operator.takes == "none":
        return ()
    if len(given) < least:
        raise _refuse(N_("“{field}” needs a value to compare with.", field=field.label), field.key)
    if len(given) > most or any(len(v) > LONGEST for v in given):
        raise _refuse(N_("There are too many values for “{field}”.", field=field.label), field.key)
    if operator.days:
        return (_days(field, given[0]),)
    try:
        parsed = [_parsed(field, v) for v in given]
    except FieldError as error:
        raise _refuse(error.message, field.key) from None
    return tuple(parsed)


def _days(field: Field, raw: str) -> int:
    text = unicodedata.normalize("NFKC", raw)
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise _refuse(N_("“{field}” needs a whole number of days.", field=field.label), field.key)
    return int(text)


def _parsed(field: Field, raw: str) -> Any:
    """A value of the field's kind; of a field with several values one of them."""
    if field.type.name in ("record", "member", "department"):
        if raw.isascii() and raw.isdigit() and len(raw) <= 18:
            return int(raw)
        raise _refuse(N_("Choose an entry for “{field}” from the list.", field=field.label), field.key)
    return field.kind.asked(field, raw)


def read(fields: Mapping[str, Field], written: str) -> Condition:
    """A condition from the address, `field:operator:value|value`; raises `Invalid`."""
    field, _, rest = written.partition(":")
    operator, _, values = rest.partition(":")
    found = fields.get(field)
    is_text = found is not None and found.kind.asked_as(found) == "text"
    split = [values] if is_text else values.split("|")
    return build(fields, field, operator, split)


def literal(field: Field, value: Any) -> str:
    """A value as a literal of the language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return f"seconds({value})" if field.type.name == "duration" else str(value)
    if isinstance(value, datetime):
        return f"'{value.isoformat().replace('+00:00', 'Z')}'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def written(value: Any, field: Field) -> str:
    """A value as it stands in an address and in the form that builds a filter."""
    if field.type.name == "duration":
        return f"{value}s"
    if isinstance(value, Decimal):
        return formats.plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def shown(field: Field, value: Any, locale: str) -> str:
    """A value for a chip: short, because a sentence is read at a glance."""
    if field.type.name in ("choice", "choices"):
        names = {o.value: label(o.label, locale) for o in field.type.options}
        return names.get(value, str(value))
    if field.type.name == "number":
        return field.kind.short(field, value, locale)
    return field.kind.said(field, value, locale)


def _refuse(message: Message, path: str, near: str | None = None) -> Invalid:
    return Invalid(message, problems=[Problem(_short(path), message, "bad_filter", near)])


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
