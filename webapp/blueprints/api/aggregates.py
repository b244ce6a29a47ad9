"""Groups and measures over the API: one statement, under the same rights as a list."""

from __future__ import annotations

from typing import Any

from flask import Response

from webapp.blueprints.api import answers, blueprint, bodies, shapes
from webapp.engines.forms import aggregate
from webapp.engines.forms.record import AggregateRow
from webapp.errors import Problem
from webapp.i18n import N_
from webapp.web import scope


@blueprint.post("/data/<app>/<form_key>/aggregate")
@scope.reading
def aggregate_records(app: str, form_key: str) -> Response:
    form = bodies.form(app, form_key)
    asked = bodies.body({"group": list, "measures": list, "filter": str, "search": str, "sort": str, "limit": int})
    rows = aggregate.aggregate(
        scope.unit(),
        scope.actor(),
        form,
        group=_texts(asked["group"], "group"),
        measures=_texts(asked["measures"], "measures") or ["count()"],
        where=(asked["filter"],) if asked["filter"] else (),
        search_text=asked["search"],
        sort=asked["sort"],
        limit=100 if asked["limit"] is None else asked["limit"],
    )
    return answers.send({"rows": [_shape(row) for row in rows]})


def _texts(given: list[Any] | None, name: str) -> list[str]:
    if any(not isinstance(text, str) for text in given or ()):
        problem = Problem(name, N_("A list of texts is expected here."), "type")
        raise bodies.BadRequest(N_("The body is not understood."), problems=[problem])
    return list(given or ())


def _shape(row: AggregateRow) -> dict[str, Any]:
    group = [
        shapes.plain(value) if link is None else shapes.link(link)
        for value, link in zip(row.group, row.links, strict=True)
    ]
    return {"group": group, "measures": [shapes.plain(value) for value in row.measures]}
