"""Building one condition of a list: field, operator, value, in a small form below the chip."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.records import blueprint
from webapp.definitions.model import Field
from webapp.engines.forms import conditions, pickers, views
from webapp.engines.forms.conditions import Condition
from webapp.engines.forms.views import Asked, Scope
from webapp.errors import Invalid
from webapp.web import respond, screens
from webapp.web.htmx import htmx


@blueprint.get("/<app>/<form>/filter")
def pick(app: str, form: str) -> Any:
    at = screens.form(app, form)
    asked = screens.asked(at)
    if request.args.get("do") != "apply":
        return _form(at, asked)
    try:
        made = conditions.build(
            at.form,
            at.visible,
            request.args.get("field", ""),
            request.args.get("op", ""),
            request.args.getlist("value"),
        )
    except Invalid as error:
        return _form(at, asked, error, status=422)
    return screens.lead_to_list(screens.Links(at, asked).list(conditions=_placed(asked, made)))


def _placed(asked: Asked, made: Condition) -> tuple[Condition, ...]:
    """The list's conditions with `made` in the place it was opened from, or at the end."""
    position = _position(asked)
    if position is None:
        return (*asked.conditions, made)
    return (*asked.conditions[:position], made, *asked.conditions[position + 1 :])


def _position(asked: Asked) -> int | None:
    given = request.args.get("position", "")
    position = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else -1
    return position if 0 <= position < len(asked.conditions) else None


def _form(at: Scope, asked: Asked, error: Invalid | None = None, *, status: int = 200) -> Response:
    position = _position(asked)
    standing = asked.conditions[position] if position is not None else None
    fields = [f for k, f in at.form.names.items() if at.may_ask(k) and conditions.operators(f)]
    wanted = request.args.get("field") or (standing.field.key if standing else fields[0].key)
    chosen = next((f for f in fields if f.key == wanted), fields[0])
    operators = conditions.operators(chosen)
    key = request.args.get("op") or (standing.operator.key if standing and standing.field is chosen else "")
    operator = next((o for o in operators if o.key == key), operators[0])
    values = request.args.getlist("value")
    if not values and standing and standing.field is chosen:
        values = standing.raw.split("|")
    return respond.page(
        "records/filter.html",
        part="records/_filter.html",
        status=status,
        at=at,
        asked=asked,
        links=screens.Links(at, asked),
        fields=fields,
        chosen=chosen,
        operators=operators,
        operator=operator,
        values=values,
        picked=_picked(at, chosen, values),
        is_part=htmx.wants_part,
        position=position,
        error=error,
        form_label=screens.form_label(at),
        view_label=views.view_label(asked.view, at.locale),
    )


def _picked(at: Scope, chosen: Field, values: list[str]) -> tuple[str, str] | None:
    """Id and name of what a field that points at something is compared with; None for other fields."""
    given = values[0] if values else ""
    if chosen.type.is_open:  # what stands there is what is compared with
        return given, given
    if chosen.kind.asked_as(chosen) == "region":
        return given, chosen.kind.said(chosen, given, at.locale) if given.isdigit() else given
    if chosen.type.name not in ("record", "member", "department"):
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        return "", ""
    return given, pickers.title(at, chosen, int(given)) or ""
