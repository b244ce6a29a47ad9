"""Language and theme: before sign-in kept by the browser, afterwards by the member."""

from __future__ import annotations

from flask import Response, abort, request

from webapp.access import members
from webapp.blueprints.gate import blueprint
from webapp.i18n import LANGUAGES
from webapp.web import language, respond, scope, signing


@blueprint.get("/login/language/<wanted>")
@signing.public
def choose_language(wanted: str) -> Response:
    """The other language on the gate pages."""
    if wanted not in LANGUAGES:
        abort(404)
    response = respond.redirect(respond.local(request.args.get("next"), "/login"), whole=True)
    response.set_cookie(
        language.COOKIE,
        wanted,
        max_age=365 * 86400,
        secure=scope.app().settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.post("/me/preferences")
def change_preferences() -> Response:
    """Set the member's own language or theme and come back to the page."""
    actor = scope.actor()
    given = {key: request.form[key] or None for key in ("locale", "theme") if key in request.form}
    members.prefer(scope.unit(), actor, actor.member, **given)
    return respond.redirect(respond.local(request.form.get("next")), whole=True)
