"""The language of the gate pages, kept by the browser until somebody signs in."""

from __future__ import annotations

from flask import Response, abort, request

from webapp.blueprints.gate import blueprint
from webapp.i18n import LANGUAGES
from webapp.web import language, respond, signing


@blueprint.get("/login/language/<wanted>")
@signing.public
def choose_language(wanted: str) -> Response:
    """The other language on the gate pages."""
    if wanted not in LANGUAGES:
        abort(404)
    response = respond.redirect(respond.local(request.args.get("next"), "/login"), whole=True)
    language.choose(response, wanted)
    return response
