"""Taking in a file for a field, and sending one."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response

from webapp.blueprints.files import blueprint
from webapp.blueprints.transfer import exports
from webapp.engines.forms.fields.files import MOST_MB
from webapp.engines.forms.writing import attaching
from webapp.errors import NotFound
from webapp.web import files, scope, screens


@blueprint.post("/<app>/<form>/files/<key>")
@scope.large((MOST_MB + 1) << 20)
@scope.reading
def upload(app: str, form: str, key: str) -> Response:
    """A file for a field of a record that is being written; answers what its input says of it."""
    at = screens.form(app, form)
    arrived = files.arrive(at.form, key, at.unit, at.actor)
    kept = files.keep(at.form, key, at.actor, arrived)
    return make_response(jsonify(kept.json()), 201)


@blueprint.get("/files/<int:id_>")
@blueprint.get("/files/<int:id_>/<size>")
def file(id_: int, size: str | None = None) -> Any:
    """A file of a record, or a small picture of it; else one of one's own that a job has made."""
    unit, actor = scope.unit(), scope.actor()
    try:
        return files.send(attaching.find(unit, actor, id_), size)
    except NotFound:
        if size is not None:
            raise
    return exports.download(unit, actor, id_)
