"""Comments of a record over the API: whoever reads the record reads them, and changes his own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from webapp.blueprints.api import answers, blueprint, bodies
from webapp.engines.forms import select
from webapp.engines.forms.around import comments
from webapp.engines.forms.around.comments import Comment
from webapp.web import scope

_PATH = "/data/<app>/<form_key>/<int:id_>/comments"
MOST = 200


@blueprint.get(_PATH)
def list_comments(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    asked = bodies.query(("limit", "before"))
    limit = bodies.whole_number(asked.get("limit"), "limit", 50, MOST)
    before = bodies.whole_number(asked.get("before"), "before", 0, 999_999_999) or None
    unit = scope.unit()
    record = select.get(unit, scope.actor(), form, id_)
    return answers.send({"comments": [_shape(c) for c in comments.of_record(unit, record, limit=limit, before=before)]})


@blueprint.post(_PATH)
def create_comment(app: str, form_key: str, id_: int) -> Response:
    form = bodies.form(app, form_key)
    given = bodies.body({"text": str, "client_id": str}, required=("text",))

    def make() -> tuple[Any, int, dict[str, str]]:
        unit, actor = scope.unit(), scope.actor()
        record = select.get(unit, actor, form, id_)
        made = comments.add(unit, actor, record, given["text"], client_id=given["client_id"], via="api")
        return _shape(made), 201, {"Location": f"{request.path}/{made.id}"}

    return answers.once(make)


@blueprint.patch(f"{_PATH}/<int:comment>")
def change_comment(app: str, form_key: str, id_: int, comment: int) -> Response:
    form = bodies.form(app, form_key)
    given = bodies.body({"text": str}, required=("text",))
    unit, actor = scope.unit(), scope.actor()
    record = select.get(unit, actor, form, id_)
    return answers.send(_shape(comments.edit(unit, actor, record, comment, given["text"], via="api")))


@blueprint.delete(f"{_PATH}/<int:comment>")
def delete_comment(app: str, form_key: str, id_: int, comment: int) -> Response:
    form = bodies.form(app, form_key)
    bodies.query(())
    unit, actor = scope.unit(), scope.actor()
    comments.delete(unit, actor, select.get(unit, actor, form, id_), comment, via="api")
    return Response(status=204)


def _shape(found: Comment) -> dict[str, Any]:
    return {
        "id": found.id,
        "author": {"id": found.author, "title": found.author_name},
        "text": found.text,
        "at": _moment(found.at),
        "edited_at": _moment(found.edited_at),
        "mentions": [{"id": id_, "title": name} for id_, name in found.mentioned],
    }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
