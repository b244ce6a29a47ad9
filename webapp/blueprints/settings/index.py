"""The list of all settings that are for whoever asks."""

from __future__ import annotations

from flask import Response

from webapp.blueprints.settings import blueprint
from webapp.web import sections


@blueprint.get("/settings")
def index() -> Response:
    return sections.show("", "settings/index.html")
