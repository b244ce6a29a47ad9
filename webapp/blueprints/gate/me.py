"""What a member sets for himself: language, look, time zone."""

from __future__ import annotations

from flask import Response, request

from webapp import clock
from webapp.access import members
from webapp.blueprints.gate import blueprint
from webapp.i18n import N_
from webapp.web import language, respond, scope, sections, zones

_KEYS = ("locale", "theme", "zone")


@blueprint.get("/me")
def show_me() -> Response:
    """The page with all of it; the menu has the short ways."""
    actor, locale = scope.actor(), language.locale()
    known = zones.choices(locale)
    if actor.zone and actor.zone not in dict(known):
        known.append((actor.zone, actor.zone))
    return sections.show(
        "me",
        "gate/me.html",
        saved=N_("Saved") if "saved" in request.args else None,
        me=members.get(scope.unit(), actor.member),
        zones=known,
        firm_zone=zones.named(clock.firm_zone(), locale),
    )


@blueprint.post("/me/preferences")
def change_preferences() -> Response:
    """Set some of it and come back to the page."""
    actor = scope.actor()
    given = {key: request.form[key] or None for key in _KEYS if key in request.form}
    members.prefer(scope.unit(), actor, actor.member, **given)
    name = request.form.get("name", actor.name)
    if name.strip() != actor.name:
        members.rename(scope.unit(), actor, actor.member, name)
    return respond.redirect(respond.local(request.form.get("next")), whole=True)
