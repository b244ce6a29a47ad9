"""The stream that tells an open page that its form was written to."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from webapp.access import policy
from webapp.definitions import versions
from webapp.errors import Denied, NotFound
from webapp.i18n import N_
from webapp.web import language, live, scope, signing

blueprint = Blueprint("live", __name__)
_LONGEST = 8000


@blueprint.get("/live/<app>/<form>")
def stream(app: str, form: str) -> Any:
    unit, actor = scope.unit(), scope.actor()
    session = signing.session_hash()
    if session is None:
        raise Denied(N_("Streams belong to open pages; a program asks again or takes a webhook."))
    found = versions.current(unit).form(f"{app}.{form}")
    if not policy.may(unit, actor, found, "see"):
        raise NotFound(N_("There is no form “{key}”.", key=f"{app}.{form}"))
    hub = scope.app().live
    seat = None
    if "board" in request.args and actor.on_behalf_of is None:  # who looks as somebody else asks for himself
        seat = live.Seat(request.args["board"][:_LONGEST], language.locale(), "also" in request.args)
    opened = hub.open(found.name, session, actor.member, live.since(request.args.get("since", "")), seat)
    answer = Response(opened.messages(), mimetype="text/event-stream")
    answer.call_on_close(lambda: hub.close(opened))
    answer.headers["Cache-Control"] = "no-store, no-transform"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx keeps nothing back; Caddy knows the type
    return answer
