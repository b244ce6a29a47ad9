"""Records over the API: list, create, read, change, delete, history."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.blueprints.api import answers, blueprint, bodies, pages, shapes
from webapp.engines.forms import records, select
from webapp.engines.forms.around import history
from webapp.engines.forms.record import Query
from webapp.errors import Problem
from webapp.i18n import N_
from webapp.web import scope

LIST_KEYS = ("filter", "sort", "fields", "limit", "after", "count", "search")
MOST_RECORDS = 1000
_PATH = "/data/<app>/<form_key>"


@blueprint.get(_PATH)
def list_records(app: str, form_key: str) -> Response:
    form = bodies.form(app, form_key)
    unit = scope.unit()
    sheet = select.sheet(unit, scope.actor(), form, _query(bodies.query(LIST_KEYS)))
    return answers.send_text(pages.written(unit, form, sheet))


def _query(asked: dict[str, str]) -> Query:
    count = asked.get("count", "none")
    if count not in ("none", "capped", "exact"):
        raise bodies.BadRequest(
            N_("The query string is not understood."),
            problems=[Problem("count", N_("One of none, capped, exact is expected."), "unknown_value")],
        )
    return Query(
        where=(asked["filter"],) if "filter" in asked else (),
        search=asked.get("search"),
        sort=_names(asked["sort"]) if "sort" in asked else ("-id",),
        fields=_names(asked["fields"]) if "fields" in asked else None,
        limit=bodies.whole_number(asked.get("limit"), "limit", 50, MOST_RECORDS),
        after=asked.get("after"),
        count=count,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@blueprint.post(_PATH)
def create_record(app: str, form_key: str) -> Response:
    form = bodies.form(app, form_key)
    given = bodies.body({"values": dict, "client_id": str}, required=("values",))

    def make() -> tuple[Any, int, dict[str, str]]:
        unit = scope.unit()
        made = records.create(unit, scope.actor(), form, given["values"], via="api", client_id=given["client_id"])
        headers = {"Location": f"{request.path}/{made.id}", "ETag": f'"{made.version}"'}
        return shapes.record(unit, made), 201, headers

    return answers.once(make)


@blueprint.get(f"{_PATH}/<int:id_>")
def read_record(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    bodies.query(())
    unit = scope.unit()
    found = select.get(unit, scope.actor(), form, id_)
    response = answers.send(shapes.record(unit, found), version=found.version)
    response.make_conditional(request)
    return response


@blueprint.patch(f"{_PATH}/<int:id_>")
def change_record(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    given = bodies.body({"values": dict}, required=("values",))
    unit = scope.unit()
    version = answers.wanted_version()
    changed = records.update(unit, scope.actor(), form, id_, given["values"], version=version, via="api")
    return answers.send(shapes.record(unit, changed), version=changed.version)


@blueprint.delete(f"{_PATH}/<int:id_>")
def delete_record(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    bodies.query(())
    records.delete(scope.unit(), scope.actor(), form, id_, version=answers.wanted_version(), via="api")
    return Response(status=204)


@blueprint.get(f"{_PATH}/<int:id_>/history")
def read_history(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    asked = bodies.query(("limit", "before"))
    limit = bodies.whole_number(asked.get("limit"), "limit", 50, MOST_RECORDS)
    before = bodies.whole_number(asked.get("before"), "before", 0, 999_999_999) or None
    unit = scope.unit()
    entries = history.history(unit, scope.actor(), form, id_, limit=limit, before=before)
    return answers.send({"events": [shapes.entry(unit, form, e) for e in entries]})
