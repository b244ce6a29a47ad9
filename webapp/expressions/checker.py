"""From the written tree to the checked one: names looked up, types known, literals made what they mean."""

from __future__ import annotations

from webapp.errors import nearest
from webapp.expressions import coerce, nodes, terms
from webapp.expressions.functions import functions
from webapp.expressions.functions.base import containment
from webapp.expressions.nodes import Node
from webapp.expressions.operators import (
    AGGREGATES,
    ARITHMETIC,
    COMPARISONS,
    EXAMPLES,
    MAX_SCALE,
    cannot_calculate,
    names_in,
)
from webapp.expressions.paths import Frame, PathChecks
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Apply, Literal, Term
from webapp.expressions.types import BOOLEAN, DURATION, EMPTY, TEXT, FieldShape, Type, number
from webapp.i18n import N_


class Checker(PathChecks):
    """Checks one expression. `measures` allows aggregates over the rows of the form itself."""

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

    # --- operators

    def negative(self, term: Term, at: int) -> Term:
        if term.type.name not in ("number", "duration"):
            raise coerce.wrong(term, coerce.TYPE_NAMES["number"])
        return Apply(term.type, "neg", (term,), position=at)

    def arithmetic(self, operator: str, left: Term, right: Term, at: int) -> Term:
        if coerce.is_nothing(left) or coerce.is_nothing(right):
            raise ExpressionError(N_("Calculating with empty gives empty; leave it out."), at, code="type")
        found = ARITHMETIC.get((left.type.name, operator, right.type.name))
        if found is None:
            raise cannot_calculate(operator, left, right)
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
            if term.type.name in ("records", "choices", "files"):
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
        return Apply(BOOLEAN, COMPARISONS[operator], (left, right), position=at)

    def containment(self, operator: str, left: Term, right: Term, at: int) -> Term:
        if left.type.name == "choices" and operator == "contains":
            return containment(operator, [left, right], at)
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
                N_("Write it like this: {example}", example=EXAMPLES[node.function]), node.position, code="arguments"
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
        path = next((p for a in node.arguments for n in names_in(a) if (p := self.list_path(n))), None)
        is_plain = path is None and node.function in ("min", "max") and node.where is None
        if is_plain and not (self.measures and len(self.frames) == len(node.arguments) == 1 and not self.in_measure):
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
        first = next(n for n in names_in(argument_node) if self.list_path(n))
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
