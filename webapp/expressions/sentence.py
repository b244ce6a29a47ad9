"""A checked expression in words: 阶段 是 报价 且 金额 大于 5 万 / Stage is Quote and Amount is over 50,000."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from webapp.expressions import terms, writer
from webapp.expressions.names import PEOPLE_FIELDS
from webapp.expressions.terms import Term
from webapp.expressions.types import Schema
from webapp.i18n import N_, Message, label, language_of

_PARAMETERS = {
    "m_me": N_("me"),
    "m_my_department": N_("my department"),
    "m_now": N_("now"),
    "m_today": N_("today"),
}
_PLAIN = {"eq": N_("{left} is {right}"), "ne": N_("{left} is not {right}")}
_SIZE = {
    "eq": N_("{left} equals {right}"),
    "ne": N_("{left} does not equal {right}"),
    "lt": N_("{left} is under {right}"),
    "le": N_("{left} is at most {right}"),
    "gt": N_("{left} is over {right}"),
    "ge": N_("{left} is at least {right}"),
}
_TIME = {
    "eq": N_("{left} is {right}"),
    "ne": N_("{left} is not {right}"),
    "lt": N_("{left} is before {right}"),
    "le": N_("{left} is {right} or earlier"),
    "gt": N_("{left} is after {right}"),
    "ge": N_("{left} is {right} or later"),
}
_TEXT = {
    "contains": N_("{left} contains {right}"),
    "has": N_("{left} contains {right}"),
    "starts": N_("{left} begins with {right}"),
}
_NOT_TEXT = {
    "contains": N_("{left} does not contain {right}"),
    "has": N_("{left} does not contain {right}"),
    "starts": N_("{left} does not begin with {right}"),
}
_SEVERAL = {
    "has_all": N_("{left} contains all of {choices}"),
    "has_any": N_("{left} contains any of {choices}"),
}
_NOT_SEVERAL = {
    "has_all": N_("{left} does not contain all of {choices}"),
    "has_any": N_("{left} contains none of {choices}"),
}
_AGGREGATES = {
    "count": N_("number of {what}"),
    "sum": N_("sum of {what}"),
    "avg": N_("average of {what}"),
    "min": N_("smallest of {what}"),
    "max": N_("largest of {what}"),
    "any": N_("there are {what}"),
}
_SPANS = {"seconds": N_("{n} seconds"), "minutes": N_("{n} minutes"), "hours": N_("{n} hours"), "days": N_("{n} days")}
_ATTRIBUTES = {
    "probability": N_("probability"),
    "type": N_("type"),
    "color": N_("colour"),
    "max_days": N_("longest stay in days"),
}


def sentence(term: Term, schema: Schema, form: str, locale: str | None) -> str:
    return _Speaker(schema, form, locale).say(term, 0)


class _Speaker:
    def __init__(self, schema: Schema, form: str, locale: str | None) -> None:
        self.schema, self.form, self.locale = schema, form, locale
        self.is_chinese = language_of(locale) == "zh"

    def words(self, message: Message, **places: Any) -> str:
        return Message(message.id, places).text(self.locale)

    def bracketed(self, text: str) -> str:
        return f"（{text}）" if self.is_chinese else f"({text})"

    def say(self, term: Term, least: int) -> str:
        """`least`: how tightly the words must hold together; 1 or, 2 and, 3 anything else."""
        match term:
            case terms.Literal():
                return self.literal(term)
            case terms.Parameter(name=name):
                return self.words(_PARAMETERS[name])
            case terms.Value() | terms.Through() | terms.Attribute():
                return self.yes_or_no(term, least) if term.type.name == "boolean" and least <= 3 else self.path(term)
            case terms.Changed(after=after):
                return self.words(N_("{field} changed"), field=self.path(after))
            case terms.Aggregate():
                return self.aggregate(term)
            case terms.Measure(function=function, argument=argument, where=where):
                what = self.value(argument) if argument is not None else self.words(N_("records"))
                return self.counted(function, what, where)
            case terms.Apply():
                return self.applied(term, least)
        raise AssertionError(term)

    def value(self, term: Term) -> str:
        """As an operand: a yes-or-no field is just its name."""
        return self.say(term, 4)

    def yes_or_no(self, term: Term, least: int) -> str:
        return self.words(N_("{field} is yes"), field=self.path(term))

    # --- conditions

    def applied(self, term: terms.Apply, least: int) -> str:
        name, given = term.function, term.arguments
        if name in ("and", "or"):
            power = 2 if name == "and" else 1
            words = N_("{condition} and {another}") if name == "and" else N_("{condition} or {another}")
            text = self.say(given[0], power + 1)
            for another in given[1:]:
                text = self.words(words, condition=text, another=self.say(another, power + 1))
            return self.bracketed(text) if power < least else text
        if name == "not":
            return self.negated(given[0])
        if name in _SIZE:
            return self.compared(name, given)
        if name in _TEXT:
            return self.words(_TEXT[name], left=self.value(given[0]), right=self.value(given[1]))
        if name in ("in", "between", "is_empty", *_SEVERAL):
            return self.relation(term, is_not=False)
        return self.computed(term)

    def compared(self, name: str, given: tuple[Term, ...]) -> str:
        kind = given[0].type.name
        words = _TIME if kind in ("date", "datetime") else _SIZE
        if name in _PLAIN and kind not in ("number", "duration", "date", "datetime"):
            words = _PLAIN
        return self.words(words[name], left=self.value(given[0]), right=self.value(given[1]))

    def relation(self, term: terms.Apply, *, is_not: bool) -> str:
        given = term.arguments
        if term.function == "is_empty":
            words = N_("{left} is not empty") if is_not else N_("{left} is empty")
            return self.words(words, left=self.value(given[0]))
        if term.function == "in" or term.function in _SEVERAL:
            words = N_("{left} is none of {choices}") if is_not else N_("{left} is one of {choices}")
            if term.function != "in":
                words = (_NOT_SEVERAL if is_not else _SEVERAL)[term.function]
            choices = ("、" if self.is_chinese else ", ").join(self.value(c) for c in given[1:])
            return self.words(words, left=self.value(given[0]), choices=choices)
        low, high = (side.arguments for side in given if isinstance(side, terms.Apply))
        words = N_("{left} is not between {low} and {high}") if is_not else N_("{left} is between {low} and {high}")
        return self.words(words, left=self.value(low[0]), low=self.value(low[1]), high=self.value(high[1]))

    def negated(self, inner: Term) -> str:
        if isinstance(inner, terms.Apply):
            if inner.function in ("in", "between", "is_empty", *_SEVERAL):
                return self.relation(inner, is_not=True)
            if inner.function in _NOT_TEXT:
                left, right = (self.value(a) for a in inner.arguments)
                return self.words(_NOT_TEXT[inner.function], left=left, right=right)
            if inner.function == "eq":
                return self.compared("ne", inner.arguments)
        if isinstance(inner, terms.Value | terms.Through | terms.Attribute):
            return self.words(N_("{field} is not yes"), field=self.path(inner))
        if isinstance(inner, terms.Changed):
            return self.words(N_("{field} did not change"), field=self.path(inner.after))
        if isinstance(inner, terms.Aggregate) and inner.function == "any":
            return self.counted("none", self.list_of(inner), inner.where)
        return self.words(N_("not {condition}"), condition=self.bracketed(self.say(inner, 0)))

    # --- values

    def computed(self, term: terms.Apply) -> str:
        name, given = term.function, term.arguments
        if name == "date_of":
            return self.value(given[0])
        if name in _SPANS:
            return self.words(_SPANS[name], n=self.value(given[0]))
        if name == "if":
            cond, then, other = self.say(given[0], 0), self.value(given[1]), self.value(given[2])
            return self.words(N_("{then} if {condition}, else {other}"), condition=cond, then=then, other=other)
        if name == "neg":
            return f"-{self.operand(given[0], 8)}"
        if name == "join":
            return " & ".join(self.value(writer.unwrapped(a)) for a in given)
        if name in writer.ARITHMETIC:
            sign, power = writer.ARITHMETIC[name]
            right = given[1]
            if name in ("shift_days", "shift"):
                if isinstance(right, terms.Apply) and right.function == "neg":
                    sign, right = "-", right.arguments[0]
                if name == "shift_days":
                    days = self.words(_SPANS["days"], n=self.operand(right, power + 1))
                    return f"{self.operand(given[0], power)} {sign} {days}"
            shown = {"*": "×", "/": "÷", "-": "−"}.get(sign, sign)
            return f"{self.operand(given[0], power)} {shown} {self.operand(right, power + 1)}"
        if name == "case":
            return f"case({', '.join(self.say(a, 3) for a in given)})"
        return f"{name}({', '.join(self.value(a) for a in given)})"

    def operand(self, term: Term, least: int) -> str:
        text = self.value(term)
        if isinstance(term, terms.Apply) and writer.ARITHMETIC.get(term.function, ("", 9))[1] < least:
            return self.bracketed(text)
        return text

    def aggregate(self, term: terms.Aggregate) -> str:
        what = self.list_of(term)
        if term.argument is not None and term.function != "any":
            what = self.words(N_("{field} of {base}"), base=what, field=self.value(term.argument))
        return self.counted(term.function, what, term.where)

    def list_of(self, term: terms.Aggregate) -> str:
        text = label(self.schema.form(term.list_form).names[term.list_key].label, self.locale)
        if term.base is not None:
            text = self.words(N_("{field} of {base}"), base=self.path(term.base), field=text)
        return text

    def counted(self, function: str, what: str, where: Term | None) -> str:
        words = N_("there are no {what}") if function == "none" else _AGGREGATES[function]
        text = self.words(words, what=what)
        return (
            f"{text}{'' if self.is_chinese else ' '}{self.bracketed(self.say(where, 0))}" if where is not None else text
        )

    def path(self, term: Term) -> str:
        match term:
            case terms.Value(form=form, key=key, is_old=is_old):
                text = label(self.schema.form(form).names[key].label, self.locale) or key
                return self.words(N_("earlier {field}"), field=text) if is_old else text
            case terms.Through(base=base, form=form, key=key):
                names = PEOPLE_FIELDS.get(form)
                shown = label(names[key][1] if names else self.schema.form(form).names[key].label, self.locale) or key
                return self.words(N_("{field} of {base}"), base=self.path(base), field=shown)
            case terms.Attribute(base=base, name=name):
                shown = self.words(_ATTRIBUTES[name]) if name in _ATTRIBUTES else name
                return self.words(N_("{field} of {base}"), base=self.path(base), field=shown)
        return self.value(term)

    def literal(self, term: terms.Literal) -> str:
        value = term.value
        if value is None:
            return self.words(N_("empty"))
        if isinstance(value, bool):
            return self.words(N_("yes") if value else N_("no"))
        if isinstance(value, Decimal):
            return self.number(value)
        if isinstance(value, datetime):
            return value.isoformat(" ", "minutes")
        if isinstance(value, date):
            return value.isoformat()
        if term.type.name == "choice":
            option = next((o for o in term.type.options if o.value == value), None)
            return label(option.label, self.locale) or value if option else value
        return f"“{value}”" if isinstance(value, str) else f"#{value}"

    def number(self, value: Decimal) -> str:
        """In Chinese large round numbers count in 万 and 亿."""
        if self.is_chinese:
            for size, unit in ((Decimal(10**8), "亿"), (Decimal(10**4), "万")):
                shown = value / size
                if abs(value) >= size and shown == round(shown, 2):
                    return f"{shown.normalize():f} {unit}"
            return f"{value:f}"
        return f"{value:,f}"
