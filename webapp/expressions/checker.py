"""From the written tree to the checked one: names looked up, types known, literals made what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from webapp.errors import nearest
from webapp.expressions import coerce, names, nodes, terms
from webapp.expressions.functions import functions
from webapp.expressions.nodes import Node, Part
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Apply, Literal, Term
from webapp.expressions.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DURATION,
    EMPTY,
    TEXT,
    Eyes,
    FieldShape,
    Schema,
    Type,
    number,
)
from webapp.i18n import N_

AGGREGATES = ("count", "sum", "avg", "min", "max", "any")
_OPERATORS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
MAX_SCALE = 6


@dataclass(frozen=True)
class Frame:
    """A row in view. In the argument of an aggregate, names that begin with `list_path` mean its records, others the
    row outside; elsewhere `list_path` is None and all names mean this row."""

    form: str
    list_path: tuple[str, ...] | None = None


class Checker:
    """Checks one expression. `measures` allows aggregates over the rows of the form itself."""

    def __init__(
        self,
        schema: Schema,
        form: str,
        eyes: Eyes | None,
        *,
        allow_old: bool = False,
        allow_aggregates: bool = True,
        measures: bool = False,
    ) -> None:
        names.form_of(schema, form)
        self.schema, self.eyes = schema, eyes
        self.allow_old, self.allow_aggregates, self.measures = allow_old, allow_aggregates, measures
        self.frames = [Frame(form)]
        self.names: set[tuple[str, str]] = set()
        self.in_measure = False

    # --- by kind of node

    def check(self, node: Node) -> Term:
        at = node.position
        match node:
            case nodes.Number(value):
                return Literal(number(max(0, -int(value.as_tuple().exponent))), value, position=at)
            case nodes.String(value):
                return Literal(TEXT, value or None, position=at)
            case nodes.Boolean(value):
                return Literal(BOOLEAN, value, position=at)
            case nodes.Empty():
                return Literal(EMPTY, None, position=at)
            case nodes.Name():
                return self.name(node)
            case nodes.Call():
                return self.call(node)
            case nodes.Negative(operand):
                return self.negative(self.check(operand), at)
            case nodes.Arithmetic(operator, left, right):
                return self.arithmetic(operator, self.check(left), self.check(right), at)
            case nodes.Join(operands):
                return Apply(TEXT, "join", tuple(coerce.text_of(self.check(o)) for o in operands), position=at)
            case nodes.Compare(operator, left, right):
                return self.compare(operator, self.check(left), self.check(right), at)
            case nodes.In(operand, choices):
                return self.membership(self.check(operand), [self.check(c) for c in choices], at)
            case nodes.Between(operand, low, high):
                return self.between(self.check(operand), self.check(low), self.check(high), at)
            case nodes.IsEmpty(operand):
                term = self.check(operand)
                if term.type.name == "records":
                    raise coerce.wrong(term, N_("a single value"))
                return Apply(BOOLEAN, "is_empty", (term,), position=at)
            case nodes.Not(operand):
                return Apply(BOOLEAN, "not", (self.condition(operand),), position=at)
            case nodes.Logic(operator, operands):
                return Apply(BOOLEAN, operator, tuple(self.condition(o) for o in operands), position=at)
        raise AssertionError(node)

    def condition(self, node: Node) -> Term:
        """A yes or no."""
        return coerce.fit(self.check(node), BOOLEAN)

    # --- names

    def name(self, node: nodes.Name) -> Term:
        parts, is_old = self.parts_of(node)
        up = 0
        frame = self.frames[-1]
        while frame.list_path is not None:
            steps = len(frame.list_path)
            if tuple(f.key for _, f in self.fields_along(parts[:steps], self.outer(up + 1).form)) == frame.list_path:
                parts = parts[steps:]
                if not parts:
                    raise ExpressionError(
                        N_("Say which field of “{name}” is meant.", name=frame.list_path[-1]),
                        node.position,
                        code="type",
                    )
                break
            up += 1
            frame = self.outer(up)
        return self.path(parts, frame.form, up, is_old)

    def outer(self, up: int) -> Frame:
        return self.frames[-1 - up]

    def parts_of(self, node: nodes.Name) -> tuple[tuple[Part, ...], bool]:
        first = node.parts[0]
        if first.text.lower() != "old" or first.is_label:
            return node.parts, False
        if not self.allow_old or len(self.frames) > 1:
            raise ExpressionError(
                N_("“old” is not possible here: there is no earlier state of the record."),
                node.position,
                3,
                code="no_old",
            )
        if len(node.parts) == 1:
            raise ExpressionError(N_("Say which field is meant after “old.”."), node.position, 3, code="syntax")
        return node.parts[1:], True

    def path(self, parts: tuple[Part, ...], form: str, up: int, is_old: bool) -> Term:
        field = self.field(form, parts[0])
        term: Term = terms.Value(field.type, form, field.key, up, is_old, position=parts[0].position)
        for part in parts[1:]:
            term = self.step(term, part)
        if term.type.name == "records":
            raise ExpressionError(
                N_("“{name}” is a list of records; use it in count, sum, avg, min, max or any.", name=parts[-1].text),
                parts[-1].position,
                len(parts[-1].text),
                code="type",
            )
        return term

    def step(self, base: Term, part: Part) -> Term:
        """One step along a path: through a link, a person or department, or to an attribute of an option."""
        kind = base.type.name
        if kind == "record" and base.type.target:
            field = self.field(base.type.target, part)
            return terms.Through(field.type, base, base.type.target, field.key, position=part.position)
        if kind in terms.PEOPLE:
            key, type_ = names.find_people_field(terms.PEOPLE[kind], part)
            return terms.Through(type_, base, terms.PEOPLE[kind], key, position=part.position)
        if kind == "choice":
            return self.attribute(base, part)
        raise ExpressionError(
            N_("“{name}” cannot be asked of {found}.", name=part.text, found=coerce.say(base.type)),
            part.position,
            len(part.text),
            code="type",
        )

    def field(self, form: str, part: Part) -> FieldShape:
        field = names.find_field(self.schema, self.eyes, form, part)
        self.names.add((form, field.key))
        return field

    def attribute(self, base: Term, part: Part) -> Term:
        key = part.text.lower()
        known = {name for option in base.type.options for name in option.attributes}
        if key not in known:
            raise ExpressionError(
                N_(
                    "The options have no attribute “{name}”; there is: {names}.",
                    name=part.text,
                    names=", ".join(sorted(known)),
                ),
                part.position,
                len(part.text),
                code="unknown_name",
                near=nearest(key, known),
            )
        values = {o.value: o.attributes.get(key) for o in base.type.options}
        type_, values = _attribute_type(values)
        return terms.Attribute(type_, base, key, tuple(values.items()), position=part.position)

    # --- operators

    def negative(self, term: Term, at: int) -> Term:
        if term.type.name not in ("number", "duration"):
            raise coerce.wrong(term, coerce.TYPE_NAMES["number"])
        return Apply(term.type, "neg", (term,), position=at)

    def arithmetic(self, operator: str, left: Term, right: Term, at: int) -> Term:
        if coerce.is_nothing(left) or coerce.is_nothing(right):
            raise ExpressionError(N_("Calculating with empty gives empty; leave it out."), at, code="type")
        found = _ARITHMETIC.get((left.type.name, operator, right.type.name))
        if found is None:
            raise _cannot_calculate(operator, left, right)
        function, result = found
        if function in ("add", "sub"):
            result = number(max(left.type.scale, right.type.scale))
        elif function == "mul":
            result = number(min(left.type.scale + right.type.scale, MAX_SCALE))
        elif function == "shift_days" and right.type.scale:
            raise coerce.wrong(right, N_("a whole number of days"))
        assert result is not None
        if function == "shift_days" and operator == "-":
            right = Apply(right.type, "neg", (right,), position=right.position)
        if function == "shift" and operator == "-":
            right = Apply(DURATION, "neg", (right,), position=right.position)
        return Apply(result, function, (left, right), position=at)

    def compare(self, operator: str, left: Term, right: Term, at: int) -> Term:
        if operator in ("contains", "starts"):
            return self.containment(operator, left, right, at)
        for term in (left, right):
            if coerce.is_nothing(term):
                raise ExpressionError(
                    N_("Nothing equals empty; write “is empty” or “is not empty”."), term.position, code="compare_empty"
                )
            if term.type.name in ("records", "choices"):
                raise coerce.wrong(term, N_("a single value"))
        left, right = coerce.meet(left, right)
        kind = left.type.name
        if operator not in ("=", "!=") and kind in ("boolean", "choice", *coerce.POINTERS):
            raise ExpressionError(
                N_(
                    "“{operator}” needs values with an order, and {found} has none.",
                    operator=operator,
                    found=coerce.say(left.type),
                ),
                at,
                code="type",
            )
        return Apply(BOOLEAN, _OPERATORS[operator], (left, right), position=at)

    def containment(self, operator: str, left: Term, right: Term, at: int) -> Term:
        if left.type.name == "choices" and operator == "contains":
            if coerce.is_nothing(right):
                raise coerce.wrong(right, coerce.TYPE_NAMES["choice"])
            return Apply(
                BOOLEAN, "has", (left, coerce.fit(right, Type("choice", options=left.type.options))), position=at
            )
        return Apply(BOOLEAN, operator, (coerce.fit(left, TEXT), coerce.fit(right, TEXT)), position=at)

    def membership(self, operand: Term, choices: list[Term], at: int) -> Term:
        equal = []
        for choice in choices:
            made = self.compare("=", operand, choice, choice.position)
            assert isinstance(made, Apply)
            equal.append(made)
        if any(e.arguments[0].type.name != equal[0].arguments[0].type.name for e in equal):
            raise ExpressionError(N_("All values of a list must be of one sort."), at, code="type")
        return Apply(BOOLEAN, "in", (equal[0].arguments[0], *(e.arguments[1] for e in equal)), position=at)

    def between(self, operand: Term, low: Term, high: Term, at: int) -> Term:
        first = self.compare(">=", operand, low, at)
        second = self.compare("<=", operand, high, at)
        return Apply(BOOLEAN, "between", (first, second), position=at)

    # --- calls

    def call(self, node: nodes.Call) -> Term:
        key = node.function
        if key in ("if", "case"):
            return self.choice(node)
        if key == "changed":
            return self.changed(node)
        if key in AGGREGATES and (made := self.aggregate(node)) is not None:
            return made
        if node.where is not None:
            raise ExpressionError(
                N_("“where” belongs in count, sum, avg, min, max or any over a list of records."),
                node.where.position,
                code="syntax",
            )
        if key not in functions:
            raise ExpressionError(
                N_("There is no function “{name}”.", name=key[:40]),
                node.position,
                len(key),
                code="unknown_function",
                near=nearest(key, [*functions.keys(), *AGGREGATES, "if", "case", "changed"]),
            )
        return functions.get(key).check([self.check(a) for a in node.arguments], node.position)

    def choice(self, node: nodes.Call) -> Term:
        """`if(condition, then, else)` and `case(condition, value, …, else)`; without the last it is empty."""
        given = list(node.arguments)
        if node.where is not None or len(given) < 2 or (node.function == "if" and len(given) > 3):
            raise ExpressionError(
                N_("Write it like this: {example}", example=_EXAMPLES[node.function]), node.position, code="arguments"
            )
        if len(given) % 2 == 0:
            given.append(nodes.Empty(position=node.position))
        conditions = [self.condition(c) for c in given[:-1:2]]
        type_, branches = coerce.common([self.check(b) for b in [*given[1::2], given[-1]]])
        arguments = [a for pair in zip(conditions, branches, strict=False) for a in pair]
        return Apply(type_, node.function, (*arguments, branches[-1]), position=node.position)

    def changed(self, node: nodes.Call) -> Term:
        if not self.allow_old or len(self.frames) > 1:
            raise ExpressionError(
                N_("“changed” is not possible here: there is no earlier state of the record."),
                node.position,
                len("changed"),
                code="no_old",
            )
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], nodes.Name) or node.where is not None:
            raise ExpressionError(
                N_("Write it like this: {example}", example="changed(stage)"), node.position, code="arguments"
            )
        after = self.path(node.arguments[0].parts, self.frames[-1].form, 0, False)
        before = self.path(node.arguments[0].parts, self.frames[-1].form, 0, True)
        return terms.Changed(BOOLEAN, before, after, position=node.position)

    # --- aggregates

    def aggregate(self, node: nodes.Call) -> Term | None:
        """An aggregate over a reverse link or (in measures) over the rows; None if it is the function min or max."""
        path = next((p for a in node.arguments for n in _names(a) if (p := self.list_path(n))), None)
        if path is None and node.function in ("min", "max") and node.where is None:
            if not (self.measures and len(self.frames) == 1 and len(node.arguments) == 1 and not self.in_measure):
                return None
        if len(node.arguments) > 1:
            raise ExpressionError(
                N_("One list of records at a time is expected here."), node.position, code="arguments"
            )
        if path is None:
            return self.measure(node)
        if not self.allow_aggregates:
            raise ExpressionError(
                N_("Counting and summing over linked records is not possible here."),
                node.position,
                code="no_aggregates",
            )
        return self.over_list(node, path)

    def over_list(self, node: nodes.Call, found: list[tuple[str, FieldShape]]) -> Term:
        argument_node = node.arguments[0]
        first = next(n for n in _names(argument_node) if self.list_path(n))
        parts, is_old = self.parts_of(first)
        base: Term | None = None
        if len(found) > 1:
            base = self.path(parts[: len(found) - 1], found[0][0], 0, is_old)
        list_form, list_field = found[-1]
        target, link = list_field.type.target, list_field.reverse_of
        assert target and link
        self.names |= {(list_form, list_field.key), (target, link)}
        argument = None
        if not (isinstance(argument_node, nodes.Name) and len(parts) == len(found)):
            self.frames.append(Frame(target, tuple(f.key for _, f in found)))
            argument = self.check(argument_node)
            self.frames.pop()
        where = None
        if node.where is not None:
            self.frames.append(Frame(target))
            where = self.condition(node.where)
            self.frames.pop()
        type_ = self.aggregate_type(node, argument)
        return terms.Aggregate(
            type_, node.function, base, 0, is_old, list_form, list_field.key, target, link, argument, where,
            position=node.position,
        )  # fmt: skip

    def measure(self, node: nodes.Call) -> Term:
        if not self.measures or len(self.frames) > 1 or self.in_measure:
            raise ExpressionError(
                N_("“{name}” needs a list of records, such as the deals of an account.", name=node.function),
                node.position,
                len(node.function),
                code="type",
            )
        self.in_measure = True
        argument = self.check(node.arguments[0]) if node.arguments else None
        where = self.condition(node.where) if node.where is not None else None
        self.in_measure = False
        return terms.Measure(
            self.aggregate_type(node, argument), node.function, argument, where, position=node.position
        )

    def aggregate_type(self, node: nodes.Call, argument: Term | None) -> Type:
        key = node.function
        if key == "count":
            return number(0)
        if key == "any":
            if argument is not None:
                coerce.fit(argument, BOOLEAN)
            return BOOLEAN
        if argument is None:
            raise ExpressionError(
                N_("Say which field is meant, for example {example}.", example=f"{key}(deals.amount)"),
                node.position,
                code="arguments",
            )
        allowed = ("number", "duration") if key in ("sum", "avg") else ("number", "duration", "date", "datetime")
        if argument.type.name not in allowed:
            raise coerce.wrong(argument, coerce.TYPE_NAMES["number"])
        return number(MAX_SCALE) if key == "avg" and argument.type.name == "number" else argument.type

    def list_path(self, node: nodes.Name) -> list[tuple[str, FieldShape]] | None:
        """The fields along the path up to a list of records, if it leads to one."""
        parts = node.parts
        if parts[0].text.lower() == "old" and not parts[0].is_label:
            parts = parts[1:]
        if self.frames[-1].list_path is not None or not parts:
            return None
        found = list(self.fields_along(parts, self.frames[-1].form))
        for index, (_, field) in enumerate(found):
            if field.type.name == "records":
                return found[: index + 1]
        return None

    def fields_along(self, parts: tuple[Part, ...], form: str) -> Iterator[tuple[str, FieldShape]]:
        for part in parts:
            try:
                field = names.find_field(self.schema, self.eyes, form, part)
            except ExpressionError:
                return
            yield form, field
            if field.type.name not in ("record", "records") or not field.type.target:
                return
            form = field.type.target


_NUMBER = number(0)
_ARITHMETIC: dict[tuple[str, str, str], tuple[str, Type | None]] = {
    ("number", "+", "number"): ("add", None),
    ("number", "-", "number"): ("sub", None),
    ("number", "*", "number"): ("mul", None),
    ("number", "/", "number"): ("div", number(MAX_SCALE)),
    ("duration", "+", "duration"): ("duration_add", DURATION),
    ("duration", "-", "duration"): ("duration_sub", DURATION),
    ("duration", "*", "number"): ("duration_mul", DURATION),
    ("duration", "/", "number"): ("duration_div", DURATION),
    ("duration", "/", "duration"): ("div", number(MAX_SCALE)),
    ("date", "+", "number"): ("shift_days", DATE),
    ("date", "-", "number"): ("shift_days", DATE),
    ("date", "-", "date"): ("date_difference", _NUMBER),
    ("date", "-", "datetime"): ("date_difference", _NUMBER),
    ("datetime", "-", "date"): ("date_difference", _NUMBER),
    ("datetime", "-", "datetime"): ("moment_difference", DURATION),
    ("datetime", "+", "duration"): ("shift", DATETIME),
    ("datetime", "-", "duration"): ("shift", DATETIME),
}
_EXAMPLES = {"if": "if(amount > 50000, 'A', 'B')", "case": "case(amount > 50000, 'A', amount > 10000, 'B', 'C')"}


def _cannot_calculate(operator: str, left: Term, right: Term) -> ExpressionError:
    if operator == "+" and "text" in (left.type.name, right.type.name):
        return ExpressionError(N_("Texts are put together with &, not with +."), right.position, code="type")
    return ExpressionError(
        N_(
            "“{operator}” cannot be used between {left} and {right}.",
            operator=operator,
            left=coerce.say(left.type),
            right=coerce.say(right.type),
        ),
        right.position,
        code="type",
    )


def _names(node: Node) -> Iterator[nodes.Name]:
    """Paths in `node`, not those inside aggregates of their own."""
    waiting = [node]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, nodes.Name):
            yield found
        elif not (isinstance(found, nodes.Call) and found.function in AGGREGATES):
            waiting.extend(found.children())


def _attribute_type(values: dict[str, object]) -> tuple[Type, dict[str, object]]:
    """Numbers if all given values are numbers, yes or no if all are that, else texts."""
    given = [v for v in values.values() if v is not None]
    if all(isinstance(v, bool) for v in given):
        return BOOLEAN, values
    numbers: dict[str, object] = {}
    scale = 0
    for option, value in values.items():
        try:
            found = None if value is None or isinstance(value, bool) else Decimal(str(value)).normalize()
        except ArithmeticError:
            return TEXT, {k: None if v is None else str(v) for k, v in values.items()}
        if found is not None and (not found.is_finite() or -int(found.as_tuple().exponent) > MAX_SCALE):
            return TEXT, {k: None if v is None else str(v) for k, v in values.items()}
        numbers[option] = found
        scale = max(scale, -int(found.as_tuple().exponent) if found is not None else 0)
    return number(scale), numbers
