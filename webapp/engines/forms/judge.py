"""What the language says about a record that is not saved yet: its formulas and its checks, in one statement.

Formulas over formulas are computed level by level, because a formula reads the values of those below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Check, Field, Form
from webapp.engines.forms.values import say
from webapp.errors import Problem
from webapp.expressions import Expression, Judged, binds, check


@dataclass(frozen=True)
class Judgement:
    """The formulas' values by field key, and what the form's checks refuse."""

    formulas: Mapping[str, Any]
    problems: list[Problem]


def judge(
    unit: Unit,
    actor: Actor,
    form: Form,
    values: Mapping[str, Any],
    old: Mapping[str, Any] | None = None,
    id_: int | None = None,
) -> Judgement:
    """Formulas and checks of the record with `values` (all fields), `old` being what is stored of it."""
    steps = _steps(unit, form)
    if not steps:
        return Judgement({}, [])
    values = dict(values)
    formulas: dict[str, Any] = {}
    problems: list[Problem] = []
    parameters = binds(actor, clock.now(), unit.zone)
    for fields, checks in steps:
        source = Judged(form, values, old, id_)
        columns = [_sql(f.formula, source, unit) for f in fields] + [_sql(c.when, source, unit) for c in checks]
        row = unit.execute(sa.select(*columns), parameters).one()
        found = {field.key: row[i] for i, field in enumerate(fields)}
        values.update(found)
        formulas.update(found)
        problems += [
            Problem(c.field or "", say(c.say), "check")
            for c, is_refused in zip(checks, row[len(fields) :], strict=True)
            if is_refused
        ]
    return Judgement(formulas, problems)


def defaults(unit: Unit, actor: Actor, form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """The builder's defaults of the fields that were not given: fixed values, and results of `=expressions`."""
    cache = versions.current(unit).cache
    key = ("defaults", form.name)
    if key not in cache:
        cache[key] = _defaults(unit, form)
    fixed, computed = cache[key]
    found = {k: v for k, v in fixed.items() if k not in given}
    wanted = [(k, e) for k, e in computed if k not in given]
    if wanted:
        source = Judged(form, {**dict.fromkeys(form.fields), **found, **given})
        statement = sa.select(*[e.sql(source, unit.dialect) for _, e in wanted])
        row = unit.execute(statement, binds(actor, clock.now(), unit.zone)).one()
        found.update({k: form.fields[k].kind.parse(form.fields[k], v) for (k, _), v in zip(wanted, row, strict=True)})
    return found


def _defaults(unit: Unit, form: Form) -> tuple[dict[str, Any], list[tuple[str, Expression]]]:
    fixed: dict[str, Any] = {}
    computed: list[tuple[str, Expression]] = []
    for key, field in form.fields.items():
        if field.default is None or not field.kind.is_input:
            continue
        if isinstance(field.default, str) and field.default.startswith("="):
            computed.append((key, check(field.default[1:], versions.current(unit), form.name)))
        else:
            fixed[key] = field.kind.parse(field, field.default)
    return fixed, computed


def _sql(expression: Expression | None, source: Judged, unit: Unit) -> sa.ColumnElement[Any]:
    assert expression is not None
    return expression.sql(source, unit.dialect)


Step = tuple[list[Field], list[Check]]


def _steps(unit: Unit, form: Form) -> list[Step]:
    """Formulas and checks, each in the first statement in which all it reads is known."""
    cache = versions.current(unit).cache
    key = ("judge", form.name)
    if key not in cache:
        cache[key] = _order(form)
    steps: list[Step] = cache[key]
    return steps


def _order(form: Form) -> list[Step]:
    levels = formula_levels(form)
    steps: list[Step] = [([], []) for _ in range(max(levels.values(), default=0) + 2)]
    for key, level in levels.items():
        steps[level][0].append(form.fields[key])
    for refusal in form.checks:
        read = [levels[k] for f, k in refusal.when.names if f == form.name and k in levels]
        steps[max(read, default=-1) + 1][1].append(refusal)
    return [step for step in steps if step[0] or step[1]]


def formula_levels(form: Form) -> dict[str, int]:
    """Key of every stored formula → 0 if it reads no other stored formula, else one more than the highest it reads."""
    stored = {k: f for k, f in form.fields.items() if f.formula is not None and f.column is not None}
    levels: dict[str, int] = {}

    def level(key: str) -> int:
        if key not in levels:
            formula = stored[key].formula
            assert formula is not None
            below = [level(k) for f, k in formula.names if f == form.name and k in stored and k != key]
            levels[key] = max(below, default=-1) + 1
        return levels[key]

    for key in stored:
        level(key)
    return levels
