"""Building the filter of a list: rows of field, operator, value, with one level of groups, or an expression.

The form is sent back whenever a row, a field or an operator changes; `do` says what is wanted. Rows are numbered:
`r0` the field ("=" for an expression), `o0` the operator, `v0` the values, `g0` the group (0: none), `j0` and on how
the rows of a group are joined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.definitions.model import Field
from webapp.engines.forms.entering import pickers
from webapp.engines.forms.viewing import conditions, filters, grouping, paths, reach, views
from webapp.engines.forms.viewing.conditions import Condition, Operator
from webapp.engines.forms.viewing.filters import Raw, Several
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import Invalid, MortiseError
from webapp.i18n import N_
from webapp.web import numbers, respond, screens
from webapp.web.htmx import htmx

MOST_ROWS = conditions.MOST
EXPRESSION = "="
_ROW = re.compile(r"r(\d{1,2})")


@dataclass
class Row:
    """One condition as it stands in the form. `problem` says what to mend, in the reader's language."""

    field: str
    operator: str = ""
    values: tuple[str, ...] = ()
    group: int = 0
    problem: str = ""


@blueprint.get("/<app>/<form>/filter")
def pick(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    if request.args.get("do") == "apply" and "field" in request.args:
        return _one(at, asked)
    rows, joins = _sent(at) if "r0" in request.args or "do" in request.args else _standing(at, asked)
    do = request.args.get("do", "")
    if do == "apply":
        try:
            return screens.lead_to_list(screens.Links(at, _applied(at, asked, rows, joins)).list())
        except Invalid as error:
            return _form(at, asked, rows, joins, error, status=422)
    _change(at, rows, joins, do)
    return _form(at, asked, rows, joins)


def _one(at: Scope, asked: Asked) -> Response:
    """A single condition that was picked elsewhere is added to the list's."""
    field, operator = request.args.get("field", ""), request.args.get("op", "")
    values = request.args.getlist("value")
    try:
        made = conditions.build(reach.fields(at), field, operator, values)
    except Invalid as error:
        row = Row(field if field in reach.fields(at) else _first(at).key, operator, tuple(values), 0, _said(at, error))
        return _form(at, asked, [row], {}, status=422)
    return screens.lead_to_list(screens.Links(at, asked).list(conditions=(*asked.conditions, made)))


# --- rows -------------------------------------------------------------------------------------------------------


def _standing(at: Scope, asked: Asked) -> tuple[list[Row], dict[int, bool]]:
    """The rows of the list's filter as it is; a new one where nothing stands or one is to be added."""
    own, _ = views.filter_of(at, asked)
    parts: tuple[Any, ...] = own.parts
    joins = {0: own.is_any and len(parts) > 1}
    if asked.conditions:
        parts = (own, *asked.conditions) if joins[0] else (*parts, *asked.conditions)
        joins[0] = False
    rows: list[Row] = []
    for part in parts:
        if isinstance(part, Several):
            group = max(joins) + 1
            joins[group] = part.is_any
            rows += [_row(leaf, group) for leaf in part.parts]
        else:
            rows.append(_row(part, 0))
    if not rows or "position" not in request.args:
        rows.append(Row(_first(at).key))
    return rows, joins


def _row(part: Any, group: int) -> Row:
    if isinstance(part, Condition):
        return Row(
            part.field.key, part.operator.key, tuple(conditions.written(v, part.field) for v in part.values), group
        )
    return Row(EXPRESSION, "", (part.text,), group)


def _sent(at: Scope) -> tuple[list[Row], dict[int, bool]]:
    args = request.args
    numbers = sorted(int(found[1]) for key in args if (found := _ROW.fullmatch(key)))[: MOST_ROWS + 1]
    rows = [
        Row(args[f"r{n}"], args.get(f"o{n}", ""), tuple(args.getlist(f"v{n}")), _number(args.get(f"g{n}")))
        for n in numbers
    ]
    joins = {n: args.get(f"j{n}") == "or" for n in {0, *(row.group for row in rows)}}
    return rows, joins


def _number(text: str | None) -> int:
    return numbers.of(text, 99) or 0


def _change(at: Scope, rows: list[Row], joins: dict[int, bool], do: str) -> None:
    """What a button of the form asks: one more row, one more group, one row less."""
    what, _, number = do.partition(":")
    n = _number(number)
    if what == "drop" and n < len(rows):
        del rows[n]
    elif what in ("add", "group") and len(rows) < MOST_ROWS:
        group = n if what == "add" else max([0, *(row.group for row in rows)]) + 1
        joins.setdefault(group, what == "group")
        last = max((i for i, row in enumerate(rows) if row.group == group), default=len(rows) - 1)
        rows.insert(last + 1, Row(_first(at).key, group=group))
    if not rows:
        rows.append(Row(_first(at).key))


def _fields(at: Scope) -> list[Field]:
    return [f for k, f in reach.fields(at).items() if k not in grouping.HIDDEN]


def _grouped(at: Scope) -> list[tuple[str, list[Field]]]:
    """The fields to choose from: the form's own, then those behind each link under its name."""
    found: dict[str, list[Field]] = {}
    for field in _fields(at):
        found.setdefault(field.key.rpartition(".")[0], []).append(field)
    return [(paths.name(at.definitions, at.form, link, at.locale) if link else "", of) for link, of in found.items()]


def _first(at: Scope) -> Field:
    fields = _fields(at)
    if not fields:
        raise Invalid(N_("There is no field to filter by."))
    return fields[0]


# --- what comes of it -------------------------------------------------------------------------------------------


def _applied(at: Scope, asked: Asked, rows: list[Row], joins: dict[int, bool]) -> Asked:
    """The list as it was built; raises `Invalid` after writing beside each row what is wrong with it."""
    parts: list[Any] = []
    groups: dict[int, list[Any]] = {}
    for row in rows:
        if _is_blank(row):
            continue
        try:
            part = _part(at, row)
        except MortiseError as error:
            row.problem = _said(at, error)
            continue
        if not row.group:
            parts.append(part)
        elif row.group in groups:
            groups[row.group].append(part)
        else:
            groups[row.group] = [part]
            parts.append(row.group)
    if any(row.problem for row in rows):
        raise Invalid(N_("Some conditions need mending."))
    made = tuple(Several(tuple(groups[p]), joins.get(p, False)) if isinstance(p, int) else p for p in parts)
    own, _ = filters.own(at, views.view_filter(asked.view))
    rest = made[len(own.parts) :]
    is_added = made[: len(own.parts)] == own.parts and all(isinstance(part, Condition) for part in rest)
    is_any = joins.get(0, False) and len(made) > 1
    if is_added and (is_any == own.is_any or len(own.parts) < 2) and not (is_any and rest):
        return asked.changed(filter=None, conditions=rest, after=None)
    return asked.changed(filter=filters.said(made, is_any), conditions=(), after=None)


def _is_blank(row: Row) -> bool:
    """A row nobody has filled in: it is no condition, and no mistake."""
    return row.field == EXPRESSION and not "".join(row.values).strip()


def _part(at: Scope, row: Row) -> Any:
    if row.field == EXPRESSION:
        return Raw(views.asked_filter(at, row.values[0]))
    return conditions.build(reach.fields(at), row.field, row.operator, list(row.values))


def _said(at: Scope, error: MortiseError) -> str:
    return error.problems[0].text(at.locale) if error.problems else error.message.text(at.locale)


def _form(
    at: Scope,
    asked: Asked,
    rows: list[Row],
    joins: dict[int, bool],
    error: Invalid | None = None,
    *,
    status: int = 200,
) -> Response:
    focus = _number(request.args.get("position")) if "position" in request.args else len(rows) - 1
    names = _titles(at, rows)
    return respond.page(
        "records/filter.html",
        part="records/_filter.html",
        status=status,
        at=at,
        asked=asked,
        links=screens.Links(at, asked),
        groups=_grouped(at),
        rows=[_drawn(at, row, names) for row in rows],
        joins=joins,
        focus=focus,
        may_add=len(rows) < MOST_ROWS,
        is_part=htmx.wants_part,
        error=error,
        form_label=screens.form_label(at),
        view_label=views.view_label(asked.view, at.locale),
    )


def _drawn(at: Scope, row: Row, names: dict[tuple[str, str], str]) -> dict[str, Any]:
    """A row with its field, its operators and what its values are called."""
    if row.field == EXPRESSION:
        return {"row": row, "field": None, "operators": (), "operator": None, "picked": None}
    found = reach.fields(at).get(row.field) or _first(at)
    operators = conditions.operators(found)
    operator: Operator = next((o for o in operators if o.key == row.operator), operators[0])
    picked = None
    if found.type.name in ("record", "member", "department"):
        picked = [(v, names.get((found.key, v), v)) for v in row.values if v]
        picked += [("", "")] if operator.takes == "many" or not picked else []
    elif found.type.is_open:  # what stands there is what is compared with
        picked = [(v, v) for v in row.values if v] + [("", "")]
    elif found.kind.asked_as(found) == "region":
        picked = [(v, found.kind.said(found, v, at.locale) if v.isdigit() else v) for v in row.values[:1]] or [("", "")]
    return {"row": row, "field": found, "operators": operators, "operator": operator, "picked": picked}


def _titles(at: Scope, rows: list[Row]) -> dict[tuple[str, str], str]:
    """What the records, members and departments in the rows are called."""
    found: dict[tuple[str, str], str] = {}
    for row in rows:
        of = reach.fields(at).get(row.field)
        if of is None or of.type.name not in ("record", "member", "department"):
            continue
        for value in row.values[:50]:
            if (number := numbers.of(value)) is not None:
                found[row.field, value] = pickers.title(at, of, number) or ""
    return found
