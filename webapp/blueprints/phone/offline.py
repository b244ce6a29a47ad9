"""The page that needs no connection, and what the device needs to send later what was entered without one."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, jsonify, make_response, render_template

from webapp.blueprints.phone import blueprint
from webapp.engines.forms.entering import inputs, quick
from webapp.engines.forms.viewing import views
from webapp.i18n import LANGUAGES, N_
from webapp.web import csrf, language, scope, screens
from webapp.web.signing import public


@blueprint.get("/offline")
@public
def page() -> Response:
    """What waits on this device. The same for everybody: it is filled by the device itself."""
    return _page()


@blueprint.get("/offline/page/<locale>")
@public
def page_in(locale: str) -> Response:
    """The same in one language, for the service worker to keep."""
    if locale not in LANGUAGES:
        abort(404)
    g.locale = locale
    return _page()


def _page() -> Response:
    """Without member, token or nonce: it is kept, and says nothing of anybody."""
    bare: dict[str, Any] = {"frame": None, "actor": None, "csrf_token": "", "csp_nonce": "", "theme": "system"}
    response = make_response(render_template("phone/offline.html", **bare))
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    return response


@blueprint.get("/offline/pass")
def give_pass() -> Response:
    """Whose session this is, and a token of it: the service worker has no page to read them from."""
    return jsonify(member=str(scope.actor().member), csrf=csrf.token())


@blueprint.get("/offline/forms")
def give_forms() -> Response:
    """The member's quick forms, empty: labels and options, no record."""
    unit, actor = scope.unit(), scope.actor()
    found = []
    for form in quick.forms(unit, actor):
        at = views.scope(unit, actor, form.app, form.key, language.locale())
        part = quick.offline(inputs.parts(at, is_quick=True))
        html = render_template("phone/_form.html", at=at, part=part, links=screens.Links(at), form_label=_label(at))
        title = N_("New {form}", form=_label(at)).text(at.locale)
        found.append({"name": form.name, "title": title, "url": screens.Links(at).new(), "html": html})
    return jsonify(found)


def _label(at: views.Scope) -> str:
    return screens.form_label(at)
