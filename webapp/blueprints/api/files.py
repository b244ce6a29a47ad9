"""Files over the API: uploaded for a field first, then named by a record's values; read through the record."""

from __future__ import annotations

from flask import Response

from webapp.blueprints.api import answers, blueprint, bodies
from webapp.engines.forms.fields.files import MOST_MB
from webapp.engines.forms.writing import attaching
from webapp.web import files, scope


@blueprint.post("/data/<app>/<form_key>/files/<key>")
@scope.large((MOST_MB + 1) << 20)
@scope.reading
def upload_file(app: str, form_key: str, key: str) -> Response:
    """A file for a field: the body with `?name=`, or the part `file` of a form."""
    bodies.query(("name",))
    form, actor = bodies.form(app, form_key), scope.actor()
    arrived = files.arrive(form, key, scope.unit(), actor)
    return answers.send(files.keep(form, key, actor, arrived).json(), 201)


@blueprint.get("/files/<int:id_>")
@blueprint.get("/files/<int:id_>/<size>")
def read_file(id_: int, size: str | None = None) -> Response:
    """The content of a file of a record, or a small picture of it (`small`, `medium`)."""
    bodies.query(("download",))
    return files.send(attaching.find(scope.unit(), scope.actor(), id_), size)
