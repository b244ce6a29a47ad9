"""Checking names and paths: which row they begin at, where each step leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from webapp.errors import nearest
from webapp.expressions import coerce, names, nodes, terms
from webapp.expressions.nodes import Part
from webapp.expressions.operators import MAX_SCALE
from webapp.expressions.problems import ExpressionError
from webapp.expressions.terms import Term
from webapp.expressions.types import BOOLEAN, TEXT, Eyes, FieldShape, Schema, Type, number
from webapp.i18n import N_


@dataclass(frozen=True)
class Frame:
    """A row in view. In the argument of an aggregate, names that begin with `list_path` mean its records, others the
    row outside; elsewhere `list_path` is None and all names mean this row."""

    form: str
    list_path: tuple[str, ...] | None = None


class PathChecks:
    """The rows in view while an expression is checked, and the names it used."""

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
