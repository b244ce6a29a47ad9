"""What the language says about a record that is not saved yet: its formulas and its checks, in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms.writing.values import say
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
    computed = [form.fields[key] for key in form.computed]
    if not computed and not form.checks:
        return Judgement({}, [])
    given = {key: value for key, value in values.items() if key not in form.computed}
    source = Judged(form, given, old, id_)
    columns = [_sql(f.formula, source, unit) for f in computed] + [_sql(c.when, source, unit) for c in form.checks]
    row = unit.execute(source.select(*columns), binds(actor, clock.now(), unit.zone)).one()
    return Judgement(
        {field.key: row[i] for i, field in enumerate(computed)},
        [
            Problem(check_.field or "", say(check_.say), "check")
            for check_, is_refused in zip(form.checks, row[len(computed) :], strict=True)
            if is_refused
        ],
    )


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
        statement = source.select(*[e.sql(source, unit.dialect) for _, e in wanted])
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
